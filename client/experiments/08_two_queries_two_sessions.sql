-- Each task runs its two queries in a session each: it gives the connection back
-- after a statement, and the pool lends the one that was idle longest. 2 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\option connections 4

\task GOOG
\hold statement
\set v 300
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid1 \gset
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid2 \gset
\assert :pid1 <> :pid2
\assert :v = 1200

\task AAPL
\hold statement
\set v 400
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid1 \gset
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	pg_backend_pid() AS pid2 \gset
\assert :pid1 <> :pid2
\assert :v = 1600
