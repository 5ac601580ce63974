-- As 12a, but on a cold connection: connecting needs the loop, which the other
-- task holds, so the request leaves a unit later. 3 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\task AAPL
\http price GET :http?delay=:unit&value=400
\json v price_body /value
\blocking
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 800

\task GOOG
\blocking
\http price GET :http?delay=:unit&value=300
\json v price_body /value
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 600
