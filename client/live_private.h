/*
 * live_private.h
 *	  Private to live.c, live_shard.c and live_past.c: sums at one moment, and
 *	  what came before.
 */
#ifndef LIVE_PRIVATE_H
#define LIVE_PRIVATE_H

#include "clock.h"
#include "live.h"
#include "live_view.h"

#define LOOK_NS (NS_PER_S / 10)

/* To be held against those of another moment. */
typedef struct Moment
{
	int64_t time_ns;
	int64_t ended;
	int64_t cpu_ns;
	double held_ns; /* the loops, all together */
	double class_ns[CLASSES];
} Moment;

/* What all shards come to, one added after the other. */
typedef struct Gathered
{
	Moment moment;
	Counts counts;
	int64_t hold_since_ns; /* of the newest hold of all shards */
	FailureKind failures[FAILURES_KEPT];
	int nfailures;
	Histogram *latency;
	LiveNumbers *numbers; /* the rest */
} Gathered;

/* live_shard.c; the last one is for the thread that draws. */
extern LiveShard *live_shards_new(int count);
extern void live_shards_free(LiveShard *shards, int count);
extern LiveShard *live_shards_at(LiveShard *shards, int number);
extern void live_shard_gather(LiveShard *shard, Gathered *gathered);

/* live_past.c: for the thread that draws.  Zero bytes, then live_past_begin.
 */
#define MOMENTS 16		  /* of the last second and a bit */
#define LATENCY_SECONDS 5 /* that the percentiles are of */

typedef struct LivePast
{
	Moment moments[MOMENTS]; /* a ring */
	int64_t nmoments;
	double rates[LIVE_RATES];
	int nrates;
	int64_t second_ended; /* tasks that had when this second began */
	int64_t nseconds;	  /* that are over */
	Histogram seconds[LATENCY_SECONDS + 1]; /* a ring: sums at their end */
	Histogram recent;
	bool has_class[CLASSES]; /* it had a part that is worth a line */
	FailureKind failures[FAILURES_KEPT]; /* in order of their last news */
	int nfailures;
} LivePast;

extern void live_past_begin(LivePast *past, const Moment *first);
extern void live_past_clear(LivePast *past);

/* What follows from now and before, into gathered->numbers. */
extern void live_past_add(LivePast *past, const Gathered *gathered);

#endif /* LIVE_PRIVATE_H */
