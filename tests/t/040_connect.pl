# Where no connection can be had, one sentence says where it was tried and why
# not, nothing secret is shown, and the exit status is 4; where one can be had
# at any of the places named, it is.

use strict;
use warnings;

use AsyncDemoTest ':cluster';
use Test::More;
use Time::HiRes qw(time);

my $plan = plan_file("SELECT 1;\n");
my %server = AsyncDemoTest::server_env();
my ($host, $port, $user) = @server{qw(PGHOST PGPORT PGUSER)};

sub connect_to
{
	my ($conninfo, @more) = @_;
	return run_client([ 'run', $plan, '-d', $conninfo, @more ]);
}

# What is tried in vain: exit status 4, every pattern on standard error.
sub fails
{
	my ($name, $conninfo, $patterns, @more) = @_;
	my ($status, $out, $err) = connect_to($conninfo, @more);

	is($status, 4, "$name: exit status");
	is($out, '', "$name: nothing on standard output");
	like($err, $_, "$name: says $_") foreach @$patterns;
	like($err, qr/^\s+hint: /m, "$name: gives a hint");
	unlike($err, qr/s3cret/, "$name: shows no password");
	return $err;
}

# ---- what cannot work ----

my $closed = dead_port();
fails('nobody listens', "host=127.0.0.1 port=$closed password=s3cret",
	[ qr/127\.0\.0\.1 port $closed: Connection refused/ ]);
fails('no socket', "host=/nonexistent port=7 user=me dbname=shop",
	[ qr{me\@/nonexistent:7/shop}, qr{/nonexistent/\.s\.PGSQL\.7} ]);
fails('wrong password',
	"postgresql://$user:s3cret\@127.0.0.1:$port/postgres",
	[ qr/password authentication failed/ ]);
fails('unknown database', 'dbname=no_such_database',
	[ qr/database "no_such_database" does not exist/ ]);
fails('unknown host', 'host=no-such-host.invalid',
	[ qr/no-such-host\.invalid/, qr/resolve/ ]);
fails('several hosts, all dead',
	"host=127.0.0.1,/nonexistent port=$closed,7",
	[ qr/port $closed: Connection refused/, qr{/nonexistent/} ]);
fails('the wrong kind of server', 'target_session_attrs=standby',
	[ qr/standby/ ]);

my $silent = start_fault_server('silent');
my $begin = time;
fails('a server that never answers',
	'host=127.0.0.1 sslmode=disable port=' . $silent->port,
	[ qr/no answer within 1 s/ ], '--connect-timeout', 1);
cmp_ok(time - $begin, '>=', 1, 'it was given the time it had');
$silent->stop;
my $closing = start_fault_server('close');
fails('a server that hangs up', 'host=127.0.0.1 port=' . $closing->port,
	[ qr/server closed the connection|could not/ ]);
$closing->stop;

foreach my $case (
	[ 'hots=x', qr/invalid connection option "hots"/ ],
	[ 'host=x password=s3cret word', qr/wrong connection settings/ ],
	[ 'postgresql://u:s3cret@[x/y', qr/wrong connection settings/ ],
	[ 'host=x port=70000', qr/port "70000"/ ],
	[ 'target_session_attrs=best', qr/target_session_attrs/ ])
{
	my ($conninfo, $pattern) = @$case;
	my ($status, $out, $err) = connect_to($conninfo);

	is($status, 1, "wrong settings: exit status ($pattern)");
	like($err, $pattern, 'wrong settings: what is wrong');
	unlike($err, qr/s3cret/, 'wrong settings: no password');
}

# ---- what works ----

my $silent_too = start_fault_server('silent');
foreach my $case (
	[ 'the second host', "host=/nonexistent,$host port=$port" ],
	[ 'the second host, the first unknown',
		"host=no-such-host.invalid,$host port=$port" ],
	[ 'the second host, the first silent',
		"host=127.0.0.1,$host port=" . $silent_too->port . ",$port"
		  . ' sslmode=disable', '--connect-timeout', 1 ],
	[ 'a host that is a primary',
		"host=/nonexistent,$host port=$port target_session_attrs=primary" ],
	[ 'a primary where a standby is preferred',
		"host=$host port=$port target_session_attrs=prefer-standby" ],
	[ 'a host that can be written to',
		"host=$host port=$port target_session_attrs=read-write" ],
	[ 'a name that stands for several addresses',
		"host=localhost port=$port" ],
	[ 'an address', "host=127.0.0.1 hostaddr=127.0.0.1 port=$port" ],
	[ 'a URI', "postgresql:///postgres?host=$host&port=$port" ],
	[ 'a name of a database', 'postgres' ])
{
	my ($name, $conninfo, @more) = @$case;

	# the password file knows 127.0.0.1 by its address only
  SKIP:
	{
		skip "the private server's password file does not know the name", 1
		  if $conninfo =~ /localhost/ && !knows_localhost();
		my ($status, $out, $err) = connect_to($conninfo, @more);
		is($status, 0, "$name: connects") or diag $err;
	}
}
$silent_too->stop;

