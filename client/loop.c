/*
 * loop.c
 *	  The real loop: descriptors and waiting, on libuv.
 *
 * The only file that sees libuv.  libuv waits and tells about descriptors;
 * order and time are our own (loop_queue.c), because its timers count whole
 * milliseconds from a cached clock.  Threads: loop_threads.c and
 * loop_control.c; signals: loop_signal.c; names: loop_resolve.c.
 */
#include "loop_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#if defined(__linux__) && !defined(LOOP_NO_TIMERFD)
#define USE_TIMERFD 1
#include <sys/timerfd.h>
#endif

#include "mem.h"

typedef struct LoopUv
{
	uv_loop_t loop;
	uv_async_t wake;
	int64_t armed_ns; /* when the timer below fires; LOOP_NEVER */
#ifdef USE_TIMERFD
	uv_poll_t timer;
	int timer_fd;
	bool expired; /* the descriptor is readable until set anew */
#else
	uv_timer_t timer;
#endif
} LoopUv;

/* A watch as libuv sees it; freed in the close callback. */
typedef struct WatchUv
{
	LoopWatch watch;
	uv_poll_t poll;
} WatchUv;

void
loop_die(const char *fmt, ...)
{
	va_list args;

	fputs("asyncdemo: error: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

RealLoop *
real_loop(Loop *loop, const char *what)
{
	if (loop->is_virtual)
		loop_die("%s called on a loop with a virtual clock", what);
	return (RealLoop *) loop;
}

static int64_t
real_now_ns(Loop *loop)
{
	(void) loop;
	return clock_now_ns();
}

void
loop_wake(RealLoop *loop)
{
	uv_async_send(&loop->uv->wake);
}

static void
on_wake(uv_async_t *handle)
{
	RealLoop *loop = handle->data;

	signal_deliver(loop);
	work_done_deliver(loop);
	post_deliver(loop);
}

/*
 * The timer that ends a wait.  It is armed lazily: only for a deadline that
 * is earlier than the one it is armed for, so that timers which are set and
 * cleared long before they fire cost no system call.
 */
#ifdef USE_TIMERFD

static void
on_expired(uv_poll_t *handle, int status, int events)
{
	LoopUv *uv = ((RealLoop *) handle->data)->uv;

	(void) status;
	(void) events;
	uv->expired = true;
}

static bool
wait_timer_open(LoopUv *uv, RealLoop *loop)
{
	uv->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (uv->timer_fd < 0)
		return false;
	if (uv_poll_init(&uv->loop, &uv->timer, uv->timer_fd) != 0)
		return false;
	uv->timer.data = loop;
	return uv_poll_start(&uv->timer, UV_READABLE, on_expired) == 0;
}

static void
wait_timer_set(LoopUv *uv, int64_t deadline_ns)
{
	struct itimerspec when = {{0, 0}, {0, 0}};

	if (!uv->expired && deadline_ns >= uv->armed_ns)
		return;
	if (deadline_ns != LOOP_NEVER)
	{
		/* zero would disarm it */
		int64_t at_ns = deadline_ns > 0 ? deadline_ns : 1;

		when.it_value.tv_sec = (time_t) (at_ns / NS_PER_S);
		when.it_value.tv_nsec = (long) (at_ns % NS_PER_S);
	}
	/* setting it also makes it unreadable again */
	if (timerfd_settime(uv->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) != 0)
		loop_die("cannot set a timer: errno %d", errno);
	uv->armed_ns = deadline_ns;
	uv->expired = false;
}

#else /* !USE_TIMERFD */

/*
 * libuv also runs timers before it waits, and would then wait without end for
 * something else; a stopped loop does not wait.
 */
static void
on_expired(uv_timer_t *handle)
{
	((RealLoop *) handle->data)->uv->armed_ns = LOOP_NEVER;
	uv_stop(handle->loop);
}

static bool
wait_timer_open(LoopUv *uv, RealLoop *loop)
{
	uv_timer_init(&uv->loop, &uv->timer);
	uv->timer.data = loop;
	return true;
}

/*
 * Rounded up to whole milliseconds of libuv's clock, which may lag behind: a
 * timer that fires too soon finds nothing due and is set again.
 */
static void
wait_timer_set(LoopUv *uv, int64_t deadline_ns)
{
	int64_t left_ns;

	if (deadline_ns >= uv->armed_ns)
		return;
	uv_update_time(&uv->loop);
	left_ns = deadline_ns - clock_now_ns();
	if (left_ns < 0)
		left_ns = 0;
	uv_timer_start(&uv->timer, on_expired,
				   (uint64_t) ((left_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
	uv->armed_ns = deadline_ns;
}

#endif /* USE_TIMERFD */

static void
real_wait(Loop *base, bool may_block)
{
	RealLoop *loop = (RealLoop *) base;

	if (may_block)
		wait_timer_set(loop->uv, queue_earliest_ns(base));
	loop->poll_ns = 0;
	loop->event_ns = 0;
	uv_run(&loop->uv->loop, may_block ? UV_RUN_ONCE : UV_RUN_NOWAIT);
	loop->event_ns = 0;
	loop->poll_number++;
}

static void
real_catch_up(Loop *base)
{
	RealLoop *loop = (RealLoop *) base;

	loop->keeps_arrivals = true;
	real_wait(base, false);
	loop->keeps_arrivals = false;
	arrivals_deliver(loop);
}

static bool
real_is_alive(const Loop *base)
{
	const RealLoop *loop = (const RealLoop *) base;

	return loop->nwatches > 0 || loop->nworks > 0;
}

/*
 * One event of a descriptor.  All events of one poll arrived before it
 * returned; the clock is read for the first of them only.
 */
static void
on_descriptor(uv_poll_t *handle, int status, int uv_events)
{
	LoopWatch *watch = handle->data;
	RealLoop *loop = watch->loop;
	unsigned events = 0;

	if (loop->poll_ns == 0)
		loop->poll_ns = clock_now_ns();
	loop->event_ns = watch->arrived_poll == loop->poll_number
						 ? watch->arrived_ns
						 : loop->poll_ns;
	if (uv_events & UV_READABLE)
		events |= LOOP_READ;
	if (uv_events & UV_WRITABLE)
		events |= LOOP_WRITE;
	if (status < 0)
	{
		/* libuv has stopped it; go on, so that it stays level-triggered */
		events = watch->events;
		uv_poll_start(handle, (int) watch->events, on_descriptor);
	}
	if (loop->keeps_arrivals)
		arrivals_add(loop, (Arrival){.time_ns = loop->event_ns,
									 .watch = watch,
									 .events = events});
	else
		watch->fn(watch->arg, events); /* it may be closing afterwards */
}

LoopWatch *
loop_watch(Loop *base, int fd, unsigned events, LoopFdFn fn, void *arg)
{
	RealLoop *loop = real_loop(base, "loop_watch");
	WatchUv *self = mem_alloc(sizeof(*self));
	LoopWatch *watch = &self->watch;
	int rc = uv_poll_init(&loop->uv->loop, &self->poll, fd);

	if (rc != 0)
	{
		free(self);
		errno = -rc;
		return NULL;
	}
	self->poll.data = watch;
	watch->loop = loop;
	watch->fd = fd;
	watch->fn = fn;
	watch->arg = arg;
	watch->arrived_poll = UINT64_MAX;
	if (loop->nwatches == loop->watches_cap)
	{
		loop->watches_cap = loop->watches_cap > 0 ? loop->watches_cap * 2 : 64;
		loop->watches = mem_realloc(loop->watches, (size_t) loop->watches_cap *
													   sizeof(*loop->watches));
	}
	watch->index = loop->nwatches;
	loop->watches[loop->nwatches++] = watch;
	loop_watch_set(watch, events);
	return watch;
}

_Static_assert(LOOP_READ == UV_READABLE && LOOP_WRITE == UV_WRITABLE,
			   "interest is handed to libuv as it is");

void
loop_watch_set(LoopWatch *watch, unsigned events)
{
	WatchUv *self = (WatchUv *) watch;

	if (events == watch->events)
		return; /* a change costs two system calls */
	watch->events = events;
	watch->arrived_poll = UINT64_MAX; /* what was seen was another event */
	if (events == 0)
		uv_poll_stop(&self->poll);
	else
		uv_poll_start(&self->poll, (int) events, on_descriptor);
}

static void
on_watch_closed(uv_handle_t *handle)
{
	free(handle->data); /* the watch begins its WatchUv */
}

/*
 * Closing takes the descriptor off epoll and out of the events at hand now;
 * the callback in a later turn touches memory only.  A watcher that were
 * stopped now and closed later would then remove the registration of
 * whatever had got the same number in between.
 */
void
loop_unwatch(LoopWatch *watch)
{
	RealLoop *loop = watch->loop;
	LoopWatch *last = loop->watches[--loop->nwatches];

	loop->watches[watch->index] = last;
	last->index = watch->index;
	arrivals_forget(loop, watch);
	uv_close((uv_handle_t *) &((WatchUv *) watch)->poll, on_watch_closed);
}

int64_t
loop_event_ns(Loop *loop)
{
	int64_t event_ns = 0;

	if (!loop->is_virtual)
		event_ns = ((RealLoop *) loop)->event_ns;
	return event_ns != 0 ? event_ns : loop_now_ns(loop);
}

static void
real_free(Loop *base)
{
	RealLoop *loop = (RealLoop *) base;

	signal_free(loop);
	if (loop->workers != NULL)
	{
		control_cancel_all(loop);
		workers_free(loop->workers, false, NULL);
	}
	control_free(loop);
	resolve_free_all(loop);
	while (loop->nwatches > 0)
		loop_unwatch(loop->watches[loop->nwatches - 1]);
	uv_close((uv_handle_t *) &loop->uv->wake, NULL);
	uv_close((uv_handle_t *) &loop->uv->timer, NULL);
	uv_run(&loop->uv->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop->uv->loop) != 0)
		loop_die("the loop still has open handles");
#ifdef USE_TIMERFD
	close(loop->uv->timer_fd);
#endif
	pthread_mutex_destroy(&loop->done_lock);
	queue_clear(base);
	free(loop->watches);
	free(loop->arrivals);
	free(loop->uv);
	free(loop);
}

/*
 * A signal that came during the last blocking call must be heard by whoever
 * reads the outcome next, although the loop does not turn again.
 */
static void
real_leave(Loop *base)
{
	signal_deliver((RealLoop *) base);
}

static const LoopOps real_ops = {
	.now_ns = real_now_ns,
	.wait = real_wait,
	.catch_up = real_catch_up,
	.is_alive = real_is_alive,
	.leave = real_leave,
	.free = real_free,
};

/* The handle that wakes the loop also keeps libuv's loop from ending. */
static bool
uv_open(RealLoop *loop)
{
	LoopUv *uv = loop->uv;

	if (uv_loop_init(&uv->loop) != 0)
		return false;
	if (uv_async_init(&uv->loop, &uv->wake, on_wake) != 0)
		return false;
	uv->wake.data = loop;
	uv->armed_ns = LOOP_NEVER;
	return wait_timer_open(uv, loop);
}

Loop *
loop_new(Err *err)
{
	RealLoop *loop = mem_alloc(sizeof(*loop));

	loop->uv = mem_alloc(sizeof(*loop->uv));
	if (!uv_open(loop))
	{
		/* out of descriptors: what was opened ends with the program */
		free(loop->uv);
		free(loop);
		err_set(err, ERR_IO, "could not create an event loop");
		err_hint(err, "see the limit of open files: ulimit -n");
		return NULL;
	}
	queue_init(&loop->base, &real_ops);
	loop->max_workers = 64;
	atomic_init(&loop->control_fd, -1);
	atomic_flag_clear(&loop->last_taken);
	pthread_mutex_init(&loop->done_lock, NULL);
	loop->done_tail = &loop->done_head;
	return &loop->base;
}
