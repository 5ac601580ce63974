# What is asked for is what goes over the wire, and the answer comes back whole.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use JSON::PP;
use Test::More;

my $web = HttpFaultServer->new;
my $node = http_cluster('basic');
my $s = session($node);

# What the server saw of one request.
sub seen
{
	my ($sql) = @_;
	$web->reset;
	$s->value($sql);
	my @requests = $web->requests;
	is(scalar @requests, 1, "one request: $sql");
	return $requests[0];
}

sub header { return scalar HttpFaultServer::header_of(@_); }

my $echo = quoted($web->url('/echo'));

# Methods.
my %method_of = (
	http_get => 'GET',
	http_head => 'HEAD',
	http_delete => 'DELETE',
	http_post => 'POST',
	http_put => 'PUT',
	http_patch => 'PATCH');
foreach my $function (sort keys %method_of)
{
	my $request = seen("SELECT status FROM asyncdemo.$function($echo)");
	is($request->{method}, $method_of{$function},
		"$function sends $method_of{$function}");
}
is(seen("SELECT status FROM asyncdemo.http_fetch($echo)")->{method},
	'GET', 'http_fetch sends GET by default');
foreach my $method (qw(GET HEAD POST PUT PATCH DELETE OPTIONS PURGE M-SEARCH))
{
	my $request =
	  seen("SELECT status FROM asyncdemo.http_fetch($echo, method => '$method')");
	is($request->{method}, $method, "method $method");
}
foreach my $method ('', 'GE T', "GET\t", 'GET /x HTTP/1.1', 'GÉT')
{
	fails_with($s,
		"SELECT status FROM asyncdemo.http_fetch($echo, method => "
		  . quoted($method) . ')',
		'22023', undef, "method '$method' is refused");
}

# Headers.
my $request = seen(<<SQL);
SELECT status FROM asyncdemo.http_get($echo,
  headers => '{"X-One": "1", "X-Many": ["a", "b"], "User-Agent": null}')
SQL
is(header($request, 'X-One'), '1', 'a header from an object');
is_deeply([ HttpFaultServer::header_of($request, 'X-Many') ],
	[ 'a', 'b' ], 'an array gives the header twice, in order');
is(header($request, 'User-Agent'), undef, 'null suppresses a default');

$request = seen(<<SQL);
SELECT status FROM asyncdemo.http_get($echo,
  headers => '[["X-B", "2"], ["X-A", "1"], ["X-B", "3"]]')
SQL
is_deeply(
	[ grep { $_->[0] =~ /^X-/ } @{ $request->{headers} } ],
	[ [ 'X-B', '2' ], [ 'X-A', '1' ], [ 'X-B', '3' ] ],
	'an array of pairs keeps order and duplicates');
is( header(
		seen("SELECT status FROM asyncdemo.http_get($echo, headers => '{\"X-Empty\": \"\"}')"),
		'X-Empty'),
	'',
	'an empty header is sent');
like(header($request, 'User-Agent'), qr{^asyncdemo/\d}, 'the default user agent');
is(header($request, 'Host'), '127.0.0.1:' . $web->port, 'the Host header');

$s->value(q{SET asyncdemo.http_user_agent = 'tester/2'});
is(header(seen("SELECT status FROM asyncdemo.http_get($echo)"), 'User-Agent'),
	'tester/2', 'http_user_agent is used');
$s->value('RESET asyncdemo.http_user_agent');

foreach my $bad (
	'{"X-A": 1}', '{"X-A": true}',
	'{"X-A": {"b": "c"}}', '{"X-A": [1]}',
	'["X-A"]', '[["X-A"]]',
	'[["X-A", "b", "c"]]', '"X-A: b"',
	'3', '{"": "x"}',
	'{"X A": "x"}', '{"X:A": "x"}',
	'{"X-A": "a\r\nX-Injected: yes"}', '{"X-A": "a\nX-Injected: yes"}',
	'{"X-A": "a\rX-Injected: yes"}', '{"X-A\r\nX-Injected": "yes"}',
	'[["X-A", "a\r\n\r\nGET / HTTP/1.1"]]', '{"X-A": "a\u0001b"}',
	'{"X-A": "a\u007fb"}')
{
	$web->reset;
	(my $name = $bad) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
	fails_with($s,
		"SELECT status FROM asyncdemo.http_get($echo, headers => " . quoted($bad) . ')',
		'22023', undef, "headers $name are refused");
	is(scalar $web->requests, 0, '... and nothing was sent');
}
fails_with($s,
	"SELECT status FROM asyncdemo.http_post($echo, content_type => E'text/plain\\r\\nX-Injected: yes')",
	'22023', undef, 'a line break in content_type is refused');
