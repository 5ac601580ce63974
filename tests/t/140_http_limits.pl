# However much a server sends, memory, bodies, headers and descriptors stay
# within what the administrator set, and the next request works.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;
use Time::HiRes qw(time);

# Memory figures read /proc; elsewhere they are skipped, with the reason.
my $has_proc = -r '/proc/self/status';

my $web = HttpFaultServer->new;
my $node = http_cluster('limits', 'max_files_per_process = 200');
my $s = session($node);
$s->value(q{LOAD 'asyncdemo'});

my $ok = get($web->url, 'body');
my $head = "HTTP/1.1 200 OK\r\n";

sub limited
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($url, $state, $name) = @_;
	my $answer = fails_with($s, get($url, 'length(body)'), $state, qr/^[^A-Z]/, $name);
	is($s->value($ok), 'ok', '... and the next request works');
	return $answer;
}

# Run something in a fresh session; its peak memory in MB above its start.
sub peak_mb
{
	my ($settings, $sql) = @_;
	my $fresh = session($node);
	$fresh->value($settings);
	$fresh->value($ok);
	my $before = proc_status_kb($fresh->backend, 'VmRSS');
	my $answer = $fresh->ask($sql);
	my $peak = proc_status_kb($fresh->backend, 'VmHWM');
	my $after = proc_status_kb($fresh->backend, 'VmRSS');
	is($fresh->value($ok), 'ok', 'the session goes on');
	$fresh->stop;
	return ($answer, map { defined $_ ? $_ / 1024 : 0 } $peak - $before, $after - $before);
}

# Bodies.
is($s->value('SHOW asyncdemo.http_max_body'), '16MB', 'the default limit of a body');
is($s->value(get($web->url('/size/16777216'), 'length(body)')), 16777216, 'exactly the limit fits');
my $answer = limited($web->url('/size/16777217'), '54000', 'one byte more does not');
like($answer->{hint} . $answer->{detail} . $answer->{message}, qr/http_max_body/, '... and the setting is named');
limited($web->script([ send => "${head}Transfer-Encoding: chunked\r\n\r\n" ], [ repeat => "1000\r\n" . ('x' x 4096) . "\r\n", 100000 ]),
	'54000', 'endless chunks');
limited($web->script([ send => "$head\r\n" ], [ repeat => 'x' x 1000, 1e9 ]), '54000', 'an endless body');
$s->value(q{SET asyncdemo.http_max_body = '1kB'});
is($s->value(get($web->url('/size/1024'), 'length(body)')), 1024, '1 kB under a limit of 1 kB');
limited($web->url('/size/1025'), '54000', '1025 bytes under a limit of 1 kB');
is($s->value('SELECT status FROM asyncdemo.http_head(' . quoted($web->page([], 'x' x 2000)) . ')'),
	200, 'HEAD of a large page is no large body');
$s->value('RESET asyncdemo.http_max_body');

# A length that is only claimed costs nothing.
my $claimed = $web->script([ send => "${head}Content-Length: 1099511627776\r\n\r\nx" ], ['hold']);
SKIP:
{
	skip 'no /proc to read memory from', 3 unless $has_proc;
	my ($told, $peak) = peak_mb(q{SET asyncdemo.http_timeout = '2s'}, get($claimed, 'length(body)'));
	like($told->{state}, qr/^(54000|08T00)$/, '1 TB that is only claimed') or diag($told->{message});
	cmp_ok($peak, '<', 32, '... takes no memory');
}
limited($web->script([ send => "${head}Content-Length: 99999999999999999999999\r\n\r\nx" ], ['close']),
	qr/^(54000|08T03|08006)$/, 'a length beyond 64 bits');

# What unpacks to too much.
my $bomb = $web->script([ send => "${head}Content-Encoding: gzip\r\n\r\n" ], [ gzip => "\0" x 1024, 300 * 1024 ], ['close']);
SKIP:
{
	skip 'no /proc to read memory from', 3 unless $has_proc;
	my ($told, $peak) = peak_mb('', get($bomb, 'length(body)'));
	is($told->{state}, '54000', 'a zip bomb meets the limit');
	cmp_ok($peak, '<', 2 * 16 + 32, '... before it takes memory');
}
limited($bomb, '54000', 'the decoded size counts');

