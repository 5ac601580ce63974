/*
 * test_loop.c
 *	  The real loop: descriptors, time, threads, calls, names, signals.
 *
 * Lower bounds on time are tight (nothing may be early); how late things were
 * is shown as a comment and never judged, except against seconds.
 */
#include "loop.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static Loop *loop;

static void
start(void)
{
	Err err;

	loop = loop_new(&err);
	if (loop == NULL)
	{
		err_print(stderr, "error", &err);
		exit(1);
	}
}

static void
sleep_ms(int ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&left, &left) != 0)
		;
}

static void
make_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
	{
		perror("socketpair");
		exit(1);
	}
}

static void
send_byte(int fd)
{
	if (write(fd, "x", 1) != 1)
		perror("write");
}

static void
show_late(const char *what, int64_t late_ns)
{
	printf("# %s: %.3f ms late\n", what, (double) late_ns / NS_PER_MS);
}

static void
on_stop(void *arg)
{
	(void) arg;
	loop_stop(loop);
}

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

typedef struct Reader
{
	int fd;
	LoopWatch *watch;
	int nevents;
	unsigned events;
	int64_t event_ns;
	int64_t seen_ns;
} Reader;

/* Read one byte; the loop stops when there has been an event. */
static void
on_reader(void *arg, unsigned events)
{
	Reader *reader = arg;
	char c;

	reader->nevents++;
	reader->events = events;
	reader->event_ns = loop_event_ns(loop);
	reader->seen_ns = loop_now_ns(loop);
	if ((events & LOOP_READ) && read(reader->fd, &c, 1) < 0)
		reader->nevents += 1000;
	loop_stop(loop);
}

/* Run until an event or the time is up. */
static void
run_ms(int ms)
{
	LoopTimer timer;

	loop_timer_init(&timer, on_stop, NULL);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + ms * NS_PER_MS);
	loop_run(loop);
	loop_timer_clear(loop, &timer);
}

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

/* ---- workers ---- */

#define NWORKS 6

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static int nrunning;
static int nrunning_max;
static int ndone;
static pthread_t loop_thread;
static bool ran_elsewhere;
static bool done_here;

static void
run_counted(LoopWork *work)
{
	(void) work;
	pthread_mutex_lock(&count_lock);
	if (++nrunning > nrunning_max)
		nrunning_max = nrunning;
	pthread_mutex_unlock(&count_lock);
	sleep_ms(30);
	pthread_mutex_lock(&count_lock);
	nrunning--;
	ran_elsewhere = !pthread_equal(pthread_self(), loop_thread);
	pthread_mutex_unlock(&count_lock);
}

static void
count_done(LoopWork *work)
{
	(void) work;
	ndone++;
	done_here = pthread_equal(pthread_self(), loop_thread);
}

static void
test_workers(int max_threads, int want_at_once)
{
	LoopWork works[NWORKS];
	bool in_order = true;
	bool has_times = true;
	int64_t begin_ns;

	start();
	loop_thread = pthread_self();
	nrunning_max = ndone = 0;
	loop_set_workers(loop, max_threads);
	begin_ns = loop_now_ns(loop);
	for (int i = 0; i < NWORKS; i++)
	{
		works[i] = (LoopWork){.run = run_counted, .done = count_done};
		loop_work(loop, &works[i]);
	}
	loop_run(loop);
	for (int i = 0; i < NWORKS; i++)
	{
		if (max_threads == 1 && i > 0 &&
			works[i].begun_ns < works[i - 1].ended_ns)
			in_order = false;
		if (works[i].begun_ns < begin_ns ||
			works[i].ended_ns < works[i].begun_ns + 30 * NS_PER_MS)
			has_times = false;
	}
	is_i64(ndone, NWORKS, "%d workers: the run ends when all works are done",
		   max_threads);
	is_i64(nrunning_max, want_at_once,
		   "as many run at once as there are workers");
	ok(in_order && has_times, "in order, with begin and end noted");
	ok(ran_elsewhere && done_here, "run on a worker, done on the loop");
	loop_free(loop);
}

static void
test_control_work(void)
{
	LoopWork work = {.run = run_counted, .done = count_done};

	start();
	ndone = 0;
	ran_elsewhere = false;
	loop_control(loop, &work);
	loop_run(loop);
	ok(ndone == 1 && ran_elsewhere && done_here,
	   "the control thread runs a work and tells the loop");
	loop_free(loop);
}

/* ---- calls ---- */

typedef struct TestCall
{
	LoopCall call;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	int nasked[2]; /* by reason */
	int64_t asked_ns;
	int slow_ms;	   /* interrupt takes so long */
	bool has_returned; /* interrupt() came to its end */
	bool is_deaf;	   /* goes on after the first reason */
} TestCall;

