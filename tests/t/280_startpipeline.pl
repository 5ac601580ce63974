# Statements between \startpipeline and \endpipeline leave without waiting, and
# all that pgbench says about them holds: one transaction, one failure.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

psql(q{
	CREATE TABLE piped (i int);
	CREATE TABLE piped_late (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);
});

my $app = "piped$$";
my %named = (env => { PGAPPNAME => $app });

sub run_plan
{
	my ($text, @more) = @_;
	psql('TRUNCATE piped, piped_late');
	return run_client([ 'run', plan_file($text), @more ], %named);
}

sub rows
{
	return psql(q{SELECT coalesce(string_agg(i::text, ' ' ORDER BY i), '')
		FROM (SELECT i FROM piped UNION ALL SELECT i FROM piped_late) _});
}

sub spans
{
	my ($json) = @_;
	return @{ decode_json($json)->{tasks}[0]{spans} };
}

# ---- what pgbench does ----

my $script = q{\set x 5
\startpipeline
INSERT INTO piped VALUES (:x);
\set x :x + 1
INSERT INTO piped VALUES (:x);
\if :x > 5
INSERT INTO piped VALUES (:x * 10);
\endif
SELECT count(*) FROM piped;
\endpipeline
INSERT INTO piped VALUES (7);
};
foreach my $protocol (qw(extended prepared))
{
	my ($status, $out, $err) = run_plan($script, '-M', $protocol);

	is($status, 0, "$protocol: exit status") or diag $err;
	is(rows(), '5 6 7 60', "$protocol: what it did");
}
psql('TRUNCATE piped');
my ($status, $out, $err) = run_client(
	[ '-n', '-M', 'extended', '-t', '1', '-f', plan_file($script) ],
	program => 'pgbench');
is(rows(), '5 6 7 60', 'and pgbench does the same') or diag $err;

($status, $out, $err) = run_plan($script, '-M', 'simple');
is($status, 1, 'simple: exit status');
like($err, qr/:2:1: a pipeline is not possible/, 'simple: said so');

# ---- an error aborts what follows, up to the synchronization ----

($status, $out, $err) = run_plan(q{
\startpipeline
INSERT INTO piped VALUES (1);
SELECT 1 / 0;
INSERT INTO piped VALUES (2);
INSERT INTO piped VALUES (3);
\endpipeline
INSERT INTO piped VALUES (4);
}, '--format', 'json');
is($status, 2, 'an error in the middle: exit status');
is(rows(), '', 'nothing was done');
is(() = $err =~ /error:/g, 1, 'one failure is reported') or diag $err;
like($err, qr/:4:1: division by zero \(SQLSTATE 22012\)/, 'the one that it was');
is(join(' ', map { $_->{outcome} } spans($out)),
	'ok failed canceled canceled ok',
	'those behind it are not failures of their own');

($status, $out, $err) = run_plan(q{
\startpipeline
INSERT INTO piped VALUES (1);
\syncpipeline
INSERT INTO piped VALUES (2);
SELECT 1 / 0;
INSERT INTO piped VALUES (3);
\syncpipeline
INSERT INTO piped VALUES (4);
\endpipeline
});
is($status, 2, '\syncpipeline: exit status');
is(rows(), '1 4', '\syncpipeline: what is before it, and behind the next');

($status, $out, $err) = run_plan(q{
\startpipeline
BEGIN;
INSERT INTO piped VALUES (1);
COMMIT;
INSERT INTO piped VALUES (2);
SELECT 1 / 0;
\endpipeline
});
is(rows(), '1', 'a transaction of its own in a pipeline stays');

($status, $out, $err) = run_plan(q{
BEGIN;
\startpipeline
INSERT INTO piped VALUES (1);
INSERT INTO piped VALUES (2);
\endpipeline
INSERT INTO piped VALUES (3);
COMMIT;
});
is($status, 0, 'a pipeline in a transaction: exit status') or diag $err;
is(rows(), '1 2 3', 'a pipeline in a transaction');

($status, $out, $err) = run_plan(q{
\startpipeline
INSERT INTO piped_late VALUES (1);
INSERT INTO piped_late VALUES (1);
\endpipeline
});
is($status, 2, 'an error at the commit: exit status');
like($err, qr/:5:1: COMMIT: duplicate key.*23505/, 'it belongs to \endpipeline');

# ---- failures of the client's own ----

foreach my $step ('\set y 1 / 0', '\assert 1 = 2', 'SELECT :nothing;')
{
	($status, $out, $err) = run_plan(q{
\if 1 = 2
\set nothing 1
\endif
\startpipeline
INSERT INTO piped VALUES (1);
} . $step . q{
INSERT INTO piped VALUES (2);
\endpipeline
INSERT INTO piped VALUES (3);
});
	isnt($status, 0, "$step in the middle fails");
	is(rows(), '', "$step in the middle: rolled back");
	unlike($err, qr/no transaction/, "$step in the middle: no notice of that");
}