# Headers.
my %header_flood = (
	'one endless header' => [ [ send => "${head}X-A: " ], [ repeat => 'x' x 1000, 1e9 ] ],
	'endless headers' => [ [ send => $head ], [ repeat => 'X-A: ' . ('b' x 100) . "\r\n", 1e9 ] ],
	'endless interim answers' => [ [ repeat => "HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n", 1e9 ] ],
	'an endless status line' => [ [ send => 'HTTP/1.1 200 ' ], [ repeat => 'O' x 1000, 1e9 ] ],
	'endless trailers' => [ [ send => "${head}Transfer-Encoding: chunked\r\n\r\n0\r\n" ], [ repeat => "X-T: x\r\n", 1e9 ] ]);
foreach my $name (sort keys %header_flood)
{
	my $began = time();
	limited($web->script(@{ $header_flood{$name} }), qr/^(54000|08T03|08006)$/, $name);
	soon($began, '... soon');
}
is( $s->value(
		get($web->script([ send => $head ], [ repeat => 'X-A: ' . ('b' x 100) . "\r\n", 1000 ],
			[ send => "Content-Length: 2\r\n\r\nok" ], ['next']),
			'body, cardinality(headers)')),
	'ok|1001',
	'a thousand headers, 110 kB, are fine');

# Memory in flight.
$s->value(q{SET asyncdemo.http_max_memory = '20MB'});
my $held = $web->script([ send => "$head\r\n" ], [ repeat => 'x' x 65536, 176 ], [ sleep => 1 ], ['close']);
my @codes = split /\n/, $s->value(
	"SELECT coalesce(error_code, 'fine') FROM asyncdemo.http_fetch_all(ARRAY["
	  . join(', ', quoted($web->url), map { quoted($held) } 1 .. 6)
	  . '], concurrency => 7)');
is($codes[0], 'fine', 'a small body finds its place beside large ones');
cmp_ok(scalar(grep { $_ eq '53400' } @codes), '>=', 5,
	'of six bodies of 11 MB at most one at a time fits into http_max_memory = 20MB');
is(scalar(grep { !/^(53400|fine)$/ } @codes), 0, '... and nothing else happens to the others')
  or diag("@codes");
is($s->value($ok), 'ok', '... and the next request works');
is( $s->value('SELECT count(*) FILTER (WHERE length(body) = 4000000) FROM asyncdemo.http_fetch_all(array_fill('
		  . quoted($web->url('/size/4000000'))
		  . '::text, ARRAY[20]), concurrency => 4)'),
	20,
	'bodies that follow each other may exceed it together');
$s->value('RESET asyncdemo.http_max_memory');

# Peak memory.
SKIP:
{
	skip 'no /proc to read memory from', 4 unless $has_proc;
	my $size_mb = $ENV{LONG} ? 500 : 100;
	my $bytes = $size_mb * 1024 * 1024;
	my ($told, $peak, $left) = peak_mb(
		q{SET asyncdemo.http_max_body = '512MB'; SET asyncdemo.http_max_memory = '1GB'; SET asyncdemo.http_timeout = '300s'},
		'SELECT length((asyncdemo.http_get(' . quoted($web->url("/size/$bytes")) . ')).body)');
	is($told->{rows}, $bytes, "a body of $size_mb MB") or diag($told->{message});
	cmp_ok($peak, '<=', 2 * $size_mb + 32, sprintf '... peak %.0f MB, at most twice the body + 32 MB', $peak);
	cmp_ok($left, '<=', 10, sprintf '... %.1f MB are left afterwards', $left);
	diag(sprintf 'body %d MB: peak %.1f MB, afterwards %.1f MB', $size_mb, $peak, $left);
}

