# A name is judged by the address that is really contacted, whatever its server
# says first, later or never, and a dead name server holds nobody up.

use strict;
use warnings;

use Config;
use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpNamespace;

my $public = '93.184.216.34';
my $public2 = '198.41.0.4';
BEGIN { HttpNamespace::enter('93.184.216.34', '198.41.0.4', '169.254.169.254') }

use HttpFaultServer;
use HttpTest;
use Test::More;
use Time::HiRes qw(time);

my $dns = HttpNamespace->dns(
	'127.0.0.53',
	{
		'public.example' => [ [$public] ],
		'*.public.example' => [ [$public] ],
		'*.a.public.example' => [ [$public] ],
		'second.example' => [ [$public2] ],
		'private.example' => [ ['127.0.0.1'] ],
		'*.private.example' => [ ['127.0.0.1'] ],
		'metadata.example' => [ ['169.254.169.254'] ],
		'both.example' => [ [ $public, '127.0.0.1' ] ],
		'both2.example' => [ [ '127.0.0.1', $public ] ],
		'rebind.example' => [ [$public], ['127.0.0.1'] ],
		'rebind2.example' => [ [$public], ['127.0.0.1'] ],
		'empty.example' => [ [] ],
		'broken.example' => ['servfail'],
		'*.silent.example' => ['silent'],
	});

# A resolver that is patient: only an interrupt that is really seen ends a wait.
HttpNamespace::resolver('127.0.0.53', 'timeout:30 attempts:2');

my $web = HttpFaultServer->new(listen => $public, port => 80);
my $inside = HttpFaultServer->new(listen => '127.0.0.1', port => 80);
my $metadata = HttpFaultServer->new(listen => '169.254.169.254', port => 80);
my $node = http_cluster('names', "asyncdemo.http_allow = 'public'");
my $s = session($node);

