\if true
\else
\else
\endif
SELECT 1;
