# Rows of \emit come out whole, once, in the order asked for; when they cannot
# be written the run stops, says so, and ends what it has begun.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use POSIX ();
use Test::More;

my $folder = temp_folder();

sub input_file
{
	my ($name, $text) = @_;
	return plan_file($text, $name);
}

my $numbers = input_file('n.csv', "n\n" . join('', map { "$_\n" } 1 .. 2000));
my @numbers = ('--input', $numbers);

# ---- forms ----

my $kinds = <<'END';
SELECT 1 AS i, 1.50 AS d, true AS b, NULL AS n, '' AS e, 'x,"y"' AS t,
  'NaN'::float8 AS f \gset
\emit :i :d :b :n :e :t :f
END
my ($status, $out, $err) =
  run_client([ 'run', '-q', '-e', $kinds, '--output-header' ]);
is($status, 0, 'CSV: exit status') or diag $err;
is($out, qq(i,d,b,n,e,t,f\n1,1.50,true,,"","x,""y""",NaN\n),
	'CSV: a header, NULL apart from empty');
($status, $out, $err) =
  run_client([ 'run', '-q', '-e', $kinds, '--output-format', 'jsonl' ]);
is($out, qq({"i":1,"d":1.50,"b":true,"n":null,"e":"","t":"x,\\"y\\"",)
	  . qq("f":"NaN"}\n), 'JSON lines: values by type');
($status, $out, $err) = run_client([ 'run', '-q', '-o', "$folder/k.jsonl",
		'-e', $kinds ]);
is(eval { decode_json(slurp("$folder/k.jsonl"))->{t} }, 'x,"y"',
	'the format as the file is named');
unlink "$folder/k.jsonl";

foreach my $case (
	[ 'headers that differ', qr/<command>:3:1: --output-header needs/,
		qr/same variables/, '--output-header', '-e',
		"\\set a 1\n\\emit :a\n\\emit :a :a\n" ],
	[ 'a header for JSON', qr/--output-header is for CSV only/, qr/names/,
		'--output-header', '--output-format', 'jsonl', '-e',
		"\\set a 1\n\\emit :a\n" ],
	[ 'an unknown format', qr/--output-format cannot be "xml"/, qr/jsonl/,
		'--output-format', 'xml', '-e', 'SELECT 1' ])
{
	my ($name, $message, $hint, @args) = @$case;

	($status, $out, $err) = run_client([ 'run', @args ]);
	is($status, 1, "$name: exit status");
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
}

# ---- order ----

# Every tenth task takes longer, and every seventh fails.
my $uneven = "\\if :n::int % 10 = 0\n\\sleep 20ms\n\\endif\n"
  . "\\assert :n::int % 7 <> 0\n\\emit :n";
$uneven =~ s/::int//g;
foreach my $case ([ 'one loop', '-c', 20 ], [ 'two loops', '-c', 20, '-j', 2 ])
{
	my ($name, @args) = @$case;

	($status, $out, $err) = run_client([ 'run', '-q', @numbers, @args,
			'--keep-order', '-e', $uneven ]);
	is($status, 3, "$name: assertions failed");
	is($out, join('', map { "$_\n" } grep { $_ % 7 } 1 .. 2000),
		"$name: in order, failed ones leave no gap");
	($status, $out, $err) =
	  run_client([ 'run', '-q', @numbers, @args, '-e', $uneven ]);
	is(join(' ', sort { $a <=> $b } split /\n/, $out),
		join(' ', grep { $_ % 7 } 1 .. 2000),
		"$name: as they end, each once");
	isnt($out, join('', map { "$_\n" } grep { $_ % 7 } 1 .. 2000),
		"$name: and that is another order");
}

# The first task holds the window up; what waits is bounded by it, so that the
# last rows cannot have begun when it ends.
my $held = "\\if :n = 1\n\\sleep 1s\n\\endif\n\\emit :n";
my $many = input_file('many.csv', "n\n" . join('', map { "$_\n" } 1 .. 60000));
($status, $out, $err) = run_client([ 'run', '-q', '--input', $many, '-c', 10,
		'--keep-order', '-e', $held ]);
is($status, 0, 'a task that holds the others up: exit status') or diag $err;
is($out, join('', map { "$_\n" } 1 .. 60000), 'all in order behind it');

# ---- what is cut off ----

SKIP:
{
	skip 'there is no /dev/full', 5 unless -w '/dev/full';
	($status, $out, $err) = run_client([ 'run', '--format', 'json', '-o',
			'/dev/full', '--input', $many, '-c', 4, '-e',
			"\\sleep 1ms\n\\emit :n" ]);
	my $json = decode_json($out);

	is($status, 2, 'a full disk: exit status');
	like($err, qr{cannot write the rows to /dev/full: No space left},
		'a full disk: it is said');
	is(scalar(() = $err =~ /error:/g), 1, 'once');
	cmp_ok($json->{input}{rows}, '<', 60000, 'no more tasks began');
	is($json->{counts}{ok}, $json->{input}{rows}, 'those under way ended');
}

{
	my $said = `asyncdemo run -q --input $many -e '\\emit :n' 2>&1 >&- | cat`;

	like($said, qr/cannot write/, 'standard output is closed: it is said');
	$said = `{ asyncdemo run -q --input $many -c 4 -e '\\sleep 1ms
\\emit :n' 2>$folder/said; echo \$? >$folder/status; } | head -n 3`;
	is($said, "1\n2\n3\n", 'a reader that ends: it had its rows')
	  or diag slurp("$folder/said");
	is(slurp("$folder/status"), "2\n", 'a reader that ends: exit status');
	like(slurp("$folder/said"), qr/Broken pipe/, 'a reader that ends: said');
}

# A reader that pauses holds no timer up, and Ctrl-C ends the wait for it.
{
	my $fifo = "$folder/out.fifo";
	my $reader;

	system('mkfifo', $fifo) == 0 or die 'cannot make a pipe';
	my $client = start_client([ 'run', '-o', $fifo, '--input', $numbers,
			'-e', "\\set t 'x'\n\\emit :n " . (':t ' x 200) ]);
	open $reader, '<', $fifo or die "cannot open $fifo: $!";
	sleep 1;
	ok(!$client->has_ended, 'a pipe that nobody reads: it waits');
	$client->signal('INT');
	($status, $out, $err) = $client->finish;
	is($status, 130, 'Ctrl-C ends the wait') or diag $err;
	like($err, qr/nobody reads .*: the rest of the rows is lost/,
		'and what that means is said');
	close $reader;
}

# kill -9 leaves whole rows of whole tasks.
{
	my $file = "$folder/killed.csv";
	my $client = start_client([ 'run', '-q', '-o', $file, '--input', $many,
			'-c', 4, '-e', "\\sleep 1ms\n\\emit :n\n\\emit :n" ]);

	wait_until('rows in the file', sub { -s $file });
	$client->signal('KILL');
	($status) = $client->finish;
	is($status, 128 + POSIX::SIGKILL(), 'killed');
	my $text = slurp($file);
	my %seen;
	$seen{$_}++ foreach split /\n/, $text;
	like($text, qr/\n\z/, 'the last row is whole');
	is(scalar(grep { $_ != 2 } values %seen), 0, 'all rows of a task or none');
}

done_testing();
