-- Both tasks block in their query. 3 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\setup
\gather
\http warm1 GET :http?delay=0
\http warm2 GET :http?delay=0
\end
\end

\task GOOG
\http price GET :http?delay=:unit&value=300
\json v price_body /value
\blocking
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 600

\task AAPL
\http price GET :http?delay=:unit&value=400
\json v price_body /value
\blocking
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 800
