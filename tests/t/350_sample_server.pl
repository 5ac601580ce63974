# --sample-server tells what backends did while statements ran and who waited for
# whose lock, takes no connection from the pool, and what it cannot see it says.

use strict;
use warnings;
use utf8;

use AsyncDemoTest ':cluster';
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

my $folder = temp_folder();

# The whole machine may be busy: shares are told apart by large margins.
sub sample
{
	my ($text, @args) = @_;
	my %env = ref $args[-1] eq 'HASH' ? %{ pop @args } : ();
	my ($status, $out, $err) = run_client(
		[ 'run', '--sample-server', '--sample-interval', '5ms', '--format', 'json', @args,
			plan_file($text) ],
		%env);
	my $report = eval { decode_json($out) };

	return ($status, $report, $err);
}

sub share
{
	my ($report, $line, $kind) = @_;
	my ($step) = grep { $_->{line} == $line } @{ $report->{steps} };
	my ($sums) = grep { $_->{step} == $step->{step} } @{ $report->{server_samples}{steps} };
	my $all = 0;

	$all += $sums->{$_} foreach qw(cpu lock lwlock io other idle);
	return $all > 0 ? $sums->{$kind} / $all : 0;
}

psql('CREATE EXTENSION IF NOT EXISTS asyncdemo; DROP TABLE IF EXISTS sampled;'
	  . ' CREATE TABLE sampled AS SELECT 1 AS id, 0 AS v');

# -------- shares --------

my $four = <<'END';
SELECT asyncdemo.burn(0.25);
SELECT pg_sleep(0.25);
\blocking
SELECT pg_sleep(0.25);
\thread
SELECT pg_sleep(0.25);
END
my ($status, $report, $err);
# who has no time to look sees little
in_some_try(sub {
	($status, $report, $err) = sample($four, '-c', 2, '--tasks', 4);
	share($report, 1, 'cpu') > 0.6 && share($report, 2, 'other') > 0.6 && share($report, 4, 'other') > 0.6
	  && share($report, 6, 'other') > 0.5;
});
is($status, 0, 'a run that is sampled') or diag $err;
my $samples = $report->{server_samples};
cmp_ok($samples->{looks}, '>=', 20, 'many looks');
cmp_ok(share($report, 1, 'cpu'), '>', 0.6, 'burning is on a CPU');
cmp_ok(share($report, 2, 'other'), '>', 0.6, 'sleeping is another wait');
my ($sleeps) = grep { $_->{line} == 2 } @{ $report->{steps} };
is((grep { $_->{step} == $sleeps->{step} } @{ $report->{server_samples}{steps} })[0]{event},
	'PgSleep', 'which is named');
cmp_ok(share($report, 4, 'other'), '>', 0.6, 'seen while a blocking call holds the loop');
cmp_ok(share($report, 6, 'other'), '>', 0.5, 'and of a call on a thread');
cmp_ok($samples->{took}, '<', 0.5 * $samples->{covered}, 'looking is a small part of the time');
is($report->{connections}, 2, 'the pool is as large as ever');
is($report->{connects}{count}, 2, 'and has opened no more');
is_deeply($samples->{locks}, [], 'nobody waited for a lock');
is($samples->{problem}, undef, 'nothing stood in the way');

# -------- several loops --------

in_some_try(sub {
	($status, $report, $err) = sample("SELECT asyncdemo.burn(0.1);\n", qw(-j 2 -c 4 --tasks 12));
	share($report, 1, 'cpu') > 0.6;
});
is($status, 0, 'with two loops') or diag $err;
cmp_ok(share($report, 1, 'cpu'), '>', 0.6, 'the backends of both are looked at');
my %loops = map { $_->{connection} % 2 => 1 } map { @{ $_->{spans} } } @{ $report->{tasks} };
is(scalar(keys %loops), 2, 'connections of both were used');

# -------- locks --------

my $own = <<'END';
\task holder
BEGIN;
UPDATE sampled SET v = v + 1;
\sleep 1
COMMIT;
\task waiter count=2
\sleep 200ms
UPDATE sampled SET v = v + 1;
END
($status, $report, $err) = sample($own);
is($status, 0, 'tasks that wait for another one') or diag $err;
my $lock = $report->{server_samples}{locks}[0];
is($lock->{blocker}, 'own', 'one of this run had the lock');
is($lock->{blocker_task}, 1, 'which: the first task');
ok($lock->{blocker_idle}, 'whose transaction sat idle');
is((grep { $_->{step} == $lock->{blocker_step} } @{ $report->{steps} })[0]{line},
	3, 'after the statement that took it');
