# Run a script through pgbench and through asyncdemo and compare.
#
#   my $compare = PgbenchCompare->new;
#   my @differences = $compare->differences($case, $mode);
#
# What is compared: whether it ended well, the rows that it left in the table
# "result", what debug() told.  Doubles are compared to 12 digits, since the
# two write them differently; with weights, that each file came about as often
# as its weight says.

package PgbenchCompare;

use strict;
use warnings;

use AsyncDemoTest;
use PsqlSession;

my $prepare = <<'END';
TRUNCATE result, balance;
INSERT INTO balance VALUES (1, 100), (2, 200), (3, 300);
END

sub new
{
	my ($class) = @_;
	my $self = bless { psql => PsqlSession->new("dbname=$ENV{PGDATABASE}") },
	  $class;

	$self->{psql}->value(<<'END');
SET client_min_messages = error;
DROP TABLE IF EXISTS result, balance;
CREATE UNLOGGED TABLE result (k text, v text);
CREATE UNLOGGED TABLE balance (id int, amount int);
END
	return $self;
}

# The tables of the built-in scripts, made when the first one needs them.
sub make_accounts
{
	my ($self) = @_;
	my ($status, $out, $err);

	return if $self->{has_accounts}++;
	($status, $out, $err) =
	  run_client([ '-i', '-q', '-s', 2 ], program => 'pgbench');
	die "pgbench -i: $err" if $status != 0;
}

# Other tests use the same server.
sub DESTROY
{
	my ($self) = @_;

	$self->{psql}->ask('DROP TABLE IF EXISTS result, balance,'
		  . ' pgbench_accounts, pgbench_branches, pgbench_tellers,'
		  . ' pgbench_history');
}

# -------- running --------

sub script_arguments
{
	my ($case) = @_;
	my @args;

	return ('-b', $case->{builtin}) if defined $case->{builtin};
	return ('-f', plan_file($case->{script})) if defined $case->{script};
	foreach my $file (@{ $case->{files} })
	{
		my ($text, $weight) = @$file;
		push @args, '-f', plan_file($text) . "\@$weight";
	}
	return @args;
}

# What debug() told, without the place: "int 5".
sub debug_lines
{
	my ($err) = @_;
	my @lines = $err =~ /^debug\([^)]*\): (.*)$/mg;

	foreach (@lines)
	{
		s/^double (.*)/sprintf 'double %.12g', $1/e unless /nan|inf/i;
		s/-nan/nan/;
		s/double -0$/double 0/;
	}
	return join "\n", sort @lines;
}

my %rows_of = (
	'tpcb-like' => <<'END',
SELECT count(*), count(*) FILTER (WHERE tid BETWEEN 1 AND 20
	AND bid BETWEEN 1 AND 2 AND aid BETWEEN 1 AND 200000
	AND delta BETWEEN -5000 AND 5000),
	sum(delta) = (SELECT sum(abalance) FROM pgbench_accounts),
	sum(delta) = (SELECT sum(tbalance) FROM pgbench_tellers),
	sum(delta) = (SELECT sum(bbalance) FROM pgbench_branches)
FROM pgbench_history
END
	'simple-update' => <<'END',
SELECT count(*), sum(delta) = (SELECT sum(abalance) FROM pgbench_accounts),
	(SELECT sum(tbalance) FROM pgbench_tellers)
FROM pgbench_history
END
	'select-only' => 'SELECT count(*) FROM pgbench_history');

sub rows
{
	my ($self, $case) = @_;

	return $self->{psql}->value($rows_of{ $case->{builtin} })
	  if defined $case->{builtin};
	return $self->{psql}->value(<<'END');
SELECT string_agg(k || '=' || coalesce(v, 'NULL'), E'\n' ORDER BY k, v)
FROM result
END
}

sub run
{
	my ($self, $case, $mode, $program) = @_;
	my ($status, $out, $err);

	$self->{psql}->value($prepare);
	$self->{psql}->value(<<'END') if defined $case->{builtin};
UPDATE pgbench_accounts SET abalance = 0 WHERE abalance <> 0;
UPDATE pgbench_tellers SET tbalance = 0;
UPDATE pgbench_branches SET bbalance = 0;
TRUNCATE pgbench_history
END
	($status, $out, $err) = run_client(
		[
			$program eq 'pgbench' ? () : ('run', '--color', 'never'),
			'-n', '-M', $mode, '-c', $case->{clients} // 1,
			'-t', $case->{transactions} // 1, @{ $case->{args} // [] },
			script_arguments($case)
		],
		program => $program, timeout => 60);
	return { status => $status, err => $err, rows => $self->rows($case),
		debug => debug_lines($err) };
}

# -------- comparing --------

# Five standard deviations, and one for good measure.
sub check_weights
{
	my ($case, $program, $rows) = @_;
	my $n = $case->{transactions};
	my $sum = 0;
	my @differences;

	$sum += $_ foreach @{ $case->{weights} };
	foreach my $i (0 .. $#{ $case->{weights} })
	{
		my $share = $case->{weights}[$i] / $sum;
		my $seen = () = $rows =~ /^f$i=/mg;
		my $off = abs($seen - $n * $share);

		push @differences,
		  "$program chose file $i $seen times of $n, its share is $share"
		  if $off > 5 * sqrt($n * $share * (1 - $share)) + ($share > 0);
	}
	return @differences;
}

sub differences
{
	my ($self, $case, $mode) = @_;
	my ($theirs, $ours, @differences);

	$self->make_accounts if defined $case->{builtin};
	$theirs = $self->run($case, $mode, 'pgbench');
	$ours = $self->run($case, $mode, 'asyncdemo');
	if (($theirs->{status} == 0) != ($ours->{status} == 0))
	{
		push @differences, "pgbench ended with $theirs->{status},"
		  . " asyncdemo with $ours->{status}";
	}
	if ($case->{weights})
	{
		push @differences, check_weights($case, 'pgbench', $theirs->{rows}),
		  check_weights($case, 'asyncdemo', $ours->{rows});
	}
	else
	{
		push @differences,
		  map { "$_ of pgbench:\n$theirs->{$_}\n$_ of asyncdemo:\n$ours->{$_}" }
		  grep { $theirs->{$_} ne $ours->{$_} } 'rows', 'debug';
	}
	push @differences, "both ended with status 0, though they should refuse it"
	  if $case->{fails} && $theirs->{status} == 0 && $ours->{status} == 0;
	push @differences, "both failed, which proves nothing"
	  if !$case->{fails} && !$case->{may_fail} && $theirs->{status} != 0 && $ours->{status} != 0;
	push @differences, "pgbench said:\n$theirs->{err}",
	  "asyncdemo said:\n$ours->{err}"
	  if @differences;
	return @differences;
}

1;
