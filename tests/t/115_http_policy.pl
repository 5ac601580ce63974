# Only what http_allow allows is ever contacted, whatever the URL, the redirect,
# the environment or an older connection says.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;

my $web = HttpFaultServer->new;
my $port = $web->port;
my $port2 = $web->port('http2');
my $dead = 'http://127.0.0.1:' . $web->port('refused');

# The server's own environment names a proxy in every way that curl knows.
my $node;
{
	local @ENV{qw(http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY)} =
	  ($dead) x 6;
	local $ENV{no_proxy} = '';
	$node = http_cluster('policy');
}
my $s = session($node);

sub allow
{
	my ($list) = @_;
	$s->value('SET asyncdemo.http_allow = ' . quoted($list));
	return;
}

sub allowed
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($list, $url, $name) = @_;
	allow($list);
	my $answer = $s->ask(get($url, 'status'));
	return is("$answer->{state} $answer->{rows}$answer->{message}", '00000 200', $name);
}

sub refused
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($list, $url, $name, $state) = @_;
	allow($list);
	$web->reset;
	my $answer = fails_with($s, get($url, 'status'), $state // '42501', undef, $name);
	is(scalar $web->requests, 0, '... and nothing was sent');
	return $answer;
}

is($s->value(get($web->url, 'body')), 'ok', 'proxies in the environment are ignored');

# The default.
is($s->value("SELECT boot_val FROM pg_settings WHERE name = 'asyncdemo.http_allow'"),
	'public', "http_allow is 'public' unless told otherwise");

# Spellings of this very server's address.
my @loopback = (
	"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1",
	"0177.0.0.1", "017700000001", "0177.0x0.0.1", "127.0.0.01", "127.0x0.0x0.0x1",
	"0x7f.1", "127.000.000.001", "127.0.0.1.", "0", "0.0.0.0", "0x0", "00",
	"127.255.255.254", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::0]",
	"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
	"[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
	"[2002:7f00:1::]", "[2002:7f00:0001::1]", "[::ffff:0.0.0.0]",
	"localhost", "LOCALHOST", "localhost.", "%6c%6fcalhost", "127.0.0.1%2e",
	"%31%32%37.0.0.1", "\x{ef}\x{bc}\x{91}27.0.0.1", "127\x{e3}\x{80}\x{82}0.0.1");
# Ranges that are not public, an address or two of each.
my @ranges = (
	"0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254",
	"169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255",
	"192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255",
	"198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
	"239.255.255.255", "240.0.0.1", "255.255.255.255", "0xa9fea9fe",
	"2852039166", "[100::1]", "[2001::1]", "[2001:1ff::1]", "[2001:db8::1]", "[fc00::1]",
	"[fd12:3456::1]", "[fe80::1]", "[fe80::1%25lo]", "[feb0::1]", "[fec0::1]", "[ff02::1]",
	"[ff0e::1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
	"[::ffff:a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[64:ff9b::a9fe:a9fe]",
	"[2002:a00:1::]", "[2002:a9fe:a9fe::]", "[2002:c0a8:1::1]", "[::10.0.0.1]",
	"[::2]", "[::a9fe:a9fe]");
cmp_ok(@loopback + @ranges, '>=', 60, 'at least 60 spellings and ranges');
allow('public');
$s->value("SET asyncdemo.http_connect_timeout = '500ms'");
foreach my $host (@loopback, @ranges)
{
	foreach my $list ('public', 'public:*')
	{
		allow($list);
		my $url = $list eq 'public' ? "http://$host/" : "http://$host:$port/ok";
		my $answer = $s->ask(get($url, 'status'));

		# Not a URL for some versions of libcurl: refused even earlier.
		my $right = $host =~ /^[-.\w]+$|^\[[:\w.]+\]$/ ? qr/^42501$/ : qr/^(42501|22023)$/;
		$right = qr/^(42501|22023|08001)$/ if $host =~ /[\x80-\xff]|01\.$|^localhost\.$/;
		like($answer->{state}, $right, "$url is not public")
		  or diag("$answer->{message} $answer->{rows}");
	}
}
is(scalar(grep { 1 } $web->requests), 1, 'none of these reached the server');
$s->value('RESET asyncdemo.http_connect_timeout');
my $answer = $s->ask(get("http://tom:s3cret\@127.0.0.1:$port/?t0p", 'status'));
like($answer->{detail}, qr/127\.0\.0\.1/, 'the detail names host and address');
like($answer->{hint}, qr/http_allow/, 'the hint names the setting');
unlike($answer->{all}, qr/s3cret|t0p/, 'neither user info nor query is told');

