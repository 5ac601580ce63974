-- In the server: the same two through http_fetch_all run at once. 1 unit.

\hook connect SELECT asyncdemo.delay(0)

\task fetch
SELECT sum((body::json ->> 'value')::int)::int AS total FROM asyncdemo.http_fetch_all(ARRAY[:http || '/?value=300&delay=' || :unit, :http || '/?value=400&delay=' || :unit]) \gset
\assert :total = 700
