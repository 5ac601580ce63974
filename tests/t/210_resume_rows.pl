# A job of rows that was cut off is gone on with: rows are known by what is in
# them, wherever they stand, and the rows of \emit are there once each.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use List::Util qw(shuffle);
use Test::More;

my $folder = temp_folder();

sub input_file
{
	my ($name, @lines) = @_;

	open my $file, '>', "$folder/$name" or die "cannot write $name: $!";
	print $file map { "$_\n" } @lines;
	close $file;
	return "$folder/$name";
}

# Twice each, so that equal rows must be told apart.
my @rows = map { ("$_,x", "$_,x") } 1 .. 1500;
my $plan = plan_file("\\sleep 1ms\n\\emit :n :t", 'resume.sql');

foreach my $order ([], ['--keep-order'])
{
	my $name = @$order ? 'in order' : 'as they end';
	my ($log, $out_file) = map { "$folder/" . @$order . $_ } qw(.log .csv);
	my @args = ('-q', '-c', 8, '--joblog', $log, '-o', $out_file, @$order);

	# killed in the middle
	my $client = start_client([ 'run', @args, '--input',
			input_file('first.csv', 'n,t', @rows), $plan ]);
	wait_until('lines in the log',
		sub { -e $log && scalar(() = slurp($log) =~ /\tok\t/g) > 200 });
	$client->signal('KILL');
	$client->finish;
	my @done = grep { /\tok\t/ } split /\n/, slurp($log);
	cmp_ok(scalar @done, '<', 3000, "$name: killed before its end");
	my $written = () = slurp($out_file) =~ /\n/g;
	cmp_ok($written, '>=', scalar @done,
		"$name: no line in the log before the rows are in the file");

	# the columns and the rows in another order
	my $shuffled = input_file('second.csv', 't,n',
		map { join ',', reverse split /,/ } shuffle(@rows));
	my ($status, $out, $err) = run_client([ 'run', '--resume', @args,
			'--input', $shuffled, $plan ]);
	is($status, 0, "$name: gone on with") or diag $err;
	my @ok = grep { /\tok\t/ } split /\n/, slurp($log);
	my %seen;
	$seen{ join ' ', (split /\t/)[ 1, 2 ] }++ foreach @ok;
	is(scalar(keys %seen), 3000, "$name: every row was done");
	is(scalar(@ok), 3000, "$name: and is in the log once");
	my %emitted;
	$emitted{$_}++ foreach split /\n/, slurp($out_file);
	is(scalar(keys %emitted), 1500, "$name: every row was written");
	is(scalar(grep { $_ < 2 } values %emitted), 0, "$name: both of each");
	my $total = 0;
	$total += $_ foreach values %emitted;
	cmp_ok($total, '<=', 3000 + $written - @done,
		"$name: twice only what the log did not have yet");

	# nothing is left to do
	($status, $out, $err) = run_client([ 'run', '--resume', '-c', 8,
			'--joblog', $log, '-o', $out_file, @$order, '--format', 'json',
			'--input', $shuffled, $plan ]);
	my $json = decode_json($out);
	is($status, 0, "$name: once more") or diag $err;
	is($json->{counts}{skipped}, 3000, "$name: all are skipped");
	is($json->{input}{rows}, 3000, "$name: and counted as rows");
	my $again = () = slurp($out_file) =~ /\n/g;
	is($again, $total, "$name: nothing is written again");
}

# A disk that is full: what the log says is done was written.
SKIP:
{
	skip 'there is no /dev/full', 3 unless -w '/dev/full';
	my $log = "$folder/full.log";
	my $input = input_file('full.csv', 'n,t', @rows);
	my ($status, $out, $err) = run_client([ 'run', '-q', '-c', 4, '--joblog',
			$log, '-o', '/dev/full', '--input', $input, $plan ]);

	is($status, 2, 'a full disk: exit status');
	like($err, qr/No space left/, 'a full disk: it is said');
	is(scalar(() = slurp($log) =~ /\tok\t/g), 0,
		'a full disk: the log claims nothing');
}

done_testing();
