# A headless Chromium for tests of pages: WebDriver over HTTP, nothing else.
#
#   my $browser = Browser->new(width => 1280, height => 900, dark => 0)
#     or plan skip_all => Browser::missing();
#   $browser->go('file:///...');
#   $browser->js('return document.title');
#   $browser->click('#theme'); $browser->keys('+'); $browser->screenshot('x.png');
#   my @errors = $browser->console; my @urls = $browser->requests;
#
# Browser and driver end with the object.

package Browser;

use strict;
use warnings;

use AsyncDemoTest;
use File::Path qw(remove_tree);
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(sleep);

my $missing = '';

sub program
{
	foreach my $name (@_)
	{
		foreach my $folder (split(/:/, $ENV{PATH}), '/usr/lib/chromium', '/usr/lib/chromium-browser')
		{
			return "$folder/$name" if -x "$folder/$name" && !-d _;
		}
	}
	return undef;
}

# Why there is none.
sub missing { return $missing; }

# One, or the end of the test, which says what is missing.
sub new_or_skip
{
	my ($class, @option) = @_;
	my $self = $class->new(@option);

	return $self if $self;
	note($missing);
	SKIP: { skip $missing, 1; }
	done_testing();
	exit;
}

sub new
{
	my ($class, %option) = @_;
	my $driver = program('chromedriver', 'chromium-driver');
	my $chromium = program('chromium', 'chromium-browser', 'google-chrome');
	my $folder = temp_folder() . '/browser' . int(rand 1e9);

	if (!$driver || !$chromium)
	{
		$missing = 'there is no ' . ($chromium ? 'chromedriver' : 'Chromium')
		  . '; on Debian: apt-get install chromium chromium-driver';
		return undef;
	}
	mkdir $folder or die "$folder: $!\n";
	my $port = free_port();
	my $self = bless {
		folder => $folder,
		base => "http://127.0.0.1:$port",
		http => HTTP::Tiny->new(timeout => 60, no_proxy => ['127.0.0.1']),
		process => start_client([ "--port=$port" ], program => $driver,
			env => { HOME => $folder, XDG_CONFIG_HOME => $folder, XDG_CACHE_HOME => $folder })
	}, $class;
	wait_until('chromedriver', sub {
		eval { $self->call('GET', '/status')->{ready} } || $self->{process}->has_ended });
	my $answer = eval { $self->call('POST', '/session', { capabilities => { alwaysMatch => {
		'goog:loggingPrefs' => { browser => 'ALL', performance => 'ALL' },
		'goog:chromeOptions' => { binary => $chromium, args => [
			qw(--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run
			  --disable-dev-shm-usage --disable-background-networking --disable-sync
			  --disable-component-update --disable-default-apps --hide-scrollbars
			  --force-color-profile=srgb),
			"--user-data-dir=$folder",
			'--window-size=' . ($option{width} // 1280) . ',' . ($option{height} // 900) ] }
	} } }) };
	if (!$answer)
	{
		$missing = "Chromium does not start here: $@";
		$self->DESTROY;
		return undef;
	}
	$self->{session} = "/session/$answer->{sessionId}";
	$self->cdp('Emulation.setEmulatedMedia', { features =>
		[ { name => 'prefers-color-scheme', value => $option{dark} ? 'dark' : 'light' } ] });
	$self->size($option{width} // 1280, $option{height} // 900);
	return $self;
}

sub call
{
	my ($self, $method, $path, $body) = @_;
	my $answer = $self->{http}->request($method, $self->{base} . $path,
		defined $body ? { content => encode_json($body), headers => { 'Content-Type' => 'application/json' } } : {});
	my $value = eval { decode_json($answer->{content})->{value} };

	die "$method $path: $answer->{status} "
	  . (ref $value eq 'HASH' ? $value->{message} // '' : $answer->{content}) . "\n"
	  unless $answer->{success};
	return $value;
}

sub of_session
{
	my ($self, $path, $body) = @_;
	return $self->call(defined $body ? 'POST' : 'GET', $self->{session} . $path, $body);
}

sub cdp
{
	my ($self, $command, $params) = @_;
	return $self->of_session('/goog/cdp/execute', { cmd => $command, params => $params });
}

sub size
{
	my ($self, $width, $height) = @_;
	$self->cdp('Emulation.setDeviceMetricsOverride',
		{ width => $width, height => $height, deviceScaleFactor => 1, mobile => JSON::PP::false });
}

sub go { my ($self, $url) = @_; $self->of_session('/url', { url => $url }); }

# Run a function's body; arguments are there as arguments[0] and so on.
sub js
{
	my ($self, $script, @args) = @_;
	return $self->of_session('/execute/sync', { script => $script, args => \@args });
}

sub actions
{
	my ($self, @actions) = @_;
	$self->of_session('/actions', { actions => \@actions });
}

# The pointer goes to x, y of the window, and does what is told: down, up.
sub pointer
{
	my ($self, @steps) = @_;
	my @actions;

	foreach (@steps)
	{
		push @actions, ref $_
		  ? { type => 'pointerMove', duration => 30, x => int $_->[0], y => int $_->[1] }
		  : { type => $_ eq 'down' ? 'pointerDown' : 'pointerUp', button => 0 };
	}
	$self->actions({ type => 'pointer', id => 'mouse', parameters => { pointerType => 'mouse' },
			actions => \@actions });
}

# The middle of the first element that the selector finds, brought into sight.
sub middle
{
	my ($self, $selector) = @_;
	return @{ $self->js(<<'END', $selector) // die "there is no $selector\n" };
const e = document.querySelector(arguments[0]);
if (!e) return null;
e.scrollIntoView({ block: "center", behavior: "instant" });
const b = e.getBoundingClientRect();
return [b.left + b.width / 2, b.top + b.height / 2];
END
}

sub click
{
	my ($self, $selector) = @_;
	$self->pointer([ $self->middle($selector) ], 'down', 'up');
}

sub hover
{
	my ($self, $selector) = @_;
	$self->pointer([ $self->middle($selector) ]);
}

sub wheel
{
	my ($self, $x, $y, $by) = @_;
	$self->actions({ type => 'wheel', id => 'wheel', actions => [
		{ type => 'scroll', x => int $x, y => int $y, deltaX => 0, deltaY => $by, duration => 30 } ] });
}

my %key = (Tab => "\x{E004}", Enter => "\x{E007}", Escape => "\x{E00C}", Left => "\x{E012}",
	Up => "\x{E013}", Right => "\x{E014}", Down => "\x{E015}");

# Keys by name or as they are, one after the other.
sub keys
{
	my ($self, @names) = @_;
	$self->actions({ type => 'key', id => 'keyboard', actions =>
		[ map { my $key = $key{$_} // $_; map { { type => $_, value => $key } } qw(keyDown keyUp) } @names ] });
}

sub screenshot
{
	my ($self, $file) = @_;
	open my $out, '>:raw', $file or die "$file: $!\n";
	print $out decode_base64($self->of_session('/screenshot'));
	close $out or die "$file: $!\n";
}

# What has less contrast than WCAG's AA asks for (4.5), as "TAG.class ratio".
sub low_contrast
{
	my ($self) = @_;
	return $self->js(<<'END');
const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length && c[3] !== 0) return c; } return [255, 255, 255]; };
const low = [];
for (const e of document.querySelectorAll("main *, footer *")) {
  if (e.closest("svg, .unseen") || e.disabled || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
  const style = getComputedStyle(e);
  if (Number(style.opacity) < 1) continue;
  const a = light(parse(style.color)), b = light(behind(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) low.push(e.tagName + "." + e.className + " " + ratio.toFixed(2));
}
return [...new Set(low)].slice(0, 5).join("; ");
END
}

# What the console has said since the last call.
sub console
{
	my ($self) = @_;
	return map { "$_->{level}: $_->{message}" } @{ $self->of_session('/se/log', { type => 'browser' }) };
}

# What was asked for from anywhere since the last call.
sub requests
{
	my ($self) = @_;
	return grep { defined } map {
		my $message = decode_json($_->{message})->{message};
		$message->{method} eq 'Network.requestWillBeSent' ? $message->{params}{request}{url} : undef
	} @{ $self->of_session('/se/log', { type => 'performance' }) };
}

# Nothing was said, and nobody was asked, since the last call.
sub is_fine
{
	my ($self, $name) = @_;
	is(join("\n", grep { !/favicon/ } $self->console), '', "$name: the console is silent");
	is(join("\n", grep { !m{^(?:file|data|blob|chrome):} } $self->requests), '', "$name: nobody was asked");
	return;
}

# A browser that its driver has lost would stay: it is known by its folder.
sub kill_rest
{
	my ($self) = @_;

	foreach my $file (glob '/proc/[0-9]*/cmdline')
	{
		my ($pid) = $file =~ m{/(\d+)/};

		open my $handle, '<', $file or next;
		my $command = do { local $/; <$handle> } // '';
		kill 'KILL', $pid
		  if $pid != $$ && index($command, $self->{folder}) >= 0;
	}
}

sub DESTROY
{
	my ($self) = @_;
	my $process = delete $self->{process} or return;

	local ($@, $?, $!);
	eval { $self->call('DELETE', delete $self->{session}) } if $self->{session};
	$process->signal('TERM');
	eval { $process->finish };
	$self->kill_rest;

	# its last processes may still be writing there
	foreach (1 .. 100)
	{
		remove_tree($self->{folder}, { error => \my $ignored });
		last unless -e $self->{folder};
		sleep 0.05;
	}
}

1;
