# --rate begins so many tasks a second, whatever happens to them; latency
# counts from the time at which a task should have begun, and what is late is
# told.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;

sub run_json
{
	my ($status, $out, $err) = run_client([ 'run', '--format', 'json', @_ ]);

	is($status, 0, "@_: exit status") or diag $err;
	return decode_json($out);
}

# ---- wrong command lines ----

foreach my $case (
	[ 'no number', qr/--rate cannot be "fast"/, qr/number above 0/,
		'-R', 'fast' ],
	[ 'zero', qr/--rate cannot be "0"/, qr/number above 0/, '-R', 0 ],
	[ 'a negative one', qr/--rate cannot be "-5"/, qr/number above 0/,
		'--rate=-5' ],
	[ 'not a number', qr/--rate cannot be "nan"/, qr/number above 0/,
		'-R', 'nan' ],
	[ 'an unknown schedule', qr/--rate-schedule cannot be "even"/,
		qr/poisson, uniform/, '--rate-schedule', 'even' ],
	[ 'a limit of 0', qr/--latency-limit cannot be "0"/, qr/milliseconds/,
		'-L', 0 ],
	[ 'a limit that is no time', qr/--latency-limit cannot be "soon"/,
		qr/0\.5s/, '-L', 'soon' ],
	[ 'an \option', qr/<command>:1:\d+: --rate cannot be/, qr/above 0/,
		'-e', "\\option rate x\n\\echo x" ])
{
	my ($name, $message, $hint, @args) = @$case;
	my ($status, $out, $err) = run_client([ 'run', '-e', '\echo x', @args ]);

	is($status, 1, "$name: exit status") or diag $out . $err;
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
}

# ---- the rate ----

foreach my $kind ('poisson', 'uniform')
{
	my $report = run_json('-R', 200, '--rate-schedule', $kind, '-T', 4,
		'-c', 50, '-e', '\sleep 1ms');
	my $n = $report->{counts}{ok};

	cmp_ok(abs($n - 800), '<=', 8, "$kind: 800 tasks in 4 s, not $n");
	is($report->{schedule}{kind}, $kind, "$kind: the report names it");
	is($report->{schedule}{rate}, 200, "$kind: and the rate");
	is($report->{schedule}{skipped}, 0, "$kind: nothing is skipped");
	is($report->{schedule}{lag}{count}, $n, "$kind: every task has a lag");
	is($report->{prediction}, undef, "$kind: nothing is predicted");
}

{
	my $report = run_json('-R', 500, '--tasks', 100, '-c', 2, '-e',
		'\option rate 10' . "\n" . '\echo x', '-q');

	is($report->{schedule}{rate}, 500, 'the command line wins over \option');
	is($report->{counts}{ok}, 100, '--tasks ends it');
	cmp_ok($report->{wall}, '>=', 0.15, 'it takes its time');
}

is(run_json('-e', '\echo x', '-q')->{schedule}, undef,
	'no --rate, no schedule');

# ---- what is late ----

{
	# 20 a second are wanted, one place does 10
	my ($report, $last);

	in_some_try(
		sub {
			$report = run_json('-R', 20, '--rate-schedule', 'uniform',
				'--tasks', 10, '-c', 1, '-e', '\sleep 100ms');
			$last = $report->{tasks}[9];
			abs($last->{begun} - 0.45) < 0.05;
		});

	is($report->{counts}{ok}, 10, 'all tasks run in the end');
	cmp_ok($report->{schedule}{lag}{max}, '>=', 0.4,
		'the last one begins 0.45 s late');
	cmp_ok($last->{ended} - $last->{begun}, '>=', 0.5,
		'its latency counts from when it should have begun');
	cmp_ok($last->{classes}{queued}, '>=', 0.4,
		'the wait for a place is told as such');
	cmp_ok(abs($last->{begun} - 0.45), '<', 0.05, 'the schedule was kept');
}

{
	my $report = in_some_try(
		sub {
			my $try = run_json('-R', 20, '--rate-schedule', 'uniform',
				'--tasks', 10, '-c', 1, '-L', 120, '-e', '\sleep 100ms');
			$try->{schedule}{lag}{max} <= 0.125 ? $try : undef;
		}) // {};
	my ($ran, $skipped) =
	  ($report->{counts}{ok}, $report->{schedule}{skipped});

	is($ran + $skipped, 10, 'those that are too late count, but do not run');
	cmp_ok($skipped, '>=', 2, 'some were skipped');
	cmp_ok($ran, '>=', 4, 'some were not');
	cmp_ok($report->{schedule}{lag}{max}, '<=', 0.125,
		'no task begins later than the limit');
	is($report->{latency_limit}{limit}, 0.12, 'the limit is told');
	cmp_ok($report->{latency_limit}{over}, '>=', 1,
		'and how many tasks took longer');
}

{
	my $report = run_json('-L', '50', '-c', 1, '-e', "\\task a count=3\n"
		  . "\\sleep 1ms\n\\task b count=2\n\\sleep 60ms");

	is($report->{latency_limit}{over}, 2,
		'without --rate the limit only counts');
	is($report->{schedule}, undef, 'and nothing is scheduled');
}

{
	my ($status, $out, $err) = run_client(
		[ 'run', '--color=never', '-R', 300, '-T', 1, '-L', 1000, '-c', 5,
			'-e', '\sleep 1ms' ]);

	is($status, 0, 'the text report: exit status');
	like($out, qr/300 tasks\/s wanted \(poisson\).*began late: mean .* p99 .*skipped/s,
		'tells rate and lag');
	like($out, qr/over the limit of 1\.00 s: 0 \(0\.0 %\)/,
		'and the limit');
}

# ---- with -t, as pgbench: each slot has its own number, skipped ones too ----

{
	my $report = run_json('-R', 1000, '-t', 20, '-c', 2, '-L', 5, '-e',
		'\sleep 20ms');

	is($report->{counts}{ok} + $report->{schedule}{skipped}, 40,
		'-t counts what was skipped');
}

# ---- the end of -T while tasks wait for their time ----

{
	my $report = run_json('-R', 2, '--rate-schedule', 'uniform', '-T', 1.2,
		'-c', 5, '-e', '\sleep 1ms');

	is($report->{counts}{ok}, 3, 'none begins after the time is up');
	cmp_ok($report->{wall}, '<', 5, 'and none is waited for');
}

# ---- two loops share the rate ----

{
	my $report;

	in_some_try(
		sub {
			$report = run_json('-j', 2, '-R', 200, '-T', 2, '-c', 10, '-e',
				'\sleep 1ms');
			abs($report->{counts}{ok} - 400) <= 6;
		});
	cmp_ok(abs($report->{counts}{ok} - 400), '<=', 6,
		'with -j the rate is that of the run');
	is($report->{schedule}{lag}{count}, $report->{counts}{ok},
		'the lags are put together');
}

done_testing();
