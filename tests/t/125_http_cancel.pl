# Whatever a function waits for, statement_timeout, a cancel and a terminate end
# it soon, with PostgreSQL's own codes and texts, and the session or the server
# goes on as if nothing had been.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;
use Time::HiRes qw(time);

my $web = HttpFaultServer->new;
my $node = http_cluster('cancel');
my $other = session($node);
$other->value(q{LOAD 'asyncdemo'});
my $s = session($node);

my $wait = $web->url('/delay/100');
my $drip = $web->script([ send => "HTTP/1.1 200 OK\r\n\r\n" ], [ repeat => 'x', 5000, 0.02 ]);
my $endless = $web->script([ send => "HTTP/1.1 200 OK\r\n\r\n" ], [ repeat => 'x', 1e12 ]);
my $urls = "array_fill(" . quoted($wait) . "::text, ARRAY[20])";
my $send = 'asyncdemo.http_send(' . quoted($wait) . ')';

# What is waited for, and the statement that waits.
my @waits = (
	[ 'waiting for an answer', get($wait, 'status') ],
	[ 'receiving a dripping body', get($drip, 'status') ],
	[ 'connecting to a full backlog', get($web->stuck_url, 'status') ],
	[ 'a TLS handshake', get('https://127.0.0.1:' . $web->port('mute') . '/', 'status') ],
	[ '20 requests at once', "SELECT count(*) FROM asyncdemo.http_fetch_all($urls, concurrency => 20)" ],
	[ '20 requests in turn', "SELECT count(*) FROM asyncdemo.http_fetch_all($urls, concurrency => 2)" ],
	[ 'http_send to a full backlog', 'SELECT asyncdemo.http_send(' . quoted($web->stuck_url) . ')' ],
	[ 'http_wait', "SELECT (asyncdemo.http_wait($send, '100 s')).status" ],
	[ 'http_wait without a time', "SELECT (asyncdemo.http_wait($send)).status" ],
	[ 'http_wait_any', "DO \$\$ BEGIN PERFORM $send; PERFORM * FROM asyncdemo.http_wait_any('100 s'); END \$\$" ],
	[ 'delay', 'SELECT asyncdemo.delay(100)' ],
	[ 'delay while requests are under way', "SELECT $send, asyncdemo.delay(100)" ],
	[ 'delay_until', "SELECT asyncdemo.delay_until(now() + interval '100 s')" ],
	[ 'delay_span', 'SELECT * FROM asyncdemo.delay_span(100)' ],
	[ 'burn', 'SELECT asyncdemo.burn(100)' ]);
$s->value(q{SET asyncdemo.http_timeout = '100s'});
$s->value(q{SET asyncdemo.http_connect_timeout = '100s'});

# No request may be left behind; what handles sent on purpose is reset first.
sub nothing_left
{
	my ($name) = @_;
	$s->ask('SELECT asyncdemo.http_reset()');
	ok($web->wait_for(sub { $_->{in_flight} == 0 }), "$name: no request is left behind");
	is($s->value(get($web->url, 'body')), 'ok', "$name: the session goes on");
	return;
}

my %late_ms;
foreach my $case (@waits)
{
	my ($name, $sql) = @$case;

	# statement_timeout
	$s->value(q{SET statement_timeout = '300ms'});
	my $began = time();
	my $answer = $s->ask($sql);
	my $took = time() - $began;
	is("$answer->{state} $answer->{message}$answer->{rows}",
		'57014 canceling statement due to statement timeout', "$name: statement_timeout");
	cmp_ok($took, '>=', 0.3, '... not before its time');
	soon($began, '... and soon after it');
	push @{ $late_ms{$name} }, 1000 * ($took - 0.3);
	$s->value('RESET statement_timeout');

	# pg_cancel_backend
	$s->start($sql);
	until_busy($other, $s);
	$began = time();
	$other->value('SELECT pg_cancel_backend(' . $s->backend . ')');
	$answer = $s->answer;
	is("$answer->{state} $answer->{message}$answer->{rows}",
		'57014 canceling statement due to user request', "$name: a cancel");
	soon($began, '... at once');
	nothing_left($name);
}

