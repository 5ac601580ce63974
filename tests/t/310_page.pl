# The HTML report draws, answers pointer and keyboard, asks nobody for
# anything, and treats text from outside as text.

use strict;
use warnings;
use utf8;

use AsyncDemoTest;
use Browser;
use JSON::PP;
use Test::More;

my $folder = temp_folder();
my $serve = start_serve();
my $page = "$folder/page.html";
my $shots = $ENV{ASYNCDEMO_SCREENSHOTS};    # a folder: keep pictures there

# With names that would break out of anything that is not careful.
my $text = <<'END';
\task first
\blocking
\http page GET :http?delay=0.2&value=300
SELECT pg_sleep(0.2);
\task second
\http page GET :http?delay=0.2
SELECT 'שלום </script><script>alert(1)</script> <img src=x onerror=alert(2)> & "x"';
\task <b>third</b>
\gather
  SELECT pg_sleep(0.1);
  \sleep 50ms
\end
END
utf8::encode($text);

my ($status, $out, $err) =
  run_client([ 'run', '-D', "http=$serve->{url}", '--html', $page, plan_file($text, 'a<b>.sql') ]);
is($status, 0, 'a page is written') or diag $err;
my $html = slurp($page);
like($html, qr/\A<!DOCTYPE html>.*<\/html>\n\z/s, 'a whole page');
unlike($html, qr/\{\{\w+\}\}/, 'no part of it is missing');
unlike($html, qr/<script>alert/, 'a script in the plan is none in the page');
unlike($html, qr/(?:src|href)\s*=\s*["']?(?:https?:|\/\/)/i, 'nothing from elsewhere');
my ($data) = $html =~ m{<script type="application/json" id="data">(.*?)</script>}s;
my $report = eval { decode_json($data) };
ok($report, 'its data is the JSON report') or diag $@;
is($report->{schema}, 'asyncdemo-run', 'with its schema');

my $browser = Browser->new_or_skip(width => 1280, height => 900);

$browser->go("file://$page");
$browser->is_fine('opened');

# What is there
foreach (
	[ 'the verdict', '.badge' ], [ 'why', '#why' ], [ 'fix', '#fix' ], [ 'the scale', '.scale' ],
	[ 'bars', '#rows .bar-blocking' ], [ 'async bars', '#rows .bar-async' ], [ 'held bars', '#rows .bar-held' ],
	[ 'classes', '#classes table' ], [ 'steps', '#steps table' ], [ 'curves', '#percentiles .curve' ],
	[ 'the plan', '#plan .src' ], [ 'the slowest', '#stood-out table' ])
{
	my ($name, $selector) = @$_;
	ok($browser->js('return document.querySelector(arguments[0]) !== null', $selector), "there is $name");
}
is($browser->js('return document.querySelector(".badge").textContent'), $report->{verdict}{word}, 'the word');
is($browser->js('return document.getElementById("why").textContent'), $report->{verdict}{why}, 'the cause');
is($browser->js('return document.querySelectorAll("#main script, #main img, #main b").length'), 0,
	'nothing of the plan became an element');
like($browser->js('return document.querySelector(".plan").textContent'), qr/<img src=x onerror=alert\(2\)>/,
	'it is shown as it stands');
is($browser->js('return [...document.querySelectorAll(".plan .src > bdi")].length'),
	$browser->js('return document.querySelectorAll(".plan .src").length'), 'each line of the plan is isolated');
like($browser->js('return document.querySelector("#plan").textContent'), qr/cost others/, 'the plan shows what a line cost');
is($browser->js('return document.documentElement.scrollWidth <= innerWidth'), 1, 'it is not wider than the window');

# The pointer
$browser->hover('#rows .bar-async');
ok(!$browser->js('return document.getElementById("tip").hidden'), 'pointing at a bar tells about it');
like($browser->js('return document.getElementById("tip").textContent'), qr/took.*SELECT|took.*http/s, 'with time and text');
$browser->pointer([ 5, 5 ]);
ok($browser->js('return document.getElementById("tip").hidden'), 'and stops when it leaves');
$browser->click('#rows .bar-async');
ok($browser->js('return document.querySelector("#rows .chosen") !== null'), 'a click chooses a bar');
ok($browser->js('return document.querySelector(".plan tr.chosen") !== null'), 'and its line in the plan');
my $width = 'return document.querySelector("#rows .bar-blocking").getBoundingClientRect().width';
my $before = $browser->js($width);
$browser->click('button[aria-label="Zoom in"]');
cmp_ok($browser->js('return document.getElementById("range").textContent.length'), '>', 0, 'zoomed: the part is told');
$browser->click('button[aria-label="Show the whole run"]');
is($browser->js('return document.getElementById("range").textContent'), '', 'the whole run again');
my ($x, $y) = $browser->middle('#rows .bar-blocking');
$browser->pointer([ $x, $y ]);
$browser->wheel($x, $y, -120);
is($browser->js('return document.getElementById("range").textContent'), '', 'the wheel scrolls the page');
$browser->js('document.getElementById("rows").focus()');
($x, $y) = $browser->middle('#rows .bar-blocking');
$browser->wheel($x, $y, -240);
isnt($browser->js('return document.getElementById("range").textContent'), '', 'with the focus it zooms');
my $part = $browser->js('return document.getElementById("range").textContent');
($x, $y) = $browser->middle('#rows');
$browser->pointer([ $x, $y ], 'down', [ $x - 150, $y ], 'up');
isnt($browser->js('return document.getElementById("range").textContent'), $part, 'dragging moves it');
$browser->click('button[aria-label="Show the whole run"]');
($x, $y) = $browser->middle('.over');
$browser->pointer([ $x - 100, $y ], 'down', [ $x + 100, $y ], 'up');
like($browser->js('return document.getElementById("range").textContent'), qr/ to /, 'dragging in the strip chooses a part');
$browser->click('.keys button[aria-pressed]');
is($browser->js('return document.querySelector(".keys button").getAttribute("aria-pressed")'), 'false', 'a curve is put out');
$browser->is_fine('after the pointer');

# The keyboard alone
$browser->js('document.activeElement.blur(); document.getElementById("rows").focus()');
$browser->keys('0', 'Right');
my $said = $browser->js('return document.getElementById("live").textContent');
like($said, qr/: .*, blocking, from /, 'an arrow goes to a bar and it is said');
$browser->keys('Down');
isnt($browser->js('return document.getElementById("live").textContent'), $said, 'another to the next row');
$browser->keys('Right', 'Enter');
isnt($browser->js('return document.getElementById("range").textContent'), '', 'Enter zooms to it');
$browser->keys('0', 'Escape');
ok($browser->js('return document.getElementById("tip").hidden'), 'Escape leaves it');
$browser->js('document.activeElement.blur(); document.querySelector(".skip").focus()');
$browser->keys('Enter', 'Tab');
isnt($browser->js('return document.activeElement.tagName'), 'BODY', 'Tab goes on from the skip link');
ok($browser->js(<<'END'), 'whatever can be pressed has a name');
return [...document.querySelectorAll("button, a, [tabindex='0']")].every((e) =>
  (e.textContent.trim() || e.getAttribute("aria-label")));
END

# Contrast of all text, in both colour schemes
is($browser->low_contrast, '', 'light: every text has contrast');
$browser->screenshot("$shots/light.png") if $shots;
my $paper = $browser->js('return getComputedStyle(document.body).backgroundColor');
$browser->click('#theme') foreach 1 .. 2;
is($browser->js('return document.getElementById("theme").textContent'), 'Theme: dark', 'the theme can be chosen');
isnt($browser->js('return getComputedStyle(document.body).backgroundColor'), $paper, 'and is another one');
is($browser->low_contrast, '', 'dark: every text has contrast');
$browser->screenshot("$shots/dark.png") if $shots;

# Narrow
$browser->size(400, 800);
$browser->js('document.activeElement.blur(); scrollTo(0, 0)');
ok($browser->js('return document.documentElement.scrollWidth <= innerWidth'), '400 pixels: nothing sticks out');
$browser->screenshot("$shots/narrow.png") if $shots;
$browser->is_fine('at the end');

# Print: what cannot be pressed there is gone, and a PDF comes out
my $pdf = $browser->of_session('/print', {});
like($pdf, qr/^JVBER/, 'it can be printed');

# Many tasks: bounded, and soon there
($status) = run_client([ 'run', '--html', $page, '-q', '-c', 20, '--tasks', 20000, '-e',
	"\\gather\n\\sleep 0.1ms\n\\sleep 0.2ms\n\\sleep 0.1ms\n\\end\n\\sleep 0.1ms\n\\sleep 0.1ms" ]);
is($status, 0, 'many tasks: a run');
cmp_ok(-s $page, '<', 5_000_000, 'many tasks: the page stays below 5 MB');
$browser->size(1280, 900);
$browser->go("file://$page");
my $took = $browser->js('return performance.getEntriesByType("navigation")[0].loadEventEnd');
note("the page was there after $took ms");
cmp_ok($took, '<', 20_000, 'many tasks: it opens');
ok($browser->js('return document.querySelectorAll("#rows *").length < 20000'), 'many tasks: only what is in sight is drawn');
like($browser->js('return document.getElementById("timeline").textContent'), qr/of 20.000 tasks/, 'it says how many are shown');
$browser->click('button[title^="A row for each"]');
like($browser->js('return document.querySelector("button[title^=\'A row for each\']").textContent'), qr/tasks/, 'rows can be tasks');
$browser->screenshot("$shots/many.png") if $shots;
$browser->is_fine('many tasks');

done_testing();
