--
-- Helpers: text in, text out, no network
--

-- what stays as it is, and what does not
SELECT asyncdemo.url_encode('azAZ09-._~');
SELECT asyncdemo.url_encode(' !"#$%&''()*+,/:;<=>?@[\]^`{|}');
SELECT asyncdemo.url_encode(E'\t\n\x7f');
SELECT asyncdemo.url_encode('');
SELECT asyncdemo.url_encode(NULL) IS NULL;

SELECT asyncdemo.url_decode('a%20b%2fc%2Fd');
SELECT asyncdemo.url_decode('a+b'), asyncdemo.url_decode('a+b%2B', true);
SELECT asyncdemo.url_decode('100%');
SELECT asyncdemo.url_decode('%4');
SELECT asyncdemo.url_decode('%4g');
SELECT asyncdemo.url_decode('%zz');
SELECT asyncdemo.url_decode('a%00b');
SELECT asyncdemo.url_decode('%ff%fe');
SELECT asyncdemo.url_decode(NULL) IS NULL, asyncdemo.url_decode('', NULL) IS NULL;

-- every character comes back
SELECT count(*) AS characters,
       bool_and(asyncdemo.url_decode(asyncdemo.url_encode(chr(i))) = chr(i)) AS same
FROM generate_series(1, 127) i;

SELECT asyncdemo.query_string('{"b": "1 2", "a": "&=?"}');
SELECT asyncdemo.query_string('{"n": 1.50, "t": true, "f": false, "none": null, "e": ""}');
SELECT asyncdemo.query_string('{"many": ["x", 2, true]}');
SELECT asyncdemo.query_string('[["z", "1"], ["a", "2"], ["z", 3]]');
SELECT asyncdemo.query_string('{"a b": "c"}');
SELECT asyncdemo.query_string('{}'), asyncdemo.query_string('[]');
SELECT asyncdemo.query_string('{"a": {"b": "c"}}');
SELECT asyncdemo.query_string('{"a": [["b"]]}');
SELECT asyncdemo.query_string('["a"]');
SELECT asyncdemo.query_string('[["a"]]');
SELECT asyncdemo.query_string('[[1, "a"]]');
SELECT asyncdemo.query_string('"a"');
SELECT asyncdemo.query_string('1');
SELECT asyncdemo.query_string('null');

-- the first header of a name, in whatever case
CREATE FUNCTION response(VARIADIC pairs text[]) RETURNS asyncdemo.http_response
LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::asyncdemo.http_response,
        jsonb_build_object('headers',
            (SELECT jsonb_agg(jsonb_build_object('name', pairs[i], 'value', pairs[i + 1]) ORDER BY i)
             FROM generate_series(1, array_length(pairs, 1), 2) i)))
$$;
SELECT asyncdemo.http_header(r, 'content-TYPE'), asyncdemo.http_header(r, 'set-cookie'),
       asyncdemo.http_header(r, 'Content-Typ'), asyncdemo.http_header(r, 'x-null'),
       asyncdemo.http_header(r, ''), asyncdemo.http_header(r, NULL)
FROM response('Content-Type', 'text/plain', 'Set-Cookie', 'a=1',
              'Set-Cookie', 'b=2', 'X-Null', NULL) r;
SELECT asyncdemo.http_header(NULL, 'a') IS NULL AS no_response,
       asyncdemo.http_header(r, 'a') IS NULL AS no_headers
FROM response(VARIADIC '{}') r;
DROP FUNCTION response;

-- a request is only put together
SELECT * FROM asyncdemo.http_request('http://a.example/', 'PUT',
    headers => '{"A": "b"}', params => '{"c": "d"}', body => 'text',
    content_type => 'text/x', timeout => '1 s') \gx
SELECT (asyncdemo.http_request('x')).method;
