# A network of the test's own: a loopback with public addresses on it, its own
# names and name server, and every port free, without any privilege.
#
#   HttpNamespace::enter('93.184.216.34');     before anything else
#   HttpNamespace::resolver('127.0.0.53', 'timeout:1 attempts:1');
#   my $dns = HttpNamespace->dns('127.0.0.53', { 'a.example' => [['1.2.3.4']] });
#   $dns->questions;                           "A a.example", ...
#
# enter() starts the test file again within a new user, mount and network
# namespace; where the kernel does not allow that, the file is skipped and says
# why. Nothing outside of the namespace is touched.

package HttpNamespace;

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp;
use IPC::Open2;
use JSON::PP;
use Test::More;

my $lib = dirname(__FILE__);

sub python
{
	return -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3';
}

# Why no namespace can be had, or an empty string.
sub obstacle
{
	return 'it needs an ordinary user: PostgreSQL does not run as root' if $> == 0;
	my $told = qx(unshare -rmn sh -c 'mount --bind /etc/hosts /etc/hosts' 2>&1);
	chomp $told;
	return $? == 0 ? '' : "no namespaces of its own here ($told)";
}

sub enter
{
	my (@addresses) = @_;
	return if defined $ENV{ASYNCDEMO_NAMESPACE};
	if (my $why = obstacle())
	{
		plan skip_all => $why;
	}

	# Not removed by this process, which is about to become another one.
	my $folder = File::Temp::tempdir('asyncdemo-ns-XXXXXX', TMPDIR => 1);
	write_file("$folder/hosts", "127.0.0.1 localhost\n");
	write_file("$folder/resolv.conf", '');
	write_file("$folder/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
	my $script = <<'SH';
set -e
python=$1 setup=$2 folder=$3 addresses=$4 uid=$5 gid=$6
shift 6
"$python" "$setup" $addresses
for file in hosts resolv.conf nsswitch.conf
do
	mount --bind "$folder/$file" "/etc/$file"
done
exec unshare -U --map-user="$uid" --map-group="$gid" "$@"
SH
	local $ENV{ASYNCDEMO_NAMESPACE} = $folder;
	my ($gid) = split / /, $);
	my $status = system('unshare', '-rmn', '--fork', '--kill-child', 'sh', '-c', $script, 'sh', python(),
		"$lib/namespace_setup.py", $folder, "@addresses", $>, $gid, $^X,
		(map { "-I$_" } @INC), $0);
	unlink glob "$folder/*";
	rmdir $folder;
	exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
}

sub write_file
{
	my ($path, $text) = @_;
	open my $file, '>', $path or die "$path: $!\n";
	print $file $text;
	close $file or die "$path: $!\n";
	return;
}

# Which name server is asked from now on, and with which options.
sub resolver
{
	my ($address, $options) = @_;
	write_file("$ENV{ASYNCDEMO_NAMESPACE}/resolv.conf",
		"nameserver $address\noptions $options\n");
	return;
}

sub dns
{
	my ($class, $address, $rules) = @_;
	my $log = "$ENV{ASYNCDEMO_NAMESPACE}/dns.log";
	my $pid = open2(my $out, my $in, python(), "$lib/fault_dns.py", $address,
		$log, JSON::PP->new->encode($rules));
	my $ready = <$out>;
	die "the name server did not start\n" unless defined $ready;
	return bless { pid => $pid, in => $in, out => $out, log => $log }, $class;
}

sub questions
{
	my ($self) = @_;
	open my $file, '<', $self->{log} or die "$!\n";
	chomp(my @lines = <$file>);
	return @lines;
}

sub DESTROY
{
	my ($self) = @_;
	return unless $self->{pid};
	close $self->{in};
	local $?;
	waitpid($self->{pid}, 0);
	return;
}

1;
