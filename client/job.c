/*
 * job.c
 *	  A job that can be gone on with: what is still to do, and what was done.
 *
 * With a ledger the ledger alone says what is done: a line of the log may
 * tell of a commit that the server lost in a crash (synchronous_commit off),
 * or of a database that was set back.
 */
#include "job.h"

#include <pthread.h>
#include <stdlib.h>

#include "joblog.h"
#include "mem.h"

struct Job
{
	const RunOptions *options;
	Ledger *ledger; /* NULL: none */
	JobLog *log;	/* NULL: none */

	pthread_mutex_t lock;
	RowSet *rows;
	int64_t skipped;
};

static JobLogSettings
log_settings(const RunOptions *options)
{
	return (JobLogSettings){
		.path = options->joblog,
		.plan = options->fingerprint,
		.resume = options->resume || options->retry_failed,
		.must_exist = options->retry_failed,
	};
}

bool
job_probe(const RunOptions *options, Err *err)
{
	JobLogSettings settings = log_settings(options);

	return options->joblog == NULL || joblog_probe(&settings, err);
}

static bool
open_log(Job *job, const char *run_id, bool (*before_write)(void *arg),
		 void *arg, Err *err)
{
	JobLogSettings settings = log_settings(job->options);

	settings.run_id = run_id;
	settings.before_write = before_write;
	settings.arg = arg;
	job->log = joblog_open(&settings, job->rows, err);
	return job->log != NULL;
}

static void
job_free(Job *job)
{
	ledger_free(job->ledger);
	rowset_free(job->rows);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

bool
job_open(const Plan *plan, const RunOptions *options, const char *run_id,
		 bool (*before_write)(void *arg), void *arg, Job **result, Err *err)
{
	Job *job;

	*result = NULL;
	if (options->joblog == NULL && options->ledger == NULL)
		return true;
	job = mem_alloc(sizeof(*job));
	job->options = options;
	job->rows = rowset_new();
	pthread_mutex_init(&job->lock, NULL);
	if (options->ledger != NULL)
		job->ledger = ledger_new(options->ledger, options->fingerprint,
								 plan->ledger_id, err);
	if ((options->ledger == NULL || job->ledger != NULL) &&
		(options->joblog == NULL ||
		 open_log(job, run_id, before_write, arg, err)))
	{
		*result = job;
		return true;
	}
	job_free(job);
	return false;
}

bool
job_close(Job *job, Err *err)
{
	bool fine;

	if (job == NULL)
		return true;
	fine = joblog_close(job->log, err);
	job_free(job);
	return fine;
}

Ledger *
job_ledger(const Job *job)
{
	return job != NULL ? job->ledger : NULL;
}

void
job_add_mark(Job *job, const RowKey *key)
{
	pthread_mutex_lock(&job->lock);
	rowset_put(job->rows, key, OUTCOME_MARKED);
	pthread_mutex_unlock(&job->lock);
}

static bool
is_wanted(const Job *job, RowOutcome outcome)
{
	if (job->options->retry_failed)
		return outcome == OUTCOME_FAILED;
	return outcome != (job->ledger != NULL ? OUTCOME_MARKED : OUTCOME_OK);
}

bool
job_wants(Job *job, uint64_t number, const RowHash *row, RowKey *key)
{
	bool wanted;

	if (job == NULL)
		return true;
	pthread_mutex_lock(&job->lock);
	if (row != NULL)
	{
		key->hash = *row;
		key->occurrence = rowset_occurrence(job->rows, *row);
	}
	else
		*key = (RowKey){.hash = {0, number}, .occurrence = 1};
	wanted = is_wanted(job, rowset_get(job->rows, key));
	if (!wanted)
		job->skipped++;
	pthread_mutex_unlock(&job->lock);
	return wanted;
}

int64_t
job_skipped(Job *job)
{
	int64_t skipped;

	if (job == NULL)
		return 0;
	pthread_mutex_lock(&job->lock);
	skipped = job->skipped;
	pthread_mutex_unlock(&job->lock);
	return skipped;
}

bool
job_has_log(const Job *job)
{
	return job != NULL && job->log != NULL;
}

JobLogEntry
job_describe(const Task *task)
{
	JobLogEntry entry = {.number = task->number,
						 .key = task->key,
						 .begun_ns = task->begun_ns,
						 .ended_ns = task_now_ns(task),
						 .attempts = 1 + task->retries};

	entry.outcome = task->failed		? "failed"
					: task->is_canceled ? "canceled"
					: task->was_done	? "skipped"
										: "ok";
	entry.err = task->failed ? &task->err : NULL;
	return entry;
}

bool
job_add(Job *job, const JobLogEntry *entry)
{
	return joblog_add(job->log, entry);
}

bool
job_write(Job *job)
{
	return job == NULL || job->log == NULL || joblog_write(job->log);
}
