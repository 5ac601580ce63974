# What the plan language promises holds to the other end of the wire: JSON by
# type, URLs percent-encoded, files included, options heeded.

use strict;
use warnings;

use AsyncDemoTest;
use Encode qw(decode);
use File::Path qw(make_path);
use JSON::PP;
use Test::More;

# Answers with the request itself: {"target": …, "headers": […], "body": …}
my $echo = start_fault_server(sub {
	my ($socket) = @_;
	my $request = '';

	while (sysread $socket, my $part, 65536)
	{
		$request .= $part;
		my ($head, $body) = $request =~ /^(.*?\r\n)\r\n(.*)$/s or next;
		my ($want) = $head =~ /content-length: (\d+)/i;

		next if length $body < ($want // 0);
		my ($target) = $head =~ /^\S+ (\S+)/;
		my $answer = encode_json({
			target => $target, body => decode('UTF-8', $body),
			headers => [ (split /\r\n/, $head)[1 .. 50] ] });

		syswrite $socket, "HTTP/1.1 200 OK\r\nConnection: close\r\n"
		  . "Content-Type: application/json\r\nContent-Length: "
		  . length($answer) . "\r\n\r\n$answer";
		return;
	}
});
my $base = $echo->url('');

# What the server got of the one request of this plan.
sub sent
{
	my ($plan, @args) = @_;
	my ($status, $out, $err) = run_client(
		[ 'run', '-q', '-D', "base=$base", @args, '-e',
			"$plan\n\\json t q_body /target\n\\json b q_body /body\n"
			  . "\\json h q_body /headers\n\\emit :t :b :h" ]);

	is($status, 0, 'the request: ' . (split /\n/, $plan)[-1]) or diag $err;
	# three fields of CSV
	my @fields = $out =~ /("(?:[^"]|"")*"|[^,\n]*)[,\n]/g;
	foreach (@fields)
	{
		s/""/"/g if s/^"(.*)"$/$1/s;
	}
	return { target => $fields[0], body => $fields[1],
		headers => $fields[2] };
}

# ---- json= ----

my $values = <<'END';
\set i 42
\set big 9007199254740993
\set d 0.1
\set e 1e300
\set t true
\set n null
\set s 'it''s "quoted" \ and / é €'
SELECT E'tab\tline\nreturn\rbell\x07' AS c, 12345678901234567890.123456789 AS num, NULL AS g, '' AS empty \gset
\set doc '{"price": 1.10, "tags": ["a", {"b": null}], "n": 123456789012345678901234567890}'
\json price doc /price
\json tags doc /tags
\json huge doc /n
END

{
	my $body = sent($values . '\http q POST :base/ json={"i": :i, "big": :big, '
		  . '"d": :d, "e": :e, "t": :t, "n": :n, "s": :s, "c": :c, "num": :num, '
		  . '"g": :g, "empty": :empty, "arg": :arg, '
		  . '"in": "<:{i}|:{s}|:{c}>", "list": [:i, [:t]], "price": :price, '
		  . '"huge": :huge}',
		'-D', 'arg=5')->{body};
	my $got = decode_json($body);

	is($got->{s}, "it's \"quoted\" \\ and / \x{e9} \x{20ac}", 'text');
	is($got->{c}, "tab\tline\nreturn\rbell\x07", 'control characters');
	is($got->{in}, "<42|it's \"quoted\" \\ and / \x{e9} \x{20ac}|tab\tline\nreturn\rbell\x07>",
		'inside a string');
	ok(JSON::PP::is_bool($got->{t}) && $got->{t}, 'a boolean');
	ok(!defined $got->{n} && !defined $got->{g}, 'nulls');
	is($got->{empty}, '', 'an empty text');
	like($body, qr/"i": ?42,/, 'an integer');
	like($body, qr/"big": ?9007199254740993,/, 'a large one, exactly');
	like($body, qr/"d": ?0\.1,/, 'a double');
	like($body, qr/"e": ?1e\+?300,/i, 'a large one');
	like($body, qr/"num": ?12345678901234567890\.123456789,/,
		'a numeric, digit by digit');
	like($body, qr/"arg": ?"5",/, '-D gives text');
	like($body, qr/"price": ?1\.10,/, 'a number of \json keeps its text');
	like($body, qr/"huge": ?123456789012345678901234567890\}/,
		'however long it is');
	is_deeply($got->{list}, [ 42, [ JSON::PP::true ] ], 'in arrays');
	like(sent('\http q POST :base/ json={}')->{headers},
		qr{Content-Type: application/json}i, 'its content type');
}

