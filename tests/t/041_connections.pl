# A connection that breaks, waits, is cancelled or left in the middle of
# something hurts the step that had it and nobody else.

use strict;
use warnings;

use AsyncDemoTest ':cluster';
use Test::More;
use Time::HiRes qw(sleep time);

psql(q{
	CREATE SCHEMA conns;
	CREATE TABLE conns.seen (task text, what text);
	CREATE TABLE conns.t AS SELECT g AS id, 0 AS v FROM generate_series(1, 9) g;
});

my $app = "conns$$";
my %named = (env => { PGAPPNAME => $app });

sub run_plan
{
	my ($text, @more) = @_;
	psql('TRUNCATE conns.seen');
	return run_client([ 'run', plan_file($text), @more ], %named);
}

sub seen
{
	return psql('SELECT task || what FROM conns.seen WHERE what IS NOT NULL ORDER BY 1');
}

# Statements of ours that the server is running.
sub running
{
	return psql("SELECT count(*) FROM pg_stat_activity WHERE application_name"
		  . " LIKE '$app%' AND state = 'active'");
}

# ---- a connection breaks ----

my ($status, $out, $err) = run_plan(q{
\task bad
SELECT pg_terminate_backend(pg_backend_pid());
\task good count=3
SELECT pg_sleep(0.2);
INSERT INTO conns.seen VALUES (:'task_name', 'ended');
}, '--connections', 4);
is($status, 2, 'a backend killed in the middle of a step: exit status');
like($err, qr/the connection was lost: terminating connection/,
	'it says what happened');
like($err, qr/\.sql:3:1/, 'and where');
is(scalar(my @ended = split /\n/, seen()), 3, 'the other tasks end well');

($status, $out, $err) = run_plan(q{
\task t
\hold statement
SELECT pg_backend_pid() AS pid \gset
\sleep 0.1
SELECT pg_terminate_backend(:pid::int);
INSERT INTO conns.seen SELECT 'pid', (pg_backend_pid() <> :pid::int)::text;
\task killer
\hold statement
\sleep 0.05
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'conns%' AND pid <> pg_backend_pid();
}, '--connections', 2);
is(seen(), 'pidtrue', 'idle connections that broke are replaced when needed')
  or diag $err;

my $mine = new_cluster('mine');
my %restart = (env => $mine->{client_env});
$mine->safe_psql('postgres', 'CREATE TABLE seen (a int)');
my $client = start_client(
	[ 'run', plan_file(q{
\task early
SELECT pg_sleep(600);
\task late
\sleep 4
INSERT INTO seen VALUES (1);
}), '--connections', 2, '--hold', 'statement' ], %restart);
wait_until('the first statement', sub {
	$mine->safe_psql('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%600%'"
		  . ' AND pid <> pg_backend_pid()') > 0;
});
$mine->restart;
($status, $out, $err) = $client->finish;
is($status, 2, 'the server is restarted: exit status');
like($err, qr/the connection was lost/, 'the statement it interrupted is lost');
is($mine->safe_psql('postgres', 'SELECT count(*) FROM seen'), 1,
	'a later one has a new connection');
$mine->stop;

# ---- what a lease leaves behind ----

($status, $out, $err) = run_plan(q{
\task first
BEGIN;
UPDATE conns.t SET v = v + 1 WHERE id = 1;
SELECT 1/0;
\task second
INSERT INTO conns.seen SELECT 'v', v::text FROM conns.t WHERE id = 1;
}, '--connections', 1);
is($status, 2, 'a task that fails in a transaction: exit status');
like($err, qr/division by zero \(SQLSTATE 22012\)/, 'its error');
is(seen(), 'v0', 'the next task does not see it: it was rolled back');

($status, $out, $err) = run_plan(q{
\hook connect SET my.connect = 'c'; SET my.count = '0'
\hook acquire SELECT set_config('my.count', (current_setting('my.count')::int + 1)::text, false)
\hook release SET my.release = 'r'
\task t count=3
INSERT INTO conns.seen SELECT 't', current_setting('my.count') || current_setting('my.connect')
  || current_setting('my.release', true);
SELECT 1;
}, '--connections', 1, '-c', 1);
is($status, 0, 'hooks: exit status') or diag $err;
is(seen(), "t2cr\nt3cr", 'hooks run once a connection and once a lease');

# In the first row the setting of the release hook is still unknown.
is(psql('SELECT count(*) FROM conns.seen WHERE what IS NULL'), 1,
	'the first lease is before the first release');

foreach my $how (qw(async blocking thread))
{
	my $mark = $how eq 'async' ? '' : "\\$how\n";
	($status, $out, $err) = run_plan("\\hook acquire SET nonsense TO 1, 2\n"
		  . "\\task t\n${mark}INSERT INTO conns.seen VALUES ('t', 'ran');\n");
	is($status, 2, "an acquire hook that fails ($how): exit status");
	like($err, qr/acquire hook: /, 'says that it was the hook');
	is(seen(), '', 'and the statement behind it never runs');
}

