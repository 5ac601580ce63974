# What the benchmarks share: a program is run and measured, in turns with its
# peers, and figures are compared.
package Bench;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp;
use JSON::PP;
use Time::HiRes qw(sleep time);

my $here = dirname(abs_path(__FILE__));

sub new
{
	my ($class, %option) = @_;
	my $self = bless { %option, work => File::Temp->newdir, results => [], servers => [] }, $class;
	$self->{measure} = $self->build('measure', "$here/measure.c");
	return $self;
}

sub build
{
	my ($self, $name, $source, @flags) = @_;
	my $program = "$self->{work}/$name";
	system($ENV{CC} // 'cc', '-std=c11', '-D_GNU_SOURCE', '-O2', '-o', $program, $source, @flags) == 0
	  or die "run: cannot build $source\n";
	return $program;
}

# A program that serves while we measure; ended by stop_servers.
sub serve
{
	my ($self, @command) = @_;
	my $log = "$self->{work}/" . scalar(@{ $self->{servers} }) . '.log';
	my $pid = fork // die "run: $!\n";
	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null' or die;
		open STDOUT, '>', $log or die;
		open STDERR, '>&', \*STDOUT or die;
		exec @command or die "$command[0]: $!\n";
	}
	push @{ $self->{servers} }, $pid;
	return $log;
}

sub stop_servers
{
	my ($self) = @_;
	my @pids = splice @{ $self->{servers} };
	kill 'TERM', @pids;
	waitpid $_, 0 foreach @pids;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!);
	$self->stop_servers;
	return;
}

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or return '';
	local $/;
	return <$in> // '';
}

# The first line of a program's output that is a match.
sub wait_for_line
{
	my ($self, $log, $pattern) = @_;
	for (1 .. 200)
	{
		return $1 if slurp($log) =~ $pattern;
		sleep(0.05);
	}
	die "run: a server did not start: " . slurp($log) . "\n";
}

# Run a command once.  What it printed, what it cost; dies if it failed.
sub measure
{
	my ($self, $input, @command) = @_;
	my $out = "$self->{work}/out";
	my $err = "$self->{work}/err";
	local $ENV{PYTHONPATH} = "$here/peers";
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;
	my $pid = open(my $from, '-|') // die "run: $!\n";
	if ($pid == 0)
	{
		open STDIN, '<', $input // '/dev/null' or die "$!\n";
		open STDERR, '>', $err or die "$!\n";
		exec $self->{measure}, $out, @command or die "$!\n";
	}
	my $said = join '', <$from>;
	close $from;
	my $cost = eval { decode_json($said) }
	  or die "run: cannot measure \"@command\": $said\n";
	die "run: \"@command\" ended with status $cost->{status}:\n" . slurp($err) . "\n"
	  if $cost->{status} != 0;
	return { %$cost, out => slurp($out), err => slurp($err) };
}

