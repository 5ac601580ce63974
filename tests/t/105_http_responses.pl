# Whatever a server sends, the body arrives as text in the database encoding or
# as the bytes themselves, and nothing of it is lost or made up.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Compress::Zlib ();
use HttpFaultServer;
use HttpTest;
use Test::More;

my $web = HttpFaultServer->new;
my $node = http_cluster('responses');
my $s = session($node);

# text, NULL or not, and bytes in hexadecimal
my $columns = "coalesce(body, '<null>'), encode(body_bytes, 'hex')";

sub body_is
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($url, $wanted, $name) = @_;
	my $answer = $s->ask(get($url, $columns));
	is("$answer->{state} $answer->{rows}$answer->{message}", "00000 $wanted", $name);
	return;
}

# Characters.
my @texts = (
	[ 'text/plain; charset=ISO-8859-1', "caf\xe9", "caf\xc3\xa9", 'ISO-8859-1' ],
	[ 'text/plain; charset=latin1', "caf\xe9", "caf\xc3\xa9", 'latin1' ],
	[ 'text/html;charset="iso-8859-15"', "\xa4", "\xe2\x82\xac", 'a quoted charset' ],
	[ 'text/plain; charset=windows-1252', "\x80", "\xe2\x82\xac", 'windows-1252' ],
	[ 'text/plain; charset=Shift_JIS', "\x93\xfa", "\xe6\x97\xa5", 'Shift_JIS' ],
	[ 'text/plain; charset=utf-8', "\xe2\x82\xac", "\xe2\x82\xac", 'utf-8' ],
	[ 'text/plain; Charset=UTF-8; x=y', "\xe2\x82\xac", "\xe2\x82\xac", 'a second parameter' ],
	[ 'text/plain; charset=us-ascii', 'plain', 'plain', 'us-ascii' ],
	[ 'application/json', "\"\xc3\xa9\"", "\"\xc3\xa9\"", 'no charset is UTF-8' ],
	[ 'application/octet-stream', 'letters', 'letters', 'text by content, not by type' ]);
foreach my $case (@texts)
{
	my ($type, $bytes, $text, $name) = @$case;
	body_is($web->page(["Content-Type: $type"], $bytes), "$text|<null>", $name);
}
body_is($web->page([], 'no type'), 'no type|<null>', 'no content type at all');
is($s->value(get($web->page([], 'x'), 'content_type')), '<null>', '... is NULL');
body_is($web->page(['Content-Type: text/plain'], "before\0after"),
	'<null>|' . unpack('H*', "before\0after"), 'a NUL byte: the bytes, whole');
body_is($web->page(['Content-Type: text/plain; charset=utf-8'], "a\xff\xfeb"),
	'<null>|61fffe62', 'invalid UTF-8: the bytes');
body_is($web->page(['Content-Type: text/plain'], "cut \xe2\x82"),
	'<null>|63757420e282', 'a character cut short: the bytes');
body_is($web->page(['Content-Type: text/plain; charset=utf-8'], "\xed\xa0\x80"),
	'<null>|eda080', 'a lone surrogate: the bytes');
body_is($web->page(['Content-Type: text/plain; charset=windows-1252'], "a\x81"),
	'<null>|6181', 'not valid in its charset: the bytes');
is( $s->value(
		get($web->page(['Content-Type: text/plain; charset=x-none'], "\xe9t\xe9"),
			"coalesce(body_bytes, convert_to(body, 'UTF8'))")),
	'\xe974e9',
	'an unknown charset loses no byte');
is( $s->value(get($web->page(['Content-Type: text/plain; charset=utf-16'], "a\0b\0"),
			'encode(body_bytes, \'hex\')')),
	'61006200',
	'a charset that the server has no conversion for: the bytes');

# What is not text can be stored and dumped.
$s->value('CREATE TABLE kept AS ' . get($web->page([], "\xff\0x"), '*'));
is($s->value('SELECT body IS NULL, length(body_bytes) FROM kept'), 't|3', 'bytes are stored');

# In other databases.
$node->safe_psql('postgres', <<'SQL');
CREATE DATABASE latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SQL
my $latin = session($node, dbname => 'latin1');
$latin->value('CREATE EXTENSION asyncdemo');
is($latin->value(get($web->page(['Content-Type: text/plain; charset=utf-8'], "\xc3\xa9"), 'length(body), body')),
	"1|\xc3\xa9", 'UTF-8 becomes LATIN1');
is($latin->value(get($web->page(['Content-Type: text/plain; charset=utf-8'], "\xe2\x82\xac"), $columns)),
	'<null>|e282ac', 'what LATIN1 cannot hold: the bytes');
is($latin->value(get($web->page(['Content-Type: text/plain; charset=iso-8859-1'], "\xe9"), 'length(body), body')),
	"1|\xc3\xa9", 'LATIN1 stays LATIN1');
$latin->stop;
my $ascii = session($node, dbname => 'ascii');
$ascii->value('CREATE EXTENSION asyncdemo');
is( $ascii->value(
		get($web->page(['Content-Type: text/plain'], "a\xff"),
			"coalesce(body_bytes, body::bytea)")),
	'\x61ff',
	'SQL_ASCII loses no byte');
$ascii->stop;

# Without a body.
is($s->value("SELECT status, coalesce(body, ''), body_bytes, asyncdemo.http_header(r, 'Content-Length') FROM asyncdemo.http_head("
		  . quoted($web->page([], 'twelve bytes')) . ') r'),
	'200||<null>|12', 'HEAD: headers only, no wait for a body');
