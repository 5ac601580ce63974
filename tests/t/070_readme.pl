# Every command of the READMEs that can run does, and prints what they show.
#
# Read are README.md and client/README.md.  A ```sh block is a shell script, a
# ```sql block goes to psql; a block without a language is what the one before
# it prints, and a ```text block a picture.  A comment on a line before the block says more:
#
#   <!-- file: NAME -->    the block is written to NAME, for later commands
#   <!-- plan -->          the block is a plan: it is checked, then run
#   <!-- exit: N -->       the block ends with this status
#
# "make TARGET" is only looked up in the Makefile: it would install packages or
# run these tests again.  Port 8080 is replaced by one that is free.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

# A comparison of numbers would be one of machines: what is shown has to have
# the same words in the same order, but numbers and their units, bars, blanks,
# addresses and paths may differ.
sub words
{
	my ($text) = @_;

	$text =~ s{\S*[/@]\S*}{}g;
	$text =~ s{(?<=\d)\s*(?:us|ms|s|kB|MB)\b}{}g;
	return join ' ', $text =~ /(?<![\w.])[A-Za-z_][A-Za-z_]+/g;
}

# The fenced blocks of a document, each with its line, language, note, text and
# the text that it should print.
sub blocks
{
	my ($text) = @_;
	my @blocks;
	my ($block, $note, $number) = (undef, '', 0);

	foreach my $line (split /^/, $text)
	{
		$number++;
		if (defined $block && $line =~ /^```\s*$/)
		{
			my $before = $blocks[-1];

			if ($block->{language} ne '')
			{
				push @blocks, $block;
			}
			elsif (defined $before && $before->{note} !~ /^file/)
			{
				$before->{shown} //= $block->{text};
			}
			($block, $note) = (undef, '');
		}
		elsif (defined $block) { $block->{text} .= $line; }
		elsif ($line =~ /^```(\w*)\s*$/)
		{
			$block = { language => $1, note => $note, line => $number,
				text => '' };
		}
		elsif ($line =~ /^<!-- (.*?) -->\s*$/) { $note = $1; }
		elsif ($line =~ /\S/) { $note = ''; }
	}
	die "a block is not closed\n" if defined $block;
	return @blocks;
}

# A target that the front door really has.
sub has_target
{
	my ($target) = @_;

	return slurp(checkout() . '/Makefile') =~ /^\Q$target\E:/m;
}

# A script: its servers are ours, its make is looked up, the rest runs.
sub try_shell
{
	my ($block, $name, $folder, $port) = @_;
	my $text = $block->{text};
	my $status = $block->{note} =~ /^exit: (\d+)/ ? $1 : 0;

	while ($text =~ s/^(?:sudo )?make\b[ \t]*(\w*)([^\n&|;]*)\n//m)
	{
		ok(has_target($1 || 'all'),
			"$name: make $1 is a target (not run: it installs packages, or"
			  . " runs the tests)");
	}
	if ($text =~ s/^asyncdemo serve --port 8080 &\n//m)
	{
		pass("$name: asyncdemo serve (on a free port)");
	}
	return if $text !~ /\S/;
	$text =~ s/\b8080\b/$port/g;

	my ($got, $out, $err);
	in_some_try(
		sub {
			($got, $out, $err) = run_client([ '-e', '-c', $text ],
				program => 'bash', cwd => $folder,
				env => { PGDATABASE => 'readme', LC_ALL => 'C.UTF-8',
					PAGER => undef });
			# the demo judges how long its experiments took
			return $got == $status || $text !~ /^asyncdemo demo\b/m;
		});
	is($got, $status, "$name: the commands end with $status")
	  or diag $text, $out, $err;
	is(words($out . $err), words($block->{shown}), "$name: they print what is shown")
	  if defined $block->{shown};
}

sub try_sql
{
	my ($block, $name, $port) = @_;
	my $text = $block->{text};

	$text =~ s/\b8080\b/$port/g;
	my ($status, $out, $err) = run_client(
		[ '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', '-' ],
		program => 'psql', stdin => $text, env => { PGDATABASE => 'readme' });
	is($status, 0, "$name: the statements run") or diag $err;
	return if !defined $block->{shown};
	# psql fills its columns up with blanks
	s/[ \t]+$//mg, s/\s*\z// foreach $out, $block->{shown};
	is($out, $block->{shown}, "$name: they return what is shown");
}

sub try_plan
{
	my ($block, $name) = @_;
	my $file = plan_file($block->{text});

	foreach my $args ([ 'check', $file ], [ 'run', $file ])
	{
		my ($status, $out, $err) =
		  run_client($args, env => { PGDATABASE => 'readme' });
		is($status, 0, "$name: asyncdemo $args->[0]") or diag $out, $err;
	}
}

my $server = start_serve();
my $folder = temp_folder() . '/readme';
mkdir $folder or die "$folder: $!\n";
psql('CREATE DATABASE readme');

foreach my $document (qw(README.md client/README.md))
{
	my @blocks = blocks(slurp(checkout() . "/$document"));

	cmp_ok(scalar @blocks, '>', 3, "$document has blocks to try");
	foreach my $block (@blocks)
	{
		my $name = "$document:$block->{line}";

		if ($block->{note} =~ /^file: ([\w.-]+)$/)
		{
			open my $handle, '>:raw', "$folder/$1" or die "$folder/$1: $!\n";
			print $handle $block->{text};
			close $handle or die "$folder/$1: $!\n";
		}
		elsif ($block->{note} eq 'plan') { try_plan($block, $name); }
		elsif ($block->{language} eq 'sh')
		{
			try_shell($block, $name, $folder, $server->port);
		}
		elsif ($block->{language} eq 'sql')
		{
			try_sql($block, $name, $server->port);
		}
		elsif ($block->{language} eq 'text')
		{
			pass("$name: what a terminal shows (not run)");
		}
		else { fail("$name: no way to try a block of $block->{language}"); }
	}

	# What is pointed to is there.
	foreach my $link (slurp(checkout() . "/$document") =~ /\]\(([^)#:]+)/g)
	{
		my ($base) = "/$document" =~ m{^(.*/)};
		ok(-e checkout() . $base . $link, "$document: $link is there");
	}
}

is($server->stop, 0, 'the delay server ends well');
psql('DROP DATABASE readme');
done_testing();
