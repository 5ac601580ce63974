# A saved run says the same again in any form; one that is damaged, newer or
# something else is refused with the place.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;

my $folder = temp_folder();
my $serve = start_serve();
my @http = ('-D', "http=$serve->{url}");

# Every number the same, but for what rounding to nanoseconds does to two.
sub differ
{
	my ($one, $two, $path) = @_;
	return "$path: " . (ref $one || 'scalar') . ' is ' . (ref $two || 'scalar')
	  if (ref $one || '') ne (ref $two || '');
	if (ref $one eq 'HASH')
	{
		my %all = (%$one, %$two);
		foreach my $key (sort keys %all)
		{
			return "$path.$key is there once"
			  unless exists $one->{$key} && exists $two->{$key};
			my $found = differ($one->{$key}, $two->{$key}, "$path.$key");
			return $found if $found;
		}
		return '';
	}
	if (ref $one eq 'ARRAY')
	{
		return "$path: " . @$one . ' or ' . @$two unless @$one == @$two;
		foreach (0 .. $#$one)
		{
			my $found = differ($one->[$_], $two->[$_], "$path\[$_]");
			return $found if $found;
		}
		return '';
	}
	return '' if !defined $one && !defined $two;
	return "$path is null once" unless defined $one && defined $two;
	return '' if $one eq $two;
	return '' if $path =~ /(mean|stddev)$/ && abs($one - $two) <= 2e-9 + 1e-6 * abs($one);
	return "$path: $one, $two";
}

my $rows = plan_file("n\n1\n2,\n3\n", 'rows.csv');
my @runs = (
	[ 'an input', 2, '--input', $rows, 'SELECT :n::int' ],
	[ 'mixed', 0, "\\task a\n\\blocking\n\\http p GET :http?delay=0.05\nSELECT 1;\n"
		. "\\task b count=2\n\\gather\n\\sleep 10ms\nSELECT pg_sleep(0.02);\n\\end\n\\expect 10" ],
	[ 'failures', 2, "\\task a\nSELECT 1/0;\n\\task b\nSELECT 'a\"<b>';" ],
	[ 'many', 0, '--tasks', 3000, '-c', 8, 'SELECT 1' ],
	[ 'at a rate', 0, '-R', 500, '-L', 3, '--tasks', 40, '-c', 1,
		'\sleep 10ms' ],
	[ 'sampled', 0, '--sample-server', '--sample-interval', '5ms',
		"\\setup\nDROP TABLE IF EXISTS again; CREATE TABLE again AS SELECT 1 AS v;\n\\end\n"
		. "\\task a\nBEGIN;\nUPDATE again SET v = 2;\n\\sleep 200ms\nCOMMIT;\n"
		. "\\task b\n\\sleep 20ms\nUPDATE again SET v = 3;" ],
	[ 'no wait', 0, "\\set x 1" ]);
foreach my $run (@runs)
{
	my ($name, $exit, @args) = @$run;
	my $text = pop @args;
	my $file = "$folder/$name.json";
	my ($status, $out, $err) = run_client(
		[ 'run', @http, '--format', 'json', '--svg', "$folder/1.svg", '--html', "$folder/1.html",
			'--metrics', "$folder/1.prom", '--hgrm', "$folder/1.hgrm", @args, '-e', $text ]);

	$exit = 3 if $name eq 'mixed';
	is($status, $exit, "$name: the run") or diag $err;
	plan_file($out, "$name.json");
	my $saved = decode_json($out);

	($status, $out, $err) = run_client([ 'report', $file, '--format', 'json',
			'--svg', "$folder/2.svg", '--html', "$folder/2.html",
			'--metrics', "$folder/2.prom", '--hgrm', "$folder/2.hgrm" ]);
	is($status, 0, "$name: reported again") or diag $err;
	is(differ($saved, decode_json($out), '$'), '', "$name: JSON is the same");
	foreach my $kind (qw(svg prom))
	{
		my @both = map { slurp("$folder/$_.$kind") } 1, 2;

		# a sum is saved as a mean, the begin in milliseconds
		s/((?:_sum\{.*\}|_timestamp_seconds) \d+\.\d\d\d)\d+$/$1/mg foreach @both;
		is($both[1], $both[0], "$name: $kind is the same");
	}
	my ($first, $second) = map { join "\n", grep { !/^#/ } split /\n/, slurp("$folder/$_.hgrm") } 1, 2;
	is($second, $first, "$name: percentiles are the same");

	($status, $out) = run_client([ 'report', '-' ], stdin => slurp($file));
	like($out, qr/\Q$saved->{verdict}{word}\E/, "$name: text, from standard input");
	($status, $out) = run_client([ 'report', '--format', 'csv', $file ]);
	like($out, qr/^1,run,/m, "$name: CSV");
	ok(-s "$folder/2.html" > 1000, "$name: a page");
}

# The data of a page can be taken out and read too.
my ($data) = slurp("$folder/2.html") =~ m{id="data">(.*?)</script>}s;
my ($status, $out, $err) = run_client([ 'report', plan_file($data, 'page.json') ]);
is($status, 0, 'what a page holds can be reported') or diag $err;

# What cannot be read
my $whole = slurp("$folder/mixed.json");
my %change = (
	'cut in the middle' => [ substr($whole, 0, 2000), qr/x\.json:1:\d+: this is no whole JSON document: .*\n  hint: was it cut/ ],
	'empty' => [ '', qr/x\.json:1:\d+: this is no whole JSON/ ],
	'other JSON' => [ '{"a": 1}', qr/"[^"]*x\.json" is not a saved run\n  hint: save one with asyncdemo run --format json/ ],
	'a list' => [ '[1]', qr/is not a saved run/ ],
	'newer' => [ $whole =~ s/"version":1/"version":7/r =~ s/asyncdemo 1\.0/asyncdemo 9.3/r,
		qr/was saved by a newer version: its format is 7, and this one reads up to 1\n  hint: read it with asyncdemo 9\.3 or a later one/ ],
	'a word' => [ $whole =~ s/"outcome":"ok"/"outcome":"fine"/r, qr/x\.json: tasks\[0\]\S*outcome is none of the words that this version knows\n  hint: it was damaged/ ],
	'no number' => [ $whole =~ s/"wall":[\d.]+/"wall":"long"/r, qr/x\.json: wall is no number/ ],
	'negative' => [ $whole =~ s/"concurrency":\d+/"concurrency":-1/r, qr/x\.json: concurrency is out of range/ ],
	'too large' => [ $whole =~ s/"wall":[\d.]+/"wall":1e300/r, qr/x\.json: wall is out of range/ ],
	'a step of nowhere' => [ $whole =~ s/("spans":\[\{"step":)\d+/${1}77/r, qr/x\.json: tasks\[0\]\.spans\[0\]\.step is no step of this run/ ],
	'a step twice' => [ $whole =~ s/("steps":\[)(\{"step":\d+,.*?"cost":[\d.]+\})/$1$2,$2/r, qr/x\.json: steps\[1\]\.step is there twice/ ],
	'a number of a step' => [ $whole =~ s/("steps":\[\{"step":)\d+/${1}99999999999/r, qr/x\.json: steps\[0\]\.step is out of range/ ],
	'missing' => [ $whole =~ s/"latency":/"lateness":/r, qr/x\.json: latency is missing/ ],
	'buckets' => [ $whole =~ s/("latency":.*?"buckets":\[\[[\d.]+,)\d+/${1}77/r, qr/x\.json: latency\.buckets are not as many as the count/ ],
	'no file' => [ undef, qr/cannot read "\/no\/such": No such file/ ]);
foreach my $name (sort keys %change)
{
	my ($text, $wanted) = @{ $change{$name} };
	my ($status, $out, $err) =
	  run_client([ 'report', defined $text ? plan_file($text, 'x.json') : '/no/such' ]);
	is($status, 1, "$name: exit 1");
	like($err, $wanted, "$name: says so");
	is($out, '', "$name: no report");
}

# A bit more of it missing each time: never a crash, always a sentence
my $bad = 0;
for (my $at = 1; $at < length $whole; $at += 997)
{
	my ($status, $out, $err) =
	  run_client([ 'report', plan_file(substr($whole, 0, $at), 'x.json') ]);
	$bad++ unless $status == 1 && $err =~ /\Aasyncdemo: error: /;
}
is($bad, 0, 'cut anywhere: refused');

# Added by a later version: passed over
my $more = $whole =~ s/"wall":/"moon_phase":[1,{"a":2}],"wall":/r =~ s/"classes":\{/"classes":{"dreaming":0.5,/r;
($status, $out, $err) = run_client([ 'report', plan_file($more, 'x.json') ]);
is($status, 0, 'what is unknown is passed over') or diag $err;

# Usage
foreach my $case (
	[ [], qr/there is no saved run to report\n  hint: name one file/ ],
	[ [ 'a', 'b', 'c' ], qr{two saved runs at most} ],
	[ [ "$folder/mixed.json", '--trace', "$folder/t" ], qr/a trace is written while a run goes on.*\n  hint: use asyncdemo run --trace/ ],
	[ [ "$folder/mixed.json", '--svg', '/no/such/x.svg' ], qr/cannot write "\/no\/such\/x\.svg"/ ])
{
	my ($args, $wanted) = @$case;
	my ($status, $out, $err) = run_client([ 'report', @$args ]);
	is($status, 1, "report @$args: exit 1");
	like($err, $wanted, 'says why');
}

done_testing();
