# With --pipeline tasks share connections, and each statement is still on its
# own: errors, cancels and slow neighbours stay where they are.

use strict;
use warnings;

use AsyncDemoTest ':cluster';
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

psql(q{
	CREATE TABLE shared (i int, pid int);
	CREATE TABLE shared_late (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);
});

my $app = "shared$$";
my %named = (env => { PGAPPNAME => $app });

sub run_plan
{
	my ($text, @more) = @_;
	psql('TRUNCATE shared, shared_late');
	return run_client([ 'run', plan_file($text), @more ], %named);
}

sub json
{
	my ($out) = @_;
	return decode_json($out);
}

# ---- many tasks, few connections ----

my ($status, $out, $err) = run_plan(q{
INSERT INTO shared VALUES (:task_number, pg_backend_pid()) RETURNING i \gset
\assert :i = :task_number
SELECT :i::int * 2 AS twice \gset
\assert :twice = :task_number * 2
}, qw(--tasks 1000 -c 100 --connections 4 --pipeline 10 --format json));
is($status, 0, '1,000 tasks: exit status') or diag $err;
is(psql('SELECT count(*), sum(i), count(DISTINCT pid) FROM shared'),
	'1000|500500|4', '1,000 tasks: each did its own, over 4 connections');
my $report = json($out);
is($report->{pipeline}, 10, 'the report says how deep');
is($report->{prediction}, undef, 'there is no prediction');

foreach my $protocol (qw(extended prepared))
{
	($status, $out, $err) = run_plan(q{
INSERT INTO shared VALUES (:task_number, pg_backend_pid());
}, qw(--tasks 300 -c 64 --connections 3 --pipeline 20 -M), $protocol);
	is($status, 0, "$protocol: exit status") or diag $err;
	is(psql('SELECT count(*), sum(i) FROM shared'), '300|45150',
		"$protocol: the sums");
}

# ---- what fails, fails alone ----

($status, $out, $err) = run_plan(q{
INSERT INTO shared VALUES (10 / (:task_number % 5), 0);
}, qw(--tasks 500 -c 50 --connections 2 --pipeline 10 --format json));
is($status, 2, 'errors in the middle: exit status');
$report = json($out);
is($report->{counts}{failed}, 100, 'errors in the middle: one task in five');
is($report->{counts}{ok}, 400, 'the others end well');
is(psql('SELECT count(*) FROM shared'), '400', 'and have done their work');
like($err, qr/:2:1: division by zero \(SQLSTATE 22012\)/, 'place and SQLSTATE');

($status, $out, $err) = run_plan(q{
INSERT INTO shared_late VALUES (:task_number % 50);
}, qw(--tasks 100 -c 40 --connections 2 --pipeline 10 --format json));
$report = json($out);
is($report->{counts}{ok}, 50, 'errors at the commit: one of each ends well');
is($report->{counts}{failed}, 50, 'errors at the commit: the other fails');
is(psql('SELECT count(*) FROM shared_late'), '50', 'and has done nothing');

# a statement that cannot be parsed takes nobody with it
($status, $out, $err) = run_plan(q{
\task bad count=20
SELECT nonsense FROM nowhere;
\task good count=20
INSERT INTO shared VALUES (1, 0);
}, qw(-c 40 --connections 1 --pipeline 10 --format json));
$report = json($out);
is($report->{counts}{failed}, 20, 'no such table: those that ask for it fail');
is(psql('SELECT count(*) FROM shared'), '20', 'those that do not, do not');
is(scalar(grep { $_->{message} !~ /42P01/ } @{ $report->{errors} }),
	0, 'each for its own reason') or diag $out;

# a prepared statement that goes bad under way
psql('CREATE TABLE shared_shape AS SELECT 1 AS a');
my $client = start_client([ 'run', plan_file(q{
SELECT * FROM shared_shape;
\sleep 1 ms
}), qw(-T 2 -c 20 --connections 2 --pipeline 10 --format json) ], %named);
sleep 0.7;
psql('ALTER TABLE shared_shape ADD b int');
sleep 0.3;
psql('ALTER TABLE shared_shape DROP b');
($status, $out, $err) = $client->finish;
is($status, 0, 'a result that changes under way: nobody fails') or diag $err;

# ---- what cannot share has its connection to itself ----

