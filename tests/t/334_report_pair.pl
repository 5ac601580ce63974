# asyncdemo report A B: two saved runs beside each other, what changed, where,
# and that one run each cannot tell how runs differ.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use Test::More;

sub save
{
	my ($name, @args) = @_;
	my ($status, $out, $err) =
	  run_client([ 'run', '--format', 'json', '-M', 'prepared', @args ]);

	is($status, 0, "$name: saved") or diag $err;
	return plan_file($out, "$name.json");
}

sub report
{
	my @args = @_;
	return run_client([ 'report', @args ], env => { COLUMNS => 100 });
}

my $wide = save('wide', '-c', 20, '--tasks', 100, '-e',
	'SELECT pg_sleep(0.01)');
my $narrow = save('narrow', '-c', 20, '--tasks', 100, '--connections', 2,
	'--hold', 'statement', '-e', 'SELECT pg_sleep(0.01)');

my ($status, $out, $err) = report($wide, $narrow);

is($status, 0, 'exit status') or diag $err;
like($out, qr/tasks\s+100\s+100/, 'both have a column');
like($out, qr/of it pool/, 'the class that came is a row');
like($out, qr/most of the change is pool, \+/, 'and is named');
like($out, qr/one run each/, 'what it cannot tell is said');

($status, $out) = report('--format', 'json', $wide, $narrow);
my $pair = decode_json($out);

is($pair->{schema}, 'asyncdemo-pair', 'JSON: what it is');
cmp_ok($pair->{ratio}, '>', 2, 'JSON: tasks take longer');
ok($pair->{significant}, 'JSON: and not by chance');
cmp_ok($pair->{interval}[0], '<=', $pair->{ratio}, 'JSON: interval');
cmp_ok($pair->{runs}[1]{classes}{pool}, '>', $pair->{runs}[0]{classes}{pool},
	'JSON: classes');

($status, $out) = report('--format', 'csv', $wide, $narrow);
is($status, 0, 'CSV: exit status');
my ($heads, @rows) = map { [ split /,/ ] } split /\r\n/, $out;
is(scalar @rows, 2, 'CSV: a row for each');
is(scalar @{ $rows[$_] }, scalar @$heads, 'CSV: whole rows') foreach 0, 1;
my %second;
@second{@$heads} = @{ $rows[1] };
cmp_ok($second{pool}, '>', 0.01, 'CSV: classes');

($status, $out) = report($wide, $wide);
like($out, qr/not significant/, 'a run against itself: no difference');

foreach my $case (
	[ [ $wide, $narrow, $wide ], qr/two saved runs at most/ ],
	[ [ '--hgrm', temp_folder() . '/x', $wide, $narrow ],
		qr/--hgrm tells about one run, and this is a pair/ ],
	[ [ $wide, temp_folder() . '/none.json' ], qr/none\.json/ ])
{
	my ($args, $message) = @$case;

	($status, undef, $err) = report(@$args);
	is($status, 1, 'a mistake: exit status');
	like($err, $message, 'a mistake: said');
}

done_testing();
