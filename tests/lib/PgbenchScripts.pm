# Scripts for pgbench and for asyncdemo: what both must do alike.
#
#   my @cases = PgbenchScripts::cases($how_many, $seed);
#
# Each case is { name, script (or files, or builtin), args, modes, clients,
# transactions, fails }; fails says that both must refuse it.  First come those
# of tests/pgbench/*.txt, then generated ones, the same for the same seed.
#
# A script shows what it computed in two ways: with debug(), which tells the
# type too, and by rows that it writes to the table "result" (k, v).

package PgbenchScripts;

use strict;
use warnings;

use AsyncDemoTest ();

my @all = ('simple', 'extended', 'prepared');

# -------- written cases --------

# "=== NAME", then options a line, then "---", then the script, up to the next
# case.  The options: -M, -c, -t and whatever else the programs take, "fails",
# and "expressions": each line is an expression for \set.
sub read_case
{
	my ($name, $text, $fails) = @_;
	my ($options, $script) = split /^---\n/m, $text, 2;
	my %case = (name => $name, args => [], fails => $fails);
	my @words = split ' ', $options;
	my $n = 0;

	while (defined(my $word = shift @words))
	{
		if ($word eq '-M') { $case{modes} = [ split /,/, shift @words ]; }
		elsif ($word eq '-c') { $case{clients} = shift @words; }
		elsif ($word eq '-t') { $case{transactions} = shift @words; }
		elsif ($word eq 'fails') { $case{fails} = 1; }
		elsif ($word eq 'expressions')
		{
			$script = join '', map { "\\set v" . ++$n . " debug($_)\n" }
			  split /\n/, $script;
		}
		else { push @{ $case{args} }, $word; }
	}
	$case{script} = $script;
	return \%case;
}

sub read_cases
{
	my ($file) = @_;
	my $text = AsyncDemoTest::slurp($file);
	my $fails = $file =~ /refused/;
	my @cases;

	while ($text =~ /^=== (.*)\n((?s:.*?))(?=^=== |\z)/mg)
	{
		push @cases, read_case($1, $2, $fails);
	}
	return @cases;
}

# What a text file cannot hold, or would not keep.
sub peculiar
{
	return (
		{ name => 'lines that end as in DOS',
			script => "\\set a 1\r\nINSERT INTO result VALUES ('a', :a);\r\n"
			  . "\\if :a = 1\r\nINSERT INTO result VALUES ('b', 2);\r\n"
			  . "\\endif\r\n" },
		{ name => 'no newline at the end',
			script => "\\set a 1\nINSERT INTO result VALUES ('a', :a);\n"
			  . "\\set b debug(:a)" });
}

# -------- generated cases --------

sub pick { return $_[ int rand @_ ]; }

# Keywords in any case, blanks as they come.
sub word
{
	my ($text) = @_;
	my $how = int rand 4;
	return $how == 0 ? uc $text : $how == 1 ? ucfirst $text : $text;
}

sub joined
{
	my ($left, $operator, $right) = @_;
	my $blank = pick(' ', ' ', '  ', "\t");

	# -- would be a comment, and two operators that touch are another
	return "$left$blank$operator$blank$right";
}

sub integer
{
	my ($depth, $vars) = @_;
	my $how = $depth <= 0 ? int rand 4 : int rand 17;

	return pick(0 .. 9, 17, 100, 12345, 2147483648, 1000000007) if $how < 2;
	return @$vars ? ':' . pick(@$vars) : 5 if $how == 2;
	return pick('-3', '(-17)', '(- 5)', '-1') if $how == 3;
	my $a = integer($depth - 1, $vars);
	my $b = integer($depth - 1, $vars);
	return joined($a, pick(qw(+ - *)), $b) if $how < 8;
	return "($a)" if $how == 8;
	return joined($a, pick('&', '|', '#'), $b) if $how == 9;
	return joined("($a)", pick('<<', '>>'), int rand 20) if $how == 10;
	return joined($a, pick('/', '%'), pick(1 .. 9, -3)) if $how == 11;
	return word(pick('abs')) . "($a)" if $how == 12;
	return word(pick('greatest', 'least'))
	  . '(' . join(', ', $a, $b, integer($depth - 1, $vars)) . ')'
	  if $how == 13;
	return pick("mod($a, 7)", "hash($a, $b)", "hash_fnv1a($a, 3)",
		"hash_murmur2($a, 5)", "permute($a, 100, 3)", "int($a)",
		"~ $a", "random($a, $a)", "int(" . real($depth - 1, $vars) . ')')
	  if $how == 14;
	return word('case') . ' ' . word('when') . ' ' . truth_of($depth - 1, $vars)
	  . ' ' . word('then') . " $a "
	  . ($how == 15
		? word('when') . ' ' . truth_of($depth - 1, $vars) . ' '
		  . word('then') . ' ' . integer($depth - 1, $vars) . ' ' : '')
	  . word('else') . " $b " . word('end');
}

