-- Two requests at once. 1 unit.

\setup
\gather
\http warm1 GET :http?delay=0
\http warm2 GET :http?delay=0
\end
\end

\task GOOG
\http price GET :http?delay=:unit&value=300
\json v price_body /value
\assert :v = 300

\task AAPL
\http price GET :http?delay=:unit&value=400
\json v price_body /value
\assert :v = 400