# ---- time limits, interrupts, lost connections ----

($status, $out, $err) = run_plan(q{
\startpipeline
INSERT INTO piped VALUES (1);
\timeout 0.3
SELECT pg_sleep(60);
INSERT INTO piped VALUES (2);
\endpipeline
});
is($status, 2, '\timeout: exit status');
like($err, qr/:5:1: sql timed out after 0\.3 s/, '\timeout: the place');
is(rows(), '', '\timeout: rolled back');

my $client = start_client([ 'run', '--connections', '2', '-c', '2', '--tasks',
	'2', plan_file(q{
\startpipeline
INSERT INTO piped VALUES (1);
SELECT pg_sleep(60);
SELECT pg_sleep(60);
INSERT INTO piped VALUES (2);
\endpipeline
}) ], %named);
sleep 0.05 until psql("SELECT count(*) FROM pg_stat_activity WHERE "
	  . "application_name LIKE '$app%' AND query LIKE '%pg_sleep%' "
	  . "AND state = 'active'") == 2;
$client->signal('INT');
sleep 0.3;
$client->signal('INT');
($status, $out, $err) = $client->finish;
is($status, 130, 'Ctrl-C twice: exit status') or diag $err;
is(rows(), '', 'Ctrl-C twice: rolled back');

($status, $out, $err) = run_plan(q{
\task lost
\startpipeline
INSERT INTO piped VALUES (1);
SELECT pg_terminate_backend(pg_backend_pid());
INSERT INTO piped VALUES (2);
\endpipeline
\task other
\startpipeline
SELECT pg_sleep(0.3);
INSERT INTO piped VALUES (3);
\endpipeline
});
is($status, 2, 'a backend killed: exit status');
is(rows(), '3', 'a backend killed: the other task goes on');
like($err, qr/:5:1: the connection was lost: terminating/,
	'a backend killed: what happened where');

# ---- what stands between the statements ----

ok( in_some_try(
		sub {
			my $begun = time;
			($status, $out, $err) = run_plan(q{
\startpipeline
SELECT pg_sleep(1);
INSERT INTO piped VALUES (1);
\sleep 1
\endpipeline
});
			time - $begun < 1.9;
		}),
	'the statements run during a \sleep');
is($status, 0, '\sleep in a pipeline: exit status') or diag $err;

($status, $out, $err) = run_plan(q{
\startpipeline
SELECT pg_sleep(0.2);
SELECT pg_sleep(0.4);
\endpipeline
}, '--format', 'json');
my ($first, $second, $end) = spans($out);
cmp_ok($first->{arrived} - $first->{started}, '>=', 0.2, 'the first: its time');
cmp_ok($second->{arrived} - $second->{started}, '>=', 0.3,
	'the second: its own');
cmp_ok($second->{arrived} - $second->{started}, '<', 0.6,
	'and not that of the first');
is(sprintf('%.6f', $second->{started}), sprintf('%.6f', $first->{arrived}),
	'it began when the first was answered');
is(decode_json($out)->{prediction}, undef, 'there is no prediction');

# ---- hooks, many and large ----

($status, $out, $err) = run_plan(q{
\startpipeline
INSERT INTO piped SELECT current_setting('pipe.line')::int;
\endpipeline
}, '--on-acquire', q{SET pipe.line = 7}, '--on-release', 'RESET pipe.line');
is(rows(), '7', 'an acquire hook runs before') or diag $err;
($status, $out, $err) = run_plan(q{
\startpipeline
INSERT INTO piped VALUES (1);
INSERT INTO piped VALUES (2);
\endpipeline
}, '--on-acquire', 'SELECT 1 / 0');
is($status, 2, 'an acquire hook that fails: exit status');
like($err, qr/acquire hook: division by zero/, 'an acquire hook that fails');
is(rows(), '', 'an acquire hook that fails: nothing else ran');

my $much = "SELECT repeat('x', 30000), g FROM generate_series(1, 30) g;\n"
  . "INSERT INTO piped SELECT length('" . ('y' x 20000) . "');\n";
($status, $out, $err) =
  run_plan("\\startpipeline\n" . ($much x 40) . "\\endpipeline\n");
is($status, 0, 'much in both directions: exit status') or diag $err;
is(psql('SELECT count(*), sum(i) FROM piped'), '40|800000',
	'much in both directions: what it did');

psql(q{CREATE TABLE piped_sum (n bigint); INSERT INTO piped_sum VALUES (0)});
($status, $out, $err) = run_plan(q{
\startpipeline
INSERT INTO piped VALUES (:task_number);
UPDATE piped_sum SET n = n + :task_number WHERE n >= 0;
SELECT sum(i) FROM piped;
\endpipeline
}, '--tasks', '1000', '-c', '20', '--connections', '7');
is($status, 0, '1,000 tasks: exit status') or diag $err;
is(psql('SELECT count(*), sum(i), min(n) FROM piped, piped_sum'),
	'1000|500500|500500', '1,000 tasks: the sums');

done_testing();
