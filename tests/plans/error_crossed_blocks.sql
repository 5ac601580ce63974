\if true
\gather
SELECT 1;
\endif
\end
