# A caller or a server that means ill gets an answer about its own request, and
# nothing else: neither another request, nor another statement, nor a way round
# the policy.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;

my $web = HttpFaultServer->new;
my $node = http_cluster('hostile', "asyncdemo.http_allow = '*'");
my $s = session($node);
my $ok = quoted($web->url);
my ($port, $proxy_port) = ($web->port, $web->port('http2'));

# A redirect is bytes that a server chose.
sub redirect_to
{
	my ($to) = @_;
	return $web->script([ send => "HTTP/1.1 302 Found\r\nLocation: $to\r\nContent-Length: 0\r\n\r\n" ], ['next']);
}

$node->safe_psql('postgres', <<'SQL');
CREATE DATABASE latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE win1252 ENCODING 'WIN1252' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE euc_jp ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SQL

# libcurl writes other hosts in ASCII where the locale lets it.
foreach my $locale ('C.UTF-8', 'C')
{
	last if $s->ask("CREATE DATABASE wide ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '$locale' TEMPLATE template0")->{state} eq '00000';
}
my %in = (postgres => $s);
foreach my $database (qw(latin1 win1252 euc_jp ascii wide))
{
	$in{$database} = session($node, dbname => $database);
	$in{$database}->value('CREATE EXTENSION asyncdemo');
}
$_->value(q{SET asyncdemo.http_connect_timeout = '100ms'}) foreach values %in;

# Hosts whose bytes are no text, or none that the database can hold.
my %host = (
	'no UTF-8' => "\xff\xfe.invalid",
	'no UTF-8, encoded' => '%ff%fe.invalid',
	'cut short' => "a\xe2\x82.invalid",
	'the euro sign' => "\xe2\x82\xac.invalid",
	'an emoji' => "\xf0\x9f\x98\x80.invalid");
foreach my $database (sort keys %in)
{
	my $session = $in{$database};
	foreach my $what (sort keys %host)
	{
		my $to = quoted(redirect_to("http://$host{$what}:$port/"));
		my $rows = $session->ask("SELECT ordinal, coalesce(error_code, 'none') FROM asyncdemo.http_fetch_all(ARRAY[$ok, $to, $ok])");
		like("$rows->{state} $rows->{message}$rows->{rows}", qr/^00000 1\|none\n2\|(08T03|08001|22023)\n3\|none$/,
			"$database: a redirect to a host that is $what fails in its own row");
		my $error = $session->ask("SELECT octet_length(error) > 0, error = convert_from(convert_to(error, 'UTF8'), 'UTF8') FROM asyncdemo.http_fetch_all(ARRAY[$to])");
		is("$error->{state} $error->{message}$error->{rows}", '00000 t|t', '... with a text that is text')
		  unless $database eq 'ascii';
		my $refused = $session->ask("SET asyncdemo.http_allow = '127.0.0.1:$port'; SELECT error_code, error = convert_from(convert_to(error, 'UTF8'), 'UTF8') FROM asyncdemo.http_fetch_all(ARRAY[$to])");
		like("$refused->{state} $refused->{message}$refused->{rows}", qr/^00000 (08T03|08001|42501|22023)\|t$/, '... also when policy refuses it')
		  unless $database eq 'ascii';
		$session->value('RESET asyncdemo.http_allow');
	}

	# the same while something else waits
	my $to = quoted(redirect_to("http://$host{'no UTF-8'}:$port/"));
	my $id = $session->value("SELECT asyncdemo.http_send($to)");
	my $delay = $session->ask('SELECT asyncdemo.delay(0.3)');
	is("$delay->{state} $delay->{message}", '00000 ', "$database: a handle's redirect does not break into a delay");
	state_is($session->ask("SELECT asyncdemo.http_wait($id)"), '08T03', '... but into its own wait');
}

# Bytes of a database that are no character of Unicode.
foreach my $argument (
	"'http://127.0.0.1:$port/' || chr(129)",
	"'http://' || chr(129) || '/'",
	"$ok, params => jsonb_build_object('a', chr(129))",
	"$ok, params => jsonb_build_object(chr(129), 'a')",
	"$ok, headers => jsonb_build_object('A', chr(129))",
	"$ok, 'POST', body => chr(129)",
	"$ok, 'POST', body_json => to_jsonb(chr(129))")
{
	fails_with($in{win1252}, "SELECT asyncdemo.http_fetch($argument)", '22023', undef, "no character: $argument");
	is( $in{win1252}->value("SELECT string_agg(coalesce(error_code, 'none'), ' ') FROM asyncdemo.http_fetch_requests(ARRAY[asyncdemo.http_request($ok), asyncdemo.http_request($argument)])"),
		'none 22023', '... is its own row');
}
$_->stop foreach @in{qw(latin1 win1252 euc_jp ascii)};

