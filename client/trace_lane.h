/*
 * trace_lane.h
 *	  Private to report_trace.c and trace_*.c: places for the tasks in flight,
 *	  and their steps.
 */
#ifndef TRACE_LANE_H
#define TRACE_LANE_H

#include "trace.h"
#include "trace_put.h"

typedef struct TraceLoop TraceLoop;

#define TRACE_NAME 63 /* bytes of a task's name */

/* A name that can be put as it is. */
typedef struct TraceName
{
	size_t len;
	char text[TRACE_ESCAPED(TRACE_NAME)];
} TraceName;

/* A step that has begun and not ended. */
typedef struct OpenStep
{
	const PlanStep *step;
	Call call;
	int slot;
	bool is_told; /* its begin was written */
	int64_t begun_ns;
	int64_t started_ns; /* 0: not yet */
	int64_t arrived_ns; /* 0: not yet */
	int64_t conn;		/* 0: none */
	int64_t leased_ns;	/* since when its task has it */
	uint64_t flow;		/* to its statement */
	bool has_phases;
	int64_t phase_ns[PHASES];
} OpenStep;

/* A thread of slices: a place for a task, or for a step of a gather. */
typedef struct Track
{
	int64_t last_ns;
	TraceHead head; /* made when its thread gets its name */
} Track;

/* A place that tasks take in turn. */
typedef struct Lane
{
	uint64_t task;
	int next; /* in its hash chain or the list of free lanes; -1: the last */
	bool is_taken;
	bool is_told;
	int64_t begun_ns;
	TraceName name;
	int64_t conn; /* the task's own lease; 0: none */
	int64_t leased_ns;
	OpenStep *open;
	int nopen;
	int open_cap;
	Track *tracks; /* by slot */
	int ntracks;
} Lane;

static inline void
trace_put_name(TracePut *put, const TraceName *name)
{
	trace_put_bytes(put, name->text, name->len);
}

/* trace_lane.c: a place for each task in flight; valid until the next take */
extern Lane *trace_lane_find(TraceLoop *trace, uint64_t task);
extern Lane *trace_lane_take(TraceLoop *trace, uint64_t task);
extern void trace_lane_give(TraceLoop *trace, Lane *lane);

/* Of a slot's thread: when what begins, or ends, now may say that it does. */
extern Track *trace_track(TraceLoop *trace, Lane *lane, int slot);
extern int64_t trace_track_begin(Track *track, int64_t time_ns);
extern int64_t trace_track_end(Track *track, int64_t time_ns);

/*
 * trace_step.c: steps, and the statements of SQL.  An event of a step; its
 * task is over; write the begins from before then that were not written yet.
 */
extern void trace_on_step(TraceLoop *trace, Lane *lane, const Event *event);
extern void trace_end_steps(TraceLoop *trace, Lane *lane, int64_t time_ns);
extern void trace_tell_steps(TraceLoop *trace, Lane *lane, int64_t before_ns);

#endif /* TRACE_LANE_H */