# What does not fit into a row.
SKIP:
{
	skip 'a row over 1 GB takes minutes; LONG=1 runs it', 1 unless $ENV{LONG};
	$s->value(q{SET asyncdemo.http_max_body = '512MB'; SET asyncdemo.http_max_memory = '4GB'; SET asyncdemo.http_timeout = '300s'});
	my $latin = $web->script([ send => "${head}Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" ],
		[ repeat => "\xe9" x 65536, 300 * 16 ], ['close']);
	fails_with($s, get($latin, 'length(body)'), '54000', undef, 'more than 256 MB to transcode');
	$s->value('RESET ALL');
}

# Descriptors. The server may use 200 files; more requests than that in one
# call wait for their turn, and what ends badly gives its descriptors back.
my $many = 'array_fill(' . quoted($web->url('/delay/0.02')) . '::text, ARRAY[600])';
is( $s->value("SELECT count(*) FILTER (WHERE status = 200) FROM asyncdemo.http_fetch_all($many, concurrency => 100)"),
	600, '600 requests, 100 at a time, with 200 descriptors');
$s->value(q{SET asyncdemo.http_connect_timeout = '40ms'});
my $stuck = 'array_fill(' . quoted($web->stuck_url) . '::text, ARRAY[1000])';
is( $s->value("SELECT count(*), count(DISTINCT error_code) FROM asyncdemo.http_fetch_all($stuck, concurrency => 100)"),
	'1000|1', '1,000 connect time-outs');
$s->value('RESET asyncdemo.http_connect_timeout');
is($s->value($ok), 'ok', '... then http_get still works');
SKIP:
{
	my $dblink = $s->ask('CREATE EXTENSION dblink');
	skip "dblink is not installed ($dblink->{message})", 1 if $dblink->{state} ne '00000';
	is($s->value("SELECT x FROM dblink(" . quoted($node->connstr('postgres')) . ", 'SELECT 7') AS d(x int)"),
		7, '... and dblink does');
}
my $files = $s->value('SELECT count(*) FROM pg_class c, LATERAL pg_relation_size(c.oid) WHERE c.relkind IN (\'r\', \'i\')');
cmp_ok($files, '>', 100, '... and the server opens its own files');
is( $s->value("SELECT count(*) FILTER (WHERE status = 200) FROM asyncdemo.http_fetch_all($many, concurrency => 100)"),
	600, '... and 600 requests once more');

# When others hold all that the server lends, a request says so, and the next
# one works once they have let go.
my $few = http_cluster('few', 'max_files_per_process = 64');
my $full = session($few);
SKIP:
{
	my $dblink = $full->ask('CREATE EXTENSION dblink');
	skip "dblink is not installed ($dblink->{message})", 5 if $dblink->{state} ne '00000';
	my $opened = $full->value(<<SQL);
CREATE FUNCTION pg_temp.fill() RETURNS int LANGUAGE plpgsql AS \$\$
DECLARE n int := 0;
BEGIN
  LOOP
    PERFORM dblink_connect('c' || n, ${\quoted($few->connstr('postgres'))});
    n := n + 1;
  END LOOP;
EXCEPTION WHEN OTHERS THEN
  RETURN n;
END \$\$;
SELECT pg_temp.fill()
SQL
	cmp_ok($opened, '>', 3, 'connections that hold descriptors');
	fails_with($full, $ok, '53000', qr/descriptor/, 'no descriptor is left for a request');
	state_is($full->ask('SELECT count(*) FROM asyncdemo.http_fetch_all(ARRAY[' . quoted($web->url) . '])'),
		'53000', '... nor for a set');
	state_is($full->ask('SELECT asyncdemo.http_send(' . quoted($web->url) . ')'), '53000', '... nor for a handle');
	$full->value("SELECT dblink_disconnect('c' || n) FROM generate_series(0, $opened - 1) n");
	is($full->value($ok), 'ok', '... until they let go');
}
is( $full->value('SELECT count(*) FILTER (WHERE status = 200) FROM asyncdemo.http_fetch_all(array_fill('
		  . quoted($web->url('/delay/0.01')) . '::text, ARRAY[200]), concurrency => 100)'),
	200, '200 requests, 100 at a time, with 64 descriptors');

done_testing();
