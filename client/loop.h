/*
 * loop.h
 *	  The event loop: one thread waits for everything, and jobs run in order.
 *
 * Two kinds exist behind this one interface: the real loop (loop.c, the only
 * file that sees libuv) and a loop on a virtual clock (loop_virtual.c) on
 * which predict and the unit tests run the same task and pool code.  What
 * both share (ready queue, timer heap, turn) is in loop_queue.c.
 *
 * Callbacks run on the loop's thread, record what happened and push jobs;
 * they never advance a task themselves.  All times are CLOCK_MONOTONIC
 * nanoseconds (virtual ones start at 0).
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

typedef struct Loop Loop;
typedef struct LoopWatch LoopWatch;

#define LOOP_NEVER INT64_MAX

extern Loop *loop_new(Err *err);	 /* real; NULL on failure */
extern Loop *loop_new_virtual(void); /* clock at 0, moves by itself */
extern bool loop_is_virtual(const Loop *loop);
extern void loop_free(Loop *loop);

/* The time now; on the real loop read afresh from the clock.  Any thread. */
extern int64_t loop_now_ns(Loop *loop);

/*
 * The loop's own thread: the same, remembered; and what was remembered last.
 * That is for what happens within one job that has looked at the clock since
 * it last waited: to look a dozen times for one statement would be a good
 * part of what the statement costs.
 */
extern int64_t loop_look_ns(Loop *loop);
extern int64_t loop_recent_ns(const Loop *loop);

/*
 * Run until loop_stop is called from a callback, or, on either kind, until
 * nothing could ever happen again (no job, no timer, no watch, no work under
 * way; signals alone keep no loop going).  May be called again afterwards:
 * jobs and timers that were left wait for it.
 */
extern void loop_run(Loop *loop);
extern void loop_stop(Loop *loop);

/*
 * Jobs: the ready queue.  FIFO, taken in batches, two a turn, so that a job
 * that pushes itself cannot starve the descriptors.  Embedded in their owner;
 * pushing a job that is queued already does nothing.  loop_unpush takes a
 * queued job back (its owner is going away).
 */
typedef struct LoopJob
{
	void (*fn)(void *arg);
	void *arg;
	struct LoopJob *next;
	bool is_queued;
} LoopJob;

extern void loop_push(Loop *loop, LoopJob *job);
extern void loop_unpush(Loop *loop, LoopJob *job);

/*
 * Timers: embedded, absolute deadlines, never early.  Setting a timer that is
 * armed moves it; setting it to LOOP_NEVER clears it.  fn runs from the loop,
 * once; it may set the timer again.
 */
typedef struct LoopTimer
{
	void (*fn)(void *arg);
	void *arg;
	int64_t deadline_ns;
	uint64_t order; /* ties fire in the order they were set */
	int heap_index; /* -1: not armed; use loop_timer_init */
} LoopTimer;

extern void loop_timer_init(LoopTimer *timer, void (*fn)(void *), void *arg);
extern void loop_timer_set(Loop *loop, LoopTimer *timer, int64_t deadline_ns);
extern void loop_timer_clear(Loop *loop, LoopTimer *timer);

/*
 * Descriptors (real loop only).  Level-triggered; a socket error or hang-up
 * counts as everything that was asked for.  loop_watch makes the descriptor
 * non-blocking; it returns NULL, and errno says why, for one that cannot be
 * watched (closed, a plain file, watched already).  Unwatch before closing:
 * after loop_unwatch returns the callback will not run again, and the
 * descriptor may be closed, and its number watched anew, at once.
 */
#define LOOP_READ 1u
#define LOOP_WRITE 2u
typedef void (*LoopFdFn)(void *arg, unsigned events);

extern LoopWatch *loop_watch(Loop *loop, int fd, unsigned events, LoopFdFn fn,
							 void *arg);
extern void loop_watch_set(LoopWatch *watch, unsigned events);
extern void loop_unwatch(LoopWatch *watch);

/*
 * Inside a descriptor callback: when its event is known to have arrived, never
 * later than now.  While a blocking call holds the loop the control thread
 * looks at the watched descriptors (the first 4,096) every millisecond, so
 * this can be earlier than the poll that reported it.  Elsewhere: now.
 */
extern int64_t loop_event_ns(Loop *loop);

/* Called once a turn just before the loop waits; NULL takes it away. */
extern void loop_set_prepare(Loop *loop, void (*fn)(void *), void *arg);

/* Virtual loop only: a blocking call of that length moves the clock. */
extern void loop_virtual_hold(Loop *loop, int64_t duration_ns);

#endif /* LOOP_H */
