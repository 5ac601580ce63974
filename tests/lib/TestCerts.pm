# Certificates for the TLS tests, made afresh by openssl in a folder.
#
#   my $certs = TestCerts->new($folder);
#   $certs->ca                        the authority's certificate, a file
#   [$certs->pair('good')]            certificate and key, two files
#
# good: for localhost and 127.0.0.1; other: for other.example; expired: good
# until 2020; self: signed by nobody but itself.

package TestCerts;

use strict;
use warnings;

sub run
{
	my (@command) = @_;
	my $told = '';
	open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command or die "$!\n";
	{ local $/; $told = <$out> // ''; }
	close $out or die "@command failed:\n$told\n";
	return;
}

sub new
{
	my ($class, $folder) = @_;
	my $self = bless { folder => $folder }, $class;
	mkdir $folder;
	$self->write_config;
	$self->make_authority;
	my $here = 'DNS:localhost,IP:127.0.0.1';
	$self->make('good', $here, '20200101000000Z', '20400101000000Z');
	$self->make('other', 'DNS:other.example,IP:192.0.2.1', '20200101000000Z', '20400101000000Z');
	$self->make('expired', $here, '20190101000000Z', '20200101000000Z');
	run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=self),
		'-config', "$folder/ca.cnf", '-extensions', 'self',
		'-keyout', $self->file('self.key'), '-out', $self->file('self.crt'));
	return $self;
}

sub file { my ($self, $name) = @_; return "$self->{folder}/$name"; }
sub ca   { my ($self) = @_; return $self->file('ca.crt'); }

sub pair
{
	my ($self, $name) = @_;
	return ($self->file("$name.crt"), $self->file("$name.key"));
}

sub write_config
{
	my ($self) = @_;
	my $folder = $self->{folder};
	open my $config, '>', "$folder/ca.cnf" or die "$!\n";
	print $config <<CNF;
[req]
distinguished_name = dn
prompt = no
[dn]
CN = test
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[self]
basicConstraints = CA:false
subjectAltName = DNS:localhost, IP:127.0.0.1
[ca]
default_ca = here
[here]
database = $folder/index.txt
serial = $folder/serial
new_certs_dir = $folder
certificate = $folder/ca.crt
private_key = $folder/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
CNF
	close $config or die "$!\n";
	foreach my $start ([ 'index.txt', '' ], [ 'serial', "01\n" ])
	{
		open my $file, '>', "$folder/$start->[0]" or die "$!\n";
		print $file $start->[1];
		close $file or die "$!\n";
	}
	return;
}

sub make_authority
{
	my ($self) = @_;
	run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 3650),
		'-subj', '/CN=Test authority', '-config', $self->file('ca.cnf'),
		'-extensions', 'authority', '-keyout', $self->file('ca.key'),
		'-out', $self->ca);
	return;
}

sub make
{
	my ($self, $name, $names, $from, $until) = @_;
	my $extension = $self->file("$name.ext");
	open my $file, '>', $extension or die "$!\n";
	print $file "basicConstraints = CA:false\nsubjectAltName = $names\n"
	  . "authorityKeyIdentifier = keyid\n";
	close $file or die "$!\n";
	run(qw(openssl req -new -newkey rsa:2048 -nodes), '-subj', "/CN=$name",
		'-config', $self->file('ca.cnf'),
		'-keyout', $self->file("$name.key"), '-out', $self->file("$name.csr"));
	run(qw(openssl ca -batch -notext -config), $self->file('ca.cnf'),
		'-startdate', $from, '-enddate', $until, '-extfile', $extension,
		'-in', $self->file("$name.csr"), '-out', $self->file("$name.crt"));
	return;
}

1;
