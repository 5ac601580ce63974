\hook commit SELECT 1
SELECT 1;
