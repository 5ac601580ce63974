--
-- Arguments that are wrong, which is said before anything is sent
--

SET asyncdemo.http_log = 'none';
SET asyncdemo.http_allow = '127.0.0.0/8:*';

-- URLs
SELECT asyncdemo.http_get(NULL);
SELECT asyncdemo.http_fetch(NULL);
SELECT asyncdemo.http_get('');
SELECT asyncdemo.http_get('a.example');
SELECT asyncdemo.http_get('/path');
SELECT asyncdemo.http_get('//a.example/');
SELECT asyncdemo.http_get('http:a.example');
SELECT asyncdemo.http_get('http:/a.example');
SELECT asyncdemo.http_get('http:///a.example');
SELECT asyncdemo.http_get('http://');
SELECT asyncdemo.http_get('http://:80/');
SELECT asyncdemo.http_get('http://?a');
SELECT asyncdemo.http_get('file:///etc/passwd');
SELECT asyncdemo.http_get('ftp://a.example/');
SELECT asyncdemo.http_get('gopher://a.example/');
SELECT asyncdemo.http_get('htt://a.example/');
SELECT asyncdemo.http_get('httpss://a.example/');
SELECT asyncdemo.http_get('javascript:alert(1)');
SELECT asyncdemo.http_get(' http://a.example/');
SELECT asyncdemo.http_get('http://a.example/a b');
SELECT asyncdemo.http_get(E'http://a.example/\n');
SELECT asyncdemo.http_get(E'http://a.example/\r\nX: y');
SELECT asyncdemo.http_get(E'http://a.example/\x7f');
SELECT asyncdemo.http_get('http://a.example\@b.example/');
SELECT asyncdemo.http_get('http://a@b@c.example/');
SELECT asyncdemo.http_get('http://a%2eexample/');
SELECT asyncdemo.http_get('http://a_b!c/');
SELECT asyncdemo.http_get('http://[::1/');
SELECT asyncdemo.http_get('http://[::1]x/');
SELECT asyncdemo.http_get('http://[::g]/');
SELECT asyncdemo.http_get('http://a.example:x/');
SELECT asyncdemo.http_get('http://a.example:-1/');
SELECT asyncdemo.http_get('http://a.example:65536/');
SELECT asyncdemo.http_get('http://a.example:00/');
SELECT asyncdemo.http_get('http://' || repeat('a', 300) || '/');

-- methods
SELECT asyncdemo.http_fetch('http://127.0.0.1:1/', method => '');
SELECT asyncdemo.http_fetch('http://127.0.0.1:1/', method => 'GE T');
SELECT asyncdemo.http_fetch('http://127.0.0.1:1/', method => E'GET\r\n');
SELECT asyncdemo.http_fetch('http://127.0.0.1:1/', method => 'CONNECT');

-- headers
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '1');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '"A: b"');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '["A"]');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '[["A"]]');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '[["A", "b", "c"]]');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '[[1, "b"]]');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": 1}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": true}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": {"b": "c"}}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": [1]}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": ["b", null]}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": [["b"]]}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"": "b"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A B": "c"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A:": "b"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A\r\nB": "c"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": "b\r\nX-Injected: yes"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": "b\nc"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": "b\u0001"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"Content-Length": "5"}');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"transfer-encoding": "chunked"}');
SELECT asyncdemo.http_post('http://127.0.0.1:1/', body => 'x', content_type => E'a\nb');

SELECT asyncdemo.http_post('http://127.0.0.1:1/', body => 'x', content_type => 'a/b', headers => '{"content-type": "c/d"}');

-- parameters
SELECT asyncdemo.http_get('http://127.0.0.1:1/', params => '1');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', params => '{"a": {"b": 1}}');

-- bodies
SELECT asyncdemo.http_post('http://127.0.0.1:1/', body => 'a', body_json => '1');
SELECT asyncdemo.http_post('http://127.0.0.1:1/', body => 'a', body_bytes => 'b');
SELECT asyncdemo.http_put('http://127.0.0.1:1/', body_json => '1', body_bytes => 'b');
SELECT asyncdemo.http_fetch('http://127.0.0.1:1/', 'HEAD', body => 'a');

-- time-outs
SELECT asyncdemo.http_get('http://127.0.0.1:1/', timeout => '0');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', timeout => '-1 s');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', timeout => '0.5 ms');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', timeout => '25 hours');
SELECT asyncdemo.http_get('http://127.0.0.1:1/', timeout => '1 month');

