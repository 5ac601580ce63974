# What the server has rolled back is tried again and applied once, what may
# have been done is not; the counts add up and the exit status is right.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest ':cluster';
use JSON::PP;
use Test::More;

# Connections are killed by name: other tests use the server at the same time.
$ENV{PGAPPNAME} = "retry$$";

my $rows_file = temp_folder() . '/rows.csv';

# Run a plan; returns (exit status, the JSON report, stderr).
sub report_of
{
	my ($plan, @args) = @_;
	my %option = ref $args[-1] ? %{ pop @args } : ();
	my ($status, $out, $err) = run_client(
		[ 'run', '--format', 'json', '-o', $rows_file, @args, $plan ], %option);

	my $report = eval { decode_json($out) } // {};
	is($report->{counts}{ok} + $report->{counts}{failed}
		  + $report->{counts}{canceled},
		scalar @{ $report->{tasks} }, 'counts add up')
	  or diag $out . $err;
	return ($status, $report, $err);
}

sub lines_of { return scalar(() = slurp($_[0]) =~ /\n/g); }

# All tests share the server.
psql('DROP TABLE IF EXISTS counter, two, tries, marks, late CASCADE;'
	  . 'DROP SEQUENCE IF EXISTS tried; DROP FUNCTION IF EXISTS fail_first;'
	  . 'DROP FUNCTION IF EXISTS slowly');

# ---- a serialization failure storm ----

psql('CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)');
my $storm = plan_file(<<'END');
\retry 60
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT n FROM counter \gset
\set m :n + 1
\emit :task_number :m
UPDATE counter SET n = :m::int;
COMMIT;
END

foreach my $hold (qw(task transaction statement))
{
	foreach my $mode (qw(plan threads))
	{
		psql('UPDATE counter SET n = 0');
		my ($status, $report, $err) = report_of($storm, '-c', 16, '--tasks',
			16, '--hold', $hold, '--mode', $mode, '--retry-budget', 1000);
		my $name = "storm, hold $hold, mode $mode";

		is($status, 0, "$name: exit status") or diag $err;
		is($report->{counts}{ok}, 16, "$name: all end well");
		is(psql('SELECT n FROM counter'), 16, "$name: each applied once");
		cmp_ok($report->{retries}{made}, '>', 0, "$name: tried again");
		is(lines_of($rows_file), 16, "$name: one row for each");
		my %values = map { (split /,/)[1] => 1 } split /\n/, slurp($rows_file);
		is(scalar keys %values, 16, "$name: rows of what was committed");
		cmp_ok($report->{classes}{backoff}, '>', 0, "$name: back-off");
	}
}

# Without retries some fail, and what is counted is what ended well.
psql('UPDATE counter SET n = 0');
(my $once = slurp($storm)) =~ s/\\retry 60/\\retry 0/;
my ($status, $report, $err) =
  report_of(plan_file($once), '-c', 16, '--tasks', 16, '--retries', 9);
is($status, 2, 'no retries: exit status');
cmp_ok($report->{counts}{failed}, '>', 0, 'no retries: some fail');
is(psql('SELECT n FROM counter'), $report->{counts}{ok},
	'no retries: what ended well was applied');
is($report->{retries}{made}, 0, 'no retries: \retry 0 wins');
like($err, qr/40001/, 'no retries: the SQLSTATE');

# A budget that is soon used up.
psql('UPDATE counter SET n = 0');
($status, $report, $err) = report_of($storm, '-c', 200, '--connections', 50,
	'--tasks', 400, '--retry-budget', 0);
is(psql('SELECT n FROM counter'), $report->{counts}{ok},
	'budget: what ended well was applied');
cmp_ok($report->{retries}{made}, '<=', 2000, 'budget: no more than it allows');

my $busy = plan_file(<<'END');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT n FROM counter \gset
\sleep 20ms
UPDATE counter SET n = n + 1;
COMMIT;
END
psql('UPDATE counter SET n = 0');
($status, $report, $err) = report_of($busy, '-c', 20, '--tasks', 400,
	'--retries', 1000, '--retry-budget', '0%');
is($status, 2, 'budget used up: exit status');
is($report->{retries}{made}, 200, 'budget used up: ten for each slot');
cmp_ok($report->{retries}{refused}, '>', 0, 'budget used up: refused');
is(psql('SELECT n FROM counter'), $report->{counts}{ok},
	'budget used up: what ended well was applied');
like($err, qr/retry budget is used up/, 'budget used up: said');

# ---- a deadlock ----

psql('CREATE TABLE two (id int PRIMARY KEY, n int);'
	  . 'INSERT INTO two VALUES (1, 0), (2, 0)');
