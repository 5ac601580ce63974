-- Two queries at once. 1 unit.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\task GOOG
\set v 300
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 600

\task AAPL
\set v 400
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 800
