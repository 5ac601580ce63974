/* asyncdemo--1.0.sql */

-- complain if the script is sourced in psql instead of by CREATE EXTENSION
\echo Use "CREATE EXTENSION asyncdemo" to load this file. \quit

--
-- Delays
--

CREATE FUNCTION delay(seconds float8)
RETURNS void
AS 'MODULE_PATHNAME', 'asyncdemo_delay'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION delay(float8) IS
'wait that many seconds, as pg_sleep does';

CREATE FUNCTION delay_for(span interval)
RETURNS void
AS 'MODULE_PATHNAME', 'asyncdemo_delay_for'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION delay_for(interval) IS
'wait for an interval, as pg_sleep_for does';

CREATE FUNCTION delay_until(moment timestamptz)
RETURNS void
AS 'MODULE_PATHNAME', 'asyncdemo_delay_until'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION delay_until(timestamptz) IS
'wait until the wall clock shows that time, following the clock when it is set';

CREATE FUNCTION delay_span(
    seconds float8,
    OUT pid int,
    OUT started_at timestamptz,
    OUT finished_at timestamptz)
RETURNS record
AS 'MODULE_PATHNAME', 'asyncdemo_delay_span'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION delay_span(float8) IS
'wait that many seconds, and tell in which backend and from when to when';

CREATE FUNCTION burn(seconds float8)
RETURNS void
AS 'MODULE_PATHNAME', 'asyncdemo_burn'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION burn(float8) IS
'use that many seconds of CPU time: work that only more cores can overlap';

--
-- Types
--

CREATE TYPE http_header AS (
    name text,
    value text);

COMMENT ON TYPE http_header IS
'one header of a response';

CREATE TYPE http_response AS (
    url text,
    status int,
    headers http_header[],
    content_type text,
    body text,
    body_bytes bytea,
    started_at timestamptz,
    finished_at timestamptz,
    dns_ms float8,
    connect_ms float8,
    tls_ms float8,
    first_byte_ms float8,
    total_ms float8);

COMMENT ON TYPE http_response IS
'the response to an HTTP request, after redirects';

CREATE TYPE http_request AS (
    url text,
    method text,
    headers jsonb,
    params jsonb,
    body text,
    body_json jsonb,
    body_bytes bytea,
    content_type text,
    timeout interval);

COMMENT ON TYPE http_request IS
'an HTTP request to be sent, made by the function of the same name';

--
-- One request
--

