/*
 * run_job.c
 *	  What a run has to do with its job log and its ledger.
 *
 * The log may be added to by every shard's thread; opening and closing are
 * the program's own thread's.
 */
#include <string.h>

#include "conn_ledger.h"
#include "run_private.h"

/* A reader of a pipe that pauses longer must not hold the loop. */
#define FLUSH_NS (100 * NS_PER_MS)

/* Rows that the tasks gave, before the log says that they are done. */
static bool
flush_rows(void *arg)
{
	const Run *run = arg;

	return run->options->output == NULL ||
		   output_flush(run->options->output, FLUSH_NS);
}

bool
run_open_job(Run *run, Err *err)
{
	return job_open(run->plan, run->options, run->run_id, flush_rows, run,
					&run->job, err);
}

/* -------- the ledger -------- */

static void
on_mark(void *arg, const RowKey *key)
{
	Run *run = arg;

	job_add_mark(run->job, key);
}

static void
on_ledger_open(void *arg, const Err *err)
{
	Run *run = arg;
	Shard *first = &run->shards[0];

	first->is_opened = true;
	if (err != NULL)
		run->err = *err;
	loop_stop(first->loop);
}

bool
run_open_ledger(Run *run)
{
	Shard *first = &run->shards[0];
	const Ledger *ledger = job_ledger(run->job);

	if (ledger == NULL)
		return true;
	first->is_opening = true; /* so that an interrupt ends it */
	first->is_opened = false;
	run->conn_ledger = conn_ledger_open(first->loop, first->pool, ledger,
										on_mark, on_ledger_open, run);
	if (!run_is_given_up(run))
		loop_run(first->loop);
	first->is_opening = false;
	return first->is_opened && run->err.kind == ERR_NONE;
}

/* -------- the log -------- */

/* Said once; the run ends with what is under way. */
static void
log_failed(Run *run)
{
	bool is_first;

	pthread_mutex_lock(&run->lock);
	is_first = !run->job_failed;
	run->job_failed = true;
	pthread_mutex_unlock(&run->lock);
	if (is_first)
		admission_stop(run->admission);
}

void
run_log_task(Run *run, const Task *task)
{
	if (!job_task_ended(run->job, task))
		log_failed(run);
}

void
run_write_log(Run *run)
{
	if (!job_write(run->job))
		log_failed(run);
}

void
run_close_job(Run *run)
{
	Err err;

	run->result.skipped = job_skipped(run->job);
	if (job_close(run->job, &err))
	{
		run->job = NULL;
		if (!run->job_failed)
			return;
		err_set(&err, ERR_IO,
				"the job log could not be written in time, and "
				"the run was ended");
		err_hint(&err, "all that was done is in it now; go on with --resume");
	}
	run->job = NULL;
	run->job_failed = true;
	err_print(run->options->messages, "error", &err);
}
