# Every failure has its SQLSTATE and a clear message, tells no secret, and
# leaves the session as able as before.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;
use Time::HiRes qw(time);

my $web = HttpFaultServer->new;
my $node = http_cluster('errors', "asyncdemo.http_allow = '*'");
my $s = session($node);
my $port = $web->port;

# A failure, and that the next request works.
sub refused
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($url, $state, $name, $more) = @_;
	my $failed = fails_with($s, get($url, 'status', $more), $state, qr/^[^A-Z].*[^.]$/, $name);
	is($s->value(get($web->url, 'body')), 'ok', '... and the next request works');
	return $failed;
}

# URLs.
my @bad_urls = (
	[ '', 'an empty URL' ],
	[ ' ', 'a blank' ],
	[ '/path', 'a relative URL' ],
	[ 'ok', 'a bare word' ],
	[ '//127.0.0.1/', 'a URL without a scheme' ],
	[ "http://127.0.0.1:$port/a b", 'a space in the path' ],
	[ " http://127.0.0.1:$port/ok", 'a leading space' ],
	[ "http://127.0.0.1:$port/ok\n", 'a line break at the end' ],
	[ "http://127.0.0.1:$port/\x01", 'a control character' ],
	[ "http://127.0.0.1:$port/\x7f", 'a delete character' ],
	[ 'http://', 'no host' ],
	[ 'http:///ok', 'an empty host' ],
	[ 'http://:80/', 'only a port' ],
	[ 'http://127.0.0.1:99999/', 'a port over 65535' ],
	[ 'http://127.0.0.1:-1/', 'a negative port' ],
	[ 'http://127.0.0.1:http/', 'a port that is a word' ],
	[ 'http://[::1/', 'an open bracket' ],
	[ 'http://[::g]/', 'no IPv6 address' ],
	[ 'http://a b/', 'a space in the host' ],
	[ 'http://' . ('a' x 300) . '.example/', 'a label of 300 characters' ]);
foreach my $case (@bad_urls)
{
	my ($url, $name) = @$case;
	my $state = $name =~ /label/ ? qr/^(22023|08001)$/ : '22023';
	refused($url, $state, $name);
}
$web->reset;
foreach my $scheme (qw(file gopher ftp ldap dict telnet smb ws data javascript unix))
{
	refused("$scheme://127.0.0.1:$port/etc/passwd", qr/^(22023|42501)$/, "$scheme://");
}
refused('file:///etc/passwd', qr/^(22023|42501)$/, 'file:///');
refused('htp://127.0.0.1/', qr/^(22023|42501)$/, 'a scheme nobody knows');
is(scalar(grep { $_->{target} ne '/ok' } $web->requests), 0, 'none of these was sent');

# Connecting.
my $failed = refused($web->refused_url, '08001', 'a port where nobody listens');
like($failed->{message} . $failed->{detail}, qr/refused|connect/, '... says so');
refused('http://name.invalid/', '08001', 'a name that does not resolve');
$s->value("SET asyncdemo.http_connect_timeout = '150ms'");
my $began = time();
refused($web->stuck_url, qr/^08(001|T00)$/, 'connecting takes too long');
soon($began, '... and ends soon after http_connect_timeout');
$s->value('RESET asyncdemo.http_connect_timeout');

