# Random plans whose schedule is known: made so that no two steps end within
# a margin of each other, and so that no chance decides what comes first.
#
#   my $plan = RandomPlan::make($seed);	{ text, args, total_s, tasks, … }
#   RandomPlan::fixed($plan, $prediction)	the plan and arguments with the fix
#
# The schedule is worked out here by rules of its own: those of the scheduling
# table, told once more, and not by asking the program that is tested.

package RandomPlan;

use strict;
use warnings;

use List::Util qw(max min sum0);

# Steps end at least so far from each other, in seconds.
our $margin_s = 0.02;

# A generator that gives the same plans everywhere.
sub next_number
{
	my ($state, $below) = @_;

	$$state = ($$state * 1103515245 + 12345) % 2147483648;
	return int($$state / 65536) % $below;
}

sub pick
{
	my ($state, @from) = @_;
	return $from[ next_number($state, scalar @from) ];
}

# What an async statement had is given back in its task's turn; all others end
# when they are seen to.
#
# Run the schedule; returns its length and the times at which steps ended.
# An async request leaves at once when another one has left it a connection;
# else it makes one, and leaves when the loop is free.
sub simulate
{
	my ($tasks, $connections, $hold) = @_;
	my ($now, $free, $warm) = (0, $connections, 0);
	my (@ready, @waiting, @cold, @ends);
	my @state = map { { pc => 0, leased => 0, end => undef } } @$tasks;
	my $give = sub {
		my ($t) = @_;
		return unless $state[$t]{leased};
		$state[$t]{leased} = 0;
		if (@waiting)
		{
			my $next = shift @waiting;
			$state[$next]{leased} = 1;
			push @ready, $next;
			return;
		}
		$free++;
	};
	my $step_ended = sub {
		my ($t) = @_;
		my $step = $tasks->[$t][ $state[$t]{pc}++ ];
		$warm++ if $step->{kind} eq 'http' && $step->{call} eq 'async';
		$give->($t) if $step->{kind} eq 'sql' && $hold eq 'statement';
	};
	my $go = sub {
		my ($t) = @_;
		my $self = $state[$t];
		$step_ended->($t) if delete $self->{is_answered};
		while ($self->{pc} < @{ $tasks->[$t] })
		{
			my $step = $tasks->[$t][ $self->{pc} ];
			if ($step->{kind} eq 'sql' && !$self->{leased})
			{
				if ($free == 0)
				{
					push @waiting, $t;
					return;
				}
				$free--;
				$self->{leased} = 1;
			}
			if (   $step->{kind} eq 'http'
				&& $step->{call} eq 'async'
				&& $warm-- == 0)
			{
				$warm = 0;
				push @cold, $t;
				return;
			}
			if ($step->{call} ne 'blocking')
			{
				$self->{end} = $now + $step->{s};
				return;
			}
			$now += $step->{s};
			push @ends, $now;
			$step_ended->($t);
		}
		$give->($t);
	};

	push @ready, 0 .. $#$tasks;
	for (;;)
	{
		my $begun = $now;
		$go->(shift @ready) foreach 1 .. @ready;
		# what that made ready goes on too, if nobody held the loop
		if ($now == $begun)
		{
			$go->(shift @ready) foreach 1 .. @ready;
		}
		$state[$_]{end} = $now + $tasks->[$_][ $state[$_]{pc} ]{s}
		  foreach splice @cold;
		my @due = sort { $state[$a]{end} <=> $state[$b]{end} || $a <=> $b }
		  grep { defined $state[$_]{end} } 0 .. $#state;
		last unless @due || @ready;
		$now = $state[ $due[0] ]{end}
		  if !@ready && $state[ $due[0] ]{end} > $now;
		foreach my $t (grep { $state[$_]{end} <= $now + 1e-9 } @due)
		{
			# it ended when it ended, though it may be seen later
			my $step = $tasks->[$t][ $state[$t]{pc} ];
			push @ends, delete $state[$t]{end};
			$state[$t]{is_answered} =
			  $step->{kind} eq 'sql' && $step->{call} eq 'async';
			$step_ended->($t) unless $state[$t]{is_answered};
			push @ready, $t;
		}
	}
	return ($now, @ends);
}

