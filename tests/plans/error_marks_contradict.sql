\blocking
\thread
SELECT 1;
