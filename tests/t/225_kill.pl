# Whatever is killed and whenever, with a ledger each row is applied once: the
# client by kill -9, the server by an immediate shutdown, every connection by
# pg_terminate_backend.  A job log alone loses nothing.
#
# ASYNCDEMO_KILL_ROUNDS says how many jobs are done that way; "make check-kill"
# has many.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest ':cluster';
use JSON::PP;
use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{ASYNCDEMO_KILL_ROUNDS} || 5;
my $seed = $ENV{ASYNCDEMO_KILL_SEED} || time ^ $$;
my $tasks = 2000;

srand $seed;

my $folder = temp_folder();
my $node = new_cluster('kill', conf => "fsync = off\n");
my %env = (env => $node->{client_env});

note("ASYNCDEMO_KILL_SEED=$seed");
$node->safe_psql('postgres',
	'CREATE TABLE hits (n bigint); CREATE TABLE others (n bigint)');

# One flush, COMMIT behind the last statement, COMMIT as a step of its own.
my @plans = map { plan_file("$_\n") } (
	'INSERT INTO hits VALUES (:task_number);',
	"INSERT INTO hits VALUES (:task_number);\nSELECT pg_sleep(0.001);\n"
	  . 'INSERT INTO others VALUES (:task_number);',
	"INSERT INTO hits VALUES (:task_number) RETURNING n \\gset\n\\sleep 1 ms\n"
	  . "INSERT INTO others VALUES (:n::bigint) RETURNING n AS m \\gset");
# The same for rows of an input, 300 of which are there twice.
my $twins = 300;
my $input = plan_file("number\n"
	  . join('', map { "$_\n" } shuffle(1 .. $tasks, 1 .. $twins)), 'rows.csv');
my @row_plans = map
{
	my $text = slurp($_);
	$text =~ s/:task_number/:number::bigint/g;
	plan_file($text);
} @plans;
my @ways = ([], [ '-j', 2 ], [ '-M', 'extended' ], [ '-M', 'simple' ],
	[ '--retries', 3 ], [ '--hold', 'statement' ]);

# What has been done so far: kills of each kind.
my $turn = int rand 5;
my %kills = (client => 0, server => 0, backends => 0, none => 0);

sub kill_something
{
	my ($client) = @_;
	my $what = (qw(client server client backends none))[ $turn++ % 5 ];

	sleep 0.02 + rand 0.15;
	return if $client->has_ended;
	$kills{$what}++;
	if ($what eq 'client')
	{
		$client->signal('KILL');
	}
	elsif ($what eq 'server')
	{
		$node->stop('immediate');
		$client->finish if rand() < 0.5;
		$node->start;
	}
	elsif ($what eq 'backends')
	{
		# it may go for the one that asks, too
		$node->psql('postgres',
			'SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
			  . "WHERE application_name IN ('asyncdemo', '') "
			  . 'AND pid <> pg_backend_pid()');
	}
	return;
}

# Run the command again and again until it ends well.
sub run_until_done
{
	my (@args) = @_;
	my $nruns = 0;

	while (++$nruns < 200)
	{
		my $client = start_client([ 'run', @args ], %env);
		kill_something($client) if $nruns < 25;
		my ($status, $out, $err) = $client->finish;
		return $nruns if $status == 0;
		if ($status == 1 || $err =~ /assert|runtime error|Sanitizer/i)
		{
			diag("exit status $status, seed $seed: $err");
			return 0;
		}
	}
	return 0;
}

sub count
{
	my ($table) = @_;
	return $node->safe_psql('postgres',
		"SELECT count(*) || ' ' || count(DISTINCT n) FROM $table");
}

foreach my $round (1 .. $rounds)
{
	my $has_rows = $round % 2;
	my $total = $tasks + ($has_rows ? $twins : 0);
	my $plan = ($has_rows ? \@row_plans : \@plans)->[ $round % @plans ];
	my @how = @{ $ways[ int rand @ways ] };
	my $log = "$folder/round$round.log";
	my $name = "round $round (plan " . $round % @plans
	  . ($has_rows ? ' with rows' : '') . " @how)";

	$node->safe_psql('postgres',
		'TRUNCATE hits, others; DROP TABLE IF EXISTS book');
	my $nruns = run_until_done($plan,
		$has_rows ? ('--input', $input) : ('--tasks', $tasks), '-c', 8, '-q',
		'--ledger', 'book', '--joblog', $log, '--resume', @how);
	ok($nruns > 0, "$name: done in the end");
	is(count('hits'), "$total $tasks", "$name: each row is applied once");
	is(count('others'), "$total $tasks", "$name: and its other half")
	  if slurp($plan) =~ /others/;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM book'),
		$total, "$name: each has its mark");
	is(scalar(grep { !/^#/ && split(/\t/, $_, -1) != 9 }
			split /\n/, slurp($log)), 0, "$name: the log is whole");
}

# ---- the log alone: nothing is lost, and only what was in flight is redone --

$node->safe_psql('postgres', 'TRUNCATE hits');
my $log = "$folder/alone.log";
my $nkills = 0;
for (1 .. 8)
{
	my $client = start_client([ 'run', $plans[0], '--tasks', 10000, '-c', 8,
			'-q', '--joblog', $log, '--resume' ], %env);
	sleep 0.1 + rand 0.1;
	last if $client->has_ended;
	$nkills++;
	$client->signal('KILL');
	$client->finish;
}
my ($status, $out, $err) = run_client([ 'run', $plans[0], '--tasks', 10000,
		'-c', 8, '--joblog', $log, '--resume', '--format', 'json' ], %env);
is($status, 0, "10,000 tasks end after $nkills kills") or diag $err;
my $counts = decode_json($out)->{counts};
is($counts->{ok} + $counts->{skipped}, 10000, 'counts add up');
my ($all, $distinct) = split / /, count('hits');
is($distinct, 10000, 'none is lost');
my $redone = $all - $distinct;
cmp_ok($redone, '<=', $nkills * 2000, "few are redone: $redone");

note("$redone were redone after $nkills kills");
note(join ', ', map { "$kills{$_} of $_" } sort keys %kills);
done_testing();
