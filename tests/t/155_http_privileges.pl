# Nobody but whom the administrator chose reaches the network or a setting that
# opens it, and the log tells who went where without telling a secret.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use HttpFaultServer;
use HttpTest;
use Test::More;
use Time::HiRes qw(sleep);

my $web = HttpFaultServer->new;
my $node = http_cluster('privileges', "log_min_error_statement = panic");
my $root = session($node);
$root->value(q{LOAD 'asyncdemo'});
$root->value('CREATE ROLE plain LOGIN; CREATE ROLE granted LOGIN');
my $url = quoted($web->url);

# Who may execute what, from the catalog.
my $listed = $root->value(<<'SQL');
SELECT p.proname, coalesce(bool_or(a.grantee = 0), p.proacl IS NULL)
FROM pg_proc p LEFT JOIN aclexplode(p.proacl) a ON true
WHERE p.pronamespace = 'asyncdemo'::regnamespace
GROUP BY p.oid, p.proname, p.proacl ORDER BY p.proname COLLATE "C"
SQL
my %public_may = map { my ($name, $may) = split /\|/; $name => $may } split /\n/, $listed;
my @everybody = qw(burn delay delay_for delay_span delay_until);
my @network = qw(http_cancel http_delete http_fetch http_fetch_all http_fetch_requests http_get
  http_head http_patch http_pending http_post http_put http_ready http_reset http_send http_wait http_wait_any);
my @helpers = qw(http_header http_request query_string url_decode url_encode);
is($public_may{$_}, 't', "everybody may $_") foreach @everybody;
is($public_may{$_}, 'f', "PUBLIC may not $_") foreach @network;
is_deeply([ sort keys %public_may ], [ sort @everybody, @network, @helpers ],
	'these are all functions there are');
is( $root->value(<<'SQL'),
SELECT string_agg(proname, ' ') FROM pg_proc WHERE pronamespace = 'asyncdemo'::regnamespace
GROUP BY proname HAVING count(*) > 1
SQL
	'',
	'nothing is overloaded');
is( $root->value(<<'SQL'),
SELECT count(*) FROM pg_proc WHERE pronamespace = 'asyncdemo'::regnamespace
AND obj_description(oid, 'pg_proc') IS NULL
SQL
	0,
	'every function has a comment');

# How they are labelled.
is( $root->value(<<'SQL'),
SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc
WHERE pronamespace = 'asyncdemo'::regnamespace AND proname LIKE 'http%'
AND proname NOT IN ('http_header', 'http_request')
AND NOT (provolatile = 'v' AND proparallel = 'r' AND procost = 10000 AND NOT proisstrict)
SQL
	'<null>',
	'functions of the network are volatile, parallel restricted, dear and not strict');
is( $root->value(<<'SQL'),
SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc
WHERE pronamespace = 'asyncdemo'::regnamespace
AND proname IN ('http_header', 'url_encode', 'url_decode', 'query_string')
AND NOT (provolatile = 'i' AND proparallel = 's' AND proisstrict)
SQL
	'<null>',
	'helpers are immutable, parallel safe and strict');
is( $root->value(<<'SQL'),
SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc
WHERE pronamespace = 'asyncdemo'::regnamespace AND proname = ANY ('{burn,delay,delay_for,delay_span,delay_until}')
AND NOT (provolatile = 'v' AND proparallel = 's' AND proisstrict)
SQL
	'<null>',
	'delays are volatile, parallel safe and strict');
is( $root->value("SELECT string_agg(proname || '=' || prorows, ' ' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'asyncdemo'::regnamespace AND proname IN ('http_fetch_all', 'http_fetch_requests')"),
	'http_fetch_all=100 http_fetch_requests=100',
	'sets say 100 rows');

# A role without any grant.
my $plain = session($node, user => 'plain');
is($plain->ask('SELECT asyncdemo.delay(0)')->{state}, '00000', 'a plain role may delay');
is($plain->value(q{SELECT asyncdemo.url_encode('a b')}), 'a%20b', '... and encode');
my %call = (
	(map { $_ => "asyncdemo.$_($url)" }
		  qw(http_fetch http_get http_head http_delete http_post http_put http_patch http_send)),
	http_fetch_all => "asyncdemo.http_fetch_all(ARRAY[$url])",
	http_fetch_requests => "asyncdemo.http_fetch_requests('{}')",
	(map { $_ => "asyncdemo.$_(1)" } qw(http_wait http_ready http_cancel)),
	(map { $_ => "asyncdemo.$_()" } qw(http_wait_any http_pending http_reset)));
is_deeply([ sort keys %call ], [ sort @network ], 'each function of the network');
foreach my $name (sort keys %call)
{
	state_is($plain->ask("SELECT * FROM $call{$name}" =~ s/SELECT \* FROM (asyncdemo\.http_send)/SELECT $1/r),
		'42501', "a plain role may not $name");
}
is(scalar $web->requests, 0, 'nothing was sent');

