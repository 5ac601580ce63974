# With a ledger all SQL of a task is one transaction together with its mark,
# whatever the protocol and the call; what is marked is not done again.

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

my $folder = temp_folder();

psql('DROP TABLE IF EXISTS hits, others, book;'
	  . 'CREATE TABLE hits (n bigint); CREATE TABLE others (n bigint)');

sub run_it { return run_client([ 'run', @_ ]); }

sub counts
{
	my ($out) = @_;
	my $counts = decode_json($out)->{counts};
	return join ' ', map { "$_=$counts->{$_}" }
	  grep { $counts->{$_} } sort keys %$counts;
}

sub state
{
	return join ' ', map { psql("SELECT count(*), count(DISTINCT n) FROM $_") }
	  qw(hits others);
}

sub marks { return psql('SELECT count(*) FROM book'); }

# ---- every form of plan, protocol and call ----

my %forms = (
	one => ['INSERT INTO hits VALUES (:task_number);', '30|30 0|0'],
	three => ["INSERT INTO hits VALUES (:task_number);\nSELECT 1;\n"
		  . 'INSERT INTO others VALUES (:task_number);', '30|30 30|30'],
	gset => ["INSERT INTO hits VALUES (:task_number) RETURNING n AS m \\gset\n"
		  . '\emit :m', '30|30 0|0'],
	emit => ["INSERT INTO hits VALUES (:task_number);\n\\emit :task_number",
		'30|30 0|0'],
	branch => ["\\if :task_number <= 12\nINSERT INTO hits VALUES "
		  . "(:task_number);\n\\endif", '12|12 0|0'],
	gather => ["\\gather\nINSERT INTO hits VALUES (:task_number);\n"
		  . "\\sleep 1 ms\nINSERT INTO others VALUES (:task_number);\n\\end",
		'30|30 30|30'],
	hold => ["\\hold statement\nINSERT INTO hits VALUES (:task_number);\n"
		  . "\\sleep 1 ms\nINSERT INTO others VALUES (:task_number);",
		'30|30 30|30'],
	copy => ["COPY (SELECT 1) TO STDOUT;\nINSERT INTO hits VALUES "
		  . '(:task_number);', '30|30 0|0'],
	utility => ["INSERT INTO hits VALUES (:task_number);\nLOCK hits IN ROW "
		  . 'EXCLUSIVE MODE;', '30|30 0|0'],
	savepoint => ["INSERT INTO hits VALUES (:task_number);\nSAVEPOINT a;\n"
		  . "INSERT INTO hits VALUES (0);\nROLLBACK TO a;", '30|30 0|0']);

foreach my $form (sort keys %forms)
{
	my ($text, $want) = @{ $forms{$form} };
	my $plan = plan_file("$text\n");

	foreach my $protocol (qw(simple extended prepared))
	{
		foreach my $mode (qw(plan blocking threads))
		{
			my @how = ($plan, '-M', $protocol, '--mode', $mode, '-c', 4,
				'-o', "$folder/rows", '--ledger', 'book');
			my $name = "$form, $protocol, $mode";

			psql('TRUNCATE hits, others; DROP TABLE IF EXISTS book');
			my ($status, $out, $err) = run_it(@how, '--tasks', 20, '-q');
			is($status, 0, $name) or diag $err;
			($status, $out, $err) =
			  run_it(@how, '--tasks', 30, '--format', 'json');
			is(counts($out), 'ok=10 skipped=20', "$name: twenty are done")
			  or diag $err;
			is(state() . ' ' . marks(), "$want 30", "$name: each once");
		}
	}
}

# ---- a task that fails leaves nothing ----

foreach my $case (
	[ 'its only statement', 'INSERT INTO hits VALUES (1 / (:task_number - 5));' ],
	[ 'its last statement', "INSERT INTO hits VALUES (:task_number);\n"
		  . 'SELECT 1 / (:task_number - 5);' ],
	[ 'its \gset', "INSERT INTO hits VALUES (:task_number);\n"
		  . "SELECT 1 AS x WHERE :task_number <> 5 \\gset" ],
	[ 'its \assert', "INSERT INTO hits VALUES (:task_number);\n"
		  . "\\assert :task_number <> 5" ],
	[ 'COMMIT', "INSERT INTO others VALUES (:task_number);\nSELECT 1;" ],
	[ 'COMMIT behind its only statement',
		'INSERT INTO others VALUES (:task_number);' ])
{
	my ($name, $text) = @$case;

	foreach my $protocol (qw(simple prepared))
	{
		psql('TRUNCATE hits; DROP TABLE IF EXISTS book; '
			  . 'DROP TABLE others; CREATE TABLE others (n bigint '
			  . 'UNIQUE DEFERRABLE INITIALLY DEFERRED); '
			  . 'INSERT INTO others VALUES (5)');
		my ($status, $out, $err) = run_it(plan_file("$text\n"), '-M', $protocol,
			'--tasks', 9, '--ledger', 'book', '--format', 'json');
		like($status, qr/^[23]$/, "$name fails ($protocol)");
		is(counts($out), 'failed=1 ok=8', "$name: one") or diag $out . $err;
		is(marks(), 8, "$name: without a mark");
		is(psql('SELECT count(*) FROM hits WHERE n = 5') . ' '
			  . psql('SELECT count(*) FROM others'),
			'0 ' . ($text =~ /others/ ? 9 : 1), "$name: and without a row");
	}
}
psql('DROP TABLE others; CREATE TABLE others (n bigint)');