sub url { my ($host, $path) = @_; return "http://$host" . ($path // '/ok'); }

# The threads of a process, and the signals that one of them does not take.
sub threads { my ($pid) = @_; return map { /(\d+)$/ } glob "/proc/$pid/task/*"; }

sub blocked_signals
{
	my ($pid, $thread) = @_;
	open my $status, '<', "/proc/$pid/task/$thread/status" or return {};
	my ($mask) = map { /^SigBlk:\s*([0-9a-f]+)/ } <$status>;
	my @names = split ' ', $Config{sig_name};
	return { map { $names[$_] => 1 } grep { hex(substr $mask, -8) >> $_ - 1 & 1 } 1 .. 31 };
}

# Public.
is($s->value(get(url($public), 'body')), 'ok', "a public address, under 'public'");
is($s->value(get(url('public.example'), 'body')), 'ok', 'a name that leads there');
is($s->value(get(url('PUBLIC.Example.'), 'body')), 'ok', '... in any case, with a final dot');
fails_with($s, get("http://$public:8080/", 'status'), '42501', undef, 'a public address on another port');
is($s->value(get(url('public.example'), 'dns_ms >= 0 AND connect_ms >= 0')), 't', 'its times');

# Private.
foreach my $name (qw(private.example a.private.example localhost metadata.example))
{
	my $answer = fails_with($s, get(url($name), 'status'), '42501', undef, "$name leads to a private address");
	like($answer->{detail}, qr/\Q$name\E/, '... the detail has the name');
	like($answer->{detail}, qr/127\.0\.0\.1|169\.254\.169\.254|::1/, '... and the address');
}
foreach my $name (qw(both.example both2.example))
{
	my $answer = $s->ask(get(url($name), 'body'));
	like("$answer->{state} $answer->{rows}", qr/^(00000 ok|42501 )$/, "$name leads to both");
}
fails_with($s, get(url('public.example', "/redirect?to=http://$_/ok"), 'status'),
	'42501', undef, "a redirect to $_")
  foreach qw(private.example 127.0.0.1 metadata.example 169.254.169.254);
is($s->value(get(url('public.example', '/redirect?to=http://a.public.example/none'), 'url')),
	'http://a.public.example/none', 'a redirect to another public name');

# Changing its mind: after the look-up for the check there is no second one.
for my $attempt (1 .. 5)
{
	my $closing = url('rebind.example', $web->script_path([ send => "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" ], ['close']));
	my $answer = $s->ask(get($closing, 'body'));
	like("$answer->{state} $answer->{rows}", $attempt == 1 ? qr/^00000 ok$/ : qr/^(00000 ok|42501 )$/,
		"a name that changes its mind, attempt $attempt");
}
my $fresh = session($node);
fails_with($fresh, get(url('rebind.example'), 'status'), '42501', undef, '... is refused in a new session');
$fresh->stop;
is($s->value(get(url('rebind2.example'), 'body')), 'ok', 'a second one');
my $many = $s->ask('SELECT count(*) FROM asyncdemo.http_fetch_all(array_fill(' . quoted(url('rebind2.example')) . '::text, ARRAY[50]))');
is($many->{rows}, 50, '... asked for 50 times');

# Items that are names.
sub allow { $s->value('SET asyncdemo.http_allow = ' . quoted($_[0])); return; }
allow('public.example');
is($s->value(get(url('public.example'), 'body')), 'ok', 'a host item');
is($s->value(get(url('PUBLIC.EXAMPLE'), 'body')), 'ok', '... in any case');
foreach my $name ('a.public.example', 'second.example', $public, 'xpublic.example', 'public.example.evil.example')
{
	fails_with($s, get(url($name), 'status'), '42501', undef, "... does not allow $name");
}
allow('*.public.example');
is($s->value(get(url('a.public.example'), 'body')), 'ok', 'an item for names below');
is($s->value(get(url('b.a.public.example'), 'body')), 'ok', '... at any depth');
fails_with($s, get(url('public.example'), 'status'), '42501', undef, '... is not for the name itself');
fails_with($s, get(url('notpublic.example'), 'status'), '42501', undef, '... nor for one that ends alike');
allow('private.example');
fails_with($s, get(url('private.example'), 'status'), '42501', undef,
	'a host item does not let its name lead to a private address');
allow('private.example, 127.0.0.1/32');
is($s->value(get(url('private.example'), 'status')), 200, '... unless a range allows that too');
is(scalar $inside->requests, 1, 'that was the only request ever to reach loopback');
is(scalar $metadata->requests, 0, '... and none reached 169.254.169.254');
allow('public');

# No such name.
foreach my $name (qw(none.example empty.example broken.example))
{
	HttpNamespace::resolver('127.0.0.53', 'timeout:1 attempts:1');
	fails_with($s, get(url($name), 'status'), '08001', qr/^[^A-Z]/, "$name does not resolve");
}

# One look-up for all requests to a host.
my $counting = session($node);
my $before = grep { $_ eq 'A one.public.example' } $dns->questions;
$counting->value('SELECT count(*) FROM asyncdemo.http_fetch_all(array_fill('
	  . quoted(url('one.public.example', '/delay/0.05')) . '::text, ARRAY[40]), concurrency => 40)');
is(scalar(grep { $_ eq 'A one.public.example' } $dns->questions) - $before, 1, '40 requests, one look-up');
is( $counting->value("SELECT count(*) FILTER (WHERE body = 'ok') FROM asyncdemo.http_fetch_all((SELECT array_agg('http://n' || g || '.public.example/ok') FROM generate_series(1, 100) g), concurrency => 50)"),
	100, '100 names in one set');

# With a proxy, names are the proxy's business.
$counting->value("SET asyncdemo.http_allow = 'proxied.example'");
$counting->value("SET asyncdemo.http_proxy = 'http://$public:80'");
is($counting->value(get(url('proxied.example'), 'body')), 'ok', 'through a proxy');
is(scalar(grep { /proxied/ } $dns->questions), 0, '... the name is not looked up here');
$counting->stop;

# A dead name server.
HttpNamespace::resolver('127.0.0.53', 'timeout:30 attempts:2');
my $other = session($node);
my $waiting = 0;
sub silent { $waiting++; return url("n$waiting.silent.example"); }

$s = session($node);
$s->value(q{SET statement_timeout = '300ms'});
my $began = time();
my $answer = $s->ask(get(silent(), 'status'));
is("$answer->{state} $answer->{message}", '57014 canceling statement due to statement timeout',
	'resolving: statement_timeout');
cmp_ok(time() - $began, '>=', 0.3, '... not before its time');
soon($began, '... and soon after it');
diag(sprintf 'statement_timeout late by %.1f ms: resolving', 1000 * (time() - $began - 0.3));
$s->value('RESET statement_timeout');
$s->start(get(silent(), 'status'));
until_busy($other, $s);

# The server's handlers run in its own thread only.
my %blocked = map { $_ => blocked_signals($s->backend, $_) } threads($s->backend);
my $own = delete $blocked{ $s->backend };
cmp_ok(scalar keys %blocked, '>=', 1, 'a thread resolves');
foreach my $signal (qw(HUP INT QUIT TERM ALRM USR1 USR2 URG))
{
	is(scalar(grep { !$_->{$signal} } values %blocked), 0, "... in which SIG$signal is blocked");
}
is(scalar(grep { $own->{$_} } qw(HUP INT TERM ALRM USR1)), 0, '... and nowhere else');
$began = time();
$other->value('SELECT pg_cancel_backend(' . $s->backend . ')');
$answer = $s->answer;
is("$answer->{state} $answer->{message}", '57014 canceling statement due to user request', 'resolving: a cancel');
soon($began, '... at once');
$began = time();
state_is($s->ask(get(silent(), 'status', "timeout => '300 ms'")), '08T00', 'resolving: a time-out');
soon($began, '... soon');
is($s->value(get(url($public), 'body')), 'ok', 'the session goes on');
is($s->value(get(url('public.example'), 'body')), 'ok', '... with names as well');
$began = time();
is($s->value("SELECT count(*) FROM asyncdemo.http_fetch_all((SELECT array_agg('http://t' || g || '.silent.example/') FROM generate_series(1, 60) g), concurrency => 60, timeout => '1 s')"),
	60, '60 names that never answer are 60 rows');
my %asked = map { $_ => 1 } grep { / t\d+\.silent\.example$/ } map { s/^AAAA /A /r } $dns->questions;
cmp_ok(scalar keys %asked, '<=', 16, '... and at most 16 are looked up at a time, those given up included');
cmp_ok(scalar keys %asked, '>', 1, '... but more than one');
$s->stop;
$s = session($node);
$began = time();
is( $s->value("SELECT count(*), count(*) FILTER (WHERE error_code = '08T00') FROM asyncdemo.http_fetch_all((SELECT array_agg('http://m' || g || '.silent.example/') FROM generate_series(1, 60) g), concurrency => 60, timeout => '500 ms')"),
	'60|60',
	'60 names that never answer');
soon($began, '... soon');
is($s->value(get(url($public), 'body')), 'ok', '... and an address still works meanwhile');
$began = time();
$s->stop;
soon($began, 'a session that left look-ups behind ends at once');
my $victim = session($node);
$victim->start(get(silent(), 'status'));
until_busy($other, $victim);
$began = time();
$other->value('SELECT pg_terminate_backend(' . $victim->backend . ')');
is($victim->answer->{state}, '57P01', 'resolving: a terminate');
ok( $node->poll_query_until('postgres',
		'SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ' . $victim->backend . ')'),
	'... the backend is gone');
soon($began, '... soon');

# Look-ups left behind end by and by and free their places.
HttpNamespace::resolver('127.0.0.53', 'timeout:1 attempts:1');
$s = session($node);
for my $round (1 .. 3)
{
	$s->value("SELECT count(*) FROM asyncdemo.http_fetch_all((SELECT array_agg('http://r${round}x' || g || '.silent.example/') FROM generate_series(1, 20) g), concurrency => 20, timeout => '100 ms')");
}
is($s->value(get(url('late.public.example'), 'body', "timeout => '20 s'")), 'ok',
	'after 60 of them a new name resolves again');
$s->start(get(silent(), 'status'));
until_busy($other, $s);
$began = time();
$node->stop('fast');
soon($began, 'a fast shutdown while resolving');
$s->answer;

done_testing();
