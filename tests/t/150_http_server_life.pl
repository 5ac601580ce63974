# A server that stops, a standby, a single-user session and a dump treat the
# extension as they treat everything else.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $web = HttpFaultServer->new;
my $node = http_cluster('primary', 'restart_after_crash = on', allows_streaming => 1);
my $url = quoted($web->url);
my $slow = quoted($web->url('/delay/100'));
my $stuck = quoted($web->stuck_url);

# Every state a request can be in, while the server goes down.
my @busy = (
	"SELECT status FROM asyncdemo.http_get($slow, timeout => '100 s')",
	"SELECT status FROM asyncdemo.http_get($stuck, timeout => '100 s')",
	"SELECT count(*) FROM asyncdemo.http_fetch_all(array_fill($slow\::text, ARRAY[30]), concurrency => 30, timeout => '100 s')",
	"SELECT (asyncdemo.http_wait(asyncdemo.http_send($slow, timeout => '100 s'))).status",
	"SELECT asyncdemo.http_send($slow), asyncdemo.delay(100)");
foreach my $mode ('fast', 'immediate')
{
	my $watcher = session($node);
	my @sessions = map { session($node) } @busy;
	$sessions[$_]->value(q{SET asyncdemo.http_connect_timeout = '100s'}) foreach 0 .. $#busy;
	$sessions[$_]->start($busy[$_]) foreach 0 .. $#busy;
	until_busy($watcher, @sessions);
	$watcher->stop;
	my $began = time();
	$node->stop($mode);
	soon($began, "$mode shutdown during requests ends soon");
	my @answers = map { $_->answer } @sessions;
	is(scalar(grep { $_->{lost} } @sessions), scalar @busy, '... with every session ended');
	my $text = $mode eq 'fast' ? qr/^57P01 terminating connection due to administrator command/
	  : qr/^00000 .*terminating connection/s;
	is(scalar(grep { "$_->{state} $_->{message}$_->{notices}" =~ $text } @answers), scalar @busy,
		"... and told so in PostgreSQL's own words")
	  or diag(join "\n", map { $_->{all} } @answers);
	$_->stop foreach @sessions;
	ok($web->wait_for(sub { $_->{in_flight} == 0 }), '... and leaves no request behind');
	$node->start;
	is($node->safe_psql('postgres', "SELECT body FROM asyncdemo.http_get($url)"), 'ok', '... and starts again');
}

# A backend that is killed takes the others along, as always, and no more.
my $killed = session($node);
$killed->start($busy[2]);
until_busy(session($node), $killed);
kill 'KILL', $killed->backend;
$killed->answer;
ok($node->poll_query_until('postgres', "SELECT body = 'ok' FROM asyncdemo.http_get($url)", 't'),
	'after a crash of a backend during requests the server recovers');
ok($web->wait_for(sub { $_->{in_flight} == 0 }), '... and no request is left');

# A standby.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', "SELECT body FROM asyncdemo.http_get($url)"), 'ok', 'a standby fetches');
is( $standby->safe_psql('postgres', "SELECT count(*) FROM asyncdemo.http_fetch_all(array_fill($url\::text, ARRAY[30]))"),
	30, '... many at once');
my $s = session($standby);
$s->value("SELECT asyncdemo.http_send($url)");
is($s->value('SELECT (response).body FROM asyncdemo.http_wait_any()'), 'ok', '... by handle');
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = '100ms'");
$standby->reload;
$node->safe_psql('postgres', 'CREATE TABLE conflict AS SELECT 1 AS x');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
$s->value('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM conflict');
$s->start("SELECT status FROM conflict, asyncdemo.http_get($slow, timeout => '100 s')");
until_busy(session($standby), $s);
my $began = time();
$node->safe_psql('postgres', 'DROP TABLE conflict');
my $answer = $s->answer;
is($answer->{state}, '40001', 'a recovery conflict ends a request with its own code')
  or diag($answer->{message});
like($answer->{message}, qr/conflict with recovery/, '... and its own text');
soon($began, '... soon');
$s->stop;
$standby->promote;
is($standby->safe_psql('postgres', "SELECT body FROM asyncdemo.http_get($url)"), 'ok', '... and after its promotion');
$standby->stop('fast');

# Dump and restore.
$node->safe_psql('postgres', <<SQL);
CREATE ROLE reader;
GRANT EXECUTE ON FUNCTION asyncdemo.http_get TO reader;
ALTER ROLE reader SET asyncdemo.http_allow = 'public, 127.0.0.0/8:*';
ALTER ROLE reader SET asyncdemo.http_timeout = '7s';
CREATE DATABASE source;
SQL
$node->safe_psql('source', <<SQL);
CREATE EXTENSION asyncdemo;
GRANT EXECUTE ON FUNCTION asyncdemo.http_get TO reader;
CREATE TABLE kept AS SELECT r, 1 AS n FROM asyncdemo.http_get($url) r;
INSERT INTO kept SELECT r, 2 FROM asyncdemo.http_get(${\quoted($web->page(['X-A: "quoted"', 'X-A: {,}'], "\0\xff"))}) r;
CREATE VIEW fetched AS SELECT status FROM asyncdemo.http_get($url);
SQL
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
my $roles = PostgreSQL::Test::Utils::tempdir() . '/roles.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('source') ], 'pg_dump');
$node->command_ok([ 'pg_dumpall', '-r', '-f', $roles, '-d', $node->connstr('postgres') ], 'pg_dumpall of roles');
$node->safe_psql('postgres', 'CREATE DATABASE target');
my ($status, $out, $err) = $node->psql('target', PostgreSQL::Test::Utils::slurp_file($dump), on_error_stop => 1);
is($status, 0, 'the dump restores') or diag($err);
my $compare = 'SELECT n, md5(r::text), (r).status, (r).headers FROM kept ORDER BY n';
is($node->safe_psql('target', $compare), $node->safe_psql('source', $compare), 'a table of http_response is as it was');
is($node->safe_psql('target', 'SELECT status FROM fetched'), 200, 'a view that fetches works');
my $privileges = <<'SQL';
SELECT proname, proacl::text FROM pg_proc WHERE pronamespace = 'asyncdemo'::regnamespace ORDER BY 1, 2
SQL
my $wanted = $node->safe_psql('source', $privileges);
is($node->safe_psql('target', $privileges), $wanted, 'privileges are as they were');
like($wanted, qr/reader=X/, '... the GRANT among them');

