-- One task awaits two steps, one after the other: nothing else is there that
-- could use the time. 2 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\setup
\http warm GET :http?delay=0
\end

\task GOOG
\http price GET :http?delay=:unit&value=300
\json v price_body /value
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v \gset
\assert :v = 600
