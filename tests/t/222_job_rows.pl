# Rows of an input are known by their content: a resumed job runs each once,
# wherever it stands now, identical ones as often as they occur; rows of \emit
# are written before the log says that their task is done.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(sleep);

my $folder = temp_folder();

sub run_it { return run_client([ 'run', @_ ]); }

sub lines
{
	return map { [ split /\t/, $_, -1 ] }
	  grep { !/^#/ } split /\n/, slurp($_[0]);
}

sub counts
{
	my ($out) = @_;
	my $counts = decode_json($out)->{counts};
	return join ' ', map { "$_=$counts->{$_}" }
	  grep { $counts->{$_} } sort keys %$counts;
}

# The table's rows, as a text to compare.
sub applied
{
	return psql("SELECT string_agg(name || '*' || n, ' ' ORDER BY name) FROM "
		  . '(SELECT name, count(*) AS n FROM rows_done GROUP BY name) x');
}

psql('DROP TABLE IF EXISTS rows_done, rows_book; '
	  . 'CREATE TABLE rows_done (id text, name text)');
my $plan = plan_file("INSERT INTO rows_done VALUES (:id, :name);\n"
	  . "SELECT 1 / (:fail::int - 1);\n");

my @ledger = ('--ledger', 'rows_book');
foreach my $with ([], \@ledger)
{
	my @how = ($plan, '-M', 'prepared', '--joblog', "$folder/log" . @$with, @$with, '-c', 3);
	my $words = @$with ? ' with a ledger' : '';
	my ($status, $out, $err);

	psql('TRUNCATE rows_done');

	# a and b twice, c and d once; d fails
	my $first = plan_file("id,name,fail\n1,a,0\n2,b,0\n1,a,0\n3,c,0\n4,d,1\n"
		  . "2,b,0\n", 'first.csv');
	($status, $out, $err) =
	  run_it(@how, '--input', $first, '--format', 'json');
	is($status, 2, "one row fails$words") or diag $err;
	is(counts($out), 'failed=1 ok=5', 'the others do not');
	psql("DELETE FROM rows_done WHERE name = 'd'"); # done without a ledger
	is(applied(), 'a*2 b*2 c*1', 'all five are there');
	is(join(',', sort map { $_->[2] } lines("$folder/log" . @$with)),
		'1,1,1,1,2,2', 'identical rows are told apart');

	# another order, another order of columns, one more a, and a new one
	my $second = plan_file("name,fail,id\nd,1,4\na,0,1\nb,0,2\na,0,1\nc,0,3\n"
		  . "e,0,5\na,0,1\nb,0,2\n", 'second.csv');
	($status, $out, $err) = run_it(@how, '--input', $second, '--resume',
		'--format', 'json');
	is(counts($out), 'failed=1 ok=2 skipped=5', "what is new is done$words")
	  or diag $err;
	psql("DELETE FROM rows_done WHERE name = 'd'");
	is(applied(), 'a*3 b*2 c*1 e*1', 'and nothing twice');

	($status, $out, $err) = run_it(@how, '--input', $second, '--retry-failed',
		'--format', 'json');
	is(counts($out), 'failed=1 skipped=7', "only what failed$words")
	  or diag $err;

	($status, $out, $err) = run_it(@how, '--tasks', 2, '-D', 'id=1', '-D',
		'name=x', '-D', 'fail=0', '--resume');
	is($status, 1, 'tasks without rows are another job');
	like($err, qr/belongs to another plan/, 'which is said');
}

# ---- JSON lines and CSV: the same content is the same row ----

my $csv = plan_file("id,name\n1,a\n2,b\n", 'same.csv');
my $jsonl = plan_file(qq({"name": "a", "id": "1"}\n{"name":"b","id":"2"}\n),
	'same.jsonl');
my @same = ('-M', 'prepared', '-e',
	'INSERT INTO rows_done VALUES (:id, :name);', '--joblog',
	"$folder/same.log", '--format', 'json');
psql('TRUNCATE rows_done');
run_it(@same, '--input', $csv);
my (undef, $json_out, $json_err) =
  run_it(@same, '--input', $jsonl, '--resume');
is(counts($json_out), 'skipped=2', 'the format of the input does not count')
  or diag $json_err;

# ---- a log that does not fit leaves the output as it was ----

my $kept = plan_file("precious\n", 'kept.csv');
my ($refused) = run_it('-e', "SELECT 1;\n\\set x 1\n\\emit :x", '--joblog',
	"$folder/same.log", '-o', $kept);
is($refused, 1, 'a log that is there already is refused');
is(slurp($kept), "precious\n", 'before the output is begun');

# ---- killed in the middle, with \emit: no row of it is missing ----

psql('TRUNCATE rows_done');
my @ids = shuffle(1 .. 3000, 1 .. 500);
my $many = plan_file("id\n" . join('', map { "$_\n" } @ids), 'many.csv');
my $emits = plan_file("INSERT INTO rows_done VALUES (:id, 'x');\n"
	  . "\\emit :id\n");
foreach my $order ([], ['--keep-order'])
{
	my ($log, $rows) = map { "$folder/killed" . @$order . $_ } '.log', '.csv';
	my @how = ($emits, '-M', 'prepared', '--input', $many, '--joblog', $log, '-o', $rows, '-c',
		8, @$order, '-q');
	my $nkills = 0;

	psql('TRUNCATE rows_done');
	for (1 .. 10)
	{
		my $client = start_client([ 'run', @how, $_ > 1 ? '--resume' : () ]);
		sleep 0.05 + rand 0.15;
		last if $client->has_ended;
		$nkills++;
		$client->signal('KILL');
		$client->finish;
	}
	my ($status, $out, $err) = run_it(@how, '--resume');
	is($status, 0, "done after $nkills kills @$order") or diag $err;
	my $logged = grep { $_->[6] eq 'ok' } lines($log);
	is($logged, 3500, 'each row has a line');
	my %emitted;
	$emitted{$_}++ foreach split /\n/, slurp($rows);
	is(scalar(grep { $emitted{$_} || 0 } 1 .. 3000), 3000,
		'each row has its rows in the output');
	is(scalar(grep { ($emitted{$_} || 0) < 2 } 1 .. 500), 0,
		'those that stand there twice have two');
	is(psql('SELECT count(*) FROM (SELECT id FROM rows_done GROUP BY id) x'),
		3000, 'all are applied');
	is(psql('SELECT count(*) FROM (SELECT id FROM rows_done WHERE id::int '
			  . '<= 500 GROUP BY id HAVING count(*) >= 2) x'), 500,
		'and the twins twice');
}

done_testing();