# A role with one grant.
$root->value('GRANT EXECUTE ON FUNCTION asyncdemo.http_get TO granted');
my $granted = session($node, user => 'granted');
is($granted->value(get($web->url, 'status')), 200, 'a granted role may http_get');
state_is($granted->ask("SELECT asyncdemo.http_post($url)"), '42501', '... and nothing else');

# Settings: context, default and range as promised.
my %setting = (
	http_timeout => [ 'user', 30_000, 1, 86_400_000 ],
	http_connect_timeout => [ 'user', 10_000, 1, 86_400_000 ],
	http_max_redirects => [ 'user', 5, 0, 20 ],
	http_idle_timeout => [ 'user', undef, 0, undef ],
	http_user_agent => [ 'user', undef ],
	http_max_body => [ 'superuser', undef ],
	http_max_memory => [ 'superuser', undef ],
	http_max_concurrency => [ 'superuser', 100, 1, 250 ],
	http_max_handles => [ 'superuser', 100, 0, 250 ],
	http_allow => [ 'superuser', 'public' ],
	http_proxy => [ 'superuser', '' ],
	http_ca_file => [ 'superuser', '' ],
	http_log => [ 'superuser', 'refused' ]);
is( $root->value("SELECT string_agg(name, ' ' ORDER BY name) FROM pg_settings WHERE name LIKE 'asyncdemo.%'"),
	join(' ', map { "asyncdemo.$_" } sort keys %setting),
	'these are all settings there are');
foreach my $name (sort keys %setting)
{
	my ($context, $default, $low, $high) = @{ $setting{$name} };
	my ($is_context, $is_default, $is_low, $is_high) = split /\|/,
	  $root->value("SELECT context, boot_val, min_val, max_val FROM pg_settings WHERE name = 'asyncdemo.$name'");
	is($is_context, $context, "$name may be set by $context");
	is($is_default, $default, "... its default is '$default'") if defined $default;
	is($is_low, $low, "... its least value") if defined $low;
	is($is_high, $high, "... its greatest value") if defined $high;
}
is($root->value("SELECT string_agg(current_setting('asyncdemo.' || n), ' ') FROM unnest('{http_idle_timeout,http_max_body,http_max_memory}'::text[]) n"),
	'1min 16MB 256MB', 'defaults with units');
foreach my $bad (
	[ http_timeout => '0' ], [ http_timeout => '2d' ], [ http_timeout => 'soon' ],
	[ http_max_redirects => '21' ], [ http_max_redirects => '-1' ], [ http_idle_timeout => '2h' ],
	[ http_max_body => '100B' ], [ http_max_body => '513MB' ], [ http_max_memory => '1kB' ],
	[ http_max_memory => '9GB' ], [ http_max_concurrency => '0' ], [ http_max_concurrency => '251' ],
	[ http_max_handles => '-1' ], [ http_max_handles => '251' ], [ http_log => 'some' ],
	[ http_user_agent => "a\r\nX-Injected: b" ], [ http_allow => '1.2.3.4/99' ])
{
	my ($name, $value) = @$bad;
	(my $shown = $value) =~ s/\r\n/\\r\\n/;
	state_is($root->ask("SET asyncdemo.$name = " . quoted($value)), '22023', "$name = $shown is refused");
}

# What a plain role may set.
my %try = (
	http_allow => '*', http_proxy => 'http://127.0.0.1:1', http_ca_file => '/tmp/x',
	http_log => 'none', http_max_body => '512MB', http_max_memory => '8GB',
	http_max_concurrency => '250', http_max_handles => '250');
foreach my $name (sort keys %setting)
{
	my $value = $try{$name};
	next if !defined $value;
	state_is($granted->ask("SET asyncdemo.$name = '$value'"), '42501', "a plain role may not SET $name");
	isnt($granted->ask("SELECT set_config('asyncdemo.$name', '$value', false)")->{state},
		'00000', '... nor by set_config');
	state_is($granted->ask("ALTER ROLE granted SET asyncdemo.$name = '$value'"), '42501', '... nor for itself');
	state_is($granted->ask("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET asyncdemo.$name = '$value' AS 'SELECT 1'; SELECT pg_temp.f()"),
		'42501', '... nor by a function');
}
foreach my $pair ([ http_timeout => '5s' ], [ http_connect_timeout => '5s' ], [ http_max_redirects => 2 ],
	[ http_idle_timeout => '5s' ], [ http_user_agent => 'me/1' ])
{
	my ($name, $value) = @$pair;
	$granted->value("SET asyncdemo.$name = '$value'");
	is($granted->value("SHOW asyncdemo.$name"), $value, "a plain role may SET $name");
}
my $reserved = $granted->ask("SET asyncdemo.http_allowed = 'x'; SHOW asyncdemo.http_allowed");
SKIP:
{
	skip 'prefixes are reserved from PostgreSQL 15 on', 1 if $root->value('SHOW server_version_num') < 150000;
	isnt($reserved->{state}, '00000', 'a misspelled setting is refused');
}

