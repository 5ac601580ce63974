\hold forever
SELECT 1;
