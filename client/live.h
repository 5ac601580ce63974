/*
 * live.h
 *	  --live: what the shards of a run are doing, gathered for the screen.
 *
 * Each shard looks at its own tasks every now and then, on its own thread,
 * and leaves a copy here; the thread that draws puts the copies together.
 */
#ifndef LIVE_H
#define LIVE_H

#include "report.h"
#include "span_look.h"
#include "tally.h"

typedef struct Live Live;
typedef struct LiveShard LiveShard;

/* What does not change while it runs; all of it must outlive the Live. */
typedef struct LiveSetup
{
	const Plan *plan;
	const char *title;	/* NULL: the plan's name */
	const char *server; /* NULL: none */
	const char *color;	/* as --color */
	int64_t total;		/* tasks; 0: not known */
	int64_t duration_ns;
	int concurrency;
	int pipeline;
	bool is_tuned;
	int shards;
	int (*interrupts)(void *arg); /* how many there were; any thread */
	void *arg;
} LiveSetup;

/* Any time before: is there a terminal for it? */
extern bool live_check(Err *err);

/*
 * Keep the screen from the begin of the first of several runs to the end of
 * the last, each of which has a Live of its own.
 */
extern bool live_keep(const char *color, Err *err);
extern void live_keep_end(void);

/* The program's thread. */
extern Live *live_new(const LiveSetup *setup);
extern void live_free(Live *live);
extern LiveShard *live_shard(Live *live, int number);

/* From here to live_end there is a screen.  False: err, and there is none. */
extern bool live_begin(Live *live, int64_t now_ns, Err *err);
extern void live_end(Live *live);

/* What only the shard's thread knows of its pool. */
typedef struct LivePool
{
	int size;
	int busy;
	int waiting;
} LivePool;

/*
 * Before the run: whose numbers these are.  On its thread: a look, which says
 * when the next one should follow; and a sink of its trace.
 */
extern void live_shard_is(LiveShard *shard, const Spans *spans,
						  const Tally *tally);
extern int64_t live_shard_look(LiveShard *shard, const LivePool *pool);
extern void live_shard_event(void *shard, const Event *event);

#endif /* LIVE_H */
