/*
 * test_loop.c
 *	  The real loop: time and descriptors.
 */
#include "loop_helper.h"

#include <arpa/inet.h>
#include <errno.h>

/* ---- time ---- */

static int64_t fired_ns;

static void
on_fired(void *arg)
{
	(void) arg;
	fired_ns = loop_now_ns(loop);
}

static void
test_timer(void)
{
	LoopTimer timer;
	int64_t worst_ns = 0;
	int nearly = 0;

	start();
	ok(!loop_is_virtual(loop), "the real loop is not virtual");
	loop_timer_init(&timer, on_fired, NULL);
	for (int i = 0; i < 60; i++)
	{
		/* odd fractions of a millisecond, and times already past */
		int64_t deadline_ns = loop_now_ns(loop) + i % 7 * 1300001 - 100;

		fired_ns = 0;
		loop_timer_set(loop, &timer, deadline_ns);
		loop_run(loop);
		if (fired_ns < deadline_ns)
			nearly++;
		if (fired_ns - deadline_ns > worst_ns)
			worst_ns = fired_ns - deadline_ns;
	}
	is_i64(nearly, 0, "no timer fires early, and the loop ends after each");
	show_late("the worst of 60 timers", worst_ns);
	loop_free(loop);
}

static void
on_set_after_hold(void *arg)
{
	LoopTimer *timer = arg;

	sleep_ms(50);
	loop_timer_set(loop, timer, loop_now_ns(loop) + 20 * NS_PER_MS);
}

/* A cached clock would fire the timer at once. */
static void
test_timer_after_hold(void)
{
	LoopTimer timer;
	LoopJob job = {.fn = on_set_after_hold, .arg = &timer};

	start();
	loop_timer_init(&timer, on_fired, NULL);
	loop_push(loop, &job);
	loop_run(loop);
	ok(fired_ns >= timer.deadline_ns,
	   "a timer set after the loop was held is not early");
	loop_free(loop);
}

static void
on_stop_event(void *arg, unsigned events)
{
	(void) arg;
	(void) events;
	loop_stop(loop);
}

/* One wait for a timer that is far away, ended by an event. */
static void
wait_for_far(LoopTimer *far)
{
	int fds[2];
	LoopWatch *watch;

	if (pipe(fds) != 0)
		perror("pipe");
	watch = loop_watch(loop, fds[0], LOOP_READ, on_stop_event, NULL);
	send_byte(fds[1]);
	loop_timer_set(loop, far, loop_now_ns(loop) + 600 * NS_PER_S);
	loop_run(loop);
	loop_unwatch(watch);
	close(fds[0]);
	close(fds[1]);
}

/* The wait must follow the earliest timer, in either direction. */
static void
test_timer_moves(void)
{
	LoopTimer far;
	LoopTimer near;
	int64_t begin_ns;

	start();
	loop_timer_init(&far, on_fired, NULL);
	loop_timer_init(&near, on_stop, NULL);
	wait_for_far(&far);
	begin_ns = loop_now_ns(loop);
	loop_timer_set(loop, &near, begin_ns + 5 * NS_PER_MS);
	loop_run(loop);
	loop_timer_set(loop, &far, begin_ns + 40 * NS_PER_MS);
	loop_run(loop);
	ok(fired_ns >= begin_ns + 40 * NS_PER_MS &&
		   fired_ns < begin_ns + 300 * NS_PER_S,
	   "a timer moved nearer fires then");
	begin_ns = loop_now_ns(loop);
	loop_timer_set(loop, &near, begin_ns + 10 * NS_PER_MS);
	loop_timer_set(loop, &far, begin_ns + 30 * NS_PER_MS);
	loop_timer_clear(loop, &near);
	loop_run(loop);
	ok(fired_ns >= begin_ns + 30 * NS_PER_MS,
	   "a wait armed for a timer that was cleared fires nobody else");
	loop_free(loop);
}

/* ---- descriptors ---- */