-- sets
SELECT * FROM asyncdemo.http_fetch_all(NULL);
SELECT * FROM asyncdemo.http_fetch_requests(NULL);
SELECT * FROM asyncdemo.http_fetch_all('{}', concurrency => 0);
SELECT * FROM asyncdemo.http_fetch_all('{}', concurrency => -1);
SELECT * FROM asyncdemo.http_fetch_all('{}', concurrency => 101);
SELECT * FROM asyncdemo.http_fetch_all('{}', timeout => '0');
SELECT * FROM asyncdemo.http_fetch_all('{}', deadline => '0');
SELECT * FROM asyncdemo.http_fetch_all('{}', deadline => '2 days');
SET asyncdemo.http_max_concurrency = 5;
SELECT * FROM asyncdemo.http_fetch_all('{}', concurrency => 6);
SELECT count(*) FROM asyncdemo.http_fetch_all('{}');
RESET asyncdemo.http_max_concurrency;
SELECT asyncdemo.http_fetch_all('{}');
SELECT count(*) FROM asyncdemo.http_fetch_requests('{}');

-- what is wrong with one element is its row
SELECT ordinal, url, status, error_code,
       CASE WHEN error_code <> '08001' THEN error END AS error
FROM asyncdemo.http_fetch_all(ARRAY['', 'x', NULL, 'http://10.0.0.1/a?b',
    'http://127.0.0.1:1/', 'ftp://a.example/', 'http://127.0.0.1:1/?b']);
SELECT ordinal, error_code,
       CASE WHEN error_code <> '08001' THEN error END AS error
FROM asyncdemo.http_fetch_requests(ARRAY[
    asyncdemo.http_request('http://127.0.0.1:1/'),
    asyncdemo.http_request(NULL),
    NULL,
    ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::asyncdemo.http_request,
    asyncdemo.http_request('http://127.0.0.1:1/', headers => '{"A": 1}'),
    asyncdemo.http_request('http://127.0.0.1:1/', body => 'a', body_bytes => 'b'),
    asyncdemo.http_request('http://127.0.0.1:1/', timeout => '-1 s'),
    asyncdemo.http_request('http://127.0.0.1:1/', 'NO METHOD'),
    asyncdemo.http_request('http://127.0.0.1:1/', NULL)]);
-- in the order of the input, however many at a time
SELECT count(*), bool_and(ordinal = n), string_agg(DISTINCT error_code, ',')
FROM asyncdemo.http_fetch_all(
    ARRAY(SELECT CASE WHEN g % 3 = 0 THEN 'x' ELSE 'http://127.0.0.1:1/' END
          FROM generate_series(1, 500) g), concurrency => 50)
    WITH ORDINALITY AS r(ordinal, url, status, headers, content_type, body, body_bytes,
        started_at, finished_at, dns_ms, connect_ms, tls_ms, first_byte_ms,
        total_ms, error_code, error, n);
-- two dimensions are one list
SELECT ordinal, error_code
FROM asyncdemo.http_fetch_all('{{x,y},{z,NULL}}') ORDER BY ordinal;

-- each shortcut takes what it should
\set VERBOSITY sqlstate
SELECT asyncdemo.http_get('http://127.0.0.1:1/', headers => '{"A": "b", "B": ["c", "d"], "User-Agent": null}', params => '{"e": 1}', timeout => '1 s');
SELECT asyncdemo.http_head('http://127.0.0.1:1/', headers => '[["A", "b"]]', params => '[["e", 1]]', timeout => '1 s');
SELECT asyncdemo.http_delete('http://127.0.0.1:1/', headers => '{}', params => '{}', body_json => '[]');
SELECT asyncdemo.http_post('http://127.0.0.1:1/', body => 'x', content_type => 'text/x', timeout => '1 day');
SELECT asyncdemo.http_put('http://127.0.0.1:1/', body_bytes => '\x00');
SELECT asyncdemo.http_patch('http://127.0.0.1:1/', body_json => '{"a": null}');
SELECT asyncdemo.http_fetch('http://127.0.0.1:1/', 'options', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
\set VERBOSITY default
RESET asyncdemo.http_allow;
RESET asyncdemo.http_log;
