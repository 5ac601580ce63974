# The verdict names common mistakes with their place and their remedy, and is
# silent about runs that nearly make them.

use strict;
use warnings;

use AsyncDemoTest;
use HttpFaultServer;
use JSON::PP;
use Test::More;
use TestCerts;

my $serve = start_serve();
my $url = "$serve->{url}";

psql('DROP TABLE IF EXISTS mistaken; CREATE TABLE mistaken (id int)');

sub verdict
{
	my ($text, @args) = @_;
	my ($status, $out, $err) = run_client(
		[ 'run', '--format', 'json', '-D', "http=$url", @args, plan_file($text, 'plan.sql') ]);
	my $report = eval { decode_json($out) };

	is($status, 0, 'the run ends well') or diag $err;
	return $report;
}

sub told
{
	my ($report, $kind) = @_;
	my ($mistake) = grep { $_->{kind} eq $kind } @{ $report->{verdict}{mistakes} };

	return $mistake ? $mistake->{text} : 'nothing';
}

# -------- two queries on one connection --------

my $gather = "\\gather\nSELECT pg_sleep(0.1);\nSELECT pg_sleep(0.11);\n\\end\n";
my $report = verdict("\\task a count=2\n$gather\\task b\n\\sleep 0.4\n", '--connections', 2);
like(told($report, 'two_queries'),
	qr/^two queries on one connection: step 2 of a \(sql, line 4\) waited 0\.\d+ s behind another one of its gather; more connections \(--connections \d+\) let them run at once\.$/,
	'two queries in a gather, one connection each');
$report = verdict("\\task a count=2\n$gather\\task b\n\\sleep 0.4\n", '--connections', 6);
is(told($report, 'two_queries'), 'nothing', 'not with a connection for each');

# -------- a lease held during HTTP --------

my $http = "SELECT 1;\n\\http page GET :http?delay=0.1\nSELECT 2;\n";
$report = verdict("\\task a count=6\n$http\\task b\n\\blocking\n\\sleep 0.3\n", qw(--connections 3));
like(told($report, 'held_lease'),
	qr/^connections lay idle for [\d.]+ s during step 2 of a \(page, line 3\), while tasks waited [\d.]+ s for one: hold them shorter \(--hold transaction\), or \\release them before it\.$/,
	'connections idle during HTTP, while others wait');
$report = verdict("\\task a count=6\n$http\\task b\n\\blocking\n\\sleep 0.3\n", qw(--connections 7));
is(told($report, 'held_lease'), 'nothing', 'not when nobody waits');
$report = verdict("\\task a count=6\n$http\\task b\n\\blocking\n\\sleep 0.3\n", qw(--connections 3 --hold statement));
is(told($report, 'held_lease'), 'nothing', 'not with --hold statement');
$report = verdict($http, qw(-c 12 --connections 3 --tasks 520 -D), "http=$url");
like($report->{verdict}{fix},
	qr/^hold connections shorter \(--hold transaction\), or \\release them before step 2 of plan \(page, line 2\)\.$/,
	'too many for a prediction: that is the fix');
is(told($report, 'held_lease'), 'nothing', 'and is said once');

# -------- idle in transaction --------

$report = verdict("BEGIN;\nINSERT INTO mistaken VALUES (1);\n\\http page GET :http?delay=0.1\nCOMMIT;\n", qw(-c 2 --tasks 4));
like(told($report, 'idle_in_transaction'),
	qr/^transactions stood open and idle for 0\.[45]\d+ s, during step 3 of plan \(page, line 3\): do that before BEGIN or behind COMMIT/,
	'HTTP within a transaction');
$report = verdict("\\http page GET :http?delay=0.1\nBEGIN;\nINSERT INTO mistaken VALUES (1);\nSELECT pg_sleep(0.1);\nCOMMIT;\n\\sleep 0.1\n", qw(-c 2 --tasks 4));
is(told($report, 'idle_in_transaction'), 'nothing', 'not before and behind one');

# -------- connects in the hot path --------

$report = verdict("SELECT 1;\nSELECT pg_sleep(0.002);\n", qw(-C -c 2 --tasks 40));
my $connects = 'nothing';
$connects = $report->{verdict}{why} . ' ' . $report->{verdict}{fix}
  if $report->{verdict}{why} =~ /connections to open/;
$connects = told($report, 'late_connects') if $connects eq 'nothing';
like($connects, qr/leave -C out\.$/, 'a new connection for each task');
$report = verdict("SELECT 1;\nSELECT pg_sleep(0.002);\n", qw(-c 2 --tasks 40));
is(told($report, 'late_connects'), 'nothing', 'not when they open before the clock');
unlike($report->{verdict}{why}, qr/connections to open/, 'nor as the cause');

