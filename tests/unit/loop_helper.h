/*
 * loop_helper.h
 *		What the tests of the real loop share: a loop, descriptors that tell
 *		what came, calls that block until they are interrupted.
 *
 * Lower bounds on time are tight (nothing may be early); how late things were
 * is shown as a comment and never judged, except against seconds.  Include it
 * from the file with main() only.
 */
#ifndef LOOP_HELPER_H
#define LOOP_HELPER_H

#include "loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loop_call.h"
#include "tap.h"

static Loop *loop;

static inline void
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

static inline void
sleep_ms(int ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&left, &left) != 0)
		;
}

static inline void
make_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
	{
		perror("socketpair");
		exit(1);
	}
}

static inline void
send_byte(int fd)
{
	if (write(fd, "x", 1) != 1)
		perror("write");
}

static inline void
show_late(const char *what, int64_t late_ns)
{
	printf("# %s: %.3f ms late\n", what, (double) late_ns / NS_PER_MS);
}

static inline void
on_stop(void *arg)
{
	(void) arg;
	loop_stop(loop);
}

/* -------- descriptors -------- */

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
static inline void
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
static inline void
run_ms(int ms)
{
	LoopTimer timer;

	loop_timer_init(&timer, on_stop, NULL);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + ms * NS_PER_MS);
	loop_run(loop);
	loop_timer_clear(loop, &timer);
}

/* -------- calls -------- */

typedef struct TestCall
{
	LoopCall call;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	atomic_bool has_begun;
	int nasked[2]; /* by reason */
	int64_t asked_ns;
	int slow_ms;	   /* interrupt takes so long */
	bool has_returned; /* interrupt() came to its end */
	bool is_deaf;	   /* goes on after the first reason */
} TestCall;

static inline void
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

static inline void
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
static inline void
call_block(TestCall *self)
{
	int enough = self->is_deaf ? 2 : 1;

	loop_call_begin(loop, &self->call);
	atomic_store(&self->has_begun, true);
	pthread_mutex_lock(&self->lock);
	while (self->nasked[0] + self->nasked[1] < enough)
		pthread_cond_wait(&self->woken, &self->lock);
	pthread_mutex_unlock(&self->lock);
	loop_call_end(loop, &self->call);
}

#endif /* LOOP_HELPER_H */
