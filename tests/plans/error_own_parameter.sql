\set a 1
SELECT :a, $1;
