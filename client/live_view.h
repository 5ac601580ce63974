/*
 * live_view.h
 *	  What --live shows: numbers in, lines out.
 *
 * Nothing here knows a terminal, a clock or an engine.
 */
#ifndef LIVE_VIEW_H
#define LIVE_VIEW_H

#include "report.h"
#include "span_look.h"

#define LIVE_RATES 60
#define LIVE_MESSAGES 40

typedef enum LiveStage
{
	LIVE_RUNNING,
	LIVE_DRAINING, /* nothing more begins: the first Ctrl-C */
	LIVE_CANCELING /* what runs is told to stop: the second */
} LiveStage;

typedef struct LiveNumbers
{
	const Plan *plan;	/* for the names of its files and bodies */
	const char *title;	/* what runs */
	const char *server; /* NULL: none */
	LiveStage stage;
	int64_t elapsed_ns;
	int64_t total;		 /* tasks; 0: not known */
	int64_t duration_ns; /* that they begin in; 0: no limit */

	int64_t done; /* tasks that ended well */
	int64_t failed;
	int64_t skipped; /* too late to begin */
	int64_t retried; /* attempts */
	int running;
	int concurrency;
	int waiting;	 /* for the pool */
	int connections; /* 0: no pool */
	int busy;		 /* of them */
	bool is_tuned;	 /* how many is found out */
	int pipeline;	 /* statements in flight on one; 1: one */
	int shards;
	double cpu; /* cores that the client uses; below 0: not known */

	double rate;			  /* tasks a second, over the last one */
	double rate_mean;		  /* since the begin */
	double rates[LIVE_RATES]; /* of each second, the newest last */
	int nrates;
	int64_t ended;	  /* tasks that the percentiles are of */
	int64_t ended_ns; /* in how long */
	int64_t p50_ns;
	int64_t p99_ns;

	double now[CLASSES]; /* part of the tasks' time over the last second, */
	double all[CLASSES]; /* and since the begin; each sums up to 1, or 0 */
	bool has_class[CLASSES]; /* it is to have a line */

	double held;		   /* loops that calls held, over the last second */
	int64_t held_ns;	   /* one does now, for so long; 0: none does */
	const PlanStep *holds; /* the newest that did; NULL: there was none */
	uint64_t holder;	   /* its task; 0: none */

	LookTask oldest[LOOK_OLDEST]; /* their times: the next two */
	int64_t ran_ns[LOOK_OLDEST];
	int64_t since_ns[LOOK_OLDEST];
	int noldest;

	FailureKind failures[FAILURES_KEPT]; /* the newest first */
	int nfailures;
	const char *messages[LIVE_MESSAGES]; /* the newest last */
	int nmessages;
} LiveNumbers;

/*
 * At most "lines" lines of at most style->columns columns, each ended by a
 * newline but the last.
 */
extern void live_view(FILE *out, const LiveNumbers *numbers, int lines,
					  const ReportStyle *style);

#endif /* LIVE_VIEW_H */
