\option concurrency 50
\option on-connect "SET work_mem = '1MB'"
\expect 0.6 within 10%
\hook connect SET ROLE app; SET search_path = a, b -- for all
\hook connect SET jit = off;
\hook release DISCARD ALL
\set base 10
\setup
  CREATE TABLE IF NOT EXISTS t (a int);
  SELECT count(*) AS n FROM t \gset before_
\end
\task reader count=3
  \hold statement
  SELECT :base + :before_n;
  \release
\task "the writer"
  \retry 3 on=40001,40P01,5xx,connect
  INSERT INTO t VALUES (:task_number) RETURNING a \gset
  \echo inserted :a as \:a of :{task_name}
\teardown
  DROP TABLE t;
\end
