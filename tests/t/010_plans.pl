# Every plan of tests/plans dumps as NAME.out says, or is refused with exactly
# that error.
#
# NAME.out begins with "exit N"; then comes what "asyncdemo check --dump"
# printed: the dump, or the errors.  With UPDATE=1 the files are written anew.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

my $folder = checkout() . '/tests/plans';
my @plans = sort map { m{([^/]+)\.sql$} } glob "$folder/*.sql";

plan skip_all => 'there are no plans in tests/plans' if !@plans;

foreach my $name (@plans)
{
	my ($status, $out, $err) =
	  run_client([ 'check', '--dump', "$name.sql" ], cwd => $folder);
	my $got = "exit $status\n$out$err";
	my $file = "$folder/$name.out";

	if ($ENV{UPDATE})
	{
		open my $handle, '>:raw', $file or die "$file: $!\n";
		print $handle $got;
		close $handle or die "$file: $!\n";
	}
	if (!-e $file)
	{
		fail("$name: $name.out is missing; UPDATE=1 writes it");
		next;
	}
	is($got, slurp($file), $name);
}

my %plan = map { $_ => 1 } @plans;
my @strays = grep { !$plan{$_} } map { m{([^/]+)\.out$} } glob "$folder/*.out";
is("@strays", '', 'every expected result has its plan');

done_testing();
