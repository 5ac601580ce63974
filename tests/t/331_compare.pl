# --compare runs variants in turn and says which is faster, how sure that is,
# and, for a build to break on, whether one is too slow.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use Test::More;

my $plan = plan_file(<<'END');
\task a
\blocking
\sleep 60 ms
SELECT pg_sleep(0.06);
\task b
\sleep 60 ms
SELECT pg_sleep(0.06);
END

sub compare
{
	my @args = @_;
	my ($status, $out, $err) =
	  run_client([ 'run', '--format', 'json', @args ]);

	return ($status, scalar(eval { decode_json($out) }), $err, $out);
}

# ---- two ways whose times differ by what the scheduler says ----

my ($status, $report, $err) = compare($plan, '--rounds', 6, '--compare',
	'plan,async,sequential');

is($status, 0, 'exit status') or diag $err;
is($report->{schema}, 'asyncdemo-compare', 'the report says what it is');
is($report->{rounds}, 6, 'as many rounds as asked for');
is_deeply([ map { $_->{name} } @{ $report->{variants} } ],
	[ 'plan', 'async', 'sequential' ], 'variants, in order');
is(scalar @{ $report->{variants}[1]{wall}{values} },
	6, 'a value for each round');
is($report->{variants}[2]{tasks}, 2, 'tasks');

my ($as_marked, $async, $sequential) = @{ $report->{variants} };

# 0.18, 0.12 and 0.24 s: lower bounds are exact, the order holds on any machine
cmp_ok($as_marked->{wall}{mean}, '>=', 0.18, 'plan: nothing ends early');
cmp_ok($async->{wall}{mean}, '>=', 0.12, 'async: nor here');
cmp_ok($sequential->{wall}{mean}, '>=', 0.24, 'sequential: nor here');
cmp_ok($async->{interval}[0], '<=', $async->{ratio}, 'interval: from');
cmp_ok($async->{interval}[1], '>=', $async->{ratio}, 'interval: to');
ok($sequential->{p} < 0.05 && $sequential->{significant},
	'six rounds are enough to tell sequential');

# ---- no difference is no difference ----

($status, $report) = compare('-e', 'SELECT pg_sleep(0.01)', '-M', 'prepared',
	'--tasks', 5, '--rounds', 3, '--compare', 'hold=task',
	'hold=transaction');
is($status, 0, 'the same twice: exit status');
ok(!$report->{variants}[1]{significant},
	'three rounds can never tell: their p is 0.1 at least');

my ($out);
($status, $out) = run_client(
	[ 'run', '-e', 'SELECT 1', '--tasks', 5, '--rounds', 3, '--compare',
		'c=1' ]);
like($out, qr/as given/, 'one variant is held against the line as given');
like($out, qr/not significant/, 'and the text says it plainly');

# ---- a build that breaks ----

in_some_try(
	sub {
		($status, $report) = compare($plan, '--rounds', 5, '--compare',
			'async,sequential', '--fail-if-slower', '50%');
		$status == 3;
	});
is($status, 3, '--fail-if-slower: too slow');
ok(!$report->{passed}, '--fail-if-slower: said so');
in_some_try(
	sub {
		($status, $report) = compare($plan, '--rounds', 5, '--compare',
			'sequential,async', '--fail-if-slower', 5);
		$status == 0;
	});
is($status, 0, '--fail-if-slower: faster is no failure');
ok($report->{passed}, '--fail-if-slower: passed');

# ---- in other forms, and again from what was saved ----

my $folder = temp_folder();
($status, $out, $err) = run_client(
	[ 'run', $plan, '--rounds', 4, '--compare', 'plan,async',
		'--fail-if-slower', 10, '--format', 'json', '--html', "$folder/a.html",
		'--svg', "$folder/a.svg" ]);
is($status, 0, 'pictures beside JSON: exit status') or diag $err;
open my $saved, '>', "$folder/saved.json" or die $!;
print $saved $out;
close $saved or die $!;
my (undef, $again) = run_client(
	[ 'report', "$folder/saved.json", '--format', 'json', '--html',
		"$folder/b.html" ]);
is_deeply(decode_json($again), decode_json($out), 'saved: the same again');
is(slurp("$folder/b.html"), slurp("$folder/a.html"), 'saved: the same page');
cmp_ok(decode_json($out)->{variants}[0]{wall}{interval}[0], '<',
	decode_json($out)->{variants}[0]{wall}{mean}, 'an interval of the mean');
($status, $out) =
  run_client([ 'report', "$folder/saved.json", '--format', 'csv' ]);
my ($heads, @rows) = map { [ split /,/, $_, -1 ] } split /\r\n/, $out;
is_deeply([ map { scalar @$_ } @rows ], [ (scalar @$heads) x 10 ],
	'CSV: two variants, four rounds each, every row whole');
($status, undef, $err) =
  run_client([ 'report', "$folder/saved.json", "$folder/saved.json" ]);
is($status, 1, 'two comparisons: exit status');
like($err, qr/two runs are held.*is a comparison/, 'two comparisons: said');

# ---- mistakes ----

foreach my $option ('--trace', '--hgrm', '--metrics')
{
	($status, undef, $err) = run_client([ 'run', '-e', 'SELECT 1',
			'--compare', 'c=1,c=2', $option, "$folder/x" ]);
	is($status, 1, "$option: exit status");
	like($err, qr/$option tells about one run, and this is a comparison/,
		"$option: said");
	ok(!-e "$folder/x", "$option: before anything is written");
}

foreach my $case (
	[ ['async,blokking'], qr/no option "blokking"/, 'unknown mode' ],
	[ ['conections=4'], qr/did you mean connections\?/, 'unknown option' ],
	[ ['c'], qr/needs a value.*concurrency=N/s, 'no value' ],
	[ ['no-warm=1'], qr/takes no value/, 'a value too many' ],
	[ ['c=0'], qr/cannot be "0"/, 'a wrong value' ],
	[ ['tasks=5 time=1'], qr/exclude each other/, 'what does not go together' ],
	[ ['dbname=x'], qr/no option "dbname"/, 'not where to connect' ])
{
	my ($variants, $message, $name) = @$case;

	($status, undef, $err) =
	  compare('-e', 'SELECT 1', '--compare', @$variants);
	is($status, 1, "$name: exit status");
	like($err, $message, "$name: says so");
}

($status, undef, $err) = compare('-e', 'SELECT 1', '--rounds', 3);
is($status, 1, '--rounds alone: exit status');
like($err, qr/--rounds is for --compare/, '--rounds alone: says so');

($status, undef, $err, $out) =
  compare('-e', 'SELECT 1/0', '--compare', 'c=1,c=2');
is($status, 2, 'a task that fails: exit status');
like($err, qr/c=\d, warm-up: division by zero/, 'which variant, and why');
is($out, '', 'no report of nothing');

($status, undef, $err) = run_client(
	[ 'run', plan_file("\\set x 1\n\\emit :x\n"), '--compare', 'c=1,c=2' ]);
is($status, 1, '\emit: exit status');
like($err, qr/no place for the rows/, '\emit: says why');

done_testing();
