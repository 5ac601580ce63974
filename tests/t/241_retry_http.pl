# A request that may be repeated is tried again until the server is back, as
# late as it asks for; one that may not is sent once, whatever happens.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep time);

# Without the proxies of whoever runs the tests.
my %direct = map { $_ => undef }
  qw(http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY);
my $log = temp_folder() . '/requests';

# A server that notes each request, and what the sub says is its answer: a
# text, or undef to close the connection.  It is told how many came before.
sub noting_server
{
	my ($answer) = @_;

	unlink $log;
	return start_fault_server(
		sub {
			my ($socket) = @_;
			my $text = '';

			while (sysread $socket, $text, 65536, length $text)
			{
				next if $text !~ /\r\n\r\n/;
				my $before = requests();
				open my $handle, '>>', $log;
				syswrite $handle, (split / /, $text)[0] . "\n";
				close $handle;
				my $said = $answer->($before);
				return if !defined $said;
				syswrite $socket, $said;
				$text = '';
			}
		});
}

# How many were noted.
sub requests { return -e $log ? scalar(() = slurp($log) =~ /\n/g) : 0; }

sub answer
{
	my ($status, $header) = @_;
	$header = $header ? "$header\r\n" : '';
	return "HTTP/1.1 $status Said So\r\n${header}Content-Length: 2\r\n\r\nok";
}

# Returns (exit status, report, stderr, seconds).
sub report_of
{
	my ($plan, @args) = @_;
	my $begun = time;
	my ($status, $out, $err) = run_client(
		[ 'run', '--format', 'json', @args, plan_file($plan) ], env => \%direct);
	my $took_s = time - $begun;
	my $report = eval { decode_json($out) } // {};

	is($report->{counts}{ok} + $report->{counts}{failed}
		  + $report->{counts}{canceled},
		scalar @{ $report->{tasks} }, 'counts add up')
	  or diag $out . $err;
	return ($status, $report, $err, $took_s);
}

# ---- a server that is down for 5 s in the middle ----

my $serve = start_serve();
my $port = $serve->port;
my $client = start_client(
	[ 'run', '--format', 'json', '-c', 6, '--tasks', 60, '--retries', 40,
		'--retry-budget', 1000,
		plan_file('\http q GET ' . $serve->url('/?delay=0.2&value=300')
			  . "\n\\json v q_body /value\n\\assert :v = 300\n") ],
	env => \%direct);
sleep 0.7;
$serve->stop;
ok(!$client->has_ended, 'the server goes down in the middle');
sleep 5;
$serve = start_serve('--port', $port);
my ($status, $out, $err) = $client->finish;
my $report = decode_json($out);
is($status, 0, 'down for 5 s: exit status') or diag $err;
is($report->{counts}{ok}, 60, 'down for 5 s: all end well');
cmp_ok($report->{retries}{made}, '>=', 6, 'down for 5 s: tried again');
cmp_ok($report->{classes}{backoff}, '>', 3, 'down for 5 s: back-off');

# A POST that could not be sent may be sent later.
$serve->stop;
$client = start_client(
	[ 'run', '--format', 'json', '--retries', 40,
		plan_file('\http q POST ' . $serve->url('/?value=1') . "\n") ],
	env => \%direct);
sleep 1;
$serve = start_serve('--port', $port);
($status, $out, $err) = $client->finish;
is($status, 0, 'a POST that nobody got: exit status') or diag $err;
cmp_ok(decode_json($out)->{retries}{made}, '>', 0,
	'a POST that nobody got: tried again');

# ---- statuses, in every way to call ----

my $server = noting_server(sub { answer($_[0] < 2 ? 503 : 200) });
foreach my $mark ('', "\\blocking\n", "\\thread\n")
{
	my $name = $mark =~ /(\w+)/ ? $1 : 'async';

	unlink $log;
	($status, $report, $err) = report_of("$mark\\http q GET "
		  . $server->url . "\n\\assert :q_status = 200\n", '--retries', 2);
	is($status, 0, "503 twice ($name): exit status") or diag $err;
	is(requests(), 3, "503 twice ($name): three requests");

	unlink $log;
	($status, $report, $err) =
	  report_of("$mark\\retry 1\n\\http q GET " . $server->url . "\n");
	is($status, 2, "one retry ($name): exit status");
	is(requests(), 2, "one retry ($name): two requests");
	like($err, qr/answered 503.*after 2 attempts/, "one retry ($name): said");

	unlink $log;
	($status, $report, $err) =
	  report_of("$mark\\http q POST " . $server->url . " body=\"x\"\n",
		'--retries', 5);
	is($status, 2, "a POST ($name): exit status");
	is(requests(), 1, "a POST ($name): sent once");
}

unlink $log;
($status, $report, $err) =
  report_of("\\retry 3 on=5xx\n\\http q POST " . $server->url . "\n");
is($status, 0, 'a POST with on=5xx: exit status') or diag $err;
is(requests(), 3, 'a POST with on=5xx: sent again');

unlink $log;
($status, $report, $err) =
  report_of("\\retry 3 on=429\n\\http q GET " . $server->url . "\n");
is(requests(), 1, 'a GET with on=429: not after 503');

unlink $log;
($status, $report, $err) =
  report_of("\\retry 3\n\\http q GET " . $server->url . " expect=any\n");
