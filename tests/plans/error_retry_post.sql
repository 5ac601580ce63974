\retry 3
BEGIN;
SELECT 1;
\http q POST http://localhost/
COMMIT;
