-- In the server: send both requests, then wait for both: they overlap
-- although each statement waits. 1 unit.

\hook connect SELECT asyncdemo.delay(0)

\task fetch
SELECT asyncdemo.http_send(:http || '/?value=300&delay=' || :unit) AS goog \gset
SELECT asyncdemo.http_send(:http || '/?value=400&delay=' || :unit) AS aapl \gset
SELECT ((asyncdemo.http_wait(:goog::bigint)).body::json ->> 'value')::int AS v \gset one_
SELECT ((asyncdemo.http_wait(:aapl::bigint)).body::json ->> 'value')::int AS v \gset two_
\assert :one_v + :two_v = 700