# SET before the library is loaded.
foreach my $case ([ 'plain', 'granted' ], [ 'superuser', undef ])
{
	my ($who, $user) = @$case;
	my $early = session($node, defined $user ? (user => $user) : ());
	my $set = $early->ask("SET asyncdemo.http_allow = ''; SET asyncdemo.http_timeout = '9s'");
	my $load = $early->ask(get($web->url, 'status'));
	if ($user)
	{
		is($load->{rows}, 200, "http_allow set by a $who role before loading does not hold")
		  or diag("$load->{state} $load->{message}");
		like($load->{notices} . $set->{notices} . $set->{message}, qr/http_allow/, '... and PostgreSQL says so');
	}
	else
	{
		is($load->{state}, '42501', "http_allow set by a $who before loading holds");
	}
	is($early->value('SHOW asyncdemo.http_timeout'), '9s', "... http_timeout does for a $who role");
	$early->stop;
}
my $opened = session($node, user => 'granted', options => '-c asyncdemo.http_allow=*');
my $load = $opened->ask(get('http://10.255.255.1:1/', 'status', "timeout => '500 ms'"));
is($load->{state}, '42501', 'start-up options do not open the policy for a plain role');
$opened->stop;

# The log.
sub logged
{
	my ($level, @statements) = @_;
	$root->value("SET asyncdemo.http_log = '$level'");
	my $from = log_since($node);
	$root->ask($_) foreach @statements;
	sleep(0.1);
	return log_since($node, $from);
}

my $port = $web->port;
my $refused_port = $web->port('refused');
my $good = get("http://tom:s3cret\@127.0.0.1:$port/ok?token=t0psecret", 'status');
my $policy = get('http://tom:s3cret@10.0.0.1/private?token=t0psecret', 'status');
my $failed = get("http://tom:s3cret\@127.0.0.1:$refused_port/none?token=t0psecret", 'status');
my $hop = get("http://127.0.0.1:$port/redirect?to=http://127.0.0.1:$port/ok?token=t0psecret", 'status');
my $set = 'SELECT count(*) FROM asyncdemo.http_fetch_all(ARRAY[' . quoted('http://tom:s3cret@10.0.0.1/x?token=t0psecret') . '])';
my %shows = (
	none => [ 0, 0, 0 ],
	refused => [ 0, 1, 0 ],
	failed => [ 0, 1, 1 ],
	all => [ 1, 1, 1 ]);
foreach my $level (qw(none refused failed all))
{
	my ($shows_good, $shows_policy, $shows_failed) = @{ $shows{$level} };
	my $log = logged($level, $good);
	is(scalar($log =~ /LOG: .*127\.0\.0\.1:$port\/ok/), $shows_good ? 1 : '', "http_log = $level and a good request");
	unlike($log, qr/s3cret|t0psecret/, '... without a secret');
	$log = logged($level, $policy);
	is(scalar($log =~ /LOG: .*10\.0\.0\.1/), $shows_policy ? 1 : '', "http_log = $level and a refused one");
	unlike($log, qr/s3cret|t0psecret/, '... without a secret');
	$log = logged($level, $failed);
	is(scalar($log =~ /LOG: .*127\.0\.0\.1:$refused_port/), $shows_failed ? 1 : '', "http_log = $level and a failed one");
	unlike($log, qr/s3cret|t0psecret/, '... without a secret');
	$log = logged($level, $set);
	is(scalar($log =~ /LOG: .*10\.0\.0\.1/), $shows_policy ? 1 : '', "http_log = $level and a refused one in a set");
	unlike($log, qr/s3cret|t0psecret/, '... without a secret');
}
my $log = logged('all', get($web->url, 'status', q{headers => '{"Authorization": "Bearer s3cret", "Cookie": "s3cret"}'}));
unlike($log, qr/s3cret/, 'headers are not logged');
$log = logged('all', $good);
my $me = $root->value('SELECT current_user');
like($log, qr/LOG: .*\b\Q$me\E\b/, 'a line names the role');
like($log, qr/LOG: .*\bGET\b/, '... the method');
like($log, qr{LOG: .*http://127\.0\.0\.1:$port/ok\?…}, '... scheme, host, port and path, the query as ?…');
$log = logged('all', $hop);
is(scalar(() = $log =~ /LOG: .*127\.0\.0\.1:$port/g), 2, 'a redirect is logged hop by hop');
unlike($log, qr/t0psecret/, '... without a secret');
$root->value('SET ROLE granted');
$log = do
{
	my $from = log_since($node);
	$root->ask(get('http://10.0.0.1/', 'status'));
	sleep(0.1);
	log_since($node, $from);
};
like($log, qr/LOG: .*granted.*10\.0\.0\.1|LOG: .*10\.0\.0\.1.*granted/, 'the role is the one in force');
$root->value('RESET ROLE');
$log = logged('all', get("http://127.0.0.1:$port/a%0Ab", 'status'));
is(scalar(() = $log =~ /^\S+ .*LOG: /mg), 1, 'a URL cannot forge a second line');

done_testing();