# -------- a pool that is too small --------

my $small = "\\task a count=4\n\\http page GET :http?delay=0.1\n\\release\nSELECT pg_sleep(0.12);\n\\task b\n\\blocking\n\\sleep 0.5\n";
$report = verdict($small, qw(--connections 1));
my $pool = told($report, 'small_pool');
$pool = "cause" if $report->{verdict}{why} =~ /for a connection/;
like($pool, qr/^(?:cause|the pool is smaller than the tasks in flight: they waited [\d.]+ s for its 1 connection, most at step 2 of a \(sql, line 4\); with 5 \S+ predicted .*)$/,
	'a pool that is too small is the cause, or told');
$report = verdict($small, qw(--connections 5));
is(told($report, 'small_pool'), 'nothing', 'not when there is one for each');

# -------- connections to a web server that are not kept --------

my $closer = start_fault_server(sub {
	sysread $_[0], my $request, 4096;
	syswrite $_[0], "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
});
$report = verdict("\\http page GET $closer->{url}\n", qw(-c 2 --tasks 60));
my ($step) = @{ $report->{steps} };
my $cold = 0;
$cold += $step->{phases}{$_} // 0 foreach qw(dns connect tls);
# at the border (0.02, less what is needed) either is right
if ($cold > 0.019 * $report->{tasks_time})
{
	like(told($report, 'cold_requests'),
		$cold < 0.022 * $report->{tasks_time} ? qr/./
		: qr/^step 1 of plan \(page, line 1\) made a connection for \d\d of 60 requests, [\d.]+ \S+ in all: let the server/,
		'a server that closes after each answer');
}
else
{
	is(told($report, 'cold_requests'), 'nothing', 'not when that hardly takes time');
}
$report = verdict("\\http page GET :http\n", qw(-c 2 --tasks 60));
is(told($report, 'cold_requests'), 'nothing', 'not with one that does not');

# -------- a blocking request that connects and shakes hands --------

my $certs = TestCerts->new(temp_folder() . '/certs');
my $web = HttpFaultServer->new(tls => { good => [ $certs->pair('good') ] });
my $https = $web->tls_url('good', $web->script_path(
	[ send => "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" ], ['close']));
my $request = "\\http page GET $https cacert=" . $certs->ca . "\n";
$report = verdict("\\blocking\n$request", qw(-c 1 --tasks 20));
like(told($report, 'blocking_setup') . " $report->{verdict}{fix}",
	qr/^(?:step 1 of plan \(page, line 2, blocking\) held the loop for [\d.]+ m?s to look up, connect and shake hands, 20 times: make it async\.|nothing make step 1 of plan \(page, line 2\) async)/,
	'a TLS handshake in each call: told, or it is the fix');
$report = verdict($request, qw(-c 1 --tasks 20));
is(told($report, 'blocking_setup'), 'nothing', 'not of an async request');
like(told($report, 'cold_requests'), qr/^step 1 of plan \(page, line 1\) made a connection for 20 of 20 requests/,
	'which may still be told to keep its connections');
$report = verdict("\\blocking\n\\http page GET :http?delay=0.02\n", qw(-c 1 --tasks 20));
is(told($report, 'blocking_setup'), 'nothing', 'not when there is hardly anything to set up');

# -------- the client's own core --------

$report = verdict("\\set x random(1, 1000)\n\\set y :x * 2\n", qw(-c 8 -T 1));
my $part = $report->{loop_cpu} / $report->{wall};
my $busy = told($report, 'busy_client') . $report->{verdict}{fix};
if ($part > 0.9)
{
	like($busy, qr/the client's loop used \d+ % of a core/, 'a loop that is all its core can be');
}
else
{
	unlike($busy, qr/the client's loop used \d+ % of a core[:,]/, 'a loop that gets less than a core');
}
$report = verdict("SELECT pg_sleep(0.05);\n", qw(-c 4 --tasks 16));
is(told($report, 'busy_client'), 'nothing', 'not one that waits');

# -------- where they are told --------

my ($status, $out, $err) = run_client([ 'run', '-D', "http=$url", '--html', temp_folder() . '/m.html',
		plan_file("BEGIN;\n\\http page GET :http?delay=0.1\nCOMMIT;\n") ]);
like($out, qr/^  Fix: .*^  Also: transactions stood open and idle for /ms, 'as text, behind why and fix');
like(slurp(temp_folder() . '/m.html'), qr/"kind":"idle_in_transaction"/, 'in the page');

done_testing();
