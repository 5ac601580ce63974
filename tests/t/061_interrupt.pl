# Ctrl-C once lets what runs come to its end and starts nothing more, twice
# cancels on the server, three times leaves; always exit status 130, and no
# query of ours goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use Test::More;
use Time::HiRes qw(sleep time);

psql('DROP TABLE IF EXISTS interrupts; CREATE TABLE interrupts (who text)');

# Statements of these tests that are running now.
sub running
{
	my ($mark) = @_;

	return psql("SELECT count(*) FROM pg_stat_activity WHERE datname = "
		  . "current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND query LIKE '%$mark%'");
}

# Start a plan, and wait until that many statements run.
sub start_plan
{
	my ($text, $mark, $count, @args) = @_;
	my $client = start_client([ 'run', @args, plan_file($text) ]);

	wait_until("$count times $mark", sub {
		die "ended: " . $client->stdout . $client->stderr
		  if $client->has_ended;
		running($mark) >= $count;
	});
	return $client;
}

# Send that many, the loop having time to see each.
sub interrupt
{
	my ($client, $times, $signal) = @_;

	foreach my $i (1 .. $times)
	{
		sleep 0.3 if $i > 1;
		$client->signal($signal // 'INT');
	}
}

sub ends_at_once
{
	my ($name, $client, $mark, $begun) = @_;
	my ($status, $out, $err) = $client->finish;

	is($status, 130, "$name: exit status") or diag $out . $err;
	cmp_ok(time - $begun, '<', 60, "$name: long before the steps would end");
	wait_until("$name: its queries to end", sub { running($mark) == 0 });
	is(running($mark), 0, "$name: no query of ours is left");
	return $out . $err;
}

# ---- once: drains ----

my $client = start_plan(q{\task t
SELECT pg_sleep(1.5) AS "drain";
INSERT INTO interrupts VALUES ('ended');
}, 'drain', 2, '--tasks', 50, '-c', 2);
interrupt($client, 1);
my ($status, $out, $err) = $client->finish;
is($status, 130, 'once: exit status') or diag $out . $err;
is(psql('SELECT count(*) FROM interrupts'), 2,
	'once: the tasks that run end, no other starts');
is(running('drain'), 0, 'once: no query of ours is left');
like($out . $err, qr/wall\b/, 'once: there is a report');

# ---- twice: cancels, whatever the call ----

foreach my $call (qw(async blocking thread))
{
	my $mark = $call eq 'async' ? '' : "\\$call\n";
	my $begun = time;

	$client = start_plan("\\task a\n${mark}SELECT pg_sleep(600) AS \"two $call\";\n"
		  . "\\teardown\nINSERT INTO interrupts VALUES ('teardown $call');\n\\end\n",
		"two $call", 1);
	interrupt($client, 2);
	my $said = ends_at_once("twice, $call", $client, "two $call", $begun);
	like($said, qr/wall\b/, "twice, $call: there is a report");
	is(psql("SELECT count(*) FROM interrupts WHERE who = 'teardown $call'"),
		1, "twice, $call: the teardown has run");
}

# Several tasks: one runs, the others wait for the only connection.
my $begun = time;
$client = start_plan(q{\task t count=5
SELECT pg_sleep(600) AS "queue";
}, 'queue', 1, '--connections', 1);
interrupt($client, 2);
ends_at_once('twice, in the queue', $client, 'queue', $begun);

# Steps of other kinds beside the query.
my $silent = start_fault_server('silent');
foreach my $call (qw(async blocking thread))
{
	my $mark = $call eq 'async' ? '' : "\\$call\n";

	foreach my $step ('\sleep 600', '\http h GET ' . $silent->url)
	{
		my ($kind) = $step =~ /^\\(\w+)/;

		$begun = time;
		$client = start_plan(
			"\\task a\nSELECT pg_sleep(600) AS \"$kind $call\";\n"
			  . "\\task b\n\\sleep 0.1\n$mark$step\n", "$kind $call", 1);
		sleep 0.3;
		interrupt($client, 2);
		ends_at_once("twice, $kind $call", $client, "$kind $call", $begun);
	}
}

# ---- SIGTERM counts as well ----

$begun = time;
$client = start_plan("SELECT pg_sleep(600) AS \"term\";\n", 'term', 1);
interrupt($client, 2, 'TERM');
ends_at_once('SIGTERM twice', $client, 'term', $begun);

# ---- three times: leaves, although the server does not let go ----

foreach my $call (qw(async blocking thread))
{
	my $mark = $call eq 'async' ? '' : "\\$call\n";
	my $stubborn = "DO \$\$ BEGIN LOOP BEGIN PERFORM pg_sleep(600), 'three $call';"
	  . " EXCEPTION WHEN query_canceled THEN"
	  . " INSERT INTO interrupts VALUES ('stubborn'); END;"
	  . " END LOOP; END \$\$;\n";

	$begun = time;
	$client = start_plan("\\task a\n$mark$stubborn", "three $call", 1);
	interrupt($client, 3);
	($status, $out, $err) = $client->finish;
	is($status, 130, "three times, $call: exit status") or diag $out . $err;
	cmp_ok(time - $begun, '<', 60, "three times, $call: leaves at once");

	# The statement catches every cancel: what ends it is that the server
	# misses its client, or, below, an administrator.
	psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		  . "query LIKE '%three $call%' AND pid <> pg_backend_pid()");
	$begun = time;
	$client = start_plan(
		"\\task a\n${mark}SELECT pg_sleep(600) AS \"left $call\";\n",
		"left $call", 1);
	$client->signal('INT') && sleep 0.05 foreach 1 .. 3;
	ends_at_once("three times at once, $call", $client, "left $call",
		$begun);
}

psql('DROP TABLE interrupts');
done_testing();
