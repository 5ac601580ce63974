# The JSON report of any run is what client/report.schema.json says it is, and
# so are those of sweeps, comparisons and pairs.

use strict;
use warnings;

use AsyncDemoTest;
use JSON::PP;
use Test::More;

sub read_text
{
	my ($name) = @_;
	open my $file, '<', $name or die "cannot read $name: $!";
	local $/;
	return <$file>;
}

my $schema = decode_json(read_text('../client/report.schema.json'));

# What of JSON Schema the file uses; anything else in it is an error here, so
# that nothing is believed to be checked that is not.
my %known = map { $_ => 1 }
  qw($schema $id $ref $defs title description type required properties items
  enum const additionalProperties minimum maximum minItems maxItems oneOf
  anyOf pattern format propertyNames default exclusiveMinimum);

sub type_of
{
	my ($value) = @_;
	return 'null' unless defined $value;
	return 'boolean' if JSON::PP::is_bool($value);
	return ref $value eq 'HASH' ? 'object' : 'array' if ref $value;
	return 'string' if encode_json([$value]) =~ /^\["/;
	return $value =~ /^-?\d+$/ ? 'integer' : 'number';
}

sub resolve
{
	my ($rule) = @_;
	while (exists $rule->{'$ref'})
	{
		my $at = $schema;
		my @path = split m{/}, $rule->{'$ref'};
		shift @path;
		$at = $at->{$_} // die "no $rule->{'$ref'}" foreach @path;
		$rule = $at;
	}
	return $rule;
}

# What is wrong with a value, as lines.
sub wrong
{
	my ($value, $rule, $path) = @_;
	my @wrong;

	return ref $rule || $rule ? () : ("$path: not allowed")
	  unless ref $rule eq 'HASH';
	$rule = resolve($rule);
	$known{$_} or die "the test knows nothing of \"$_\"" foreach keys %$rule;
	my $type = type_of($value);
	if (my $want = $rule->{type})
	{
		my @want = ref $want ? @$want : $want;
		return "$path: $type, not @want"
		  unless grep { $_ eq $type || ($_ eq 'number' && $type eq 'integer') }
		  @want;
	}
	push @wrong, "$path: not one of the words"
	  if $rule->{enum}
	  && !grep { ($_ // '') eq ($value // '') } @{ $rule->{enum} };
	push @wrong, "$path: not $rule->{const}"
	  if exists $rule->{const} && $value ne $rule->{const};
	push @wrong, "$path: below $rule->{minimum}"
	  if exists $rule->{minimum}
	  && defined $value
	  && !ref $value
	  && $value < $rule->{minimum};
	foreach my $word (qw(oneOf anyOf))
	{
		next unless $rule->{$word};
		push @wrong, "$path: fits none of $word"
		  unless grep { !wrong($value, $_, $path) } @{ $rule->{$word} };
	}
	if ($type eq 'object')
	{
		push @wrong, map { "$path.$_: missing" }
		  grep { !exists $value->{$_} } @{ $rule->{required} // [] };
		foreach my $name (sort keys %$value)
		{
			my $inner = $rule->{properties}{$name}
			  // $rule->{additionalProperties} // 1;
			push @wrong, wrong($value->{$name}, $inner, "$path.$name");
		}
	}
	if ($type eq 'array' && $rule->{items})
	{
		push @wrong, wrong($value->[$_], $rule->{items}, "$path\[$_]")
		  foreach 0 .. $#$value;
	}
	return @wrong;
}

my $serve = start_serve();
foreach my $case (
	[ 'one statement', 0, '-e', 'SELECT 1' ],
	[ 'a failed task', 2, '-e', "\\task a\nSELECT 1/0;\n\\task b\nSELECT 1;" ],
	[ 'HTTP and a gather', 0, '-D', "http=$serve->{url}", '-e',
		"\\gather\n\\http p GET :http?delay=0.05\nSELECT pg_sleep(0.05);\n\\end" ],
	[ 'a blocking step', 0, '-e',
		"\\task a\n\\blocking\n\\sleep 50ms\n\\task b\n\\sleep 10ms" ],
	[ 'many tasks', 0, '--tasks', 3000, '-e', 'SELECT 1' ])
{
	my ($name, $exit, @args) = @$case;
	my ($status, $out, $err) = run_client([ 'run', '--format', 'json', @args ]);
	my $report = eval { decode_json($out) };

	is($status, $exit, "$name: exit status") or diag $err;
	ok(defined $report, "$name: it is JSON") or diag $@;
	my @wrong = wrong($report, $schema, '$');
	is("@wrong[0 .. ($#wrong > 4 ? 4 : $#wrong)]", '', "$name: as the schema says");
	is($report->{exit_code}, $exit, "$name: the exit code is in it");
}

# The check itself can fail.
ok(wrong({}, $schema, '$'), 'an empty object is no report');

# ---- what tells about many runs ----

my @saved = map {
	my ($status, $out) =
	  run_client([ 'run', '--format', 'json', '--tasks', $_, '-e', 'SELECT 1' ]);
	plan_file($out, "saved$_.json")
} 20, 1;

foreach my $case (
	[ 'sweep', 'sweep', '-e', 'SELECT pg_sleep(0.005)', '--to', 4,
		'--point-time', '100ms', '--slo', 'p90=1s' ],
	[ 'sweep', 'sweep', '-e', 'SELECT 1', '--to', 2, '--point-time', '50ms',
		'--rounds', 1 ],
	[ 'compare', 'run', '-e', 'SELECT 1', '--rounds', 3, '--compare',
		'c=1,c=2', '--fail-if-slower', '1000' ],
	[ 'compare', 'run', '-e', 'SELECT 1', '--rounds', 1, '--compare', 'c=2' ],
	[ 'pair', 'report', @saved[ 0, 0 ] ],
	[ 'pair', 'report', @saved ])
{
	my ($name, @args) = @$case;
	my ($status, $out, $err) = run_client([ @args, '--format', 'json' ]);

	$schema = decode_json(read_text("../client/$name.schema.json"));
	is($status, 0, "@args[0 .. 2]: exit status") or diag $err;
	my @wrong = wrong(eval { decode_json($out) }, $schema, '$');
	is("@wrong[0 .. ($#wrong > 4 ? 4 : $#wrong)]", '', "$name: as the schema says");
}

done_testing();
