# What the extension's HTTP tests share: a cluster with the extension, sessions
# that stay open, and checks of SQLSTATEs.
#
#   my $node = http_cluster('main', "asyncdemo.http_log = 'all'");
#   my $s = session($node);
#   is($s->value('SELECT 1'), '1');
#   fails_with($s, "SELECT ...", '42501', qr/message/, 'what is refused');

package HttpTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PsqlSession;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(http_cluster session quoted get fails_with state_is
  log_since until_busy proc_status_kb proc_fds soon);

# An answer that takes longer than this was not prompt; generous, because the
# machine may be busy.  What is waited for would last a minute at least.
use constant SOON_S => 10;

# What a test's own cluster allows unless the test says otherwise.
my $allow_loopback = "asyncdemo.http_allow = '127.0.0.0/8:*, [::1]:*'";

sub http_cluster
{
	my ($name, $conf, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--encoding=UTF8', '--locale=C' ], %option);
	$node->append_conf('postgresql.conf', $_)
	  foreach 'log_statement = none', 'log_min_messages = warning',
	  'max_connections = 50', $allow_loopback, $conf // '';
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION asyncdemo');
	return $node;
}

# A text as an SQL literal.
sub quoted
{
	my ($text) = @_;
	return 'NULL' unless defined $text;
	my $prefix = $text =~ /\\/ ? ' E' : '';
	$text =~ s/\\/\\\\/g;
	$text =~ s/'/''/g;
	return "$prefix'$text'";
}

# SELECT of some columns of one http_get.
sub get
{
	my ($url, $columns, $more) = @_;
	return "SELECT $columns FROM asyncdemo.http_get(" . quoted($url)
	  . ($more ? ", $more" : '') . ')';
}

sub fails_with
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($session, $sql, $state, $message, $name) = @_;
	my $answer = $session->ask($sql);
	my $wanted = ref $state ? $state : qr/^\Q$state\E$/;
	my $good = $answer->{state} =~ $wanted
	  && (!defined $message || $answer->{message} =~ $message);
	ok($good, $name)
	  or diag("wanted $wanted "
		  . ($message // '')
		  . "\ngot    $answer->{state} $answer->{message}"
		  . "\ndetail $answer->{detail}\nrows   $answer->{rows}"
		  . "\nof     $sql");
	return $answer;
}

# The answer to an SQL command: its SQLSTATE, '00000' when it succeeded.
sub state_is
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($answer, $state, $name) = @_;
	return is($answer->{state}, $state, $name)
	  || diag("message $answer->{message}\nrows    $answer->{rows}");
}

# Whether something that began then has ended soon enough.
sub soon
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($began, $name) = @_;
	return cmp_ok(time() - $began, '<', SOON_S, $name);
}

# Wait until the server runs what a session was given, so that a signal sent
# now is for that statement.
sub until_busy
{
	my ($watcher, @sessions) = @_;
	my $pids = join ', ', map { $_->backend } @sessions;
	for (1 .. 1000)
	{
		last if $watcher->value("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid IN ($pids)") == @sessions;
		sleep(0.01);
	}
	sleep(0.05);
	return;
}

# The server's log from a position on; without one, the position of its end.
sub log_since
{
	my ($node, $position) = @_;
	return -s $node->logfile unless defined $position;
	return PostgreSQL::Test::Utils::slurp_file($node->logfile, $position);
}

sub proc_status_kb
{
	my ($pid, $field) = @_;
	open my $status, '<', "/proc/$pid/status" or return undef;
	my ($line) = grep { /^$field:/ } <$status>;
	return defined $line && $line =~ /(\d+) kB/ ? $1 : undef;
}

sub proc_fds
{
	my ($pid) = @_;
	opendir my $fds, "/proc/$pid/fd" or return undef;
	return scalar grep { !/^\./ } readdir $fds;
}

sub session
{
	my ($node, %option) = @_;
	my $dbname = $option{dbname} // 'postgres';
	return PsqlSession->new($node->connstr($dbname), %option);
}

1;
