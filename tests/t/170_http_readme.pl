# What extension/README.md tells to type can be typed, and gives what it shows.
#
# Hosts that do not exist are replaced by a server of the test's, and the "…" of
# an outline by something that can stand there; nothing else is changed. Of what
# is shown, numbers may differ.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = "$FindBin::RealBin/../../extension";
my $web = HttpFaultServer->new;
my $node = http_cluster('readme');
$node->safe_psql('postgres', <<'SQL');
DROP EXTENSION asyncdemo;
CREATE ROLE some_role; CREATE ROLE billing;
CREATE TABLE orders (id int, item text);
INSERT INTO orders VALUES (1, 'a'), (2, 'b');
CREATE VIEW a_long_query AS SELECT 1 FROM pg_sleep(0.1);
CREATE TABLE t (u text);
SQL
my $late = $web->script([ sleep => 0.3 ],
	[ send => "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok" ], ['next']);

# Each block with its language; one without a language is what is printed.
my @blocks = PostgreSQL::Test::Utils::slurp_file("$folder/README.md") =~ /^```(\w*)\n(.*?)^```$/msg;
my @known;
while (my ($language, $text) = splice @blocks, 0, 2)
{
	if ($language eq '' && @known && !defined $known[-1]{shown} && $text =~ /^-+\+-+/m)
	{
		$known[-1]{shown} = $text;
	}
	elsif ($language ne '') { push @known, { language => $language, text => $text }; }
}
cmp_ok(scalar @known, '>=', 12, 'the README has blocks to try');

# Tables alone, with numbers and widths left out.
sub table
{
	my ($text) = @_;
	my @lines = grep { !/^\s*$|^\(\d+ rows?\)|^Time:/ } split /\n/, $text;
	foreach (@lines)
	{
		s/\b(?!(?:200|08001|42501)\b)[\d:.]+/0/g; # codes are the same everywhere
		s/-+/-/g;
		s/[ \t]+/ /g;
		s/^ | $//g;
	}
	return join "\n", @lines;
}

sub try_sql
{
	my ($text, $shown) = @_;
	$text =~ s{http://127\.0\.0\.1:18080/\?delay=0\.3}{$late}g;
	$text =~ s{https://…}{$web->url}ge;
	$text =~ s{https://api\.example/orders}{$web->url('/echo')}ge;
	if ($text =~ s/THEN …/THEN RAISE NOTICE '%', SQLERRM;/g)
	{
		$text = "DO \$\$ DECLARE r asyncdemo.http_response; url text := '" . $web->url . "';\n$text\$\$;\n";
	}
	$text = "\\pset null ∅\n\\set ON_ERROR_STOP 1\nSET client_min_messages = warning;\n$text";
	my ($out, $err) = ('', '');
	my $done = IPC::Run::run([ 'psql', '-Xq', '-d', $node->connstr('postgres') ],
		'<', \$text, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	ok($done, 'psql takes it') or diag("$err\nof\n$text");
	is(table($out), table($shown), '... and it gives what is shown') if defined $shown;
	return;
}

# A command line; what installs is looked at only.
sub try_sh
{
	my ($line) = @_;
	$line =~ s/\s*#.*//;
	if ($line =~ s/^make && sudo make install$/make -n && make -n install/)
	{
		my ($out, $err) = ('', '');
		ok(IPC::Run::run([ 'sh', '-c', "cd '$folder' && $line with_llvm=no >/dev/null" ], '2>', \$err),
			'make knows how to build and to install')
		  or diag($err);
	}
	elsif ($line =~ /^psql -c '(.*)'$/)
	{
		$node->safe_psql('postgres', 'DROP EXTENSION IF EXISTS asyncdemo CASCADE');
		$node->command_ok([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-c', $1 ], $line);
	}
	elsif ($line =~ /^asyncdemo serve --port \d+$/)
	{
		pass("$line: the server is the test's own");
	}
	else { fail("the test does not know how to try: $line"); }
	return;
}

foreach my $block (@known)
{
	(my $name = $block->{text}) =~ s/\n.*//s;
	note($name);
	if ($block->{language} eq 'sql') { try_sql(@$block{qw(text shown)}); }
	elsif ($block->{language} eq 'sh') { try_sh($_) foreach grep { /\S/ } split /\n/, $block->{text}; }
	else { fail("a block of language $block->{language}"); }
}

# What the text says of them.
is( $node->safe_psql('postgres', q{SELECT has_function_privilege('some_role', oid, 'EXECUTE') FROM pg_proc WHERE oid::regproc::text = 'asyncdemo.http_get'}),
	't', 'the GRANT is in force') if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_extension WHERE extname = 'asyncdemo'});
is($node->safe_psql('postgres', q{SELECT setconfig[1] FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole WHERE rolname = 'billing'}),
	'asyncdemo.http_allow=10.1.2.3:8080', 'a role has its own list');

done_testing();
