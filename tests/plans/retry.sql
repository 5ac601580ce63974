-- what may be tried again
\retry 5 on=lost,08*,57P01
SELECT 1;
\retry 2
\http q POST http://localhost/
\retry 0
BEGIN;
\http r GET http://localhost/
\retry 3 on=40*
SELECT 2;
COMMIT;
