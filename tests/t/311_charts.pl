# Sweeps, comparisons and pairs as pages and pictures: they draw, answer pointer
# and keyboard, ask nobody for anything, and treat text from outside as text.

use strict;
use warnings;
use utf8;

use AsyncDemoTest;
use Browser;
use JSON::PP;
use Test::More;

my $folder = temp_folder();
my $shots = $ENV{ASYNCDEMO_SCREENSHOTS};    # a folder: keep pictures there
my $evil = 'שלום </script><script>alert(1)</script> <img src=x onerror=alert(2)> & "x".sql';

# ---- what is shown: saved ones, so that every kind of point is there ----

sub save
{
	my ($name, $what) = @_;
	open my $file, '>:raw', "$folder/$name" or die "$name: $!\n";
	print $file encode_json($what);
	close $file or die "$name: $!\n";
	return "$folder/$name";
}

sub histogram
{
	my (@ms) = sort { $a <=> $b } @_;
	my $mean = 0;
	$mean += $_ / @ms foreach @ms;
	return { count => scalar @ms, mean => $mean / 1000, stddev => 0.0001,
		min => $ms[0] / 1000, max => $ms[-1] / 1000,
		buckets => [ map { [ $_ / 1000, 1 ] } @ms ] };
}

sub point
{
	my ($value, $rates, $ms, %more) = @_;
	my $latency = histogram(map { $ms * (1 + $_ / 50) } 0 .. 20);
	return { value => $value, rates => $rates, latency => $latency, slo => $latency->{max},
		classes => { server => 0.01, pool => ($ms - 10) / 1000 }, in_flight => $value, cpu => 0.2, loops => 1,
		trend => 0.01, tasks => 100, failed => 0, steady => JSON::PP::true, client_bound => JSON::PP::false,
		holds_slo => JSON::PP::true, %more };
}

my $sweep = save('sweep.json', {
	schema => 'asyncdemo-sweep', version => 1, plan => $evil, over => 'concurrency', from => 1, to => 32,
	rounds => 3, point_time => 0.5, slo => { of => 'max', limit => 0.03 },
	points => [
		point(1, [ 90, 91, 95 ], 10.5), point(2, [ 180, 181, 190 ], 10.8, steady => JSON::PP::false, trend => 0.4),
		point(4, [ 350, 352, 340 ], 11.5), point(8, [ 390, 391, 395 ], 20),
		point(16, [ 400, 402, 405 ], 40, holds_slo => JSON::PP::false),
		point(32, [ 380, 381, 385 ], 81, client_bound => JSON::PP::true, cpu => 0.97) ] });

sub variant
{
	my ($name, $values, %more) = @_;
	return { name => $name, tasks => 10, wall => { values => $values }, time_per_task => { values => [ map { $_ / 10 } @$values ] }, %more };
}

my $compare = save('compare.json', {
	schema => 'asyncdemo-compare', version => 1, plan => $evil, rounds => 5,
	variants => [
		variant('as given', [ 0.20, 0.21, 0.22, 0.20, 0.21 ]),
		variant('שלום <b>c=20</b> hold=statement', [ 0.10, 0.11, 0.12, 0.10, 0.11 ], ratio => 0.519, interval => [ 0.48, 0.56 ], p => 0.008, significant => JSON::PP::true),
		variant('c=11', [ 0.20, 0.21, 0.23, 0.20, 0.20 ], ratio => 1.0, interval => [ 0.95, 1.04 ], p => 0.9, significant => JSON::PP::false) ] });

my @runs = map {
	my ($status, $out) = run_client([ 'run', '--format', 'json', '-c', 8, '--connections', $_, '--tasks', 40, '-e', 'SELECT pg_sleep(0.01)' ]);
	is($status, 0, 'a run to compare');
	save("run <$_>.json", decode_json($out)) } 8, 2;

