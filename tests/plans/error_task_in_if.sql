\if true
\task a
SELECT 1;
\endif
