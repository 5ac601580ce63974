/*
 * trace_file.h
 *	  Private to report_trace.c and trace_*.c: the trace that is being written.
 */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include "report_trace.h"
#include "trace_put.h"

/* Processes: the first loop, the server, the other loops from there on. */
#define TRACE_CLIENT 1
#define TRACE_SERVER 2
#define TRACE_LOOPS 10
#define TRACE_THREAD 1 /* the loop's own, in its process */

/* A step that has begun and not ended. */
typedef struct OpenStep
{
	const PlanStep *step;
	int slot;
	int64_t queued_ns;
	int64_t started_ns; /* 0: not yet */
	int64_t arrived_ns; /* 0: not yet */
	int64_t conn;		/* 0: none */
	uint64_t flow;		/* 0: none */
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
	char name[64];
	int64_t conn; /* the task's own lease; 0: none */
	OpenStep *open;
	int nopen;
	int open_cap;
	Track *tracks; /* by slot */
	int ntracks;
} Lane;

typedef struct TraceConn
{
	uint64_t pid;
	uint64_t named_pid; /* the one whose thread has its name, */
	TraceHead head;		/* and this */
	int64_t last_ns;
	int64_t opening_ns; /* 0: it is not being opened */
	int leases;			/* open ones; only the first is shown */
} TraceConn;

/* What a loop has to do with it; used on the loop's thread only. */
typedef struct TraceLoop
{
	TracePut put;
	TraceFile *file;
	const Plan *plan;
	int number;
	int pid;
	TraceHead loop;		/* the thread of the loop itself, */
	TraceHead counters; /* and none */
	Lane *lanes;
	int nlanes;
	int free_lane; /* the one freed last; -1: none */
	int *chains;   /* by task number; nchains is a power of two */
	int nchains;
	TraceConn *conns; /* by number */
	int64_t nconns;
	char **about; /* by step and call: name, category and arguments */
	char **says;  /* by step: the statement, up to the task's name */
	uint64_t flows;
	int ntasks; /* in flight */
	int nsteps;
	int64_t counted_ns;
	int64_t loop_ns; /* last time on the loop's thread */
	bool is_held;
} TraceLoop;

struct TraceFile
{
	TraceOut out;
	const Plan *plan;
	TraceLoop **loops;
	int nloops;
};

/* trace_name.c: what things are called */
extern void trace_put_thread_name(TracePut *put, int pid, uint64_t tid,
								  const char *name);
extern void trace_put_process_name(TracePut *put, int pid, const char *name);

/* Name, category and arguments of a step's slice. */
extern void trace_put_about(TraceLoop *trace, const PlanStep *step, Call call);

/* The same of a statement's, as far as `"args":{"task":"`. */
extern void trace_put_says(TraceLoop *trace, const PlanStep *step);

/* trace_lane.c: a place for each task in flight; valid until the next take */
extern Lane *trace_lane_find(TraceLoop *trace, uint64_t task);
extern Lane *trace_lane_take(TraceLoop *trace, uint64_t task);
extern void trace_lane_give(TraceLoop *trace, Lane *lane);

/* Begin an event on a slot's thread, not before the one before it. */
extern void trace_put_on_track(TraceLoop *trace, Lane *lane, int slot,
							   char phase, int64_t time_ns);

/* trace_conn.c: connections, their leases, the threads of their backends */
extern TraceConn *trace_conn_at(TraceLoop *trace, int64_t number);
extern void trace_put_on_backend(TraceLoop *trace, int64_t number, char phase,
								 int64_t time_ns);
extern void trace_on_conn(TraceLoop *trace, const Event *event);
extern void trace_on_lease(TraceLoop *trace, Lane *lane, const Event *event);
extern void trace_on_lease_end(TraceLoop *trace, Lane *lane,
							   const Event *event);

#endif /* TRACE_FILE_H */