foreach my $case (
	[ 'infinity', "\\set v 1.0 / 0", qr/"v" is not a finite number/ ],
	[ 'not a number', "\\set v sqrt(-1)", qr/"v" is not a finite number/ ])
{
	my ($name, $set, $message) = @$case;
	my ($status, $out, $err) = run_client(
		[ 'run', '-q', '-D', "base=$base", '-e',
			"$set\n\\http q POST :base/ json={\"v\": :v}" ]);

	is($status, 2, "$name is no JSON") or diag $out;
	like($err, $message, "$name: and the message says so");
}

# ---- URLs and headers ----

is(sent($values . '\http q GET :base/a/:s?x=:i&y=:c')->{target},
	'/a/it%27s%20%22quoted%22%20%5C%20and%20%2F%20%C3%A9%20%E2%82%AC?x=42'
	  . '&y=tab%09line%0Areturn%0Dbell%07',
	'variables in a URL are percent-encoded, each as one piece');
is(sent('\http q GET :base/a/../b?x=1%20&y=%2F')->{target} =~ s{/a/\.\.}{}r,
	'/b?x=1%20&y=%2F', 'what is written is sent as it stands');
is(sent("\\set u '$base/x%20y?z=1'\n\\http q GET :u")->{target}, '/x%20y?z=1',
	'a variable at the very start is pasted');
is(sent('\http q GET :base/\:plain/:{i}th' , '-D', 'i=7')->{target},
	'/:plain/7th', '\: is a colon, :{v} ends before a letter');
like(sent('\http q GET :base/ header="X-Test: a :i b"', '-D', 'i=7')->{headers},
	qr/"X-Test: a 7 b"/, 'variables in headers');

foreach my $case (
	[ 'a line break in a header', "SELECT E'a\\r\\nX-Evil: 1' AS v \\gset\n"
		  . '\http q GET :base/ header="X: :v"', qr/header/ ],
	[ 'a null in a URL', "\\set v null\n" . '\http q GET :base/:v',
		qr/null/ ],
	[ 'a null in a header', "\\set v null\n"
		  . '\http q GET :base/ header="X: :v"', qr/null/ ])
{
	my ($name, $plan, $message) = @$case;
	my ($status, $out, $err) =
	  run_client([ 'run', '-q', '-D', "base=$base", '-e', $plan ]);

	is($status, 2, "$name: refused") or diag $out;
	like($err, $message, "$name: the message");
}

# ---- \include ----

{
	my $folder = temp_folder() . '/included';

	make_path("$folder/sub");
	plan_file(<<'END', 'included/main.sql');
\task one
\set a 1
\include sub/steps.sql
\emit :a :b
\task two
\set a 10
\include sub/steps.sql
\emit :a :b
END
	plan_file("\\set b :a + 1\n\\include ../more.sql\n",
		'included/sub/steps.sql');
	plan_file("SELECT :b::int * 2 AS b \\gset\n", 'included/more.sql');
	my ($status, $out, $err) =
	  run_client([ 'run', '-q', 'main.sql' ], cwd => $folder);

	is($status, 0, '\include: exit status') or diag $err;
	is(join(' ', sort split /\n/, $out), '1,4 10,22',
		'the steps are in both tasks');
	plan_file("SELECT 1 / (:b::int - :b::int) AS b \\gset\n",
		'included/more.sql');
	($status, $out, $err) =
	  run_client([ 'run', '-q', 'main.sql' ], cwd => $folder);
	is($status, 2, 'an error in an included file');
	like($err, qr{more\.sql:1:1: division by zero}, 'is told with its place');
	plan_file("\\option tasks 3\n\\echo x\n", 'included/more.sql');
	plan_file("\\include more.sql\n", 'included/main.sql');
	($status, $out, $err) =
	  run_client([ 'run', '-q', 'main.sql' ], cwd => $folder);
	is($err, "x\n" x 3, '\option in an included file counts');
}

