\set a 1
\set i 2
SELECT :a, :{a}x, :'a', :"a", :a::text, a[1:i], a[:i], a[:a : :i], '12:30',
       "col:a", $$ :a $$, x := :a, E'\':a', /* :a */ 'O''Brien' -- :a
  ;
