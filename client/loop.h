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

#include <stdatomic.h>
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

/*
 * The one function that any thread may call: fn runs on the loop soon, once
 * for all posts that were made until then.  A post belongs to its loop from
 * loop_post_open to loop_post_close, both on the loop's thread or while no
 * loop_run is under way, and keeps the loop going for so long.
 */
typedef struct LoopPost
{
	void (*fn)(void *arg);
	void *arg;
	Loop *loop;
	bool is_queued; /* the loop's own, as the next */
	struct LoopPost *next;
} LoopPost;

extern void loop_post_open(Loop *loop, LoopPost *post, void (*fn)(void *),
						   void *arg);
extern void loop_post(LoopPost *post);
extern void loop_post_close(LoopPost *post);

/* Called once a turn just before the loop waits; NULL takes it away. */
extern void loop_set_prepare(Loop *loop, void (*fn)(void *), void *arg);

/*
 * Name resolution off the loop (threads that do nothing else; a lookup that
 * hangs delays neither loop_free nor the end of the program).  Literal
 * addresses are answered without a lookup.  The callback runs once, never
 * inside loop_resolve, and gets numeric addresses in getaddrinfo's order,
 * valid during the call only; naddresses 0 means err says why.  The handle is
 * gone when the callback has run.  loop_resolve_cancel: it will not run.
 */
typedef struct LoopResolve LoopResolve;
typedef void (*LoopResolveFn)(void *arg, const char *const *addresses,
							  int naddresses, const Err *err);
extern LoopResolve *loop_resolve(Loop *loop, const char *host,
								 LoopResolveFn fn, void *arg);
extern void loop_resolve_cancel(LoopResolve *resolve);

/*
 * Work on worker threads of our own.  run() is called on a worker, done() on
 * the loop afterwards.  At most max threads exist (loop_set_workers, default
 * 64); the rest wait in FIFO order.  begun_ns is when a worker took it.
 * loop_free cancels the calls and waits for the works that run; it calls
 * done() for none that is left.
 */
typedef struct LoopWork
{
	void (*run)(struct LoopWork *work);
	void (*done)(struct LoopWork *work);
	void *arg;
	int64_t begun_ns;
	int64_t ended_ns;
	struct LoopWork *next;
} LoopWork;

extern void loop_set_workers(Loop *loop, int max_threads);
extern void loop_work(Loop *loop, LoopWork *work);

/*
 * Calls the loop cannot interrupt: a blocking call on the loop's thread
 * (holds_loop), or a call on a worker.  While one is registered the control
 * thread watches its deadline; interrupt() runs on the control thread, at
 * most once a reason, never after loop_call_end has returned, and must make
 * the call return soon.  begin and end are called by the thread that makes
 * the call.  loop_call_cancel asks for the same from the loop; a call that has
 * not begun or has ended is left alone.
 */
typedef enum LoopInterrupt
{
	LOOP_DEADLINE,
	LOOP_CANCEL
} LoopInterrupt;

typedef struct LoopCall
{
	void (*interrupt)(struct LoopCall *call, LoopInterrupt why);
	void *arg;
	int64_t deadline_ns; /* LOOP_NEVER: none */
	bool holds_loop;
	atomic_int interrupted; /* 1 + the first LoopInterrupt, else 0 */
	unsigned asked;			/* the loop's own, as the rest: reasons */
	unsigned told;
	struct LoopCall *next;
	struct LoopCall *prev;
} LoopCall;

extern void loop_call_begin(Loop *loop, LoopCall *call);
extern void loop_call_end(Loop *loop, LoopCall *call);
extern void loop_call_cancel(Loop *loop, LoopCall *call);

/*
 * All of them, and those that begin before loop_allow_calls, so that who asks
 * from another thread cannot come between two calls.  After loop_share_calls,
 * made before the loop's own thread starts, any thread may ask.
 */
extern void loop_cancel_calls(Loop *loop);
extern void loop_allow_calls(Loop *loop);
extern void loop_share_calls(Loop *loop);

/*
 * Runs on the control thread every period_ms while any call is registered
 * (lock-wait detection); must be set before the first call begins.
 */
extern void loop_set_watchdog(Loop *loop, void (*fn)(void *), void *arg,
							  int period_ms);

/*
 * Run fn on the control thread soon (PQcancel of an old libpq blocks), then
 * done on the loop.  Same struct as for workers.
 */
extern void loop_control(Loop *loop, LoopWork *work);

/*
 * SIGINT and SIGTERM, for one loop of a process.  on_loop runs on the loop
 * once for each of the first two, with the count.  While a call holds the
 * loop, the second signal interrupts all calls, and the third runs on_last
 * (on the control thread if the loop is held), which must only flush and
 * _exit.  A fourth one kills as if nobody handled it.
 */
extern void loop_set_signals(Loop *loop, void (*on_loop)(void *arg, int count),
							 void (*on_last)(void *arg), void *arg);

/* Signals so far, those not told yet as well.  Any thread. */
extern int loop_signal_count(const Loop *loop);

/* Virtual loop only: a blocking call that takes duration_ns moves the clock.
 */
extern void loop_virtual_hold(Loop *loop, int64_t duration_ns);

#endif /* LOOP_H */
