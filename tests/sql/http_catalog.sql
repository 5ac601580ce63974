--
-- What the catalog says: names, rights, labels, types, settings
--

-- every function, and whether everybody may call it
SELECT p.proname AS function, p.provolatile AS v, p.proisstrict AS strict, p.proparallel AS parallel,
       p.procost AS cost, p.prorows AS rows,
       has_function_privilege('public', p.oid, 'EXECUTE') AS everybody,
       obj_description(p.oid, 'pg_proc') IS NOT NULL AS commented
FROM pg_proc p
WHERE p.pronamespace = 'asyncdemo'::regnamespace
ORDER BY p.proname COLLATE "C";

-- their arguments
SELECT p.oid::regprocedure AS signature FROM pg_proc p
WHERE p.pronamespace = 'asyncdemo'::regnamespace
ORDER BY p.proname COLLATE "C";

-- the columns of a set are those of a response, between a number and an error
SELECT p.proname, string_agg(a.name, ' ' ORDER BY a.n) AS columns
FROM pg_proc p, unnest(p.proargnames, p.proargmodes) WITH ORDINALITY AS a(name, mode, n)
WHERE p.pronamespace = 'asyncdemo'::regnamespace AND a.mode = 'o'
GROUP BY p.proname ORDER BY p.proname COLLATE "C";

-- nothing is overloaded
SELECT proname FROM pg_proc
WHERE pronamespace = 'asyncdemo'::regnamespace
GROUP BY proname HAVING count(*) > 1;

-- everybody reaches the schema, nobody can create in it
SELECT has_schema_privilege('public', 'asyncdemo', 'USAGE') AS usage,
       has_schema_privilege('public', 'asyncdemo', 'CREATE') AS create;

-- types
SELECT t.typname AS type, a.attnum AS n, a.attname AS column,
       format_type(a.atttypid, a.atttypmod) AS of_type,
       obj_description(t.oid, 'pg_type') IS NOT NULL AS commented
FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
WHERE t.typnamespace = 'asyncdemo'::regnamespace AND a.attnum > 0
ORDER BY t.typname COLLATE "C", a.attnum;

-- all of it belongs to the extension
SELECT count(*) AS strays FROM (
    SELECT 'pg_proc'::regclass AS class, oid FROM pg_proc
    WHERE pronamespace = 'asyncdemo'::regnamespace
    UNION ALL
    SELECT 'pg_type'::regclass, oid FROM pg_type
    WHERE typnamespace = 'asyncdemo'::regnamespace AND typtype = 'c') o
WHERE NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e');

-- settings
LOAD 'asyncdemo';
SELECT name, unit, context, vartype, min_val, max_val, boot_val, enumvals
FROM pg_settings WHERE name LIKE 'asyncdemo.%'
ORDER BY name COLLATE "C";
SELECT count(*) AS without_description FROM pg_settings
WHERE name LIKE 'asyncdemo.%' AND short_desc IS NULL;

-- out of range, in words that differ between versions
\set VERBOSITY sqlstate
SET asyncdemo.http_timeout = 0;
SET asyncdemo.http_timeout = '25h';
SET asyncdemo.http_connect_timeout = 0;
SET asyncdemo.http_max_redirects = 21;
SET asyncdemo.http_idle_timeout = '2h';
SET asyncdemo.http_max_body = 0;
SET asyncdemo.http_max_body = '513MB';
SET asyncdemo.http_max_memory = '1MB';
SET asyncdemo.http_max_memory = '1023kB';
SET asyncdemo.http_max_concurrency = 251;
SET asyncdemo.http_max_handles = 251;
SET asyncdemo.http_log = 'some';
\set VERBOSITY default
SET asyncdemo.http_user_agent = E'a\r\nX-Injected: b';
SET asyncdemo.http_proxy = 'a.example:3128';
SET asyncdemo.http_proxy = 'socks5://a.example';
SET asyncdemo.http_proxy = 'http://';
SET asyncdemo.http_proxy = E'http://a\nb';
RESET asyncdemo.http_max_memory;

-- what a role may set without being trusted with the server
CREATE ROLE regress_asyncdemo_plain;
SET ROLE regress_asyncdemo_plain;
SET asyncdemo.http_timeout = '5s';
SET asyncdemo.http_connect_timeout = '5s';
SET asyncdemo.http_max_redirects = 2;
SET asyncdemo.http_idle_timeout = 0;
SET asyncdemo.http_user_agent = 'me';
SET asyncdemo.http_allow = '*';
SET asyncdemo.http_proxy = 'http://a.example';
SET asyncdemo.http_ca_file = '/tmp/ca.pem';
SET asyncdemo.http_log = 'none';
SET asyncdemo.http_max_body = '512MB';
SET asyncdemo.http_max_memory = '8GB';
SET asyncdemo.http_max_concurrency = 250;
SET asyncdemo.http_max_handles = 250;
-- a proxy may hold a password
\set VERBOSITY sqlstate
SHOW asyncdemo.http_proxy;
\set VERBOSITY default
-- and what it may call
SELECT asyncdemo.http_get('http://127.0.0.1:1/');
SELECT * FROM asyncdemo.http_fetch_all('{}');
SELECT asyncdemo.http_send('http://127.0.0.1:1/');
SELECT asyncdemo.http_wait(1);
SELECT asyncdemo.http_pending();
SELECT asyncdemo.url_encode(' '), (asyncdemo.http_request('u')).url;
RESET ROLE;
DROP ROLE regress_asyncdemo_plain;
RESET ALL;

-- a response can be stored, and comes back
CREATE TABLE kept (r asyncdemo.http_response, q asyncdemo.http_request);
INSERT INTO kept VALUES (
    ROW('http://a.example/', 200, ARRAY[ROW('A', 'b, "c"')::asyncdemo.http_header],
        'text/plain', 'text', NULL, NULL, NULL, 1, 2, NULL, 3.5, 4),
    asyncdemo.http_request('http://a.example/', body_bytes => '\x00ff'));
SELECT (r::text::asyncdemo.http_response) IS NOT DISTINCT FROM r AS response,
       (q::text::asyncdemo.http_request) IS NOT DISTINCT FROM q AS request,
       (r).headers[1].value
FROM kept;
DROP TABLE kept;
