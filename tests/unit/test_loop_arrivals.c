/*
 * test_loop_arrivals.c
 *	  The real loop: what arrives while a call holds it.
 */
#include "loop_helper.h"

typedef struct Sampled
{
	int peer;
	int64_t sent_ns;
	bool is_eaten; /* the call itself reads what arrived */
	Reader reader;
} Sampled;

/* Hold the loop for 80 ms; a byte arrives after 20 ms of it. */
static void
on_hold_and_send(void *arg)
{
	Sampled *sampled = arg;
	TestCall call;
	char c;

	call_init(&call, LOOP_NEVER, true);
	loop_call_begin(loop, &call.call);
	sleep_ms(20);
	sampled->sent_ns = loop_now_ns(loop);
	send_byte(sampled->peer);
	sleep_ms(20);
	if (sampled->is_eaten && read(sampled->reader.fd, &c, 1) != 1)
		perror("read");
	sleep_ms(40);
	loop_call_end(loop, &call.call);
	if (sampled->is_eaten)
		send_byte(sampled->peer);
}

static void
test_event_time(bool is_eaten)
{
	Sampled sampled = {.is_eaten = is_eaten};
	LoopJob job = {.fn = on_hold_and_send, .arg = &sampled};
	Reader *reader = &sampled.reader;
	int fds[2];

	start();
	make_pair(fds);
	reader->fd = fds[0];
	sampled.peer = fds[1];
	reader->watch = loop_watch(loop, fds[0], LOOP_READ, on_reader, reader);
	loop_push(loop, &job);
	loop_run(loop);
	if (is_eaten)
		ok(reader->event_ns >= sampled.sent_ns + 60 * NS_PER_MS,
		   "what the call itself has read is no arrival of the next event");
	else
	{
		ok(reader->event_ns >= sampled.sent_ns &&
			   reader->seen_ns >= sampled.sent_ns + 60 * NS_PER_MS,
		   "an event seen late has arrived no sooner than it was sent");
		ok(reader->event_ns < reader->seen_ns - 20 * NS_PER_MS,
		   "its arrival is known although the loop was held");
		show_late("arrival", reader->event_ns - sampled.sent_ns);
	}
	send_byte(fds[1]);
	run_ms(5000);
	ok(reader->event_ns > sampled.sent_ns + 60 * NS_PER_MS &&
		   reader->event_ns <= reader->seen_ns,
	   "the next event has a time of its own, never later than now");
	loop_unwatch(reader->watch);
	close(fds[0]);
	close(fds[1]);
	loop_free(loop);
}

typedef struct Coming
{
	int peers[3];
	LoopWatch *watches[3];
	int fds[3];
	LoopTimer timer;
	char order[16];
} Coming;

static Coming coming;

static void
came(char who)
{
	size_t len = strlen(coming.order);

	if (len + 1 < sizeof(coming.order))
		coming.order[len] = who;
}

/* The first one to come makes the last one's unwanted. */
static void
on_coming(void *arg, unsigned events)
{
	int i = *(int *) arg;
	char c;

	if (!(events & LOOP_READ) || read(coming.fds[i], &c, 1) != 1)
		return;
	came((char) ('a' + i));
	if (i == 1)
	{
		loop_unwatch(coming.watches[2]);
		coming.watches[2] = NULL;
	}
}

static void
on_coming_timer(void *arg)
{
	(void) arg;
	came('t');
}

static void
run_60_ms(LoopWork *work)
{
	(void) work;
	sleep_ms(60);
}

static void
on_coming_work(LoopWork *work)
{
	(void) work;
	came('w');
}

/* b after 15 ms, the timer 30, a 45, the worker 60, c 75; held for 90. */
static void
on_hold_all(void *arg)
{
	TestCall call;

	call_init(&call, LOOP_NEVER, true);
	loop_work(loop, arg);
	loop_timer_set(loop, &coming.timer, loop_now_ns(loop) + 30 * NS_PER_MS);
	loop_call_begin(loop, &call.call);
	sleep_ms(15);
	send_byte(coming.peers[1]);
	sleep_ms(30);
	send_byte(coming.peers[0]);
	sleep_ms(30);
	send_byte(coming.peers[2]);
	sleep_ms(15);
	loop_call_end(loop, &call.call);
}

static void
test_order_after_hold(void)
{
	static int numbers[] = {0, 1, 2};
	LoopWork work = {.run = run_60_ms, .done = on_coming_work};
	LoopJob job = {.fn = on_hold_all, .arg = &work};

	start();
	memset(&coming, 0, sizeof(coming));
	loop_timer_init(&coming.timer, on_coming_timer, NULL);
	for (int i = 0; i < 3; i++)
	{
		int fds[2];

		make_pair(fds);
		coming.fds[i] = fds[0];
		coming.peers[i] = fds[1];
		coming.watches[i] =
			loop_watch(loop, fds[0], LOOP_READ, on_coming, &numbers[i]);
	}
	loop_push(loop, &job);
	run_ms(200);
	is_str(coming.order, "btaw",
		   "held: what came first goes on first; what was closed is silent");
	for (int i = 0; i < 3; i++)
	{
		if (coming.watches[i] != NULL)
			loop_unwatch(coming.watches[i]);
		close(coming.fds[i]);
		close(coming.peers[i]);
	}
	loop_free(loop);
}

int
main(void)
{
	alarm(120); /* a loop that never ends fails as well */
	test_event_time(false);
	test_event_time(true);
	test_order_after_hold();
	return done_testing();
}
