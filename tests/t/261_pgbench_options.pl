# Options that pgbench has mean what they mean there; wrong ones are refused
# with a remedy.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

my $one = plan_file("\\echo one\n", 'one.sql');
my $two = plan_file("\\echo two\n", 'two.sql');

sub run_it
{
	return run_client([ 'run', '-q', @_ ]);
}

# ---- wrong command lines ----

foreach my $case (
	[ 'a weight that is no number', qr/"x" cannot be the weight/,
		qr/from 0 to/, '-f', "$one\@x" ],
	[ 'a weight below 0', qr/"-1" cannot be the weight/, qr/from 0 to/,
		'-f', "$one\@-1" ],
	[ 'no weight behind @', qr/"" cannot be the weight/, qr/FILE\@1/,
		'-f', "$one\@" ],
	[ 'no file before @', qr/--file needs the name/, qr/-f -/, '-f', '@3' ],
	[ 'a file that is missing', qr/no_such\.sql/, qr/hint/,
		'-f', 'no_such.sql' ],
	[ 'no weight at all', qr/all scripts have the weight 0/, qr/FILE\@1/,
		'-f', "$one\@0", '-f', "$two\@0" ],
	[ 'an unknown built-in script', qr/no built-in script "tpcd"/,
		qr/tpcb-like, simple-update and select-only/, '-b', 'tpcd' ],
	[ 'two built-in scripts that begin so', qr/more than one .* "s"/,
		qr/simple-update/, '-b', 's' ],
	[ 'a scale that is no number', qr/--scale cannot be "big"/,
		qr/whole number/, '-s', 'big' ],
	[ 'a scale of 0', qr/--scale cannot be "0"/, qr/from 1/, '-s', 0 ])
{
	my ($name, $message, $hint, @args) = @$case;
	my ($status, $out, $err) = run_it(@args);

	is($status, 1, "$name: exit status") or diag $out . $err;
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
}

# ---- scripts ----

sub lines
{
	my ($status, $out, $err) = run_it(@_);

	is($status, 0, "@_ ends well") or diag $out . $err;
	return join ' ', sort split /\n/, $err;
}

is(lines('-f', $one, '-f', $two), 'one two', 'each script once');
is(lines('-f', "$one\@7", '-f', "$two\@0"), 'one', 'but those of no weight');
is(lines('-f', "$one\@0", '-f', $two, '-t', 4, '-c', 1), 'two two two two',
	'a script of weight 0 is never chosen');

{
	my @args = ('--random-seed', 3, '-f', "$one\@3", '-f', $two, '--tasks',
		400, '-c', 1);
	my $first = (run_it(@args))[2];
	my $ones = () = $first =~ /one/g;

	cmp_ok($ones, '>', 250, 'a script of weight 3 comes about 3 times of 4');
	cmp_ok($ones, '<', 350, 'but not always');
	unlike($first, qr/^(?:one\none\none\ntwo\n)+$/, 'by chance, not in turn');
	is((run_it(@args))[2], $first, 'the same choice with the same seed');
}

{
	my ($status, $out, $err) = run_client([ 'run', '-b', 'list' ]);

	is($status, 0, '-b list');
	like($out, qr/tpcb-like.*simple-update.*select-only/s, 'lists them');
}

{
	psql('DROP TABLE IF EXISTS pgbench_accounts, pgbench_branches,'
		  . ' pgbench_tellers, pgbench_history');
	my ($status, $out, $err) = run_it('-S', '-t', 1, '-c', 1);

	is($status, 2, 'a built-in script without its tables fails');
	like($err, qr/pgbench_branches.*pgbench -i/s, 'and says how to make them');
}

{
	my ($status, $out, $err) = run_client([ '-i', '-q', '-s', 3 ],
		program => 'pgbench');

	is($status, 0, 'pgbench -i') or diag $err;
	foreach my $args ([ '-b', 'tpcb' ], ['-S'], ['-N'],
		[ '-b', 'select-only@9', '-b', 'tpcb-like@1' ])
	{
		($status, $out, $err) =
		  run_client([ 'run', @$args, '-c', 2, '-t', 5, '-n', '-r' ]);
		is($status, 0, "@$args") or diag $err;
	}
	is(psql('SELECT max(aid) > 100000 FROM pgbench_accounts WHERE aid IN'
			  . ' (SELECT aid FROM pgbench_history)'),
		't', 'the scale is read from the tables');
	($status, $out, $err) = run_client(
		[ 'run', '-q', '-D', 'scale=1', '-b', 'tpcb-like', '-t', 1, '-c', 1 ]);
	is($status, 0, '-D scale wins over the tables') or diag $err;
	psql('DROP TABLE pgbench_accounts, pgbench_branches, pgbench_tellers,'
		  . ' pgbench_history');
}

is(lines('-s', 12, '-e', '\echo :scale'), '12', '-s sets :scale');
is(lines('-s', 12, '-D', 'scale=5', '-e', '\echo :scale'), '5',
	'-D wins over -s');
is(lines('--client', 3, '-t', 1, '-e', '\echo x'), 'x x x',
	'--client is --concurrency');

# ---- what a task must not leave, and what an error says ----

{
	my ($status, $out, $err) = run_client(
		[ 'run', '-e', "BEGIN;\nSELECT 1;\n" ]);

	is($status, 2, 'a task that ends inside a transaction fails');
	like($err, qr/1:1: the task ended inside a transaction.*COMMIT/s,
		'and is told where it began');
	($status, $out, $err) = run_client(
		[ 'run', '-e', "\\set a 0\n\\set b 1 / :a\n" ]);
	is($status, 2, 'an expression that fails');
	like($err, qr/<command>:2:\d+: division by zero.*\\set b/s,
		'is shown with its file and line');
	($status, $out, $err) = run_client(
		[ 'run', '-e', "SELECT 1 \\gset\n" ]);
	is($status, 2, 'a column without a name cannot become a variable');
	like($err, qr/"\?column\?".*AS name/s, 'and the remedy is shown');
	($status, $out, $err) = run_client(
		[ 'run', '-e', "SELECT \\gset\n" ]);
	is($status, 0, 'no columns are none too many');
}

{
	my ($status, $out, $err) = run_it('-e', 'SELECT 1/0;');

	is($status, 2, '-q: a failure is a failure');
	like($err, qr/division by zero/, 'and is told');
	is($out, '', 'without a report');
}

done_testing();