static void
test_watch(void)
{
	Reader reader = {0};
	int fds[2];

	start();
	make_pair(fds);
	reader.fd = fds[0];
	reader.watch = loop_watch(loop, fds[0], LOOP_READ, on_reader, &reader);
	run_ms(5);
	is_i64(reader.nevents, 0, "nothing to read, no event");
	send_byte(fds[1]);
	send_byte(fds[1]);
	run_ms(5000);
	ok(reader.nevents == 1 && reader.events == LOOP_READ, "readable");
	run_ms(5000);
	is_i64(reader.nevents, 2,
		   "level-triggered: the second byte is told again");
	loop_watch_set(reader.watch, LOOP_READ | LOOP_WRITE);
	run_ms(5000);
	ok(reader.nevents == 3 && reader.events == LOOP_WRITE, "writable");
	loop_watch_set(reader.watch, 0);
	send_byte(fds[1]);
	run_ms(5);
	is_i64(reader.nevents, 3, "no interest, no event");
	loop_watch_set(reader.watch, LOOP_READ);
	run_ms(5000);
	is_i64(reader.nevents, 4, "interest again");
	close(fds[1]);
	run_ms(5000);
	ok(reader.nevents == 5 && (reader.events & LOOP_READ),
	   "the other end closed: readable");
	loop_unwatch(reader.watch);
	loop_run(loop);
	ok(true, "without a watch nothing can happen and the run ends");
	close(fds[0]);
	loop_free(loop);
}

static void
test_watch_refused(void)
{
	Reader reader = {0};
	char name[] = "/tmp/asyncdemo_loop_XXXXXX";
	int file = mkstemp(name);
	int fds[2];

	start();
	unlink(name);
	ok(loop_watch(loop, file, LOOP_READ, on_reader, &reader) == NULL &&
		   errno == EPERM,
	   "a plain file cannot be watched: EPERM");
	close(file);
	ok(loop_watch(loop, file, LOOP_READ, on_reader, &reader) == NULL &&
		   errno == EBADF,
	   "nor a closed descriptor: EBADF");
	make_pair(fds);
	reader.watch = loop_watch(loop, fds[0], LOOP_READ, on_reader, &reader);
	loop_watch_set(reader.watch, LOOP_WRITE);
	run_ms(5000);
	ok(loop_watch(loop, fds[0], LOOP_READ, on_reader, &reader) == NULL &&
		   errno == EEXIST,
	   "nor one that is watched already: EEXIST");
	close(fds[1]);
	loop_free(loop);
	close(fds[0]);
}

/* A refused connect gives an error event, again and again until unwatched. */
static void
test_watch_error(void)
{
	Reader reader = {0};
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	int closed = socket(AF_INET, SOCK_STREAM, 0);

	start();
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(closed, (struct sockaddr *) &addr, sizeof(addr));
	getsockname(closed, (struct sockaddr *) &addr, &len);
	close(closed); /* nobody listens there now */
	reader.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(reader.fd, (struct sockaddr *) &addr, sizeof(addr));
	reader.watch = loop_watch(loop, reader.fd, LOOP_WRITE, on_reader, &reader);
	run_ms(5000);
	ok(reader.nevents == 1 && (reader.events & LOOP_WRITE),
	   "a refused connect is told as writable");
	run_ms(5000);
	is_i64(reader.nevents, 2, "and told again while nobody takes it");
	loop_unwatch(reader.watch);
	close(reader.fd);
	loop_free(loop);
}

typedef struct Swap
{
	Reader old;
	Reader new;
	int old_peer;
	int new_peer;
	int nback; /* swap so many times in one callback */
	bool is_same_number;
} Swap;

/* Open a pair whose first end has the number that was just closed. */
static void
swap_watch(Swap *swap)
{
	int fds[2];
	int number = swap->old.fd;

	loop_unwatch(swap->old.watch);
	close(number);
	make_pair(fds);
	swap->is_same_number = fds[0] == number;
	swap->new = (Reader){.fd = fds[0]};
	swap->new_peer = fds[1];
	swap->new.watch =
		loop_watch(loop, fds[0], LOOP_READ, on_reader, &swap->new);
}

