# A statement whose row tells when the server began and ended has its time split:
# the server's, and network and the rest; and no other statement has.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;

my $folder = temp_folder();

sub report_of
{
	my ($text, @args) = @_;
	my ($status, $out, $err) = run_client([ 'run', '--format', 'json', @args, plan_file($text) ]);

	is($status, 0, "a run: @args") or diag $err;
	return decode_json($out);
}

sub step_of
{
	my ($report, $line) = @_;
	my ($step) = grep { $_->{line} == $line } @{ $report->{steps} };

	return $step;
}

psql('CREATE EXTENSION IF NOT EXISTS asyncdemo');

# -------- however it is called --------

my $span = 'SELECT * FROM asyncdemo.delay_span(0.1)';
foreach (
	[ 'async', "$span;" ],
	[ 'blocking', "\\blocking\n$span;" ],
	[ 'on a thread', "\\thread\n$span;" ],
	[ 'simple', "$span;", '-M', 'simple' ],
	[ 'extended', "$span;", '-M', 'extended' ],
	[ 'shared connections', "$span;", '--pipeline', 2 ],
	[ 'a pipeline', "\\startpipeline\n$span;\n\\endpipeline" ],
	[ 'gset', "$span \\gset" ],
	[ 'aset', "$span \\aset" ],
	[ 'two in one', "SELECT 1 AS one\\; $span;", '-M', 'simple' ],
	[ 'of our own making', "SELECT now() AS x, s.pid AS pid, s.finished_at, s.started_at FROM asyncdemo.delay_span(0.1) AS s, generate_series(1, 3);" ],
	[ 'two loops', "$span;", '-j', 2, '-c', 2 ])
{
	my ($name, $text, @args) = @$_;
	my ($report, $step);
	in_some_try(sub {
		# where we were kept waiting, what the server says is not believed
		$report = report_of("$text\n", '--tasks', 3, @args);
		($step) = grep { ($_->{told} // 0) > 0 } @{ $report->{steps} };
		return $step && $step->{told} == 3;
	});
	ok($step, "$name: it tells") or next;
	is($step->{told}, 3, "$name: each time");
	my $own = $step->{own}{mean} * 3;
	cmp_ok($step->{phases}{server}, '>=', 0.3, "$name: at least what it was asked to take");
	cmp_ok($step->{phases}{server}, '<', $own, "$name: less than what it took for us");
	cmp_ok(abs($step->{phases}{server} + $step->{phases}{rest} - $own), '<', 0.005, "$name: together all of it");
	my $phases = $report->{tasks}[0]{spans}[-1]{phases};
	cmp_ok($phases->{server} // 0, '>=', 0.1, "$name: the span has it")
	  unless $name eq 'a pipeline';
}

# -------- what is the server's, and what is left --------

my $text = "SELECT s.*, pg_sleep(0.2) FROM asyncdemo.delay_span(0.1) AS s;\nSELECT pg_sleep(0.1);\n";
my $report = report_of($text, '--tasks', 4, '-c', 2, '--html', "$folder/told.html", '--metrics', "$folder/told.prom");
my $told = step_of($report, 1);
cmp_ok($told->{phases}{server}, '>=', 0.4, 'its rows tell of their part');
cmp_ok($told->{phases}{rest}, '>=', 0.8, 'what the statement did beside is left');
cmp_ok($told->{phases}{rest}, '>', 1.5 * $told->{phases}{server}, 'and is not taken for it');
ok(!exists step_of($report, 2)->{told}, 'another statement tells nothing');
is_deeply(step_of($report, 2)->{phases}, {}, 'and has no parts');
like(slurp("$folder/told.html"), qr/"told":4/, 'in the page');
like(slurp("$folder/told.prom"), qr/^asyncdemo_step_told_seconds\{[^}]*line="1"[^}]*part="server"\} 0\.[4-9]/m, 'in the metrics');
unlike(slurp("$folder/told.prom"), qr/^asyncdemo_step_told_seconds\{[^}]*line="2"/m, 'of that one alone');

# -------- as text and as a table, now and from a saved run --------

my ($status, $out, $err);
foreach my $tasks (1, 20)
{
	($status, $out, $err) = run_client([ 'run', '--tasks', $tasks, '-c', 10, plan_file($text) ]);
	like($out, qr/^  each sql of line 1: server 0\.1\d\d s, network and the rest 0\.[2-9]\d+ s$/m, "$tasks tasks: as text")
	  or diag $out;
	unlike($out, qr/each sql of line 2/, "$tasks tasks: of that statement alone");
}
($status, $out, $err) = run_client([ 'run', '--tasks', 2, '--format', 'csv', plan_file($text) ]);
my @rows = map { [ split /,/, $_, -1 ] } split /\r\n/, $out;
my %at = map { $rows[0][$_] => $_ } 0 .. $#{ $rows[0] };
my ($first) = grep { $_->[ $at{scope} ] eq 'step' && $_->[ $at{line} ] == 1 } @rows;
my ($second) = grep { $_->[ $at{scope} ] eq 'step' && $_->[ $at{line} ] == 2 } @rows;
cmp_ok($first->[ $at{server} ], '>=', 0.2, 'in the table');
cmp_ok($first->[ $at{rest} ], '>=', 0.4, 'with the rest');
is($second->[ $at{server} ], '', 'and an empty cell where nothing was told');

my $saved = plan_file(encode_json($report), 'told.json');
($status, $out, $err) = run_client([ 'report', $saved ]);
is($status, 0, 'a saved run') or diag $err;
like($out, qr/^  each sql of line 1: server /m, 'says the same');

# -------- what is not believed --------

foreach (
	[ 'of another backend', "SELECT 1 AS pid, now() - interval '1 ms' AS started_at, now() AS finished_at" ],
	[ 'longer than the statement', "SELECT pg_backend_pid() AS pid, now() - interval '1 hour' AS started_at, now() AS finished_at" ],
	[ 'without a row', "$span WHERE pid = 0" ],
	[ 'not a timestamptz', "SELECT pid, started_at::text, finished_at FROM asyncdemo.delay_span(0.01)" ],
	[ 'a failure', "SELECT s.*, 1 / (s.pid - s.pid) FROM asyncdemo.delay_span(0.01) AS s" ])
{
	my ($name, $sql) = @$_;
	($status, $out, $err) = run_client([ 'run', '--format', 'json', '-e', $sql ]);
	is_deeply(decode_json($out)->{steps}[0]{phases}, {}, "$name: tells nothing");
}

# -------- beside samples --------

$report = report_of("$span;\n", '--tasks', 6, '-c', 2, '--sample-server', '--sample-interval', '5ms');
ok($report->{server_samples}{looks} > 0, 'it was sampled');
($status, $out, $err) = run_client([ 'run', '--tasks', 20, '-c', 4, '--sample-server', '-e', $span ]);
like($out, qr/^  each sql of line 1: server (0\.1\d\d s|\d\d\.\d ms)/m, 'the exact figure');
my ($idle) = $out =~ /other waits[^\n]*idle (?:\S )?([\d.]+) %/;
cmp_ok($idle // 0, '<=', 10, 'which bounds what samples take for idle') or diag $out;

done_testing();
