# Over TLS in records of 16 kB, as a proxy may write them, results of every size
# up to 64 kB arrive whole and none waits for ever in the TLS library.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TestCerts;

my $limit_bytes = 65_536;
my $certs = TestCerts->new(PostgreSQL::Test::Utils::tempdir() . '/certs');
my @python = -x '/usr/bin/python3'
  ? ('/usr/bin/python3')
  : ('/usr/bin/env', 'python3');
my $python = shift @python;
my %server = AsyncDemoTest::server_env();
my $proxy = start_client(
	[ @python, checkout() . '/tests/lib/tls_proxy.py', $certs->pair('self'),
		@server{qw(PGHOST PGPORT)} ],
	program => $python);
my ($port) = wait_until(
	'the port of the proxy',
	sub {
		die 'the proxy ended: ' . $proxy->stderr if $proxy->has_ended;
		return $proxy->stdout =~ /^(\d+)\n/ ? $1 : 0;
	});
my %through = (env => {
		PGHOST => '127.0.0.1',
		PGPORT => $port,
		PGSSLMODE => 'require',
		PGGSSENCMODE => 'disable' });

# All the small ones, 300 up to the limit, and those for which the whole answer
# ends somewhere around the end of a record: the messages around a value take
# less than 100 bytes.
sub sizes
{
	my %size = map { $_ => 1 } 1 .. 200;

	$size{ 200 + int($_ * ($limit_bytes - 200) / 300) } = 1 foreach 1 .. 300;
	foreach my $edge (8_192, 16_384, 32_768)
	{
		$size{ $edge + $_ } = 1 foreach -100 .. 3;
	}
	return sort { $a <=> $b } keys %size;
}

# What a text of that size is; as SQL, so that both sides make the same.
sub text_of
{
	my ($n) = @_;

	return "left(repeat(md5($n\::text), $n / 32 + 1), $n)";
}

my @sizes = sizes();
my $rows = plan_file(join("\n", 'n', @sizes) . "\n", 'sizes.csv');

# A value read and sent back.
sub there_and_back
{
	my ($value) = @_;
	my $text = text_of(':n::int');

	return <<"END";
SELECT $text AS x \\gset
SELECT $value = $text AND length($value) = :n::int AS same \\gset
\\assert :same
END
}

# As much in rows of up to 6 kB: libpq's buffer stays as small as it begins, so
# that a record does not fit next to what is left of a row.
my $in_rows = <<'END';
SELECT repeat('r', least(:n::int, 6000)) AS r, i = :n::int / 6000 AS last
FROM generate_series(0, :n::int / 6000) AS i \aset
\assert :last
END

# A step that stalls fails by its limit, which no busy machine reaches, and the
# run ends with it.
sub all_end_well
{
	my ($name, $plan, @args) = @_;
	my ($status, $out, $err) = run_client(
		[ 'run', '--format', 'json', '--timeout', '30s', '--on-error', 'cancel',
			'-c', 8, @args, plan_file($plan) ], %through);
	my $report = eval { decode_json($out) } // {};

	is($status, 0, "$name: exit status") or diag $err;
	is($report->{counts}{ok}, @sizes, "$name: every task ended well");
}

all_end_well('prepared', there_and_back(':x'),
	'--input', $rows, '-M', 'prepared');
all_end_well('extended', there_and_back(':x'),
	'--input', $rows, '-M', 'extended');
all_end_well('simple', there_and_back(q{:'x'}),
	'--input', $rows, '-M', 'simple');
all_end_well('on threads', there_and_back(':x'),
	'--input', $rows, '--mode', 'threads');

foreach my $protocol (qw(prepared simple))
{
	all_end_well("rows, $protocol", $in_rows, '--input', $rows,
		'-M', $protocol);
}

# The rows of the input come through the proxy, too, by a cursor.
all_end_well(
	'an input',
	'SELECT :x = ' . text_of(':n::int') . " AS same \\gset\n\\assert :same\n",
	'--input-sql',
	'SELECT n, ' . text_of('n') . ' AS x FROM unnest(ARRAY['
	  . join(',', @sizes) . ']) AS n');

$proxy->signal('TERM');

my ($status, $out, $err) = $proxy->finish;
my $counts = decode_json((split /\n/, $out)[-1]);

is($err, '', 'the proxy had nothing to complain of');
cmp_ok($counts->{sessions}, '>=', 7 * 8, 'all of that went over TLS');
cmp_ok($counts->{large}, '>', 6 * @sizes / 2, 'in records above 8 kB');

done_testing();
