/*
 * span.h
 *	  Events folded into spans: what every step of every task did, and why
 *	  time passed.
 *
 * A Spans is a sink of the trace.  It keeps the spans of a bounded number of
 * tasks, and sums, counts and histograms of all.  A task's classes add up.
 */
#ifndef SPAN_H
#define SPAN_H

#include "class.h"
#include "series.h"
#include "stats.h"
#include "trace.h"

/* One started step; of one that was tried again, one attempt. */
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
	int attempt;		 /* from 1; those before failed: STEP_BACKOFF */
	int64_t backoff_ns;	 /* of the time from queued to started */
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
	int outcome;	  /* 0 ended well, 1 failed, 2 canceled, 3 skipped */
	int64_t begun_ns; /* admitted; when it should have been, with --rate */
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

/* What a step costs that it need not. */
typedef struct StepHabits
{
	int64_t cold;		/* HTTP: requests that made a connection, and how */
	int64_t cold_ns;	/* long: name, connection, TLS */
	int64_t connect_ns; /* SQL: waited for a connection that was opened */
	int64_t follow_ns;	/* SQL: behind another one of its gather */
	int64_t lent_ns;	/* not SQL: its task had a connection meanwhile, */
	int64_t open_ns;	/* or, instead, a transaction */
} StepHabits;

typedef struct StepStats
{
	const PlanStep *step; /* NULL: this plan step never ran */
	Call call;			  /* as it ran, which --mode may change */
	int64_t count;
	int64_t failed;	 /* for good */
	int64_t retried; /* attempts that were tried again: not in the two */
	int64_t told;	 /* SQL: so many have PHASE_SERVER and PHASE_REST */
	Histogram own;	 /* started to arrived */
	Histogram whole; /* queued to ended */
	int64_t phase_ns[PHASES];
	int64_t holds; /* these three are there when the run has ended */
	int64_t held_ns;
	int64_t cost_ns; /* others' time lost */
	StepHabits habits;
} StepStats;

typedef struct SlowTask
{
	uint64_t number;
	char name[64];
	int64_t took_ns;
	Class mostly;
} SlowTask;

typedef struct FailureKind
{
	char *message;
	int64_t count; /* failed tasks with this message */
} FailureKind;

#define SLOWEST_KEPT 5
#define FAILURES_KEPT 16

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
	int64_t skipped;		   /* they had been done before */
	int64_t class_ns[CLASSES]; /* all tasks */
	int64_t task_ns;		   /* all tasks: sum of begun to ended */
	int64_t own_ns;			   /* all steps: started to arrived */
	int64_t retried;		   /* all attempts that were tried again */
	Histogram latency;		   /* tasks, begun to ended */
	Histogram lag;			   /* scheduled tasks: how late they began */
	Series ended;			   /* tasks, since the run began */
	StepStats *steps;		   /* by PlanStep.index */
	HoldSpan *holds; /* the costliest, in order of time; after the run's end */
	int nholds;
	SlowTask slowest[SLOWEST_KEPT]; /* of all tasks */
	int nslowest;
	FailureKind failures[FAILURES_KEPT]; /* of all tasks */
	int nfailures;
	int conns_opened;
	int conns_late; /* of them, while the clock ran */
	Histogram connects;
	int64_t connect_phase_ns[PHASES];
	struct SpanFold *fold; /* private: tasks that are live */
} Spans;

extern Spans *spans_new(const Plan *plan, int max_tasks);
extern void spans_free(Spans *spans);
extern void spans_event(void *spans, const Event *event); /* a TraceSink */

/* Let the board show which statements its connections are at. */
struct ActivityBoard;
extern void spans_show(Spans *spans, struct ActivityBoard *board);

/*
 * After the run's end: add what another loop of the same run and plan has
 * seen.  The other one gives away its tasks and is only good for spans_free.
 */
extern void spans_merge(Spans *to, Spans *from);

#endif /* SPAN_H */
