# The delay server answers what its URL asks for, when it asks for it, and
# holds ten thousand requests open at once.

use strict;
use warnings;

use Errno qw(ECONNRESET);
use Fcntl;
use IO::Socket::INET;
use IPC::Open3;
use JSON::PP;
use Socket qw(SOL_SOCKET SO_RCVTIMEO);
use Symbol qw(gensym);
use Test::More;
use Time::HiRes qw(time sleep);

# A server that does not end is not waited for longer than this, and none is
# left behind.
my %running;
$SIG{ALRM} = sub { die "the tests took too long\n" };
alarm 240;
END { kill 'KILL', keys %running }

# ---- servers ----

# Start a server; returns its process, its output, its messages and its URL.
sub start
{
	my (@command) = @_;
	@command = ('asyncdemo', 'serve') unless @command;
	my $stderr = gensym;
	my $pid = open3(my $stdin, my $stdout, $stderr, @command);
	close $stdin;
	$running{$pid} = 1;
	my $url = <$stdout>;
	return { pid => $pid, out => $stdout, err => $stderr }
	  unless defined $url;
	chomp $url;
	my ($port) = $url =~ /:(\d+)\/$/;
	return {
		pid => $pid, out => $stdout, err => $stderr,
		url => $url, port => $port };
}

# Wait for a server's end; returns its exit code, the rest of its output and
# what it said on standard error.
sub ended
{
	my ($server) = @_;
	my $rest = join '', readline $server->{out};
	my $said = join '', readline $server->{err};
	waitpid $server->{pid}, 0;
	my $status = $?;
	delete $running{ $server->{pid} };
	return ($status & 127 ? 1000 + ($status & 127) : $status >> 8,
		$rest, $said);
}

sub stop
{
	my ($server, $signal) = @_;
	kill $signal // 'TERM', $server->{pid};
	return ended($server);
}

# ---- requests ----

# No read waits longer than half a minute.
sub dial
{
	my ($port) = @_;
	my $socket = IO::Socket::INET->new(
		PeerAddr => '127.0.0.1',
		PeerPort => $port,
		Proto => 'tcp') or die "could not connect to port $port: $@";
	$socket->setsockopt(SOL_SOCKET, SO_RCVTIMEO, pack 'l!l!', 30, 0);
	return $socket;
}

sub send_request
{
	my ($socket, $query, $method, $extra) = @_;
	$method //= 'GET';
	$extra //= "\r\n";
	my $text = "$method /$query HTTP/1.1\r\nHost: test\r\n$extra";
	syswrite($socket, $text) == length $text or die "could not send: $!";
}

