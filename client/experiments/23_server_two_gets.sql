-- In the server: two http_get in one statement run one after the other.
-- 2 units.

\hook connect SELECT asyncdemo.delay(0)

\task fetch
SELECT (goog.body::json ->> 'value')::int + (aapl.body::json ->> 'value')::int AS total FROM asyncdemo.http_get(:http || '/?value=300&delay=' || :unit) AS goog, asyncdemo.http_get(:http || '/?value=400&delay=' || :unit) AS aapl \gset
\assert :total = 700
