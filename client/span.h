/*
 * span.h
 *	  Events folded into spans: what every step of every task did, and why
 *	  time passed.
 *
 * A Spans is a sink of the trace.  It keeps the spans of a bounded number of
 * tasks, and sums, counts and histograms of all.  Every nanosecond between a
 * task's begin and end belongs to exactly one class; they add up.
 */
#ifndef SPAN_H
#define SPAN_H

#include "stats.h"
#include "trace.h"

typedef enum Class
{
	CLASS_QUEUED,  /* ready for the first time, not yet begun */
	CLASS_LOOP,	   /* arrived or ready, but the loop was held */
	CLASS_POOL,	   /* waiting for a lease */
	CLASS_THREAD,  /* waiting for a worker */
	CLASS_CONNECT, /* a connection of its own being opened */
	CLASS_SERVER,  /* SQL under way (network included) */
	CLASS_HTTP,	   /* HTTP under way */
	CLASS_SLEEP,
	CLASS_BACKOFF, /* between two attempts */
	CLASS_CLIENT,  /* our own work */
	CLASSES
} Class;

/* One started step. */
typedef struct Span
{
	const PlanStep *step;
	Call call;
	int slot;
	StepState outcome;
	int64_t queued_ns;	 /* its turn came */
	int64_t started_ns;	 /* it left; queued_ns if it never did */
	int64_t arrived_ns;	 /* its answer was there */
	int64_t ended_ns;	 /* its answer was seen */
	int gather;			 /* the first span of its gather; -1: in none */
	int conn;			 /* connection number; 0 none */
	int pid;			 /* backend, when known */
	uint64_t lease_from; /* the task that had the lease it waited for */
	int64_t phase_ns[PHASES];
} Span;

typedef struct TaskSpans
{
	uint64_t number;
	char name[64];
	int outcome;	  /* 0 ended well, 1 failed, 2 canceled */
	int64_t begun_ns; /* admitted */
	int64_t ended_ns;
	int64_t class_ns[CLASSES];
	Span *spans; /* in the order they were queued */
	int nspans;
	char *error; /* NULL: none */
} TaskSpans;

/* The loop was held by a blocking call. */
typedef struct HoldSpan
{
	uint64_t task;
	const PlanStep *step;
	int64_t begun_ns;
	int64_t ended_ns;
	int64_t cost_ns; /* others' time lost to it (class loop) */
} HoldSpan;

typedef struct StepStats
{
	const PlanStep *step; /* NULL: this plan step never ran */
	int64_t count;
	int64_t failed;
	Histogram own;	 /* started to arrived */
	Histogram whole; /* queued to ended */
} StepStats;

typedef struct Spans
{
	const Plan *plan;
	int max_tasks;
	int64_t run_begun_ns;
	int64_t run_ended_ns;
	TaskSpans *tasks; /* kept: the first ones, in order of admission */
	int ntasks;
	int64_t done; /* all tasks: ended well */
	int64_t failed;
	int64_t canceled;
	int64_t class_ns[CLASSES]; /* all tasks */
	int64_t task_ns;		   /* all tasks: sum of begun to ended */
	int64_t own_ns;			   /* all steps: started to arrived */
	Histogram latency;		   /* tasks, begun to ended */
	StepStats *steps;		   /* by PlanStep.index */
	HoldSpan *holds;		   /* bounded: the costliest are kept, in order
								* of time; there when the run has ended */
	int nholds;
	int conns_opened;
	Histogram connects;
	struct SpanFold *fold; /* private: tasks that are live */
} Spans;

extern Spans *spans_new(const Plan *plan, int max_tasks);
extern void spans_free(Spans *spans);
extern void spans_event(void *spans, const Event *event); /* a TraceSink */

extern const char *class_name(Class class);

#endif /* SPAN_H */