static void
on_interrupt(LoopCall *call, LoopInterrupt why)
{
	TestCall *self = call->arg;

	pthread_mutex_lock(&self->lock);
	self->nasked[why]++;
	self->asked_ns = loop_now_ns(loop);
	pthread_cond_signal(&self->woken);
	pthread_mutex_unlock(&self->lock);
	sleep_ms(self->slow_ms);
	self->has_returned = true;
}

static void
call_init(TestCall *self, int64_t deadline_ns, bool holds_loop)
{
	memset(self, 0, sizeof(*self));
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->woken, NULL);
	self->call.interrupt = on_interrupt;
	self->call.arg = self;
	self->call.deadline_ns = deadline_ns;
	self->call.holds_loop = holds_loop;
}

/* A blocking call that ends when interrupted (twice, if deaf). */
static void
call_block(TestCall *self)
{
	int enough = self->is_deaf ? 2 : 1;

	loop_call_begin(loop, &self->call);
	pthread_mutex_lock(&self->lock);
	while (self->nasked[0] + self->nasked[1] < enough)
		pthread_cond_wait(&self->woken, &self->lock);
	pthread_mutex_unlock(&self->lock);
	loop_call_end(loop, &self->call);
}

static void
test_call_deadline(void)
{
	TestCall call;
	int64_t worst_ns = 0;
	int nearly = 0;
	int nwrong = 0;

	start();
	for (int i = 0; i < 20; i++)
	{
		int64_t deadline_ns = loop_now_ns(loop) + i * 700001;

		call_init(&call, deadline_ns, i % 2 == 0);
		call_block(&call);
		if (call.asked_ns < deadline_ns)
			nearly++;
		if (call.nasked[LOOP_DEADLINE] != 1 || call.nasked[LOOP_CANCEL] != 0 ||
			atomic_load(&call.call.interrupted) != 1 + LOOP_DEADLINE)
			nwrong++;
		if (call.asked_ns - deadline_ns > worst_ns)
			worst_ns = call.asked_ns - deadline_ns;
	}
	is_i64(nearly, 0, "no call is interrupted before its deadline");
	is_i64(nwrong, 0, "each is interrupted once, for its deadline");
	show_late("the worst of 20 deadlines", worst_ns);
	call_init(&call, LOOP_NEVER, true);
	loop_call_begin(loop, &call.call);
	sleep_ms(10);
	loop_call_end(loop, &call.call);
	ok(call.nasked[0] + call.nasked[1] == 0 &&
		   atomic_load(&call.call.interrupted) == 0,
	   "a call without deadline is left alone");
	loop_free(loop);
}

static void
test_call_end_waits(void)
{
	TestCall call;

	start();
	call_init(&call, 1, true);
	call.slow_ms = 30;
	call_block(&call);
	ok(call.has_returned, "loop_call_end waits for interrupt() to return");
	loop_free(loop);
}

static void
run_blocking(LoopWork *work)
{
	call_block(work->arg);
}

static void
on_cancel_call(void *arg)
{
	TestCall *call = arg;

	loop_call_cancel(loop, &call->call);
	loop_call_cancel(loop, &call->call);
}

static void
test_call_cancel(void)
{
	TestCall calls[3];
	LoopWork works[3];
	LoopTimer timer;

	start();
	ndone = 0;
	for (int i = 0; i < 3; i++)
	{
		call_init(&calls[i], LOOP_NEVER, false);
		works[i] = (LoopWork){
			.run = run_blocking, .done = count_done, .arg = &calls[i]};
	}
	calls[2].is_deaf = true;
	calls[2].call.deadline_ns = loop_now_ns(loop) + 200 * NS_PER_MS;
	for (int i = 0; i < 3; i++)
		loop_work(loop, &works[i]);
	loop_timer_init(&timer, on_cancel_call, &calls[1]);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 20 * NS_PER_MS);
	run_ms(40);
	is_i64(ndone, 1, "one call of three is cancelled");
	ok(calls[1].nasked[LOOP_CANCEL] == 1 && calls[0].nasked[LOOP_CANCEL] == 0,
	   "the right one, once");
	loop_cancel_calls(loop);
	loop_run(loop);
	ok(ndone == 3 && calls[0].nasked[LOOP_CANCEL] == 1, "then all of them");
	ok(calls[2].nasked[LOOP_CANCEL] == 1 &&
		   calls[2].nasked[LOOP_DEADLINE] == 1,
	   "a call can be asked once for each reason");
	loop_call_cancel(loop, &calls[0].call);
	ok(true, "cancelling a call that has ended does nothing");
	loop_free(loop);
}

