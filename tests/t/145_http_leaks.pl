# However often requests succeed, fail or are cancelled, the session's memory
# and descriptors stay where they were. LONG=1 runs the full counts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'no /proc to read memory and descriptors from'
  unless -r '/proc/self/status' && -d '/proc/self/fd';

my $calls = $ENV{LONG} ? 20_000 : 2_000;
my $cancels = $ENV{LONG} ? 500 : 40;
my $timeouts = $ENV{LONG} ? 1_000 : 200;

# What may come and go: caches of the server and of libcurl.
my $slack_kb = 1024;
my $slack_fds = 25;

my $web = HttpFaultServer->new;
my $node = http_cluster('leaks');

# Warm a session up with the work once, then measure what much of it adds.
sub flat
{
	my ($name, $count, $settings, $work) = @_;
	my $s = session($node);
	$s->value($settings) if $settings;
	$work->($s, $count > 400 ? 200 : $count / 2);
	my $pid = $s->backend;
	my ($kb, $fds) = (proc_status_kb($pid, 'VmRSS'), proc_fds($pid));
	my $began = time();
	$work->($s, $count);
	my ($kb_after, $fds_after) = (proc_status_kb($pid, 'VmRSS'), proc_fds($pid));
	cmp_ok($kb_after - $kb, '<=', $slack_kb, "$count $name: memory flat");
	cmp_ok($fds_after, '<=', $fds + $slack_fds, '... and descriptors');
	$s->value('SET statement_timeout = 0');
	is($s->value(get($web->url, 'body')), 'ok', '... and the session works');
	diag(sprintf '%d %s in %.1f s: memory %+d kB, descriptors %d -> %d',
		$count, $name, time() - $began, $kb_after - $kb, $fds, $fds_after);
	$s->stop;
	return;
}

sub fetches
{
	my ($url, $more) = @_;
	my $sql = quoted($url) . ($more // '');
	return sub {
		my ($s, $count) = @_;
		$s->value(<<SQL);
DO \$\$ BEGIN
  FOR i IN 1 .. $count LOOP
    BEGIN
      PERFORM * FROM asyncdemo.http_get($sql);
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END \$\$
SQL
	};
}

flat('good calls', $calls, undef, fetches($web->url));
flat('refused connections', $calls, undef, fetches($web->refused_url));
flat('requests that policy refuses', $calls, undef, fetches('http://10.0.0.1/'));
flat('bad URLs', $calls, undef, fetches('http://'));
flat('bad arguments after good ones', $calls, undef,
	fetches($web->url, q{, headers => ('[["X-Long", "' || repeat('x', 2000) || '"], ["bad name", "x"]]')::jsonb}));
flat('broken answers', $calls / 4, undef, fetches($web->raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")));
flat('redirects', $calls / 4, undef, fetches($web->url('/redirect?to=/ok')));
flat('bodies over the limit', $calls / 10, q{SET asyncdemo.http_max_body = '64kB'}, fetches($web->url('/size/200000')));
flat('sets of 20', $calls / 20, undef, sub {
	my ($s, $count) = @_;
	$s->value("SELECT sum(n) FROM generate_series(1, $count) g, LATERAL (SELECT count(*) n FROM asyncdemo.http_fetch_all(array_fill("
		  . quoted($web->url('/ok?')) . " || g, ARRAY[20]), concurrency => 10)) x");
});
flat('sets of none in one statement', $calls * 10, 'SET jit = off', sub {
	my ($s, $count) = @_;
	# in hundreds: a long series is kept in memory by the server itself
	my $series = "generate_series(1, $count / 100) h, LATERAL generate_series(1, 100 + 0 * h) g";
	$s->value("SELECT count(*) FROM $series, LATERAL asyncdemo.http_fetch_all(CASE WHEN g > 0 THEN '{}'::text[] END)");
	$s->value("SELECT count(*) FROM $series, LATERAL (SELECT g FROM asyncdemo.http_pending() OFFSET g) p");
});
flat('handles sent and waited for', $calls / 4, undef, sub {
	my ($s, $count) = @_;
	$s->value(<<SQL);
DO \$\$ BEGIN
  FOR i IN 1 .. $count LOOP
    PERFORM * FROM asyncdemo.http_wait(asyncdemo.http_send(${\quoted($web->url)}));
  END LOOP;
END \$\$
SQL
});
flat('handles sent and reset', $calls / 20, undef, sub {
	my ($s, $count) = @_;
	$s->value('SELECT asyncdemo.http_send(' . quoted($web->url('/delay/60')) . '), asyncdemo.http_reset()')
	  for 1 .. $count / 4;
});
flat('cancelled statements of 10 requests each', $cancels, q{SET statement_timeout = '20ms'}, sub {
	my ($s, $count) = @_;
	for (1 .. $count)
	{
		my $answer = $s->ask('SELECT count(*) FROM asyncdemo.http_fetch_all(array_fill('
			  . quoted($web->url('/delay/60')) . '::text, ARRAY[10]), concurrency => 10)');
		die "not cancelled: $answer->{state} $answer->{message}\n" if $answer->{state} ne '57014';
	}
});
flat('connect time-outs', $timeouts, q{SET asyncdemo.http_connect_timeout = '20ms'}, sub {
	my ($s, $count) = @_;
	$s->value('SELECT count(*) FROM asyncdemo.http_fetch_all(array_fill('
		  . quoted($web->stuck_url) . "::text, ARRAY[$count]), concurrency => 50)");
});
ok($web->wait_for(sub { $_->{in_flight} == 0 }), 'no request is left on the server');

done_testing();
