# asyncdemo sweep finds where throughput stops to grow, says what stands in the
# way there, and keeps to an SLO.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use Test::More;

sub sweep
{
	my @args = @_;
	my ($status, $out, $err) =
	  run_client([ 'sweep', '--format', 'json', @args ]);

	return ($status, scalar(eval { decode_json($out) }), $err);
}

# Four places on the server, 20 ms each: more than four at once only wait.
# The limit is the plan's own, so that it holds on any machine.
psql('CREATE EXTENSION IF NOT EXISTS asyncdemo');
my @four = ('-M', 'prepared', '--connections', 4, '--hold', 'statement', '-e',
	'SELECT asyncdemo.delay(0.02)');

my ($status, $sweep, $err) =
  sweep(@four, '--to', 32, '--point-time', '500ms', '--rounds', 2);

is($status, 0, 'exit status') or diag $err;
is($sweep->{schema}, 'asyncdemo-sweep', 'the report says what it is');

my %at = map { $_->{value} => $_ } @{ $sweep->{points} };

ok($at{$_}, "point $_") foreach 1, 2, 4, 8, 16, 32;
is_deeply([ map { $_->{value} } @{ $sweep->{points} } ],
	[ sort { $a <=> $b } keys %at ], 'points are in order');
cmp_ok($at{1}{rate}, '<=', 50, 'one at a time: no more than 1 / 20 ms');
cmp_ok($at{32}{rate}, '<=', 200, 'four connections: no more than 4 / 20 ms');
cmp_ok($at{4}{rate}, '>', 1.5 * $at{1}{rate}, 'until four it grows');
cmp_ok($at{32}{latency}{p50}, '>', 3 * $at{4}{latency}{p50},
	'behind that, tasks wait');
cmp_ok($sweep->{knee}, '>=', 2, 'the knee is not at the first point');
cmp_ok($sweep->{knee}, '<=', 6, 'the knee is near four');
is($sweep->{bottleneck}, 'pool', 'what stands in the way is the pool');
cmp_ok($at{32}{classes}{pool}, '>', $at{32}{classes}{server},
	'of a task at 32, most is waiting for a connection');
ok($sweep->{fit} && $sweep->{fit}{lambda} > 0, 'a law was fitted');

# ---- an SLO ----

($status, $sweep) = sweep(@four, '--to', 32, '--point-time', '500ms',
	'--rounds', 2, '--slo', 'mean=90ms');
is($status, 0, 'SLO: exit status');
my ($best) = grep { $_->{value} == $sweep->{best} } @{ $sweep->{points} };
cmp_ok($best->{latency}{mean}, '<=', 0.09, 'SLO: the best setting holds it');
ok(!$at{32}{holds_slo} || $sweep->{points}[-1]{latency}{mean} > 0.09,
	'SLO: the largest does not');
ok(!$sweep->{points}[-1]{holds_slo}, 'SLO: said so');

($status, $sweep) = sweep(@four, '--to', 4, '--point-time', '200ms',
	'--rounds', 1, '--slo', 'p50=1ms');
is($sweep->{best}, undef, 'an SLO that nothing holds: no best setting');

# ---- other things to sweep ----

($status, $sweep, $err) = sweep('-M', 'prepared', '--over', 'connections',
	'-c', 16, '--hold', 'statement', '-e', 'SELECT asyncdemo.delay(0.02)',
	'--to', 16, '--point-time', '400ms', '--rounds', 1);
is($status, 0, '--over connections: exit status') or diag $err;
cmp_ok($sweep->{points}[-1]{rate}, '>', 2 * $sweep->{points}[0]{rate},
	'--over connections: more of them get more done');

# ---- for people ----

my ($out);
($status, $out, $err) = run_client([ 'sweep', @four, '--to', 8,
		'--point-time', '200ms', '--rounds', 1 ],
	env => { COLUMNS => 80, LC_ALL => 'C' });
like($out, qr/concurrency\s+tasks\/s/, 'text: a table');
like($out, qr/Best: concurrency \d+ reaches/, 'text: the best');
unlike($out, qr/[^\x00-\x7f]/, 'text: ASCII where nothing else is known');
is((grep { length > 80 } split /\n/, $out), 0, 'text: fits 80 columns');

