# Scripts do the same through asyncdemo as through pgbench: a sample of those
# that "make check-pgbench" runs all.

use strict;
use warnings;

use AsyncDemoTest;
use PgbenchCompare;
use PgbenchScripts;
use Test::More;

my $compare = PgbenchCompare->new;
my $n = 0;

# every eighth
foreach my $case (grep { $n++ % 8 == 0 } PgbenchScripts::cases(500, 5432))
{
	my $mode = $case->{modes}[ $n % @{ $case->{modes} } ];
	my @differences = $compare->differences($case, $mode);

	ok(!@differences, "-M $mode: $case->{name}")
	  or diag join "\n", @differences, $case->{script} // '';
}
done_testing();
