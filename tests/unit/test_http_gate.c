/*
 * test_http_gate.c
 *		HTTP's limits on the virtual clock: so many at a time for a host, so
 *		many a second, first come, first served.
 */
#include "http_gate.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

#define TURNS 64

static Loop *loop;
static HttpGate *gate;
static HttpTurn turns[TURNS];
static char order[512];
static int64_t times[TURNS];
static int ntimes;

static void
on_turn(HttpTurn *turn)
{
	size_t len = strlen(order);

	snprintf(order + len, sizeof(order) - len, "%s%d", len > 0 ? " " : "",
			 (int) (turn - turns));
	times[ntimes++] = loop_now_ns(loop);
}

static void
begin(double rate, int per_host)
{
	loop = loop_new_virtual();
	gate = http_gate_new(loop, rate, per_host);
	memset(turns, 0, sizeof(turns));
	for (int i = 0; i < TURNS; i++)
		turns[i].on_turn = on_turn;
	order[0] = '\0';
	ntimes = 0;
}

static void
end(void)
{
	http_gate_free(gate);
	loop_free(loop);
}

static void
stop(void *arg)
{
	(void) arg;
	loop_stop(loop);
}

static void
run_for(int64_t ns)
{
	LoopTimer timer;

	loop_timer_init(&timer, stop, NULL);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + ns);
	loop_run(loop);
}

static bool
enter(int n, const char *url)
{
	return http_gate_enter(gate, &turns[n], url);
}

static void
test_per_host(void)
{
	begin(0, 2);
	ok(enter(0, "http://a/1") && enter(1, "http://A/2?x=http://b/"),
	   "two go at once");
	ok(!enter(2, "http://user:secret@a/") && !enter(3, "http://a"),
	   "two more wait, whatever the path, the user and the case");
	ok(enter(4, "http://a:81/") && enter(5, "https://b/"),
	   "other hosts and ports do not");
	ok(http_turn_is_waiting(&turns[2]) && !http_turn_is_waiting(&turns[0]),
	   "who waits is known");
	http_gate_leave(gate, &turns[1]);
	is_str(order, "2", "the first one goes when one has left");
	http_gate_leave(gate, &turns[0]);
	http_gate_leave(gate, &turns[2]);
	is_str(order, "2 3", "then the next");
	http_gate_leave(gate, &turns[2]);
	is_str(order, "2 3", "to leave twice is to leave once");
	http_gate_leave(gate, &turns[3]);
	ok(enter(6, "http://a/") && enter(7, "http://a/") && !enter(8, "http://a"),
	   "it counts from nothing again");
	end();
}

static void
test_give_up(void)
{
	begin(0, 1);
	enter(0, "http://a/");
	enter(1, "http://a/");
	enter(2, "http://a/");
	http_gate_leave(gate, &turns[1]);
	http_gate_leave(gate, &turns[0]);
	is_str(order, "2", "who gave up is not called");
	end();
}

static void
test_rate(void)
{
	bool apart = true;

	begin(10, 0);
	ok(enter(0, "http://a/"), "the first goes at once");
	for (int i = 1; i <= 20; i++)
		enter(i, i % 2 ? "http://a/" : "http://b/");
	run_for(NS_PER_S + NS_PER_S / 20);
	is_i64(ntimes, 10, "ten more in a second");
	is_str(order, "1 2 3 4 5 6 7 8 9 10", "in turn");
	for (int i = 1; i < ntimes; i++)
		apart = apart && times[i] - times[i - 1] == NS_PER_S / 10;
	ok(apart, "at equal distances");
	http_gate_leave(gate, &turns[11]);
	run_for(NS_PER_S / 5);
	is_str(order, "1 2 3 4 5 6 7 8 9 10 12 13", "who gave up takes no turn");
	end();
}

static void
test_both(void)
{
	begin(10, 1);
	enter(0, "http://a/");
	enter(1, "http://a/");
	enter(2, "http://b/");
	run_for(NS_PER_S / 5);
	is_str(order, "2", "one waits for the rate, one for its host");
	http_gate_leave(gate, &turns[0]);
	run_for(NS_PER_S / 5);
	is_str(order, "2 1", "which has room when another one has left");
	end();
}

int
main(void)
{
	test_per_host();
	test_give_up();
	test_rate();
	test_both();
	return done_testing();
}
