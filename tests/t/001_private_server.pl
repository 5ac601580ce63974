# A private server gives its command what it promises, and leaves nothing,
# however it ends.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;
use Time::HiRes qw(sleep);

my $program = checkout() . '/tests/private-server';

# In a folder of our own, so that what is left can be seen; and with the
# programs of this session, so that nothing is built again.
my $tmp = temp_folder() . '/t';
mkdir $tmp or die "$tmp: $!\n";
my %env = (TMPDIR => $tmp, ASYNCDEMO_STAGE => $ENV{ASYNCDEMO_SESSION});

sub private_server
{
	my ($args, %option) = @_;
	return run_client($args, program => $program, env => \%env, %option);
}

# Sessions' folders, and processes that work in them or know their name.
sub leftovers
{
	my @left = glob "$tmp/asyncdemo.*";

	foreach my $process (glob '/proc/[0-9]*')
	{
		my $cwd = readlink("$process/cwd") // '';
		push @left, "$process in $cwd" if $cwd =~ m{^\Q$tmp\E/asyncdemo};
		my $environ = eval { slurp("$process/environ") } // '';
		push @left, "$process knows the session"
		  if $environ =~ m{ASYNCDEMO_SESSION=\Q$tmp\E/};
	}
	return "@left";
}

# The caller's own settings lead nobody away from our server.
my %misleading = (
	PGSERVICE => 'x', PGOPTIONS => '-c nonsense=1', PGHOSTADDR => '192.0.2.1',
	PGDATA => '/nonexistent', PGPORT => 5432);
my ($status, $out, $err) = run_client(
	[
		'-c', 'work_mem=7MB', 'psql', '-XAtq',
		'-c', 'CREATE EXTENSION asyncdemo',
		'-c', 'SHOW work_mem',
		'-c', 'SHOW max_connections',
		'-c', 'SHOW asyncdemo.http_allow',
		'-c', 'SELECT asyncdemo.delay(0) IS NOT NULL',
		'-c', 'SELECT current_database(), current_user'
	],
	program => $program, env => { %env, %misleading });
is($status, 0, 'psql on a private server') or diag $err;
is( $out,
	"7MB\n1200\npublic, 127.0.0.0/8:*, [::1]:*\nt\ndemo|postgres\n",
	'the settings, the extension, the database');
is(leftovers(), '', 'nothing is left');

# A password is asked for where other users of the machine can come.
($status, $out, $err) = private_server(
	[
		'sh', '-c', 'cat; pwd; psql -wXAtc "SELECT 2" -h 127.0.0.1; '
		  . 'PGPASSFILE=/nonexistent psql -wXAtc "SELECT 3" -h 127.0.0.1; '
		  . 'asyncdemo --version >/dev/null && exit 7'
	],
	stdin => "hello\n", cwd => '/usr');
is($status, 7, "the command's own exit status, with the client on PATH");
is($out, "hello\n/usr\n2\n",
	"its own input, output and folder; the password file opens the port");
like($err, qr/\A.*no password supplied\s*\z/,
	'without it the port is closed; and there are no other words');

is((private_server([ 'sh', '-c', 'kill -KILL $$' ]))[0],
	137, 'a signal as 128 + its number');
is((private_server(['no-such-program']))[0], 127, 'no such program');
($status, $out, $err) = private_server(['--no-such-option']);
is($status, 1, 'an unknown option');
like($err, qr/unknown option "--no-such-option"; try --help/, 'its message');
is((private_server([]))[0], 1, 'no command');

# Killed in any way, with children of every sort: nothing stays behind.
my %status_of = (TERM => 143, INT => 130, HUP => 129, KILL => 137);
foreach my $signal (sort keys %status_of)
{
	# The one that says "started" is the one that the shell waits for: between
	# two commands a shell forgets an interrupt, at a terminal too.
	my $script = 'psql -c "SELECT pg_sleep(600)" & setsid sleep 600 & '
	  . q{perl -e 'open my $f, ">", "started"; sleep 600'; true};
	my $run = start_client([ 'bash', '-c', qq{cd "\$TMPDIR"; $script} ],
		program => $program, env => \%env);

	wait_until("the command of SIG$signal",
		sub { glob("$tmp/asyncdemo.*/tmp/started") || $run->has_ended });
	$run->signal($signal);
	is(($run->finish)[0], $status_of{$signal}, "SIG$signal: exit status");
	# After SIGKILL only the watchdog is there to clean up.
	eval { wait_until('an empty folder', sub { leftovers() eq '' }, 60) };
	is(leftovers(), '', "SIG$signal: nothing is left");
}

# Two at once have a server each.
my @both = map {
	start_client(
		[ 'psql', '-XAtc', 'SELECT pg_sleep(1); SHOW port; SHOW data_directory' ],
		program => $program, env => \%env)
} 1 .. 2;
my @outputs = map { ($_->finish)[1] } @both;
isnt($outputs[0], $outputs[1], 'two at once have a server each');
like($_, qr/^\n\d+\n.*data\n$/, 'and both answer') foreach @outputs;
is(leftovers(), '', 'nothing is left of two');

done_testing();