sub real
{
	my ($depth, $vars) = @_;
	my $how = $depth <= 0 ? 0 : int rand 8;

	return pick('1.5', '0.25', '2.0', '1e3', '.5', '3.', '1.25E-2', '-0.75')
	  if $how < 2;
	my $a = real($depth - 1, $vars);
	my $i = integer($depth - 1, $vars);
	return joined($a, pick(qw(+ - *)), real($depth - 1, $vars)) if $how < 4;
	return joined("($a)", '/', pick('2.5', '4', '-1.5')) if $how == 4;
	return pick("double($i)", "sqrt(abs($a))", "exp(least($a, 3.0))",
		"ln(abs($a) + 1)", "pow(abs($a), 2)", 'pi()', "abs($a)")
	  if $how == 5;
	return "greatest($a, " . real($depth - 1, $vars) . ")" if $how == 6;
	return joined($a, pick('+', '*'), "($i)");
}

sub truth_of
{
	my ($depth, $vars) = @_;
	my $how = $depth <= 0 ? int rand 2 : int rand 9;

	return word(pick('true', 'false')) if $how == 0;
	return joined(integer(0, $vars), pick('=', '<>', '!=', '<', '<=', '>', '>='),
		integer($depth - 1, $vars))
	  if $how < 3;
	my $a = truth_of($depth - 1, $vars);
	return joined($a, word(pick('and', 'or')), truth_of($depth - 1, $vars))
	  if $how < 5;
	return word('not') . " $a" if $how == 5;
	return "($a)" if $how == 6;
	return "($a) " . pick('is true', 'is not true', 'is false', 'is not false',
		'is null', 'is not null', 'isnull', 'notnull')
	  if $how == 7;
	return joined('(' . real($depth - 1, $vars) . ')', pick('<', '>', '<=', '>='),
		real(0, $vars));
}

# Eight expressions, each with a row, each a variable of those that follow.
sub generated_expressions
{
	my ($number) = @_;
	my $script = "\\set a 3\n\\set b -11\n";
	my @vars = ('a', 'b');

	foreach my $i (1 .. 8)
	{
		my $kind = int rand 4;
		my $expression = $kind < 2 ? integer(3, \@vars)
		  : $kind == 2 ? truth_of(3, \@vars) : real(3, \@vars);

		$script .= "\\set v$i debug($expression)\n";
		next if $kind == 3;
		$script .= "INSERT INTO result VALUES ('v$i', :v$i);\n";
		push @vars, "v$i" if $kind < 2;
	}
	# one may be out of range: then at the same place in both
	return { name => "generated expressions $number", script => $script,
		may_fail => 1 };
}

# Branches in branches; the way taken is told by a number.
sub branch
{
	my ($depth, $indent) = @_;
	my $text = '';

	foreach (1 .. 1 + int rand 2)
	{
		if ($depth <= 0 || rand() < 0.3)
		{
			$text .= "$indent\\set n (:n * 7 + " . int(rand 100)
			  . ") % 1000003\n";
			$text .= "${indent}INSERT INTO result VALUES ('n', :n);\n"
			  if rand() < 0.4;
			next;
		}
		$text .= "$indent\\if " . truth_of(2, ['n']) . "\n"
		  . branch($depth - 1, "$indent  ");
		$text .= "$indent\\elif " . truth_of(2, ['n']) . "\n"
		  . branch($depth - 1, "$indent  ")
		  foreach 1 .. int rand 3;
		$text .= "$indent\\else\n" . branch($depth - 1, "$indent  ")
		  if rand() < 0.6;
		$text .= "$indent\\endif\n";
	}
	return $text;
}

