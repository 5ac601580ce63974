\set a 1
\hook connect SET x = :a
SELECT 1;
