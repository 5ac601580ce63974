# Many requests in one statement run side by side, each ends as a row of its
# own, in input order, and nothing outlives the call.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $web = HttpFaultServer->new;
my $node = http_cluster('sets');
my $s = session($node);

sub list
{
	return 'ARRAY[' . join(', ', map { quoted($_) } @_) . ']::text[]';
}

sub fetch_all
{
	my ($columns, $urls, $more) = @_;
	return "SELECT $columns FROM asyncdemo.http_fetch_all($urls" . ($more ? ", $more" : '') . ')';
}

# COLUMN of rows, in the order they came.
sub rows_of
{
	my ($answer) = @_;
	return split /\n/, $answer->{rows};
}

# Order.
my @mixed = map { $web->url("/delay/" . (0.5 - $_ * 0.1)) } 0 .. 4;
my $answer = $s->ask(fetch_all('ordinal, status, url', list(@mixed), 'concurrency => 5'));
is($answer->{rows}, join("\n", map { ($_ + 1) . "|200|$mixed[$_]" } 0 .. 4),
	'rows come in input order, whichever ends first');
my @columns = qw(ordinal url status headers content_type body body_bytes started_at
  finished_at dns_ms connect_ms tls_ms first_byte_ms total_ms error_code error);
foreach my $function (qw(http_fetch_all http_fetch_requests))
{
	is( $s->value(<<SQL),
SELECT string_agg(n, ' ' ORDER BY i)
FROM pg_proc, unnest(proargnames, proargmodes) WITH ORDINALITY a(n, m, i)
WHERE pronamespace = 'asyncdemo'::regnamespace AND proname = '$function' AND m IN ('t', 'o')
SQL
		"@columns",
		"the columns of $function");
}

# Side by side, and never more than asked for.
foreach my $at_once (1, 3, 10, 20)
{
	my $delay = 0.05 * $at_once;
	$web->reset;
	is( $s->value(
			fetch_all('count(*) FILTER (WHERE status = 200)',
				'array_fill(' . quoted($web->url("/delay/$delay")) . '::text, ARRAY[20])',
				"concurrency => $at_once")),
		20,
		"20 requests, $at_once at a time");
	is($web->state->{max_in_flight}, $at_once, "... $at_once were under way at once");
}
$web->reset;
my $began = time();
$s->value(fetch_all('count(*)', 'array_fill(' . quoted($web->url('/delay/0.5')) . '::text, ARRAY[100])',
		'concurrency => 100'));
cmp_ok(time() - $began, '>=', 0.5, '100 requests of 0.5 s take at least that');
cmp_ok($web->state->{max_in_flight}, '>', 50, '... and overlap');
diag(sprintf '100 requests of 0.5 s at once: %.3f s', time() - $began);

# Many.
my $pages = "(SELECT array_agg(" . quoted($web->url('/number/')) . " || g ORDER BY g) FROM generate_series(1, 2000) g)";
is( $s->value(fetch_all('count(*), count(*) FILTER (WHERE body = ordinal::text), sum(status)', $pages, 'concurrency => 50')),
	'2000|2000|400000',
	'2,000 URLs give 2,000 rows, each with its own answer');

