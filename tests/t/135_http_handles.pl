# A request that was sent now and is waited for later belongs to the role that
# sent it, survives what ends statements, and ends with the session.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $web = HttpFaultServer->new;
my $node = http_cluster('handles');
my $s = session($node);

sub send_sql { my ($url, $more) = @_; return 'asyncdemo.http_send(' . quoted($url) . ($more ? ", $more" : '') . ')'; }
sub send_it  { my ($url, $more) = @_; return $s->value('SELECT ' . send_sql($url, $more)); }
sub wait_sql { my ($id, $more) = @_; return "SELECT status, body FROM asyncdemo.http_wait($id" . ($more ? ", $more" : '') . ')'; }

sub pending_is
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($count, $name) = @_;
	return is($s->value('SELECT count(*) FROM asyncdemo.http_pending()'), $count, $name);
}

# Send, look, wait.
my $id = send_it($web->url('/delay/0.5'));
like($id, qr/^\d+$/, 'http_send gives a number');
is($s->value("SELECT asyncdemo.http_ready($id)"), 'f', 'http_ready says not yet');
is( $s->value('SELECT id, url, role, started_at <= now(), received >= 0, state IS NOT NULL FROM asyncdemo.http_pending()'),
	"$id|" . $web->url('/delay/0.5') . '|' . $s->value('SELECT current_user') . '|t|t|t',
	'http_pending shows it');
is($s->value(wait_sql($id)), '200|late', 'http_wait gives the response');
state_is($s->ask(wait_sql($id)), '22023', '... once: then the id is unknown');
state_is($s->ask("SELECT asyncdemo.http_ready($id)"), '22023', '... to http_ready as well');
pending_is(0, '... and it is not pending');
my $next = send_it($web->url);
cmp_ok($next, '>', $id, 'ids are not used again');
$s->value('SELECT asyncdemo.delay(0.5)');
is($s->value("SELECT asyncdemo.http_ready($next)"), 't', 'http_ready is true when the answer is there');
is($s->value(wait_sql($next)), '200|ok', '... and http_wait has it');
foreach my $unknown (0, -1, 999999, 'NULL')
{
	like($s->ask(wait_sql($unknown))->{state}, qr/^2200[34]|22023$/, "http_wait($unknown)");
}

# They run while the session does other things that wait, delay included.
$web->reset;
my $began = time();
my @ids = map { send_it($web->url("/delay/1?$_")) } 1 .. 3;
is($web->wait_for(sub { $_->{max_in_flight} == 3 }), 1, 'three are under way at once');
$s->value('SELECT asyncdemo.delay(1.5)');
is($s->value("SELECT asyncdemo.http_ready($_)"), 't', 'delay moved it along') foreach @ids;
is($s->value(wait_sql($_)), '200|late', 'its answer') foreach reverse @ids;
cmp_ok(time() - $began, '>=', 1.5, 'no faster than the delay');

# An answer that came in time is delivered however late it is collected.
$id = send_it($web->url('/delay/0.2'), "timeout => '2 s'");
$s->value('SELECT pg_sleep(2.5)');
is($s->value(wait_sql($id)), '200|late', 'collected after its time-out, delivered all the same');
$id = send_it($web->url('/delay/60'), "timeout => '300 ms'");
state_is($s->ask(wait_sql($id)), '08T00', 'one that really was late');
state_is($s->ask(wait_sql($id)), '22023', '... is consumed by the error');

# A wait that ends early.
$id = send_it($web->url('/delay/1'));
$began = time();
is($s->value("SELECT asyncdemo.http_wait($id, '200 ms') IS NULL"), 't', 'http_wait gives NULL when its time ends');
cmp_ok(time() - $began, '>=', 0.2, '... not before');
pending_is(1, '... and the handle lives');
is($s->value(wait_sql($id, "'10 s'")), '200|late', '... and can be waited for again');

# Any of several.
my ($slow, $fast) = (send_it($web->url('/delay/2')), send_it($web->url('/delay/0.1')));
is($s->value('SELECT id, (response).status FROM asyncdemo.http_wait_any()'), "$fast|200", 'http_wait_any gives the first');
is($s->value("SELECT count(*) FROM asyncdemo.http_wait_any('100 ms') a WHERE a.id IS NOT NULL"), 0, '... nothing when its time ends');
is($s->value("SELECT asyncdemo.http_cancel($slow)"), 't', 'http_cancel ends the other');
like($s->ask("SELECT asyncdemo.http_cancel($slow)")->{state} . $s->ask("SELECT asyncdemo.http_cancel($slow)")->{rows},
	qr/^(00000f|22023)$/, '... once');