# One answer: status, headers, body.  A body shorter than announced is cut;
# error is set when the connection was lost, and body_length says how much
# was announced.
sub read_answer
{
	my ($socket, $method) = @_;
	my $text = '';
	my %answer = (body => '');
	while ($text !~ /\r\n\r\n/)
	{
		my $n = sysread $socket, $text, 1, length $text;
		$answer{error} = $! + 0 unless defined $n;
		return { %answer, eof => 1 } unless $n;
	}
	($answer{status}) = $text =~ /^HTTP\/1\.1 (\d+)/;
	$answer{head} = $text;
	my ($length) = $text =~ /^Content-Length: (\d+)/mi;
	$answer{body_length} = $length;
	return \%answer
	  if !$length || $answer{status} =~ /^(204|304)$/ || ($method // '') eq 'HEAD';
	while (length $answer{body} < $length)
	{
		my $n = sysread $socket, $answer{body}, $length - length $answer{body},
		  length $answer{body};
		$answer{error} = $! + 0 unless defined $n;
		return { %answer, eof => 1 } unless $n;
	}
	return \%answer;
}

# A request on a connection of its own; adds how long it took.
sub ask
{
	my ($server, $query, $method, $extra) = @_;
	my $socket = dial($server->{port});
	my $begin = time;
	send_request($socket, $query, $method, $extra);
	my $answer = read_answer($socket, $method);
	$answer->{seconds} = time - $begin;
	return $answer;
}

# ---- the client of ten thousand requests, run with more descriptors ----

sub open_many
{
	my ($port, $count, $delay) = @_;
	alarm 90;
	my $begin = time;
	my @sockets;
	foreach my $i (1 .. $count)
	{
		my $socket = dial($port);
		send_request($socket, "?delay=$delay&value=$i");
		push @sockets, $socket;
	}
	my $sent = time - $begin;
	my ($right, $i) = (0, 0);
	foreach my $socket (@sockets)
	{
		$i++;
		my $text = '';
		sysread $socket, $text, 4096;
		$right++
		  if $text =~ /^HTTP\/1\.1 200 .*\{"value": $i, "delay": $delay\}$/s;
	}
	printf "%d %.3f %.3f\n", $right, $sent, time - $begin;
}

if (@ARGV && $ARGV[0] eq '--many')
{
	open_many(@ARGV[ 1 .. 3 ]);
	exit 0;
}

# ---- the tests ----

my $server = start();
like($server->{url} // '', qr{^http://127\.0\.0\.1:\d+/$},
	'it prints its URL, on loopback, on a port of its own choice')
  or die "no delay server: is the client built and on PATH?\n";

# Values and delays.
my $answer = ask($server, '');
is($answer->{status}, 200, 'without parameters: 200');
is($answer->{body}, '{"value": null, "delay": 0}', 'and null at once');
like($answer->{head}, qr/^Content-Type: application\/json\r$/m,
	'the answer is JSON');
foreach my $delay ('0.05', '0.3', '1', '1e-1')
{
	$answer = ask($server, "?delay=$delay&value=300");
	is($answer->{body}, qq({"value": 300, "delay": $delay}),
		"delay=$delay: the value and the delay as given");
	cmp_ok($answer->{seconds}, '>=', $delay, "delay=$delay: never early");
	note sprintf '%.3f ms late', ($answer->{seconds} - $delay) * 1000;
}
my %json_of = (
	'12' => '12',
	'-1.5e3' => '-1.5e3',
	'007' => '"007"',
	'NaN' => '"NaN"',
	'true' => '"true"',
	'' => '""',
	'a+b%20c' => '"a b c"',
	'%22%5C%0A%00' => '"\\"\\\\\\n\\u0000"',
	'%C3%A4' => "\"\xC3\xA4\"",
	'%FF' => "\"\xEF\xBF\xBD\"",
	'99999999999999999999' => '"99999999999999999999"',
	'1e999' => '"1e999"');
foreach my $value (sort keys %json_of)
{
	$answer = ask($server, "?value=$value");
	is( $answer->{body},
		"{\"value\": $json_of{$value}, \"delay\": 0}",
		"value=$value is $json_of{$value}");
	ok(eval { decode_json($answer->{body}) }, "value=$value gives valid JSON");
}
my @seconds = map { ask($server, '?delay=0.02&jitter=0.5')->{seconds} } 1 .. 8;
is(scalar(grep { $_ < 0.02 } @seconds), 0, 'jitter only adds to the delay');
my ($least, $most) = (sort { $a <=> $b } @seconds)[ 0, -1 ];
cmp_ok($most - $least, '>', 0.05, 'and differs from request to request');

# Methods.
foreach my $method (qw(GET POST PUT PATCH DELETE))
{
	my $body = 'x' x ($method eq 'GET' ? 0 : 100_000);
	$answer = ask($server, '?delay=0.05&value=1', $method,
		'Content-Length: ' . length($body) . "\r\n\r\n$body");
	is($answer->{body}, '{"value": 1, "delay": 0.05}',
		"$method is answered, its body is read");
}
$answer = ask($server, '?value=1', 'HEAD');
is("$answer->{status} $answer->{body_length}", '200 24', 'HEAD: headers only');
$answer = ask($server, '', 'OPTIONS');
is($answer->{status}, 405, 'another method: 405');
like($answer->{head}, qr/^Allow: GET, HEAD, POST, PUT, PATCH, DELETE\r$/m,
	'which says what is allowed');
is(ask($server, 'other')->{status}, 404, 'another path: 404');

# Status and size.
foreach my $status (200, 201, 204, 301, 304, 404, 429, 500, 503, 599)
{
	is(ask($server, "?status=$status")->{status}, $status, "status=$status");
}
foreach my $size (0, 27, 28, 1000, 100_000, 3_000_000)
{
	$answer = ask($server, "?size=$size");
	is(length $answer->{body}, $size < 27 ? 27 : $size, "size=$size");
	is_deeply(decode_json($answer->{body}), { value => undef, delay => 0 },
		"size=$size is padded JSON");
}

# Bad parameters: 400, and a sentence that names the parameter and the range.
my $seconds = 'must be a number of seconds from 0 to 3600, not';
my $status = 'must be a whole number from 200 to 599, not';
my $bytes = 'must be a number of bytes from 0 to 100000000, not';
foreach my $case (
	[ 'delay=abc', qq(parameter "delay" $seconds "abc") ],
	[ 'delay=-1', qq(parameter "delay" $seconds "-1") ],
	[ 'delay=3600.1', qq(parameter "delay" $seconds "3600.1") ],
	[ 'delay=', qq(parameter "delay" $seconds "") ],
	[ 'delay', qq(parameter "delay" $seconds "") ],
	[ 'delay=1s', qq(parameter "delay" $seconds "1s") ],
	[ 'delay=.5', qq(parameter "delay" $seconds ".5") ],
	[ 'delay=1%00', qq(parameter "delay" $seconds "1") ],
	[ 'delay=inf', qq(parameter "delay" $seconds "inf") ],
	[ 'jitter=x', qq(parameter "jitter" $seconds "x") ],
	[ 'status=199', qq(parameter "status" $status "199") ],
	[ 'status=600', qq(parameter "status" $status "600") ],
	[ 'status=ok', qq(parameter "status" $status "ok") ],
	[ 'size=-1', qq(parameter "size" $bytes "-1") ],
	[ 'size=100000001', qq(parameter "size" $bytes "100000001") ],
	[ 'size=1e3', qq(parameter "size" $bytes "1e3") ],
	[
		'fail=maybe',
		'parameter "fail" must be close, reset or truncate, not "maybe"'
	],
	[ 'value=1&value=2', 'parameter "value" is given twice' ],
	[
		'dealy=1',
		'unknown parameter "dealy" (known are delay, jitter, value, status, '
		  . 'size and fail); did you mean "delay"?'
	],
	[
		'qqq=1',
		'unknown parameter "qqq" (known are delay, jitter, value, status, '
		  . 'size and fail)'
	],
	[ 'delay%00=1', 'parameter names have no NUL byte' ])
{
	my ($query, $sentence) = @$case;
	$answer = ask($server, "?$query");
	is($answer->{status}, 400, "$query: 400");
	is(eval { decode_json($answer->{body})->{error} },
		$sentence, "$query: $sentence");
}

# Failures, each after its delay.
$answer = ask($server, '?fail=close&delay=0.1');
ok($answer->{eof} && !$answer->{error} && !defined $answer->{status},
	'fail=close: closed without an answer');
cmp_ok($answer->{seconds}, '>=', 0.1, 'after the delay');
$answer = ask($server, '?fail=reset&delay=0.1');
is($answer->{error}, ECONNRESET, 'fail=reset: a TCP reset');
cmp_ok($answer->{seconds}, '>=', 0.1, 'after the delay');
foreach my $size (1000, 100_000)
{
	$answer = ask($server, "?fail=truncate&delay=0.05&size=$size");
	ok($answer->{eof} && !$answer->{error},
		"fail=truncate, size $size: closed early");
	is($answer->{body_length}, $size, 'the whole body was announced');
	is(length $answer->{body}, int($size / 2), 'half of it came');
}

# Connections are kept, and answers on one come in order.
my $socket = dial($server->{port});
foreach my $i (1 .. 3)
{
	send_request($socket, "?value=$i&delay=0.01");
	is(read_answer($socket)->{body}, qq({"value": $i, "delay": 0.01}),
		"request $i on one connection");
}
send_request($socket, '?value=1&delay=0.2');
send_request($socket, '?value=2');
is( join(' ', map { decode_json(read_answer($socket)->{body})->{value} } 1 .. 2),
	'1 2',
	'requests sent ahead are answered in order');

# Headers beyond the memory of a connection.
$answer = ask($server, '', 'GET', 'X-Long: ' . 'x' x 10_000 . "\r\n\r\n");
is($answer->{status}, 431, 'too many headers: 431');

# A client that goes away takes nobody with it.
$socket = dial($server->{port});
send_request($socket, '?delay=0.1');
close $socket;
sleep 0.2;
is(ask($server, '')->{status}, 200, 'a client that left early does no harm');

# Many at once.
my $many = 10_000;
SKIP:
{
	my $limit = `sh -c 'ulimit -H -n'`;
	chomp $limit;
	skip "the limit of open files is $limit, and $many requests need more", 3
	  if $limit ne 'unlimited' && $limit < $many + 100;
	my ($right, $sent, $total, $delay);

	# the last must be sent before the first is answered, however long that is
	foreach my $try_s (5, 15, 45)
	{
		$delay = $try_s;
		my $line = `sh -c 'ulimit -n @{[$many + 50]} && exec "\$@"' sh $^X $0 --many $server->{port} $many $delay`;
		($right, $sent, $total) = split ' ', $line;
		last if $sent < $delay;
	}
	is($right, $many, "$many requests get their own answers");
	cmp_ok($total, '>=', $delay, 'none before its time');
	cmp_ok($sent, '<', $delay, 'all of them were open at once');
	note "sent within $sent s, answered within $total s";
}

my ($code, $rest, $said) = stop($server, 'TERM');
is($code, 0, 'SIGTERM: exit 0');
is($rest, '', 'nothing but the URL on standard output');
like($said, qr/^asyncdemo: answered \d+ requests\n$/, 'the count at the end');

# Ends.
$server = start('asyncdemo', 'serve', '--quiet');
my @open = map { dial($server->{port}) } 1 .. 20;
send_request($_, '?delay=3600') foreach @open;
sleep 0.1;
($code, $rest, $said) = stop($server, 'INT');
is($code, 0, 'SIGINT with requests open: exit 0');
is($said, '', '--quiet: not a word');
is(scalar(grep { !read_answer($_)->{eof} } @open), 0,
	'the open ones are closed');

pipe my $from_parent, my $to_child or die "no pipe: $!";
fcntl $from_parent, F_SETFD, 0;
$server =
  start('asyncdemo', 'serve', '--parent-pipe', fileno $from_parent);
close $from_parent;
syswrite $to_child, 'noise';
is(ask($server, '')->{status}, 200, 'with a parent pipe it serves');
close $to_child;
is((ended($server))[0], 0, 'when the pipe closes: exit 0');

# Addresses.
SKIP:
{
	$server = start('asyncdemo', 'serve', '--listen=::1');
	skip 'this machine has no IPv6 loopback: ' . (ended($server))[2], 1
	  unless defined $server->{url};
	like($server->{url}, qr{^http://\[::1\]:\d+/$}, '--listen ::1');
	stop($server);
}
$server = start('asyncdemo', 'serve', '--listen', '0.0.0.0');
is(ask($server, '?value=7')->{body}, '{"value": 7, "delay": 0}',
	'--listen 0.0.0.0 serves');
like((stop($server))[2],
	qr/warning: 0\.0\.0\.0 is not a loopback address: others may reach/,
	'and warns');
$server = start('sh', '-c', 'ulimit -n 200; exec asyncdemo serve');
is(ask($server, '?delay=0.01')->{status}, 200, 'few descriptors still serve');
like((stop($server))[2],
	qr/warning: at most 136 requests can be open at once/,
	'and it says how few requests can be open');

# What it cannot do: exit 1 and a sentence.
my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
  or die "could not listen: $@";
my $port = $taken->sockport;
foreach my $case (
	[ [ '--port', $port ], qr/could not listen on 127\.0\.0\.1 port $port: Address already in use\n  hint: --port 0/ ],
	[ ['--port'], qr/--port needs a value/ ],
	[ [ '--port', '65536' ], qr/--port needs a number from 0 to 65535, not "65536"/ ],
	[ ['--port=x'], qr/--port needs a number from 0 to 65535, not "x"/ ],
	[ [ '--listen', 'example.org' ], qr/--listen needs a numeric address, not "example\.org"/ ],
	[ [ '--listen', '192.0.2.1' ], qr/could not listen on 192\.0\.2\.1 port 0: / ],
	[ [ '--parent-pipe', '77' ], qr/--parent-pipe needs the number of an open pipe, not 77/ ],
	[ ['--prot=1'], qr/serve has no option "--prot=1"\n  hint: did you mean --port\?/ ],
	[ ['everything'], qr/serve has no option "everything"\n  hint: see: asyncdemo serve --help/ ])
{
	my ($arguments, $sentence) = @$case;
	$server = start('asyncdemo', 'serve', @$arguments);
	is($server->{url}, undef, "serve @$arguments: does not serve");
	my ($exit, undef, $message) = ended($server);
	is($exit, 1, "serve @$arguments: exit 1");
	like($message, qr/^asyncdemo: error: $sentence/, "serve @$arguments: says why");
}
my $help = `asyncdemo serve --help`;
is($?, 0, '--help: exit 0');
like($help, qr/^Usage: asyncdemo serve/, '--help: the usage');

done_testing();
