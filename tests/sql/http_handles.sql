--
-- Requests that outlive the statement that sent them: numbers, roles, limits
--
-- Nobody listens at port 1 of this machine: a request there fails, and the
-- failure waits in its handle.
--

SET asyncdemo.http_log = 'none';
SET asyncdemo.http_allow = '127.0.0.0/8:*';

-- numbers that are no request's
SELECT asyncdemo.http_ready(1);
SELECT asyncdemo.http_wait(1);
SELECT asyncdemo.http_cancel(0);
SELECT asyncdemo.http_wait(-1);
SELECT asyncdemo.http_wait(NULL);
SELECT asyncdemo.http_ready(NULL);
SELECT asyncdemo.http_cancel(NULL);
SELECT asyncdemo.http_wait_any() IS NULL AS nothing_to_wait_for;
SELECT * FROM asyncdemo.http_pending();
SELECT asyncdemo.http_reset();

-- what is wrong with the arguments is said at once and leaves nothing
SELECT asyncdemo.http_send(NULL);
SELECT asyncdemo.http_send('x');
SELECT asyncdemo.http_send('http://127.0.0.1:1/', headers => '[1]');
SELECT count(*) FROM asyncdemo.http_pending();

-- a failure waits
\set VERBOSITY sqlstate
SELECT asyncdemo.http_send('http://127.0.0.1:1/a?b=c') AS id \gset
SELECT id = :id AS id, url, state, role = current_user AS role,
       started_at <= clock_timestamp() AS started, received
FROM asyncdemo.http_pending();
SELECT asyncdemo.http_ready(:id);
SELECT asyncdemo.http_wait(:id);
SELECT asyncdemo.http_wait(:id);
SELECT asyncdemo.http_send('http://10.0.0.1/') AS refused \gset
SELECT asyncdemo.http_wait(:refused);
SELECT :refused > :id AS numbers_grow;
\set VERBOSITY default
SELECT asyncdemo.http_send('http://10.0.0.1/') AS refused \gset
DO $$
BEGIN
    PERFORM asyncdemo.http_wait_any();
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE '%', regexp_replace(SQLERRM, '\d+', 'N');
END $$;
SELECT asyncdemo.http_send('http://127.0.0.1:1/') AS id \gset
SELECT asyncdemo.http_cancel(:id) AS was_running;
SELECT count(*) FROM asyncdemo.http_pending();

-- time-outs of a wait
SELECT asyncdemo.http_send('http://127.0.0.1:1/') AS id \gset
SELECT asyncdemo.http_wait(:id, '-1 s');
SELECT asyncdemo.http_wait(:id, '2 days');
SELECT asyncdemo.http_wait_any('-1 s');

-- neither an error nor a rollback takes it away
BEGIN;
SAVEPOINT a;
SELECT asyncdemo.http_send('http://127.0.0.1:1/') AS inner_id \gset
ROLLBACK TO a;
SELECT count(*) FROM asyncdemo.http_pending();
SELECT 1 / 0;
ROLLBACK;
SELECT count(*) FROM asyncdemo.http_pending();

-- another role does not see it and may not touch it
CREATE ROLE regress_asyncdemo_other;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA asyncdemo TO regress_asyncdemo_other;
CREATE FUNCTION code_of(statement text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN '00000';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SET ROLE regress_asyncdemo_other;
SELECT count(*) FROM asyncdemo.http_pending();
SELECT code_of('SELECT asyncdemo.http_ready(' || :id || ')') AS ready,
       code_of('SELECT asyncdemo.http_wait(' || :id || ')') AS wait,
       code_of('SELECT asyncdemo.http_cancel(' || :id || ')') AS cancel;
SELECT asyncdemo.http_wait_any('0') IS NULL AS none_of_mine;
SELECT asyncdemo.http_reset() AS mine;
SELECT asyncdemo.http_send('http://127.0.0.1:1/') AS hers \gset
SELECT count(*), min(role) FROM asyncdemo.http_pending();
RESET ROLE;
SELECT count(*) AS without_hers FROM asyncdemo.http_pending();
SELECT code_of('SELECT asyncdemo.http_wait(' || :hers || ')') AS hers;
SELECT asyncdemo.http_reset() AS mine;
SET ROLE regress_asyncdemo_other;
SELECT asyncdemo.http_ready(:hers) AS still_there;
SELECT asyncdemo.http_reset();
RESET ROLE;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA asyncdemo FROM regress_asyncdemo_other;
DROP ROLE regress_asyncdemo_other;

-- how many there may be
SET asyncdemo.http_max_handles = 2;
SELECT count(asyncdemo.http_send('http://127.0.0.1:1/')) FROM generate_series(1, 2);
SELECT code_of($$SELECT asyncdemo.http_send('http://127.0.0.1:1/')$$);
SELECT asyncdemo.http_send('http://127.0.0.1:1/');
SET asyncdemo.http_max_handles = 0;
SELECT asyncdemo.http_send('http://127.0.0.1:1/');
SELECT asyncdemo.http_reset();
RESET asyncdemo.http_max_handles;

-- where nothing may be sent that stays
CREATE TABLE numbers AS SELECT 1 AS n;
CREATE FUNCTION sends(n int) RETURNS bigint IMMUTABLE
LANGUAGE sql AS $$ SELECT asyncdemo.http_send('http://127.0.0.1:1/') + n $$;
\set VERBOSITY terse
CREATE INDEX ON numbers (sends(n));
CREATE MATERIALIZED VIEW sent AS SELECT asyncdemo.http_send('http://127.0.0.1:1/');
DROP FUNCTION sends;
DROP TABLE numbers;
SELECT count(*) FROM asyncdemo.http_pending();

-- a function that claims to be safe in parallel is found out
CREATE FUNCTION liar(n int) RETURNS bigint PARALLEL SAFE
LANGUAGE plpgsql AS $$ BEGIN RETURN asyncdemo.http_send('http://127.0.0.1:1/'); END $$;
CREATE TABLE many AS SELECT g FROM generate_series(1, 2000) g;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT code_of('SELECT count(liar(g)) FROM many WHERE g < 3');
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE many;
DROP FUNCTION liar, code_of;
\set VERBOSITY default

-- DISCARD ALL ends them all
SELECT asyncdemo.http_send('http://127.0.0.1:1/') IS NOT NULL AS sent;
DISCARD PLANS;
SELECT count(*) FROM asyncdemo.http_pending();
DISCARD ALL;
SELECT count(*) FROM asyncdemo.http_pending();
