# A psql that stays open, one command and its answer at a time.
#
#   my $s = PsqlSession->new('host=... dbname=...', user => 'alice');
#   my $answer = $s->ask('SELECT 1/0');
#   $answer->{state}      22012; 00000 when there was no error
#   $answer->{rows}       what came before it; also message, detail, hint,
#                         context, notices, and all of it
#   $s->value('SELECT 1')          only the rows
#   $s->start($sql); ... $s->answer;

package PsqlSession;

use strict;
use warnings;

use IO::Select;
use IPC::Open2;
use parent 'PipedProgram';
use Time::HiRes qw(time);

sub new
{
	my ($class, $connection, %option) = @_;
	$connection .= " user=$option{user}" if $option{user};
	$connection .= " options='$option{options}'" if $option{options};
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	my $pid = open2(my $out, my $in, 'sh', '-c', 'exec psql "$@" 2>&1',
		'sh', '-XAtq', '-v', 'VERBOSITY=verbose', '-P', 'null=<null>', '-d',
		$connection);
	my $self = bless {
		pid => $pid,
		in => $in,
		out => $out,
		count => 0,
		buffer => '' }, $class;
	$in->autoflush(1);
	$self->{backend} = $self->ask('SELECT pg_backend_pid()')->{rows};
	die "no session: $self->{backend}\n" unless $self->{backend} =~ /^\d+$/;
	return $self;
}

sub backend { my ($self) = @_; return $self->{backend}; }

# Begin a command; its answer is collected by answer().
sub start
{
	my ($self, $sql) = @_;
	$self->{count}++;
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{in} } "$sql\n;\n\\echo <end $self->{count}>\n";
	return;
}

sub answer
{
	my ($self, $timeout_s) = @_;
	my $end = time() + ($timeout_s // 120);
	my $mark = "<end $self->{count}>\n";
	my $select = IO::Select->new($self->{out});
	my $at;
	while (($at = index($self->{buffer}, $mark)) < 0)
	{
		my $left = $end - time();
		die "no answer in time; so far: $self->{buffer}\n" if $left <= 0;
		# a signal that interrupts the wait is no answer and no end of it
		next if !$select->can_read($left);
		my $got =
		  sysread($self->{out}, $self->{buffer}, 1 << 20,
			length $self->{buffer});
		last unless $got;
	}
	my $text = $at < 0 ? $self->{buffer} : substr($self->{buffer}, 0, $at);
	$self->{buffer} =
	  $at < 0 ? '' : substr($self->{buffer}, $at + length $mark);
	$self->{lost} = 1 if $at < 0;
	return parse($text);
}

sub ask
{
	my ($self, $sql, $timeout_s) = @_;
	$self->start($sql);
	return $self->answer($timeout_s);
}

# The rows of a command. After an error: its code and message where the value is
# used, so that a comparison shows them; where it is not, the error is fatal.
sub value
{
	my ($self, $sql) = @_;
	my $answer = $self->ask($sql);
	return $answer->{rows} if $answer->{state} eq '00000';
	my $error = "error $answer->{state} $answer->{message} $answer->{detail}";
	return $error if defined wantarray;
	die "$error\nof $sql\n";
}

# Split what psql printed into rows, messages and the first error's parts.
sub parse
{
	my ($text) = @_;
	my %answer = (
		state => '00000',
		map { $_ => '' } qw(message detail hint context rows notices all));
	$answer{all} = $text;
	my $into = 'rows';
	foreach my $line (split /^/, $text)
	{
		if ($line =~ /^(?:ERROR|FATAL|PANIC):  (\w{5}): (.*)/s)
		{
			my $first = $answer{state} eq '00000';
			$answer{state} = $1 if $first;
			$into = $first ? 'message' : 'more';
			$line = $2;
		}
		elsif ($line =~ /^(?:WARNING|NOTICE|INFO|LOG|DEBUG\d?):  (.*)/s)
		{
			$into = 'notices';
			$line = $1;
		}
		elsif ($line =~ /^(DETAIL|HINT|CONTEXT|LOCATION|LINE \d+|QUERY|STATEMENT):(?:  | )(.*)/s)
		{
			next if $into eq 'rows';
			$line = $2;
			$into = $into eq 'notices' || $into eq 'more' ? 'more' : lc $1;
			$into = 'more' if $into =~ /^line/;
		}
		elsif ($line =~ /^(?:server closed the connection|connection to server was lost|\s+This probably means|\s+before or while processing)/)
		{
			$into = 'more';
		}
		elsif ($into =~ /^(?:location|more)$/)
		{
			$into = 'rows';
		}
		$answer{$into} .= $line;
	}
	chomp @answer{qw(message detail hint context rows notices)};
	return \%answer;
}

1;