# ---- two runs at once: a row is done by one of them ----

psql('TRUNCATE hits; DROP TABLE book');
my $slow = plan_file("INSERT INTO hits VALUES (:task_number);\n"
	  . "SELECT pg_sleep(0.002);\n");
my @both = map {
	start_client([ 'run', $slow, '--tasks', 200, '-c', 6, '--ledger', 'book',
			'--joblog', "$folder/both$_", '--format', 'json' ])
} 1, 2;
my @counts = map {
	my ($status, $out, $err) = $_->finish;
	is($status, 0, 'both end well') or diag $err;
	decode_json($out)->{counts};
} @both;
is($counts[0]{ok} + $counts[1]{ok}, 200, 'together they do all');
is($counts[$_]{ok} + $counts[$_]{skipped}, 200, 'counts add up') for 0, 1;
is(state(), '200|200 0|0', 'each row is there once');
unlike(slurp("$folder/both1") . slurp("$folder/both2"), qr/\tfailed\t/,
	'none has failed');

# ---- what is in the log and not in the ledger was lost by the server ----

psql('DELETE FROM hits WHERE n = 17; DELETE FROM book WHERE row_hash = '
	  . "lpad('11', 32, '0')::uuid");
my ($status, $out, $err) = run_it($slow, '--tasks', 200, '--ledger', 'book',
	'--joblog', "$folder/both1", '--resume', '--format', 'json');
is(counts($out), 'ok=1 skipped=199', 'it is done again') or diag $err;
is(state(), '200|200 0|0', 'and is there');

# ---- plans and tables that cannot be ----

sub refused
{
	my ($name, $message, $hint, @args) = @_;
	my ($s, $o, $e) = run_it(@args);
	is($s, 1, "$name: exit status") or diag $o . $e;
	like($e, $message, "$name: the message");
	like($e, qr/hint: .*$hint/s, "$name: the remedy");
	return;
}

foreach my $word ('BEGIN', 'START TRANSACTION', 'COMMIT', 'END', 'ROLLBACK',
	'ABORT', "PREPARE TRANSACTION 'x'")
{
	refused($word, qr/<command>:2:1: with --ledger a task cannot begin or end/,
		qr/take it out/, '-e', "SELECT 1;\n$word;", '--ledger', 'book');
}
refused('\release', qr/<command>:2:1: .*\\release cannot/, qr/take it out/,
	'-e', "SELECT 1;\n\\release\nSELECT 2;", '--ledger', 'book');
refused('no SQL', qr/task ".*" has no SQL/, qr/--joblog/,
	'-e', '\sleep 1 ms', '--ledger', 'book');
refused('no name', qr/--ledger cannot be "a b"/, qr/my_schema\.my_job/,
	'-e', 'SELECT 1;', '--ledger', 'a b');
($status, $out, $err) = run_client([ 'check', plan_file("BEGIN;\n"),
		'--ledger', 'book' ]);
is($status, 1, 'check says so as well');

foreach my $case (
	[ 'other columns', 'CREATE TABLE bad (n int)', qr/does not have the col/ ],
	[ 'no key', 'CREATE TABLE bad (plan uuid, row_hash uuid, occurrence int8)',
		qr/no unique index/ ],
	[ 'a partial key', 'CREATE TABLE bad (plan uuid, row_hash uuid, '
		  . 'occurrence int8); CREATE UNIQUE INDEX ON bad (plan, row_hash, '
		  . 'occurrence) WHERE occurrence = 1', qr/no unique index/ ],
	[ 'unlogged', 'CREATE UNLOGGED TABLE bad (plan uuid, row_hash uuid, '
		  . 'occurrence int8, PRIMARY KEY (plan, row_hash, occurrence))',
		qr/unlogged/ ])
{
	my ($name, $ddl, $message) = @$case;

	psql("DROP TABLE IF EXISTS bad; $ddl");
	refused($name, qr/table bad cannot be a ledger: .*$message/s,
		qr/name a table that is not there/, '-e', 'SELECT 1;',
		'--ledger', 'bad');
}
psql('DROP TABLE bad');

($status, $out, $err) = run_it('-e', 'VACUUM hits;', '--ledger', 'book');
is($status, 2, 'VACUUM cannot be in a transaction');
like($err, qr/cannot run inside a transaction block/, 'the server says so');

# ---- a connection that is lost during COMMIT: the mark decides ----