# ---- prepared statements ----

foreach my $how (qw(async blocking))
{
	my $mark = $how eq 'async' ? '' : "\\$how\n";
	($status, $out, $err) = run_plan(
		"\\hold task\n\\task t\n" . join('',
			map { "$_;\n${mark}SELECT * FROM conns.t;\n" }
			  ('SELECT 1', 'DISCARD ALL', 'DEALLOCATE ALL',
				'ALTER TABLE conns.t ADD x int',
				'ALTER TABLE conns.t DROP x')),
		'--tasks', 3, '-c', 1, '--connections', 1);
	is($status, 0, "statements that were forgotten are prepared anew ($how)")
	  or diag $err;
}

# ---- time is up, locks, cancel ----

foreach my $how (qw(async blocking thread))
{
	my $mark = $how eq 'async' ? '' : "\\$how\n";
	my $begin = time;
	($status, $out, $err) = run_plan(
		"\\task t\n\\timeout 0.3\n${mark}SELECT pg_sleep(600);\n");
	is($status, 2, "a statement that takes too long ($how): exit status");
	like($err, qr/timed out after 0\.3 s/, 'it says so');
	cmp_ok(time - $begin, '>=', 0.3, 'not before its time');
	is(running(), 0, 'and it does not run on in the server');
}

($status, $out, $err) = run_plan(q{
\task holder
BEGIN;
UPDATE conns.t SET v = 1 WHERE id = 2;
SELECT pg_sleep(0.3);
COMMIT;
INSERT INTO conns.seen VALUES ('holder', 'ended');
\task waiter
\sleep 0.1
\blocking
UPDATE conns.t SET v = 2 WHERE id = 2;
}, '--connections', 2);
is($status, 2, 'a blocking step that could never end is stopped: exit status');
like($err, qr/could never end/, 'it says why');
like($err, qr/holder/, 'and who holds the lock');
is(seen(), 'holderended', 'the other task goes on');

($status, $out, $err) = run_plan(q{
\task holder
BEGIN;
UPDATE conns.t SET v = 1 WHERE id = 3;
SELECT pg_sleep(0.5);
COMMIT;
\task waiter
\sleep 0.1
\thread
UPDATE conns.t SET v = 2 WHERE id = 3;
}, '--connections', 2);
is($status, 0, 'one on a thread waits for its turn') or diag $err;

SKIP:
{
	skip 'servers before version 14 do not look for their client', 1
	  if psql('SHOW server_version_num') < 140000;
	my $killed = start_client([ 'run', plan_file("SELECT pg_sleep(600);\n") ],
		%named);
	wait_until('the statement', sub { running() > 0 });
	$killed->signal('KILL');
	$killed->finish;
	wait_until('the server to notice that its client was killed',
		sub { running() == 0 });
	pass('a client that is killed leaves no statement behind');
}

# ---- what cannot be done ----

foreach my $case (
	[ 'COPY conns.t FROM STDIN;', qr/COPY FROM STDIN/ ],
	[ 'SELECT 1 FROM conns.t WHERE id < 3 \gset', qr/2 rows, \\gset needs exactly one/ ],
	[ 'SELECT 1 FROM conns.t WHERE id < 0 \gset', qr/0 rows, \\gset needs exactly one/ ],
	[ 'CREATE TABLE conns.u AS SELECT 1 \gset', qr/no rows, \\gset needs exactly one/ ],
	[ "SELECT 'x' AS v \\gset\nSELECT 1 + :v;", qr/SQLSTATE 22P02.*\n.*\n.*\n.*:v::/ ],
	[ "SELECT 1,\n  nothing;", qr/\.sql:4:3: column "nothing" does not exist/ ])
{
	my ($sql, $pattern) = @$case;

	($status, $out, $err) = run_plan("\n\n$sql\n", '-M', 'prepared');
	is($status, 2, "exit status of: $sql");
	like($err, $pattern, "error of: $sql");
}

# ---- memory ----

SKIP:
{
	skip 'an instrumented program needs more address space than can be capped',
	  2
	  if $ENV{SANITIZE} || $ENV{ASAN_OPTIONS};
	my $big = plan_file("SELECT repeat('x', 500) FROM generate_series(1, 1500000);\n");
	foreach my $protocol (qw(simple prepared))
	{
		# the rows are 750 MB
		($status, $out, $err) = run_client(
			[ '-c', "ulimit -v 500000; exec asyncdemo run '$big' -M $protocol" ],
			program => 'sh');
		is($status, 0, "rows that nobody takes take no memory ($protocol)")
		  or diag $err;
	}
}

psql('DROP SCHEMA conns CASCADE');
done_testing();
