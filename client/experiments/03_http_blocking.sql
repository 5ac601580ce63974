-- Two requests, each of which holds the loop until it is answered. 2 units.

\task GOOG
\blocking
\http price GET :http?delay=:unit&value=300
\json v price_body /value
\assert :v = 300

\task AAPL
\blocking
\http price GET :http?delay=:unit&value=400
\json v price_body /value
\assert :v = 400