# The transaction ends by killing its own backend: before the commit is done,
# or, seen from another one, when it is done and not yet told.
psql(<<'SQL');
DROP TABLE IF EXISTS bomb;
CREATE TABLE bomb (n bigint);
CREATE OR REPLACE FUNCTION explode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT count(*) FROM hits WHERE n = NEW.n) = 1
	   AND nextval('fuse') = 1 THEN
		PERFORM pg_terminate_backend(pg_backend_pid());
		PERFORM pg_sleep(1);
	END IF;
	RETURN NULL;
END $$;
DROP SEQUENCE IF EXISTS fuse;
CREATE SEQUENCE fuse;
CREATE CONSTRAINT TRIGGER explode AFTER INSERT ON bomb
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION explode();
SQL
foreach my $text ('WITH a AS (INSERT INTO hits VALUES (:n::bigint)) '
	  . 'INSERT INTO bomb VALUES (:n::bigint);',
	"INSERT INTO hits VALUES (:n::bigint);\nINSERT INTO bomb VALUES "
	  . "(:n::bigint) RETURNING n \\gset x_\n\\set y :n + 1")
{
	foreach my $retries (0, 2)
	{
		psql('TRUNCATE hits, bomb; DROP TABLE book; '
			  . "SELECT setval('fuse', 1, false)");
		my @how = (plan_file("\\set n :task_number\n$text\n"), '--tasks', 3,
			'-c', 1, '--ledger', 'book', '--format', 'json');
		($status, $out, $err) = run_it(@how, '--retries', $retries);
		is(counts($out), $retries ? 'ok=3' : 'failed=1 ok=2',
			"lost at COMMIT, $retries retries") or diag $err;
		($status, $out, $err) = run_it(@how, '--retries', $retries);
		is(state() . ' ' . marks(), '3|3 0|0 3', 'each row is applied once');
	}
}

# A relay that passes on all but the first connection's answer to what commits:
# the server has done it, and nobody knows.
my %to = map { $_ => $ENV{$_} } qw(PGHOST PGPORT);

sub relay
{
	my ($socket, $number) = @_;
	my $server = $to{PGHOST} =~ m{^/}
	  ? IO::Socket::UNIX->new(Peer => "$to{PGHOST}/.s.PGSQL.$to{PGPORT}")
	  : IO::Socket::INET->new(PeerAddr => $to{PGHOST},
		PeerPort => $to{PGPORT});
	my $select = IO::Select->new($socket, $server);
	my $is_last = 0;

	while (my @ready = $select->can_read(30))
	{
		foreach my $from (@ready)
		{
			return if !sysread $from, my $data, 65536;
			return if $from == $server && $is_last;
			$is_last = 1 if $number == 1 && $data =~ /INTO hits/;
			syswrite $from == $socket ? $server : $socket, $data;
		}
	}
	return;
}

foreach my $retries (0, 2)
{
	my $relay = start_fault_server(\&relay);
	my %through = (env => { PGHOST => '127.0.0.1', PGPORT => $relay->port,
			PGSSLMODE => 'disable', PGGSSENCMODE => 'disable' });
	my @how = ('run', plan_file("INSERT INTO hits VALUES (:task_number);\n"),
		'-M', 'prepared', '--tasks', 3, '-c', 1, '--ledger', 'book',
		'--format', 'json');

	psql('TRUNCATE hits; DROP TABLE book');
	($status, $out, $err) =
	  run_client([ @how, '--retries', $retries ], %through);
	is(counts($out), $retries ? 'ok=3' : 'failed=1 ok=2',
		"committed and not told, $retries retries") or diag $err;
	($status, $out, $err) = run_client(\@how, %through);
	is(counts($out), 'skipped=3', 'the mark knows it') or diag $err;
	is(state() . ' ' . marks(), '3|3 0|0 3', 'each row is applied once');
	$relay->stop;
}

# ---- names, hooks, a role that may only insert ----

psql('DROP SCHEMA IF EXISTS "My books" CASCADE; CREATE SCHEMA "My books"');
($status, $out, $err) = run_it('-e', 'SELECT 1;', '--tasks', 3, '--ledger',
	'"My books"."of ""2024"""', '-q');
is($status, 0, 'quoted names') or diag $err;
is(psql('SELECT count(*) FROM "My books"."of ""2024"""'), 3, 'and marks there');
psql('DROP ROLE IF EXISTS clerk; CREATE ROLE clerk; '
	  . 'GRANT SELECT, INSERT ON hits, book TO clerk; TRUNCATE book, hits');
foreach my $hold ('task', 'statement')
{
	psql('TRUNCATE book, hits');
	($status, $out, $err) = run_it('-e',
		"INSERT INTO hits VALUES (:task_number);\nSELECT current_user AS u "
		  . "\\gset\n\\assert :u = 'clerk'\nSELECT 2;", '--tasks', 5,
		'--hold', $hold, '--ledger', 'book', '--on-acquire', 'SET ROLE clerk',
		'--on-release', 'RESET ROLE', '-q');
	is($status, 0, "a role that may only insert, hold $hold") or diag $err;
	is(state() . ' ' . marks(), '5|5 0|0 5', 'makes marks');
}
psql('DROP OWNED BY clerk; DROP ROLE clerk');

done_testing();