($status, $out, $err) = run_plan(q{
\task apart count=40
BEGIN;
INSERT INTO shared VALUES (1, pg_backend_pid());
SELECT pg_sleep(0.001);
SELECT count(*) = 1 AS alone FROM shared
  WHERE xmin = pg_current_xact_id()::xid \gset
\assert :alone
COMMIT;
\task together count=200
INSERT INTO shared VALUES (2, pg_backend_pid());
\task other count=5
\hold task
SELECT set_config('shared.who', :'task_number', false);
\sleep 2 ms
SELECT current_setting('shared.who')::int = :task_number AS mine \gset
\assert :mine
SELECT set_config('shared.who', '', false);
\task copying count=5
COPY shared TO STDOUT;
\task blocks count=5
\blocking
INSERT INTO shared VALUES (3, pg_backend_pid());
\task thread count=5
\thread
INSERT INTO shared VALUES (4, pg_backend_pid());
\task pipe count=5
\startpipeline
INSERT INTO shared VALUES (5, pg_backend_pid());
INSERT INTO shared VALUES (5, pg_backend_pid());
\endpipeline
}, qw(-c 60 --connections 3 --pipeline 10));
is($status, 0, 'mixed: exit status') or diag $err;
is(psql('SELECT i, count(*) FROM shared GROUP BY i ORDER BY i'),
	"1|40\n2|200\n3|5\n4|5\n5|10", 'mixed: what they did');

# ---- a slow neighbour ----

($status, $out, $err) = run_plan(q{
\task quick count=400
SELECT 1;
\task slow count=1
SELECT pg_sleep(1.5);
\task later count=400
SELECT 1;
}, qw(-c 20 --connections 4 --pipeline 10 --format json));
is($status, 0, 'a slow neighbour: exit status') or diag $err;
$report = json($out);
my ($slow) = grep { $_->{name} eq 'slow' } @{ $report->{tasks} };
my @waited = grep { $_->{name} ne 'slow' && $_->{ended} - $_->{begun} > 1 }
  @{ $report->{tasks} };
cmp_ok(scalar @waited, '<', 20, 'hardly anybody waits behind it')
  or diag scalar @waited;
my @after = grep { $_->{begun} > $slow->{begun} + 0.5 } @{ $report->{tasks} };
is(scalar(grep { $_->{ended} > $slow->{ended} } @after),
	0, 'whoever comes later passes it');

# time behind others is the pool's, not the server's
($status, $out, $err) = run_plan(q{
SELECT pg_sleep(0.1);
}, qw(--tasks 6 -c 6 --connections 1 --pipeline 6 --format json));
$report = json($out);
my @own = map { $_->{arrived} - $_->{started} }
  map { @{ $_->{spans} } } @{ $report->{tasks} };
is(scalar(grep { $_ < 0.05 || $_ > 0.3 } @own),
	0, 'six after another: each has its own 0.1 s') or diag "@own";
cmp_ok($report->{classes}{server}, '>=', 0.4, 'that is the server');
cmp_ok($report->{classes}{pool}, '>=', 1.4, 'the rest is the pool');

# ---- time limits and interrupts ----

($status, $out, $err) = run_plan(q{
\task late count=3
\timeout 0.3
SELECT pg_sleep(2);
\task beside count=300
INSERT INTO shared VALUES (1, 0);
\sleep 5 ms
INSERT INTO shared VALUES (2, 0);
}, qw(-c 30 --connections 2 --pipeline 10 --format json));
$report = json($out);
is($report->{counts}{failed}, 3, 'a time limit fails those that have it')
  or diag $err;
is(psql('SELECT count(*) FROM shared'), '600', 'and cancels nobody else');

# many cancels, while neighbours are under way: none is hit
($status, $out, $err) = run_plan(q{
\task late count=60
\timeout 0.02
SELECT pg_sleep(0.018 + random() * 0.006);
\task beside count=600
INSERT INTO shared VALUES (1, 0);
SELECT pg_sleep(0.001);
INSERT INTO shared VALUES (2, 0);
}, qw(-c 60 --connections 3 --pipeline 10 --format json));
$report = json($out);
is(scalar(grep { $_->{name} =~ /^beside/ && $_->{outcome} ne 'ok' }
		@{ $report->{tasks} }),
	0, 'cancels that come too late hit nobody') or diag $err;
is(psql('SELECT count(*) FROM shared'), '1200', 'nor is anything done twice');

