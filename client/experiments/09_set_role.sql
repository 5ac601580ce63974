-- A hook gives every connection a role as it is opened; then a request and two
-- queries. 3 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SET ROLE asyncdemo_demo; SELECT asyncdemo.delay(0)

\setup
CREATE ROLE asyncdemo_demo;
GRANT asyncdemo_demo TO CURRENT_USER;
SELECT session_user AS me \gset
\gather
\http warm1 GET :http?delay=0
\http warm2 GET :http?delay=0
\end
\end

\task GOOG
\http price GET :http?delay=:unit&value=300
\json v price_body /value
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	current_user AS who, session_user AS login \gset
\assert :who = 'asyncdemo_demo'
\assert :login = :me
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	current_user AS who, session_user AS login \gset
\assert :who = 'asyncdemo_demo'
\assert :login = :me
\assert :v = 1200

\task AAPL
\http price GET :http?delay=:unit&value=400
\json v price_body /value
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	current_user AS who, session_user AS login \gset
\assert :who = 'asyncdemo_demo'
\assert :login = :me
SELECT asyncdemo.delay(:unit::float8), :v::int * 2 AS v,
	current_user AS who, session_user AS login \gset
\assert :who = 'asyncdemo_demo'
\assert :login = :me
\assert :v = 1600

\teardown
DROP ROLE IF EXISTS asyncdemo_demo;
\end