foreach my $case (@waits)
{
	my ($name, $sql) = @$case;
	my $victim = session($node);
	$victim->value(q{SET asyncdemo.http_timeout = '100s'});
	$victim->value(q{SET asyncdemo.http_connect_timeout = '100s'});
	$victim->start($sql);
	until_busy($other, $victim);
	my $began = time();
	$other->value('SELECT pg_terminate_backend(' . $victim->backend . ')');
	my $answer = $victim->answer;
	is("$answer->{state} $answer->{message}$answer->{rows}",
		'57P01 terminating connection due to administrator command', "$name: a terminate");
	soon($began, '... at once');
	ok( $node->poll_query_until('postgres',
			'SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ' . $victim->backend . ')'),
		'... and the backend is gone');
}
ok($web->wait_for(sub { $_->{in_flight} == 0 }), 'no request outlives its backend');

# What a session waits for can be seen.
my $named = $node->safe_psql('postgres', 'SHOW server_version_num') >= 170000;
foreach my $case (
	[ 'AsyncdemoHttp', get($wait, 'status') ],
	[ 'AsyncdemoDelay', 'SELECT asyncdemo.delay(100)' ])
{
	my ($event, $sql) = @$case;
	my $wanted = $named ? "Extension|$event" : 'Extension|Extension';
	$s->start($sql);
	ok( $node->poll_query_until('postgres',
			"SELECT wait_event_type || '|' || wait_event FROM pg_stat_activity WHERE pid = " . $s->backend,
			$wanted),
		"the wait event is $wanted");
	$other->value('SELECT pg_cancel_backend(' . $s->backend . ')');
	$s->answer;
}
nothing_left('wait events');

# Endless data as fast as it comes is no way to shut interrupts out.
$other->value(q{ALTER SYSTEM SET asyncdemo.http_max_body = '512MB'; SELECT pg_reload_conf()});
my $began = time();
$s->value(q{SET statement_timeout = '200ms'});
my $answer = $s->ask(get($endless, 'status'));
like($answer->{state}, qr/^(57014|54000|53400)$/, 'a flood: the timeout, or the limit when that came first')
  or diag($answer->{message});
soon($began, '... soon');
$s->value('RESET statement_timeout');
$other->value(q{ALTER SYSTEM RESET asyncdemo.http_max_body; SELECT pg_reload_conf()});
nothing_left('a flood');

# OTHERS does not catch a cancel, and a statement inside a function is ended.
$s->value(<<SQL);
CREATE FUNCTION try(url text) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
  RETURN (SELECT status FROM asyncdemo.http_get(url));
EXCEPTION WHEN OTHERS THEN
  RETURN 'caught ' || SQLSTATE;
END \$\$
SQL
$s->value(q{SET statement_timeout = '200ms'});
state_is($s->ask('SELECT try(' . quoted($wait) . ')'), '57014', 'WHEN OTHERS does not catch it');
$s->value('RESET statement_timeout');

# A cancel in a transaction leaves it failed, a savepoint saves it.
$s->value('BEGIN; SAVEPOINT a; SET LOCAL statement_timeout = 200');
state_is($s->ask(get($wait, 'status')), '57014', 'in a transaction');
state_is($s->ask('SELECT 1'), '25P02', '... which has failed');
$s->value('ROLLBACK TO a');
is($s->value(get($web->url, 'body')), 'ok', '... and goes on from its savepoint');
$s->value('COMMIT');

# A cancel that comes while a function runs many times.
$s->start('SELECT count(*) FROM generate_series(1, 1000000) g, LATERAL asyncdemo.http_get('
	  . quoted($web->url('/ok?')) . ' || g)');
until_busy($other, $s);
$began = time();
$other->value('SELECT pg_cancel_backend(' . $s->backend . ')');
state_is($s->answer, '57014', 'a cancel among many short requests');
soon($began, '... at once');
nothing_left('many requests');

# The client's death ends the work where the server looks for it.
SKIP:
{
	skip 'client_connection_check_interval came with PostgreSQL 14', 1
	  if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;
	my $gone = session($node, options => '-c client_connection_check_interval=100');
	$gone->start(get($wait, 'status'));
	until_busy($other, $gone);
	kill 'KILL', $gone->{pid};
	ok( $node->poll_query_until('postgres',
			'SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ' . $gone->backend . ')'),
		'a client that dies takes its request along');
}

# How late statement_timeout was; a figure, not a verdict: machines are busy.
diag(sprintf 'statement_timeout late by %.1f ms: %s', @{ $late_ms{$_} }, $_)
  foreach map { $_->[0] } @waits;

done_testing();
