# Through PgBouncer in transaction mode: found out by itself or said by
# --pooler, many tasks over few server connections, transactions kept whole,
# and a restart of the pooler in the middle costs only what was under way.

use strict;
use warnings;

use AsyncDemoTest ':cluster';
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

my ($pgbouncer) = grep { -x } qw(/usr/sbin/pgbouncer /usr/bin/pgbouncer);

plan(skip_all => 'pgbouncer is not installed') unless defined $pgbouncer;

my $cluster = new_cluster('behind');
my $port = free_port();
my $folder = temp_folder();
my $user = $cluster->{client_env}{PGUSER};
my $host = $cluster->host;

sub write_file
{
	my ($name, $text) = @_;
	open my $handle, '>', "$folder/$name" or die "$name: $!\n";
	print $handle $text;
	close $handle or die "$name: $!\n";
}

write_file('users.txt', qq{"$user" ""\n});
write_file('pgbouncer.ini', <<"END");
[databases]
postgres = host=$host port=@{[$cluster->port]} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
auth_file = $folder/users.txt
pool_mode = transaction
max_client_conn = 200
default_pool_size = 4
logfile = $folder/pgbouncer.log
pidfile =
server_login_retry = 1
END
# any user may come in, under the name that the database line gives
{
	my $ini = slurp("$folder/pgbouncer.ini");

	$ini =~ s/dbname=postgres$/dbname=postgres user=$user/m;
	write_file('pgbouncer.ini', $ini);
}

my %through = (env => {
		%{ $cluster->{client_env} },
		PGHOST => '127.0.0.1',
		PGPORT => $port });

sub start_pooler
{
	my $pooler = start_client([ "$folder/pgbouncer.ini" ],
		program => $pgbouncer);

	wait_until(
		'PgBouncer to answer',
		sub {
			die 'PgBouncer ended: ' . $pooler->stderr if $pooler->has_ended;
			my ($status) = run_client([ '-Xqc', 'SELECT 1' ],
				program => 'psql', %through);
			return $status == 0;
		});
	return $pooler;
}

sub run_plan
{
	my ($text, @args) = @_;
	my ($status, $out, $err) = run_client(
		[ 'run', '--format', 'json', @args, plan_file($text) ], %through);

	return ($status, scalar(eval { decode_json($out) }), $err);
}

my $pooler = start_pooler();

$cluster->safe_psql('postgres',
	'CREATE TABLE done (task int, part int, xid xid8)');

my $transaction = <<'END';
\option protocol extended
\set half :task_number
BEGIN;
INSERT INTO done VALUES (:task_number::int, 1, pg_current_xact_id());
SELECT pg_sleep(0.002);
INSERT INTO done VALUES (:half::int, 2, pg_current_xact_id());
COMMIT;
SELECT count(*) AS n FROM done WHERE task = :task_number::int \gset
\assert :n = 2
END

foreach my $args ([], ['--pooler'])
{
	my $name = @$args ? '--pooler' : 'found out';
	my ($status, $report, $err) =
	  run_plan($transaction, @$args, '-c', 40, '--tasks', 200);

	is($status, 0, "$name: exit status") or diag $err;
	is($report->{counts}{ok}, 200, "$name: every task ended well");
	is($report->{connections}, 40, "$name: 40 connections");
	is($cluster->safe_psql('postgres',
			'SELECT count(*), count(DISTINCT task), count(DISTINCT xid) '
			  . 'FROM done'),
		'400|200|200', "$name: transactions are whole");
	is($cluster->safe_psql('postgres',
			'SELECT count(*) <= 5 FROM pg_stat_activity WHERE backend_type '
			  . q{= 'client backend' AND pid <> pg_backend_pid()}),
		't', "$name: over the pooler's few connections");
	like($err, qr/pooler|start-up options/, "$name: said so")
	  if !@$args;
	$cluster->safe_psql('postgres', 'TRUNCATE done');
}

# Which backend runs what cannot be told from here.
{
	my ($status, $report, $err) =
	  run_plan("SELECT pg_sleep(0.1);\n", '--sample-server');

	is($status, 0, 'to be sampled: the run goes on');
	like($err, qr/warning: the server is not sampled: a connection pooler such as PgBouncer stands between/,
		'and is told why it is not');
	is($report->{server_samples}{looks}, 0, 'nor is any look made up');
	($status, $report, $err) = run_plan(
		"SELECT current_setting('search_path') = 'pg_catalog' AS bad \\gset\n"
		  . "\\assert NOT :bad\n", '--pooler', '-c', 8, '--tasks', 40);
	is($status, 0, 'no session of others has been changed') or diag $err;
}

# Prepared statements do not survive a change of server connection: nothing
# is prepared, though the plan's protocol would be.
{
	my ($status, $report, $err) =
	  run_plan("\\option pooler\nSELECT :task_number::int AS n \\gset\n"
		  . "\\assert :n = :task_number\n", '-c', 20, '--tasks', 400);

	is($status, 0, '\option pooler: nothing is prepared') or diag $err;
}

# A lease for a transaction, not for the task: with one server connection
# and one of ours, two tasks that sleep between transactions share it.
{
	my ($status, $report, $err) = run_plan(
		"SELECT 1;\n\\sleep 300 ms\nSELECT 2;\n",
		'--pooler', '-c', 2, '--tasks', 2, '--connections', 1);

	is($status, 0, 'leases are for a transaction: exit status') or diag $err;
	cmp_ok($report->{wall}, '<', 0.6 + 5, 'leases are for a transaction');
	is($report->{connections}, 1, 'over one connection');
}

# The pooler goes away and comes back: what was under way fails with a
# sentence, the rest is done over new connections, and the counts add up.
{
	my $client = start_client(
		[
			'run', '--format', 'json', '--pooler', '-c', 8, '-T', '6',
			plan_file("\\option protocol extended\n"
				  . "INSERT INTO done VALUES (1, 1);\n\\sleep 20 ms\n")
		], %through);

	wait_until('tasks to end', sub {
		$cluster->safe_psql('postgres', 'SELECT count(*) FROM done') > 50;
	});
	$pooler->signal('KILL');
	$pooler->finish;
	sleep 0.5;
	$pooler = start_pooler();
	my $before = $cluster->safe_psql('postgres', 'SELECT count(*) FROM done');
	my ($status, $out, $err) = $client->finish;
	my $report = decode_json($out);

	is($status, 2, 'restart of the pooler: tasks failed');
	cmp_ok($cluster->safe_psql('postgres', 'SELECT count(*) FROM done'),
		'>', $before, 'restart of the pooler: the run went on');
	cmp_ok($report->{counts}{ok}, '<=',
		$cluster->safe_psql('postgres', 'SELECT count(*) FROM done'),
		'restart of the pooler: what ended well is there');
	like($err, qr/connection was lost|could not connect|Connection refused/,
		'restart of the pooler: it says why');
}

done_testing();