sub knows_localhost
{
	my ($status) = run_client([ '-w', '-c', 'SELECT 1', '-d',
		"host=localhost port=$port" ], program => 'psql');
	return $status == 0;
}

my $service = plan_file("[shop]\nhost=/nonexistent,$host\nport=$port\n",
	'services');
my ($status, $out, $err) = run_client([ 'run', $plan, '-d', 'service=shop' ],
	env => { PGSERVICEFILE => $service, PGHOST => undef, PGPORT => undef });
is($status, 0, 'a service with two hosts') or diag $err;

# ---- how many ----

my $small = new_cluster('small',
	conf => "max_connections = 9\nsuperuser_reserved_connections = 0\n"
	  . "max_wal_senders = 0\n");
$small->safe_psql('postgres', 'CREATE TABLE done (pid int)');
my $many = plan_file("\\task t count=40\n"
	  . "INSERT INTO done SELECT pg_backend_pid();\nSELECT pg_sleep(0.02);\n");
my %env = (env => $small->{client_env});
($status, $out, $err) =
  run_client([ 'run', $many, '--connections', 30, '-c', 30 ], %env);
is($status, 0, 'a server with less room than asked for will do') or diag $err;
is($small->safe_psql('postgres', 'SELECT count(*) FROM done'), 40,
	'every task had a connection');
cmp_ok($small->safe_psql('postgres', 'SELECT count(DISTINCT pid) FROM done'),
	'>', 3, 'and as many connections as there is room for were used');

# Sessions that have just ended may still take room: add until it is full.
my @held;
wait_until('every connection to be taken', sub {
	my ($psql_status) = run_client([ '-XAtqc', 'SELECT 1' ],
		program => 'psql', %env);
	return 1 if $psql_status != 0;
	push @held, start_client([ '-XAtqc', 'SELECT pg_sleep(600)' ],
		program => 'psql', %env);
	return 0;
});
($status, $out, $err) = run_client([ 'run', $plan ], %env);
is($status, 4, 'no connection is free: exit status');
like($err, qr/too many clients/, 'no connection is free: says so');
like($err, qr/hint: .*max_connections/, 'no connection is free: what to do');
$_->signal('TERM') foreach @held;
$_->finish foreach @held;
$small->stop;

($status, $out, $err) = run_client([ 'run', $plan ], %env);
is($status, 4, 'the server is stopped: exit status');

# ---- a pooler that refuses start-up options ----

SKIP:
{
	my ($bouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}),
	  '/usr/sbin';
	skip 'pgbouncer is not installed', 4 unless defined $bouncer;

	my $listen = free_port();
	my $folder = temp_folder();
	my $ini = plan_file(
		"[databases]\npostgres = host=$host port=$port user=$user\n"
		  . "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = $listen\n"
		  . "unix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
		  . "default_pool_size = 2\nlogfile = $folder/pgbouncer.log\n",
		'pgbouncer.ini');
	my $server = start_client([ '-q', $ini ], program => $bouncer);
	my @url = ('-d', "host=127.0.0.1 port=$listen user=me dbname=postgres");

	wait_until('pgbouncer', sub {
		my ($psql_status) = run_client([ '-XAtqc', 'SELECT 1', @url ],
			program => 'psql');
		die 'pgbouncer: ' . $server->stderr if $server->has_ended;
		return $psql_status == 0;
	});
	my $work = plan_file("\\task t count=50\n\\set v 1\n"
		  . "SELECT :v::int + 1 AS w \\gset\nBEGIN;\nSELECT :w::int;\nCOMMIT;\n");

	($status, $out, $err) =
	  run_client([ 'run', $work, @url, '--connections', 8, '-c', 8 ]);
	is($status, 0, 'through a pooler') or diag $err;
	my @said = $err =~ /start-up options are refused/g;
	is(@said, 1, 'that it goes without start-up options is said once');
	($status, $out, $err) =
	  run_client([ 'run', $work, @url, '--pooler', '--connections', 8 ]);
	is($status, 0, 'with --pooler') or diag $err;
	unlike($err, qr/refused/, 'they are not tried');
	$server->signal('TERM');
	$server->finish;
}

done_testing();
