/*
 * loop_call.h
 *	  What a loop cannot do itself or interrupt: work on worker threads, and
 *	  calls that block.
 */
#ifndef LOOP_CALL_H
#define LOOP_CALL_H

#include <stdatomic.h>

#include "loop.h"

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

#endif /* LOOP_CALL_H */
