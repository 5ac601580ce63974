# \http: the answer as variables, in every way to call; each fault has its
# cause and its line told, and leaves the other tasks alone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use HttpFaultServer;
use Test::More;
use TestCerts;
use Time::HiRes qw(time);

my $certs = TestCerts->new(temp_folder() . '/certs');
my $web = HttpFaultServer->new(
	tls => { map { $_ => [ $certs->pair($_) ] } qw(good other expired) });
my $serve = start_serve();
my $port = $web->port;

# Without the proxies of whoever runs the tests.
my %direct = map { $_ => undef }
  qw(http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY);

# Run a plan; returns exit status, and all that was said in one text.
sub run_plan
{
	my ($plan, %option) = @_;
	my @args = @{ delete $option{args} // [] };
	my ($status, $out, $err) = run_client([ 'run', @args, plan_file($plan) ],
		env => { %direct, %{ delete $option{env} // {} } }, %option);
	return ($status, "$out$err", $out, $err);
}

# The plan's task fails: exit status 2, the cause, and the line of the step.
sub fails
{
	my ($name, $plan, $cause, $line) = @_;
	my ($status, $said) = run_plan($plan);

	is($status, 2, "$name: the exit status");
	like($said, $cause, "$name: the cause");
	$line //= 1;
	like($said, qr/plan\d+\.sql:$line\b/, "$name: its line");
	return $said;
}

sub works
{
	my ($name, $plan, $said, %option) = @_;
	my ($status, $all) = run_plan($plan, %option);

	is($status, 0, "$name: the exit status") or diag $all;
	like($all, $said, "$name: what it says");
	return $all;
}

# ---- the answer ----

foreach my $mark ('', "\\blocking\n", "\\thread\n")
{
	my $name = $mark =~ /(\w+)/ ? $1 : 'async';

	works(
		"$name GET",
		$mark . '\http q GET ' . $serve->url('/?value=300') . "\n"
		  . "\\json v q_body /value\n\\set w :v * 2\n"
		  . "\\assert :q_status = 200 and :q_time > 0\n"
		  . "\\echo [:w :q_type]\n",
		qr{\[600 application/json});
	works(
		"$name POST",
		"\\set v 'a\"b'\n${mark}\\http q POST " . $web->url('/echo')
		  . " json={\"k\": :v} header=\"X-One: 1\"\n\\echo :q_body\n",
		qr{a\\+"b.*}s);
}
is((HttpFaultServer::header_of(($web->requests)[-1], 'Content-Type'))[0],
	'application/json', 'json= says what it is');
is((HttpFaultServer::header_of(($web->requests)[-1], 'X-One'))[0], '1',
	'a header is sent');
like((HttpFaultServer::header_of(($web->requests)[-1], 'User-Agent'))[0],
	qr{^asyncdemo/\d}, 'and who we are');

works('a variable in a URL',
	"\\set v 'a b/c'\n\\http q GET " . $web->url('/ok?v=:v') . "\n", qr//);
like(($web->requests)[-1]{target}, qr{^/ok\?v=a%20b%2Fc$}, '... is encoded');

# A warm connection is used again, and this is not waited for at the end.
$web->reset;
works('five in a row',
	join('', map { "\\http q$_ GET " . $web->url('/ok') . "\n" } 1 .. 5), qr//);
is(scalar $web->requests, 5, '... are five requests');
is($web->state->{connections}, 1, '... on one connection');

# ---- statuses ----

fails('404', '\http q GET ' . $web->url('/status/404?token=hunter2') . "\n",
	qr{GET http://127\.0\.0\.1:$port/status/404\?… answered 404});
works('404 expected',
	'\http q GET ' . $web->url('/status/404')
	  . " expect=any\n\\echo [:q_status]\n", qr/\[404\]/);
fails('a redirect too many',
	'\http q GET ' . $web->url('/loop') . " follow=3\n",
	qr/redirected more than 3 times/);

# ---- faults: a task that fails, one that does not ----

my %fault = (
	close => qr/closed the connection without an answer|broke the connection/,
	reset => qr/broke the connection|without an answer/,
	truncate => qr/closed after 10 of 1000 bytes/,
	silent => qr/timed out after 0\.5 s/);

foreach my $fault (sort keys %fault)
{
	my $faulty = start_fault_server($fault);

	foreach my $mark ('', "\\blocking\n", "\\thread\n")
	{
		my $how = $mark =~ /(\w+)/ ? $1 : 'async';
		my $said = fails("$fault, $how",
			"\\task bad\n\\timeout 0.5\n${mark}\\http q GET "
			  . $faulty->url('/x') . "\n"
			  . "\\task good\n\\http r GET " . $serve->url('/?value=7')
			  . "\n\\json v r_body /value\n\\echo [good :v]\n",
			$fault{$fault}, $mark eq '' ? 3 : 4);

		like($said, qr/\[good 7\]/, "$fault, $how: the other task ends well");
	}
	$faulty->stop;
}

my $closed = dead_port();
fails('refused', "\\http q GET http://127.0.0.1:$closed/\n",
	qr/could not connect to 127\.0\.0\.1:$closed: connection refused/);
fails('an unknown host', "\n\\http q GET http://nowhere.invalid/\n",
	qr/could not resolve host name "nowhere\.invalid"/, 2);
fails('not HTTP', '\http q GET '
	  . $web->raw("220 mail.example ESMTP\r\n") . "\n",
	qr/answered something that is not HTTP/);

my $begun = time;
my ($status, $said) = run_plan('\http q GET ' . $web->stuck_url . "\n",
	args => [ '--connect-timeout', '0.5' ]);
is($status, 2, 'no connection in time: the exit status');
like($said, qr/no connection to 127\.0\.0\.1:\d+ after 0\.5/,
	'... the cause');
cmp_ok(time - $begun, '>=', 0.5, '... not before its time');

# ---- bodies ----

fails('a body that is too large',
	'\http q GET ' . $web->url('/size/2000') . " max_body=1kB\n",
	qr/the body from 127\.0\.0\.1:$port is larger than 1024 bytes/);
fails('a small one that becomes large',
	'\http q GET '
	  . $web->script(
		[ send => "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" ],
		[ gzip => 'a' x 100, 100000 ], ['close'])
	  . " max_body=1MB\n",
	qr/is larger than 1048576 bytes/);
works('a compressed one',
	'\http q GET '
	  . $web->script(
		[ send => "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" ],
		[ gzip => 'text', 1 ], ['close'])
	  . "\n\\echo [:q_body]\n",
	qr/\[text\]/);
my $latin = $web->page([], "caf\x{e9}");
fails('a body that is no text', "\\http q GET $latin\n\\echo :q_body\n",
	qr/the body of "q" is no text: byte 4 is not UTF-8/);
works('one that nobody reads', "\\http q GET $latin\n\\echo [:q_status]\n",
	qr/\[200\]/);
fails('a body that is not JSON',
	'\http q GET ' . $web->url('/ok') . "\n\\json v q_body /value\n",
	qr/variable "q_body": .*byte \d/, 2);

# ---- what must not be sent, or shown ----

foreach my $mark ('', "\\blocking\n")
{
	my $text = fails('a secret',
		"\\set t 'hunter4'\n$mark\\http q GET "
		  . "http://user\\:hunter2\@127.0.0.1:$closed/p "
		  . "header=\"Authorization: Bearer :t\"\n",
		qr/could not connect/, $mark eq '' ? 2 : 3);

	unlike($text, qr/hunter\d/, 'no secret is shown');
}
$web->reset;
($status, $said) = run_plan(
	"\\set v :given\n\\http q GET " . $web->url('/ok')
	  . " header=\"X-One: :v\"\n",
	args => [ '-D', "given=a\r\nX-Injected: yes" ]);
is($status, 2, 'a line end in a header is refused');
is(scalar $web->requests, 0, '... and nothing is sent');

# ---- TLS ----

my $good = $web->tls_url('good');
fails('an authority that is not known', "\\http q GET $good\n",
	qr/has a certificate that is not trusted/);
works('one that is named',
	"\\http q GET $good cacert=" . $certs->ca . "\n"
	  . "\\http r GET $good cacert=" . $certs->ca . "\n\\echo [:r_body]\n",
	qr/\[ok\]/);
fails("... is the step's alone",
	"\\http q GET $good cacert=" . $certs->ca . "\n\\http r GET $good\n",
	qr/has a certificate that is not trusted/, 2);
fails('an expired certificate',
	'\http q GET ' . $web->tls_url('expired') . ' cacert=' . $certs->ca . "\n",
	qr/expired/i);
fails("another host's",
	'\http q GET ' . $web->tls_url('other') . ' cacert=' . $certs->ca . "\n",
	qr/not trusted/);
works('insecure=on',
	"\\http q GET $good insecure=on\n\\echo [:q_body]\n", qr/\[ok\]/);
fails('a file that is not there', "\\http q GET $good cacert=/nowhere\n",
	qr/cannot read certificates from "\/nowhere"/);
(my $plain = $web->url('/ok')) =~ s/^http:/https:/;
fails('a server without TLS', "\\http q GET $plain\n",
	qr/does not speak TLS with us/);

# ---- a proxy, which knows the names ----

my $proxy = start_fault_server(
	sub {
		my ($socket) = @_;
		my $head = <$socket>;
		my $line = $head;
		$line = <$socket> while defined $line && $line !~ /^\r?\n/;
		$head =~ s/\s+\z//;
		print $socket "HTTP/1.1 200 OK\r\nContent-Length: " . length($head)
		  . "\r\nConnection: close\r\n\r\n$head";
	});
foreach my $mark ('', "\\blocking\n")
{
	works('through a proxy',
		"$mark\\http q GET http://nowhere.invalid/x\n\\echo [:q_body]\n",
		qr{\[GET http://nowhere\.invalid/x HTTP/1\.1\]},
		env => { http_proxy => $proxy->url });
}
$proxy->stop;

# ---- many ----

my $many = 1000;
works("$many at once",
	"\\task t count=$many\n\\http q GET " . $serve->url('/?delay=0.3')
	  . "\n\\assert :q_status = 200 and :q_time >= 0.3\n",
	qr//, args => [ '-c', $many ]);

is($serve->stop, 0, 'the delay server ends well');
done_testing();
