-- pipelines: one with everything that may stand in it
\set n 3
\if :n > 2
  \startpipeline
  SELECT 1;
  \timeout 2s
  SELECT :n::int;
  \syncpipeline
  \set n :n + 1
  \sleep 10 ms
  \if :n > 3
    INSERT INTO t VALUES (:n);
  \endif
  \endpipeline
\endif
SELECT 2;
