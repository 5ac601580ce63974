# What the SQL functions answer and refuse is what tests/expected says.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

my $checkout = checkout();
my $out = ($ENV{TESTDIR} // temp_folder()) . '/regress';
my %server = AsyncDemoTest::server_env();

# The order is that of the extension's Makefile; a test that it does not name
# would never run.
my ($names) = slurp("$checkout/extension/Makefile") =~
  /^REGRESS\s*[:+]?=\s*((?:.*\\\n)*.*)/m;
my @names = grep { $_ ne '\\' } split ' ', $names // '';
my @files = map { m{([^/]+)\.sql$} } glob "$checkout/tests/sql/*.sql";
is_deeply([ sort @names ], [ sort @files ],
	'REGRESS names every file of tests/sql, and no other');

mkdir $out;
my $program = $ENV{PG_REGRESS} or die "PG_REGRESS is not set\n";
chomp(my $bindir = `pg_config --bindir`);
my ($status, $stdout, $stderr) = run_client(
	[
		"--inputdir=$checkout/tests", "--outputdir=$out",
		"--bindir=$bindir", '--load-extension=asyncdemo',
		'--dbname=contrib_regression', '--host=' . $server{PGHOST},
		'--port=' . $server{PGPORT}, '--user=' . $server{PGUSER}, @names
	],
	program => $program, timeout => 600);

# Until PostgreSQL 15 "test NAME ... ok", since then TAP.
foreach my $name (@names)
{
	ok($stdout =~ /^(?:test\s+)?\Q$name\E\s+\.\.\. ok\b/m
		  || $stdout =~ /^ok \d+\s+[-+] \Q$name\E\b/m,
		$name);
}
is($status, 0, 'pg_regress passed');
diag($stdout, $stderr) if $status != 0;
diag(slurp("$out/regression.diffs")) if -s "$out/regression.diffs";

done_testing();
