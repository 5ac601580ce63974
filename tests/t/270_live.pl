# --live shows a run on the whole screen while it goes on, and however it ends
# the terminal is as it was, and what was said meanwhile is printed.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use AsyncDemoTest;
use Test::More;
use TestTerminal;
use Time::HiRes qw(sleep time);

binmode Test::More->builder->$_, ':utf8'
  foreach qw(output failure_output todo_output);

# ---- without a terminal, and what does not go together ----

foreach my $case (
	[ 'no terminal', [], qr/--live needs a terminal, and there is none/ ],
	[ 'with --compare', [ '--compare', 'async' ],
		qr/--live shows one run, --compare makes many/ ],
	[ 'with --no-progress', ['--no-progress'],
		qr/--live and --no-progress exclude each other/ ])
{
	my ($name, $args, $message) = @$case;
	my ($status, $out, $err) = run_client(
		[ 'asyncdemo', 'run', '--live', @$args, '-e', '\echo it runs' ],
		program => 'setsid');

	is($status, 1, "$name: exit status") or diag $out . $err;
	like($err, $message, "$name: the message");
	like($err, qr/^ *hint: /m, "$name: a remedy");
	unlike($out . $err, qr/it runs/, "$name: nothing has run");
}
{
	my ($status, $out, $err) = run_client([ 'demo', '--live' ]);

	is($status, 1, 'demo: exit status');
	like($err, qr/--live shows one run, demo makes many/, 'demo: the message');
}

my $stty;

