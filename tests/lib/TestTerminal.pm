# A shell on a terminal of its own, and what that terminal shows: for tests of
# what takes the whole screen.
#
#   my $terminal = TestTerminal->new(columns => 80, lines => 24, env => {});
#   $terminal->type("asyncdemo run --live ...\n");
#   $terminal->wait_for('the view', sub { $_[0]->screen =~ /running/ });
#   $terminal->type("\cC");
#
# The shell is interactive bash, so that Ctrl-C, Ctrl-Z and fg do what they do
# for everybody.  It writes "ready>" when it wants a command.

package TestTerminal;

use strict;
use warnings;

use Encode ();
use IO::Pty;
use IO::Select;
use POSIX ();
use Time::HiRes qw(sleep time);

my $timeout_s = $ENV{ASYNCDEMO_TEST_TIMEOUT} || 120;
my $owner = $$;
my %running;

sub new
{
	my ($class, %option) = @_;
	my $self = bless {
		pty => IO::Pty->new,
		seen => '',		# every byte
		rest => '',		# of a sequence that is not whole yet
		columns => $option{columns} // 80,
		lines => $option{lines} // 24 }, $class;

	$self->{pty}->set_winsize($self->{lines}, $self->{columns}, 0, 0);
	$self->_start_shell($option{env} // {});
	$self->_clear;
	$self->wait_for('a prompt', sub { $_[0]{seen} =~ /ready>/ });
	return $self;
}

sub _start_shell
{
	my ($self, $env) = @_;

	$self->{pid} = fork // die "fork: $!\n";
	if ($self->{pid} == 0)
	{
		untie *STDOUT;
		untie *STDERR;
		$self->{pty}->make_slave_controlling_terminal;
		my $slave = $self->{pty}->slave;
		close $self->{pty};
		POSIX::dup2(fileno $slave, $_) foreach 0 .. 2;
		%ENV = (%ENV, AsyncDemoTest::server_env(), TERM => 'xterm-256color',
			LC_ALL => 'C.UTF-8', PS1 => 'ready>', PROMPT_COMMAND => '',
			%$env);
		delete $ENV{$_} foreach grep { !defined $ENV{$_} } keys %ENV;
		$SIG{$_} = 'DEFAULT' foreach qw(INT TERM HUP PIPE TSTP QUIT);
		no warnings 'exec';
		exec 'bash', '--norc', '--noprofile', '--noediting', '-i';
		POSIX::_exit(127);
	}
	$self->{pty}->close_slave;
	$self->{pty}->blocking(0);
	$running{ $self->{pid} } = 1;
}

sub type
{
	my ($self, $text) = @_;
	syswrite $self->{pty}, $text;
}

# Everything that was written since the last call of this.
sub fresh
{
	my ($self) = @_;
	$self->read_some(0);
	my $fresh = substr $self->{seen}, $self->{told} // 0;
	$self->{told} = length $self->{seen};
	return $fresh;
}

sub resize
{
	my ($self, $columns, $lines) = @_;

	$self->read_some(0);
	($self->{columns}, $self->{lines}) = ($columns, $lines);
	$self->{overflow} = 0;
	$self->{pty}->set_winsize($lines, $columns, 0, 0);
}

# Read what there is, waiting for it so long; false when the shell is gone.
sub read_some
{
	my ($self, $wait_s) = @_;
	my $alive = 1;

	while (IO::Select->new($self->{pty})->can_read($wait_s))
	{
		my $n = sysread $self->{pty}, my $part, 65536;

		$alive = $n if !$n;
		last if !$n;
		$self->{seen} .= $part;
		$self->_show($part);
		$wait_s = 0;
	}
	return $alive;
}

sub wait_for
{
	my ($self, $what, $code) = @_;
	my $until = time + $timeout_s;

	for (;;)
	{
		my $value = $code->($self);
		return $value if $value;
		die Encode::encode('UTF-8',
			"waited in vain for $what; the screen:\n" . $self->screen . "\n")
		  if time > $until;
		$self->read_some(0.05) // die "the shell is gone\n";
	}
}

# Run a command to its end; what it wrote.
sub run
{
	my ($self, $command) = @_;

	$self->fresh;
	$self->type("$command\n");
	return $self->wait_for("the end of $command",
		sub { (substr($_[0]{seen}, $_[0]{told}) =~ /(.*)ready>\z/s)[0] });
}

# ---- what it shows ----

sub _clear
{
	my ($self) = @_;
	$self->{rows} = [];
	$self->{row} = $self->{column} = 0;
}

sub screen
{
	my ($self) = @_;
	return join("\n", map { s/ +$//r } map { $_ // '' } @{ $self->{rows} });
}

# Is the other screen shown, is the cursor hidden, are long lines wrapped?
sub mode { return $_[0]{mode}{ $_[1] }; }

# Was anything written outside of the other screen's size?
sub overflow { return $_[0]{overflow}; }

sub _put
{
	my ($self, $char) = @_;
	my $row = \$self->{rows}[ $self->{row} ];

	$$row //= '';
	$$row .= ' ' x ($self->{column} - length $$row)
	  if length $$row < $self->{column};
	substr($$row, $self->{column}, 1) = $char;
	$self->{column}++;
	$self->{overflow} = 1
	  if $self->{mode}{1049}
	  && ($self->{column} > $self->{columns}
		|| $self->{row} >= $self->{lines});
}

sub _csi
{
	my ($self, $numbers, $letter) = @_;
	my @n = map { $_ || 1 } split /;/, $numbers;

	if ($letter eq 'H')
	{
		($self->{row}, $self->{column}) = (($n[0] // 1) - 1, ($n[1] // 1) - 1);
	}
	elsif ($letter eq 'K')
	{
		my $row = \$self->{rows}[ $self->{row} ];
		$$row = substr $$row // '', 0, $self->{column};
	}
	elsif ($letter eq 'J' && $numbers eq '2')
	{
		$self->{rows} = [];
	}
	elsif ($letter eq 'J')
	{
		$#{ $self->{rows} } = $self->{row}
		  if $#{ $self->{rows} } > $self->{row};
		$self->_csi('', 'K');
	}
	elsif ($numbers =~ /^\?(\d+)$/)
	{
		$self->{mode}{$1} = $letter eq 'h' ? 1 : 0;
		$self->_clear if $1 == 1049;
	}
}

sub _show
{
	my ($self, $bytes) = @_;
	my $text = $self->{rest} . $bytes;

	$self->{rest} = '';
	while ($text ne '')
	{
		if ($text =~ s/^\e\[([?0-9;]*)([A-Za-z])//)
		{
			$self->_csi($1, $2);
		}
		elsif ($text =~ /^\e(?:\[[?0-9;]*)?$/
			|| $text =~ /^(?:[\xC0-\xDF]|[\xE0-\xEF].?|[\xF0-\xF7].{0,2})\z/s)
		{
			$self->{rest} = $text;
			return;
		}
		elsif ($text =~ s/^([\xC0-\xFF][\x80-\xBF]+)//)
		{
			$self->_put(Encode::decode('UTF-8', $1));
		}
		else
		{
			my $char = substr $text, 0, 1, '';

			if ($char eq "\r") { $self->{column} = 0; }
			elsif ($char eq "\n") { $self->{row}++; }
			elsif ($char ge ' ') { $self->_put($char); }
		}
	}
}

sub close
{
	my ($self) = @_;

	kill 'HUP', $self->{pid};
	CORE::close $self->{pty};
	waitpid $self->{pid}, 0;
	delete $running{ $self->{pid} };
}

END
{
	if ($$ == $owner)
	{
		my $status = $?;

		kill 'HUP', keys %running;
		$? = $status;
	}
}

1;
