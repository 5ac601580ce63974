/*
 * shard_tune.c
 *	  --connections auto: looks at a shard's pool and sets its size.
 *
 * The tuner decides; what it needs to know is read off the pool every
 * TUNER_LOOK_NS while tasks run.
 */
#include "run_private.h"

/* Its pool may become as large as it was made. */
static void
on_look(void *arg)
{
	Shard *shard = arg;
	Pool *pool = shard->pool;
	int64_t now_ns = loop_now_ns(shard->loop);

	if (tuner_look(&shard->tuner, now_ns, pool_ended_count(pool),
				   pool_waiting_count(pool), pool_size(pool)))
		pool_set_size(pool, shard->tuner.size);
	loop_timer_set(shard->loop, &shard->tuner_timer, now_ns + TUNER_LOOK_NS);
}

/* Before the pool opens. */
void
shard_tune_init(Shard *shard)
{
	loop_timer_init(&shard->tuner_timer, on_look, shard);
	if (!shard->run->options->tune_connections)
		return;
	tuner_init(&shard->tuner, shard->pool_size);
	pool_set_size(shard->pool, shard->tuner.size);
}

void
shard_tune_begin(Shard *shard)
{
	int64_t now_ns = loop_now_ns(shard->loop);

	if (!shard->run->options->tune_connections || shard->pool == NULL)
		return;
	tuner_begin(&shard->tuner, now_ns, pool_ended_count(shard->pool));
	loop_timer_set(shard->loop, &shard->tuner_timer, now_ns + TUNER_LOOK_NS);
}

void
shard_tune_end(Shard *shard)
{
	if (shard->run->options->tune_connections && shard->pool != NULL)
		loop_timer_clear(shard->loop, &shard->tuner_timer);
}

/* What all shards came to, for the report; the word is the first one's. */
void
run_sum_tuning(const Run *run, Tuning *tuning)
{
	tuning->is_given = run->options->tune_connections && run->tasks_use_sql;
	if (!tuning->is_given)
		return;
	tuning->end = run->shards[0].tuner.end;
	for (int i = 0; i < run->nmade; i++)
	{
		const Tuner *tuner = &run->shards[i].tuner;

		tuning->first += tuner->first;
		tuning->peak += tuner->peak;
		tuning->last += tuner->size;
		tuning->other += tuner->other_size;
		tuning->rate += tuner->best_rate;
		tuning->other_rate += tuner->other_rate;
	}
}
