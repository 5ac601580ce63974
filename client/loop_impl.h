/*
 * loop_impl.h
 *	  What the files of the loop (loop*.c) share; nobody else includes it.
 *
 * A Loop is the part that both kinds have: ready queue, timer heap, turn.
 * A RealLoop begins with a Loop and adds descriptors, threads and signals.
 * Everything belongs to the loop's thread, except what says otherwise.
 */
#ifndef LOOP_IMPL_H
#define LOOP_IMPL_H

#include <pthread.h>
#include <stddef.h>

#include "loop.h"
#include "loop_call.h"
#include "loop_post.h"
#include "loop_resolve.h"
#include "loop_signal.h"

typedef struct LoopOps
{
	int64_t (*now_ns)(Loop *loop);
	/* wait for events, not at all unless may_block, and deliver them */
	void (*wait)(Loop *loop, bool may_block);
	/* what came while a call held the loop, in the order in which it came,
	 * and timers among it; NULL: nothing can come meanwhile */
	void (*catch_up)(Loop *loop);
	/* could anything but a job or a timer still happen? */
	bool (*is_alive)(const Loop *loop);
	/* loop_run is about to return; NULL: nothing to do */
	void (*leave)(Loop *loop);
	void (*free)(Loop *loop);
} LoopOps;

struct Loop
{
	const LoopOps *ops;
	bool is_virtual;
	bool stopping;
	bool was_held;	   /* by a call, in this turn */
	bool has_arrivals; /* held so long that what came meanwhile has an order */
	int64_t recent_ns; /* loop_look_ns */

	/* Ready queue: the first nbatch of nready jobs are this turn's */
	LoopJob *ready_head;
	LoopJob **ready_tail;
	int nready;
	int nbatch;

	/* Timers: a binary heap; due[] is what this turn collected */
	LoopTimer **heap;
	int heap_len;
	int heap_cap;
	LoopTimer **due;
	int due_len;
	int due_cap;
	uint64_t timer_order;

	void (*prepare)(void *arg);
	void *prepare_arg;
};

/* loop_queue.c */
extern void queue_init(Loop *loop, const LoopOps *ops);
extern void queue_clear(Loop *loop);
extern int64_t queue_earliest_ns(const Loop *loop); /* LOOP_NEVER: none */
extern void queue_run_timers(Loop *loop, int64_t until_ns); /* due by then */

/*
 * A watched descriptor, as the control thread sees it.  While a call holds
 * the loop that thread writes arrived_ns; it is good for the poll of that
 * number only.
 */
struct LoopWatch
{
	struct RealLoop *loop;
	int fd;
	unsigned events; /* LOOP_READ, LOOP_WRITE */
	LoopFdFn fn;
	void *arg;
	int index; /* in loop->watches */
	int64_t arrived_ns;
	uint64_t arrived_poll;
};

/* Something that came while the loop was held. */
typedef struct Arrival
{
	int64_t time_ns;
	int order; /* of those at the same time */
	LoopWatch *watch;
	unsigned events;
	LoopWork *work; /* or this */
} Arrival;

typedef struct Workers Workers;
typedef struct Control Control;

typedef struct RealLoop
{
	Loop base;
	struct LoopUv *uv; /* loop.c: libuv's own */

	LoopWatch **watches; /* read by control while the loop is held */
	int nwatches;
	int watches_cap;

	uint64_t poll_number; /* of the next poll */
	int64_t poll_ns;	  /* when it returned; 0: not asked yet */
	int64_t event_ns;	  /* loop_event_ns */

	/* loop_arrivals.c: kept back, to be delivered in order */
	bool keeps_arrivals;
	Arrival *arrivals;
	int narrivals;
	int arrivals_cap;
	int64_t hold_begun_ns;

	int nworks;		  /* given to threads, done() not called yet */
	Workers *workers; /* NULL until needed, as the next two */
	Workers *lookups;
	Control *control;
	int max_workers;
	LoopResolve *resolves;
	void (*watchdog)(void *arg);
	void *watchdog_arg;
	int watchdog_ms;

	/* Signals: counted by the handler, delivered by the loop */
	bool has_signals;
	atomic_int signal_count;
	atomic_int signals_delivered;
	atomic_int control_fd;	/* wakes control; -1: no such thread yet */
	atomic_flag last_taken; /* who runs on_last */
	void (*on_signal)(void *arg, int count);
	void (*on_last)(void *arg);
	void *signal_arg;

	/* Works that have run, for the loop to deliver; under done_lock */
	pthread_mutex_t done_lock;
	LoopWork *done_head;
	LoopWork **done_tail;
	LoopPost *posts; /* the newest first; under done_lock as well */
} RealLoop;

/* loop.c */
extern RealLoop *real_loop(Loop *loop, const char *what); /* or die */
extern void loop_wake(RealLoop *loop); /* any thread, signal handlers too */

/* End the program: a rule of loop.h was broken, or the system gave nothing. */
extern void loop_die(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/*
 * loop_threads.c.  The threads of a Workers start on demand.  workers_free
 * calls drop for works that no thread has taken, and waits for those that run
 * or leaves them behind: then the worker itself calls done(), which must only
 * free, since the loop may be gone.
 */
extern Workers *workers_new(RealLoop *loop, int max_threads);
extern void workers_set_max(Workers *workers, int max_threads);
extern void workers_push(Workers *workers, LoopWork *work);
extern void workers_free(Workers *workers, bool leave_behind,
						 void (*drop)(LoopWork *work));
extern bool thread_start(pthread_t *thread, void *(*fn)(void *), void *arg);
extern void work_done_post(RealLoop *loop, LoopWork *work);
extern void work_done_deliver(RealLoop *loop);

/* loop_arrivals.c */
extern void arrivals_add(RealLoop *loop, Arrival arrival);
extern void arrivals_forget(RealLoop *loop, const LoopWatch *watch);
extern void arrivals_deliver(RealLoop *loop);

/* loop_post.c */
extern void post_deliver(RealLoop *loop);

/* loop_control.c */
extern void control_start(RealLoop *loop);
extern void control_cancel_all(RealLoop *loop);
extern void control_free(RealLoop *loop);
extern void control_wake_fd(int fd); /* signal handlers too */

/* loop_signal.c */
extern void signal_deliver(RealLoop *loop);
extern void signal_run_last(RealLoop *loop);
extern void signal_free(RealLoop *loop);

/* loop_resolve.c */
extern void resolve_free_all(RealLoop *loop);

#endif /* LOOP_IMPL_H */
