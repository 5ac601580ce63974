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

#define HOLDS_RECENT 1024 /* looked at for overlap; a power of two */
#define HOLDS_KEPT 256	  /* in spans->holds */

typedef struct LiveSpan
{
	Span span;
	bool has_started;
	bool has_arrived;
	bool has_ended;
	bool has_phases;
	int64_t backoff_until_ns; /* it was put off till then; 0: it was not,
							   * INT64_MAX: it still is */
	Class wait;				  /* why it could not start at once */
	int64_t granted_ns;		  /* what it waited for was there; INT64_MAX: it
							   * waited until it started, or for ever */
	int64_t connect_begun_ns; /* its connection was being opened meanwhile; */
	int64_t connect_ended_ns; /* both 0: it was not */
} LiveSpan;

typedef struct LiveTask
{
	struct LiveTask *next; /* in its hash chain, or in the free list */
	uint64_t number;
	LiveSpan *spans; /* own, or more than that */
	int nspans;
	int spans_cap;
	int group; /* the first span of those that run together */
	int nlive; /* queued, not ended */
	int kept;  /* index into spans->tasks; -1: not kept */
	int conn;  /* its own lease; 0 none */
	bool in_transaction;
	int64_t begun_ns;
	int64_t folded_ns; /* all before belongs to a class */
	int64_t held_ns;   /* fold->held_ns when it was folded last */
	int64_t last_hold; /* number of its newest hold; -1: none */
	int64_t class_ns[CLASSES];
	LiveSpan own; /* near, since most tasks have few */
	char name[64];
} LiveTask;

typedef struct LiveConn
{
	int pid;
	int64_t opening_ns; /* since when; -1: it is not being opened */
	int64_t begun_ns;	/* the last time that it was opened: from, until */
	int64_t ended_ns;
} LiveConn;

/*
 * A hold costs every task that waits all through it the same: such tasks are
 * counted where their wait begins and taken off after its end, and what the
 * hold cost is summed up when it is forgotten.
 */
typedef struct RecentHold
{
	HoldSpan span;
	int64_t before_ns;	   /* what all holds before it took */
	int64_t waiting_delta; /* against the hold before */
} RecentHold;

typedef struct SpanFold
{
	LiveTask **chains; /* by number; nchains is a power of two */
	int nchains;
	int nlive;
	LiveTask *unused;
	LiveTask *last;				 /* the one looked for last; NULL: none */
	const PlanStep **gathers;	 /* by PlanStep.index: the gather, or the
								  * pipeline with its end, that it is in */
	struct ActivityBoard *board; /* NULL: nobody looks on */
	LiveConn *conns;			 /* by connection number */
	int nconns;
	int64_t *marks; /* scratch of fold_group */
	int marks_cap;
	RecentHold recent[HOLDS_RECENT]; /* number n is at n % HOLDS_RECENT */
	int64_t nrecent;				 /* holds begun so far */
	bool is_held;					 /* the newest one has not ended */
	int64_t held_ns;				 /* what all that ended took */
	int64_t forgotten_ns;			 /* what those took that are forgotten */
	int64_t waiting;				 /* through the last that was forgotten */
	int cheapest;					 /* of spans->holds; -1: not known */
} SpanFold;

extern LiveTask *live_find(SpanFold *fold, uint64_t number);
extern LiveTask *live_add(SpanFold *fold, uint64_t number);
extern void live_remove(SpanFold *fold, LiveTask *task);
extern LiveSpan *live_add_span(LiveTask *task);
extern void live_free_all(SpanFold *fold);

/* Give time to classes, until then: between two groups of steps, */
extern void fold_gap(SpanFold *fold, LiveTask *task, int64_t until_ns);

/* when the only span of its group has started, */
extern void fold_start(SpanFold *fold, LiveTask *task, LiveSpan *live);

/* and when all spans of the newest group have ended. */
extern void fold_group(SpanFold *fold, LiveTask *task);

/* Did it follow another statement of its gather on the same connection? */
extern bool fold_followed(const LiveTask *task, const LiveSpan *live);

/* What it cost that it need not: a step that ended, not yet folded. */
extern void habit_count(Spans *spans, LiveTask *task, const LiveSpan *live);
extern void habit_merge(StepHabits *to, const StepHabits *from);

/* Count what ended: a step; a task, whose time is folded to its end. */
extern void sum_span(Spans *spans, const LiveSpan *live);
extern void sum_task(Spans *spans, const LiveTask *task, int outcome,
					 const char *error);

/*
 * How much of the time from what is folded until then was held by tasks other
 * than this one; the holds are charged for it.
 */
extern int64_t hold_charge(SpanFold *fold, const LiveTask *task,
						   int64_t until_ns);
extern void hold_begin(Spans *spans, const Event *event);
extern void hold_end(Spans *spans, int64_t time_ns);

/* The run is over: what is still among the recent ones may be kept. */
extern void hold_finish(Spans *spans, int64_t time_ns);
extern void hold_sort(Spans *spans); /* those that are kept, by time */

#endif /* SPAN_FOLD_H */
