/*
 * shard.h
 *	  One loop of a run and all that lives on it: connections, HTTP, trace,
 *	  and slots, in each of which one task runs after the other.
 *
 * A run has one shard, on the program's own thread, or with -j several.  A
 * task, its lease and its transfers never change shard; what all share (the
 * plan, admission, failures, output) belongs to the Run.  Functions are for
 * the shard's thread unless they say otherwise.
 */
#ifndef SHARD_H
#define SHARD_H

#include <pthread.h>

#include "admission.h"
#include "loop_post.h"
#include "span.h"
#include "tally.h"
#include "task.h"
#include "tuner.h"
#include "txlog.h"

struct Run;
typedef struct Shard Shard;

typedef enum SlotState
{
	SLOT_FREE,		/* at the begin, and when nothing is left for it */
	SLOT_WANTING,	/* waits until admission has more */
	SLOT_SCHEDULED, /* has a ticket, waits for its time */
	SLOT_RUNNING,
	SLOT_STATES
} SlotState;

typedef struct Slot
{
	Shard *shard;
	int number; /* among all of the run, from 0: :client_id */
	SlotState state;
	Task *task;
	Ticket ticket;
	int64_t taken; /* tickets, those that were too late too: for -t and
					  persisting variables */
	LoopTimer timer;
} Slot;

struct Shard
{
	struct Run *run;
	int number; /* 0 is the program's own thread */
	pthread_t thread;

	/* Wiring */
	Loop *loop;
	Trace *trace;
	Spans *spans;
	Http *http;
	HttpLane *lane;
	struct HttpGate *gate; /* NULL: no limits */
	ConnTarget *target;	   /* NULL: no SQL */
	struct ConnLocks *locks;
	Pool *pool;
	int pool_size; /* asked for */
	Tuner tuner;   /* --connections auto */
	LoopTimer tuner_timer;
	Engine engine;
	RetryBudget budget; /* its part of the run's */
	StepOps ops[STEP_KINDS];

	/* Opening */
	bool is_opening; /* its loop runs for that */
	bool is_opened;
	bool open_failed;
	Err err; /* why */

	/* Running */
	int number_symbol; /* :task_number and so on; -1: the plan has none */
	int name_symbol;
	int client_symbol;
	Slot *slots;
	int nslots;
	int first_slot;
	int in_state[SLOT_STATES];
	Tally tally;
	TxLog *txlog; /* NULL: none */
	bool is_running;
	bool has_finished;
	int64_t cpu_ns; /* of its thread, while it ran */
	LoopTimer duration;
	LoopTimer log_timer; /* lines of the job log wait for it */
	bool log_waits;
	struct LiveShard *live; /* NULL: no --live */
	LoopTimer live_timer;

	/* What others ask of it, from any thread */
	LoopPost post;
	atomic_uint asked; /* bits of ShardAsk */
};

typedef enum ShardAsk
{
	ASK_MORE = 1,	 /* admission may have tickets, or none any more */
	ASK_CANCEL = 2,	 /* cancel what is under way */
	ASK_ABANDON = 4, /* stop opening connections */
	ASK_NEWS = 8	 /* shard 0: another one has opened or finished */
} ShardAsk;

/*
 * Make loop, connections' target and slots.  On the program's thread, before
 * the shard's own starts; shard_free is for after it has ended.
 */
extern bool shard_make(Shard *shard, struct Run *run, int number, Err *err);
extern void shard_free(Shard *shard);

/* Open the connections; the shard's loop runs until then.  False: shard->err.
 */
extern bool shard_open(Shard *shard);

/* Open a pool of its loop and wait for it, likewise. */
extern bool shard_open_pool(Shard *shard, Pool *pool);

/* Run tasks until there are no more, in this shard or in any other. */
extern void shard_run(Shard *shard);

/* Any thread: have it do that soon. */
extern void shard_ask(Shard *shard, ShardAsk what);

/* Its variables afresh, but with -t and -T they stay with the slot. */
extern void shard_prepare_task(const Shard *shard, Task *task, uint64_t number,
							   int slot, bool is_first);

#endif /* SHARD_H */