static void
test_free_cancels(void)
{
	TestCall call;
	LoopWork work = {.run = run_blocking, .done = count_done, .arg = &call};

	start();
	ndone = 0;
	call_init(&call, LOOP_NEVER, false);
	loop_work(loop, &work);
	run_ms(5);
	loop_free(loop);
	ok(call.nasked[LOOP_CANCEL] == 1 && ndone == 0,
	   "loop_free cancels the calls of workers and tells nobody");
}

static int nwatchdog;

static void
on_watchdog(void *arg)
{
	(void) arg;
	nwatchdog++;
}

static void
test_watchdog(void)
{
	TestCall call;

	start();
	loop_set_watchdog(loop, on_watchdog, NULL, 10);
	call_init(&call, LOOP_NEVER, true);
	loop_call_begin(loop, &call.call);
	sleep_ms(100);
	loop_call_end(loop, &call.call);
	sleep_ms(50);
	loop_free(loop);
	ok(nwatchdog >= 2 && nwatchdog <= 10,
	   "the watchdog runs every period while a call is registered (%d times)",
	   nwatchdog);
}

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

/* ---- what came while the loop was held ---- */

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

/* ---- names ---- */

/*
 * The C library's resolver, but "hang.test" takes a second and a half, and
 * no name server is asked.
 */
int
getaddrinfo(const char *host, const char *service,
			const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
				struct addrinfo **);

	*(void **) &real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (hints->ai_flags & AI_NUMERICHOST)
		return real(host, service, hints, found);
	if (strcmp(host, "hang.test") == 0)
		sleep_ms(1500);
	if (strcmp(host, "two.test") == 0)
		return real("127.0.0.9", service, hints, found);
	return EAI_NONAME;
}

static char found[200];
static int nanswers;
static bool in_resolve;
static bool was_inside;
static Err resolve_err;

static void
on_resolved(void *arg, const char *const *addresses, int naddresses,
			const Err *err)
{
	(void) arg;
	nanswers++;
	was_inside = in_resolve;
	found[0] = '\0';
	for (int i = 0; i < naddresses; i++)
	{
		strcat(found, addresses[i]);
		strcat(found, " ");
	}
	if (naddresses == 0)
		resolve_err = *err;
}

static void
resolve_one(const char *host, const char *want)
{
	nanswers = 0;
	in_resolve = true;
	ok(loop_resolve(loop, host, on_resolved, NULL) != NULL, "resolve %s",
	   host);
	in_resolve = false;
	loop_run(loop);
	is_str(found, want, "its addresses");
	ok(nanswers == 1 && !was_inside, "told once, from the loop");
}

static void
test_resolve(void)
{
	int64_t begin_ns;

	start();
	resolve_one("127.0.0.1", "127.0.0.1 ");
	resolve_one("::1", "::1 ");
	resolve_one("two.test", "127.0.0.9 ");
	resolve_one("none.test", "");
	is_str(resolve_err.message,
		   "could not resolve host name \"none.test\": "
		   "Name or service not known",
		   "a name that is not known");
	is_i64(resolve_err.kind, ERR_CONNECT, "is a failure to connect");
	nanswers = 0;
	loop_resolve_cancel(loop_resolve(loop, "127.0.0.1", on_resolved, NULL));
	loop_resolve_cancel(loop_resolve(loop, "two.test", on_resolved, NULL));
	begin_ns = loop_now_ns(loop);
	loop_resolve_cancel(loop_resolve(loop, "hang.test", on_resolved, NULL));
	loop_run(loop);
	run_ms(50);
	is_i64(nanswers, 0, "cancelled lookups are not told");
	ok(loop_now_ns(loop) - begin_ns < NS_PER_S,
	   "and one that hangs does not keep the loop going");
	loop_resolve(loop, "hang.test", on_resolved, NULL);
	loop_resolve(loop, "two.test", on_resolved, NULL);
	loop_resolve(loop, "127.0.0.1", on_resolved, NULL);
	sleep_ms(20);
	begin_ns = loop_now_ns(loop);
	loop_free(loop);
	begin_ns = loop_now_ns(loop = loop_new(NULL)) - begin_ns;
	loop_free(loop);
	ok(begin_ns < NS_PER_S, "loop_free does not wait for a lookup that hangs");
	sleep_ms(1600); /* let it end, for those who look for leaks */
}

/* ---- signals ---- */

static int counts[8];
static int ncounts;

static void
on_signal_count(void *arg, int count)
{
	(void) arg;
	counts[ncounts++ % 8] = count;
	loop_stop(loop);
}

static int result_fd; /* where a child leaves what it did */

static void
leave(int result)
{
	char byte = (char) result;

	if (write(result_fd, &byte, 1) != 1)
		perror("write");
	_exit(0);
}

static void
on_last(void *arg)
{
	(void) arg;
	leave(77);
}