CREATE FUNCTION http_fetch(
    url text,
    method text DEFAULT 'GET',
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    body text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    content_type text DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_fetch'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_fetch(text, text, jsonb, jsonb, text, jsonb, bytea, text, interval) IS
'send an HTTP request and wait for its response';

CREATE FUNCTION http_get(
    url text,
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_get'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_get(text, jsonb, jsonb, interval) IS
'send a GET request and wait for its response';

CREATE FUNCTION http_head(
    url text,
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_head'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_head(text, jsonb, jsonb, interval) IS
'send a HEAD request and wait for its response, which has no body';

CREATE FUNCTION http_delete(
    url text,
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    body text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    content_type text DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_delete'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_delete(text, jsonb, jsonb, text, jsonb, bytea, text, interval) IS
'send a DELETE request and wait for its response';

CREATE FUNCTION http_post(
    url text,
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    body text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    content_type text DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_post'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_post(text, jsonb, jsonb, text, jsonb, bytea, text, interval) IS
'send a POST request and wait for its response';

CREATE FUNCTION http_put(
    url text,
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    body text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    content_type text DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_put'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_put(text, jsonb, jsonb, text, jsonb, bytea, text, interval) IS
'send a PUT request and wait for its response';

CREATE FUNCTION http_patch(
    url text,
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    body text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    content_type text DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_patch'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_patch(text, jsonb, jsonb, text, jsonb, bytea, text, interval) IS
'send a PATCH request and wait for its response';

--
-- Many requests in one statement
--

CREATE FUNCTION http_request(
    url text,
    method text DEFAULT 'GET',
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    body text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    content_type text DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS http_request
AS $$
    SELECT ROW($1, $2, $3, $4, $5, $6, $7, $8, $9)::@extschema@.http_request
$$ LANGUAGE SQL IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION http_request(text, text, jsonb, jsonb, text, jsonb, bytea, text, interval) IS
'an HTTP request for http_fetch_requests; sends nothing';

CREATE FUNCTION http_fetch_all(
    urls text[],
    concurrency int DEFAULT NULL,
    timeout interval DEFAULT NULL,
    deadline interval DEFAULT NULL,
    OUT ordinal int,
    OUT url text,
    OUT status int,
    OUT headers http_header[],
    OUT content_type text,
    OUT body text,
    OUT body_bytes bytea,
    OUT started_at timestamptz,
    OUT finished_at timestamptz,
    OUT dns_ms float8,
    OUT connect_ms float8,
    OUT tls_ms float8,
    OUT first_byte_ms float8,
    OUT total_ms float8,
    OUT error_code text,
    OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asyncdemo_http_fetch_all'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 100;

COMMENT ON FUNCTION http_fetch_all(text[], int, interval, interval) IS
'GET many URLs, so many at a time: one row each, in order, failures included';

CREATE FUNCTION http_fetch_requests(
    requests http_request[],
    concurrency int DEFAULT NULL,
    timeout interval DEFAULT NULL,
    deadline interval DEFAULT NULL,
    OUT ordinal int,
    OUT url text,
    OUT status int,
    OUT headers http_header[],
    OUT content_type text,
    OUT body text,
    OUT body_bytes bytea,
    OUT started_at timestamptz,
    OUT finished_at timestamptz,
    OUT dns_ms float8,
    OUT connect_ms float8,
    OUT tls_ms float8,
    OUT first_byte_ms float8,
    OUT total_ms float8,
    OUT error_code text,
    OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asyncdemo_http_fetch_requests'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 100;

COMMENT ON FUNCTION http_fetch_requests(http_request[], int, interval, interval) IS
'send many HTTP requests, so many at a time: one row each, in order, failures included';

--
-- Requests that outlive the statement that sends them
--

CREATE FUNCTION http_send(
    url text,
    method text DEFAULT 'GET',
    headers jsonb DEFAULT NULL,
    params jsonb DEFAULT NULL,
    body text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    content_type text DEFAULT NULL,
    timeout interval DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'asyncdemo_http_send'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_send(text, text, jsonb, jsonb, text, jsonb, bytea, text, interval) IS
'begin to send an HTTP request; returns its number without waiting for the response';

CREATE FUNCTION http_ready(
    id bigint)
RETURNS boolean
AS 'MODULE_PATHNAME', 'asyncdemo_http_ready'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_ready(bigint) IS
'has the request ended, so that http_wait would not wait?';

CREATE FUNCTION http_wait(
    id bigint,
    timeout interval DEFAULT NULL)
RETURNS http_response
AS 'MODULE_PATHNAME', 'asyncdemo_http_wait'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_wait(bigint, interval) IS
'wait for the response to a request that was sent; NULL when the time ends first';

CREATE FUNCTION http_wait_any(
    timeout interval DEFAULT NULL,
    OUT id bigint,
    OUT response http_response)
RETURNS record
AS 'MODULE_PATHNAME', 'asyncdemo_http_wait_any'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_wait_any(interval) IS
'wait for the first response to any request that was sent; NULL when the time ends first, or there is none';

CREATE FUNCTION http_cancel(
    id bigint)
RETURNS boolean
AS 'MODULE_PATHNAME', 'asyncdemo_http_cancel'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_cancel(bigint) IS
'end a request that was sent; false if its response was there already';

CREATE FUNCTION http_pending(
    OUT id bigint,
    OUT url text,
    OUT state text,
    OUT role name,
    OUT started_at timestamptz,
    OUT received bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asyncdemo_http_pending'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000 ROWS 10;

COMMENT ON FUNCTION http_pending() IS
'the requests that were sent and not yet waited for';

CREATE FUNCTION http_reset()
RETURNS int
AS 'MODULE_PATHNAME', 'asyncdemo_http_reset'
LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000;

COMMENT ON FUNCTION http_reset() IS
'end all requests that the current role has sent, and close idle connections; returns how many requests there were';

--
-- Helpers, which use no network
--

CREATE FUNCTION http_header(response http_response, name text)
RETURNS text
AS 'MODULE_PATHNAME', 'asyncdemo_http_header'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION http_header(http_response, text) IS
'the value of the first header of that name, in whatever case';

CREATE FUNCTION url_encode(value text)
RETURNS text
AS 'MODULE_PATHNAME', 'asyncdemo_url_encode'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION url_encode(text) IS
'percent-encode all but letters, digits and -._~';

CREATE FUNCTION url_decode(value text, plus_is_space boolean DEFAULT false)
RETURNS text
AS 'MODULE_PATHNAME', 'asyncdemo_url_decode'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION url_decode(text, boolean) IS
'undo percent-encoding; in a query string a plus may stand for a space';

CREATE FUNCTION query_string(params jsonb)
RETURNS text
AS 'MODULE_PATHNAME', 'asyncdemo_query_string'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION query_string(jsonb) IS
'a query string such as a=1&b=2 from an object or an array of pairs';

--
-- Who may do what: delays and helpers are for everybody, the network is not
--

GRANT USAGE ON SCHEMA asyncdemo TO PUBLIC;

REVOKE ALL ON FUNCTION http_fetch(text, text, jsonb, jsonb, text, jsonb, bytea, text, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_get(text, jsonb, jsonb, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_head(text, jsonb, jsonb, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_delete(text, jsonb, jsonb, text, jsonb, bytea, text, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_post(text, jsonb, jsonb, text, jsonb, bytea, text, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_put(text, jsonb, jsonb, text, jsonb, bytea, text, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_patch(text, jsonb, jsonb, text, jsonb, bytea, text, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_fetch_all(text[], int, interval, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_fetch_requests(http_request[], int, interval, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_send(text, text, jsonb, jsonb, text, jsonb, bytea, text, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_ready(bigint)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_wait(bigint, interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_wait_any(interval)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_cancel(bigint)
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_pending()
    FROM PUBLIC;
REVOKE ALL ON FUNCTION http_reset()
    FROM PUBLIC;
