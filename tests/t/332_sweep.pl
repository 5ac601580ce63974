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

# ---- mistakes ----

foreach my $case (
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