# Time.
foreach my $case (
	[ 'the argument', "timeout => '200 ms'", undef ],
	[ 'the setting', undef, "SET asyncdemo.http_timeout = '200ms'" ])
{
	my ($name, $more, $setting) = @$case;
	$s->value($setting) if $setting;
	foreach my $late (
		[ 'no answer', $web->url('/delay/60') ],
		[ 'a body that stops', $web->script([ send => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" ], ['hold']) ],
		[ 'a dripping body', $web->script([ send => "HTTP/1.1 200 OK\r\n\r\n" ], [ repeat => 'x', 600, 0.05 ]) ],
		[ 'a server that says nothing', $web->mute_url ])
	{
		my ($what, $url) = @$late;
		$began = time();
		my $answer = $s->ask(get($url, 'status', $more));
		state_is($answer, '08T00', "$what: a time-out by $name");
		cmp_ok(time() - $began, '>=', 0.2, '... not before its time');
		soon($began, '... and soon after it');
	}
	$s->value('RESET asyncdemo.http_timeout') if $setting;
}
foreach my $bad ("'0'", "'-1 s'", "'infinity'", "'1 month'", "'25 hours'")
{
	my $answer = $s->ask(get($web->url, 'status', "timeout => interval $bad"));
	next if $bad =~ /infinity/ && $answer->{state} eq '22007';    # before 17
	state_is($answer, '22023', "timeout $bad is refused");
}

# Not HTTP.
my $start = "HTTP/1.1 200 OK\r\n";
my @malformed = (
	[ 'SSH-2.0-server' . "\r\n", 'another protocol' ],
	[ "220 mail.example ESMTP\r\n", 'a mail server' ],
	[ "\x00\x01\x02\x03" x 64, 'bytes' ],
	[ '<html>an HTTP/0.9 body</html>', 'HTTP/0.9' ],
	[ "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", 'a status that is no number' ],
	[ "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", 'HTTP/9.9' ],
	[ "${start}Content-Length: -5\r\n\r\n", 'a negative length' ],
	[ "${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 'two lengths' ],
	[ "${start}Content-Length: nine\r\n\r\n", 'a length that is a word' ],
	[ "${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n", 'a chunk size that is none' ],
	[ "${start}X-Nul: a\0b\r\nContent-Length: 0\r\n\r\n", 'a NUL in a header' ],
	[ "$start no name\r\nContent-Length: 0\r\n\r\n", 'a folded first header' ],
	[ "${start}no colon here\r\nContent-Length: 0\r\n\r\n", 'a header without a colon' ]);
foreach my $case (@malformed)
{
	my ($bytes, $name) = @$case;
	my $answer = $s->ask(get($web->raw($bytes), 'status'));

	# How strict the parser is differs between versions of libcurl; a failure
	# must have the right class, and what is read as an answer must be one.
	if ($answer->{state} eq '00000' && $name =~ /folded|colon|lengths|word/)
	{
		is($answer->{rows}, 200, "$name: read as an answer");
		next;
	}
	like($answer->{state}, qr/^08(T03|006)$/, "$name is malformed")
	  or diag("$answer->{state} $answer->{message} $answer->{rows}");
	unlike($answer->{message}, qr/\A[A-Z]/, '... said in lower case');
}
foreach my $bytes ('SSH-2.0-server' . "\r\n", '<html>an HTTP/0.9 body</html>')
{
	refused($web->raw($bytes), '08T03', 'not HTTP at all');
}

# Redirects.
refused($web->url('/loop'), qr/^(?!XX|00)/, 'a redirect loop');
$web->reset;
$s->value("SET asyncdemo.http_max_redirects = 3");
refused($web->url('/loop'), qr/^(?!XX|00)/, 'a redirect loop with a limit of 3');
is(scalar(grep { $_->{target} eq '/loop' } $web->requests), 4, '... ends after three hops');
$s->value('RESET asyncdemo.http_max_redirects');
refused($web->url('/redirect?to=http://'), qr/^(22023|08T03|42501)$/, 'a redirect to no URL');
is($s->value(get($web->script([ send => "HTTP/1.1 302 Found\r\nContent-Length: 1\r\n\r\nx" ], ['next']), 'status, body')),
	'302|x', 'a redirect without a Location is an answer');

# Secrets.
my $secret = "http://tom:s3cret\@127.0.0.1:$port";
my $query = '?token=t0psecret';
foreach my $url (
	'http://tom:s3cret@127.0.0.1:' . $web->port('refused') . "/path$query",
	"$secret/redirect$query&to=http://sam:s3cret\@127.0.0.1:" . $web->port('refused') . "/x$query",
	"$secret/delay/60$query",
	"$secret/loop$query",
	"$secret/s/none$query\x01",
	"http://tom:s3cret\@name.invalid/$query",
	"http://tom:s3cret\@127.0.0.1:99999/$query",
	"ftp://tom:s3cret\@127.0.0.1/$query")
{
	my $answer = $s->ask(get($url, 'status', "timeout => '300 ms'"));
	isnt($answer->{state}, '00000', 'it fails');
	unlike($answer->{all}, qr/s3cret|t0psecret/, '... and tells neither user info nor query');
}

# Caught in PL/pgSQL.
is( $s->value(<<SQL),
CREATE FUNCTION pg_temp.try(url text) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
  PERFORM * FROM asyncdemo.http_get(url);
  RETURN 'fine';
EXCEPTION
  WHEN sqlclient_unable_to_establish_sqlconnection THEN RETURN SQLSTATE;
  WHEN OTHERS THEN RETURN SQLSTATE;
END \$\$;
SELECT pg_temp.try(${\quoted($web->refused_url)}), pg_temp.try(${\quoted($web->url)}),
  pg_temp.try('x')
SQL
	'08001|fine|22023',
	'a function catches them');

done_testing();
