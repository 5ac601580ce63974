/*
 * span_fold.h
 *	  Private to the span_*.c files: tasks that are live, recent holds.
 *
 * A LiveTask belongs to the fold, before and after its life; what is kept of
 * it is copied when it ends.
 */
#ifndef SPAN_FOLD_H
#define SPAN_FOLD_H

#include "span.h"

#define HOLDS_RECENT 256 /* looked at for overlap; a power of two */
#define HOLDS_KEPT 256	 /* in spans->holds */

typedef struct LiveSpan
{
	Span span;
	bool has_started;
	bool has_arrived;
	bool has_ended;
	Class wait; /* why queued to started took time */
} LiveSpan;

typedef struct LiveTask
{
	struct LiveTask *next; /* in its hash chain, or in the free list */
	uint64_t number;
	int kept; /* index into spans->tasks; -1: not kept */
	int conn; /* its own lease; 0 none */
	int64_t begun_ns;
	int64_t folded_ns; /* all before belongs to a class */
	int64_t class_ns[CLASSES];
	LiveSpan *spans;
	int nspans;
	int spans_cap;
	int group; /* the first span of those that run together */
	int nlive; /* queued, not ended */
} LiveTask;

typedef struct LiveConn
{
	int pid;
	int64_t opening_ns; /* since when; -1: it is not being opened */
} LiveConn;

typedef struct SpanFold
{
	LiveTask **chains; /* by number; nchains is a power of two */
	int nchains;
	int nlive;
	LiveTask *unused;
	const PlanStep **gathers; /* by PlanStep.index: the gather it is in */
	LiveConn *conns;		  /* by connection number */
	int nconns;
	int64_t *marks; /* scratch of fold_group */
	int marks_cap;
	HoldSpan recent[HOLDS_RECENT]; /* number n is at n % HOLDS_RECENT */
	int64_t nrecent;			   /* holds begun so far */
	bool is_held;				   /* the newest one has not ended */
} SpanFold;

/* Live tasks, by number. */
extern LiveTask *live_find(const SpanFold *fold, uint64_t number);
extern LiveTask *live_add(SpanFold *fold, uint64_t number);
extern void live_remove(SpanFold *fold, LiveTask *task);
extern LiveSpan *live_add_span(LiveTask *task);
extern void live_free_all(SpanFold *fold);

/* Give the time until then, between two groups of steps, to a class. */
extern void fold_gap(SpanFold *fold, LiveTask *task, int64_t until_ns);

/* Give the time of the newest group to classes; all its spans have ended. */
extern void fold_group(SpanFold *fold, LiveTask *task);

/*
 * How much of a stretch of time was held by tasks other than this one; the
 * holds are charged for it.
 */
extern int64_t hold_charge(SpanFold *fold, uint64_t task, int64_t from_ns,
						   int64_t until_ns);
extern void hold_begin(Spans *spans, const Event *event);
extern void hold_end(Spans *spans, int64_t time_ns);

/* The run is over: what is still among the recent ones may be kept. */
extern void hold_finish(Spans *spans, int64_t time_ns);

#endif /* SPAN_FOLD_H */
