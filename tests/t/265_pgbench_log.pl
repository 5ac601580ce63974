# -l writes a line for each task in pgbench's format; -C opens a connection for
# each lease.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

my $prefix = temp_folder() . '/log';

# The lines of all logs, which are then removed.
sub logged
{
	my @files = sort glob "$prefix.*";
	my $text = join '', map { slurp($_) } @files;

	unlink @files;
	return (scalar @files, split /\n/, $text);
}

foreach my $case (
	[ 'a folder that is not there', qr/cannot write the log/, qr/--log-prefix/,
		'-l', '--log-prefix=/no/such/folder/log' ],
	[ 'a part above 1', qr/--sampling-rate cannot be "2"/, qr/up to 1/,
		'-l', '--sampling-rate', 2 ],
	[ 'no part', qr/--sampling-rate cannot be "0"/, qr/above 0/,
		'-l', '--sampling-rate', 0 ])
{
	my ($name, $message, $hint, @args) = @$case;
	my ($status, $out, $err) = run_client([ 'run', '-e', '\echo x', @args ]);

	is($status, 1, "$name: exit status") or diag $out . $err;
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
}

sub run_logged
{
	my ($status, $out, $err) = run_client(
		[ 'run', '-q', '-l', "--log-prefix=$prefix", @_ ]);

	return $status;
}

{
	my $now = time;

	is(run_logged('-c', 2, '-t', 3, '-e', '\sleep 10ms'), 0, '-l');
	my ($files, @lines) = logged();

	is($files, 1, 'one file');
	is(scalar @lines, 6, 'a line for each task');
	is(scalar(grep { /^[01] [012] \d{5,} 0 \d+ \d{1,6}$/ } @lines), 6,
		'client, number, time, script and when') or diag "@lines";
	is(join(' ', sort map { /^(\d \d)/ } @lines), '0 0 0 1 0 2 1 0 1 1 1 2',
		'each client counts its own');
	my ($epoch) = $lines[0] =~ /^\S+ \S+ \S+ \S+ (\d+)/;
	cmp_ok(abs($epoch - $now), '<=', 60, 'the time is of this day');
}

{
	my $a = plan_file('\sleep 1us');
	my $b = plan_file('SELECT 1/0;');

	is(run_logged('-c', 1, '-t', 20, '-f', $a, '-f', $b, '--random-seed', 5),
		2, 'tasks that fail');
	my ($files, @lines) = logged();
	is(scalar(grep { /^0 \d+ \d+ 0 / || /^0 \d+ failed 1 / } @lines), 20,
		'have "failed" for a time; scripts have numbers') or diag "@lines";
}

{
	is(run_logged('-R', 1000, '-L', 5, '-t', 20, '-c', 1, '-e',
			'\sleep 20ms'), 0, 'with --rate');
	my ($files, @lines) = logged();
	is(scalar(grep { /^0 \d+ (?:\d+|skipped) 0 \d+ \d+ \d+$/ } @lines), 20,
		'how late it began') or diag "@lines";
	cmp_ok(scalar(grep { /skipped/ } @lines), '>=', 5,
		'what was skipped is told');
}

{
	is(run_logged('--retries', 2, '-t', 2, '-c', 1, '-e', 'SELECT 1;'), 0,
		'with --retries');
	my ($files, @lines) = logged();
	is(scalar(grep { /^0 \d+ \d+ 0 \d+ \d+ 0$/ } @lines), 2,
		'how often it was tried again') or diag "@lines";
}

{
	is(run_logged('-j', 2, '-c', 4, '-t', 5, '-e', '\sleep 1ms'), 0,
		'with -j');
	my ($files, @lines) = logged();
	is($files, 2, 'each thread has its own file');
	is(scalar @lines, 20, 'none is missing');
}

{
	is(run_logged('--sampling-rate', '0.2', '-c', 1, '-t', 1000, '-e',
			'\set x 1'), 0, '--sampling-rate');
	my ($files, @lines) = logged();
	cmp_ok(abs(@lines - 200), '<', 80, 'a part of the lines');
}

SKIP:
{
	skip 'there is no /dev/full', 2 unless -w '/dev/full';
	# The log's name ends with the number of the process.
	my ($status, $out, $err) = run_client(
		[ '-c', 'ln -s /dev/full "$0.$$"; exec asyncdemo run -q -l'
			  . ' --log-prefix="$0" -c 1 -t 2000 -e "\set x 1"', $prefix ],
		program => 'sh');
	is($status, 2, 'a log that cannot be written is a failure');
	like($err, qr/the log .* is not complete: /, 'and is told');
	unlink glob "$prefix.*";
}

# ---- -C ----

sub backends
{
	my ($status, $out, $err) = run_client(
		[ 'run', '-q', @_, '-e',
			"SELECT pg_backend_pid() AS p \\gset\n\\emit :p" ]);
	my %seen = map { $_ => 1 } split /\n/, $out;

	is($status, 0, "@_: exit status") or diag $err;
	return scalar keys %seen;
}

is(backends('-t', 5, '-c', 2), 2, 'without -C a connection for each slot');
is(backends('-C', '-t', 5, '-c', 2), 10, 'with -C one for each task');
is(backends('--connect', '--hold', 'statement', '-t', 3, '-c', 1), 3,
	'--connect is the same');
cmp_ok(psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'asyncdemo%'"),
	'<=', 1, 'none is left');

done_testing();
