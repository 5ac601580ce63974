-- Both tasks block in their request. 3 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\task GOOG
\blocking
\http price GET :http?delay=:unit&value=300
\json v price_body /value
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 600

\task AAPL
\blocking
\http price GET :http?delay=:unit&value=400
\json v price_body /value
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 800
