# What ends a run early: its own timeout, too many failures, a failure that
# stops the others; and what ends a statement: the server, or the client.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

# Returns (exit status, report, stderr, seconds).
sub report_of
{
	my ($plan, @args) = @_;
	my $begun = time;
	my ($status, $out, $err) =
	  run_client([ 'run', '--format', 'json', @args, plan_file($plan) ]);
	my $took_s = time - $begun;
	my $report = eval { decode_json($out) } // {};

	is($report->{counts}{ok} + $report->{counts}{failed}
		  + $report->{counts}{canceled},
		scalar @{ $report->{tasks} }, 'counts add up')
	  or diag $out . $err;
	return ($status, $report, $err, $took_s);
}

psql('DROP TABLE IF EXISTS limits; CREATE TABLE limits (n int)');

# ---- --run-timeout ----

foreach my $case (
	[ 'a statement', 'SELECT pg_sleep(600);' ],
	[ 'a blocking one', "\\blocking\nSELECT pg_sleep(600);" ],
	[ 'one on a thread', "\\thread\nSELECT pg_sleep(600);" ],
	[ 'a sleep', '\sleep 600' ],
	[ 'a back-off', "\\retry 5 on=22012\nSELECT 1/0;\n\\sleep 600" ])
{
	my ($name, $step) = @$case;
	my ($status, $report, $err, $took_s) = report_of("$step\n", '--tasks', 4,
		'-c', 2, '--run-timeout', 1);

	is($status, 5, "$name: exit status") or diag $err;
	cmp_ok($took_s, '>=', 1, "$name: not before its time");
	cmp_ok($took_s, '<', 60, "$name: not waited for");
	is($report->{counts}{ok}, 0, "$name: none has ended well");
	like($err, qr/--run-timeout/, "$name: said");
}

my ($status, $report, $err, $took_s) = report_of(<<'END', '--tasks', 1000,
\setup
INSERT INTO limits VALUES (0);
\end
\teardown
INSERT INTO limits VALUES (-1);
\end
INSERT INTO limits VALUES (1);
\sleep 0.05
END
	'-c', 2, '--run-timeout', 1);
is($status, 5, 'with a teardown: exit status');
cmp_ok($report->{counts}{ok}, '>', 0, 'with a teardown: some have ended well');
cmp_ok($report->{counts}{ok}, '<', 1000, 'with a teardown: not all');
is(psql('SELECT min(n), count(*) FILTER (WHERE n = 0) FROM limits'), '-1|1',
	'with a teardown: it has run');

($status, $report, $err) = report_of(
	"\\setup\nSELECT pg_sleep(600);\n\\end\nSELECT 1;\n", '--run-timeout', 1);
is($status, 5, 'a set-up that does not end: exit status');

# A server that accepts and says nothing.
my $silent = start_fault_server('silent');
($status, my $out, $err) = run_client(
	[ 'run', '-h', '127.0.0.1', '-p', $silent->port, '-e', 'SELECT 1',
		'--run-timeout', 1 ]);
is($status, 5, 'a connection that is not made: exit status') or diag $err;
$silent->stop;

($status, $report, $err) =
  report_of("SELECT 1;\n", '--tasks', 5, '--run-timeout', 60);
is($status, 0, 'a run that is in time: exit status') or diag $err;

# ---- --statement-timeout ----

foreach my $mark ('', "\\blocking\n", "\\thread\n")
{
	($status, $report, $err) = report_of("${mark}SELECT pg_sleep(600);\n",
		'--statement-timeout', '0.3');
	is($status, 2, 'the statement takes too long: exit status');
	like($err, qr/statement timeout.*57014/, 'the server says so');
}
($status, $report, $err) = report_of(
	"SELECT current_setting('statement_timeout') AS t \\gset\n"
	  . "\\assert :t = '1500ms'\n",
	'--statement-timeout', '1.5');
is($status, 0, 'the server has it') or diag $err;

# Without start-up options it is the client's alone; the lease goes on.
($status, $report, $err) = report_of("SELECT pg_sleep(600);\n",
	'--statement-timeout', '0.3', '--pooler');
