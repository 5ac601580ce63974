\if true
SELECT 1;
\endif now
