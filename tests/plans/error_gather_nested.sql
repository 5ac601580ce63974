\gather
SELECT 1;
\gather
SELECT 2;
\end
\end
