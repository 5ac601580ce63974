# TLS is checked in full, no setting turns that off, and a redirect never leads
# from https back to http.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use TestCerts;
use Time::HiRes qw(time);

my $certs = TestCerts->new(PostgreSQL::Test::Utils::tempdir() . '/certs');
my $web = HttpFaultServer->new(
	tls => { map { $_ => [ $certs->pair($_) ] } qw(good other expired self) });
my $node = http_cluster('tls');
my $s = session($node);
my $good = $web->tls_url('good');

sub trust
{
	my ($file) = @_;
	$s->value('SET asyncdemo.http_ca_file = ' . quoted($file));
	return;
}

# An authority that is not known.
foreach my $name (qw(good other expired self))
{
	my $failed = fails_with($s, get($web->tls_url($name), 'status'), '08T01',
		qr/^[^A-Z]/, "the $name certificate without its authority");
	is(scalar $web->requests, 0, '... and nothing was sent');
}

# One that is.
trust($certs->ca);
is( $s->value(get($good, 'status, body, url, tls_ms > 0')),
	"200|ok|$good|t", 'http_ca_file adds an authority');
is($s->value(get($web->tls_url('good', '/ok', 'localhost'), 'status')), 200, '... by name');
$web->reset;
fails_with($s, get($web->tls_url('expired'), 'status'), '08T01', qr/expired/i, 'an expired certificate');
fails_with($s, get($web->tls_url('self'), 'status'), '08T01', undef, 'a self-signed certificate');
fails_with($s, get($web->tls_url('other'), 'status'), '08T01', undef, 'a certificate for another host');
fails_with($s, get($web->tls_url('other', '/ok', 'localhost'), 'status'), '08T01', undef,
	'... by name as well');
is(scalar $web->requests, 0, 'nothing was sent to any of them');
is($s->value(get($good, 'body')), 'ok', 'the session goes on');

# A connection opened while the authority was trusted.
$s->value('RESET asyncdemo.http_ca_file');
fails_with($s, get($good, 'status'), '08T01', undef, 'a connection is not used once its authority is gone');
trust($certs->file('self.crt'));
fails_with($s, get($good, 'status'), '08T01', undef, '... nor under another one');
is($s->value(get($web->tls_url('self'), 'status')), 200, 'a self-signed certificate can be trusted by name');
my $answer = $s->ask('SET asyncdemo.http_ca_file = ' . quoted($certs->file('missing.crt')));
$answer = $s->ask(get($good, 'status')) if $answer->{state} eq '00000';
like($answer->{state}, qr/^(08T01|22023|58P01|F0000)$/, 'an authority file that is missing')
  or diag("$answer->{state} $answer->{message} $answer->{rows}");
trust($certs->ca);

# Not TLS.
my $plain_port = $web->port;
fails_with($s, get("https://127.0.0.1:$plain_port/ok", 'status'), '08T01', undef, 'https on a plain port');

# On a port with which no handshake has succeeded: some versions of libcurl use
# an open TLS connection for plain http to the same host and port.
$answer = $s->ask(get('http://127.0.0.1:' . $web->port('tls')->{other} . '/ok', 'status'));
like($answer->{state}, qr/^08(006|T03)$/, 'http on a TLS port')
  or diag("$answer->{state} $answer->{message} $answer->{rows}");
my $began = time();
fails_with($s, get('https://127.0.0.1:' . $web->port('mute') . '/', 'status', "timeout => '300 ms'"),
	qr/^08(T00|001)$/, undef, 'a handshake that is never answered');
soon($began, '... ends soon');

# Redirects between http and https.
my $up = $web->url("/redirect?to=$good");
my $down = $web->tls_url('good', '/redirect?to=' . $web->url);
is($s->value(get($up, 'status, url')), "200|$good", 'from http to https');
$web->reset;
fails_with($s, get($down, 'status'), '42501', undef, 'from https to http');
is(scalar $web->requests, 1, '... was not followed');
fails_with($s, get($web->tls_url('good', "/redirect?to=" . $web->tls_url('other')), 'status'),
	'08T01', undef, 'a redirect to a host whose certificate is wrong');
fails_with($s, get($web->url("/redirect?to=$down"), 'status'), '42501', undef, 'up and down again');

# Connections are used again.
$web->reset;
$s->value(get($good, 'status')) for 1 .. 5;
cmp_ok($web->state->{connections}, '<=', 1, 'five requests, at most one handshake');

# A proxy that is spoken to in TLS is checked as any other host.
trust($certs->ca);
$s->value(q{SET asyncdemo.http_allow = 'proxied.example'});
$s->value('SET asyncdemo.http_proxy = ' . quoted($web->tls_url('good', '')));
$web->reset;
is($s->value(get('http://proxied.example/ok', 'status')), 200, 'an https proxy, its authority in http_ca_file');
is(($web->requests)[0]{line}, 'GET http://proxied.example/ok HTTP/1.1', '... is asked as a proxy');
$web->reset;
$s->value('RESET asyncdemo.http_ca_file');
fails_with($s, get('http://proxied.example/ok', 'status'), '08T01', undef, '... and without it');
$s->value('SET asyncdemo.http_proxy = ' . quoted($web->tls_url('expired', '')));
trust($certs->ca);
fails_with($s, get('http://proxied.example/ok', 'status'), '08T01', undef, 'an https proxy whose certificate has expired');
is(scalar $web->requests, 0, '... are told nothing');
$s->value('RESET asyncdemo.http_allow; RESET asyncdemo.http_proxy');

# In a set each has its own answer.
is( $s->value(
		'SELECT ordinal, status, error_code FROM asyncdemo.http_fetch_all(ARRAY['
		  . join(',', map { quoted($web->tls_url($_)) } qw(good expired other self))
		  . ']) ORDER BY ordinal'),
	"1|200|<null>\n2|<null>|08T01\n3|<null>|08T01\n4|<null>|08T01",
	'good and bad certificates in one set');

# No way around.
my $settings = $s->value(
	"SELECT string_agg(name, ' ') FROM pg_settings WHERE name LIKE 'asyncdemo.%' AND name ~ 'verif|insecure|peer|ssl_|skip'");
is($settings, '<null>', 'no setting turns the checks off');

done_testing();