$client = start_client([ 'run', plan_file(q{
INSERT INTO shared VALUES (9, 0);
SELECT pg_sleep(60);
}), qw(--tasks 40 -c 40 --connections 4 --pipeline 10) ], %named);
sleep 0.05 until psql("SELECT count(*) FROM pg_stat_activity WHERE "
	  . "application_name LIKE '$app%' AND query LIKE '%pg_sleep%' "
	  . "AND state = 'active'") == 4;
$client->signal('INT');
sleep 0.2;
$client->signal('INT');
($status, $out, $err) = $client->finish;
is($status, 130, 'Ctrl-C twice: exit status') or diag $err;
is(psql("SELECT count(*) FROM pg_stat_activity WHERE "
	  . "application_name LIKE '$app%'"), 0, 'nothing is left behind');

# ---- connections that are lost ----

$client = start_client([ 'run', plan_file(q{
INSERT INTO shared VALUES (:task_number, pg_backend_pid());
SELECT pg_sleep(0.002);
}), qw(-T 3 -c 40 --connections 4 --pipeline 10 --format json) ], %named);
psql('TRUNCATE shared');
for (1 .. 8)
{
	sleep 0.3;
	psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		  . "application_name LIKE '$app%' ORDER BY random() LIMIT 2");
}
($status, $out, $err) = $client->finish;
$report = json($out);
is($status, 2, 'backends killed: exit status');
like($err, qr/the connection was lost/, 'backends killed: said so');
cmp_ok($report->{counts}{failed}, '>=', 8, 'what they had under way failed');
cmp_ok($report->{counts}{failed}, '<=', 8 * 2 * 10 + 8,
	'and nothing else did');
cmp_ok($report->{counts}{ok}, '>', $report->{counts}{failed},
	'others go on, over new connections');

# ---- results of all sizes, many notices ----

($status, $out, $err) = run_plan(q{
\set n :task_number * :task_number * 7
SELECT repeat('x', :n::int) AS x, length(repeat('y', :n::int)) AS len,
  count(*) AS rows FROM generate_series(1, :n::int % 300 + 1) \gset
\assert :len = :n
\assert :rows = :n % 300 + 1
SELECT g, repeat('z', 100) FROM generate_series(1, :n::int % 5000) g;
}, qw(--tasks 100 -c 50 --connections 3 --pipeline 10));
is($status, 0, 'results of all sizes: exit status') or diag $err;

psql(q{CREATE FUNCTION shared_noise(n int) RETURNS int LANGUAGE plpgsql AS
$$BEGIN FOR i IN 1 .. n LOOP RAISE NOTICE 'noise'; END LOOP; RETURN n; END$$});
($status, $out, $err) = run_plan(q{
SELECT shared_noise(500) AS n \gset
\assert :n = 500
}, qw(--tasks 60 -c 30 --connections 3 --pipeline 10));
is($status, 0, 'many notices: exit status') or diag $err;
like($err, qr/noise.*30,?000/s, 'many notices: counted');

# ---- --connections auto ----

($status, $out, $err) = run_plan(q{
SELECT pg_sleep(0.02);
INSERT INTO shared VALUES (1, pg_backend_pid());
}, qw(--tasks 2000 -c 50 --connections auto --format json));
is($status, 0, 'auto: exit status') or diag $err;
is(psql('SELECT count(*) FROM shared'), '2000', 'auto: all is done');
$report = json($out);
is($report->{connections_auto}{first}, 4, 'auto: it begins small');
cmp_ok($report->{connections_auto}{most}, '>', 4, 'auto: and grows');
cmp_ok(psql('SELECT count(DISTINCT pid) FROM shared'), '>', 4,
	'auto: which the server sees');
($status, $out, $err) = run_plan('SELECT pg_sleep(0.01);',
	qw(--tasks 100 -c 20 --connections auto));
like($out . $err, qr/Connections: auto: 4 at first/, 'auto: the report says so');

# ---- what does not go together ----

foreach my $case (
	[ '-M simple', qr/does not go together with -M simple/, '-M', 'simple' ],
	[ 'a hook', qr/does not go together with a hook/, '--on-acquire', 'SELECT 1' ],
	[ 'a bad depth', qr/--pipeline cannot be "0"/, '--pipeline', '0' ])
{
	my ($name, $message, @args) = @$case;

	($status, $out, $err) =
	  run_plan('SELECT 1;', '--pipeline', '4', @args);
	is($status, 1, "$name: exit status");
	like($err, $message, "$name: the message");
}

done_testing();
