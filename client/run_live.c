/*
 * run_live.c
 *	  What a run shows of itself with --live.
 */
#include "live.h"
#include "loop_signal.h"
#include "run_private.h"

#define FIRST_LOOK_NS (20 * NS_PER_MS)

/* -------- a shard, on its own thread -------- */

static int64_t
look(Shard *shard)
{
	LivePool numbers = {0};

	if (shard->pool != NULL)
		numbers = (LivePool){.size = pool_size(shard->pool),
							 .busy = pool_busy_count(shard->pool),
							 .waiting = pool_waiting_count(shard->pool)};
	return live_shard_look(shard->live, &numbers);
}

static void
on_look(void *arg)
{
	Shard *shard = arg;

	loop_timer_set(shard->loop, &shard->live_timer, look(shard));
}

void
shard_live_begin(Shard *shard)
{
	if (shard->live == NULL || shard->has_finished)
		return;
	look(shard);
	loop_timer_set(shard->loop, &shard->live_timer,
				   loop_now_ns(shard->loop) + FIRST_LOOK_NS);
}

void
shard_live_end(Shard *shard)
{
	if (shard->live == NULL)
		return;
	loop_timer_clear(shard->loop, &shard->live_timer);
	look(shard);
}

/* -------- the run -------- */

/* The loop is told of a signal when it is free; who watches wants it now. */
static int
count_interrupts(void *arg)
{
	return loop_signal_count(arg);
}

/* With the shards made, before any of them runs. */
void
run_make_live(Run *run)
{
	int64_t total = admission_total(run->admission);
	LiveSetup setup = {.plan = run->plan,
					   .title = run->options->live_title,
					   .server = run->result.server,
					   .color = run->options->color,
					   .total = total < INT64_MAX ? total : 0,
					   .duration_ns = run->options->duration_ns,
					   .concurrency = admission_concurrency(run->admission),
					   .pipeline = run_pipeline(run),
					   .is_tuned = run->options->tune_connections &&
								   run->tasks_use_sql,
					   .shards = run->nshards,
					   .interrupts = count_interrupts,
					   .arg = run->shards[0].loop};

	if (!run->options->live)
		return;
	run->live = live_new(&setup);
	for (int i = 0; i < run->nshards; i++)
	{
		Shard *shard = &run->shards[i];

		shard->live = live_shard(run->live, i);
		live_shard_is(shard->live, shard->spans, &shard->tally);
		trace_add_sink(shard->trace, live_shard_event, shard->live);
		loop_timer_init(&shard->live_timer, on_look, shard);
	}
}

/* A screen that cannot be had now is no reason not to run. */
void
run_begin_live(Run *run)
{
	Err err;

	if (run->live != NULL &&
		!live_begin(run->live, loop_now_ns(run->shards[0].loop), &err))
		err_print(run->options->messages, "warning", &err);
}

void
run_end_live(Run *run)
{
	if (run->live != NULL)
		live_end(run->live);
}