# Items.
my $url = "http://127.0.0.1:$port/ok";
refused('', $url, "'' allows nothing");
allowed('*', $url, "'*' allows everything");
allowed("127.0.0.1/32:$port", $url, 'an address with its port');
allowed("127.0.0.0/8:*", $url, 'a range with every port');
allowed('127.0.0.0/8:' . ($port - 1) . '-' . ($port + 1), $url, 'a range of ports');
allowed(" public , 10.0.0.0/8 ,127.0.0.1/32:$port ", $url, 'blanks around items');
refused('127.0.0.0/8', $url, 'without a port only 80 and 443');
refused('127.0.0.0/8:' . ($port + 1), $url, 'another port');
refused('127.0.0.0/8:' . ($port + 1) . '-65535', $url, 'another range of ports') if $port < 65535;
refused("10.0.0.0/8:*", $url, 'another range of addresses');
refused("127.0.0.2/32:*", $url, 'another address');
refused("localhost:$port", "http://localhost:$port/ok",
	'a host item does not let its name lead to a private address');
allowed("localhost:$port, 127.0.0.0/8:$port, [::1]:*", "http://localhost:$port/ok",
	'... but together with a range it does');
refused("other.example:$port, public:*", "http://localhost:$port/ok",
	'a name that is on no list and leads to a private address');
refused("*", 'http://127.0.0.1:0/', 'port 0', qr/^(42501|22023)$/);
SKIP:
{
	skip 'no IPv6 here', 3 unless $web->port('http6');
	my $url6 = 'http://[::1]:' . $web->port('http6') . '/ok';
	allowed('[::1]:*', $url6, 'an IPv6 address in brackets');
	allowed('[::]/0:*', $url6, 'an IPv6 range') or diag('grammar of IPv6 ranges');
	refused('127.0.0.0/8:*', $url6, 'IPv4 does not stand for IPv6');
}
foreach my $bad (
	'300.1.2.3/8', '10.0.0.0/33', '10.0.0.0/x', 'public:99999', 'public:5-3',
	'[::1', '[::1]/129', 'a b', 'http://a.example', 'a.example/path', ',', 'a..b', '*.', 'a:',
	"a\tb", '**', 'user@host')
{
	my $failed = fails_with($s, 'SET asyncdemo.http_allow = ' . quoted($bad),
		'22023', undef, "http_allow '$bad' is no list");
	next if $bad eq ',';
	my ($item) = $bad =~ /(\S+)/;
	like("$failed->{detail} $failed->{message}", qr/\Q$item\E/, '... and the item is named');
}

# A connection that was opened under a laxer policy.
allowed('127.0.0.0/8:*', $url, 'a connection is opened');
refused('public', $url, 'it is not used under a tighter policy');
allowed('127.0.0.0/8:*', $url, 'and is fine under the old one');
allow('127.0.0.0/8:*');
$s->value(get($url, 'status')) for 1 .. 3;
refused("127.0.0.0/8:$port2", $url, 'a port taken away');

# Redirects.
my $both = "127.0.0.0/8:$port, 127.0.0.0/8:$port2";
my $target = quoted($web->url2('/echo'));