# The terminal is as it was: screen, cursor, wrapping, modes.
my $is_restored = sub {
	my ($terminal, $name) = @_;

	is(join(' ', map { $terminal->mode($_) // '-' } 1049, 25, 7),
		'0 1 1', "$name: screen, cursor and wrapping are as before");
	is($terminal->run('stty -g') =~ /([0-9a-f:]{20,})/ && $1,
		$stty, "$name: the terminal's modes are, too");
};

my $terminal = TestTerminal->new;
($stty) = $terminal->run('stty -g') =~ /([0-9a-f:]{20,})/;

# Start a run on the terminal, wait for its first frame.
my $start = sub {
	my ($command, $pattern) = @_;

	$terminal->fresh;
	$terminal->type("asyncdemo run --live $command\n");
	$terminal->wait_for('the view', sub {
		$_[0]->mode(1049) && $_[0]->screen =~ ($pattern // qr/ running/);
	});
};

# Wait for its end: what came after the screen was given back, and the
# exit status.
my $finish = sub {
	$terminal->wait_for('the end', sub {
		substr($_[0]{seen}, $_[0]{told}) =~ /\e\[\?1049l.*ready>\z/s;
	});
	my $fresh = $terminal->fresh =~ s/.*\e\[\?1049l//sr;
	return $fresh . $terminal->run('echo "exit=$?"');
};

# The program that the shell runs.
my $pid = sub { return `pgrep -x -P $terminal->{pid} asyncdemo` + 0; };

# ---- a run from its begin to its end ----

my $says = plan_file("\\sleep 100ms\n\\echo said\n", 'says.sql');
$start->("--tasks 60 -c 4 $says", qr/[1-9]\d*\/60/);
is($terminal->mode(25), 0, 'the cursor is hidden');
is($terminal->mode(7), 0, 'nothing is wrapped');
my $screen = $terminal->wait_for('a rate', sub {
	my $screen = $_[0]->screen;
	$screen =~ /\d\/s mean  \S+/ && $screen;
});
like($screen, qr/^\d+\.\d s  \S*says\.sql$/m, 'a title');
like($screen, qr/^▕█* *▏  \d+ %  \d+\/60  ETA 0:\d\d$/m, 'how far it is');
like($screen, qr{^4/4 running}m, 'what is under way');
like($screen, qr/^p50 0?\.?1\d* /m, 'percentiles');
like($screen, qr/^  sleep +█+ +\d+ % +\d+ %$/m, 'where the time goes');
like($screen, qr/^ +[\d.]+ m?s  \S*#\d+ +line 1, sleep: under way/m,
	'a task that runs');
like($screen, qr/^Messages.*\n  said$/m, 'what was said meanwhile');
my $after = $finish->();
like($after, qr/exit=0/, 'exit status');
like($after, qr/\Asaid\r\n(?:said\r\n){59}.*60 tasks/s,
	'the messages are printed, then the report');
$is_restored->($terminal, 'in the end');
ok(!$terminal->overflow, 'nothing was drawn outside of the screen');

# ---- any size ----

$start->('-T 30 -c 4 -e "\\sleep 100ms"');
foreach my $size ([ 40, 12 ], [ 20, 5 ], [ 200, 50 ], [ 80, 24 ])
{
	my ($columns, $lines) = @$size;

	$terminal->resize(@$size);
	$terminal->wait_for("a frame of $columns x $lines", sub {
		$_[0]->fresh =~ /\e\[1;1H.*\e\[3;1H/s;
	});
	$terminal->{overflow} = 0;
	my $frames = 0;
	$terminal->wait_for('some more', sub {
		$frames++ if $_[0]->fresh =~ /\e\[\d+;1H/;
		$frames > 4;
	});
	like($terminal->screen, qr/ running/, "$columns x $lines: a frame");
	ok(!$terminal->overflow, "$columns x $lines: it fits");
}

# ---- Ctrl-Z and fg ----

$terminal->fresh;
$terminal->type("\cZ");
$terminal->wait_for('the shell',
	sub { substr($_[0]{seen}, $_[0]{told}) =~ /Stopped.*ready>/s });
$is_restored->($terminal, 'Ctrl-Z');
$terminal->type("fg\n");
$terminal->wait_for('the view again',
	sub { $_[0]->mode(1049) && $_[0]->screen =~ / running/ });
is($terminal->mode(25), 0, 'fg: it is there again');

# in the background the terminal is the shell's
$terminal->type("\cZ");
$terminal->wait_for('the shell again',
	sub { !$_[0]->mode(1049) && $_[0]->screen =~ /Stopped.*\n*ready>/s });
$terminal->run('bg');
sleep 0.5;
$terminal->read_some(0);
$is_restored->($terminal, 'bg');
like($terminal->run('jobs'), qr/Running/, 'bg: it runs');
$terminal->type("fg\n");
$terminal->wait_for('the view once more',
	sub { $_[0]->mode(1049) && $_[0]->screen =~ / running/ });

# stopped where nobody can tidy up, and redrawn afterwards
$terminal->fresh;
ok(kill('CONT', $pid->()), 'SIGCONT');
$terminal->wait_for('a whole frame',
	sub { substr($_[0]{seen}, $_[0]{told}) =~ /\e\[\?1049h.*\e\[1;1H/s });

# ---- Ctrl-C, once ----

$terminal->type("\cC");
$after = $finish->();
like($after, qr/exit=130/, 'Ctrl-C: exit status');
like($after, qr/stopping: waiting.*tasks/s,
	'Ctrl-C: what was said, and the report');
$is_restored->($terminal, 'Ctrl-C');

# ---- twice, thrice, on a server that does not let go ----

my $stubborn = plan_file(
	"DO \$\$ BEGIN LOOP BEGIN PERFORM pg_sleep(600), 'live stubborn';"
	  . " EXCEPTION WHEN query_canceled THEN NULL; END;"
	  . " END LOOP; END \$\$;\n");
foreach my $call ('', "--mode blocking ")
{
	my $name = $call eq '' ? 'Ctrl-C' : 'Ctrl-C, blocking';

	$start->("$call$stubborn");
	sleep 0.5;
	$terminal->type("\cC");
	$terminal->wait_for('the first',
		sub { $_[0]->screen =~ /stopping: Ctrl-C again cancels/ });
	$terminal->type("\cC");
	$terminal->wait_for('the second',
		sub { $_[0]->screen =~ /canceling: Ctrl-C again leaves/ });
	$terminal->type("\cC");
	$after = $finish->();
	like($after, qr/exit=130/, "$name three times: exit status");
	unlike($after, qr/wall/, "$name three times: no report");
	$is_restored->($terminal, "$name three times");
	psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		  . "datname = current_database() AND query LIKE '%live stubborn%' AND pid <> pg_backend_pid()");
}
$start->('-e "SELECT pg_sleep(600)"');
sleep 0.3;
$terminal->type("\cC");
$terminal->wait_for('the first', sub { $_[0]->screen =~ /stopping/ });
$terminal->type("\cC");
$after = $finish->();
like($after, qr/exit=130/, 'Ctrl-C twice: exit status');
like($after, qr/wall/, 'Ctrl-C twice: a report');
$is_restored->($terminal, 'Ctrl-C twice');

# ---- other signals ----

# a sanitizer has a word of its own about faults
foreach my $case (
	$ENV{SANITIZE} ? () : ([ 'SEGV', 139 ], [ 'ABRT', 134 ]),
	[ 'TERM', 130 ], [ 'HUP', 129 ], [ 'QUIT', 131 ],
	[ 'USR1', 138 ])
{
	my ($signal, $status) = @$case;

	$start->("-T 30 -c 2 $says", qr/[1-9]\d* done(?s:.*)said/);
	kill $signal, $pid->();
	$after = $finish->();
	like($after, qr/exit=$status/, "$signal: exit status");
	like($after, qr/\Asaid\r\n/, "$signal: what was said is printed");
	$is_restored->($terminal, $signal);
}

# ---- a loop that is held is seen to be ----

my $holds = plan_file("\\blocking\n\\sleep 1.5\n");
$start->("--tasks 3 -c 3 $holds",
	qr/Loop held 100 % of the last second by line 2, sleep, task \d/);
pass('the screen is drawn while a call holds the loop');
like($terminal->screen, qr/^  loop +█+ +\d+ %/m, 'whom others wait for');
like($finish->(), qr/exit=0/, 'held: exit status');

# ---- errors, several loops, no colour, other streams ----

$start->('-T 30 -c 4 -j 2 -e "\\sleep 20ms" -e "SELECT 1/0"',
	qr/Errors, the newest first\n +\d+ x  division by zero/);
like($terminal->screen, qr/  2 loops  /, 'several loops as one');
like($terminal->screen, qr/^[1-9]\d* failed/m, 'failures are counted');
like($terminal->fresh, qr/\e\[3\dm/, 'in colour');
$terminal->type("\cC");
like($finish->(), qr/exit=130/, 'errors: exit status');

$terminal->run('export NO_COLOR=1 LC_ALL=C');
$start->('-T 30 -c 4 -e "\\sleep 20ms"', qr/  sleep +#+ +\d+ %/);
my $plain = $terminal->fresh;
unlike($plain, qr/\e\[[1-9]\d*m/, 'NO_COLOR: none');
unlike($plain, qr/[\x80-\xFF]/, 'no UTF-8: ASCII only');
$terminal->type("\cC");
$finish->();
$terminal->run('unset NO_COLOR; export LC_ALL=C.UTF-8');

my $json = temp_folder() . '/live.json';
my $errors = temp_folder() . '/live.err';
$start->("-T 30 -c 4 --format json $says >$json 2>$errors");
unlike($terminal->screen, qr/Messages/, 'standard error in a file: not shown');
$terminal->type("\cC");
like($finish->(), qr/exit=130/, 'streams to files: exit status');
like(slurp($json), qr/\A\{/, 'standard output is for data');
unlike(slurp($json) . slurp($errors), qr/\e/, 'and nothing else');
like(slurp($errors), qr/^said$/m, 'what was said is in the file');
$is_restored->($terminal, 'streams to files');

# ---- a terminal that takes nothing, and messages without end ----

my $joblog = temp_folder() . '/live.log';
my $logged = sub { return scalar(() = slurp($joblog) =~ /\n/g); };
$start->("-T 60 -c 4 --joblog $joblog $says");
$terminal->type("\cS");
sleep 0.3;
my $before = $logged->();
wait_until('the run goes on', sub { $logged->() > $before + 40 });
pass('Ctrl-S stops the view, not the run');
$terminal->type("\cQ");
$terminal->fresh;
$terminal->wait_for('the view goes on', sub {
	substr($_[0]{seen}, $_[0]{told}) =~ /\e\[1;1H.*\e\[1;1H/s;
});
$terminal->type("\cC");
like($finish->(), qr/exit=130/, 'Ctrl-S: exit status');
$is_restored->($terminal, 'Ctrl-S');

my $talks = plan_file("\\echo a line that is long enough, :task_number\n");
$terminal->fresh;    # it may be over before it is drawn for the first time
$terminal->type("asyncdemo run --live --tasks 30000 -c 10 $talks\n");
$after = $finish->();
like($after, qr/\A\S+ of the messages the first [1-9]\d* lines were too many/,
	'of too many messages it is told how many are lost');
like($after, qr/\n(?:a line that is long enough, \d+\r\n){100}.*30000 tasks/s,
	'the newest are printed');
cmp_ok(length $after, '<', 600_000, 'no more than can be kept');

# ---- several runs, one screen ----

$terminal->fresh;
$terminal->type('asyncdemo sweep --live --to 4 --rounds 1 --point-time 400ms '
	  . "-e '\\sleep 10ms'\n");
foreach my $concurrency (1, 2, 4)
{
	$terminal->wait_for("concurrency $concurrency", sub {
		substr($_[0]{seen}, $_[0]{told}) =~
		  /sweep, run \d: concurrency $concurrency\e/;
	});
}
$terminal->wait_for('the end', sub {
	substr($_[0]{seen}, $_[0]{told}) =~ /\e\[\?1049l.*ready>\z/s;
});
$after = $terminal->fresh;
is(scalar(() = $after =~ /\e\[\?1049h/g), 1, 'sweep: the screen is taken once');
like($after =~ s/.*\e\[\?1049l//sr, qr/\A *concurrency +tasks\/s.*Best:/s,
	'sweep: then its report');
$is_restored->($terminal, 'sweep');

# ---- what the terminal cannot be ----

my $emits = plan_file("\\set x 1\n\\emit :x\n");
foreach my $case (
	[ 'dumb', 'TERM=dumb', '-e "\\echo x"', qr/TERM is dumb/ ],
	[ 'no TERM', 'env -u TERM', '-e "\\echo x"', qr/TERM is not set/ ],
	[ 'rows', '', $emits,
		qr/rows of \\emit would go/ ],
	[ 'input', '',
		'--input - --input-format lines --input-columns v ' . $says,
		qr/input would be read/ ])
{
	my ($name, $before, $args, $message) = @$case;
	my $said = $terminal->run(
		"$before asyncdemo run --live $args; echo \"exit=\$?\"");

	like($said, qr/exit=1\r/, "$name: exit status");
	like($said, $message, "$name: the message");
	unlike($said, qr/1049/, "$name: the screen is left alone");
}
$is_restored->($terminal, 'refused');
$terminal->close;

done_testing();
