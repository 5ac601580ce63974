\timeout 5parsec
SELECT 1;
