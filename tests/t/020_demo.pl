# The demo runs every experiment with the result and the time that it should
# have, and says so; where one cannot be run it says why.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

# Units expected, by experiment; 22 is not judged.
my %units = (
	'1' => 2, '2' => 2, '3' => 2, '4' => 1, '5' => 2, '6' => 1, '7' => 2,
	'8' => 2, '9' => 3, '10' => 4, '11' => 3, '12a' => 2, '12b' => 3,
	'13' => 3, '14' => 3, '15' => 2, '16' => 3, '17' => 2, '18' => 2,
	'19' => 2, '20' => 2, '21' => 2, '23' => 2, '24' => 1, '25' => 1);
my $unit_s = 0.3;

# The rows of the table, by experiment: the verdict, and expected, predicted
# and measured seconds where it has run.
sub rows
{
	my ($out) = @_;
	my %row;

	foreach my $line (split /\n/, $out)
	{
		next
		  unless $line =~ /^ +(\d+[ab]?)  (\S.*?)  (ok|FAILED|skipped|-)\s*$/;
		my ($id, $cells, $verdict) = ($1, $2, $3);
		my @seconds;
		push @seconds, $2 eq 'ms' ? $1 / 1000 : $1
		  while $cells =~ /  +([\d.]+) (m?s)(?=  )/g;
		$row{$id} = { verdict => $verdict, seconds => \@seconds };
	}
	return %row;
}

sub demo
{
	return run_client([ 'demo', @_ ], timeout => 300);
}

# ---- every experiment ----

psql('CREATE EXTENSION IF NOT EXISTS asyncdemo');
my $roles = 'SELECT count(*) FROM pg_roles';
my $tables = 'SELECT count(*) FROM pg_class WHERE relkind = \'r\'';
my $before = psql($roles) . psql($tables);
my ($status, $out, $err) = demo('--unit', "${unit_s}s");
my %row = rows($out);
my ($passed) = $out =~ /^(\d+) passed, /m;

is(scalar(keys %row), 26, 'the table has every experiment')
  or diag($out, $err);

# One that took too long on a busy machine has another try, or two.
in_some_try(
	sub {
		my @failed = grep { $row{$_}{verdict} eq 'FAILED' } sort keys %row;
		return 1 if !@failed;
		my (undef, $again) =
		  demo('--unit', "${unit_s}s", '--only', join(',', @failed));
		my %again = rows($again);
		@row{@failed} = @again{@failed};
		$status = 0 if !grep { $_->{verdict} eq 'FAILED' } values %row;
		return 0;
	});
