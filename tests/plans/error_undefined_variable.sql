\set balance 1
SELECT 1,
       :balanec;
