\blocking
\set a 1
