# What the client's TAP tests share: run the command, serve, misbehave, ask the
# server.
#
#   use AsyncDemoTest;                run_client, start_client, start_serve,
#                                     start_fault_server, psql, plan_file, …
#   use AsyncDemoTest ':cluster';     new_cluster too, for tests that stop or
#                                     kill their server
#
# The tests run under tests/private-server, whose server all of them share, each
# with a database of its own: several run at the same time.  Roles and the list
# of sessions are the whole server's.  Whatever a test starts here ends with the
# test, also when it dies.

package AsyncDemoTest;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter ();
use File::Basename qw(dirname);
use File::Temp ();
use IO::Socket::INET;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More ();
use Time::HiRes qw(sleep time);

our @ISA = ('Exporter');
our @EXPORT = qw(run_client start_client start_serve start_fault_server psql
  plan_file temp_folder slurp checkout free_port dead_port wait_until in_some_try);
our @EXPORT_OK = ('new_cluster');

# PostgreSQL's own test modules delete these when they are loaded.
my %server;

BEGIN
{
	%server = map { $_ => $ENV{$_} } grep { defined $ENV{$_} }
	  qw(PGHOST PGPORT PGUSER PGDATABASE PGPASSFILE);
}

# Default limit for whatever is waited for: far beyond what a busy machine
# needs, so that reaching it is a failure.
my $timeout_s = $ENV{ASYNCDEMO_TEST_TIMEOUT} || 120;
my $folder = File::Temp->newdir('ad_XXXXXX', TMPDIR => 1);
my $owner = $$;
my $counter = 0;
my %running;
my $database;

sub import
{
	my ($class, @words) = @_;

	own_database();
	if (grep { $_ eq ':cluster' } @words)
	{
		require PostgreSQL::Test::Utils;
		require PostgreSQL::Test::Cluster;
		@words = ('new_cluster', grep { $_ ne ':cluster' } @words);
		$class->export_to_level(1, $class, @EXPORT, @words);
		return;
	}
	$class->export_to_level(1, $class, @words);
}

# Once, where there is a server: the database that all this leads to.
sub own_database
{
	my ($name) = $0 =~ m{([^/]+)\.pl$};

	return if defined $database || !defined $server{PGHOST} || !defined $name;
	$database = $name;
	drop_database();
	psql("CREATE DATABASE \"$name\" TEMPLATE template0");
	$ENV{PGDATABASE} = $server{PGDATABASE} = $name;
}

sub drop_database
{
	psql("DROP DATABASE IF EXISTS \"$database\" WITH (FORCE)",
		env => { PGDATABASE => 'postgres' });
}

# The environment that leads a program to the shared server.
sub server_env { return %server; }

# The root of the source tree that the tests belong to.
sub checkout { return abs_path(dirname(__FILE__) . '/../..'); }

# A folder, or a path in it, that ends with the test.
sub temp_folder { return "$folder"; }

sub slurp
{
	my ($file) = @_;
	open my $handle, '<:raw', $file or die "$file: $!\n";
	local $/;
	return scalar(<$handle>) // '';
}

