--
-- Who may be contacted: every refusal is 42501, and nothing is sent
--
-- Nobody listens at port 1 of this machine, so that a request that policy
-- allows ends with 08001, and one that it does not with 42501.
--

CREATE FUNCTION try(url text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM asyncdemo.http_get(url);
    RETURN 'fetched';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

SET asyncdemo.http_log = 'none';

-- Not public, in every spelling.
CREATE TABLE hosts (host text);
\copy hosts FROM stdin
0
0x0
0.0.0.0
0.1.2.3
00
10.0.0.0
10.0.0.1
10.255.255.255
0xa.1
012.0.0.1
100.64.0.1
100.127.255.255
127.0.0.1
127.1
127.0.1
127.255.255.254
0x7f000001
0x7F.0.0.1
0x7f.1
0177.0.0.1
017700000001
2130706433
127.0.0.1.
169.254.0.1
169.254.169.254
0xa9fea9fe
2852039166
172.16.0.1
172.31.255.255
192.0.0.1
192.0.0.255
192.0.2.1
192.88.99.1
192.168.0.1
192.168.255.255
198.18.0.1
198.19.255.255
198.51.100.1
203.0.113.1
224.0.0.1
239.255.255.255
240.0.0.1
255.255.255.255
4294967295
[::]
[::1]
[0:0:0:0:0:0:0:1]
[0000:0000:0000:0000:0000:0000:0000:0001]
[::2]
[::127.0.0.1]
[::10.0.0.1]
[::ffff:127.0.0.1]
[::FFFF:7f00:1]
[::ffff:0:0]
[::ffff:10.0.0.1]
[::ffff:169.254.169.254]
[0:0:0:0:0:ffff:192.168.1.1]
[64:ff9b::127.0.0.1]
[64:ff9b::a00:1]
[64:ff9b:1::1]
[100::1]
[2001::1]
[2001:0:4136:e378:8000:63bf:3fff:fdd2]
[2001:1ff:ffff::1]
[2001:db8::1]
[2002:7f00:1::]
[2002:a00:1::1]
[2002:c0a8:101::]
[3fff::1]
[fc00::1]
[fdff:ffff::1]
[fe80::1]
[febf::1]
[fec0::1]
[ff02::1]
[ff0e::1]
\.
SELECT count(*) AS spellings, count(DISTINCT host) AS different FROM hosts;
SET asyncdemo.http_allow = 'public';
SELECT host, try('http://' || host || '/') FROM hosts
WHERE try('http://' || host || '/') <> '42501';
SET asyncdemo.http_allow = 'public:*';
SELECT host, try('http://' || host || ':1/') FROM hosts
WHERE try('http://' || host || ':1/') <> '42501';
SELECT host, try('https://user:secret@' || host || ':1/') FROM hosts
WHERE try('https://user:secret@' || host || ':1/') <> '42501';
-- the same through a set
SELECT count(*) FILTER (WHERE error_code = '42501') AS refused,
       count(*) FILTER (WHERE error_code <> '42501') AS otherwise
FROM asyncdemo.http_fetch_all(ARRAY(SELECT 'http://' || host || '/' FROM hosts));
-- localhost is a name; what it resolves to is not public
SELECT try('http://localhost:1/'), try('http://LOCALHOST:1/');

-- Public, next to the edges of what is not.  The proxy at port 1 does not
-- answer, so these end with 08001 and nobody is contacted.
SET asyncdemo.http_proxy = 'http://127.0.0.1:1';
SELECT host, try('http://' || host || '/') FROM (VALUES
    ('1.0.0.0'), ('9.255.255.255'), ('11.0.0.0'), ('100.63.255.255'),
    ('100.128.0.0'), ('126.255.255.255'), ('128.0.0.0'), ('169.253.255.255'),
    ('169.255.0.0'), ('172.15.255.255'), ('172.32.0.0'), ('191.255.255.255'),
    ('192.0.1.0'), ('192.0.3.0'), ('192.88.98.255'), ('192.88.100.0'),
    ('192.167.255.255'), ('192.169.0.0'), ('198.17.255.255'), ('198.20.0.0'),
    ('198.51.99.255'), ('198.51.101.0'), ('203.0.112.255'), ('203.0.114.0'),
    ('223.255.255.255'), ('134744072'), ('[2001:200::1]'), ('[2001:db7::1]'),
    ('[2001:db9::1]'), ('[2606:4700::1111]'), ('[64:ff9b::808:808]'),
    ('[::ffff:8.8.8.8]'), ('[2002:808:808::1]'), ('[fbff::1]'), ('[101::1]'))
    AS v(host)
WHERE try('http://' || host || '/') <> '08001';

-- Behind a proxy names are judged as names.
SELECT try('http://a.example/') AS public, try('http://localhost/') AS localhost,
       try('http://x.localhost/') AS below;
SET asyncdemo.http_allow = 'api.example, *.cdn.example:8080, b.example:*';
SELECT url, try(url) FROM unnest(ARRAY[
    'http://api.example/', 'https://api.example/', 'http://API.Example./',
    'http://api.example:81/', 'http://x.api.example/', 'http://xapi.example/',
    'http://api.example.evil.example/', 'http://api.example@evil.example/',
    'http://evil.example/?api.example', 'http://evil.example#api.example',
    'http://x.cdn.example:8080/', 'http://y.x.cdn.example:8080/',
    'http://cdn.example:8080/', 'http://xcdn.example:8080/', 'http://x.cdn.example/',
    'http://.cdn.example:8080/', 'http://b.example:1/', 'http://b.example:65535/',
    'http://b.example:0/', 'http://8.8.8.8/']) url;
SET asyncdemo.http_allow = '8.8.8.0/24, [2606:4700::/32]:443';
SELECT url, try(url) FROM unnest(ARRAY[
    'http://8.8.8.8/', 'http://8.8.9.8/', 'http://134744072/',
    'http://[::ffff:8.8.8.8]/', 'https://[2606:4700::1]/',
    'http://[2606:4700::1]/', 'http://a.example/']) url;
RESET asyncdemo.http_proxy;

-- Items.
SELECT list, try('http://127.0.0.1:1/') FROM (VALUES
    (''), ('*'), ('*:1'), ('*:2'), ('127.0.0.0/8:1'), ('127.0.0.0/8:*'),
    ('127.0.0.0/8'), ('127.0.0.0/8:2-65535'), ('127.0.0.0/8:1-2'),
    ('127.0.0.1:1'), ('127.0.0.2:1'), ('127.0.0.0/31:1'), ('126.0.0.0/7:1'),
    ('0.0.0.0/0:1'), ('127.0.0.1/32:1'), ('public, 127.0.0.1:1'),
    ('  public  ,  127.0.0.1:1  '), ('public:*'), ('localhost:1'),
    ('[::1]:1'), ('[::/0]:1'), ('[::ffff:127.0.0.1]:1'))
    AS v(list),
    LATERAL (SELECT set_config('asyncdemo.http_allow', list, false)) AS s(set)
WHERE set = list;

-- What is no list: the message says which item, and what is wrong with it.
SET asyncdemo.http_allow = ',';
SET asyncdemo.http_allow = 'public,';
SET asyncdemo.http_allow = 'public, , *';
SET asyncdemo.http_allow = 'public:0';
SET asyncdemo.http_allow = 'public:65536';
SET asyncdemo.http_allow = 'public:99999999999';
SET asyncdemo.http_allow = 'public:5-3';
SET asyncdemo.http_allow = 'public:';
SET asyncdemo.http_allow = 'public:1-';
SET asyncdemo.http_allow = 'public:+80';
SET asyncdemo.http_allow = 'public, 10.0.0.0/33';
SET asyncdemo.http_allow = '10.0.0.0/';
SET asyncdemo.http_allow = '10.0.0.0/x';
SET asyncdemo.http_allow = '10.0.0/8';
SET asyncdemo.http_allow = '300.0.0.1';
SET asyncdemo.http_allow = '::1';
SET asyncdemo.http_allow = '[::1';
SET asyncdemo.http_allow = '[::1]x';
SET asyncdemo.http_allow = '[::1]/129';
SET asyncdemo.http_allow = '[::g]';
SET asyncdemo.http_allow = '[]';
SET asyncdemo.http_allow = 'a b';
SET asyncdemo.http_allow = 'http://a.example';
SET asyncdemo.http_allow = 'a.example/path';
SET asyncdemo.http_allow = 'user@a.example';
SET asyncdemo.http_allow = '*.';
SET asyncdemo.http_allow = '**';
SET asyncdemo.http_allow = '*a.example';
SET asyncdemo.http_allow = 'a.*.example';
SET asyncdemo.http_allow = 'a..b';
SET asyncdemo.http_allow = '.a';
SHOW asyncdemo.http_allow;

-- What a refusal tells, and what it does not.
SET asyncdemo.http_allow = 'public';
SELECT asyncdemo.http_get('http://tom:s3cret@10.0.0.1:8080/path?key=t0p#part');
SELECT asyncdemo.http_post('https://[::1]/x', body => 'b');
SELECT error_code, error
FROM asyncdemo.http_fetch_all(ARRAY['http://tom:s3cret@10.0.0.1/a?b=c']);
SET asyncdemo.http_allow = '';
SELECT asyncdemo.http_get('http://a.example/');
RESET asyncdemo.http_allow;
RESET asyncdemo.http_log;
DROP TABLE hosts;
DROP FUNCTION try;
