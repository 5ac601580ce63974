/*
 * job.h
 *	  A job that can be gone on with: what is still to do, and what was done.
 *
 * The job log (joblog.h) and the ledger (ledger.h) tell what earlier runs
 * have done; a Job keeps that in memory and says of each task whether it is
 * wanted.  All shards of a run share it, and any thread may call.  Without
 * --joblog and --ledger there is none: NULL, which every function takes.
 */
#ifndef JOB_H
#define JOB_H

#include "joblog.h"
#include "ledger.h"
#include "run_options.h"

typedef struct Job Job;

/*
 * Lock and read the job log, make the Ledger.  before_write: see joblog.h.
 * The options must outlive it.
 */
extern bool job_open(const Plan *plan, const RunOptions *options,
					 const char *run_id, bool (*before_write)(void *arg),
					 void *arg, Job **job, Err *err);

/* Would the log open?  Before anything else of the run is begun. */
extern bool job_probe(const RunOptions *options, Err *err);

/* What could not be written is in err. */
extern bool job_close(Job *job, Err *err);

extern Ledger *job_ledger(const Job *job); /* NULL: none */

/* The ledger has this mark: before any task is asked for. */
extern void job_add_mark(Job *job, const RowKey *key);

/*
 * Is this task to be run?  row: its hash, or NULL when its number is all
 * there is.  To be asked once for each, in the order of the input.
 */
extern bool job_wants(Job *job, uint64_t number, const RowHash *row,
					  RowKey *key);
extern int64_t job_skipped(Job *job); /* so many were not wanted */

extern bool job_has_log(const Job *job);

/* What the log says of a task that has just ended; err is the task's own. */
extern JobLogEntry job_describe(const Task *task);

/* Into the log.  False: it cannot be written, and the run should end. */
extern bool job_add(Job *job, const JobLogEntry *entry);

/* Every JOBLOG_DELAY_NS while tasks end. */
extern bool job_write(Job *job);

#endif /* JOB_H */
