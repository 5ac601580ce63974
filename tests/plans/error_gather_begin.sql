\gather
BEGIN;
SELECT 2;
\end
