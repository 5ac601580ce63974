\task a
\set x 1
\task b
SELECT :x;
