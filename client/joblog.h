/*
 * joblog.h
 *	  The job log: one line a task that ended, so that a job can go on.
 *
 * A text file: lines that begin with # (format, fingerprint of the plan, one
 * for each run), then one line a task, fields separated by tabs:
 *
 *	number row occurrence start seconds attempts outcome code error
 *
 * Lines are written in batches; a program that is killed loses those of its
 * last JOBLOG_DELAY_NS, and the tasks they tell of run once more when the job
 * is resumed.  The file is locked (flock) while it is open.  Functions that
 * add and write may be called from any thread.
 */
#ifndef JOBLOG_H
#define JOBLOG_H

#include "err.h"
#include "rowset.h"

/*
 * A line added so long after the last write is written at once, with those
 * before it, unless something must be made safe before (before_write); whoever
 * adds lines calls joblog_write for the rest by and by.
 */
#define JOBLOG_GAP_NS INT64_C(2000000)
#define JOBLOG_DELAY_NS INT64_C(10000000)

typedef struct JobLog JobLog;

typedef struct JobLogSettings
{
	const char *path;
	RowHash plan; /* fingerprint: who resumes must have the same */
	const char *run_id;
	bool resume; /* go on with a log that is there; else it must be empty */
	bool must_exist;

	/*
	 * Called before lines reach the file: what the tasks gave (\emit) must
	 * be safe first.  False: it is not yet, and the lines must wait.
	 */
	bool (*before_write)(void *arg);
	void *arg;
} JobLogSettings;

typedef struct JobLogEntry
{
	uint64_t number;
	RowKey key;
	int64_t begun_ns; /* monotonic */
	int64_t ended_ns;
	int attempts;
	const char *outcome; /* "ok", "failed", "canceled", or "skipped" when
						  * the ledger had it already */
	const Err *err;		 /* NULL: none */
} JobLogEntry;

/*
 * Open, lock, and with resume read what is there into *done.  A last line
 * that is not whole, as after kill -9, is cut off.  NULL: err says why not.
 */
extern JobLog *joblog_open(const JobLogSettings *settings, RowSet *done,
						   Err *err);

/*
 * Would it open?  Nothing is written, made or kept: for whoever has files of
 * his own to begin only then.
 */
extern bool joblog_probe(const JobLogSettings *settings, Err *err);

/* False: the file cannot be written (joblog_err); the line is kept. */
extern bool joblog_add(JobLog *log, const JobLogEntry *entry);
extern bool joblog_write(JobLog *log); /* what was added until now */
extern const Err *joblog_err(const JobLog *log);

/* Lines that did not reach the file. */
extern int64_t joblog_unwritten(JobLog *log);

/* Write the rest, unlock, close.  False: err says what is not there. */
extern bool joblog_close(JobLog *log, Err *err);

#endif /* JOBLOG_H */
