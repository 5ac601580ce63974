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

done_testing();
