# Reports go to files of their own, whole or not at all, and say so beforehand
# when they cannot.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;

my $folder = temp_folder();
my $serve = start_serve();
my @http = ('-D', "http=$serve->{url}");
my $plan = plan_file(<<'END', 'mixed.sql');
\task t1
\blocking
\http page GET :http?delay=0.1
SELECT pg_sleep(0.1);
\task t2
\http page GET :http?delay=0.1
SELECT pg_sleep(0.1);
\task many<&"
SELECT 1;
END
my %file = map { $_ => "$folder/run.$_" } qw(svg trace hgrm prom);
my @files = ('--svg', $file{svg}, '--trace', $file{trace},
	'--hgrm', $file{hgrm}, '--metrics', $file{prom});

# All of them, and the text report where it always is
{
	my ($status, $out, $err) = run_client([ 'run', @http, @files, $plan ]);
	is($status, 0, 'a run with every file') or diag $err;
	like($out, qr/ wall .*PARTIAL|wall/, 'the text report is on standard output');
	ok(-s $file{$_}, "$_ is there") foreach sort keys %file;
	is_deeply([ glob "$folder/.run*" ], [], 'nothing temporary is left');
}

# SVG: one well-formed picture of every task, with nothing from elsewhere
{
	my $svg = slurp($file{svg});
	my ($status, $out, $err) = run_client(
		[ '-c', 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])', $file{svg} ],
		program => 'python3');
	is($status, 0, 'svg: well-formed XML') or diag $err;
	like($svg, qr/>$_</, "svg: it shows $_") foreach qw(t1 t2 loop page blocking);
	like($svg, qr/many&#60;&#38;&#34;/, 'svg: names are escaped');
	unlike($svg, qr/(href|src|url\()=?["']?https?:/, 'svg: nothing is fetched');
	like($svg, qr/<title>[^<]*mixed\.sql/, 'svg: a title');
}

# .hgrm: increasing, ends at all tasks
{
	my @rows = grep { /^\s*\d/ } split /\n/, slurp($file{hgrm});
	my ($last, $sorted) = (0, 1);
	foreach (@rows)
	{
		my ($value, $percentile, $count) = split;
		$sorted = 0 if $value < $last;
		$last = $value;
	}
	ok(@rows >= 2, 'hgrm: rows');
	ok($sorted, 'hgrm: values increase');
	like($rows[-1], qr/^\s*[\d.]+ 1\.0{12}\s+3$/, 'hgrm: the last row is all tasks');
	like(slurp($file{hgrm}), qr/^#\[Max .*Total count\s*=\s*3\]/m, 'hgrm: the footer');
	cmp_ok($last, '>=', 200, 'hgrm: milliseconds');
}

# Prometheus: every line is a comment or a sample, every sample has a type
{
	my (%type, %seen, @wrong);
	foreach (split /\n/, slurp($file{prom}))
	{
		next if /^# HELP asyncdemo_\w+ \S/;
		if (/^# TYPE (asyncdemo_\w+) (gauge|summary)$/)
		{
			push @wrong, "$1 twice" if $type{$1}++;
			next;
		}
		if (/^(asyncdemo_\w+)(\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[\d.]+)$/)
		{
			my ($name, $labels) = ($1, $2 // '');
			(my $base = $name) =~ s/_(sum|count)$//;
			push @wrong, "$name has no type" unless $type{$name} || $type{$base};
			push @wrong, "$name$labels twice" if $seen{"$name$labels"}++;
			next;
		}
		push @wrong, $_;
	}
	is("@wrong", '', 'metrics: the text format');
	ok($seen{'asyncdemo_run_tasks{outcome="ok"}'}, 'metrics: tasks');
	like(slurp($file{prom}), qr/^asyncdemo_run_wall_seconds 0\.[1-9]/m, 'metrics: seconds');
	like(slurp($file{prom}), qr/quantile="0\.99"\} /, 'metrics: quantiles');
	like(slurp($file{prom}), qr/^asyncdemo_run_exit_code 0$/m, 'metrics: exit code');
}

# CSV on standard output, the same number of cells in every row
{
	my ($status, $out, $err) =
	  run_client([ 'run', @http, '--format', 'csv', '-e', 'SELECT 1' ]);
	my @rows = split /\r\n/, $out;
	my $cells = () = $rows[0] =~ /,/g;
	is($status, 0, 'csv: a run');
	like($rows[0], qr/^version,scope,step,file,line,name,kind,call,count,failed,seconds,/,
		'csv: a header');
	is(scalar(grep { (() = /,/g) != $cells } @rows), 0, 'csv: rows of equal length');
	is(scalar(grep { /^1,run,/ } @rows), 1, 'csv: one run');
	is(scalar(grep { /^1,class,/ } @rows), 10, 'csv: all classes');
	like($out, qr/^1,step,0,<command>,1,sql,sql,async,1,0,0\.0/m, 'csv: a step');
}

# What cannot be written is said before anything runs
my $locked = "$folder/locked";
mkdir $locked or die $!;
chmod 0555, $locked;
plan_file('old', 'readonly.txt');
chmod 0444, "$folder/readonly.txt";
foreach my $option (qw(--svg --trace --hgrm --metrics --output))
{
	foreach my $case ([ "$folder/no/such/folder", 'No such file' ],
		[ $folder, 'Is a directory' ],
		[ "$locked/file", 'Permission denied' ],
		[ "$folder/readonly.txt", 'Permission denied' ])
	{
		my ($path, $why) = @$case;
	  SKIP:
		{
			skip 'root may write everything', 3 if $> == 0 && $why =~ /Perm/;
			my ($status, $out, $err) = run_client([ 'run', $option, $path, '-e',
				"\\echo ran\nSELECT 1" ]);
			is($status, 1, "$option $path: exit 1");
			like($err, qr/error: cannot write "\Q$path\E": $why.*\n  hint: /,
				'it says why');
			unlike($err, qr/^ran$/m, 'nothing ran');
		}
	}
}
is(slurp("$folder/readonly.txt"), 'old', 'the old file is as it was');

# Two at one place
foreach my $case (
	[ 'two files', '--svg', "$folder/x", '--metrics', "$folder/x" ],
	[ 'rows and a report', '--output', "$folder/x", '--hgrm', "$folder/x" ])
{
	my ($name, @args) = @$case;
	my ($status, $out, $err) = run_client([ 'run', @args, '-e', 'SELECT 1' ]);
	is($status, 1, "$name in one file: exit 1");
	like($err, qr/name the same file, ".*x"\n  hint: give each/, 'both are named');
}
foreach my $case (
	[ 'json', '--format', 'json', '--svg', '-' ],
	[ 'csv', '--format', 'csv', '--metrics', '-' ],
	[ 'trace', '--hgrm', '-', '--trace', '-' ])
{
	my ($name, @args) = @$case;
	my ($status, $out, $err) = run_client([ 'run', @args, '-e', 'SELECT 1' ]);
	is($status, 1, "$name and another on standard output: exit 1");
	like($err, qr/cannot both go to standard output/, 'it says so');
	is($out, '', 'nothing is written');
}
my ($status, $out, $err) = run_client([ 'run', '--format', 'csv', '-e',
	"\\set a 1\n\\emit :a" ]);
is($status, 1, 'rows and CSV on standard output: exit 1');
like($err, qr/hint: send the rows to a file with --output/, 'the remedy');

# "-": text for people steps aside
($status, $out, $err) = run_client([ 'run', '--svg', '-', '-e', 'SELECT 1' ]);
like($out, qr/\A<svg .*<\/svg>\n\z/s, 'a picture on standard output');
like($err, qr/ wall /, 'the text report on standard error');

# A link stays a link, rights stay, and what fails leaves the old file
symlink "$folder/real.svg", "$folder/link.svg" or die $!;
plan_file('old', 'real.svg');
chmod 0640, "$folder/real.svg";
run_client([ 'run', '--svg', "$folder/link.svg", '-e', 'SELECT 1' ]);
ok(-l "$folder/link.svg", 'a link is still a link');
like(slurp("$folder/real.svg"), qr/\A<svg/, 'its file is written');
is((stat "$folder/real.svg")[2] & 07777, 0640, 'with its rights');

# No room: only where there is a device for it
SKIP:
{
	skip 'there is no /dev/full', 4 unless -w '/dev/full';
	($status, $out, $err) = run_client([ 'run', '--svg', '/dev/full', '-e', 'SELECT 1' ]);
	is($status, 2, 'a full disk: exit 2');
	like($err, qr{cannot write "/dev/full": No space left on device}, 'it says so');
	($status, $out, $err) = run_client([ 'run', '--trace', '/dev/full', '-e', 'SELECT 1' ]);
	is($status, 2, 'a full disk for the trace: exit 2');
	like($err, qr{cannot write "/dev/full": No space left on device}, 'it says so');
}

# No server: who watches the exit code sees it, pictures stay as they were
($status, $out, $err) = run_client([ 'run', '-h', '127.0.0.1', '-p', dead_port(),
	'--metrics', "$folder/down.prom", '--svg', "$folder/down.svg", '-e', 'SELECT 1' ]);
is($status, 4, 'no server: exit 4');
like(slurp("$folder/down.prom"), qr/^asyncdemo_run_exit_code 4$/m, 'in the metrics too');
ok(!-e "$folder/down.svg", 'no picture of a run that never was');

done_testing();
