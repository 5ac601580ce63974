# delay_until follows the wall clock when that is set, forward or back; a delay
# of so many seconds lasts so many seconds all the same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

# A clock of the server's own, for nobody may set the machine's.
my $folder = PostgreSQL::Test::Utils::tempdir();
my ($library, $clock) = ("$folder/wall_clock.so", "$folder/clock");
system($ENV{CC} // 'cc', '-shared', '-fPIC', '-o', $library, "$FindBin::RealBin/../lib/wall_clock.c") == 0
  or plan skip_all => 'no compiler to build a clock with';

sub set_clock
{
	my ($offset_s) = @_;
	open my $file, '+<', $clock or die "$clock: $!\n";
	syswrite $file, pack('q', $offset_s * 1e6);
	close $file;
	return;
}

open my $file, '>', $clock or die "$clock: $!\n";
print $file pack('q', 0);
close $file;
my $node;
{
	local @ENV{qw(LD_PRELOAD WALL_CLOCK)} = ($library, $clock);
	$node = http_cluster('clock');
}
my ($s, $watcher) = (session($node), session($node));
my $ahead_sql = sub { return "SELECT extract(epoch FROM clock_timestamp()) - " . time(); };
set_clock(5000);
plan skip_all => 'the clock of the server cannot be set'
  if abs($s->value($ahead_sql->()) - 5000) > 100;
set_clock(0);
cmp_ok(abs $s->value($ahead_sql->()), '<', 100, 'a clock that can be set');

# Start to wait, set the clock a little later; how long it took in all.
sub waits_while_set
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($offset_s, $sql) = @_;
	set_clock(0);
	my $began = time();
	$s->start($sql);
	for (1 .. 1000)
	{
		last if $watcher->value('SELECT wait_event_type FROM pg_stat_activity WHERE pid = ' . $s->backend) eq 'Extension';
		sleep(0.01);
	}
	sleep(0.2);
	set_clock($offset_s);
	my $answer = $s->answer;
	my $took = time() - $began;
	state_is($answer, '00000', $sql);
	set_clock(0);
	return $took;
}

my $until = sub { my ($span) = @_; return "SELECT asyncdemo.delay_until(clock_timestamp() + interval '$span')"; };

my $took = waits_while_set(60, $until->('1 min'));
cmp_ok($took, '>=', 0.2, '... set a minute forward: it does not end before');
cmp_ok($took, '<', 10, '... but soon after');
$took = waits_while_set(-2, $until->('1 s'));
cmp_ok($took, '>=', 2.9, '... set two seconds back: it lasts two seconds longer');
cmp_ok($took, '<', 20, '... and no more than that');
$took = waits_while_set(0.5, $until->('2 s'));
cmp_ok($took, '>=', 1.49, '... set half a second forward: it ends half a second earlier, no more');

foreach my $sql ('SELECT asyncdemo.delay(1.2)', "SELECT asyncdemo.delay_for('1.2 s')", 'SELECT * FROM asyncdemo.delay_span(1.2)')
{
	cmp_ok(waits_while_set(60, $sql), '>=', 1.2, '... set forward: no earlier');
	cmp_ok(waits_while_set(-60, $sql), '<', 20, '... set back: no later');
}

is( $s->value("SELECT asyncdemo.delay_until(clock_timestamp() - interval '1 s') IS NULL"), 'f',
	'a time that is past is not waited for');
set_clock(0);

done_testing();
