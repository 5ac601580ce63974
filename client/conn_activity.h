/*
 * conn_activity.h
 *	  The sampler: asks the server, over a connection of its own, what the
 *	  backends of a run are doing.
 *
 * It has a thread, a loop and a target of its own, so that it meets nobody
 * else's connection and looks on while a blocking call holds a loop.  What it
 * has seen belongs to it until conn_activity_end.
 */
#ifndef CONN_ACTIVITY_H
#define CONN_ACTIVITY_H

#include "activity.h"
#include "activity_board.h"
#include "conn_target.h"

typedef struct ConnActivity ConnActivity;

typedef struct ConnActivityOptions
{
	const ConnSettings *settings;
	int64_t interval_ns;
	ConnTarget *const *targets; /* whose open connections are looked at */
	int ntargets;
	const ActivityBoard *board;

	/* On the sampler's thread, once each at most: it is connected, or never
	 * will be; and why there are no samples, or no more of them. */
	void (*on_ready)(void *arg);
	void (*on_problem)(void *arg, const char *text);

	/* After each look, likewise: when it was, and how many backends did what;
	 * NULL: nobody wants to know. */
	ActivityLookFn on_look;
	void *look_arg;
	void *arg;
} ConnActivityOptions;

/*
 * Start the thread, which connects.  What the options point to must outlive
 * it.  Into *activity, made by activity_init, go the samples.  NULL: err.
 */
extern ConnActivity *conn_activity_start(const ConnActivityOptions *options,
										 Activity *activity, Err *err);
extern bool conn_activity_is_ready(const ConnActivity *self); /* any thread */

/* The clock starts: take samples from here on. */
extern void conn_activity_go(ConnActivity *self);

/* Take no more, disconnect, wait for the thread to end, and free; NULL: no. */
extern void conn_activity_end(ConnActivity *self);

#endif /* CONN_ACTIVITY_H */
