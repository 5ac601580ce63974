# A connection that one request after the other uses is waited for in its own
# right; nothing waits for it in vain, or turns in circles, once it has gone or
# its descriptor's number is another's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use POSIX qw(sysconf _SC_CLK_TCK);
use Test::More;
use Time::HiRes qw(time);

my $web = HttpFaultServer->new;
my $node = http_cluster('kept', "asyncdemo.http_timeout = '8s'");
my $s = session($node);
my $answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";

# Use one connection so often that it is the one that is waited for.
sub settle
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($url) = @_;
	is($s->value('SELECT count(*) FROM generate_series(1, 30) g, LATERAL asyncdemo.http_get('
			  . quoted($url // $web->url('/delay/0.002')) . ' || left(g::text, 0)) WHERE status = 200'),
		30, '30 requests, one after the other');
	return;
}

# The numbers of the backend's sockets.
sub sockets
{
	my $pid = $s->backend;
	opendir my $folder, "/proc/$pid/fd" or return;
	return join ' ', sort { $a <=> $b }
	  grep { (readlink("/proc/$pid/fd/$_") // '') =~ /^socket/ } readdir $folder;
}

# What the backend has used of its processor, in seconds.
sub cpu_s
{
	open my $stat, '<', '/proc/' . $s->backend . '/stat' or return;
	my @fields = split ' ', (<$stat> =~ s/.*\) //r);
	return ($fields[11] + $fields[12]) / sysconf(_SC_CLK_TCK);
}

settle();
$web->reset;
settle();
is($web->state->{connections}, 0, '... over the connection that is there');

# The server closes it while nobody uses it.
for my $round (1 .. 3)
{
	settle();
	is($s->value(get($web->script([ send => "$answer\r\nok" ], [ sleep => 0.1 ], ['close']), 'body')),
		'ok', 'an answer, whose connection is closed a little later');
	$s->value('SELECT asyncdemo.http_send(' . quoted($_) . ')') foreach $web->url2('/delay/0.8'), $web->url2('/delay/0.9');
	my $before = cpu_s();
	$s->value('SELECT asyncdemo.delay(0.6)');
	SKIP:
	{
		skip 'no /proc to read times from', 1 unless defined $before;
		cmp_ok(cpu_s() - $before, '<', 0.1, '... a wait for something else does not turn in circles');
	}
	is($s->value('SELECT (response).body FROM asyncdemo.http_wait_any()'), 'late', '... and has its answer') for 1 .. 2;
	is($s->value(get($web->url, 'body')), 'ok', '... as has the next request');
}

# Its number goes to a connection to somebody else.
for my $round (1 .. 3)
{
	$s->value('SELECT asyncdemo.http_reset()');
	settle();
	my $before = sockets();
	is($s->value(get($web->script([ send => "${answer}Connection: close\r\n\r\nok" ], ['close']), 'body')),
		'ok', 'the last answer of a connection');
	is($s->value(get($web->url2('/delay/0.3'), 'body')), 'late', '... the next one, from elsewhere');
	SKIP:
	{
		skip 'no /proc to read descriptors from', 1 unless defined $before;
		is(sockets(), $before, '... has taken its number');
	}
	settle($web->url2('/delay/0.002'));
}

# Another pool's connection, which has the number now.
$s->value("SET asyncdemo.http_allow = '*'");
is($s->value(get($web->url('/delay/0.2'), 'body')), 'late', 'under another policy');
settle();
$s->value('RESET asyncdemo.http_allow');
settle();

# Several at once, with the one among them.
settle();
is( $s->value('SELECT count(*) FILTER (WHERE status = 200) FROM asyncdemo.http_fetch_all(ARRAY['
		  . join(', ', map { quoted($web->url("/delay/0.$_")), quoted($web->url2("/delay/0.$_")) } 1 .. 4)
		  . '], concurrency => 8)'),
	8, 'several at once');
settle();
my @sent = map { $s->value('SELECT asyncdemo.http_send(' . quoted($web->url("/delay/0.$_")) . ')') } 1, 3, 2;
is($s->value(get($web->url('/delay/0.1'), 'body')), 'late', 'one more beside three that were sent');
is($s->value("SELECT (asyncdemo.http_wait($_)).body"), 'late', '... which are answered') foreach @sent;

# A body that does not go out at once, and one that does not come in at once.
settle();
is( $s->value('SELECT length(body::jsonb->>\'body\') FROM asyncdemo.http_post('
		  . quoted($web->url('/echo')) . ", body => repeat('x', 4000000))"),
	4000000, 'a body of 4 MB, there and back');
settle();
is($s->value(get($web->script([ send => "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" ], [ repeat => 'x', 40, 0.01 ], ['next']), 'length(body)')),
	40, 'a body that drips');

# Interrupts, as ever: while a socket is looked at, too, which is where answers
# come at once.
settle($web->url);
$s->value(q{SET statement_timeout = '300ms'});
my $at_once = time();
state_is($s->ask('SELECT count(*) FROM generate_series(1, 1000000) g, LATERAL asyncdemo.http_get('
		  . quoted($web->url('/ok?')) . ' || left(g::text, 0))'), '57014', 'among many answers that come at once');
soon($at_once, '... soon');
$s->value('RESET statement_timeout');
foreach my $url ($web->url('/delay/0.002'), $web->url)
{
	settle($url);
	$s->value(q{SET statement_timeout = '200ms'});
	my $began = time();
	state_is($s->ask(get($web->url('/delay/60'), 'status')), '57014', 'statement_timeout');
	soon($began, '... soon');
	$s->value('RESET statement_timeout');
}
is($s->value(get($web->url('/delay/0.1'), 'body')), 'late', 'the session goes on');

done_testing();
