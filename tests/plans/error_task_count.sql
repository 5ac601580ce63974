\task a count=0
SELECT 1;
