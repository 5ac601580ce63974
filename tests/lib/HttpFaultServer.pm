# The scriptable HTTP server of the extension's tests, seen from Perl.
#
#   my $web = HttpFaultServer->new(tls => { good => [$cert, $key] });
#   $web->url('/ok');                    http://127.0.0.1:PORT/ok
#   $web->url2('/ok');                   the same page on another origin
#   $web->script([ send => "HTTP/1.1 200 OK\r\n..." ], ['reset']);   a URL
#   $web->state->{requests}              what the server saw since reset
#
# fault_server.py tells which pages and which steps there are.  The server ends
# when this object does, and also when the test dies.

package HttpFaultServer;

use strict;
use warnings;

use File::Basename qw(dirname);
use HTTP::Tiny;
use IPC::Open2;
use JSON::PP;
use parent 'PipedProgram';
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->ascii;

sub new
{
	my ($class, %option) = @_;
	my @command = ('/usr/bin/env', 'python3');
	@command = ('/usr/bin/python3') if -x '/usr/bin/python3';
	push @command, dirname(__FILE__) . '/fault_server.py';
	my $tls = $option{tls} // {};
	push @command, '--tls', "$_=" . join(',', @{ $tls->{$_} })
	  foreach sort keys %$tls;
	push @command, '--port', $option{port} if defined $option{port};
	push @command, '--listen', $option{listen} if defined $option{listen};

	my $pid = open2(my $out, my $in, @command);
	my $line = <$out>;
	die "the fault server did not start\n" unless defined $line;
	my $ports = $json->decode($line);
	return bless {
		pid => $pid,
		in => $in,
		out => $out,
		ports => $ports,
		host => $option{listen} // '127.0.0.1',
		agent => HTTP::Tiny->new(keep_alive => 1, timeout => 20) }, $class;
}

sub port
{
	my ($self, $name) = @_;
	return $self->{ports}{ $name // 'http' };
}

sub url
{
	my ($self, $path) = @_;
	return "http://$self->{host}:" . $self->port . ($path // '/ok');
}

sub url2
{
	my ($self, $path) = @_;
	return "http://$self->{host}:" . $self->port('http2') . ($path // '/ok');
}

sub tls_url
{
	my ($self, $name, $path, $host) = @_;
	$host //= '127.0.0.1';
	return "https://$host:$self->{ports}{tls}{$name}" . ($path // '/ok');
}

# A URL whose connection attempt or answer never ends, or is refused.
sub stuck_url   { my ($self) = @_; return 'http://127.0.0.1:' . $self->port('stuck') . '/'; }
sub mute_url    { my ($self) = @_; return 'http://127.0.0.1:' . $self->port('mute') . '/'; }
sub refused_url { my ($self) = @_; return 'http://127.0.0.1:' . $self->port('refused') . '/'; }

sub control
{
	my ($self, $method, $path, $body) = @_;
	my $answer =
	  $self->{agent}->request($method,
		'http://127.0.0.1:' . $self->port('control') . $path,
		defined $body ? { content => $body } : {});
	die "the fault server answered $answer->{status} $answer->{content}\n"
	  unless $answer->{success};
	return $answer->{content};
}

# The URL path of an answer that goes through these steps.
sub script_path
{
	my ($self, @steps) = @_;
	return '/s/' . $self->control('POST', '/script', $json->encode(\@steps));
}

sub script
{
	my ($self, @steps) = @_;
	return $self->url($self->script_path(@steps));
}

# One answer as it goes over the wire; the connection is closed after it.
sub raw
{
	my ($self, $bytes) = @_;
	return $self->script([ send => $bytes ], ['close']);
}

# A page with these header lines and this body.
sub page
{
	my ($self, $headers, $body) = @_;
	my $head = join('', map { "$_\r\n" } 'HTTP/1.1 200 OK', @$headers,
		'Content-Length: ' . length($body));
	return $self->script([ send => "$head\r\n$body" ], ['next']);
}

sub state
{
	my ($self) = @_;
	return $json->decode($self->control('GET', '/state'));
}

sub requests
{
	my ($self) = @_;
	return @{ $self->state->{requests} };
}

sub reset
{
	my ($self) = @_;
	$self->control('GET', '/reset');
	return;
}

# Wait until the state satisfies a condition; false when it never does.
sub wait_for
{
	my ($self, $condition, $seconds) = @_;
	my $end = time() + ($seconds // 20);
	while (time() < $end)
	{
		local $_ = $self->state;
		return 1 if $condition->($_);
		sleep(0.02);
	}
	return 0;
}

# The value of a request's header, or of undef when it was not sent.
sub header_of
{
	my ($request, $name) = @_;
	my @values =
	  map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $request->{headers} };
	return wantarray ? @values : $values[0];
}

1;