static void
test_signals(void)
{
	struct sigaction before;
	struct sigaction after;

	sigaction(SIGINT, NULL, &before);
	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	loop_run(loop);
	is_i64(ncounts, 0, "signals alone do not keep the loop going");
	raise(SIGINT);
	run_ms(5000);
	ok(ncounts == 1 && counts[0] == 1, "the first signal is told on the loop");
	raise(SIGTERM);
	run_ms(5000);
	ok(ncounts == 2 && counts[1] == 2, "the second one too");
	loop_free(loop);
	sigaction(SIGINT, NULL, &after);
	ok(before.sa_handler == after.sa_handler,
	   "loop_free gives the signals back");
}

/*
 * What a child left as its result (on_last: 77), or the signal that ended it
 * plus 1000.  An exit code would not do: checkers of memory have their own.
 */
static int
result_of(void (*body)(void))
{
	int fds[2];
	int status = 0;
	char byte = 0;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) != 0)
		return -1;
	result_fd = fds[1];
	pid = fork();
	if (pid == 0)
	{
		const struct rlimit no_core = {0, 0};

		setrlimit(RLIMIT_CORE, &no_core);
		alarm(20);
		body();
		leave(1);
	}
	close(fds[1]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (read(fds[0], &byte, 1) != 1)
		byte = 0;
	close(fds[0]);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : byte;
}

static void *
send_signals(void *arg)
{
	for (int n = *(int *) arg; n > 0; n--)
	{
		sleep_ms(20);
		kill(getpid(), SIGINT);
	}
	return NULL;
}

static int nsend;

/* Signals come while a call holds the loop. */
static void
hold_under_signals(void)
{
	TestCall call;
	pthread_t sender;

	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	call_init(&call, LOOP_NEVER, true);
	call.is_deaf = nsend > 2;
	pthread_create(&sender, NULL, send_signals, &nsend);
	call_block(&call);
	pthread_join(sender, NULL);
	loop_run(loop);
	run_ms(20);
	loop_free(loop);
	leave(10 * call.nasked[LOOP_CANCEL] + ncounts);
}

static void
three_signals_free_loop(void)
{
	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	for (int i = 0; i < 3; i++)
		raise(SIGINT);
	run_ms(5000);
}

static void
four_signals_stuck_loop(void)
{
	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	for (int i = 0; i < 4; i++)
		raise(SIGINT);
}

static void
test_signals_held(void)
{
	ncounts = 0;
	nsend = 2;
	is_i64(result_of(hold_under_signals), 12,
		   "the second signal interrupts a call that holds the loop, once, "
		   "and the loop hears of both afterwards");
	nsend = 3;
	is_i64(result_of(hold_under_signals), 77,
		   "the third one leaves although the loop is held");
	is_i64(result_of(three_signals_free_loop), 77, "and when it is not held");
	is_i64(result_of(four_signals_stuck_loop), 1000 + SIGINT,
		   "a fourth one kills a loop that hears nothing");
}

typedef struct PostTest
{
	LoopPost post;
	LoopPost other;
	atomic_int said; /* by the other thread, before each post */
	int heard;
	int calls;
} PostTest;

#define POSTS 1000

static void *
post_often(void *arg)
{
	PostTest *test = arg;

	for (int i = 0; i < POSTS; i++)
	{
		atomic_fetch_add(&test->said, 1);
		loop_post(&test->post);
	}
	return NULL;
}

static void
on_post(void *arg)
{
	PostTest *test = arg;

	test->calls++;
	test->heard = atomic_load(&test->said);
	if (test->heard == POSTS)
		loop_stop(loop);
}

static void
on_no_post(void *arg)
{
	(void) arg;
	ok(false, "a post that was closed is not delivered");
}

/* A loop with nothing else to do waits for what other threads say. */
static void
test_post(void)
{
	PostTest test = {.heard = 0};
	pthread_t thread;

	start();
	loop_post_open(loop, &test.post, on_post, &test);
	loop_post_open(loop, &test.other, on_no_post, &test);
	loop_post(&test.other);
	loop_post_close(&test.other);
	pthread_create(&thread, NULL, post_often, &test);
	loop_run(loop);
	pthread_join(thread, NULL);
	is_i64(test.heard, POSTS, "post: the last word is heard");
	ok(test.calls >= 1 && test.calls <= POSTS,
	   "post: no more calls than posts (%d)", test.calls);
	loop_post_close(&test.post);
	loop_run(loop);
	ok(true, "post: a loop whose posts are closed ends by itself");
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
	test_workers(1, 1);
	test_workers(3, 3);
	test_control_work();
	test_call_deadline();
	test_call_end_waits();
	test_call_cancel();
	test_free_cancels();
	test_watchdog();
	test_event_time(false);
	test_event_time(true);
	test_order_after_hold();
	test_resolve();
	test_post();
	test_signals();
	test_signals_held();
	return done_testing();
}