my %page;
foreach ([ sweep => $sweep ], [ compare => $compare ], [ pair => @runs ])
{
	my ($name, @files) = @$_;
	my ($status, undef, $err) = run_client([ 'report', '-q', @files, '--html', "$folder/$name.html", '--svg', "$folder/$name.svg" ]);
	is($status, 0, "$name: a page and a picture") or diag $err;
	$page{$name} = slurp("$folder/$name.html");
	like($page{$name}, qr/\A<!DOCTYPE html>.*<\/html>\n\z/s, "$name: a whole page");
	unlike($page{$name}, qr/\{\{\w+\}\}/, "$name: no part of it is missing");
	unlike($page{$name}, qr/<script>alert|<img src=x/, "$name: no text became markup");
	unlike($page{$name}, qr/(?:src|href)\s*=\s*["']?(?:https?:|\/\/)/i, "$name: nothing from elsewhere");
	my ($data) = $page{$name} =~ m{<script type="application/json" id="data">(.*?)</script>}s;
	is(eval { decode_json($data)->{schema} }, "asyncdemo-$name", "$name: its data is the JSON report") or diag $@;
}
like($page{sweep}, qr/<noscript>.*Best: concurrency 8.*<\/noscript>/s, 'without scripts: the sentences');

my $browser = Browser->new_or_skip(width => 1280, height => 900);

sub count
{
	my ($selector) = @_;
	return $browser->js('return document.querySelectorAll(arguments[0]).length', $selector);
}

sub text
{
	my ($selector) = @_;
	return $browser->js('return document.querySelector(arguments[0])?.textContent', $selector);
}

sub tip { return $browser->js('const t = document.getElementById("tip"); return t.hidden ? "" : t.textContent'); }

# What every one of the pages must do.
sub looks_well
{
	my ($name, $chart) = @_;
	$browser->is_fine("$name, opened");
	is(count('#main script, #main img, #main b'), 0, "$name: nothing from outside became an element");
	ok($browser->js('return document.documentElement.scrollWidth <= innerWidth'), "$name: not wider than the window");
	is($browser->low_contrast, '', "$name, light: every text has contrast");
	$browser->js('document.documentElement.dataset.theme = "dark"');
	is($browser->low_contrast, '', "$name, dark: every text has contrast");
	$browser->screenshot("$shots/$name-dark.png") if $shots;
	$browser->js('delete document.documentElement.dataset.theme');

	# the keyboard alone
	$browser->js('document.querySelector(arguments[0]).focus()', $chart);
	$browser->keys('Right');
	my $first = text('#live');
	ok(length $first, "$name: an arrow goes to a mark and it is said");
	ok(length tip(), "$name: and shown");
	$browser->keys('Right');
	isnt(text('#live'), $first, "$name: another one to the next");
	is($browser->js('return document.querySelectorAll(".ring circle").length > 0'), 1, "$name: which is marked");
	$browser->keys('Escape');
	is(tip(), '', "$name: Escape leaves it");
	ok($browser->js(<<'END'), "$name: whatever can be pressed has a name");
return [...document.querySelectorAll("button, a, [tabindex='0']")].every((e) => (e.textContent.trim() || e.getAttribute("aria-label")));
END

	$browser->size(400, 800);
	ok($browser->js('return document.documentElement.scrollWidth <= innerWidth'), "$name, 400 pixels: nothing sticks out");
	$browser->js('scrollTo(0, 0)');
	$browser->screenshot("$shots/$name-narrow.png") if $shots;
	$browser->size(1280, 900);
	like($browser->of_session('/print', {}), qr/^JVBER/, "$name: it can be printed");
	$browser->is_fine("$name, at the end");
}

# ---- a sweep ----

$browser->go("file://$folder/sweep.html");
is(text('#best'), '8', 'sweep: the best setting');
is(text('h1'), $evil, 'sweep: the plan as it stands');
like(text('#findings'), qr/Best.*Knee.*Law/s, 'sweep: what it means');
is(count('#sweep-chart .mark'), 6, 'sweep: six points');
is(count('#sweep-chart .mark.hollow'), 2, 'sweep: what is left out or misses the SLO is hollow');
is(count('#sweep-chart .mark.doubt'), 1, 'sweep: what is not steady is dashed');
is(count('#sweep-chart .tickmark'), 18, 'sweep: every round');
is(count('#sweep-chart .limit'), 1, 'sweep: a line for the SLO');
is(count('#sweep-chart .law'), 1, 'sweep: the fitted law');
like(text('#chart .legend'), qr/scalability law: \S/, 'sweep: how far to trust it');
like(text('#sweep-chart'), qr/best: 8/, 'sweep: the best is marked');
like(text('#sweep-chart'), qr/knee: \d/, 'sweep: and the knee');
is(count('#points tbody tr'), 6, 'sweep: a row for each point');
like(text('#points tbody tr:nth-child(4)'), qr/^8.*392.*best/s, 'sweep: with the same numbers');
is(count('#sweep-chart .curve'), 4, 'sweep: throughput, p50, p99, and what the SLO speaks of');
my @marks = @{ $browser->js(<<'END') };
return [...document.querySelectorAll("#sweep-chart .mark")].map((e) => { e.scrollIntoView({ block: "center", behavior: "instant" }); const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; });
END
$browser->pointer($marks[5]);
like(tip(), qr/32.*client-bound.*left out: the client used 97 %/s, 'sweep: pointing at one that is left out says why');
$browser->pointer($marks[4]);
like(tip(), qr/misses the SLO: max is .*more than/, 'sweep: one that misses the SLO');
$browser->pointer($marks[1]);
like(tip(), qr/not steady: tasks\/s changed by 40 % within a run/, 'sweep: one that is not steady');
$browser->pointer([ 5, 5 ]);
is(tip(), '', 'sweep: and stops when the pointer leaves');
looks_well('sweep', '#sweep-chart');

# ---- a comparison ----

$browser->go("file://$folder/compare.html");
is(text('#ratio'), "0.519\x{d7}", 'compare: the ratio that counts');
is(text('#verdict'), 'FASTER', 'compare: in a word');
is(count('#times-chart .round'), 15, 'compare: every round is a dot');
is(count('#times-chart .mean'), 3, 'compare: each has its mean');
is(count('#times-chart .interval'), 3, 'compare: and an interval');
is(count('#ratio-chart .interval'), 2, 'compare: so has each ratio');
is(count('#ratio-chart .mean'), 1, 'compare: one is significant');
is(count('#ratio-chart .unsure'), 1, 'compare: one is not, and hollow');
like(text('#ratio-chart'), qr/1\x{d7}, not significant/, 'compare: which is said plainly');
like(text('#numbers tbody tr:nth-child(3)'), qr/c=11.*not significant/s, 'compare: in the table too');
is(count('#rounds tbody tr'), 5, 'compare: the rounds as a table');
$browser->hover('#times-chart .mean');
ok(length tip(), 'compare: pointing at a row tells about it');
looks_well('compare', '#times-chart');

# ---- two saved runs ----

$browser->go("file://$folder/pair.html");
is(text('#verdict'), 'SLOWER', 'pair: in a word');
like(text('#findings'), qr/most of the change is pool/, 'pair: what changed');
like(text('#pair-chart'), qr/of it pool/, 'pair: as a bar');
like(text('#numbers'), qr/run <8>\.json/, 'pair: names as they stand');
looks_well('pair', '#pair-chart');

# ---- pictures ----

foreach ([ sweep => 6 + 3 ], [ compare => 15 + 3 + 2 ], [ pair => 0 ])
{
	my ($name, $circles) = @$_;
	$browser->go("file://$folder/$name.svg");
	is(count('parsererror'), 0, "$name.svg: is well-formed");
	is($browser->js('return document.documentElement.tagName'), 'svg', "$name.svg: is a picture");
	is(count('circle'), $circles, "$name.svg: every mark") if $circles;
	is(count('script, img, a, image, foreignObject'), 0, "$name.svg: nothing but shapes and text");
	ok($browser->js(<<'END'), "$name.svg: no text leaves it");
const all = document.documentElement.getBoundingClientRect();
return [...document.querySelectorAll("text")].every((t) => { const b = t.getBoundingClientRect(); return b.left >= all.left - 1 && b.right <= all.right + 1 && b.bottom <= all.bottom + 1; });
END
	$browser->is_fine("$name.svg");
	$browser->screenshot("$shots/$name-svg.png") if $shots;
}

done_testing();
