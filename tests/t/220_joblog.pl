# A job log has a line for each task that ended; --resume runs what is not done
# and --retry-failed what failed, each once, and a log that does not fit is
# refused.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use JSON::PP;
use Test::More;

my $folder = temp_folder();
my $log = "$folder/job.log";

psql('DROP TABLE IF EXISTS logged, poison;'
	  . 'CREATE TABLE logged (n bigint); CREATE TABLE poison (n bigint)');

# Fails for the numbers in "poison".
my $plan = plan_file(<<'PLAN', 'job.sql');
INSERT INTO logged
SELECT :task_number::bigint WHERE 1 / (SELECT (count(*) = 0)::int FROM poison
                                       WHERE n = :task_number::bigint) = 1;
PLAN

sub run_it { return run_client([ 'run', @_ ]); }

# The lines of tasks, each an array of its fields.
sub lines
{
	return map { [ split /\t/, $_, -1 ] }
	  grep { !/^#/ } split /\n/, slurp($_[0] // $log);
}

# Numbers of the tasks that ended so.
sub numbers
{
	my ($outcome) = @_;
	return join ',', sort { $a <=> $b }
	  map { $_->[0] } grep { $_->[6] eq $outcome } lines();
}

sub counts
{
	my ($out) = @_;
	my $counts = decode_json($out)->{counts};
	return join ' ', map { "$_=$counts->{$_}" } sort keys %$counts;
}

# ---- the log of a run ----

psql('INSERT INTO poison VALUES (3), (7)');
my ($status, $out, $err) =
  run_it($plan, '--tasks', 10, '-c', 3, '--joblog', $log, '-q');
is($status, 2, 'two tasks fail');
is(scalar(lines()), 10, 'each task has a line');
is(numbers('ok'), '1,2,4,5,6,8,9,10', 'those that ended well');
is(numbers('failed'), '3,7', 'and those that failed');
my ($failed) = grep { $_->[0] == 3 } lines();
is(scalar(@$failed), 9, 'a line has nine fields');
is($failed->[1], sprintf('%032x', 3), 'its number is its content');
is($failed->[2], 1, 'which occurs once');
like($failed->[3], qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'the start');
like($failed->[4], qr/^\d+\.\d{6}$/, 'the seconds');
is($failed->[7], '22012', 'the SQLSTATE');
like($failed->[8], qr/division by zero/, 'the error');
like(slurp($log), qr/\A# asyncdemo job log, format 1\n# plan [0-9a-f]{32}\n/,
	'it begins with format and fingerprint');

# ---- again, without a word about the log ----

my $before = slurp($log);
($status, $out, $err) = run_it($plan, '--tasks', 10, '--joblog', $log);
is($status, 1, 'a log that has lines is not overwritten');
like($err, qr/is there already.*--resume/s, 'with the remedy');
is(slurp($log), $before, 'it is as it was');
is(psql('SELECT count(*) FROM logged'), 8, 'nothing ran');

# ---- resume, retry ----

($status, $out, $err) = run_it($plan, '--tasks', 12, '--joblog', $log,
	'--resume', '--format', 'json');
is($status, 2, 'resume runs the failed ones again');
is(counts($out), 'canceled=0 failed=2 ok=2 skipped=8',
	'done, failed and skipped add up');
is(psql('SELECT count(*), count(DISTINCT n) FROM logged'), '10|10',
	'each ran once');

psql('DELETE FROM poison WHERE n = 3');
($status, $out, $err) = run_it($plan, '--tasks', 14, '--joblog', $log,
	'--retry-failed', '--format', 'json');
is($status, 2, 'one still fails');
is(counts($out), 'canceled=0 failed=1 ok=1 skipped=12',
	'only what failed is run');
psql('DELETE FROM poison');
($status, $out, $err) = run_it($plan, '--tasks', 14, '--joblog', $log,
	'--resume');
is($status, 0, 'then all is done');
like($err . $out, qr/Skipped: 11 tasks that were done before/,
	'the report tells what was skipped');
is(psql('SELECT count(*), count(DISTINCT n) FROM logged'), '14|14',
	'each once');
($status, $out, $err) = run_it($plan, '--tasks', 14, '--joblog', $log,
	'--resume', '--format', 'json');
is($status, 0, 'nothing is left to do, which is no failure');
is(counts($out), 'canceled=0 failed=0 ok=0 skipped=14', 'all are skipped');

# ---- several bodies, each task its own ----

my $two = plan_file(<<'PLAN');
\task a count=2
INSERT INTO logged VALUES (-:task_number::bigint);
\task b
INSERT INTO logged VALUES (1000 + :task_number::bigint);
PLAN
run_it($two, '--tasks', 7, '--joblog', "$folder/two.log", '-q');
run_it($two, '--tasks', 12, '--joblog', "$folder/two.log", '--resume', '-q');
is(psql('SELECT count(*), count(DISTINCT n) FROM logged '
		  . 'WHERE n < 0 OR n > 1000'),
	'12|12', 'tasks of several bodies go on as well');

# ---- what does not fit ----

sub refused
{
	my ($name, $message, $hint, @args) = @_;
	($status, $out, $err) = run_it(@args);
	is($status, 1, "$name: exit status") or diag $out . $err;
	like($err, $message, "$name: the message");
	like($err, qr/hint: .*$hint/s, "$name: the remedy");
	return;
}

my $other = plan_file('SELECT 1;');
refused('the log of another plan', qr/belongs to another plan/, qr/--joblog/,
	$other, '--tasks', 1, '--joblog', $log, '--resume');
refused('other -D values', qr/belongs to another plan/, qr/-D/,
	$plan, '-D', 'x=1', '--tasks', 1, '--joblog', $log, '--resume');
refused('no log', qr/there is no job log/, qr/--joblog/,
	$plan, '--tasks', 1, '--joblog', "$folder/none", '--retry-failed');
refused('another file', qr/is not a job log/, qr/--joblog/,
	$plan, '--tasks', 1, '--joblog', $plan, '--resume');
refused('a folder', qr/is not a file/, qr/name a file/,
	$plan, '--tasks', 1, '--joblog', $folder);
refused('a device', qr/is not a file/, qr/name a file/,
	$plan, '--tasks', 1, '--joblog', '/dev/null');
refused('--resume alone', qr/needs a job log or a ledger/, qr/--joblog/,
	$plan, '--resume');
refused('--retry-failed alone', qr/needs a job log/, qr/--joblog/,
	$plan, '--retry-failed');
ok(-s $plan, 'files that are none are left as they were');

# ---- comments do not make another plan; a torn line is no line ----

open my $handle, '>>', $log or die;
print $handle "15\t0000000000000000000000";
close $handle;
my $commented = plan_file("-- a comment\n" . slurp($plan), 'again.sql');
($status, $out, $err) = run_it($commented, '--tasks', 15, '--joblog', $log,
	'--resume', '-q');
is($status, 0, 'a torn last line is no error') or diag $err;
is(psql('SELECT count(*) FROM logged WHERE n = 15'), 1, 'its task runs');
is(scalar(grep { @$_ != 9 } lines()), 0, 'and the log is whole again');

open $handle, '>>', $log or die;
print $handle "nonsense\n";
close $handle;
refused('a line that is none', qr/job\.log", line \d+: this is not a line/,
	qr/mend or remove/, $plan, '--tasks', 1, '--joblog', $log, '--resume');

# ---- two at once ----

my $slow = plan_file("\\sleep 30\n");
my $first = start_client([ 'run', $slow, '--tasks', 1, '--joblog',
		"$folder/slow.log" ]);
wait_until('the log', sub { -s "$folder/slow.log" });
refused('a second run', qr/another run is writing/, qr/wait for its end/,
	$slow, '--tasks', 1, '--joblog', "$folder/slow.log", '--resume');
$first->signal('KILL');
$first->finish;
($status, $out, $err) = run_it($slow, '--tasks', 1, '--joblog',
	"$folder/slow.log", '--timeout', '50ms', '-q');
is($status, 2, 'after kill -9 the lock is gone; a log without tasks is new');
is((lines("$folder/slow.log"))[0][7], 'timeout',
	'without SQLSTATE the kind of error is told');

# ---- no room for the log: the run ends, says so, and can be gone on with ----

psql('TRUNCATE logged');
my $small = "$folder/small.log";
($status, $out, $err) = run_client(
	[ '-c', 'trap "" XFSZ; ulimit -f 16; exec asyncdemo "$@"', 'sh', 'run',
		$plan, '--tasks', 4000, '--joblog', $small, '--format', 'json' ],
	program => 'sh');
is($status, 2, 'a full disk is a failure') or diag $err;
like($err, qr/cannot write the job log .*small\.log.*: File too large.*\d+ tasks that ended are not in it/,
	'it says what is not in the log');
cmp_ok(psql('SELECT count(*) FROM logged'), '<', 4000, 'the run is ended');
is(scalar(grep { @$_ != 9 } lines($small)), 0, 'the log is whole');
my $in_log = lines($small);
my $done = psql('SELECT count(*) FROM logged');
($status, $out, $err) = run_it($plan, '--tasks', 4000, '--joblog', $small,
	'--resume', '--format', 'json');
is($status, 0, 'with room it goes on') or diag $err;
is(psql('SELECT count(*) - count(DISTINCT n), count(DISTINCT n) FROM logged'),
	($done - $in_log) . '|4000', 'what was not in the log is done again');

# ---- Ctrl-C twice: canceled is not failed ----

my $half = plan_file("\\if :task_number > 2\n\\sleep 30\n\\endif\n");
$first = start_client([ 'run', $half, '--tasks', 4, '-c', 4, '--joblog',
		"$folder/half.log", '-q' ]);
wait_until('two lines',
	sub
	{
		my $n = () = -e "$folder/half.log"
		  && slurp("$folder/half.log") =~ /\tok\t/g;
		return $n == 2;
	});
$first->signal('INT');
$first->signal('INT');
wait_until('its end', sub { $first->signal('INT'); $first->has_ended; });
is(($first->finish)[0], 130, 'interrupted');
is(join(' ', sort map { $_->[6] } lines("$folder/half.log")),
	'canceled canceled ok ok', 'what was canceled is in the log');
($status, $out, $err) = run_it($half, '--tasks', 4, '--joblog',
	"$folder/half.log", '--retry-failed', '--format', 'json');
is(counts($out), 'canceled=0 failed=0 ok=0 skipped=4',
	'what was canceled has not failed');

done_testing();
