# While a run is under way it tells how far it is: on standard error, as lines
# or as one line of the terminal that is gone in the end; standard output is
# for data.

use strict;
use warnings;

use AsyncDemoTest;
use POSIX ();
use Test::More;

foreach my $case (
	[ 'no time', qr/--progress cannot be "often"/, qr/300ms/,
		'-P', 'often' ],
	[ 'no time at all', qr/--progress cannot be "0"/, qr/longer than/,
		'-P', 0 ])
{
	my ($name, $message, $hint, @args) = @$case;
	my ($status, $out, $err) = run_client([ 'run', '-e', '\echo x', @args ]);

	is($status, 1, "$name: exit status") or diag $out . $err;
	like($err, $message, "$name: the message");
	like($err, $hint, "$name: the remedy");
}

# ---- lines ----

{
	my ($status, $out, $err) = run_client(
		[ 'run', '-q', '-P', '0.2', '-T', 1.1, '-c', 2, '-e',
			"\\sleep 10ms\n\\set x 1\n\\emit :x" ]);
	my @lines = grep { /^progress/ } split /\n/, $err;

	is($status, 0, 'lines: exit status');
	cmp_ok(scalar @lines, '>=', 3, 'a line every 0.2 s');
	is(scalar(grep {
		/^progress: \d+\.\d s, \d+\.\d tps, lat \d+\.\d{3} ms stddev \d+\.\d{3}, 0 failed$/
	} @lines), scalar @lines, 'as pgbench writes them') or diag $err;
	like($lines[0], qr/ lat 1\d\.|lat [2-9]\d\./, 'with a latency that can be');
	like($out, qr/^(?:1\n)+$/, 'only data on standard output');
}

{
	my ($status, $out, $err) = run_client(
		[ 'run', '-q', '-P', '0.3', '-T', 1, '-c', 1, '-R', 200, '-L', 10,
			'-e', "\\sleep 20ms" ]);

	like($err,
		qr/^progress: .* failed, lag \d+\.\d{3} ms, [1-9]\d* skipped$/m,
		'with --rate and a limit: lag and skipped');
}

{
	my ($status, $out, $err) = run_client(
		[ 'run', '-P', '0.3', '-T', 1, '-c', 1, '-e',
			"\\sleep 10ms\nSELECT 1/0;" ]);

	like($err, qr/^progress: .* 0\.0 tps, .* [1-9]\d* failed$/m,
		'failed tasks are told apart');
}

foreach my $args ([], ['--no-progress'], [ '-P', 1, '--no-progress' ])
{
	my ($status, $out, $err) = run_client(
		[ 'run', '-q', @$args, '-T', 1.2, '-c', 2, '-e', '\sleep 10ms' ]);

	is($err, '', "no terminal, options (@$args): silence");
}

# ---- the terminal ----

SKIP:
{
	skip 'IO::Pty is not installed', 1 unless eval { require IO::Pty; 1 };

	# What a terminal of so many columns gets to see.
	my $on_terminal = sub {
		my ($columns, %option) = @_;
		my $pty = IO::Pty->new;
		my $slave = $pty->slave;
		my $seen = '';
		my $pid;

		$slave->set_raw;
		$pty->set_winsize(24, $columns, 0, 0);
		$pid = fork // die "fork: $!\n";
		if ($pid == 0)
		{
			untie *STDOUT;
			untie *STDERR;
			my $fd = fileno $slave;
			my $null = POSIX::open('/dev/null', POSIX::O_RDWR());
			POSIX::dup2($null, 0);
			POSIX::dup2($option{stdout} ? $fd : $null, 1);
			POSIX::dup2($fd, 2);
			%ENV = (%ENV, AsyncDemoTest::server_env());
			no warnings 'exec';
			exec 'asyncdemo', 'run', @{ $option{args} };
			POSIX::_exit(127);
		}
		close $slave;
		while (sysread $pty, my $part, 4096)
		{
			$seen .= $part;
		}
		waitpid $pid, 0;
		return ($? >> 8, $seen);
	};

	# The columns that each drawing takes.
	my $widths = sub {
		return map { length } $_[0] =~ /\r([^\r\n\e]+)\e\[K/g;
	};

	my @plan = ('-T', 1.3, '-c', 3, '-e', '\sleep 20ms');
	my ($status, $seen) = $on_terminal->(100, args => \@plan);
	my @drawn = $widths->($seen);

	is($status, 0, 'on a terminal: exit status');
	cmp_ok(scalar @drawn, '>=', 3, 'a line is drawn again and again');
	like($seen, qr/\r\d+ done  \d+\/s  \d running  ETA 0:0\d\e\[K/,
		'and tells what is done');
	like($seen, qr/\r\e\[K(?!.*\e\[K)/s, 'it is gone in the end');
	unlike($seen =~ s/\r[^\n]*\e\[K//gr, qr/ETA/, 'nothing of it stays');

	foreach my $columns (20, 40, 200)
	{
		($status, $seen) = $on_terminal->($columns,
			args => [ '--tasks', 60, '-c', 1, '-e', '\sleep 20ms' ]);
		@drawn = $widths->($seen);
		is(scalar(grep { $_ >= $columns } @drawn), 0,
			"$columns columns: it fits");
		like($seen, qr/\r\d+\/60/, "$columns columns: done and total");
	}

	($status, $seen) = $on_terminal->(80,
		args => [ '--tasks', 40, '-c', 1, '-e',
			"\\sleep 20ms\n\\echo word" ]);
	like($seen, qr/\r\e\[Kword\n/, 'other lines begin where it was');
	unlike($seen, qr/running[^\e]*word/, 'and are not mixed with it');

	foreach my $args ([ '-q' ], ['--no-progress'])
	{
		($status, $seen) = $on_terminal->(80, args => [ @$args, @plan ]);
		unlike($seen, qr/ETA/, "@$args: none");
	}
	($status, $seen) = $on_terminal->(80, args => [ '-P', '0.5', @plan ]);
	like($seen, qr/^progress: /m, '-P: lines on a terminal, too');
	unlike($seen, qr/ETA/, 'and no status line');
	($status, $seen) = $on_terminal->(80, stdout => 1,
		args => [ '-T', 1, '-c', 1, '-q', '-e',
			"\\sleep 50ms\n\\set x 5\n\\emit :x" ]);
	unlike($seen, qr/ETA/, 'none when rows go to the same terminal');
}

done_testing();
