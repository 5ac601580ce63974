# --per-host and --http-rate hold HTTP requests back before they begin; the
# time that they wait is told, and ends with the step's own timeout.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;

my $serve = start_serve();
my $url = $serve->url('');

foreach my $case (
	[ 'no number for each host', qr/--per-host cannot be "few"/,
		qr/whole number/, '--per-host', 'few' ],
	[ 'none for each host', qr/--per-host cannot be "0"/, qr/from 1/,
		'--per-host', 0 ],
	[ 'no rate', qr/--http-rate cannot be "x"/, qr/above 0/,
		'--http-rate', 'x' ],
	[ 'a rate of 0', qr/--http-rate cannot be "0"/, qr/above 0/,
		'--http-rate', 0 ])
{
	my ($name, $message, $hint, @args) = @$case;
	my ($status, $out, $err) = run_client([ 'run', '-e', '\echo x', @args ]);

	is($status, 1, "$name: exit status") or diag $out . $err;
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
}

sub run_json
{
	my ($status, $out, $err) = run_client(
		[ 'run', '--format', 'json', '-D', "http=$url", @_ ]);

	is($status, 0, "@_[0, 1]: exit status") or diag $err;
	return decode_json($out);
}

sub spans
{
	my ($report) = @_;
	return sort { $a->{started} <=> $b->{started} }
	  map { grep { $_->{label} ne 'sleep' } @{ $_->{spans} } }
	  @{ $report->{tasks} };
}

# How many were under way at once, at most.
sub most_at_once
{
	my @moments = sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] }
	  map { ([ $_->{started}, 1 ], [ $_->{ended}, -1 ]) } @_;
	my ($now, $most) = (0, 0);

	foreach my $moment (@moments)
	{
		$now += $moment->[1];
		$most = $now if $now > $most;
	}
	return $most;
}

my $plan = '\http q GET :http/?delay=0.1' . "\n";

# ---- so many at a time ----

{
	my $report = run_json('--per-host', 3, '--tasks', 12, '-c', 12, '-e',
		$plan);

	is($report->{counts}{ok}, 12, 'all are done');
	is(most_at_once(spans($report)), 3, 'three at a time');
	cmp_ok($report->{wall}, '>=', 0.4, 'that takes four times as long');
	cmp_ok($report->{classes}{queued}, '>=', 0.9,
		'the others waited for their turn');
	cmp_ok($report->{classes}{http}, '<', 3, 'that is no HTTP time');
	cmp_ok($report->{prediction}{predicted}, '>=', 0.4,
		'the prediction knows of it');
	is($report->{prediction}{fix}, 'per_host', 'and what would help');
	like($report->{verdict}{why}, qr/--per-host/, 'the verdict names it');
}

{
	my $other = start_serve();
	my $report = run_json('--per-host', 1, '-D', 'other=' . $other->url(''),
		'-e', '\task a count=2' . "\n" . $plan . '\task b count=2' . "\n"
		  . '\http q GET :other/?delay=0.1' . "\n");

	is(most_at_once(spans($report)), 2, 'each host has its own limit');
	cmp_ok($report->{wall}, '>=', 0.2, 'which holds');
}

foreach my $mode ('blocking', 'threads')
{
	my $report = run_json('--mode', $mode, '--per-host', 2, '--tasks', 4,
		'-c', 4, '-e', $plan);

	cmp_ok(most_at_once(spans($report)), '<=', 2, "--mode $mode: the same");
	is($report->{counts}{ok}, 4, "--mode $mode: all are done");
}

{
	my $report = run_json('-j', 2, '--per-host', 2, '--tasks', 6, '-c', 6,
		'-e', $plan);

	is($report->{counts}{ok}, 6, '-j 2: all are done');
	cmp_ok(most_at_once(spans($report)), '<=', 2,
		'-j 2: the limit is that of the run');
	$report = run_json('-j', 2, '--per-host', 1, '--tasks', 4, '-c', 4, '-e',
		$plan);
	is($report->{loops}, 1, 'there are no more loops than it allows');
}

{
	my $report = run_json('--per-host', 2, '-e',
		"\\gather\n" . join('', map { "\\http q$_ GET :http/?delay=0.1\n" } 1 .. 6)
		  . "\\end\n");

	is(most_at_once(spans($report)), 2, 'in a gather, too');
}

# ---- so many a second ----

{
	my $report = run_json('--http-rate', 20, '--tasks', 11, '-c', 11, '-e',
		'\http q GET :http/' . "\n");
	my @spans = spans($report);

	is($report->{counts}{ok}, 11, 'all are done');
	cmp_ok($spans[-1]{started} - $spans[0]{started}, '>=', 0.48,
		'the eleventh begins half a second after the first');
	cmp_ok($report->{classes}{queued}, '>=', 2, 'the wait is told');
}

{
	my $report = run_json('--http-rate', 1000, '--per-host', 50, '-T', 2,
		'-c', 40, '-e', '\http q GET :http/' . "\n");
	my $n = $report->{counts}{ok};

	cmp_ok($n, "<=", 1000 * $report->{wall} + 20,
		"no more than 1000 a second: $n in $report->{wall} s");
}

# ---- who gives up ----

{
	my ($status, $out, $err) = run_client(
		[ 'run', '--per-host', 1, '--tasks', 3, '-c', 3, '-D', "http=$url",
			'--format', 'json', '-e', "\\timeout 150ms\n" . $plan ]);
	my $counts = decode_json($out)->{counts};

	is($status, 2, 'a timeout counts from the turn of the step');
	like($err, qr/timed out after 0\.15 s/, 'and ends the wait');
	is("$counts->{ok} $counts->{failed}", '1 2',
		'the limit holds for the others');
}

{
	my $client = start_client(
		[ 'run', '--http-rate', '0.1', '--tasks', 5, '-c', 5, '-D',
			"http=$url", '--format', 'json', '-e', $plan ]);

	wait_until('the second request is held back', sub { sleep 1; 1 });
	$client->signal('INT');
	sleep 1;
	$client->signal('INT');
	my ($status, $out, $err) = $client->finish;

	is($status, 130, 'the second Ctrl-C cancels what waits');
	is(decode_json($out)->{counts}{canceled}, 4, 'all of it');
}

done_testing();