my $deadlock = plan_file(<<'END');
\task a
\retry 5
BEGIN;
UPDATE two SET n = n + 1 WHERE id = 1;
\sleep 0.5
UPDATE two SET n = n + 1 WHERE id = 2;
COMMIT;
\task b
\retry 5 on=40P01
BEGIN;
UPDATE two SET n = n + 1 WHERE id = 2;
\sleep 0.5
UPDATE two SET n = n + 1 WHERE id = 1;
COMMIT;
END
($status, $report, $err) = report_of($deadlock);
is($status, 0, 'deadlock: exit status') or diag $err;
is($report->{counts}{ok}, 2, 'deadlock: both end well');
cmp_ok($report->{retries}{made}, '>=', 1, 'deadlock: tried again');
is(psql('SELECT id, n FROM two ORDER BY id'), "1|2\n2|2",
	'deadlock: each applied once');

(my $narrow = slurp($deadlock)) =~ s/\\retry 5.*/\\retry 5 on=40001/g;
($status, $report, $err) = report_of(plan_file($narrow));
is($status, 2, 'deadlock, on=40001 only: exit status');
is($report->{counts}{failed}, 1, 'deadlock, on=40001 only: one fails');
like($err, qr/40P01/, 'deadlock, on=40001 only: the SQLSTATE');

# A single statement that the server has rolled back.
psql('CREATE TABLE tries (n int); CREATE SEQUENCE tried;'
	  . q{CREATE FUNCTION fail_first(times int) RETURNS int AS $$ BEGIN
	IF nextval('tried') <= times THEN
		RAISE EXCEPTION 'not yet' USING ERRCODE = '40001'; END IF;
	RETURN 7; END $$ LANGUAGE plpgsql});
($status, $report, $err) = report_of(plan_file(
		"SELECT fail_first(2) AS x \\gset\n\\emit :x\n"), '--retries', 2);
is($status, 0, 'a statement: exit status') or diag $err;
is(slurp($rows_file), "7\n", 'a statement: its value in the end');
is($report->{steps}[0]{count}, 1, 'a statement: one step');
is($report->{steps}[0]{retried}, 2, 'a statement: tried again twice');
is($report->{tasks}[0]{spans}[2]{attempt}, 3, 'a statement: the attempt');

psql(q{SELECT setval('tried', 1, false)});
($status, $report, $err) =
  report_of(plan_file("SELECT fail_first(9);\n"), '--retries', 2);
is($status, 2, 'a statement that never works: exit status');
like($err, qr/40001.*after 3 attempts/, 'a statement that never works: said');

# Several statements of one message leave a failed transaction behind.
psql(q{SELECT setval('tried', 1, false)});
($status, $report, $err) = report_of(plan_file(
		"BEGIN\\; INSERT INTO tries VALUES (fail_first(3))\\; COMMIT;\n"
		  . "INSERT INTO tries VALUES (99);\n"),
	'--retries', 5, '-M', 'simple');
is($status, 0, 'a transaction in one message: exit status') or diag $err;
is(psql('SELECT n FROM tries ORDER BY n'), "7\n99",
	'a transaction in one message: applied once');

# What was there before BEGIN is kept: a temporary table, and variables.
psql(q{SELECT setval('tried', 1, false)});
($status, $report, $err) = report_of(plan_file(<<'END'), '--retries', 5);
CREATE TEMP TABLE mine (n int);
\set x 1
BEGIN;
\set x :x + 1
INSERT INTO mine VALUES (:x::int);
SELECT fail_first(3) AS f \gset
COMMIT;
SELECT count(*) AS c, min(n) AS n FROM mine \gset
\assert :c = 1 AND :n = 2 AND :x = 2
END
is($status, 0, 'the lease is kept with --hold task') or diag $err;

# ---- connections that are lost ----

my $kill = qq{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE application_name LIKE '$ENV{PGAPPNAME}%'
	  AND pid <> pg_backend_pid()};
psql('CREATE TABLE marks (n int, who text)');

# Tasks that sleep in the server, then mark themselves: all are terminated
# once in the middle.
sub terminated
{
	my ($plan, @args) = @_;
	my $marker = plan_file($plan);
	my $client = start_client(
		[ 'run', '--format', 'json', '-o', $rows_file, '-c', 8, '--tasks', 40,
			@args, $marker ]);

	wait_until('the tasks',
		sub { psql(q{SELECT count(*) FROM pg_stat_activity
			WHERE query LIKE '%sleep(0.11)%' AND state = 'active'
			  AND pid <> pg_backend_pid()}) >= 4; });
	psql($kill);
	($status, my $out, $err) = $client->finish;
	$report = decode_json($out);
	is($report->{counts}{ok} + $report->{counts}{failed}, 40,
		'terminated: counts add up');
}

psql('TRUNCATE marks');
terminated(<<'END', '--retries', 5);
SELECT pg_sleep(0.11);
INSERT INTO marks VALUES (:task_number::int);
END
is($status, 2, 'terminated: exit status');
cmp_ok($report->{counts}{failed}, '>=', 4, 'terminated: those under way fail');
is(psql('SELECT count(*) FROM marks'), $report->{counts}{ok},
	'terminated: what ended well was applied');