fails_with($s,
	qq{SELECT status FROM asyncdemo.http_get('http://127.0.0.1:} . $web->port
	  . qq{/ok?' || E'a\\r\\nX-Injected: yes')},
	'22023', undef, 'a line break in a URL is refused');

# Parameters.
is( lc seen("SELECT status FROM asyncdemo.http_get($echo, params => '{\"a\": \"1 2\", \"b\": \"&=é\"}')")
	  ->{target},
	'/echo?a=1%202&b=%26%3d%c3%a9',
	'params are encoded and appended');
is( seen(
		'SELECT status FROM asyncdemo.http_get('
		  . quoted($web->url('/echo?x=y'))
		  . ", params => '{\"a\": \"1\"}')")->{target},
	'/echo?x=y&a=1',
	'params join an existing query');
is( seen(
		'SELECT status FROM asyncdemo.http_get('
		  . quoted($web->url('/echo#part'))
		  . ", params => '{\"a\": \"1\"}')")->{target},
	'/echo?a=1',
	'a fragment is not sent and does not swallow params');

# Bodies.
my %default_type = (
	body => [ q{'grüße'}, "gr\xc3\xbc\xc3\x9fe", qr{^text/plain; ?charset=utf-8$}i ],
	body_json => [ q{'{"a": [1, 2]}'}, '{"a": [1, 2]}', qr{^application/json} ],
	body_bytes => [ q{'\x00ff10'}, "\x00\xff\x10", qr{^application/octet-stream$} ]);
foreach my $kind (sort keys %default_type)
{
	my ($literal, $bytes, $type) = @{ $default_type{$kind} };
	$request = seen("SELECT status FROM asyncdemo.http_post($echo, $kind => $literal)");
	is($request->{body}, $bytes, "$kind goes out unchanged");
	like(header($request, 'Content-Type'), $type, "$kind has its content type");
	is(header($request, 'Content-Length'), length $bytes, "$kind has its length");
}
$request = seen(
	"SELECT status FROM asyncdemo.http_put($echo, body => '<a/>', content_type => 'text/xml')");
is(header($request, 'Content-Type'), 'text/xml', 'content_type is used');
is($request->{method}, 'PUT', 'PUT stays PUT with a body');
$request = seen("SELECT status FROM asyncdemo.http_post($echo, body => '')");
is(header($request, 'Content-Length'), '0', 'an empty body has length 0');
$request = seen("SELECT status FROM asyncdemo.http_post($echo)");
is(header($request, 'Content-Length'), '0', 'POST without a body has length 0');
$request = seen(
	"SELECT status FROM asyncdemo.http_delete($echo, body_json => '{\"why\": \"old\"}')");
is("$request->{method} $request->{body}", 'DELETE {"why": "old"}', 'DELETE takes a body');
$request = seen(
	"SELECT status FROM asyncdemo.http_post($echo, body => repeat('0123456789', 300000))");
is(length $request->{body}, 3_000_000, 'a body of 3 MB arrives');
is(header($request, 'Expect'), undef, '... without waiting for 100-continue');
foreach my $pair ([qw(body body_json)], [qw(body body_bytes)], [qw(body_json body_bytes)])
{
	my ($first, $second) = @$pair;
	fails_with($s,
		"SELECT status FROM asyncdemo.http_post($echo, $first => '1', $second => '2')",
		'22023', undef, "$first and $second together are refused");
}

# The database encoding.
$node->safe_psql('postgres',
	q{CREATE DATABASE latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
my $latin = session($node, dbname => 'latin1');
$latin->value('CREATE EXTENSION asyncdemo');
$web->reset;
$latin->value("SELECT status FROM asyncdemo.http_post($echo, body => 'é', params => '{\"q\": \"é\"}', headers => '{\"X-Name\": \"plain\"}')");
($request) = $web->requests;
is($request->{body}, "\xc3\xa9", 'a text body is sent as UTF-8 from a LATIN1 database');
is(lc $request->{target}, '/echo?q=%c3%a9', '... and so are parameters');
$latin->stop;

# The answer.
my $url = $web->page([ 'Content-Type: text/plain', 'X-Thing: 1', 'X-thing: 2' ], 'hello');
is( $s->value(get($url, "status, content_type, body, body_bytes, url = " . quoted($url))),
	'200|text/plain|hello|<null>|t',
	'status, content_type, body and url');
is( $s->value("SELECT string_agg(h.name || '=' || h.value, ',' ORDER BY n) FROM asyncdemo.http_get("
		  . quoted($url)
		  . ") r, unnest(r.headers) WITH ORDINALITY h(name, value, n) WHERE h.name ILIKE 'x-%'"),
	'X-Thing=1,X-thing=2',
	'response headers keep their order, case and duplicates');
is( $s->value(
		"SELECT asyncdemo.http_header(r, 'CONTENT-type'), asyncdemo.http_header(r, 'absent') FROM asyncdemo.http_get("
		  . quoted($url) . ') r'),
	'text/plain|<null>',
	'http_header finds a header whatever its case');
is( $s->value(
		get($web->url('/delay/0.2'), <<SQL)),
dns_ms >= 0, connect_ms >= dns_ms OR connect_ms >= 0, first_byte_ms >= 200,
total_ms >= first_byte_ms, finished_at - started_at >= interval '200 ms',
started_at >= now() - interval '10 s', finished_at <= clock_timestamp()
SQL
	't|t|t|t|t|t|t',
	'the times of a response are in order');
is( $s->value(get($web->url('/ok'), "round(total_ms) >= 0, tls_ms IS NULL OR tls_ms = 0")),
	't|t', 'without TLS there is no TLS time');
foreach my $status (200, 201, 202, 400, 404, 418, 500, 503)
{
	is($s->value(get($web->url("/status/$status"), 'status')),
		$status, "status $status is an answer, not an error");
}
my @columns = qw(url status headers content_type body body_bytes started_at
  finished_at dns_ms connect_ms tls_ms first_byte_ms total_ms);
is( $s->value(<<'SQL'),
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = 'asyncdemo.http_response'::regtype)
  AND NOT attisdropped
SQL
	"@columns",
	'the columns of http_response');

# User info goes out as a header and is not in the answer.
(my $secret_url = $web->url('/echo')) =~ s{//}{//tom:s3cret@};
$request = seen(get($secret_url, 'status'));
is(header($request, 'Authorization'), 'Basic dG9tOnMzY3JldA==', 'user info in a URL is sent');
is($s->value(get($secret_url, 'url')), $web->url('/echo'), '... and is not in the url column');

# Requests made beforehand.
$request = seen(<<SQL);
SELECT status FROM asyncdemo.http_fetch_requests(ARRAY[
  asyncdemo.http_request($echo, method => 'PUT', headers => '{"X-A": "b"}',
    params => '{"p": "q"}', body_json => '{"x": 1}')])
SQL
is( join(' ', @$request{qw(method target body)}, header($request, 'X-A')),
	'PUT /echo?p=q {"x": 1} b',
	'http_request keeps method, headers, params and body');

# Connections are used again.
$web->reset;
$s->value("SELECT count(*) FROM generate_series(1, 20) g, LATERAL asyncdemo.http_get($echo || '?' || g)");
cmp_ok($web->state->{connections}, '<=', 1, '20 requests need at most one new connection');

$s->value(q{SET asyncdemo.http_idle_timeout = '1s'});
$s->value(get($web->url, 'status'));
$web->reset;
$s->value('SELECT pg_sleep(2.2)');
$s->value(get($web->url, 'status'));
is($web->state->{connections}, 1, 'a connection that was idle for http_idle_timeout is not used again');
$s->value('RESET asyncdemo.http_idle_timeout');

# NULL.
fails_with($s, 'SELECT asyncdemo.http_get(NULL)', '22004', undef, 'a NULL url is refused');
fails_with($s, 'SELECT asyncdemo.http_fetch(NULL)', '22004', undef, '... by http_fetch as well');
is($s->value("SELECT status FROM asyncdemo.http_fetch($echo, headers => NULL, params => NULL, body => NULL, timeout => NULL)"),
	200, 'other NULL arguments mean the default');

# Helpers.
is($s->value(q{SELECT asyncdemo.url_encode('a b&ü/~-_.')}), 'a%20b%26%C3%BC%2F~-_.', 'url_encode');
is($s->value(q{SELECT asyncdemo.url_decode('a%20b%26%C3%BC')}), 'a b&ü', 'url_decode');
is($s->value(q{SELECT asyncdemo.url_decode(asyncdemo.url_encode(t)) = t FROM (VALUES ('%+ é€😀' || chr(10))) v(t)}),
	't', 'url_decode undoes url_encode');
fails_with($s, "SELECT asyncdemo.url_decode('%zz')", '22023', undef, 'a bad escape is refused');
like($s->value(q{SELECT asyncdemo.query_string('{"a": "1 2", "b": ["x", "y"]}')}),
	qr/^a=1%202&b=x&b=y$/, 'query_string');

done_testing();