state_is($s->ask(wait_sql($slow)), '22023', '... and it is unknown');
ok($web->wait_for(sub { $_->{in_flight} == 0 }), '... and the server has lost it');
my $failing = send_it($web->script([ sleep => 0.2 ], ['reset']));
my $failed = fails_with($s, 'SELECT * FROM asyncdemo.http_wait_any()', '08006', undef, 'http_wait_any raises a failure');
like($failed->{all}, qr/\b$failing\b/, '... and names its id');
state_is($s->ask(wait_sql($failing)), '22023', '... which is consumed');
$s->ask('SELECT asyncdemo.http_reset()');
my $none = $s->ask("SELECT count(*) FROM asyncdemo.http_wait_any('50 ms') a WHERE a.id IS NOT NULL");
ok($none->{state} eq '22023' || $none->{rows} eq '0', 'http_wait_any without any handle')
  or diag("$none->{state} $none->{message} $none->{rows}");

# Failures appear when they are waited for, or at once.
foreach my $case (
	[ $web->refused_url, '08001', 'nobody listens' ],
	[ 'http://10.0.0.1/', '42501', 'policy' ],
	[ 'no url', '22023', 'no URL' ])
{
	my ($url, $state, $name) = @$case;
	my $answer = $s->ask('SELECT ' . send_sql($url));
	$answer = $s->ask(wait_sql($answer->{rows})) if $answer->{state} eq '00000';
	state_is($answer, $state, "http_send: $name");
}
state_is($s->ask('SELECT asyncdemo.http_send(NULL)'), '22004', 'http_send of NULL');
pending_is(0, 'failures leave no handle');

# Limits.
$s->value('SET asyncdemo.http_max_handles = 3');
send_it($web->url('/delay/60')) for 1 .. 3;
my $over = $s->ask('SELECT ' . send_sql($web->url));
like($over->{state}, qr/^5[34]\w{3}$/, 'no more than http_max_handles') or diag($over->{message});
is($s->value('SELECT asyncdemo.http_reset()'), 3, 'http_reset says how many it ended');
is($s->value('SELECT asyncdemo.http_reset()'), 0, '... and has nothing to end twice');
ok($web->wait_for(sub { $_->{in_flight} == 0 }), '... and the server has lost them');
$s->value('SET asyncdemo.http_max_handles = 0');
like($s->ask('SELECT ' . send_sql($web->url))->{state}, qr/^5[34]\w{3}$/, 'http_max_handles = 0 allows none');
$s->value('RESET asyncdemo.http_max_handles');

# What ends statements does not end handles.
$id = send_it($web->url('/delay/0.5'));
$s->ask('SELECT 1/0');
pending_is(1, 'after an error');
$s->value('BEGIN; SAVEPOINT a');
my $inside = send_it($web->url('/delay/0.5'));
$s->value('ROLLBACK TO a');
is($s->value(wait_sql($inside)), '200|late', 'sent in a savepoint that was rolled back');
$s->value('ROLLBACK');
is($s->value(wait_sql($id)), '200|late', 'after the rollback of a transaction');
$id = send_it($web->url('/delay/1'));
$s->value(q{SET statement_timeout = '200ms'});
state_is($s->ask(wait_sql($id)), '57014', 'statement_timeout while waiting');
$s->value('RESET statement_timeout');
is($s->value(wait_sql($id)), '200|late', '... leaves the handle, with its answer');
is( $s->value(<<SQL),
CREATE FUNCTION pg_temp.caught() RETURNS bigint LANGUAGE plpgsql AS \$\$
DECLARE sent bigint;
BEGIN
  BEGIN
    sent := ${\send_sql($web->url)};
    PERFORM 1/0;
  EXCEPTION WHEN division_by_zero THEN
    RETURN (SELECT status FROM asyncdemo.http_wait(sent));
  END;
END \$\$;
SELECT pg_temp.caught()
SQL
	200,
	'sent in a block whose error was caught');

# What ends them.
foreach my $end ('DISCARD ALL', 'SELECT asyncdemo.http_reset()')
{
	send_it($web->url('/delay/60')) for 1 .. 2;
	$s->value($end);
	pending_is(0, "$end ends handles");
	ok($web->wait_for(sub { $_->{in_flight} == 0 }), '... and the server has lost them');
}
my $leaving = session($node);
$leaving->value('SELECT ' . send_sql($web->url('/delay/60')));
$leaving->stop;
ok($web->wait_for(sub { $_->{in_flight} == 0 }), 'the end of the session ends them');

