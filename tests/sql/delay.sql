--
-- Delays: how long, where and when, and what they refuse
--

-- milliseconds that a statement took, at least; never an upper bound, because
-- a busy machine may take any time
CREATE FUNCTION took_at_least(ms int, statement text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE statement;
    RETURN clock_timestamp() - started >= ms * interval '1 ms';
END $$;

SELECT took_at_least(50, 'SELECT asyncdemo.delay(0.05)');
SELECT took_at_least(50, 'SELECT asyncdemo.delay_for(''50 ms'')');
SELECT took_at_least(50, 'SELECT asyncdemo.delay_until(clock_timestamp() + interval ''50 ms'')');
SELECT took_at_least(1100, 'SELECT asyncdemo.delay_until(clock_timestamp() + interval ''1.1 s'')');

-- nothing to wait for
SELECT asyncdemo.delay(0), asyncdemo.delay('-0');
SELECT asyncdemo.delay_for('0'), asyncdemo.burn(0);
SELECT asyncdemo.delay_until('2001-01-01');

-- NULL in, NULL out, without a wait
SELECT asyncdemo.delay(NULL) IS NULL, asyncdemo.delay_for(NULL) IS NULL,
       asyncdemo.delay_until(NULL) IS NULL, asyncdemo.burn(NULL) IS NULL,
       asyncdemo.delay_span(NULL) IS NULL;

-- no length of time
SELECT asyncdemo.delay(-1);
SELECT asyncdemo.delay(-0.001);
SELECT asyncdemo.delay('NaN');
SELECT asyncdemo.delay('Infinity');
SELECT asyncdemo.delay('-Infinity');
SELECT asyncdemo.delay(1000000000.5);
SELECT asyncdemo.delay_for('-1 ms');
SELECT asyncdemo.delay_for('100 years');
SELECT asyncdemo.delay_for('100000000 years');
SELECT asyncdemo.delay_for('-100000000 years');
SELECT asyncdemo.delay_until('infinity');
SELECT asyncdemo.delay_until('-infinity');
SELECT asyncdemo.delay_span(-1);
SELECT asyncdemo.delay_span('NaN');
SELECT asyncdemo.burn(-1);
SELECT asyncdemo.burn('Infinity');

-- a span proves where and when it ran
SELECT pid = pg_backend_pid() AS here,
       finished_at - started_at >= interval '20 ms' AS long_enough,
       started_at >= statement_timestamp() AS after_the_statement_began,
       finished_at <= clock_timestamp() AS already_over
FROM asyncdemo.delay_span(0.02);

-- burning is work, and takes at least as long as the CPU time it uses
SELECT took_at_least(50, 'SELECT asyncdemo.burn(0.05)');

-- statement_timeout ends each of them with PostgreSQL's own words
SET statement_timeout = '50ms';
\set VERBOSITY sqlstate
SELECT asyncdemo.delay(600);
SELECT asyncdemo.delay_for('10 min');
SELECT asyncdemo.delay_until(clock_timestamp() + interval '10 min');
SELECT asyncdemo.delay_span(600);
\set VERBOSITY terse
SELECT asyncdemo.burn(600);
\set VERBOSITY default
RESET statement_timeout;

-- a wake-up meant for somebody else neither ends nor lengthens a delay
SELECT pg_reload_conf();
SELECT took_at_least(100, 'SELECT asyncdemo.delay(0.1)');

-- what the catalog says
SELECT p.oid::regprocedure AS function, p.provolatile AS v,
       p.proisstrict AS strict, p.proparallel AS parallel,
       p.proretset AS set, p.proacl IS NULL AS everybody,
       obj_description(p.oid, 'pg_proc') IS NOT NULL AS commented
FROM pg_proc p
WHERE p.pronamespace = 'asyncdemo'::regnamespace
  AND (p.proname LIKE 'delay%' OR p.proname = 'burn')
ORDER BY 1;

-- everybody may wait
CREATE ROLE regress_asyncdemo_anyone;
SET ROLE regress_asyncdemo_anyone;
SELECT asyncdemo.delay(0.001), asyncdemo.burn(0.001);
RESET ROLE;
DROP ROLE regress_asyncdemo_anyone;

-- in parallel workers too
CREATE TABLE many AS SELECT g FROM generate_series(1, 2000) g;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF)
SELECT count(*) FROM many WHERE asyncdemo.delay(g * 0) IS NOT NULL;
SELECT count(*) FROM many WHERE asyncdemo.delay(g * 0) IS NOT NULL;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE many;
DROP FUNCTION took_at_least;
