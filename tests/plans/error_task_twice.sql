\task a
SELECT 1;
\task a
SELECT 2;