# The roles' settings, in a server that has not loaded the library yet.
my $fresh = http_cluster('fresh');
($status, $out, $err) = $fresh->psql('postgres', PostgreSQL::Test::Utils::slurp_file($roles) =~ s/^CREATE ROLE (?!reader).*$//mgr);
is($fresh->safe_psql('postgres', q{SELECT array_to_string(setconfig, '; ') FROM pg_db_role_setting JOIN pg_roles ON oid = setrole WHERE rolname = 'reader'}),
	'asyncdemo.http_allow=public, 127.0.0.0/8:*; asyncdemo.http_timeout=7s',
	'ALTER ROLE SET comes back')
  or diag($err);
$fresh->safe_psql('postgres', 'ALTER ROLE reader LOGIN; GRANT EXECUTE ON FUNCTION asyncdemo.http_get TO reader');
my $reader = session($fresh, user => 'reader');
is($reader->value(get($web->url, 'status')), 200, '... and applies');
is($reader->value('SHOW asyncdemo.http_timeout'), '7s', '... all of it');
$reader->stop;

# Single-user mode.
$fresh->stop('fast');
my $pgdata = $fresh->data_dir;
my $input = "SELECT asyncdemo.delay(0.05);\nSELECT body FROM asyncdemo.http_get($url);\n"
  . "SELECT count(*) FROM asyncdemo.http_fetch_all(array_fill($url\::text, ARRAY[20]));\n"
  . "SELECT status FROM asyncdemo.http_get(" . quoted($web->refused_url) . ");\n"
  . "SELECT body || '!' AS again FROM asyncdemo.http_get($url);\n";
my ($stdout, $stderr) = ('', '');
my $done = IPC::Run::run([ 'postgres', '--single', '-D', $pgdata, 'postgres' ],
	'<', \$input, '>', \$stdout, '2>', \$stderr, IPC::Run::timeout(60));
ok($done, 'single-user mode ends well');
like($stdout, qr/body = "ok"/, '... and fetches');
like($stdout, qr/count = "20"/, '... many at once');
like($stdout, qr/again = "ok!"/, '... also after a failure');
$fresh->start;
is($fresh->safe_psql('postgres', 'SELECT 1'), 1, 'the cluster is as good as before');

# Preloaded by the postmaster.
$fresh->append_conf('postgresql.conf', "shared_preload_libraries = 'asyncdemo'");
$fresh->restart;
is($fresh->safe_psql('postgres', "SELECT body FROM asyncdemo.http_get($url)"), 'ok', 'preloaded by the postmaster');
my @many = map { session($fresh) } 1 .. 5;
$_->start("SELECT sum(status) FROM generate_series(1, 50) g, LATERAL asyncdemo.http_get($url || '?' || g)") foreach @many;
is($_->answer->{rows}, 10000, '... in several sessions at once') foreach @many;
$_->stop foreach @many;

# Installed, dropped and installed again in one session.
$s = session($node);
$s->value("CREATE DATABASE again");
$s->stop;
$s = session($node, dbname => 'again');
for (1 .. 2)
{
	$s->value('CREATE EXTENSION asyncdemo');
	is($s->value("SELECT body FROM asyncdemo.http_get($url)"), 'ok', 'installed');
	$s->value("SELECT asyncdemo.http_send($slow)");
	$s->value('DROP EXTENSION asyncdemo');
}

# A later version appends columns, while sessions have the old one in use.
$s->value('CREATE EXTENSION asyncdemo');
my $row = "SELECT r.status, (r.h).name IS NOT NULL, to_jsonb(r) - 'h' ? 'later', to_jsonb(r.h) ? 'later'"
  . " FROM (SELECT *, headers[1] AS h FROM asyncdemo.http_get($url)) r";
is($s->value($row), '200|t|f|f', 'the columns as installed');
$s->value('ALTER TYPE asyncdemo.http_header ADD ATTRIBUTE later text');
is($s->value($row), '200|t|f|t', 'a column more of a header, in the same session');
$s->value('ALTER TYPE asyncdemo.http_response ADD ATTRIBUTE later text');
is($s->value($row), '200|t|t|t', 'a column more of the response');
is($s->value("SELECT status, later FROM asyncdemo.http_wait(asyncdemo.http_send($url))"), '200|<null>',
	'... of a handle as well');
$s->value('ALTER TYPE asyncdemo.http_response DROP ATTRIBUTE dns_ms');
state_is($s->ask($row), '42703', 'a column that is gone is an error, not a crash');
$s->stop;
ok($web->wait_for(sub { $_->{in_flight} == 0 }), 'the end of the session ends what was sent');

done_testing();
