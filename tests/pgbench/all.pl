# 500 scripts do the same through asyncdemo as through pgbench: those of
# pgbench's documentation, its built-in ones, and generated ones.
#
# CASES=N for another number, SEED=N for others that are
# generated, ONLY=TEXT for those that have it in their name.

use strict;
use warnings;

use AsyncDemoTest;
use PgbenchCompare;
use PgbenchScripts;
use Test::More;

my $only = $ENV{ONLY} // '';
my @cases = grep { index($_->{name}, $only) >= 0 }
  PgbenchScripts::cases($ENV{CASES} // 500, $ENV{SEED} // 5432);
my $compare = PgbenchCompare->new;

foreach my $case (@cases)
{
	foreach my $mode (@{ $case->{modes} })
	{
		my @differences = $compare->differences($case, $mode);

		ok(!@differences, "-M $mode: $case->{name}")
		  or diag join "\n", @differences,
		  $case->{script} // $case->{builtin} // '';
	}
}
done_testing();