# ---- in other forms, and again from what was saved ----

my $folder = temp_folder();
my @short = ('--to', 4, '--point-time', '200ms', '--rounds', 2, '--slo',
	'p99=10s');

($status, $out, $err) = run_client([ 'sweep', @four, @short, '--format',
		'json', '--html', "$folder/a.html", '--svg', "$folder/a.svg" ]);
is($status, 0, 'pictures beside JSON: exit status') or diag $err;
open my $saved, '>', "$folder/saved.json" or die $!;
print $saved $out;
close $saved or die $!;
my (undef, $again) = run_client(
	[ 'report', "$folder/saved.json", '--format', 'json', '--svg',
		"$folder/b.svg" ]);
my ($first, $second) = map { decode_json($_) } $out, $again;

# Averages come back but for the last digits of a number.
sub rounded
{
	my ($it) = @_;
	return { map { $_ => rounded($it->{$_}) } keys %$it } if ref $it eq 'HASH';
	return [ map { rounded($_) } @$it ] if ref $it eq 'ARRAY';
	return $it if ref $it || !defined $it || $it !~ /^-?\d*\.\d/;
	return sprintf '%.6g', $it;
}

is_deeply(rounded($second), rounded($first), 'saved: the same again');
is(slurp("$folder/b.svg"), slurp("$folder/a.svg"), 'saved: the same picture');
like(slurp("$folder/a.html"), qr/<\/html>\n\z/, 'a whole page');

($status, $out) =
  run_client([ 'report', "$folder/saved.json", '--format', 'csv' ]);
my ($heads, @rows) = map { [ split /,/ ] } split /\r\n/, $out;
is(scalar @rows, scalar @{ $first->{points} }, 'CSV: a row for each point');
my %row;
@row{@$heads} = @{ $rows[0] };
is($row{value}, 1, 'CSV: its setting');
cmp_ok(abs($row{rate} - $first->{points}[0]{rate}), '<', 1e-3, 'CSV: its rate');
cmp_ok($row{server}, '>', 0.019, 'CSV: its classes');
($status, $out) = run_client([ 'report', "$folder/saved.json" ]);
like($out, qr/Best: concurrency/, 'saved: for people');
foreach my $rate ('"fast"', '1e300', -1)
{
	(my $damaged = slurp("$folder/saved.json")) =~
	  s/"rates": *\[[^]]*\]/"rates": [$rate]/;
	open $saved, '>', "$folder/damaged.json" or die $!;
	print $saved $damaged;
	close $saved or die $!;
	($status, undef, $err) = run_client([ 'report', "$folder/damaged.json" ]);
	is($status, 1, "a rate of $rate: exit status");
	like($err, qr/points\[0\].*rates/, "a rate of $rate: where");
}

# ---- mistakes ----

foreach my $case (
	[ [ '--hgrm', 'x' ], 1, qr/--hgrm tells about one run, and this is a sweep/ ],
	[ [ '--trace', 'x' ], 1, qr/--trace tells about one run/ ],
	[ [ '--metrics', 'x' ], 1, qr/--metrics tells about one run/ ],
	[ [ '--html', '/nowhere/x.html' ], 1, qr/cannot write/ ],
	[ [ '--to', 1 ], 1, qr/--from 1 is not below --to 1/ ],
	[ [ '--tasks', 5 ], 1, qr/not for --tasks.*--point-time/s ],
	[ [ '--slo', 'p98=1s' ], 1, qr/takes mean, p50/ ],
	[ [ '--slo', 'p99=soon' ], 1, qr/cannot be "soon"/ ],
	[ [ '--over', 'time' ], 1, qr/concurrency, connections, rate/ ],
	[ [ '--point-time', 0 ], 1, qr/longer than nothing/ ])
{
	my ($args, $expected, $message) = @$case;

	($status, undef, $err) = sweep('-e', 'SELECT 1', @$args);
	is($status, $expected, "@$args: exit status");
	like($err, $message, "@$args: says so");
}

($status, $out, $err) = run_client([ 'sweep', '-e', 'SELECT 1/0', '--to', 2,
		'--point-time', '100ms' ]);
is($status, 2, 'all tasks fail: exit status');
like($err, qr/concurrency \d: division by zero/, 'all tasks fail: where, why');

done_testing();
