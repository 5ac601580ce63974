\setup
SELECT 1;
\end
\setup
SELECT 2;
\end
SELECT 3;
