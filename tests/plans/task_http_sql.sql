-- fetch, then query: two tasks at the same time
\task GOOG
\http q GET :http/?delay=0.3&value=300
\json value q_body /value
SELECT asyncdemo.delay(:unit), :value::int * 2 AS doubled \gset
\assert :doubled = 600

\task AAPL count=2
\blocking
\http q GET :http/?delay=0.3&value=400
\json value q_body /value
\thread
\timeout 1min
SELECT asyncdemo.delay(:unit), :value::int * 2 AS doubled \gset
\emit :task_name :doubled
