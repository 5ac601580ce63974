# With -j several event loops share the tasks: each task runs once, failures,
# limits and Ctrl-C count for all of them, and there is one report.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

psql('DROP TABLE IF EXISTS jobs; CREATE TABLE jobs (task int, client int)');

# Run a plan and read its report.
sub report
{
	my ($plan, @args) = @_;
	my ($status, $out, $err) =
	  run_client([ 'run', '--format', 'json', @args, plan_file($plan) ]);

	return ($status, scalar(eval { decode_json($out) }), $err);
}

my $insert = "INSERT INTO jobs VALUES (:task_number::int, :client_id::int);\n";

foreach my $jobs (1, 2, 3, 7)
{
	my ($status, $report) =
	  report($insert, '-j', $jobs, '-c', 7, '--tasks', 1000, '-M',
		'prepared');

	is($status, 0, "-j $jobs: exit status");
	is($report->{loops}, $jobs, "-j $jobs: so many loops are reported");
	is(psql('SELECT count(*), count(DISTINCT task), min(task), max(task), '
			  . 'min(client), max(client) FROM jobs'),
		'1000|1000|1|1000|0|6', "-j $jobs: each task ran once");
	is($report->{counts}{ok}, 1000, "-j $jobs: the reports are one");
	is($report->{steps}[0]{count}, 1000, "-j $jobs: so are the steps");
	psql('TRUNCATE jobs');
}

# More loops than places, or than connections, would have nothing to do.
{
	my ($status, $report) =
	  report($insert, '-j', 8, '-c', 3, '--tasks', 9, '-M', 'prepared');

	is($report->{loops}, 3, 'no more loops than tasks in flight');
	($status, $report) = report($insert, '-j', 8, '-c', 6, '--connections', 2,
		'--tasks', 9, '-M', 'prepared');
	is($report->{loops}, 2, 'nor than connections');
	is($report->{connections}, 2, 'which are as many as asked for');
	psql('TRUNCATE jobs');
}

# -t is for each slot, wherever it runs.
{
	my ($status) = report($insert, '-j', 2, '-c', 5, '-t', 20, '-M', 'prepared');

	is($status, 0, '-t: exit status');
	is(psql('SELECT string_agg(n::text, $$,$$) FROM (SELECT count(*) AS n '
			  . 'FROM jobs GROUP BY client ORDER BY client) AS c'),
		'20,20,20,20,20', '-t: each slot has run as many');
	psql('TRUNCATE jobs');
}

# A limit stops all of them.
{
	my ($status, $report) =
	  report('SELECT 1/0', '-j', 3, '-c', 6, '--tasks', 100000, '-M',
		'prepared', '--max-errors', 10);

	is($status, 5, '--max-errors: exit status');
	cmp_ok($report->{counts}{failed}, '<=', 10 + 6,
		'--max-errors: no loop goes on');
}

# One that fails takes the others along, in their loops too.
{
	my $plan = "\\task late\nSELECT pg_sleep(600);\n"
	  . "\\task early\nSELECT pg_sleep(0.3), 1/0;\n";
	my ($status, $report) =
	  report($plan, '-j', 2, '-c', 2, '--on-error', 'cancel', '-M',
		'prepared');

	is($status, 2, '--on-error cancel: exit status');
	is($report->{counts}{canceled}, 1, '--on-error cancel: across loops');
}

# Ctrl-C: blocking calls of the other loops are interrupted as well.
foreach my $mode ('plan', 'blocking', 'threads')
{
	my $client = start_client(
		[
			'run', '-j', 3, '-c', 6, '--tasks', 60, '--mode', $mode,
			plan_file("\\option protocol prepared\nSELECT pg_sleep(600);\n")
		]);
	my $running = "SELECT count(*) FROM pg_stat_activity "
	  . "WHERE datname = current_database() AND query LIKE "
	  . "'SELECT pg_sleep(600)%' AND state = 'active'";

	wait_until("$mode: all loops work",
		sub { psql($running) >= ($mode eq 'blocking' ? 3 : 6) });
	$client->signal('INT');
	sleep 0.3;
	$client->signal('INT');
	my ($status) = $client->finish;
	is($status, 130, "$mode: Ctrl-C twice ends it");
	wait_until("$mode: nothing is left on the server",
		sub { psql($running) == 0 });
}

done_testing();