sub is_apart
{
	my @ends = sort { $a <=> $b } @_;

	foreach my $i (1 .. $#ends)
	{
		return 0 if $ends[$i] - $ends[ $i - 1 ] < $margin_s - 1e-9;
	}
	return 1;
}

sub copy_with
{
	my ($tasks, $change) = @_;
	my @copy = map { [ map { {%$_} } @$_ ] } @$tasks;

	$change->(\@copy) if $change;
	return \@copy;
}

# Every plan that one change makes of it has to be as clear.
sub variants
{
	my ($tasks, $connections, $hold) = @_;
	my @variants = ([ $tasks, $connections, $hold ]);

	foreach my $t (0 .. $#$tasks)
	{
		foreach my $s (0 .. $#{ $tasks->[$t] })
		{
			next if $tasks->[$t][$s]{call} ne 'blocking';
			foreach my $call ('async', 'thread')
			{
				push @variants,
				  [
					copy_with($tasks, sub { $_[0][$t][$s]{call} = $call }),
					$connections, $hold
				  ];
			}
		}
	}
	push @variants, [ $tasks, $_, $hold ]
	  foreach $connections + 1 .. scalar @$tasks;
	push @variants, [ $tasks, $connections, 'statement' ];
	return @variants;
}

sub draw
{
	my ($state) = @_;
	my @tasks;

	foreach (1 .. 2 + next_number($state, 3))
	{
		push @tasks,
		  [
			map {
				{
					kind => pick($state, qw(sql http sleep sql)),
					call => pick($state, qw(async async blocking thread)),
					s => (60 + next_number($state, 340)) / 1000
				}
			} 1 .. 1 + next_number($state, 3)
		  ];
	}
	return (\@tasks, 1 + next_number($state, scalar @tasks),
		pick($state, qw(task task statement)));
}

sub write_text
{
	my ($tasks) = @_;
	my $text = '';
	my $name = 0;

	foreach my $t (0 .. $#$tasks)
	{
		$text .= "\\task t" . ($t + 1) . "\n";
		foreach my $step (@{ $tasks->[$t] })
		{
			$name++;
			$text .= "\\$step->{call}\n" if $step->{call} ne 'async';
			$text .=
			    $step->{kind} eq 'sql' ? "SELECT pg_sleep($step->{s});\n"
			  : $step->{kind} eq 'http'
			  ? "\\http h$name GET :http/?delay=$step->{s}\n"
			  : "\\sleep " . int($step->{s} * 1000 + 0.5) . " ms\n";
		}
	}
	return $text;
}

sub make
{
	my ($seed) = @_;
	my $state = $seed * 7919 + 17;

	next_number(\$state, 2) foreach 1 .. 10;
	for (;;)
	{
		my ($tasks, $connections, $hold) = draw(\$state);
		my $clear = 1;
		my $total;

		foreach my $variant (variants($tasks, $connections, $hold))
		{
			my ($length, @ends) = simulate(@$variant);

			$total //= $length;
			$clear &&= is_apart(@ends);
			last unless $clear;
		}
		next unless $clear;
		return {
			seed => $seed,
			tasks => $tasks,
			connections => $connections,
			hold => $hold,
			total_s => $total,
			text => write_text($tasks) };
	}
}

sub arguments
{
	my ($plan) = @_;
	return ('-M', 'prepared', '--connections', $plan->{connections}, '--hold',
		$plan->{hold});
}

# What the report's prediction says would help, done; undef: nothing would.
sub fixed
{
	my ($plan, $prediction) = @_;
	my %copy = %$plan;
	my $fix = $prediction->{fix} // 'none';

	if ($fix eq 'step_async' || $fix eq 'step_thread')
	{
		my ($call, $index) = ($fix =~ /_(.*)/, 0);

		$copy{tasks} = copy_with($plan->{tasks}, sub {
			foreach my $step (map { @$_ } @{ $_[0] })
			{
				$step->{call} = $call
				  if $index++ == $prediction->{fix_step};
			}
		});
		$copy{text} = write_text($copy{tasks});
	}
	elsif ($fix eq 'connections')
	{
		$copy{connections} = $prediction->{fix_value};
	}
	elsif ($fix eq 'hold')
	{
		$copy{hold} =
		  ('task', 'transaction', 'statement')[ $prediction->{fix_value} ];
	}
	else
	{
		return;
	}
	return \%copy;
}

1;