foreach my $status (204, 304)
{
	my $url = $web->script([ send => "HTTP/1.1 $status X\r\nX-A: b\r\n\r\n" ], ['next']);
	is($s->value(get($url, "status, coalesce(body, ''), body_bytes")),
		"$status||<null>", "$status has no body");
}
is($s->value(get($web->page([], ''), 'body, body_bytes')), '|<null>', 'an empty body is an empty text');

# Interim answers.
my $early = join '', map { "HTTP/1.1 103 Early Hints\r\nLink: </$_>\r\n\r\n" } 1 .. 3;
is( $s->value(
		get($web->script([ send => "HTTP/1.1 100 Continue\r\n\r\n$early" ],
			[ sleep => 0.05 ],
			[ send => "HTTP/1.1 200 OK\r\nX-Last: 1\r\nContent-Length: 2\r\n\r\nok" ], ['next']),
			"status, body, (SELECT string_agg(name, ',') FROM unnest(headers))")),
	'200|ok|X-Last,Content-Length',
	'1xx answers come before the answer and are not part of it');

# Lengths.
my $chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
body_is($web->script([ send => "${chunked}5\r\nhello\r\n" ], [ sleep => 0.05 ],
		[ send => "6;ext=1\r\n world\r\n0\r\n\r\n" ], ['next']),
	'hello world|<null>', 'chunked');
body_is($web->script([ send => "${chunked}2\r\nok\r\n0\r\nX-Trailer: yes\r\n\r\n" ], ['next']),
	'ok|<null>', 'chunked with a trailer');
body_is($web->script([ send => "${chunked}1" ], [ sleep => 0.02 ], [ send => "\r" ],
		[ sleep => 0.02 ], [ send => "\nx\r\n0\r\n\r\n" ], ['next']),
	'x|<null>', 'chunked, cut at odd places');
body_is($web->raw("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
	'until the end|<null>', 'without a length the body ends with the connection');
body_is($web->raw("HTTP/1.0 200 OK\r\n\r\nold"), 'old|<null>', 'HTTP/1.0');
body_is($web->raw("HTTP/1.1 200 OK\nContent-Length: 3\n\nold"),
	'old|<null>', 'bare line feeds after headers');
is( $s->value(
		get($web->script([ repeat => 'H', 1, 0.01 ], [ repeat => 'T', 2, 0.01 ],
			[ send => "P/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" ],
			[ repeat => 'z', 2, 0.01 ], ['next']),
			'status, body')),
	'200|zz',
	'an answer that comes byte by byte');

# Header oddities.
is( $s->value(
		get($web->raw("HTTP/1.1 200 OK\r\nX-Empty:\r\nX-Space:   a b  \r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"),
			"(SELECT string_agg(name || '=' || value, ',') FROM unnest(headers))")),
	'X-Empty=,X-Space=a b,Set-Cookie=a=1,Set-Cookie=b=2,Content-Length=0',
	'empty, padded and repeated headers');
state_is(
	$s->ask(get($web->page(["X-Latin: caf\xe9"], 'x'), 'headers::text')),
	'00000', 'a header that is not valid UTF-8 does no harm');
is($s->value("SELECT octet_length(convert_to(asyncdemo.http_header(r, 'X-Latin'), 'UTF8')) > 0 FROM asyncdemo.http_get("
		  . quoted($web->page(["X-Latin: caf\xe9"], 'x')) . ') r'),
	't', '... and its value is text that the database accepts');

# Compression.
my $zipped = Compress::Zlib::memGzip('hello ' x 1000);
body_is($web->page(['Content-Encoding: gzip'], Compress::Zlib::memGzip('hello')), 'hello|<null>', 'gzip');
body_is($web->page(['Content-Encoding: deflate'], Compress::Zlib::compress('hello')), 'hello|<null>', 'deflate');
is($s->value(get($web->page(['Content-Encoding: gzip'], $zipped), 'length(body)')),
	6000, 'a body that shrank comes back at its full size');
my $brotli = "\x0b\x02\x80hello\x03";
$web->reset;
$s->value(get($web->url('/echo'), 'status'));
my $accepted = HttpFaultServer::header_of(($web->requests)[0], 'Accept-Encoding') // '';
like($accepted, qr/gzip/, 'gzip is asked for');
SKIP:
{
	skip "this libcurl does not speak br (it asks for '$accepted')", 1
	  unless $accepted =~ /\bbr\b/;
	body_is($web->page(['Content-Encoding: br'], $brotli), 'hello|<null>', 'br');
}
fails_with($s, get($web->page(['Content-Encoding: gzip'], 'this is no gzip stream'), 'body'),
	qr/^08(T03|006)$/, undef, 'a gzip stream that is none');
# Cut short.
my @broken = (
	[ 'body cut short', [ send => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" ], ['close'] ],
	[ 'body cut by a reset', [ send => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" ], [ sleep => 0.05 ], ['reset'] ],
	[ 'chunk cut short', [ send => "${chunked}ff\r\nhalf" ], ['close'] ],
	[ 'last chunk missing', [ send => "${chunked}4\r\nhalf\r\n" ], ['close'] ],
	[ 'closed after the status line', [ send => "HTTP/1.1 200 OK\r\n" ], ['reset'] ],
	[ 'closed before any answer', ['close'] ],
	[ 'reset before any answer', ['reset'] ]);
foreach my $case (@broken)
{
	my ($name, @steps) = @$case;
	my $failed = fails_with($s, get($web->script(@steps), 'body'), '08006', undef, $name);
	unlike($failed->{message}, qr/^[A-Z]/, '... said in lower case');
}
is($s->value(get($web->url, 'body')), 'ok', 'the session goes on');

done_testing();
