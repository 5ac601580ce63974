# A step that meets a fault fails with its cause and line, the other tasks end
# well, and the exit status is 2; a plan that cannot be read is exit status 1.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest ':cluster';
use Test::More;
use Time::HiRes qw(time);

# Without the proxies of whoever runs the tests.
my %direct = map { $_ => undef }
  qw(http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY);

psql('DROP TABLE IF EXISTS faults; CREATE TABLE faults (who text)');

# A task of these lines fails on the last one; the other task leaves its row.
# Returns how long it took.
sub one_fails
{
	my ($name, $lines, $cause) = @_;
	my $plan = plan_file(join("\n", "\\task bad", @$lines, "\\task good",
			"\\sleep 0.2", "INSERT INTO faults VALUES ('good');", ''));
	my $line = 1 + @$lines;
	my $begun = time;

	psql('TRUNCATE faults');
	my ($status, $out, $err) = run_client([ 'run', $plan ], env => \%direct);
	my $took_s = time - $begun;

	is($status, 2, "$name: exit status") or diag $out . $err;
	like($out . $err, $cause, "$name: the cause");
	like($out . $err, qr/\Q$plan\E:$line\b/, "$name: the line");
	is(psql('SELECT who FROM faults'), 'good', "$name: the other ends well");
	return $took_s;
}

# ---- the HTTP server ----

my %server = map { $_ => start_fault_server($_) }
  qw(close reset truncate silent);
my %cause = (
	close => qr/closed|empty|no answer|without/i,
	reset => qr/reset|closed|no answer/i,
	truncate => qr/truncat|\bearly|before|partial|incomplete|missing|closed/i);

foreach my $call (qw(async blocking thread))
{
	my @mark = $call eq 'async' ? () : ("\\$call");

	foreach my $fault (sort keys %cause)
	{
		one_fails("the HTTP server does $fault ($call)",
			[ @mark, '\http h GET ' . $server{$fault}->url ],
			$cause{$fault});
	}
	cmp_ok(
		one_fails("the HTTP server is silent ($call)",
			[ @mark, '\timeout 1', '\http h GET ' . $server{silent}->url ],
			qr/timed out after 1 s/),
		'>=', 1, "the HTTP server is silent ($call): not given up early");
}

# ---- a body that is not JSON ----

my $serve = start_serve();
one_fails('\json on no JSON',
	[ "\\set body '{\"value\": 3x}'", '\json v :body /value' ],
	qr/JSON/);
one_fails('\json on a truncated body',
	[ "\\set body '{\"value\": '", '\json v :body /value' ], qr/JSON/);

# ---- the PostgreSQL server ----

foreach my $call (qw(async blocking thread))
{
	my @mark = $call eq 'async' ? () : ("\\$call");

	one_fails("a backend ends itself ($call)",
		[ @mark, 'SELECT pg_terminate_backend(pg_backend_pid());' ],
		qr/57P01|terminat|lost/);
	one_fails("a statement times out ($call)",
		[ @mark, '\timeout 0.5', 'SELECT pg_sleep(600);' ],
		qr/timed out after 0\.5 s/);
	one_fails("an error of the server ($call)",
		[ @mark, 'SELECT 1/0;' ], qr/division by zero.*22012/s);
}

my $plan = plan_file(q{\task bad
SELECT pg_sleep(601);
\task good
SELECT pg_sleep(0.1);
\hold statement
\sleep 0.5
INSERT INTO faults VALUES ('good');
});
psql('TRUNCATE faults');
my $client = start_client([ 'run', $plan ], env => \%direct);
wait_until('the statement', sub {
	psql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database()
		  AND query LIKE '%pg_sleep(601)%' AND state = 'active'
		  AND pid <> pg_backend_pid()}) > 0;
});
my ($status, $out, $err) = $client->finish;
is($status, 2, 'a backend is killed: exit status') or diag $out . $err;
like($out . $err, qr/57P01|terminat|lost/, 'a backend is killed: the cause');
like($out . $err, qr/\Q$plan\E:2\b/, 'a backend is killed: the line');
is(psql('SELECT who FROM faults'), 'good',
	'a backend is killed: the other ends well');

# Both a polite restart and a crash.
my $mine = new_cluster('mine');
foreach my $how (qw(fast immediate))
{
	$plan = plan_file(q{\task bad
SELECT pg_sleep(602);
\task good
\sleep 0.2
\http h GET } . $serve->url('/?delay=0.1') . "\n");
	$client = start_client([ 'run', $plan ],
		env => { %direct, %{ $mine->{client_env} } });
	wait_until('the statement', sub {
		$mine->safe_psql('postgres',
			q{SELECT count(*) FROM pg_stat_activity
			WHERE query LIKE '%pg_sleep(602)%' AND state = 'active'
			  AND pid <> pg_backend_pid()}) > 0;
	});
	$mine->stop($how);
	$mine->start;
	($status, $out, $err) = $client->finish;
	is($status, 2, "the server restarts ($how): exit status")
	  or diag $out . $err;
	like($out . $err, qr/lost|57P01|57P02|terminat|closed/,
		"the server restarts ($how): the cause");
	like($out . $err, qr/\Q$plan\E:2\b/,
		"the server restarts ($how): the line");
	unlike($out . $err, qr/\Q$plan\E:5\b/,
		"the server restarts ($how): the other ends well");
}
$mine->stop;

# ---- plans that cannot be read ----

sub is_no_plan
{
	my ($name, $file, $cause) = @_;
	my ($got, $said_out, $said) = run_client([ 'run', $file ]);

	is($got, 1, "$name: exit status") or diag $said_out . $said;
	like($said, $cause, "$name: the cause");
	like($said, qr/\Q$file\E/, "$name: the file");
	is($said_out, '', "$name: nothing on standard output");
	cmp_ok(length $said, '<', 2000, "$name: not the whole file");
	unlike($said, qr/[^\n\t -~]/, "$name: nothing that upsets a terminal");
}

is_no_plan('a missing plan', temp_folder() . '/missing.sql',
	qr/No such file|not exist|cannot open/i);
is_no_plan('a folder', temp_folder(), qr/directory|folder/i);
is_no_plan('an empty plan', plan_file('', 'empty.sql'), qr/empty|no step|nothing/i);
is_no_plan('nothing but a comment', plan_file("-- nothing\n", 'comment.sql'),
	qr/empty|no step|nothing/i);
is_no_plan('a NUL byte', plan_file("SELECT 1;\nSELECT \0 2;\n", 'nul.sql'),
	qr/NUL|zero byte|byte 0/i);
is_no_plan('a binary plan',
	plan_file(join('', map { chr($_ * 37 % 255 + 1) } 1 .. 4096),
		'binary.sql'), qr/binary.sql/);
is_no_plan('10 MB of one literal without an end',
	plan_file("SELECT '" . 'x' x (10 << 20), 'long.sql'),
	qr/unterminated|not closed|never|end/);
is_no_plan('10 MB of mistakes',
	plan_file("\\nonsense\n" x (10 << 17), 'mistakes.sql'),
	qr/nonsense/);

psql('DROP TABLE faults');
done_testing();
