# A Chrome trace is well-formed, whatever runs, and can be read when the run
# was killed.

use strict;
use warnings;

use AsyncDemoTest;
use Test::More;

my $folder = temp_folder();
my $serve = start_serve();
my @http = ('-D', "http=$serve->{url}");

# Loads it as viewers do, and prints what is wrong and what is in it.
my $checker = plan_file(<<'END', 'check_trace.py');
import json, sys
text = open(sys.argv[1], encoding='utf-8').read()
try:
    events = json.loads(text)
    whole = True
except ValueError:
    whole = False
    try:
        events = json.loads(text + ']')  # as viewers do
    except ValueError:  # who was killed may have written half an event
        events = json.loads(text[:text.rindex(',\n')] + ']')
wrong, stacks, last, waiting, leads, joined, seen = [], {}, {}, {}, {}, 0, {}

def ns(us):
    return round(us * 1000)

# What is over by then has left the stack: slices lie within each other.
def settle(track, now):
    stack = stacks.setdefault(track, [])
    while stack and stack[-1][1] is not None and stack[-1][1] <= now:
        stack.pop()
    return stack

order = sorted(range(len(events)), key=lambda i: ns(events[i].get('ts', 0)))
for number in order:
    e = events[number]
    ph, track = e['ph'], (e['pid'], e['tid'])
    seen[ph] = seen.get(ph, 0) + 1
    if ph == 'M':
        continue
    at = ns(e['ts'])
    if ph in 'BX':
        stack = settle(track, at)
        until = at + ns(e['dur']) if ph == 'X' else None
        if last.get(track) == at:
            wrong.append('%d: begins together with another on %s' % (number, track))
        last[track] = at
        if until is not None and until < at:
            wrong.append('%d: negative' % number)
        if stack and until is not None and stack[-1][1] is not None and stack[-1][1] < until:
            wrong.append('%d: is longer than what it lies in on %s' % (number, track))
        stack.append((at, until))
        if 'flow_out' in e:
            leads[e['bind_id']] = at
        if 'flow_in' in e:
            joined += 1
            if e['bind_id'] not in leads:
                wrong.append('%d: a flow ends that never began' % number)
            elif leads[e['bind_id']] > at:
                wrong.append('%d: a flow goes back in time' % number)
    elif ph == 'E':
        stack = settle(track, at)
        if not stack:
            wrong.append('%d: E without B on %s' % (number, track))
        elif stack.pop()[1] is not None:
            wrong.append('%d: ends before what lies in it on %s' % (number, track))
    elif ph == 'b':
        waiting[(e['cat'], e['id'])] = waiting.get((e['cat'], e['id']), 0) + 1
    elif ph == 'e':
        waiting[(e['cat'], e['id'])] -= 1
if whole:
    wrong += ['%s is never closed' % (t,) for t, s in stacks.items() for b in s if b[1] is None]
    wrong += ['%s does not end' % (k,) for k, n in waiting.items() if n]
for line in wrong[:5]:
    print('WRONG', line)
print('whole' if whole else 'cut')
print('counts', ' '.join('%s=%d' % p for p in sorted(seen.items())), 'flows=%d' % joined)
names = {e['args']['name'] for e in events if e['ph'] == 'M' and e['name'].endswith('_name')}
print('threads', '; '.join(sorted(names)))
print('slices', '; '.join(sorted({e['name'] for e in events if e['ph'] in 'BX'})))
END

sub check
{
	my ($name, $file) = @_;
	my ($status, $out, $err) =
	  run_client([ $checker, $file ], program => 'python3');
	is($status, 0, "$name: it can be loaded") or diag $err;
	unlike($out, qr/^WRONG/m, "$name: nothing is wrong in it") or diag $out;
	return $out;
}

my @plans = (
	[ 'one statement', 'SELECT 1' ],
	[ 'steps of all kinds', <<'END' ],
\setup
SELECT 1;
\end
\teardown
SELECT 2;
\end
\task held count=3
\blocking
\http page GET :http?delay=0.02
SELECT pg_sleep(0.02);
\task gathered count=3
\gather
  \http left GET :http?delay=0.03
  SELECT 'a "quoted" \ name';
  SELECT pg_sleep(0.03);
  \sleep 10ms
\end
SELECT 3;
\task threads
\thread
SELECT pg_sleep(0.02);
BEGIN;
SELECT 4;
END;
END
	[ 'failures', "\\task a count=2\nSELECT 1/0;\n\\task b\n\\timeout 20ms\nSELECT pg_sleep(5);\n\\task c\nSELECT 5;" ]);

foreach my $plan (@plans)
{
	my ($name, $text) = @$plan;
	foreach my $args ([], [ '--connections', 2 ], [ '--connections', 2, '--hold', 'statement' ],
		[ '--mode', 'blocking' ], [ '-c', 4, '--tasks', 40 ],
		[ '-j', 2, '-c', 4, '--tasks', 40 ])
	{
		my $file = "$folder/run.trace";
		my ($status) =
		  run_client([ 'run', @http, @$args, '--trace', $file, '-q', '-e', $text ]);
		is($status, $name eq 'failures' ? 2 : 0, "$name, @$args: exit status");
		my $out = check("$name, @$args", $file);
		like($out, qr/^whole$/m, 'it is whole');
	}
}

# What is in it
run_client([ 'run', @http, '--trace', "$folder/run.trace", '-q', '-e', $plans[1][1] ]);
my $out = check('the mixed plan', "$folder/run.trace");
like($out, qr/^counts .*\bflows=16$/m, 'a flow from each SQL step to its statement') or diag $out;
like($out, qr/^threads .*PostgreSQL; asyncdemo; backend \d+, connection 1;.*loop; task slot 1;/m,
	'processes and threads have names');
like($out, qr/^slices .*SELECT pg_sleep\(0\.02\).*held by held#1.*lease: held#1.*page/m,
	'statements, holds, leases and steps') or diag $out;

# Several loops are several processes
run_client([ 'run', '-j', 2, '-c', 4, '--tasks', 400, '--trace', "$folder/run.trace", '-q',
	'-e', 'SELECT 1' ]);
$out = check('two loops', "$folder/run.trace");
like($out, qr/^threads .*asyncdemo; asyncdemo, loop 2;/m, 'each loop is there');

# A run that is killed leaves what can be read
my $client = start_client([ 'run', '-T', 60, '-c', 4, '--trace', "$folder/cut.trace",
	'-q', '-e', 'SELECT 1' ]);
wait_until('a piece of trace', sub { (-s "$folder/cut.trace" // 0) > 200_000 });
kill 'KILL', $client->{pid};
$client->finish;
$out = check('a killed run', "$folder/cut.trace");
like($out, qr/^cut$/m, 'its last bracket is missing');

# A slow one can be read while it goes on
$client = start_client([ 'run', '--trace', "$folder/slow.trace", '-q', '-e',
	"\\task a\n\\sleep 300ms\n\\sleep 60\n" ]);
wait_until('the first step', sub { -s "$folder/slow.trace" && slurp("$folder/slow.trace") =~ /"ph":"B".*sleep/ });
check('a run that goes on', "$folder/slow.trace");
$client->signal('INT');
wait_until('the first Ctrl-C', sub { slurp($client->{err_file}) =~ /stopping/ });
$client->signal('INT');
is(($client->finish)[0], 130, 'then it is interrupted');
check('an interrupted run', "$folder/slow.trace");

done_testing();
