# An input runs one task for each row, whatever its format; a record that is
# wrong is told with its line, counted, and does no harm to the others.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;

my $folder = temp_folder();

sub input_file
{
	my ($name, $text) = @_;
	return plan_file($text, $name);
}

# Rows on standard output, the report as JSON, exit status and standard error.
sub run_rows
{
	my ($plan, @args) = @_;
	my $out = "$folder/rows.out";
	my ($status, $report, $err) = run_client([ 'run', '--format', 'json',
			'-o', $out, '--output-format', 'csv', '--keep-order',
			'-e', $plan, @args ]);
	my $json = $report =~ /^\{/ ? decode_json($report) : {};

	return ($status, -e $out ? slurp($out) : '', $json, $err);
}

# Nothing is lost and nothing counted twice.
sub adds_up
{
	my ($json, $rows, $bad, $name) = @_;
	my $counts = $json->{counts} // {};

	is($json->{input}{rows}, $rows, "$name: rows");
	is($json->{input}{bad}, $bad, "$name: bad records");
	is(($counts->{ok} // 0) + ($counts->{failed} // 0) +
		  ($counts->{canceled} // 0), $rows, "$name: the counts add up");
	return;
}

# ---- formats ----

foreach my $case (
	[ 'CSV', 'a.csv', "id,t\n1,x\n2,\"y, \"\"z\"\"\"\n3,\n4,\"\"\n", ':id :t',
		"1,x\n2,\"y, \"\"z\"\"\"\n3,\n4,\"\"\n" ],
	[ 'TSV', 'a.tsv', "id\tt\n1\tx\\ty\n2\t\\N\n", ':id :t', "1,x\ty\n2,\n" ],
	[ 'JSON lines', 'a.jsonl', qq({"id":1,"t":{"k":[1, 2]}}\n{"id":1.50}\n),
		':id :t', qq(1,"{""k"":[1,2]}"\n1.50,\n) ],
	[ 'lines', 'a.txt', "one\n\ntwo, three", ':line',
		"one\n\"\"\n\"two, three\"\n" ],
	[ 'NUL-separated', 'a.nul', "one\ntwo\0three\0", ':line',
		"\"one\ntwo\"\nthree\n", '--input-format', 'nul' ],
	[ 'no header', 'b.csv', "1,2\n3,4\n", ':column1 :column2', "1,2\n3,4\n",
		'--input-header', 'no' ],
	[ 'names given', 'b.csv', "1;2\n3;4\n", ':x :y', "1,2\n3,4\n",
		'--input-columns', 'x,y', '--input-delimiter', ';' ])
{
	my ($name, $file, $text, $emit, $wanted, @args) = @$case;
	my ($status, $out, $json, $err) =
	  run_rows("\\emit $emit", '--input', input_file($file, $text), @args);

	is($status, 0, "$name: exit status") or diag $err;
	is($out, $wanted, "$name: the rows");
	adds_up($json, scalar(() = $wanted =~ /\n(?!two)/g), 0, $name);
}

# ---- from standard input and from a query ----

{
	my $text = join '', map { "$_\n" } 1 .. 3000;
	my ($status, $out, $err) = run_client([ 'run', '-q', '--keep-order',
			'--input', '-', '--input-format', 'lines', '-e',
			"SELECT :line::int + 1 AS more \\gset\n\\emit :more" ],
		stdin => $text);

	is($status, 0, 'standard input: exit status') or diag $err;
	is($out, join('', map { ($_ + 1) . "\n" } 1 .. 3000),
		'standard input: a statement for each line');
}

{
	my ($status, $out, $json, $err) = run_rows('\emit :i :t :n',
		'--input-sql', "SELECT i, 'x' || i AS t, NULL AS n "
		  . 'FROM generate_series(1, 2000) AS i ORDER BY i -- all;');

	is($status, 0, 'a query: exit status') or diag $err;
	is($out, join('', map { "$_,x$_,\n" } 1 .. 2000), 'a query: its rows');
	adds_up($json, 2000, 0, 'a query');

	($status, $out, $json, $err) =
	  run_rows('\emit :i', '--input-sql', 'SELECT nothing');
	is($status, 2, 'a query that is wrong: exit status');
	like($err, qr/--input-sql: column "nothing" does not exist/,
		'a query that is wrong: the message');

	($status, $out, $json, $err) = run_rows('\emit :q', '--input-sql',
		'SELECT 1 / (1000 - i) AS q FROM generate_series(1, 2000) AS i');
	is($status, 2, 'a query that fails midway: exit status');
	like($err, qr/--input-sql: division by zero/, 'and is told');
	cmp_ok($json->{input}{rows}, '>', 0, 'rows that were there are done');
	is($json->{counts}{ok}, $json->{input}{rows}, 'all of them');
}

# ---- limits ----

{
	my $many = input_file('many.csv',
		"n\n" . join('', map { "$_\n" } 1 .. 5000));
	my ($status, $out, $json, $err) =
	  run_rows('\emit :n', '--input', $many, '--tasks', 7);

	is($status, 0, '--tasks ends before the rows') or diag $err;
	adds_up($json, 7, 0, '--tasks');
	($status, $out, $json, $err) =
	  run_rows('\emit :n', '--input', $many, '--tasks', 9000);
	adds_up($json, 5000, 0, 'the rows end before --tasks');
	($status, $out, $json, $err) =
	  run_rows('\emit :n', '--input', $many, '-j', 2, '-c', 8);
	is($out, join('', map { "$_\n" } 1 .. 5000),
		'two loops share the rows, and their order is kept');
	($status, $out, $json, $err) = run_rows("\\sleep 300ms\n\\emit :n",
		'--input', $many, '-T', '1', '-c', 2);
	is($status, 0, '-T ends before the rows') or diag $err;
	cmp_ok($json->{input}{rows}, '<', 100, '-T: no more begin');
	is($json->{concurrency}, 2, '-c counts');
	($status, $out, $json, $err) = run_rows('\emit :n', '--input', $many);
	is($json->{concurrency}, 10, 'ten tasks are in flight by default');
}

# ---- bad records ----

my $huge = 'x' x 2_000_000;
foreach my $case (
	[ 'too few columns', "1\n", qr/:3: 1 column, where there should be 2/ ],
	[ 'too many columns', "1,2,3\n", qr/:3: 3 columns, where there/ ],
	[ 'invalid UTF-8', "1,caf\xE9\n", qr/:3: column 2 is not valid UTF-8/ ],
	[ 'a NUL', "1,\0\n", qr/:3: column 2 has a NUL byte/ ],
	[ 'a misplaced quote', "1,5\" pipe\n", qr/:3: column 2: a quote inside/ ],
	[ 'a field too large', "1,\"$huge\"\n",
		qr/:3: the record is larger than 1048576 bytes/ ])
{
	my ($name, $bad, $message) = @$case;
	my $file = input_file('bad.csv', "a,b\n1,2\n${bad}3,4\n");
	my @args = ('--input', $file, '--input-max-row', '1MB');
	my ($status, $out, $json, $err) = run_rows('\emit :a :b', @args);

	is($status, 2, "$name: exit status");
	is($out, "1,2\n3,4\n", "$name: the other rows");
	like($err, qr/warning: .*bad\.csv$message/, "$name: the message");
	like($err, qr/hint: /, "$name: a remedy");
	adds_up($json, 2, 1, $name);

	($status, $out, $json, $err) =
	  run_rows('\emit :a :b', @args, '--on-bad-row', 'stop', '-c', 1);
	is($status, 5, "$name, to stop: exit status");
	is($out, "1,2\n", "$name, to stop: what came before");
	adds_up($json, 1, 1, "$name, to stop");
}

{
	my $file = input_file('all_bad.csv', "a,b\n" . "1\n" x 1000);
	my ($status, $out, $json, $err) = run_rows('\emit :a', '--input', $file);

	is($status, 2, 'nothing but bad records: exit status');
	adds_up($json, 0, 1000, 'nothing but bad records');
	is(scalar(() = $err =~ /warning: /g), 20, 'twenty are told');
}

# ---- a value that SQL does not want ----

{
	my $file = input_file('value.csv', "n\n1\nx\n3\n");
	my ($status, $out, $json, $err) =
	  run_rows("SELECT :n::int AS m \\gset\n\\emit :m", '--input', $file);

	is($status, 2, 'no number: exit status');
	is($out, "1\n3\n", 'no number: the other rows');
	like($err, qr/22P02.*value\.csv line 3\)/, 'no number: SQLSTATE, place');
	is($json->{counts}{failed}, 1, 'no number: that task failed');
	adds_up($json, 3, 0, 'no number');
}

# ---- what is wrong before anything runs ----

my $good = input_file('good.csv', "id,email\n1,x\n");
foreach my $case (
	[ 'a duplicate name', qr/:1: columns 1 and 3 are both named "a"/,
		qr/--input-columns/,
		'--input', input_file('twice.csv', "a,b,a\n1,2,3\n") ],
	[ 'an empty name', qr/:1: column 2 has no name/, qr/--input-columns/,
		'--input', input_file('unnamed.csv', "a,,c\n1,2,3\n") ],
	[ 'no header at all', qr/the input is empty/, qr/--input-header no/,
		'--input', input_file('empty.csv', '') ],
	[ 'a missing file', qr/cannot read .*nothing\.csv/, qr/hint: /,
		'--input', "$folder/nothing.csv" ],
	[ 'a misspelt column', qr/variable "emial" is never set/,
		qr/did you mean ":email"/, '--input', $good, '-e', '\emit :emial' ],
	[ 'two bodies', qr/one task body for each row, and the plan has 2/,
		qr/keep one/, '--input', $good, '-e',
		"\\task a\n\\echo a\n\\task b\n\\echo b" ],
	[ 'two inputs', qr/--input and --input-sql exclude/, qr/keep the one/,
		'--input', $good, '--input-sql', 'SELECT 1' ],
	[ 'plan and rows from one stream', qr/cannot both come from standard/,
		qr/-e/, '--input', '-', '-' ],
	[ 'options without input', qr/--input, which is missing/, qr/--input/,
		'--input-format', 'csv' ],
	[ 'an unknown format', qr/--input-format cannot be "xml"/, qr/jsonl/,
		'--input', $good, '--input-format', 'xml' ],
	[ 'a delimiter of two', qr/--input-delimiter cannot be/, qr/tab/,
		'--input', $good, '--input-delimiter', '::' ],
	[ 'a size that is none', qr/--input-max-row cannot be "much"/, qr/64MB/,
		'--input', $good, '--input-max-row', 'much' ])
{
	my ($name, $message, $hint, @args) = @$case;
	push @args, '-e', '\echo ran' unless grep { $_ eq '-e' } @args;
	my ($status, $out, $err) = run_client([ 'run', @args ]);

	is($status, 1, "$name: exit status");
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
	unlike($err, qr/^ran$/m, "$name: nothing ran");
}

# ---- a pipe that is slow ----

{
	my $fifo = "$folder/slow.fifo";
	my $writer;

	system('mkfifo', $fifo) == 0 or die 'cannot make a pipe';
	my $client = start_client([ 'run', '-q', '--input', $fifo,
			'--input-format', 'lines', '-e', "\\sleep 10ms\n\\emit :line" ]);
	open $writer, '>', $fifo or die "cannot open $fifo: $!";
	$writer->autoflush(1);
	print $writer "one\n";
	wait_until('a row that is done while more may come',
		sub { $client->stdout =~ /^one$/m });
	print $writer "two\nthr";
	wait_until('the next row', sub { $client->stdout =~ /^two$/m });
	$client->signal('INT');
	my ($status, $out, $err) = $client->finish;
	is($status, 130, 'Ctrl-C ends the wait for rows') or diag $err;
	is($out, "one\ntwo\n", 'half a row is none');
	close $writer;
}

done_testing();
