-- One task sends two requests at once and then needs both answers. 2 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\setup
\gather
\http warm1 GET :http?delay=0
\http warm2 GET :http?delay=0
\end
\end

\task GOOG_and_AAPL
\gather
\http goog GET :http?delay=:unit&value=300
\http aapl GET :http?delay=:unit&value=400
\end
\json a goog_body /value
\json b aapl_body /value
SELECT asyncdemo.delay(:unit::float8), (:a::int + :b::int) * 2 AS v \gset
\assert :v = 1400