is(psql('SELECT count(DISTINCT n) FROM marks'), $report->{counts}{ok},
	'terminated: once each');
like($err, qr/lost|57P01/, 'terminated: said');

psql('TRUNCATE marks');
terminated(<<'END', '--retries', 5);
\retry 9 on=lost,connect
SELECT pg_sleep(0.11);
\retry 9 on=lost,connect
INSERT INTO marks SELECT :task_number::int
	WHERE NOT EXISTS (SELECT FROM marks WHERE n = :task_number::int);
END
is($status, 0, 'terminated, on=lost: exit status') or diag $err;
is($report->{counts}{ok}, 40, 'terminated, on=lost: all end well');
is(psql('SELECT count(DISTINCT n) FROM marks'), 40,
	'terminated, on=lost: all are applied');

psql('TRUNCATE marks');
terminated(<<'END', '--retries', 5);
BEGIN;
INSERT INTO marks VALUES (:task_number::int);
SELECT pg_sleep(0.11);
COMMIT;
END
is($status, 2, 'terminated in a transaction: exit status');
is(psql('SELECT count(*) FROM marks'), $report->{counts}{ok},
	'terminated in a transaction: only what ended well was applied');
is($report->{retries}{made}, 0, 'terminated in a transaction: no retry');
like($err, qr/the transaction was not committed/,
	'terminated in a transaction: said');

# Lost at COMMIT, which waits for a deferred trigger.
psql(q{CREATE FUNCTION slowly() RETURNS trigger AS $$ BEGIN
	PERFORM pg_sleep(0.5); RETURN NULL; END $$ LANGUAGE plpgsql;
	CREATE TABLE late (n int);
	CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON late
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slowly()});
my $client = start_client([ 'run', '--retries', 5,
		plan_file("BEGIN;\nINSERT INTO late VALUES (1);\nCOMMIT;\n") ]);
wait_until('COMMIT', sub { psql(qq{SELECT count(pg_terminate_backend(pid))
	FROM pg_stat_activity WHERE query LIKE 'COMMIT%' AND state = 'active'
	  AND application_name LIKE '$ENV{PGAPPNAME}%'
	  AND pid <> pg_backend_pid()}) > 0; });
($status, my $out, $err) = $client->finish;
is($status, 2, 'lost at COMMIT: exit status');
like($err, qr/whether the transaction was committed is not known/,
	'lost at COMMIT: said');
like($err, qr/look at the data/, 'lost at COMMIT: what to do');
unlike($err, qr/attempts/, 'lost at COMMIT: not tried again');

# ---- a server that restarts ----

my $mine = new_cluster('mine');
my %mine = (env => $mine->{client_env});
psql('CREATE TABLE marks (n int PRIMARY KEY)', %mine);
foreach my $how (qw(fast immediate))
{
	psql('TRUNCATE marks', %mine);
	$client = start_client(
		[ 'run', '--format', 'json', '-o', $rows_file, '-c', 4, '--tasks', 60,
			'--hold', 'transaction', plan_file(<<'END') ], %mine);
\retry 30 on=lost,connect,57*
SELECT pg_sleep(0.1);
\retry 30 on=lost,connect,57*
INSERT INTO marks VALUES (:task_number::int) ON CONFLICT DO NOTHING;
END
	wait_until('the first tasks',
		sub { psql('SELECT count(*) FROM marks', %mine) >= 8 });
	$mine->stop($how);
	$mine->start;
	($status, $out, $err) = $client->finish;
	$report = decode_json($out);
	is($status, 0, "restart ($how): exit status") or diag $err;
	is($report->{counts}{ok}, 60, "restart ($how): all end well");
	is(psql('SELECT count(*) FROM marks', %mine), 60,
		"restart ($how): all are applied");
	cmp_ok($report->{retries}{made}, '>', 0, "restart ($how): tried again");
}

# The same without retries: what failed is counted, what ended well is there.
psql('TRUNCATE marks', %mine);
$client = start_client(
	[ 'run', '--format', 'json', '-o', $rows_file, '-c', 4, '--tasks', 60,
		plan_file(<<'END') ], %mine);
SELECT pg_sleep(0.1);
INSERT INTO marks VALUES (:task_number::int);
END
wait_until('the first tasks',
	sub { psql('SELECT count(*) FROM marks', %mine) >= 8 });
$mine->restart('immediate');
($status, $out, $err) = $client->finish;
$report = decode_json($out);
is($status, 2, 'restart, no retries: exit status');
is($report->{counts}{ok} + $report->{counts}{failed}, 60,
	'restart, no retries: counts add up');
is(psql('SELECT count(*) FROM marks', %mine), $report->{counts}{ok},
	'restart, no retries: what ended well was applied');
$mine->stop;

done_testing();
