/*
 * run_job.c
 *	  What a run has to do with its job log and its ledger.
 *
 * The log may be added to by every shard's thread; opening and closing are
 * the program's own thread's.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conn_ledger.h"
#include "mem.h"
#include "run_private.h"

/* A reader of a pipe that pauses longer must not hold the loop. */
#define FLUSH_NS (100 * NS_PER_MS)

/* Rows that the tasks gave, before the log says that they are done. */
static bool
flush_rows(void *arg)
{
	const Run *run = arg;

	return output_flush(run->options->output, FLUSH_NS);
}

bool
run_open_job(Run *run, Err *err)
{
	return job_open(run->plan, run->options, run->run_id,
					run->options->output != NULL ? flush_rows : NULL, run,
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

/* A line that waits until the task's rows have left. */
typedef struct LateLine
{
	OutputReceipt receipt;
	Run *run;
	JobLogEntry entry;
	Err err;
} LateLine;

static void
add_line(Run *run, const JobLogEntry *entry)
{
	if (!job_add(run->job, entry))
		log_failed(run);
}

static void
on_rows_left(OutputReceipt *receipt)
{
	LateLine *line = (LateLine *) receipt;

	add_line(line->run, &line->entry);
	free(line);
}

/*
 * With --keep-order rows may wait for those of other tasks.  Until they have
 * left no flush makes them safe, and the log must not say that they are.
 */
OutputReceipt *
run_log_task(Run *run, const Task *task)
{
	JobLogEntry entry;
	LateLine *line;

	if (!job_has_log(run->job))
		return NULL;
	entry = job_describe(task);
	if (run->options->output == NULL)
	{
		add_line(run, &entry);
		return NULL;
	}
	/* an error is large, and few tasks have one */
	line = mem_alloc(entry.err != NULL ? sizeof(LateLine)
									   : offsetof(LateLine, err));
	line->receipt.fn = on_rows_left;
	line->run = run;
	line->entry = entry;
	if (entry.err != NULL)
	{
		line->err = *entry.err;
		line->entry.err = &line->err;
	}
	return &line->receipt;
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