sub median
{
	my @sorted = sort { $a <=> $b } grep { defined } @_;
	return undef unless @sorted;
	return ($sorted[ $#sorted / 2 ] + $sorted[ @sorted / 2 ]) / 2;
}

sub spread
{
	my @sorted = sort { $a <=> $b } grep { defined } @_;
	return @sorted ? [ $sorted[0] + 0, $sorted[-1] + 0 ] : undef;
}

# -- one work, all its peers in turn ------------------------------------------

# A peer is { name, count, command, input, parse }; parse makes of a run what
# is to be compared.  check says what is wrong with a run, or nothing.
sub run_work
{
	my ($self, $work) = @_;
	my (%runs, %skipped);
	my $rounds = $work->{rounds} && $work->{rounds} < $self->{rounds} ? $work->{rounds} : $self->{rounds};
	foreach my $round (1 .. $rounds)
	{
		foreach my $peer (@{ $work->{peers} })
		{
			next if $skipped{ $peer->{name} };
			if (my $why = $peer->{missing})
			{
				$skipped{ $peer->{name} } = $why;
				next;
			}
			$work->{before}->() if $work->{before};
			my $run = eval { $self->run_peer($work, $peer) };
			if (!$run)
			{
				chomp(my $why = $@);
				$why =~ s/^run: //;
				$skipped{ $peer->{name} } = $why;
				next;
			}
			push @{ $runs{ $peer->{name} } }, $run;
		}
	}
	return $self->sum_up($work, \%runs, \%skipped);
}

sub run_peer
{
	my ($self, $work, $peer) = @_;
	my $cost = $self->measure($peer->{input}, @{ $peer->{command} });
	my $got = $peer->{parse}->($cost);
	my $wrong = $work->{check} ? $work->{check}->($peer, $got) : undef;
	die "did other work: $wrong\n" if $wrong;
	die "did other work: $got->{count} of $peer->{count}\n" if $got->{count} != $peer->{count};
	return {
		rate => $peer->{count} / $got->{seconds},
		seconds => $got->{seconds},
		cpu_us => 1e6 * $cost->{cpu} / $peer->{count},
		peak_mb => $cost->{peak_kb} / 1024 };
}

# The ratio is the median of the rounds' own ratios: what disturbs a machine
# disturbs neighbours alike.
sub ratio
{
	my ($ours, $theirs, $what) = @_;
	my $n = @$ours < @$theirs ? @$ours : @$theirs;
	return undef unless $n;
	return median(map { $theirs->[$_]{$what} > 0 ? $ours->[$_]{$what} / $theirs->[$_]{$what} : undef } 0 .. $n - 1);
}

sub sum_up
{
	my ($self, $work, $runs, $skipped) = @_;
	my $yardstick = $runs->{ $work->{yardstick} };
	my @peers;
	foreach my $peer (@{ $work->{peers} })
	{
		my $name = $peer->{name};
		my $done = $runs->{$name};
		push @peers, { name => $name, count => $peer->{count}, skipped => $skipped->{$name} };
		next unless $done && !$skipped->{$name};
		foreach my $what (qw(rate seconds cpu_us peak_mb))
		{
			$peers[-1]{$what} = median(map { $_->{$what} } @$done);
			$peers[-1]{"${what}_spread"} = spread(map { $_->{$what} } @$done);
		}
		$peers[-1]{ratio} = ratio($done, $yardstick, $work->{of} // 'rate')
		  if $yardstick && !$skipped->{ $work->{yardstick} };
		$peers[-1]{cpu_ratio} = ratio($done, $yardstick, 'cpu_us')
		  if $yardstick && !$skipped->{ $work->{yardstick} };
	}
	my $result = { work => $work->{name}, title => $work->{title}, yardstick => $work->{yardstick}, peers => \@peers };
	$result->{targets} = [ map { reached($_, \@peers) } @{ $work->{targets} // [] } ];
	push @{ $self->{results} }, $result;
	$self->print_work($work, $result) unless $self->{json};
	return $result;
}

# A target is [peer, figure, '>=' or '<=', limit].
sub reached
{
	my ($target, $peers) = @_;
	my ($name, $figure, $how, $limit) = @$target;
	my ($peer) = grep { $_->{name} eq $name } @$peers;
	my $got = $peer->{$figure};
	my $yes = defined $got && ($how eq '>=' ? $got >= $limit : $got <= $limit);
	return {
		peer => $name, figure => $figure, rule => $how, limit => $limit, got => $got,
		reached => $yes ? JSON::PP::true : JSON::PP::false,
		missing => $peer->{skipped} };
}

# -- telling -------------------------------------------------------------------

sub number
{
	my ($value) = @_;
	return '-' unless defined $value;
	return '0' if $value == 0;
	return sprintf $value >= 1000 ? '%.0f' : $value >= 100 ? '%.1f' : $value >= 1 ? '%.2f' : '%.3f', $value;
}

sub print_work
{
	my ($self, $work, $result) = @_;
	my $as_time = ($work->{of} // 'rate') eq 'seconds';
	printf "\n%s: %s\n", $work->{name}, $work->{title};
	printf "  %-26s %9s %21s %7s %10s %9s %8s\n", '', $as_time ? 'seconds' : 'per s', 'spread',
	  'ratio', 'CPU us/op', 'ratio', 'peak MB';
	foreach my $peer (@{ $result->{peers} })
	{
		if ($peer->{skipped})
		{
			printf "  %-26s not measured: %s\n", $peer->{name}, (split /\n/, $peer->{skipped})[0];
			next;
		}
		my $what = $as_time ? 'seconds' : 'rate';
		printf "  %-26s %9s %21s %7s %10s %9s %8s%s\n", $peer->{name}, number($peer->{$what}),
		  join(' to ', map { number($_) } @{ $peer->{"${what}_spread"} }),
		  number($peer->{ratio}), number($peer->{cpu_us}), number($peer->{cpu_ratio}),
		  number($peer->{peak_mb}),
		  $peer->{name} eq $work->{yardstick} ? '  <- yardstick' : '';
	}
	foreach my $target (@{ $result->{targets} })
	{
		printf "  %-26s %s %s %s: %s\n", "to reach, $target->{peer}", $target->{figure}, $target->{rule},
		  number($target->{limit}), $target->{reached} ? 'yes' : defined $target->{got} ? 'NO, ' . number($target->{got}) : 'not measured';
	}
	return;
}

1;