# One element's trouble is its row.
my @trouble = (
	[ $web->url, undef ],
	[ undef, '22004' ],
	[ 'no url', '22023' ],
	[ '', '22023' ],
	[ 'http://10.0.0.1/', '42501' ],
	[ $web->refused_url, '08001' ],
	[ $web->url('/delay/60'), '08T00' ],
	[ $web->raw('SSH-2.0' . "\r\n"), '08T03' ],
	[ $web->script([ send => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" ], ['close']), '08006' ],
	[ $web->script([ send => "HTTP/1.1 200 OK\r\n\r\n" ], [ repeat => 'x', 20e6 ]), '54000' ],
	[ 'https://127.0.0.1:' . $web->port . '/', '08T01' ],
	[ $web->url('/status/500'), undef ],
	[ $web->url('/redirect?to=http://10.0.0.1/'), '42501' ],
	[ $web->url('/number/14'), undef ]);
$answer = $s->ask(
	fetch_all("ordinal, coalesce(error_code, 'none'), (error IS NULL) = (error_code IS NULL), status IS NULL",
		list(map { $_->[0] } @trouble), "timeout => '1 s'"));
state_is($answer, '00000', 'trouble in elements raises nothing');
is($answer->{rows},
	join("\n", map { ($_ + 1) . '|' . ($trouble[$_][1] // 'none') . '|t|' . (defined $trouble[$_][1] ? 't' : 'f') } 0 .. $#trouble),
	'... each has its own SQLSTATE');
my $errors = $s->value(
	fetch_all("string_agg(error, ' ')", list('http://tom:s3cret@10.0.0.1/?t0p', 'http://tom:s3cret@127.0.0.1:' . $web->port('refused') . '/?t0p')));
unlike($errors, qr/s3cret|t0p/, 'errors in rows tell no secret');
is( $s->value(fetch_all("count(*), count(DISTINCT error_code)", list(map { $web->refused_url } 1 .. 300), 'concurrency => 50')),
	'300|1', '300 refusals are 300 rows');

# Nothing to do.
is($s->value(fetch_all('count(*)', "'{}'::text[]")), 0, 'an empty list gives no row');
is($s->value('SELECT count(*) FROM asyncdemo.http_fetch_requests(\'{}\')'), 0, '... of requests as well');
is( $s->value(fetch_all('count(*), sum(status)', list($web->url, $web->url, $web->url))),
	'3|600', 'the same URL three times');

# Arguments.
my $one = list($web->url);
foreach my $bad ('concurrency => 0', 'concurrency => -1', 'concurrency => 100000',
	"timeout => '-1 s'", "timeout => '0'", "deadline => '-1 s'", "deadline => '0'")
{
	$web->reset;
	state_is($s->ask(fetch_all('count(*)', $one, $bad)), '22023', "$bad is refused");
	is(scalar $web->requests, 0, '... before anything is sent');
}
is($s->value(fetch_all('count(*)', $one, 'concurrency => NULL, timeout => NULL, deadline => NULL')),
	1, 'NULL means the default');
$s->value('SET asyncdemo.http_max_concurrency = 7');
state_is($s->ask(fetch_all('count(*)', $one, 'concurrency => 8')), '22023', 'more than http_max_concurrency is refused');
$web->reset;
$s->value(fetch_all('count(*)', 'array_fill(' . quoted($web->url('/delay/0.05')) . '::text, ARRAY[20])'));
cmp_ok($web->state->{max_in_flight}, '<=', 7, 'the default concurrency keeps to http_max_concurrency');
$s->value('RESET asyncdemo.http_max_concurrency');

# Requests that differ.
$web->reset;
is( $s->value(<<SQL),
SELECT string_agg(ordinal || ':' || coalesce(body::jsonb->>'method', error_code) || ':' || coalesce(body::jsonb->>'body', '-'), ' ' ORDER BY ordinal)
FROM asyncdemo.http_fetch_requests(ARRAY[
  asyncdemo.http_request(${\quoted($web->url('/echo'))}),
  asyncdemo.http_request(${\quoted($web->url('/echo'))}, method => 'PUT', body => 'two'),
  NULL,
  asyncdemo.http_request(${\quoted($web->url('/echo'))}, method => 'POST', body_json => '[4]'),
  asyncdemo.http_request(${\quoted($web->url('/delay/60'))}, timeout => '200 ms')])
SQL
	'1:GET: 2:PUT:two 3:22004:- 4:POST:[4] 5:08T00:-',
	'each request is its own, its timeout too');

# Deadline.
$began = time();
$answer = $s->ask(
	fetch_all("ordinal, coalesce(error_code, status::text)",
		list($web->url, map { $web->url('/delay/60') } 1 .. 5),
		"concurrency => 2, deadline => '500 ms'"));
is($answer->{rows}, "1|200\n2|08T02\n3|08T02\n4|08T02\n5|08T02\n6|08T02",
	'what was not ready at the deadline says so, what was is kept');
cmp_ok(time() - $began, '>=', 0.5, '... not before it');
soon($began, '... and soon after it');
ok($web->wait_for(sub { $_->{in_flight} == 0 }), '... and is not left running');

# Everything runs before the first row.
$web->reset;
is($s->value(fetch_all('status', list(map { $web->url("/ok?$_") } 1 .. 10)) . ' LIMIT 1'), 200, 'LIMIT 1');
is(scalar $web->requests, 10, '... runs all requests, as the README says');
$s->value('BEGIN; DECLARE c CURSOR FOR ' . fetch_all('ordinal', list(map { $web->url("/ok?$_") } 1 .. 10)));
is($s->value('FETCH 2 FROM c'), "1\n2", 'a cursor');
$s->value('CLOSE c; COMMIT');
is($web->state->{in_flight}, 0, '... closed early leaves nothing');
$s->value('BEGIN; DECLARE c CURSOR FOR ' . fetch_all('ordinal', list(map { $web->url("/ok?$_") } 1 .. 10)));
$s->value('FETCH 1 FROM c; ROLLBACK');
is($s->value(get($web->url, 'body')), 'ok', '... and neither does a rollback');

# In a query.
is( $s->value(<<SQL),
WITH pages AS (SELECT * FROM ${\(fetch_all('*', $pages, 'concurrency => 20') =~ s/^SELECT \* FROM //r)})
SELECT count(*), min(body::int), max(body::int) FROM pages JOIN generate_series(1, 2000) g ON g = ordinal
SQL
	'2000|1|2000',
	'in a join');
is( $s->value("SELECT count(*) FROM (VALUES (1), (2)) v(x), LATERAL asyncdemo.http_fetch_all(array_fill("
		  . quoted($web->url) . "::text, ARRAY[x])) r"),
	3, 'under LATERAL');

# Bodies that do not fit into work_mem go to disk, whole.
my $big = $web->page([ 'Content-Type: text/plain' ], join('', map { sprintf '%07d ', $_ } 1 .. 2500));
$s->value(q{SET work_mem = '64kB'});
is( $s->value(
		fetch_all('count(*), count(DISTINCT md5(body)), min(length(body))',
			'array_fill(' . quoted($big) . '::text, ARRAY[300])', 'concurrency => 20')),
	'300|1|20000',
	'300 bodies of 20 kB under work_mem = 64kB');
$s->value('RESET work_mem');

# Cancelled, a set is gone as a whole.
$s->value(q{SET statement_timeout = '300ms'});
state_is($s->ask(fetch_all('count(*)', list(map { $web->url('/delay/60') } 1 .. 50), 'concurrency => 50')),
	'57014', 'a cancel is raised');
$s->value('RESET statement_timeout');
ok($web->wait_for(sub { $_->{in_flight} == 0 }), '... and takes its 50 requests along');

# HTTP/1.0-like servers that close each time need a new connection each time.
my $closing = $web->raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
is( $s->value(fetch_all('count(*) FILTER (WHERE body = \'ok\')', 'array_fill(' . quoted($closing) . '::text, ARRAY[200])', 'concurrency => 30')),
	200, '200 requests on 200 connections');

done_testing();
