# No report shows a password, whichever way it came in and however the run ends.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

my $folder = temp_folder();
my $serve = start_serve();
my $port = dead_port();
my %server = AsyncDemoTest::server_env();

# Each secret has "s3cr3t" in it; whatever shows that has leaked.
my $plan = plan_file(<<"END");
\\setup
CREATE ROLE asyncdemo_secrets PASSWORD 's3cr3t-role';
\\end
\\teardown
DROP ROLE asyncdemo_secrets;
\\end
\\task well
\\http login POST :http?delay=0.01 header="Authorization: Bearer s3cr3t-token" header="X-Api-Key: s3cr3t-key" header="Cookie: id=s3cr3t-cookie" json={"user": "u", "password": "s3cr3t-json"} expect=any
ALTER ROLE asyncdemo_secrets WITH LOGIN PASSWORD 's3cr3t-altered';
SELECT 'host=h password=s3cr3t-conninfo user=u';
\\blocking
SELECT 'postgres://u:s3cr3t-url\@host/db';
\\task refused
\\http gone GET http://user\\:s3cr3t-http\@127.0.0.1:$port/ header="Authorization: Basic s3cr3t-basic"
\\task wrong
ALTER ROLE asyncdemo_secrets WITH PASSWORD 's3cr3t-wrong' NONSENSE;
\\task status
\\http bad GET http://user\\:s3cr3t-status\@127.0.0.1:$serve->{port}/?status=500
\\task assert
\\set url 'http://u:s3cr3t-assert\@h/'
\\assert 1 = 2
END

my $conninfo = "host=$server{PGHOST} port=$server{PGPORT} user=$server{PGUSER} "
  . "dbname=$server{PGDATABASE} password=s3cr3t-own";

sub outputs
{
	my ($name) = @_;
	return map { ("--$_", "$folder/$name.$_") } qw(html svg trace hgrm metrics);
}

# What was said and written, by name
sub look
{
	my ($name, $out, $err) = @_;
	my %text = (out => $out, err => $err,
		map { -e "$folder/$name.$_" ? ($_ => slurp("$folder/$name.$_")) : () }
		  qw(html svg trace hgrm metrics));
	foreach my $where (sort keys %text)
	{
		my @found = $text{$where} =~ /(.{0,60}s3cr3t\S{0,20})/g;
		is("@found", '', "$name: nothing in $where");
	}
	return \%text;
}

foreach my $format (qw(text json csv))
{
	my ($status, $out, $err) = run_client([ 'run', '-d', $conninfo, '-D', "http=$serve->{url}",
		'--format', $format, outputs($format), $plan ]);
	is($status, 2, "$format: the run, in which tasks fail") or diag $err;
	my $text = look($format, $out, $err);
	ok(exists $text->{html} && exists $text->{trace}, "$format: there are reports");
	like($text->{html}, qr/\*\*\*/, "$format: the page shows the plan, masked");
	plan_file($out, 'saved.json') if $format eq 'json';
}

# From a saved run
my ($status, $out, $err) =
  run_client([ 'report', "$folder/saved.json", map { ("--$_", "$folder/saved.$_") } qw(html svg) ]);
is($status, 0, 'a saved run');
look('saved', $out, $err);

# No connection
foreach my $target ("host=127.0.0.1 port=$port password=s3cr3t-down",
	"postgres://u:s3cr3t-down\@127.0.0.1:$port/db?password=s3cr3t-query")
{
	my ($status, $out, $err) =
	  run_client([ 'run', '-d', $target, outputs('down'), '-e', 'SELECT 1' ]);
	is($status, 4, 'no connection');
	look('down', $out, $err);
}

done_testing();