# What a server sends or sends to never passes for a shortage of memory, which
# would end a set as a whole.
my $trailer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
foreach my $case (
	[ redirect_to("http://evil\xef\xbc\x8f.invalid/"), '(22023|08001|08T03)', 'a redirect to a slash of full width' ],
	[ redirect_to("http://\xef\xbc\x9f/"), '(22023|08001|08T03)', 'a redirect to a question mark of full width' ],
	[ $web->script([ send => $trailer . 'X-T: ' . ('t' x 10_000) . "\r\n\r\n" ], ['close']), '(54000|08006|none)', 'a trailer of 10 kB' ],
	[ $web->script([ send => $trailer . 'X-T: ' . ('t' x 300_000) . "\r\n\r\n" ], ['close']), '(54000|08T03|08006)', 'a trailer of 300 kB' ],
	[ $web->script([ send => "HTTP/1.1 200 OK\r\nX-A: " . ('a' x 150_000) . "\r\nContent-Length: 0\r\n\r\n" ], ['close']), '(54000|none)', 'a header of 150 kB' ])
{
	my ($url, $state, $name) = @$case;
	my $rows = $in{wide}->ask("SELECT coalesce(error_code, 'none') FROM asyncdemo.http_fetch_all(ARRAY[$ok, ${\quoted($url)}, $ok])");
	like("$rows->{state} $rows->{message}$rows->{rows}", qr/^00000 none\n$state\nnone$/, "$name is a row of its own");
}

# Behind a proxy a host that libcurl would turn into another is no way round.
$s->stop;
$s = $in{wide};
$s->value(qq{SET asyncdemo.http_proxy = 'http://127.0.0.1:$proxy_port'});
foreach my $case (
	[ 'public', "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", 'digits of full width' ],
	[ 'public', "127\xe3\x80\x820.0.1", 'a full stop of full width' ],
	[ 'public', "loc\xe2\x84\x93lhost", 'a letter that is folded' ],
	[ 'public', "b\xc3\xbccher.example", 'a name that is not ASCII' ],
	[ '*.good.example', "evil\xef\xbc\x8f.good.example", 'a slash of full width' ],
	[ '*.good.example', "evil\xef\xbc\x9f.good.example", 'a question mark of full width' ])
{
	my ($list, $host, $name) = @$case;
	$s->value('SET asyncdemo.http_allow = ' . quoted($list));
	$web->reset;
	my $answer = $s->ask(get("http://$host/ok", 'status'));
	like($answer->{state}, qr/^(42501|22023)$/, "behind a proxy: $name") or diag("$answer->{message} $answer->{rows}");
	is(scalar $web->requests, 0, '... never reaches it');
}
$s->value(q{SET asyncdemo.http_allow = '*'});
my $rows = $s->ask(qq{SELECT coalesce(error_code, 'none') FROM asyncdemo.http_fetch_all(ARRAY[$ok, 'http://evil\xef\xbc\x8f.example/', $ok])});
like("$rows->{state} $rows->{message}$rows->{rows}", qr/^00000 none\n\w+\nnone$/, '... nor, where all is allowed, a shortage of memory');
$s->value('SET asyncdemo.http_allow = ' . quoted('public'));
is($s->value(get('http://xn--bcher-kva.example/ok', 'status')), 200, '... while punycode does');
$s->value('RESET asyncdemo.http_allow; RESET asyncdemo.http_proxy');

# More than libcurl sends is refused before, in words of ours.
$web->reset;
foreach my $argument (
	"$ok || '?' || repeat('a', 300000)",
	"$ok, params => jsonb_build_object('a', repeat('b', 300000))",
	"'http://' || repeat('a', 300000) || '\@127.0.0.1:$port/'",
	"$ok, method => repeat('A', 2000)",
	"$ok, headers => jsonb_build_object('A', repeat('b', 300000))",
	"$ok, headers => (SELECT jsonb_object_agg('A' || g, repeat('b', 1000)) FROM generate_series(1, 300) g)",
	"$ok, headers => jsonb_build_object('A', (SELECT jsonb_agg(repeat('b', 1000)) FROM generate_series(1, 300) g))",
	"$ok, 'POST', content_type => repeat('a', 300000)")
{
	(my $shown = $argument) =~ s/http\S*:\d+\S*/URL/;
	my $answer = fails_with($s, "SELECT asyncdemo.http_fetch($argument)", '22023', qr/^[^A-Z]/, "too long: $shown");
	cmp_ok(length $answer->{all}, '<', 2000, '... said in few words');
}
is(scalar $web->requests, 0, 'none of these was sent');
is( $s->value("SELECT status, length(body::jsonb->>'target') FROM asyncdemo.http_get("
		  . quoted($web->url('/echo?')) . " || repeat('a', 60000), headers => jsonb_build_object('A', repeat('b', 60000)))"),
	'200|60006', 'what is long, but not too long, is sent');
state_is($s->ask("SET asyncdemo.http_user_agent = '" . ('a' x 5000) . "'"), '22023', 'nor is http_user_agent endless');

# A header of blanks is an empty one, not one left out.
$web->reset;
$s->value("SELECT status FROM asyncdemo.http_get($ok, headers => '{\"X-Blank\": \"  \", \"Accept\": \"\\t\"}')");
my ($request) = $web->requests;
is(scalar HttpFaultServer::header_of($request, 'X-Blank'), '', 'a header of blanks is sent empty');
is(scalar HttpFaultServer::header_of($request, 'Accept'), '', '... a default as well');

is($s->value(get($web->url, 'body')), 'ok', 'the session goes on');
done_testing();