is($status, 0, 'a status that is expected is no failure');
is(requests(), 1, 'and nothing is tried again');
$server->stop;

# ---- Retry-After ----

foreach my $case (
	[ 'seconds', sub { 'Retry-After: 2' } ],
	[ 'a date', sub { 'Retry-After: '
			  . strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + 4)) } ])
{
	my ($name, $header) = @$case;

	$server = noting_server(
		sub { $_[0] == 0 ? answer(429, $header->()) : answer(200) });
	($status, $report, $err, my $took_s) =
	  report_of('\http q GET ' . $server->url . "\n", '--retries', 1);
	is($status, 0, "Retry-After, $name: exit status") or diag $err;
	cmp_ok($took_s, '>=', 1.9, "Retry-After, $name: waited for");
	is(requests(), 2, "Retry-After, $name: two requests");
	$server->stop;
}

$server = noting_server(sub { answer(503, 'Retry-After: 3600') });
($status, $report, $err) =
  report_of('\http q GET ' . $server->url . "\n", '--retries', 9);
is($status, 2, 'Retry-After, an hour: exit status');
is(requests(), 1, 'Retry-After, an hour: not tried again');
like($err, qr/left alone for 3600 s/, 'Retry-After, an hour: said');
$server->stop;

# ---- answers that do not come ----

# Every other request of a connection that is kept open gets none.
$server = noting_server(sub { $_[0] % 2 == 0 ? answer(200) : undef });
($status, $report, $err) = report_of(
	'\http a POST ' . $server->url . " body=\"a\"\n\\http b POST "
	  . $server->url . " body=\"b\"\n",
	'--tasks', 10, '-c', 1, '--retries', 5);
is($status, 2, 'POST without an answer: exit status');
is($report->{counts}{failed}, 10, 'POST without an answer: each fails');
is(requests(), 20, 'POST without an answer: each is sent once');
is($report->{retries}{made}, 0, 'POST without an answer: no retry');

unlink $log;
($status, $report, $err) = report_of('\http a GET ' . $server->url . "\n",
	'--tasks', 10, '-c', 1, '--retries', 5);
is($status, 0, 'GET without an answer: exit status') or diag $err;
is($report->{counts}{ok}, 10, 'GET without an answer: all end well');
$server->stop;

# Each attempt has the whole of its time.
$server = noting_server(sub { sleep 30; return; });
foreach my $mark ('', "\\blocking\n", "\\thread\n")
{
	unlink $log;
	($status, $report, $err, my $took_s) =
	  report_of("\\timeout 0.4\n$mark\\http q GET " . $server->url . "\n",
		'--retries', 2);
	is($status, 2, 'a silent server: exit status');
	is(requests(), 3, 'a silent server: three requests');
	cmp_ok($took_s, '>=', 1.2, 'a silent server: each had its time');
	like($err, qr/timed out after 0\.4 s.*after 3 attempts/,
		'a silent server: said');
}
unlink $log;
($status, $report, $err) = report_of(
	"\\timeout 0.4\n\\http q POST " . $server->url . "\n", '--retries', 2);
is(requests(), 1, 'a silent server: a POST is sent once');
$server->stop;

# ---- a storm: the budget ----

$server = noting_server(sub { answer(500) });
($status, $report, $err) = report_of('\http q GET ' . $server->url . "\n",
	'--tasks', 300, '-c', 20, '--retries', 3, '--retry-budget', '10%');
is($status, 2, 'a storm: exit status');
is($report->{counts}{failed}, 300, 'a storm: all fail');
cmp_ok($report->{retries}{made}, '<=', 230, 'a storm: 200 and a tenth');
is(requests(), 300 + $report->{retries}{made}, 'a storm: each is counted');
cmp_ok($report->{retries}{refused}, '>', 0, 'a storm: some are refused');
($status, $out, $err) = run_client(
	[ 'run', '--tasks', 150, '-c', 20, '--retries', 9, '--retry-budget', 0,
		plan_file('\http q GET ' . $server->url . "\n") ],
	env => \%direct);
like($out . $err, qr/budget\s+for\s+retries\s+was\s+used\s+up/,
	'a storm: the report says so');
$server->stop;

# ---- a redirect to another host ----

my $seen = temp_folder() . '/seen';
my $target = start_fault_server(
	sub {
		sysread $_[0], my $text, 65536;
		open my $handle, '>', $seen;
		print $handle $text;
		close $handle;
		syswrite $_[0], answer(200);
	});
my $first = start_fault_server(
	sub {
		sysread $_[0], my $unused, 65536;
		syswrite $_[0], "HTTP/1.1 302 Found\r\nLocation: "
		  . $target->url('/there') . "\r\nContent-Length: 0\r\n\r\n";
	});
foreach my $mark ('', "\\blocking\n")
{
	($status, $report, $err) = report_of("$mark\\http q GET "
		  . $first->url . ' follow=2 header="X-Api-Key: hunter2"'
		  . ' header="Authorization: Bearer hunter2"'
		  . " header=\"Accept-Language: de\"\n");
	is($status, 0, 'another origin: exit status') or diag $err;
	like(slurp($seen), qr{^GET /there }, 'another origin: reached');
	unlike(slurp($seen), qr/hunter2/, 'another origin: no secret goes there');
	like(slurp($seen), qr/Accept-Language: de/, 'another origin: the rest does');
}
$_->stop foreach $target, $first;

done_testing();
