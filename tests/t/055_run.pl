# A command line that is wrong is refused with its remedy before anything
# runs; one that is right does what it says, and the exit status tells how it
# ended.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

sub run_it
{
	return run_client([ 'run', @_ ]);
}

# ---- wrong command lines: exit status 1, nothing ran ----

foreach my $case (
	[ 'no plan', qr/no plan to run/, qr/-e/ ],
	[ 'an unknown option', qr/unknown option "--conections=3"/,
		qr/did you mean --connections/, '--conections=3' ],
	[ 'an unknown letter', qr/unknown option/, qr/--help/, '-x' ],
	[ 'no value', qr/"--tasks" needs a value/, qr/--help/, '--tasks' ],
	[ 'no number', qr/--tasks cannot be "many"/, qr/whole number from 1/,
		'--tasks', 'many' ],
	[ 'zero', qr/--concurrency cannot be "0"/, qr/from 1 to/, '-c', 0 ],
	[ 'too many', qr/--connections cannot be/, qr/from 1 to 100000/,
		'--connections', 100001 ],
	[ 'a number with a tail', qr/-*-threads cannot be "4x"/, qr/whole number/,
		'--threads', '4x' ],
	[ 'no duration', qr/--timeout cannot be "soon"/, qr/300ms/,
		'--timeout', 'soon' ],
	[ 'an unknown mode', qr/--mode cannot be "asynch"/,
		qr/one of plan, async, blocking, threads, sequential/,
		'--mode', 'asynch' ],
	[ 'an unknown protocol', qr/--protocol cannot be/, qr/simple, extended/,
		'-M', 'quick' ],
	[ 'no NAME=VALUE', qr/--define cannot be "x"/, qr/NAME=VALUE/, '-D', 'x' ],
	[ 'a percentage over 100', qr/--max-errors cannot be "101%"/,
		qr/percentage/, '--max-errors', '101%' ],
	[ 'two ways to say how much', qr/exclude each other/, qr/keep the one/,
		'--tasks', 5, '-t', 5, '-e', 'SELECT 1' ],
	[ 'a plan that is missing', qr/no_such\.sql/, qr/hint: /, 'no_such.sql' ],
	[ 'an output that cannot be written', qr/cannot write/, qr/folder/,
		'-o', '/no/such/folder/rows.csv', '-e', 'SELECT 1' ],
	[ 'two things on one stream', qr/cannot both go to standard output/,
		qr/--output/, '--format', 'json', '-e', "\\set x 1\n\\emit :x" ],
	[ 'an unknown \option', qr/<command>:1:\d+: a plan has no option "taks"/,
		qr/did you mean tasks/, '-e', "\\option taks 5\nSELECT 1;" ],
	[ 'a wrong \option', qr/<command>:1:\d+: --tasks cannot be "x"/,
		qr/whole number/, '-e', "\\option tasks x\nSELECT 1;" ],
	[ 'a bad --retries', qr/--retries cannot be "-1"/, qr/from 0 to 1000000/,
		'--retries', '-1', '-e', 'SELECT 1' ],
	[ 'a bad --retry-budget', qr/--retry-budget cannot be "x%"/,
		qr/from 0 to 100000/, '--retry-budget', 'x%', '-e', 'SELECT 1' ],
	[ 'a bad --statement-timeout', qr/--statement-timeout cannot be "1us"/,
		qr/from 1ms/, '--statement-timeout', '1us', '-e', 'SELECT 1' ],
	[ 'a bad --run-timeout', qr/--run-timeout cannot be "0"/,
		qr/longer than nothing/, '--run-timeout', '0', '-e', 'SELECT 1' ])
{
	my ($name, $message, $hint, @args) = @$case;
	my ($status, $out, $err) = run_it(@args);

	is($status, 1, "$name: exit status") or diag $out . $err;
	is($out, '', "$name: nothing on standard output");
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
}

{
	my ($status, $out, $err) = run_client(['rnu']);

	is($status, 1, 'an unknown command: exit status');
	like($err, qr/did you mean run/, 'an unknown command: the nearest');
}

# ---- how a run ends ----

foreach my $case (
	[ 'all well', 0, 'SELECT 1;' ],
	[ 'a task failed', 2, 'SELECT 1/0;' ],
	[ 'an assertion failed', 3, "\\set x 1\n\\assert :x = 2" ],
	[ 'too fast for \expect', 3, "\\expect 5\n\\sleep 1ms" ],
	[ 'as \expect says', 0, "\\expect 0.1 within 60\n\\sleep 100ms" ],
	[ 'a task failed, another asserted', 2,
		"\\task a\nSELECT 1/0;\n\\task b\n\\assert 1 = 2" ],
	[ 'setup failed', 2, "\\setup\nSELECT 1/0;\n\\end\n\\echo ran" ],
	[ 'teardown failed', 2, "\\teardown\nSELECT 1/0;\n\\end\nSELECT 1;" ],
	[ 'too many errors', 5, 'SELECT 1/0;', '--tasks', 50, '-c', 1,
		'--max-errors', 3 ],
	[ 'few enough errors', 2, 'SELECT 1/0;', '--tasks', 3, '-c', 1,
		'--max-errors', 3 ])
{
	my ($name, $expected, $plan, @args) = @$case;
	my ($status, $out, $err) = run_it('-e', $plan, @args);

	is($status, $expected, "$name: exit status") or diag $out . $err;
	unlike($err, qr/^ran$/m, 'no task runs after a set-up that failed')
	  if $name eq 'setup failed';
}

# ---- what a run does ----

