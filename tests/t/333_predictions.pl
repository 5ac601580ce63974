# What a report predicts is what the scheduler does: of random plans, and of
# the same plans with the change that the report says would help most.
# "make check-predictions" does it for two hundred of them, and more strictly.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use RandomPlan;
use Test::More;

my $serve = start_serve();
(my $url = $serve->url) =~ s{/$}{};

sub run_plan
{
	my ($plan) = @_;
	my ($status, $out, $err) = run_client(
		[
			'run', '--format', 'json', '-D', "http=$url",
			RandomPlan::arguments($plan), plan_file($plan->{text})
		]);

	is($status, 0, "plan $plan->{seed}: exit status")
	  or diag $err . $plan->{text};
	return decode_json($out);
}

foreach my $seed (1001 .. 1008)
{
	my $plan = RandomPlan::make($seed);
	my $report = run_plan($plan);
	my $prediction = $report->{prediction};

	# the schedule as worked out by other rules; the times are at least those
	# asked for, and what was measured may be longer on a busy machine
	cmp_ok($report->{wall}, '>=', $plan->{total_s} - 0.001,
		"plan $seed: takes what its schedule takes");
	cmp_ok($prediction->{predicted}, '>=', $plan->{total_s} - 0.001,
		"plan $seed: so it is predicted");
	cmp_ok($prediction->{predicted}, '<=', $report->{wall} + 0.05,
		"plan $seed: and not more than was measured");

	my $fixed = RandomPlan::fixed($plan, $prediction) or next;
	my ($total_s) = RandomPlan::simulate($fixed->{tasks},
		$fixed->{connections}, $fixed->{hold});

	cmp_ok($total_s, '<', $plan->{total_s}, "plan $seed: the fix gains");
	cmp_ok(run_plan($fixed)->{wall}, '>=', $total_s - 0.001,
		"plan $seed: and takes what the fixed schedule takes");
	cmp_ok($prediction->{fix_predicted}, '>=', $total_s - 0.001,
		"plan $seed: no more is promised");
}

# ---- an async request leaves late when it has to connect first ----

sub report_on
{
	my ($text, @args) = @_;
	my ($status, $out, $err) = run_client(
		[ 'run', '--format', 'json', '-D', "http=$url", @args,
			plan_file($text) ]);

	is($status, 0, 'exit status') or diag $err;
	return decode_json($out);
}

my $two = "\\task a\n\\blocking\n\\http x GET :http/?delay=0.2\n"
  . "\\task b\n\\blocking\n\\http y GET :http/?delay=0.25\n";
my $cold = report_on($two);

is($cold->{prediction}{fix}, 'step_thread',
	'connections are cold: async would gain nothing');
(my $async = $two) =~ s/\\blocking\n//;
cmp_ok(report_on($async)->{wall}, '>=', 0.449, 'nor does it');

my $warmed = "\\setup\n\\http w GET :http\n\\end\n";
my $warm;

in_some_try(
	sub {
		$warm = report_on($warmed . $async);
		$warm->{wall} < 0.42 && $warm->{prediction}{predicted} < 0.42;
	});
cmp_ok($warm->{wall}, '<', 0.42, 'warm: it does');
cmp_ok($warm->{prediction}{predicted}, '<', 0.42, 'and so it is predicted');

# ---- a mode that replaces all marks: what helps is to leave it out ----

my $naps = "\\task a count=3\n\\sleep 100 ms\n\\sleep 100 ms\n";
my $held = report_on($naps, '--mode', 'blocking');

is($held->{prediction}{fix}, 'mode', '--mode blocking: leave it out');
like($held->{verdict}{fix}, qr/^run the steps as the plan marks them \(without --mode blocking\) \x{2192} predicted 0\.2/,
	'--mode blocking: in words');
cmp_ok(report_on($naps)->{wall}, '<', $held->{wall} - 0.2, 'it does help');

# ---- a worker's answer is there before a held loop sees it ----

my ($thread, $nap);

in_some_try(
	sub {
		$thread = report_on("\\task a\n\\thread\n\\sleep 50 ms\n"
			  . "\\task b\n\\blocking\n\\sleep 200 ms\n");
		($nap) = @{ $thread->{tasks}[0]{spans} };
		$nap->{arrived} < 0.19;
	});
cmp_ok($nap->{arrived}, '<', 0.19, 'a worker: when it ended');
cmp_ok($nap->{ended}, '>=', 0.199, 'a worker: when that was seen');
cmp_ok($thread->{classes}{loop}, '>', 0.1, 'between the two it was the loop');

# ---- limits for HTTP, and what the model does not have ----

my $three = join '', map {
	"\\task t$_\n\\http h$_ GET :http/?delay=0.$_\n" } 1 .. 3;
my $limited = report_on($three, '--per-host', 1);

cmp_ok($limited->{prediction}{predicted}, '>=', 0.599,
	'--per-host: one after the other');
is($limited->{prediction}{fix}, 'per_host', '--per-host: what would help');
is($limited->{prediction}{fix_value}, 3, '--per-host: how many');
like($limited->{verdict}{fix}, qr/allow 3 requests.*--per-host 3/,
	'--per-host: in words');
ok( in_some_try(
		sub {
			report_on($three, '--per-host', 3)->{wall} < $limited->{wall} - 0.2;
		}),
	'--per-host: it does');

foreach my $case (
	[ [ '-j', 2, '-c', 2 ], qr/one loop \(-j\)/ ],
	[ [ '-R', 100 ], qr/by the clock \(--rate\)/ ],
	[ [ '--pipeline', 2, '-M', 'prepared' ], qr/--pipeline/ ],
	[ ['-C'], qr/--connect/ ],
	[ [ '--tasks', 501 ], qr/up to 500 tasks/ ])
{
	my ($args, $why) = @$case;
	my @tasks = grep({ $_ eq '--tasks' } @$args) ? () : ('--tasks', 4);
	my $report = report_on("SELECT 1;\n", @tasks, @$args);

	is($report->{prediction}, undef, "@$args: no prediction");
	like($report->{no_prediction}, $why, "@$args: and it says why");
}
my (undef, $said) = run_client([ 'run', '-e', 'SELECT 1', '-R', 100,
		'--tasks', 2 ]);
like($said, qr/no prediction: it does not know/, 'said to people, too');

done_testing();
