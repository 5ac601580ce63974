\expect 1
\expect 2
SELECT 1;
