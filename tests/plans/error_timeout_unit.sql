\timeout 5 minutes
SELECT 1;
