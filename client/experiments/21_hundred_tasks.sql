-- A hundred tasks at once, on as many connections as the server gives.
-- 1 unit + 1 for every round that the connections need.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\option concurrency 100
\option connections 100

\task stock count=100
\http price GET :http?delay=:unit&value=300
\json v price_body /value
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 600
