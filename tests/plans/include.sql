\set a 1
\include include/one.sql
SELECT :b;
