/*
 * trace_file.h
 *	  Private to report_trace.c and trace_*.c: the trace that is being written.
 *
 * A slice is written as a whole (X) when it ends, which is half of the work of
 * telling its begin and its end (B, E); one that goes on for long is told in
 * these two, so that what a killed run leaves has it.  So events do not come
 * in the order of their times, which the format does not ask for.  But viewers
 * put the first of two slices that begin together outside: within a thread no
 * two do.
 */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include "report_trace.h"
#include "trace_lane.h"

/* Processes: the first loop, the server, the other loops from there on. */
#define TRACE_CLIENT 1
#define TRACE_SERVER 2
#define TRACE_LOOPS 10
#define TRACE_THREAD 1 /* the loop's own, in its process */

/* What never changes, made when it is first needed; text NULL: not yet. */
typedef struct TraceText
{
	char *text;
	size_t len;
} TraceText;

typedef struct TraceConn
{
	uint64_t pid;
	uint64_t named_pid; /* the one whose thread has its name, */
	TraceHead head;		/* and this */
	int64_t opening_ns; /* 0: it is not being opened */
	int leases;			/* open ones; only the first is shown: */
	bool is_told;
	int64_t leased_ns;
	TraceName name;
	int64_t last_ns; /* where its last lease has begun or ended, */
	int64_t said_ns; /* and its last statement has ended */
} TraceConn;

/* What a loop has to do with it; used on the loop's thread only. */
struct TraceLoop
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
	TraceText *about; /* by step and call: name, category, arguments */
	TraceText *says;  /* by step: the same of its statement, up to its task */
	uint64_t flows;
	int ntasks; /* in flight */
	int nsteps;
	int64_t counted_ns;
	int64_t told_ns; /* the last look at what is open */
	int64_t loop_ns; /* last time on the loop's thread */
	bool is_held;
};

struct TraceFile
{
	TraceOut out;
	const Plan *plan;
	TraceLoop **loops;
	int nloops;
	TracePut *looks; /* the sampler's, for its thread; NULL: none yet */
};

/* trace_name.c: what things are called */
extern void trace_put_thread_name(TracePut *put, int pid, uint64_t tid,
								  const char *name);
extern void trace_put_process_name(TracePut *put, int pid, const char *name);

/* Name, category and arguments of a step's slice, but for the last brace. */
extern void trace_put_about(TraceLoop *trace, const PlanStep *step, Call call);

/* The same of a statement's, as far as `,"task":"`. */
extern void trace_put_says(TraceLoop *trace, const PlanStep *step);

/* trace_conn.c: connections, their leases, the threads of their backends */
extern TraceConn *trace_conn_at(TraceLoop *trace, int64_t number);
extern const TraceHead *trace_backend(TraceLoop *trace, int64_t number);
extern void trace_on_conn(TraceLoop *trace, const Event *event);
extern void trace_on_lease(TraceLoop *trace, Lane *lane, const Event *event);
extern void trace_on_lease_end(TraceLoop *trace, Lane *lane,
							   const Event *event);

/* As trace_tell_steps. */
extern void trace_tell_leases(TraceLoop *trace, int64_t before_ns);

/* report_trace.c: one more, or less, in flight */
extern void trace_count(TraceLoop *trace, int *counter, int by,
						int64_t time_ns);

#endif /* TRACE_FILE_H */
