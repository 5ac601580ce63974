\option --concurrency 5
SELECT 1;
