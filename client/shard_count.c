/*
 * shard_count.c
 *	  What a shard counts and logs of its tasks.
 */
#include "run_private.h"

/* From when it should have begun, if that was said. */
static int64_t
task_latency_ns(const Task *task, int64_t now_ns)
{
	return now_ns -
		   (task->scheduled_ns > 0 ? task->scheduled_ns : task->begun_ns);
}

static int64_t
task_lag_ns(const Task *task)
{
	return task->scheduled_ns > 0 && task->begun_ns > task->scheduled_ns
			   ? task->begun_ns - task->scheduled_ns
			   : 0;
}

static void
slot_log(Slot *slot, const TxLine *line)
{
	if (slot->shard->txlog != NULL)
		txlog_write(slot->shard->txlog, line);
}

static int
script_of(const Slot *slot)
{
	return (int) (slot->ticket.body - slot->shard->run->plan->bodies);
}

void
slot_count_task(Slot *slot)
{
	Shard *shard = slot->shard;
	const RunOptions *options = shard->run->options;
	const Task *task = slot->task;
	int64_t latency_ns = task_latency_ns(task, loop_look_ns(shard->loop));
	TxLine line = {.outcome = task->failed ? TX_FAILED : TX_DONE,
				   .client = slot->number,
				   .number = slot->taken - 1,
				   .script = script_of(slot),
				   .latency_ns = latency_ns,
				   .lag_ns = task_lag_ns(task),
				   .retries = task->retries};

	if (task->is_canceled && !task->failed)
		return;
	tally_task(&shard->tally, task->failed, latency_ns, line.lag_ns,
			   options->latency_limit_ns > 0 &&
				   latency_ns > options->latency_limit_ns);
	slot_log(slot, &line);
}

void
slot_count_skip(Slot *slot)
{
	Shard *shard = slot->shard;
	int64_t now_ns = loop_look_ns(shard->loop);
	TxLine line = {.outcome = TX_SKIPPED,
				   .client = slot->number,
				   .number = slot->taken - 1,
				   .script = script_of(slot),
				   .lag_ns = now_ns - slot->ticket.scheduled_ns};

	tally_skip(&shard->tally);
	slot_log(slot, &line);
}

bool
shard_open_log(Shard *shard, Err *err)
{
	const RunOptions *options = shard->run->options;
	TxLogForm form = {.prefix = options->log_prefix,
					  .sampling = options->log_sampling,
					  .has_lag = options->rate > 0,
					  .has_retries = options->retries > 0};

	if (!options->has_log)
		return true;
	shard->txlog = txlog_open(&form, shard->number, err);
	return shard->txlog != NULL;
}
