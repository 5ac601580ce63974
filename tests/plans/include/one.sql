\set b :a + 1
\include two.sql
