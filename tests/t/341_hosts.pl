# Several hosts: the first that serves is taken, target_session_attrs chooses,
# and after a failover a run goes on with the server that took over.

use strict;
use warnings;

use AsyncDemoTest ':cluster';
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

my $primary = new_cluster('primary',
	conf => "wal_level = replica\nmax_wal_senders = 5\nhot_standby = on\n");

$primary->safe_psql('postgres', 'CREATE TABLE done (task bigint, port int)');
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');

$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

my $dead = dead_port();
my %env = (env => {
		%{ $primary->{client_env} },
		PGHOST => undef,
		PGPORT => undef });

# A conninfo string with these ports of this folder's sockets, in order.
sub hosts
{
	my ($ports, @more) = @_;

	return join ' ', 'host=' . join(',', map { $primary->host } @$ports),
	  'port=' . join(',', @$ports), 'dbname=postgres', @more;
}

sub run_plan
{
	my ($conninfo, $text, @args) = @_;
	my ($status, $out, $err) = run_client(
		[ 'run', '-d', $conninfo, '--format', 'json', @args, plan_file($text) ],
		%env);

	return ($status, scalar(eval { decode_json($out) }), $err);
}

my ($first, $second) = ($primary->port, $standby->port);

foreach my $case (
	[ 'the first is taken', [ $first, $second ], '', $first ],
	[ 'a dead one is passed over', [ $dead, $second ], '', $second ],
	[
		'read-write passes over a standby', [ $second, $first ],
		'target_session_attrs=read-write', $first
	],
	[
		'standby passes over a primary', [ $first, $second ],
		'target_session_attrs=standby', $second
	],
	[
		'prefer-standby takes what there is', [ $dead, $first ],
		'target_session_attrs=prefer-standby', $first
	])
{
	my ($name, $ports, $more, $expected) = @$case;
	my ($status, $report, $err) = run_plan(hosts($ports, $more),
		"SELECT current_setting('port')::int AS port \\gset\n"
		  . "\\assert :port = $expected\n", '-c', 4, '--tasks', 8, '-M',
		'prepared');

	is($status, 0, $name) or diag $err;
	is($report->{counts}{ok}, 8, "$name: every connection");
}

{
	my ($status, $report, $err) =
	  run_plan(hosts([ $second, $dead ], 'target_session_attrs=read-write'),
		"SELECT 1;\n");

	is($status, 4, 'none that suits: exit status');
	like($err, qr/read-only|recovery/, 'none that suits: says why');
}

# The primary dies, the standby takes over.
{
	my $client = start_client(
		[
			'run', '-d',
			hosts([ $first, $second ], 'target_session_attrs=read-write'),
			'--format', 'json', '-c', 6, '-T', '12', '-M', 'prepared',
			plan_file("INSERT INTO done VALUES (:task_number::bigint, "
				  . "current_setting('port')::int);\n\\sleep 20 ms\n")
		], %env);

	wait_until('tasks to end', sub {
		$primary->safe_psql('postgres', 'SELECT count(*) FROM done') > 50;
	});
	$primary->wait_for_catchup($standby);
	$primary->stop('immediate');
	$standby->promote;

	my ($status, $out, $err) = $client->finish;
	my $report = decode_json($out);
	my ($tasks, $doubled, $after) = split /\|/,
	  $standby->safe_psql('postgres',
		'SELECT count(*), count(*) - count(DISTINCT task), '
		  . "count(*) FILTER (WHERE port = $second) FROM done");

	is($status, 2, 'failover: tasks that were under way failed');
	cmp_ok($after, '>', 0, 'failover: the run went on with the new primary');
	is($doubled, 0, 'failover: no task ran twice');
	cmp_ok($report->{counts}{failed}, '>', 0, 'failover: failures are counted');
	like($err, qr/connection was lost|could not connect|terminating|closed/i,
		'failover: says why');
}

done_testing();
