\set a 1
-- whether a transaction is open behind \endif is not known: no error
\if :a
  BEGIN;
\endif
\gather
  SELECT 1;
  SELECT 2;
\end