# Roles.
$s->value(<<'SQL');
CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA asyncdemo TO alice, bob;
SQL
my $mine = send_it($web->url('/delay/0.2'));
$s->value('SET ROLE alice');
pending_is(0, 'after SET ROLE another role sees none');
foreach my $function ('http_ready', 'http_wait', 'http_cancel')
{
	state_is($s->ask("SELECT asyncdemo.$function($mine)"), '42501', "... and cannot $function it");
}
my $hers = send_it($web->url('/delay/0.2'));
is($s->value('SELECT id, role FROM asyncdemo.http_pending()'), "$hers|alice", 'she sees her own');
is($s->value('SELECT id FROM asyncdemo.http_wait_any()'), $hers, '... and waits for any of her own only');
$s->value('SELECT asyncdemo.http_reset()');
$s->value('RESET ROLE');
is($s->value(wait_sql($mine)), '200|late', 'mine is still there') or $s->ask('SELECT asyncdemo.http_reset()');
$s->value('SET ROLE alice');
$hers = send_it($web->url('/delay/0.1'));
$s->value('SET ROLE bob');
state_is($s->ask(wait_sql($hers)), '42501', 'nor can a third one wait for it');
$s->value('RESET ROLE');
$s->value('DISCARD ALL');

# SECURITY DEFINER: the owner's handles within, the caller's outside.
$s->value(<<SQL);
CREATE FUNCTION public.as_owner(url text) RETURNS bigint LANGUAGE sql SECURITY DEFINER
  AS 'SELECT asyncdemo.http_send(url)';
CREATE FUNCTION public.owner_waits(id bigint) RETURNS int LANGUAGE sql SECURITY DEFINER
  AS 'SELECT status FROM asyncdemo.http_wait(id)';
CREATE ROLE carol LOGIN;
SQL
$s->value('SET ROLE carol');
my $sent = $s->value('SELECT public.as_owner(' . quoted($web->url('/delay/0.2')) . ')');
is($s->value("SELECT public.owner_waits($sent)"), 200, 'through SECURITY DEFINER functions');
state_is($s->ask('SELECT ' . send_sql($web->url)), '42501', 'without EXECUTE there is no http_send');
$s->value('RESET ROLE');

# Where sending is refused.
$s->value('CREATE TABLE t (x int); INSERT INTO t VALUES (1)');
$s->value(<<SQL);
CREATE FUNCTION public.indexed(x int) RETURNS bigint LANGUAGE sql IMMUTABLE
  AS 'SELECT ${\(send_sql($web->url) =~ s/'/''/gr)} + \$1';
SQL
state_is($s->ask('CREATE INDEX ON t (public.indexed(x))'), '42501', 'no http_send from an index expression');
state_is($s->ask('CREATE MATERIALIZED VIEW m AS SELECT ' . send_sql($web->url)),
	'42501', 'no http_send from a materialized view');
$s->value('CREATE MATERIALIZED VIEW m AS SELECT ' . send_sql($web->url) . ' AS id WITH NO DATA');
state_is($s->ask('REFRESH MATERIALIZED VIEW m'), '42501', '... nor from its refresh');
pending_is(0, '... and no handle is left');

# A parallel query. The functions are PARALLEL RESTRICTED, so they run in the
# leader; a function that lies about that is refused in a worker.
$s->value(<<SQL);
CREATE TABLE wide AS SELECT g FROM generate_series(1, 20000) g;
ANALYZE wide;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION public.liar_plpgsql(x int) RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE
  AS 'BEGIN RETURN ${\(send_sql($web->url) =~ s/'/''/gr)} + x; END';
SQL
like( $s->value('EXPLAIN SELECT count(*) FROM wide WHERE g % 7 = 1'), qr/Parallel/, 'parallel plans are in use');
state_is($s->ask('SELECT count(public.liar_plpgsql(g)) FROM wide WHERE g <= 3'),
	'25000', 'http_send is refused in parallel mode');
$s->value('SELECT asyncdemo.http_reset()');
is( $s->value('SELECT count(*) FROM wide w, LATERAL asyncdemo.http_get(' . quoted($web->url('/ok?')) . ' || w.g) WHERE w.g <= 5'),
	5, 'http_get beside a parallel scan');

# In a trigger.
$s->value(<<SQL);
CREATE FUNCTION public.on_insert() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
  NEW.x := (SELECT status FROM asyncdemo.http_get(${\quoted($web->url)}));
  PERFORM ${\send_sql($web->url)};
  RETURN NEW;
END \$\$;
CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION public.on_insert();
INSERT INTO t SELECT 0 FROM generate_series(1, 5);
SQL
is($s->value('SELECT count(*) FROM t WHERE x = 200'), 5, 'a trigger fetches');
is($s->value('SELECT count(status) FROM asyncdemo.http_pending() p, LATERAL asyncdemo.http_wait(p.id)'), 5,
	'... and its handles can be waited for');

# Handles and single requests share the session.
$id = send_it($web->url('/delay/0.5'));
is($s->value(get($web->url, 'body')), 'ok', 'http_get while a handle is under way');
is($s->value('SELECT sum(status) FROM asyncdemo.http_fetch_all(array_fill(' . quoted($web->url) . '::text, ARRAY[10]))'),
	2000, 'a set while a handle is under way');
is($s->value(wait_sql($id)), '200|late', 'the handle');

done_testing();