static void
on_swap(void *arg, unsigned events)
{
	Swap *swap = arg;

	(void) events;
	for (;;)
	{
		close(swap->old_peer);
		swap_watch(swap);
		if (swap->nback-- == 0)
			break;
		swap->old = swap->new;
		swap->old_peer = swap->new_peer;
	}
	send_byte(swap->new_peer);
}

static void
test_same_number(bool in_callback, int nback)
{
	Swap swap = {.nback = nback};
	int fds[2];

	start();
	make_pair(fds);
	swap.old.fd = fds[0];
	swap.old_peer = fds[1];
	swap.old.watch =
		loop_watch(loop, fds[0], LOOP_READ, in_callback ? on_swap : on_reader,
				   in_callback ? (void *) &swap : &swap.old);
	run_ms(2);
	if (in_callback)
		send_byte(fds[1]);
	else
		on_swap(&swap, 0);
	run_ms(5000);
	ok(swap.is_same_number && swap.new.nevents == 1,
	   "a closed descriptor's number can be watched anew at once (%s, %d times)",
	   in_callback ? "inside a callback" : "between turns", nback + 1);
	/* closing the first one must have touched nothing of the second */
	run_ms(2);
	send_byte(swap.new_peer);
	run_ms(5000);
	is_i64(swap.new.nevents, 2, "and goes on telling in later turns");
	loop_unwatch(swap.new.watch);
	close(swap.new.fd);
	close(swap.new_peer);
	loop_free(loop);
}

static Reader pair_readers[2];

static void
on_unwatch_other(void *arg, unsigned events)
{
	Reader *self = arg;
	Reader *other =
		self == &pair_readers[0] ? &pair_readers[1] : &pair_readers[0];

	(void) events;
	self->nevents++;
	loop_unwatch(other->watch);
	loop_unwatch(self->watch);
}

static void
test_unwatch_pending(void)
{
	int fds[2][2];

	start();
	for (int i = 0; i < 2; i++)
	{
		make_pair(fds[i]);
		pair_readers[i] = (Reader){.fd = fds[i][0]};
		pair_readers[i].watch = loop_watch(loop, fds[i][0], LOOP_READ,
										   on_unwatch_other, &pair_readers[i]);
		send_byte(fds[i][1]);
	}
	loop_run(loop);
	is_i64(pair_readers[0].nevents + pair_readers[1].nevents, 1,
		   "an event at hand is not delivered to a watch taken away");
	for (int i = 0; i < 4; i++)
		close(fds[i / 2][i % 2]);
	loop_free(loop);
}

static LoopJob spin_job;

static void
on_spin(void *arg)
{
	(void) arg;
	loop_push(loop, &spin_job);
}

static void
test_no_starving(void)
{
	Reader reader = {0};
	int fds[2];

	start();
	make_pair(fds);
	reader.fd = fds[0];
	reader.watch = loop_watch(loop, fds[0], LOOP_READ, on_reader, &reader);
	spin_job = (LoopJob){.fn = on_spin};
	loop_push(loop, &spin_job);
	send_byte(fds[1]);
	run_ms(5000);
	is_i64(reader.nevents, 1,
		   "a job that pushes itself does not starve events");
	loop_unpush(loop, &spin_job);
	loop_unwatch(reader.watch);
	close(fds[0]);
	close(fds[1]);
	loop_free(loop);
}

int
main(void)
{
	alarm(120); /* a loop that never ends fails as well */
	test_timer();
	test_timer_after_hold();
	test_timer_moves();
	test_watch();
	test_watch_refused();
	test_watch_error();
	test_same_number(false, 0);
	test_same_number(true, 0);
	test_same_number(true, 2);
	test_unwatch_pending();
	test_no_starving();
	return done_testing();
}