is($status, 2, 'with a pooler: exit status');
like($err, qr/timed out/, 'with a pooler: the client says so');

# Nothing else counts: neither the wait for a lease nor other steps.
($status, $report, $err) = report_of(
	"SELECT pg_sleep(0.2);\n\\sleep 0.5\nSELECT pg_sleep(0.2);\n",
	'--statement-timeout', '0.6', '--tasks', 6, '-c', 6, '--connections', 1);
is($status, 0, 'it is for each statement') or diag $err;

# ---- --on-error ----

my $plan = <<'END';
SELECT 1 / (:task_number - 5);
\sleep 0.02
END
($status, $report, $err) = report_of($plan, '--tasks', 40, '-c', 2);
is($status, 2, 'continue: exit status');
is("$report->{counts}{ok} $report->{counts}{failed}", '39 1',
	'continue: the others run');

($status, $report, $err) =
  report_of($plan, '--tasks', 40, '-c', 2, '--on-error', 'drain');
is($status, 2, 'drain: exit status');
is($report->{counts}{failed}, 1, 'drain: one has failed');
is($report->{counts}{canceled}, 0, 'drain: none is canceled');
cmp_ok($report->{counts}{ok}, '<', 12, 'drain: no more are begun');

($status, $report, $err) = report_of(<<'END', '--on-error', 'cancel');
\task bad
\sleep 0.3
SELECT 1/0;
\task good count=3
SELECT pg_sleep(600);
END
is($status, 2, 'cancel: exit status');
is("$report->{counts}{failed} $report->{counts}{canceled}", '1 3',
	'cancel: the others are canceled');

# A task that is between two attempts is canceled as well.
($status, $report, $err, $took_s) = report_of(<<'END', '--on-error', 'cancel',
\task bad
\sleep 1
SELECT 1/0;
\task waits
\http q GET http://127.0.0.1:1/
END
	'--retries', 1000, '--retry-budget', 100000);
is("$report->{counts}{failed} $report->{counts}{canceled}", '1 1',
	'cancel: one in back-off, too');
cmp_ok($took_s, '<', 60, 'cancel: at once');

# ---- --max-errors ----

($status, $report, $err) = report_of("SELECT 1/0;\n", '--tasks', 500, '-c', 1,
	'--max-errors', 3);
is($status, 5, 'four failures: exit status');
is($report->{counts}{failed}, 4, 'four failures: no more');

($status, $report, $err) = report_of(
	"SELECT 1 / (:task_number % 2);\n", '--tasks', 6, '-c', 1,
	'--max-errors', 3);
is($status, 2, 'three failures of three: exit status');
is($report->{counts}{failed}, 3, 'three failures of three: all run');

($status, $report, $err) = report_of(
	"SELECT 1 / (:task_number % 5);\n", '--tasks', 1000, '-c', 1,
	'--max-errors', '10%');
is($status, 5, 'a fifth fails: exit status');
cmp_ok($report->{counts}{ok} + $report->{counts}{failed}, '<=', 110,
	'a fifth fails: stopped when a hundred have begun');

($status, $report, $err) = report_of(
	"SELECT 1 / (:task_number % 20);\n", '--tasks', 300, '-c', 1,
	'--max-errors', '10%');
is($status, 2, 'a twentieth fails: exit status');
is($report->{counts}{ok}, 285, 'a twentieth fails: all run');

# What was tried again and ended well is no failure.
psql('DROP SEQUENCE IF EXISTS limit_tries; CREATE SEQUENCE limit_tries');
($status, $report, $err) = report_of(
	"SELECT 1 / (nextval('limit_tries') % 2);\n", '--tasks', 50, '-c', 1,
	'--max-errors', 0, '--retries', 0);
is($status, 5, 'without retries: the first failure ends it');
($status, $report, $err) = report_of(
	"\\retry 3 on=22012\nSELECT 1 / (nextval('limit_tries') % 2);\n",
	'--tasks', 50, '-c', 1, '--max-errors', 0);
is($status, 0, 'with retries: none fails') or diag $err;
is($report->{counts}{ok}, 50, 'with retries: all end well');

done_testing();