# ---- \option ----

sub report_of
{
	my ($plan, @args) = @_;
	my ($status, $out, $err) =
	  run_client([ 'run', '--format', 'json', @args, '-e', $plan ]);

	return $out ne '' ? decode_json($out) : { error => $err };
}

foreach my $case (
	[ 'tasks 7', sub { $_[0]{counts}{ok} == 7 } ],
	[ 'transactions 2', sub { $_[0]{counts}{ok} == 20 } ],
	[ 'time 300ms', sub { $_[0]{wall} >= 0.3 && $_[0]{counts}{ok} > 10 } ],
	[ 'concurrency 3', sub { $_[0]{concurrency} == 3 },
		"\\option tasks 9\n" ],
	[ 'connections 2', sub { $_[0]{connections} == 2 },
		"\\option tasks 9\n" ],
	[ 'mode blocking', sub { $_[0]{mode} eq 'blocking' } ],
	[ 'jobs 2', sub { $_[0]{loops} == 2 }, "\\option tasks 9\n" ],
	[ 'rate 500', sub { $_[0]{schedule}{rate} == 500 } ],
	[ 'rate-schedule uniform', sub { $_[0]{schedule}{kind} eq 'uniform' },
		"\\option rate 500\n" ],
	[ 'latency-limit 1h', sub { $_[0]{latency_limit}{limit} == 3600 } ],
	[ 'no-warm', sub { $_[0]{opening} == 0 || $_[0]{opening} < 0.001 } ],
	[ 'format text', sub { $_[0]{counts}{ok} == 1 } ],
	[ 'random-seed 5', sub { $_[0]{counts}{ok} == 1 },
		"\\setup\n\\set s :random_seed\n\\end\n", '\assert :random_seed = 5' ],
	[ 'scale 9', sub { $_[0]{counts}{ok} == 1 }, '', '\assert :scale = 9' ],
	[ 'define x=4', sub { $_[0]{error} =~ /no option "define"/ } ],
	[ 'output x', sub { $_[0]{error} =~ /no option "output"/ } ],
	[ 'protocol simple', sub { $_[0]{counts}{ok} == 1 }, '',
		"\\set t 'pg_class'\nSELECT count(*) FROM :t;" ],
	[ 'on-connect "SET work_mem = 1234567"', sub { $_[0]{counts}{ok} == 1 }, '',
		"SELECT current_setting('work_mem') AS m \\gset\n"
		  . "\\assert :m = '1234567kB'" ],
	[ 'timeout 50ms', sub { $_[0]{counts}{failed} == 1 }, '',
		'SELECT pg_sleep(5);' ],
	[ 'statement-timeout 50ms', sub { $_[0]{counts}{failed} == 1 }, '',
		'SELECT pg_sleep(5);' ],
	[ 'on-error drain', sub { $_[0]{counts}{failed} < 50 },
		"\\option tasks 50\n\\option concurrency 1\n", 'SELECT 1/0;' ],
	[ 'max-errors 2', sub { $_[0]{exit_code} == 5 },
		"\\option tasks 50\n\\option concurrency 1\n", 'SELECT 1/0;' ])
{
	my ($option, $holds, $before, $plan) = @$case;
	my $report = report_of(($before // '') . "\\option $option\n"
		  . ($plan // 'SELECT 1;') . "\n");

	ok($holds->($report), "\\option $option")
	  or diag $report->{error} // encode_json($report->{counts});
}

done_testing();
