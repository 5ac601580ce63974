# With a ledger a task is tried again as a whole, also after a lost connection,
# and is applied once, also when the answer to its COMMIT was lost.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

# Connections are killed by name: other tests use the server at the same time.
$ENV{PGAPPNAME} = "retry$$";

my $rows_file = temp_folder() . '/rows.csv';
my %server = AsyncDemoTest::server_env();

psql('DROP TABLE IF EXISTS hits, counter, book; CREATE TABLE hits (n bigint);'
	  . 'CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)');

sub begin
{
	my ($plan, @args) = @_;
	psql('TRUNCATE hits; DROP TABLE IF EXISTS book');
	return start_client([ 'run', '--format', 'json', '-o', $rows_file,
			'--ledger', 'book', @args, plan_file($plan) ]);
}

sub counts
{
	my ($out) = @_;
	my $counts = decode_json($out)->{counts};
	return join ' ', map { "$_=$counts->{$_}" }
	  grep { $counts->{$_} } sort keys %$counts;
}

sub hits { return psql('SELECT count(*), count(DISTINCT n) FROM hits'); }
sub marks { return psql('SELECT count(*) FROM book'); }
sub rows { return scalar(() = slurp($rows_file) =~ /\n/g); }

# ---- conflicts ----

my ($status, $out, $err) = begin(<<'END', '-c', 12, '--tasks', 12,
SELECT n FROM counter \gset
\set m :n + 1
UPDATE counter SET n = :m::int;
\emit :m
END
	'--retries', 60, '--on-connect',
	q{SET default_transaction_isolation = 'serializable'})->finish;
is($status, 0, 'a storm: exit status') or diag $err;
is(counts($out), 'ok=12', 'a storm: all end well');
is(psql('SELECT n FROM counter'), 12, 'a storm: each applied once');
is(marks(), 12, 'a storm: marks');
my %seen = map { $_ => 1 } split /\n/, slurp($rows_file);
is(scalar keys %seen, 12, 'a storm: rows of what was committed');

# What would be done twice is not.
my $web = start_serve();
psql('UPDATE counter SET n = 0');
($status, $out, $err) = begin(<<"END", '-c', 8, '--tasks', 8,
SELECT n FROM counter \\gset
\\http q POST @{[ $web->url('/?delay=0.05') ]}
\\set m :n + 1
UPDATE counter SET n = :m::int;
END
	'--retries', 60, '--on-connect',
	q{SET default_transaction_isolation = 'serializable'})->finish;
is($status, 2, 'a POST inside: not tried again');
is(decode_json($out)->{retries}{made}, 0, 'a POST inside: no retry at all');
is(psql('SELECT n FROM counter'), marks(), 'a POST inside: marks');

# ---- connections that are lost, many times ----

foreach my $plan (
	"INSERT INTO hits VALUES (:task_number);\n\\emit :task_number\n",
	"SELECT pg_sleep(0.02);\nINSERT INTO hits VALUES (:task_number);\n"
	. "\\emit :task_number\nSELECT pg_sleep(0.02);\n",
	"\\hold transaction\nSELECT pg_sleep(0.02);\n"
	. "INSERT INTO hits VALUES (:task_number) RETURNING n AS m \\gset\n"
	. "\\emit :m\n")
{
	my $tasks = $plan =~ /sleep/ ? 400 : 4000;
	my $client = begin($plan, '-c', 8, '--tasks', $tasks, '--retries', 50,
		'--retry-budget', 1000);
	my $kills = 0;

	wait_until('the first tasks',
		sub { $client->has_ended || psql('SELECT count(*) FROM hits') > 0 });
	while (!$client->has_ended)
	{
		$kills += psql(qq{SELECT count(pg_terminate_backend(pid))
			FROM pg_stat_activity WHERE datname = current_database()
			  AND pid <> pg_backend_pid() AND state <> 'idle'
			  AND application_name LIKE '$ENV{PGAPPNAME}%'});
		sleep 0.1;
	}
	($status, $out, $err) = $client->finish;
	is($status, 0, "terminated $kills times: exit status") or diag $err;
	is(counts($out), "ok=$tasks", 'terminated: all end well');
	is(hits(), "$tasks|$tasks", 'terminated: each applied once');
	is(marks(), $tasks, 'terminated: marks');
	is(rows(), $tasks, 'terminated: a row for each');
}

# ---- an answer that is lost, though it was committed ----

# Between client and server; once, when the server has said what is wanted, it
# ends both connections instead of passing it on.
sub losing_proxy
{
	my ($wanted) = @_;
	my $lost = plan_file('', 'lost' . time);

	unlink $lost;
	return start_fault_server(
		sub {
			my ($client) = @_;
			my $server = $server{PGHOST} =~ m{^/}
			  ? IO::Socket::UNIX->new(
				Peer => "$server{PGHOST}/.s.PGSQL.$server{PGPORT}")
			  : IO::Socket::INET->new(
				PeerAddr => $server{PGHOST}, PeerPort => $server{PGPORT});
			my $both = IO::Select->new($client, $server);

			for (;;)
			{
				foreach my $from ($both->can_read)
				{
					my $to = $from == $client ? $server : $client;
					return unless sysread $from, my $data, 65536;
					if ($from == $server && $data =~ $wanted && !-e $lost)
					{
						open my $handle, '>', $lost;
						close $handle;
						return;
					}
					syswrite $to, $data;
				}
			}
		});
}

foreach my $case (
	[ 'one statement', qr/INSERT 0 1\0Z/,
		"\\set x 1\nINSERT INTO hits VALUES (:task_number);\n\\emit :x\n", '1' ],
	[ 'COMMIT behind the last', qr/COMMIT\0/,
		"\\set x 1\nINSERT INTO hits VALUES (:task_number);\n\\set x :x + 1\n"
		  . "SELECT 1;\n\\emit :x :task_number\n", '2,1' ],
	[ 'COMMIT by itself', qr/COMMIT\0/,
		"\\set x 1\nINSERT INTO hits VALUES (:task_number);\n\\set x :x + 1\n"
		  . "\\emit :x :task_number\n"
		  . "SELECT :x::int + 5 AS s \\gset\n\\emit :s :x\n", "2,1\n7,2" ])
{
	my ($name, $wanted, $plan, $rows) = @$case;
	my $proxy = losing_proxy($wanted);
	my @through = ('-h', '127.0.0.1', '-p', $proxy->port, '--tasks', 1);

	($status, $out, $err) = begin($plan, @through)->finish;
	is($status, 2, "$name, no retries: exit status");
	like($err, qr/not known.*the ledger knows/s, "$name, no retries: said");
	is(hits() . ' ' . marks(), '1|1 1', "$name, no retries: it was committed");
	$proxy->stop;

	$proxy = losing_proxy($wanted);
	@through = ('-h', '127.0.0.1', '-p', $proxy->port, '--tasks', 1);
	($status, $out, $err) = begin($plan, @through, '--retries', 3)->finish;
	is($status, 0, "$name: exit status") or diag $err;
	is(counts($out), 'ok=1', "$name: it ends well, and is not skipped");
	is(decode_json($out)->{retries}{made}, 1, "$name: asked once more");
	is(hits() . ' ' . marks(), '1|1 1', "$name: applied once");
	is(slurp($rows_file), "$rows\n", "$name: its rows are there");
	$proxy->stop;
}

done_testing();