sub hop
{
	my ($to, $code) = @_;
	return $web->url('/redirect?code=' . ($code // 302) . "&to=$to");
}

allow($both);
is($s->value(get(hop($web->url2), 'status, url')), '200|' . $web->url2, 'a redirect to an allowed origin');
is($s->value(get(hop('/ok'), 'status, url')), '200|' . $web->url, 'a relative redirect');
is($s->value(get(hop('//127.0.0.1:' . $port2 . '/ok'), 'status, url')), '200|' . $web->url2,
	'a redirect without a scheme');
allow("127.0.0.0/8:$port");
foreach my $to (
	$web->url2, 'http://localhost:' . $port2 . '/', 'http://10.0.0.1/',
	'http://169.254.169.254/latest/meta-data', 'http://0.0.0.0:' . $port2 . '/',
	'http://[::1]:' . $port2 . '/', 'http://2130706433:' . $port2 . '/')
{
	$web->reset;
	fails_with($s, get(hop($to), 'status'), '42501', undef, "a redirect to $to");
	is(scalar(grep { $_->{port} == $port2 } $web->requests), 0, '... was not followed');
}
foreach my $to ('file:///etc/passwd', 'gopher://127.0.0.1/', 'ftp://127.0.0.1/', 'javascript:alert(1)')
{
	fails_with($s, get(hop($to), 'status'), qr/^(42501|22023|08T03)$/, undef, "a redirect to $to");
}

$s->value('SET asyncdemo.http_max_redirects = 0');
$web->reset;
$answer = $s->ask(get(hop('/ok'), 'status'));
ok($answer->{state} ne '00000' || $answer->{rows} eq '302', 'http_max_redirects = 0 follows nothing')
  or diag("$answer->{state} $answer->{rows}");
is(scalar $web->requests, 1, '... the server saw one request');
$s->value('RESET asyncdemo.http_max_redirects');

# What a redirect carries along.
my $headers = <<'JSON';
{"X-Api-Key": "k3y", "Authorization": "Bearer t0k", "Cookie": "c=1", "Accept": "text/x",
 "Accept-Language": "de", "User-Agent": "mine", "Content-Type": "text/x-body",
 "Proxy-Authorization": "Basic eA==", "Referer": "http://a.example/", "X-Other": "o"}
JSON
my @dropped = qw(X-Api-Key Authorization Cookie Proxy-Authorization Referer X-Other);
my @kept = qw(Accept Accept-Language User-Agent);
allow($both);

# The request that the redirect led to.
sub landed
{
	my ($to, $code, $method, $more) = @_;
	$web->reset;
	$s->value("SELECT status FROM asyncdemo.http_fetch("
		  . quoted(hop($to, $code))
		  . ", method => '$method', headers => "
		  . quoted($headers)
		  . ($more // '')
		  . ')');
	my @requests = $web->requests;
	is(scalar @requests, 2, "$code $method: two requests");
	return $requests[1];
}

my $request = landed($web->url2('/echo'), 302, 'GET');
is(scalar HttpFaultServer::header_of($request, $_), undef, "$_ is dropped across origins")
  foreach @dropped;
isnt(scalar HttpFaultServer::header_of($request, $_), undef, "$_ is kept across origins")
  foreach @kept;
$request = landed('/echo', 302, 'GET');
isnt(scalar HttpFaultServer::header_of($request, $_), undef, "$_ is kept on the same origin")
  foreach qw(X-Api-Key Authorization Cookie), @kept;
foreach my $code (301, 302, 303)
{
	$request = landed('/echo', $code, 'POST', ", body => 'secret body'");
	is("$request->{method} $request->{body}", 'GET ', "$code turns POST into GET without a body");
	is(scalar HttpFaultServer::header_of($request, 'Content-Length') // 0, 0, '... of no length');
}
foreach my $code (307, 308)
{
	$request = landed('/echo', $code, 'POST', ", body => 'secret body'");
	is("$request->{method} $request->{body}", 'POST secret body', "$code keeps method and body");
	$web->reset;
	$s->ask("SELECT status FROM asyncdemo.http_post("
		  . quoted(hop($web->url2('/echo'), $code))
		  . ", body => 'secret body', headers => '{\"X-Api-Key\": \"k3y\"}')");
	my @elsewhere = grep { $_->{port} == $port2 } $web->requests;
	is(scalar(grep { $_->{body} ne '' || defined HttpFaultServer::header_of($_, 'X-Api-Key') } @elsewhere),
		0, "... but takes neither body nor key to another origin");
}
(my $with_user = $web->url('/redirect?to=' . $web->url2('/echo'))) =~ s{//}{//tom:s3cret@};
$web->reset;
$s->value(get($with_user, 'status'));
is(scalar HttpFaultServer::header_of(($web->requests)[-1], 'Authorization'),
	undef, 'user info of the first URL does not go to another origin');

# Hops back and forth do not bring a dropped header back.
$web->reset;
$s->value(get(hop($web->url2('/redirect?to=' . $web->url('/echo'))), 'status',
		"headers => '{\"X-Api-Key\": \"k3y\"}'"));
is(scalar HttpFaultServer::header_of(($web->requests)[-1], 'X-Api-Key'),
	undef, 'a header that was dropped stays dropped');

# A proxy of the administrator's.
allow("api.example:*, 127.0.0.1/32:$port");
$s->value('SET asyncdemo.http_proxy = ' . quoted('http://127.0.0.1:' . $port2));
$web->reset;
is($s->value(get('http://api.example/ok', 'status')), 200, 'a host on the list goes through the proxy');
is(($web->requests)[0]{line}, 'GET http://api.example/ok HTTP/1.1', '... as a proxy request');
$web->reset;
fails_with($s, get('http://other.example/ok', 'status'), '42501', undef, 'another host does not');
fails_with($s, get('http://10.0.0.1/ok', 'status'), '42501', undef, 'nor does a private address');
fails_with($s, get("http://2130706433:$port2/ok", 'status'), '42501', undef, '... however it is spelled');
is(scalar $web->requests, 0, '... the proxy saw nothing of these');
$s->value("SET asyncdemo.http_proxy = ''");
allowed("127.0.0.1/32:$port", $url, 'without a proxy again');

done_testing();
