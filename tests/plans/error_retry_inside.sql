BEGIN;
\retry 3 on=lost,23505
SELECT 1;
COMMIT;
