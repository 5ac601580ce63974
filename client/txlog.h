/*
 * txlog.h
 *	  -l: a line for each task, in the format of pgbench's log.
 *
 *	client_id transaction_no time script_no time_epoch time_us [lag] [retries]
 *
 * Times are in microseconds; time is "skipped" or "failed" for those tasks.
 * See "Per-Transaction Logging" in pgbench's documentation.  One log belongs
 * to one thread.
 */
#ifndef TXLOG_H
#define TXLOG_H

#include <stdint.h>

#include "err.h"

typedef struct TxLog TxLog;

typedef enum TxOutcome
{
	TX_DONE,
	TX_FAILED,
	TX_SKIPPED
} TxOutcome;

typedef struct TxLine
{
	TxOutcome outcome;
	int client;
	int64_t number; /* of this client, from 0 */
	int script;
	int64_t latency_ns;
	int64_t lag_ns;
	int retries;
} TxLine;

/*
 * PREFIX.PID, and PREFIX.PID.NUMBER but for the first.  A part of the lines,
 * chosen at random, is written when sampling is below 1.
 */
typedef struct TxLogForm
{
	const char *prefix; /* NULL: pgbench_log */
	double sampling;
	bool has_lag;
	bool has_retries;
} TxLogForm;

extern TxLog *txlog_open(const TxLogForm *form, int number, Err *err);
extern void txlog_write(TxLog *log, const TxLine *line);

/* False: not all could be written.  log may be NULL. */
extern bool txlog_close(TxLog *log, Err *err);

#endif /* TXLOG_H */