foreach my $id (sort keys %units)
{
	my ($expected, $predicted, $measured) =
	  @{ $row{$id}{seconds} // [] };

	is($row{$id}{verdict}, 'ok', "experiment $id came out as expected");
	cmp_ok(abs(($expected // 0) - $units{$id} * $unit_s), '<', 0.001,
		"experiment $id: $units{$id} units expected");
	# Three digits are shown, and the first may have been rounded.
	cmp_ok($measured // 0, '>=', $units{$id} * $unit_s - 0.006,
		"experiment $id: it took no less");
	cmp_ok(abs(($predicted // 0) - ($measured // 9)), '<', $unit_s,
		"experiment $id: predicted within a unit");
}
is($row{22}{verdict}, '-', 'experiment 22 is not judged');
is($status, 0, 'exit status') or diag($out, $err);
like($out, qr/^$passed passed, @{[25 - $passed]} failed, 0 skipped, 1 not judged$/m,
	'the count');
like($out, qr/^experiment 11.*^GOOG .*^AAPL /ms, 'the timeline of 11');
like($out, qr/^ +3  \S.*GOOG.*held the loop/m, 'why 3 does not overlap');
like($out, qr/^ +18  \S.*connection/m, 'why 18 does not overlap');
is(psql($roles) . psql($tables), $before, 'no role and no table is left');

# ---- some of them ----

($status, $out, $err) = demo('--unit', '0.1', '--only', '4,12');
%row = rows($out);
is_deeply([ sort keys %row ], [ '12a', '12b', '4' ],
	'--only runs those named, a number both of its variants');

($status, $out, $err) = demo('--show', '12a');
is($status, 0, '--show: exit status');
is($out, slurp(checkout() . '/client/experiments/'
		  . '12a_mixed_other_order_warm.sql'),
	'--show prints the plan');

foreach my $list ('99', '4,', '1a', '12c')
{
	($status, $out, $err) = demo('--only', $list);
	is($status, 1, "--only $list: exit status");
	like($err, qr/there is no experiment/, "--only $list: it says why");
}

($status, $out, $err) = demo('--unit', '0');
is($status, 1, '--unit 0: exit status');
like($err, qr/longer than nothing/, '--unit 0: it says why');

# ---- without ----

psql('CREATE DATABASE demo_bare');
($status, $out, $err) =
  demo('-d', 'demo_bare', '--unit', '0.2', '--only', '6,22');
%row = rows($out);
is($status, 0, 'without the extension: exit status') or diag($out, $err);
like($out, qr/pg_sleep stands in/, 'it says what it does instead');
is($row{6}{verdict}, 'ok', 'pg_sleep serves');
like($out, qr/^ +22  skipped: .*CREATE EXTENSION/m, 'what it cannot run');
psql('DROP DATABASE demo_bare');

psql('CREATE ROLE demo_plain LOGIN');
($status, $out, $err) =
  demo('-U', 'demo_plain', '--unit', '0.1', '--only', '9,19');
is($status, 0, 'an ordinary role: exit status') or diag($out, $err);
like($out, qr/^ +9  skipped: .*CREATEROLE/m, 'it may not create a role');
like($out, qr/^ +19  skipped: .*CREATE on/m, 'nor a table');
like($out, qr/^0 passed, 0 failed, 2 skipped/m, 'skipped is not passed');
psql('DROP ROLE demo_plain');

psql('CREATE ROLE asyncdemo_demo');
($status, $out, $err) = demo('--unit', '0.1', '--only', '9');
like($out, qr/^ +9  skipped: .*asyncdemo_demo already/m,
	'a role of that name is somebody else\'s');
is(psql("SELECT count(*) FROM pg_roles WHERE rolname = 'asyncdemo_demo'"),
	1, 'and stays');
psql('DROP ROLE asyncdemo_demo');

# ---- an expectation that fails, no server ----

# A function that does not wait in place of the extension's: results are
# right, times are not.
psql('CREATE DATABASE demo_hasty');
my ($hasty) = run_client(
	[
		'-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', 'demo_hasty', '-c',
		'CREATE SCHEMA asyncdemo;'
		  . ' CREATE FUNCTION asyncdemo.delay(float8) RETURNS void'
		  . " LANGUAGE sql AS 'SELECT NULL::void'"
	],
	program => 'psql');
is($hasty, 0, 'a delay that does not wait was made');
in_some_try(
	sub {
		($status, $out, $err) =
		  demo('-d', 'demo_hasty', '--unit', '0.1', '--only', '2,6');
		%row = rows($out);
		$row{2}{verdict} eq 'ok';
	});
is($status, 3, 'an experiment that is too fast: exit status')
  or diag($out, $err);
is($row{6}{verdict}, 'FAILED', 'it failed');
is($row{2}{verdict}, 'ok', 'the other did not');
like($out, qr/^ +6  FAILED: it took 0\.\d+ units where 1 were/m, 'and why');
psql('DROP DATABASE demo_hasty');

($status, $out, $err) = run_client(
	[ 'demo', '-h', '127.0.0.1', '-p', dead_port(), '--only', '2' ]);
is($status, 4, 'no server: exit status');
like($err, qr/could not connect/, 'it says so');
like($err, qr/make demo/, 'and names make demo');

done_testing();
