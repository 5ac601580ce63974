\gather
\end
SELECT 1;
