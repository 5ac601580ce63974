-- Each task runs two queries in one session: it holds its connection from the
-- first statement to its end. 2 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\task GOOG
\set v 300
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid1 \gset
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid2 \gset
\assert :pid1 = :pid2
\assert :v = 1200

\task AAPL
\set v 400
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid1 \gset
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid2 \gset
\assert :pid1 = :pid2
\assert :v = 1600