# Write a plan, or any text, to a file of its own; returns the file's path.
sub plan_file
{
	my ($text, $name) = @_;
	my $file = "$folder/" . ($name // 'plan' . ++$counter . '.sql');
	open my $handle, '>:raw', $file or die "$file: $!\n";
	print $handle $text;
	close $handle or die "$file: $!\n";
	return $file;
}

# A port of 127.0.0.1 on which nothing listens at this moment.
sub free_port
{
	my $socket = IO::Socket::INET->new(
		LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1)
	  or die "no free port: $!\n";
	return $socket->sockport;
}

# A port of 127.0.0.1 on which nothing listens until the test ends: it is taken,
# so that no test beside this one can come upon it.
my @dead;

sub dead_port
{
	my $socket = IO::Socket::INET->new(
		LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp')
	  or die "no free port: $!\n";
	push @dead, $socket;
	return $socket->sockport;
}

# Call CODE until it returns true, and return that; die after the time limit.
sub wait_until
{
	my ($what, $code, $limit_s) = @_;
	my $until = time + ($limit_s // $timeout_s);

	for (;;)
	{
		my $value = $code->();
		return $value if $value;
		die "waited in vain for $what\n" if time > $until;
		sleep 0.02;
	}
}

# What CODE returns, called again until it is true, three times at most: for
# what must not take long, on a machine that is busy now and then.  What is
# wrong is so each time.
sub in_some_try
{
	my ($code) = @_;
	my $value;

	for (1 .. 3)
	{
		$value = $code->();
		last if $value;
	}
	return $value;
}

# Start the command; an object with the methods below.  Options:
#   stdin => text, env => { NAME => value or undef }, timeout => seconds,
#   cwd => folder, program => another program than asyncdemo
sub start_client
{
	my ($args, %option) = @_;
	my $self = bless {
		out_file => "$folder/out" . ++$counter,
		err_file => "$folder/err$counter",
		timeout_s => $option{timeout} // $timeout_s,
		name => join(' ', $option{program} // 'asyncdemo', @$args)
	}, 'AsyncDemoTest::Client';
	my $in_file = plan_file($option{stdin} // '', "in$counter");

	# there from the beginning, for those who look at once
	plan_file('', "$_$counter") foreach qw(out err);

	$self->{pid} = fork // die "fork: $!\n";
	if ($self->{pid} == 0)
	{
		untie *STDOUT;
		untie *STDERR;
		%ENV = (%ENV, %server, %{ $option{env} // {} });
		delete $ENV{$_} foreach grep { !defined $ENV{$_} } keys %ENV;
		$SIG{$_} = 'DEFAULT' foreach qw(INT TERM HUP PIPE);
		if ((!defined $option{cwd} || chdir $option{cwd})
			&& open_as(0, '<', $in_file)
			&& open_as(1, '>', $self->{out_file})
			&& open_as(2, '>', $self->{err_file}))
		{
			no warnings 'exec';
			exec { $option{program} // 'asyncdemo' }
			  $option{program} // 'asyncdemo', @$args;
		}
		POSIX::_exit(127);
	}
	$running{ $self->{pid} } = 1;
	return $self;
}

# Descriptors, not Perl's handles: the test framework may have tied those.
sub open_as
{
	my ($fd, $mode, $file) = @_;
	my $flags = $mode eq '<' ? POSIX::O_RDONLY()
	  : POSIX::O_WRONLY() | POSIX::O_CREAT() | POSIX::O_TRUNC();
	my $opened = POSIX::open($file, $flags, 0600);
	return 0 unless defined $opened;
	return 1 if $opened == $fd;
	POSIX::dup2($opened, $fd) // return 0;
	POSIX::close($opened);
	return 1;
}

# Run the command to its end; returns (exit status, stdout, stderr).  The exit
# status after signal N is 128 + N.  Dies if the time limit is reached.
sub run_client
{
	my ($args, %option) = @_;
	return start_client($args, %option)->finish;
}

# Run SQL on the shared server, or with options on another: env => {…}.
# Returns unaligned rows, one a line; dies if the SQL fails.
sub psql
{
	my ($sql, %option) = @_;
	my ($status, $out, $err) = run_client(
		[ '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', '-' ],
		program => 'psql', stdin => $sql, %option);

	die "psql: $err" if $status != 0;
	chomp $out;
	return $out;
}

# Start "asyncdemo serve" on a free port; methods url, port, pid, stop, and
# those of a started command.
sub start_serve
{
	my (@args) = @_;
	my $self = start_client([ 'serve', '--port', 0, @args ]);

	bless $self, 'AsyncDemoTest::Serve';
	wait_until(
		'the URL of asyncdemo serve',
		sub {
			die "asyncdemo serve ended: " . $self->stderr . "\n"
			  if $self->has_ended;
			# a line that has been written to its end
			($self->{url}, $self->{port}) =
			  $self->stdout =~ m{(https?://\S+:(\d+)/?)\s*\n};
			return $self->{url};
		});
	return $self;
}

# Start a TCP server on a free port of 127.0.0.1 that treats every connection
# in one way: read the request and 'close' it or 'reset' it without an answer,
# stay 'silent', 'truncate' the body it promised, or whatever the sub given
# does with (socket, number of the connection).  Methods url, port, pid, stop.
my %fault = (
	close => sub { sysread $_[0], my $unused, 4096; },
	silent => sub { 1 while sysread $_[0], my $unused, 4096; },
	reset => sub {
		sysread $_[0], my $unused, 4096;
		setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
	},
	truncate => sub {
		sysread $_[0], my $unused, 4096;
		syswrite $_[0], "HTTP/1.1 200 OK\r\nContent-Type: application/json"
		  . "\r\nContent-Length: 1000\r\n\r\n{\"value\": ";
	});

sub start_fault_server
{
	my ($how) = @_;
	my $code = ref $how ? $how : $fault{$how}
	  or die "no such fault: $how\n";
	my $listener = IO::Socket::INET->new(
		LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 128)
	  or die "fault server: $!\n";
	my $self = bless { name => "fault server", timeout_s => $timeout_s,
		port => $listener->sockport }, 'AsyncDemoTest::Serve';

	$self->{url} = "http://127.0.0.1:$self->{port}/";
	$self->{pid} = fork // die "fork: $!\n";
	if ($self->{pid} == 0)
	{
		my $number = 0;

		setpgrp;
		$SIG{CHLD} = 'IGNORE';
		$SIG{TERM} = 'DEFAULT';
		while (my $socket = $listener->accept)
		{
			$number++;
			my $pid = fork // next;
			next if $pid;
			close $listener;
			$code->($socket, $number);
			close $socket;
			POSIX::_exit(0);
		}
		POSIX::_exit(0);
	}
	$self->{group} = 1;
	$running{ $self->{pid} } = 1;
	return $self;
}

# A server of the test's own, started: a PostgreSQL::Test::Cluster, and what
# leads the client to it: run_client([...], env => $cluster->{client_env}).
# Options: conf => lines for postgresql.conf.
sub new_cluster
{
	my ($name, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init;
	$node->append_conf('postgresql.conf',
		"asyncdemo.http_allow = 'public, 127.0.0.0/8:*, [::1]:*'\n"
		  . ($option{conf} // ''));
	$node->start;
	$node->{client_env} = {
		PGHOST => $node->host,
		PGPORT => $node->port,
		PGDATABASE => 'postgres',
		PGUSER => scalar getpwuid($<),
		PGPASSFILE => undef };
	$node->safe_psql('postgres', 'CREATE EXTENSION asyncdemo');
	return $node;
}

# Only the test itself ends what it started, not a child that it forked.
END
{
	if ($$ == $owner)
	{
		my $status = $?;

		foreach my $pid (keys %running)
		{
			kill 'KILL', -$pid, $pid;
			waitpid $pid, 0;
		}
		eval { drop_database() } if defined $database;
		$? = $status;
	}
}

# A command that was started.
package AsyncDemoTest::Client;

use Time::HiRes qw(sleep time);

sub pid { return $_[0]{pid}; }

# What it has written until now.
sub stdout { return AsyncDemoTest::slurp($_[0]{out_file}); }
sub stderr { return AsyncDemoTest::slurp($_[0]{err_file}); }

sub signal
{
	my ($self, $signal) = @_;
	kill $signal, $self->{pid} unless $self->has_ended;
}

# Whether it has ended; the status is kept for finish.
sub has_ended
{
	my ($self) = @_;

	return 1 if defined $self->{status};
	return 0 if waitpid($self->{pid}, POSIX::WNOHANG()) == 0;
	$self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	delete $running{ $self->{pid} };
	return 1;
}

# Wait for its end; returns (exit status, stdout, stderr).
sub finish
{
	my ($self) = @_;
	my $until = time + $self->{timeout_s};

	while (!$self->has_ended)
	{
		if (time > $until)
		{
			kill 'KILL', $self->{pid};
			waitpid $self->{pid}, 0;
			delete $running{ $self->{pid} };
			die "not ended after $self->{timeout_s} s: $self->{name}\n"
			  . $self->stderr;
		}
		sleep 0.005;
	}
	return ($self->{status}, $self->stdout, $self->stderr);
}

# A server that was started: asyncdemo serve, or a faulty one.
package AsyncDemoTest::Serve;

our @ISA = ('AsyncDemoTest::Client');

sub url
{
	my ($self, $path) = @_;
	(my $url = $self->{url}) =~ s{/$}{};
	return $url . ($path // '/');
}

sub port { return $_[0]{port}; }

# Stop it and wait for its end; returns the exit status.
sub stop
{
	my ($self) = @_;

	kill $self->{group} ? ('KILL', -$self->{pid}) : ('TERM'), $self->{pid}
	  unless $self->has_ended;
	if ($self->{group})
	{
		waitpid $self->{pid}, 0;
		delete $running{ $self->{pid} };
		return 0;
	}
	return ($self->finish)[0];
}

1;