sub generated_branches
{
	my ($number) = @_;
	return { name => "generated branches $number",
		script => "\\set n " . int(rand 1000) . "\n" . branch(3, '')
		  . "\\set n debug(:n)\nINSERT INTO result VALUES ('end', :n);\n" };
}

# What SQL may hold around variables that makes a lexer think.  No name stands
# inside a literal or a comment, where pgbench would replace it.
my @places = (
	':i::int + :j::int', '(:i)::int*(:j)::int', "'it''s' || :j::text",
	':i::text || $$ j; $$', '/* i; */ :j::int', "-- i;\n:j::int",
	"('{1,2,3,4,5,6,7,8,9,10}'::int[])[:i::int]", "E'\\'; ' || :i::text",
	"('{1,2,3,4}'::int[])[2:3]::text", '(:i)::text::int % 3',
	'case when :i::int > 5 then :j::int else -(:j::int) end',
	'$tag$ $$ i \' " ; $tag$', "length(';;') + :i::int",
	'coalesce(null, :i::int)',
	'(SELECT max(x) FROM generate_series(1, :i::int) x)',
	':i::int-:j::int', '(:i::int)::numeric(5,2)', "'a--b' || :i::text",
	"U&'\\0041' || (:j::int)::text", '(ARRAY[1, 2, :i::int])[ : 2]',
	"('{\"a\": [1, 2]}'::json #>> '{a,1}')::int + :i::int",
	"date '2024-02-29' + :i::int", ':i::int /* /* ; */ : */ % 7');

sub generated_sql
{
	my ($number) = @_;
	my $script = '\set i ' . (1 + int rand 9) . "\n"
	  . '\set j ' . (10 + int rand 90) . "\n";

	foreach my $k (1 .. 6)
	{
		my $begin = pick('', "-- comment; $k\n", '/* c */ ', "\n\n")
		  . pick('INSERT INTO result VALUES', 'insert into result values',
			"INSERT\n INTO result\nVALUES");
		my $end = pick(';', ' ;', ";\n", "\n;", '; -- end');

		$script .= "$begin ('k$k', (" . pick(@places) . ")::text)$end\n";
		if (rand() < 0.4)
		{
			$script .= 'SELECT '
			  . pick(':i::int + 1', '(:j::int - 1) % 10 + 1',
				'(:i::int * 2) % 10 + 1') . ' AS i '
			  . pick("\\gset\n", "\n\\gset\n", "\\gset \n");
		}
		$script .= '\set j :j + :i' . "\n" if rand() < 0.3;
	}
	return { name => "generated SQL $number", script => $script };
}

# Several files with weights, and how often each was chosen.
sub weighted
{
	my ($number) = @_;
	my @weights = map { pick(0, 1, 2, 3, 5, 10) } 1 .. 2 + int rand 2;

	$weights[0] = 1 + int rand 5;
	return { name => "weights " . join(':', @weights),
		files => [ map { [ "INSERT INTO result VALUES ('f$_', 1);\n",
				$weights[$_] ] } 0 .. $#weights ],
		weights => \@weights, transactions => 200, modes => ['simple'] };
}

sub builtins
{
	return map {
		my $name = $_;
		map { { name => "built-in $name -M $_", builtin => $name,
				modes => [$_], transactions => 20, clients => 2 } } @all
	} qw(tpcb-like simple-update select-only);
}

sub cases
{
	my ($how_many, $seed) = @_;
	my @cases = (map({ read_cases($_) }
		  sort glob AsyncDemoTest::checkout() . '/tests/pgbench/*.txt'), peculiar());
	my $number = 0;

	srand $seed;
	push @cases, builtins(), map { weighted($_) } 1 .. 8;
	while (@cases < $how_many)
	{
		my $kind = $number++ % 8;

		push @cases, $kind < 4 ? generated_expressions($number)
		  : $kind < 6 ? generated_branches($number)
		  : generated_sql($number);
	}
	my $n = 0;
	foreach my $case (@cases)
	{
		$case->{modes} //= $case->{fails} ? ['simple']
		  : [ 'simple', $n++ % 2 ? 'extended' : 'prepared' ];
	}
	return @cases;
}

1;