is((grep { $_->{step} == $lock->{step} } @{ $report->{steps} })[0]{line}, 8, 'and who waited');
cmp_ok($lock->{time}, '>', 0.8, 'for long, two of them');
cmp_ok($lock->{longest}, '<', 0.75 * $lock->{time}, 'each for a part of it');
cmp_ok($report->{server_samples}{idle_in_transaction}{time}, '>', 0.5, 'idle in transaction is seen');
is($report->{verdict}{word}, 'PARTIAL', 'tasks that wait for each other do not overlap');
like($report->{verdict}{why}, qr/^steps overlap only as far as locks let them, .* too: tasks waited ≈ [\d.]+ s for locks of transactions: step 2 of waiter \(sql, line 8\) waited .* that sat idle after step 2 of holder \(sql, line 3\)\.$/,
	'the verdict names both');
like($report->{verdict}{fix}, qr/^commit right after step 2 of holder \(sql, line 3\)/, 'and the remedy');

# the same as text, of few and of many tasks, and in a page
my $file = plan_file($own);
my $out;
($status, $out, $err) = run_client([ 'run', '--sample-server', '--html', "$folder/lock.html", $file ]);
like($out, qr/task +sql +samples +of it, about\n.*waiter#1 +[\d.]+ s +\d+ +lock .*\d+ %/s, 'by task');
like($out, qr/^  Lock: step 2 of waiter/m, 'who waited');
like($out, qr/^  Idle: our transactions were open and idle for/m, 'idle transactions');
like(slurp("$folder/lock.html"), qr/"server_samples":\{/, 'in the page too');
($status, $out, $err) = run_client([ qw(run --sample-server --tasks 20 -c 4 -e),
		'SELECT pg_sleep(0.1);' ]);
like($out, qr/step +line +sql +samples +of it, about\n  sql +1 +[\d.]+ s +\d+ +other waits .*\d+ %/,
	'many tasks: by step');

# for programs: sums of each step, as much as was seen
($status, $out, $err) = run_client([ qw(run --sample-server --format csv --metrics), "$folder/run.prom",
	qw(--tasks 8 -c 4 -e), "SELECT pg_sleep(0.2)\\; SELECT 1;" ]);
is($status, 0, 'as a table') or diag $err;
my @rows = map { [ split /,/, $_, -1 ] } split /\r\n/, $out;
my %at = map { $rows[0][$_] => $_ } 0 .. $#{ $rows[0] };
foreach my $scope (qw(run step))
{
	my ($row) = grep { $_->[ $at{scope} ] eq $scope } @rows;
	cmp_ok($row->[ $at{samples} ], '>', 0, "$scope: samples");
	cmp_ok($row->[ $at{other} ], '>', 2 * $row->[ $at{cpu} ], "$scope: most of it another wait");
}
my ($class) = grep { $_->[ $at{scope} ] eq 'class' } @rows;
is($class->[ $at{samples} ], '', 'of classes nothing');
my $metrics = slurp("$folder/run.prom");
like($metrics, qr/^asyncdemo_run_server_looks [1-9]/m, 'looks as a metric');
like($metrics, qr/^asyncdemo_step_sampled_seconds\{step="0",[^}]*activity="other"\} (0\.[1-9]|[1-9]\.)/m, 'and what was seen');
($status, $out, $err) = run_client([ qw(run --format csv -e), 'SELECT 1' ]);
like($out, qr/^1,step,0,.*,{9}\r$/m, 'without samples the cells are empty');

# and at its time in a trace
($status, $out, $err) = run_client([ qw(run -q --sample-server --trace), "$folder/run.trace",
	qw(--tasks 8 -c 4 -e), 'SELECT pg_sleep(0.2)' ]);
is($status, 0, 'with a trace') or diag $err;
my @looks = grep { ($_->{name} // '') eq 'backends' } @{ decode_json(slurp("$folder/run.trace")) };
cmp_ok(scalar(@looks), '>=', 3, 'each look is in it');
is(scalar(grep { $_->{ph} ne 'C' || $_->{pid} != 2 } @looks), 0, 'as a counter of the server');
cmp_ok((sort { $b <=> $a } map { $_->{args}{other} } @looks)[0], '>=', 2, 'of so many backends that wait');
cmp_ok($looks[-1]{ts}, '>', $looks[0]{ts}, 'at its time');

# another session
my $other = start_client([ '-Xqc',
		'BEGIN; UPDATE sampled SET v = 1; SELECT pg_sleep(1.5); COMMIT' ],
	program => 'psql', env => { PGAPPNAME => 'the culprit' });
wait_until('the other session to have it', sub {
	psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the culprit' AND wait_event = 'PgSleep'") eq '1' });
($status, $report, $err) = sample("UPDATE sampled SET v = 2;\n");
$lock = $report->{server_samples}{locks}[0];
is($lock->{blocker}, 'other', 'a session that is none of ours');
is($lock->{application}, 'the culprit', 'by its name');
is($lock->{state}, 'active', 'and its state');
cmp_ok($lock->{transaction}, '>', 0.1, 'and age');
like($report->{verdict}{why}, qr/another session \(pid $lock->{blocker_pid}, the culprit, active, its transaction open for/, 'in a sentence');
unlike(encode_json($report->{server_samples}), qr/pg_sleep/, 'not its text');
$other->finish;

# an uncontended update says nothing of locks
($status, $report, $err) = sample("UPDATE sampled SET v = 3;\n");
unlike($report->{verdict}{why}, qr/lock/, 'no lock where there is none');

# -------- what is not seen --------

($status, $report, $err) = sample("SELECT 1;\n", '--sample-interval', '1h');
is($status, 0, 'too short for a look');
is($report->{server_samples}{looks}, 0, 'which is told');
($status, $report, $err) = sample("\\sleep 50ms\n");
is($status, 0, 'a plan without SQL');
ok(!exists $report->{server_samples}, 'has nothing to look at');
like($err, qr/warning: the server is not sampled: no task of the plan has SQL/, 'which is said');

# the sampler's connection is lost: told once, the run goes on
my $client = start_client([ 'run', '--sample-server', '--format', 'json',
		plan_file("SELECT pg_sleep(2);\n") ]);
wait_until('the sampler', sub {
	psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_blocking_pids(a.pid)%' AND pid <> pg_backend_pid()") eq '1' });
($status, $out, $err) = $client->finish;
is($status, 0, 'the run goes on without it');
is(scalar(() = $err =~ /warning: the server is not sampled/g), 1, 'told once') or diag $err;
like(decode_json($out)->{server_samples}{problem}, qr/terminat|lost|closed/, 'and in the report');

# no room for it
my $cluster = new_cluster('full', conf => "max_connections = 5\nsuperuser_reserved_connections = 1\n");
my %there = (env => $cluster->{client_env});
$cluster->safe_psql('postgres', 'CREATE ROLE plain LOGIN');
($status, $report, $err) = sample("SELECT pg_sleep(0.3);\n", qw(-U plain -d postgres -c 4 --tasks 4), {%there});
is($status, 0, 'no room for the sampler') or diag $err;
is($report->{connections}, 4, 'the pool has all');
like($err, qr/warning: the server is not sampled: /, 'which is said');

# the role does not tell, or may not be looked at
$cluster->safe_psql('postgres', 'ALTER ROLE plain SET track_activities = off');
($status, $report, $err) = sample("SELECT pg_sleep(0.1);\n", qw(-U plain -d postgres), {%there});
like($err, qr/track_activities is off/, 'track_activities is off');
$cluster->safe_psql('postgres', 'ALTER ROLE plain RESET track_activities; CREATE TABLE t (v int); INSERT INTO t VALUES (1); GRANT ALL ON t TO plain');
my $hidden = start_client([ '-Xqc', 'BEGIN; UPDATE t SET v = 1; SELECT pg_sleep(1.5); COMMIT', 'postgres' ],
	program => 'psql', env => { %{ $cluster->{client_env} }, PGAPPNAME => 'secret' });
wait_until('its lock', sub {
	$cluster->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'secret' AND wait_event = 'PgSleep'") eq '1' });
($status, $report, $err) = sample("UPDATE t SET v = 2;\n", qw(-U plain -d postgres), {%there});
is($status, 0, 'behind a role that may not be looked at') or diag $err;
is($report->{server_samples}{locks}[0]{blocker}, 'hidden', 'it stays hidden');
like($report->{verdict}{why}, qr/of a role that only pg_read_all_stats may look at/, 'but for that');
$hidden->finish;

# -------- mistakes --------

foreach (
	[ 'an interval of nothing', qr/--sample-interval cannot be "0"/, '--sample-interval', 0 ],
	[ 'with --pooler', qr/does not go together with --pooler/, '--sample-server', '--pooler' ],
	[ 'with --compare', qr/for a run that is alone/, '--sample-server', '--compare', 'async,blocking' ])
{
	my ($name, $wanted, @args) = @$_;
	($status, $out, $err) = run_client([ 'run', @args, '-e', 'SELECT 1' ]);
	is($status, 1, "$name: refused");
	like($err, $wanted, "$name: why");
}
($status, $out, $err) = run_client([ 'demo', '--sample-server' ]);
is($status, 1, 'demo: refused');
($status, $out, $err) = run_client([ 'sweep', '--sample-server', '-e', 'SELECT 1' ]);
is($status, 1, 'sweep: refused');

done_testing();
