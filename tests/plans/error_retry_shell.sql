BEGIN;
\if random(0, 1) = 1
  COMMIT;
\else
  \retry 3
  SELECT 1;
\endif
\shell true