# Lines on standard error that \echo wrote.
sub echoed
{
	my ($status, $out, $err) = run_it(@_);

	is($status, 0, 'it ended well') or diag $out . $err;
	return join ' ', sort grep { !/^asyncdemo|^\s|:/ } split /\n/, $err;
}

is(echoed('-c', 2, '--tasks', 5, '-e', '\echo :task_number'), '1 2 3 4 5',
	'--tasks N runs that many');
is(echoed('-c', 2, '-t', 3, '-e', '\echo x'), 'x x x x x x',
	'-t N runs that many a slot');
is(echoed('-e', "\\task a\n\\echo a\n\\task b count=2\n\\echo b"), 'a b b',
	"a plan's own tasks");
is(echoed('--tasks', 6, '-e', "\\task a\n\\echo a\n\\task b count=2\n\\echo b"),
	'a a b b b b', 'with --tasks the counts are weights');
is(echoed('-D', 'x=7', '-e', '\echo :x'), '7', '-D sets a variable');
is(echoed('-e', "\\setup\n\\set x 8\n\\end\n\\echo :x"), '8',
	'what \setup sets, tasks read');
is(echoed('--tasks', 2, '-c', 1, '-e',
		"\\setup\n\\set x 1\n\\end\n\\set x :x + 1\n\\echo :x"),
	'2 2', 'a task changes its own copy only');
is(echoed('-t', 3, '-c', 1, '-D', 'n=0', '-e', "\\set n :n + 1\n\\echo :n"),
	'1 2 3', 'with -t variables stay with the slot, as with pgbench');
is( echoed('--random-seed', 5, '-e', "\\set x random(1, 1000000)\n\\echo :x"),
	echoed('--random-seed', 5, '-e', "\\set x random(1, 1000000)\n\\echo :x"),
	'--random-seed makes it repeat');
is(echoed('--on-connect', 'SET search_path TO a', '-e',
		"SELECT current_setting('search_path') AS p \\gset\n\\echo :p"),
	'a', '--on-connect runs on the connection');
is(echoed('--on-connect', 'SET search_path TO a', '-e',
		"\\hook connect SET search_path TO b\n"
		  . "SELECT current_setting('search_path') AS p \\gset\n\\echo :p"),
	'a', 'the command line wins over the plan');
is(echoed('-e', "\\option tasks 3\n\\echo x"), 'x x x', '\option counts');
is(echoed('--tasks', 2, '-e', "\\option tasks 3\n\\echo x"), 'x x',
	'the command line wins over \option');

my $begin = time;
is(echoed('-T', 1, '-c', 1, '-e', "\\sleep 700ms\n\\echo x"), 'x x',
	'-T begins no task after its time');
cmp_ok(time - $begin, '>=', 1, '-T waits for what is under way');

my ($status, $out, $err) =
  run_it('--tasks', 2, '-c', 1, '-e',
	"\\set a 1\n\\set b 'x,\"y\"'\nSELECT NULL AS c \\gset\n\\emit :a :b :c");
is($status, 0, '\emit: exit status') or diag $err;
is($out, qq(1,"x,""y""",\n) x 2, '\emit writes CSV on standard output');

my $rows = temp_folder() . '/rows.csv';
($status, $out, $err) = run_it('-o', $rows, '-e', "\\set a 1\n\\emit :a");
is($status, 0, '--output: exit status') or diag $err;
open my $file, '<', $rows or die "cannot read $rows: $!";
is(join('', <$file>), "1\n", '--output has the rows');
close $file;
unlink $rows;
like($out, qr/wall/, 'and the report goes to standard output');

($status, $out, $err) =
  run_it('--tasks', 4, '-c', 2, '--on-error', 'drain', '-q', '-e',
	"\\echo ran\nSELECT 1/0;");
is($status, 2, '--on-error drain: exit status');
is(scalar(() = $err =~ /^ran$/mg), 2, '--on-error drain admits no more');

my $sleeps = "\\task a\nSELECT 1/0;\n\\task b\n\\sleep 60\n";
$begin = time;
($status, $out, $err) = run_it('--on-error', 'cancel', '-e', $sleeps);
is($status, 2, '--on-error cancel: exit status');
cmp_ok(time - $begin, '<', 30, '--on-error cancel ends the others');

# A mode replaces every mark; sequential keeps them.
my $two = "\\task a\n\\sleep 200ms\n\\task b\n\\sleep 200ms\n";
foreach my $case ([ 'plan', 0.2 ], [ 'blocking', 0.4 ], [ 'threads', 0.2 ],
	[ 'sequential', 0.4 ])
{
	my ($mode, $least) = @$case;
	my $wall;

	($status, $out, $err) = run_it('--mode', $mode, '-e', $two);
	($wall) = $out =~ /wall ([\d.]+) s/;
	cmp_ok($wall // 0, '>=', $least, "--mode $mode takes its time");
}

# ---- output that cannot be written ----

SKIP:
{
	skip 'there is no /dev/full', 2 unless -w '/dev/full';
	my $said = `asyncdemo check --dump -e 'SELECT 1' 2>&1 >/dev/full`;

	is($? >> 8, 2, 'a full disk: exit status');
	like($said, qr/cannot write to standard output/, 'a full disk: it is said');
}

# ---- limits that are known before ----

{
	my $said = `ulimit -n 100; asyncdemo run -c 500 --tasks 500 -e 'SELECT 1' 2>&1`;

	is($? >> 8, 1, 'too few descriptors: exit status');
	like($said, qr/file descriptors.*\n.*ulimit -n/, 'what to do about it');
}

done_testing();
