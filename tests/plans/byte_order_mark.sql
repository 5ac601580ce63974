SELECT 1;
\set a 1 \
 + 2
