/*
 * txlog.c
 *	  -l: a line for each task, in the format of pgbench's log.
 */
#include "txlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "random.h"

struct TxLog
{
	TxLogForm form;
	FILE *out;
	char path[512];
	int failed; /* errno of the first line that could not be written */
	RandomState random;
};

TxLog *
txlog_open(const TxLogForm *form, int number, Err *err)
{
	TxLog *log = mem_alloc(sizeof(*log));
	const char *prefix = form->prefix != NULL ? form->prefix : "pgbench_log";

	log->form = *form;
	if (number == 0)
		snprintf(log->path, sizeof(log->path), "%s.%d", prefix,
				 (int) getpid());
	else
		snprintf(log->path, sizeof(log->path), "%s.%d.%d", prefix,
				 (int) getpid(), number);
	random_seed(&log->random, (uint64_t) getpid() + (uint64_t) number);
	log->out = fopen(log->path, "we");
	if (log->out != NULL)
		return log;
	err_set(err, ERR_USAGE, "cannot write the log \"%s\": %s", log->path,
			strerror(errno));
	err_hint(err, "begin its name with a folder that you may write: "
				  "--log-prefix=FOLDER/NAME");
	free(log);
	return NULL;
}

static void
put_line(TxLog *log, const TxLine *line, const struct timespec *now)
{
	fprintf(log->out, "%d %" PRId64 " ", line->client, line->number);
	if (line->outcome == TX_DONE)
		fprintf(log->out, "%" PRId64, line->latency_ns / 1000);
	else
		fputs(line->outcome == TX_FAILED ? "failed" : "skipped", log->out);
	fprintf(log->out, " %d %lld %ld", line->script, (long long) now->tv_sec,
			now->tv_nsec / 1000);
	if (log->form.has_lag)
		fprintf(log->out, " %" PRId64, line->lag_ns / 1000);
	if (log->form.has_retries)
		fprintf(log->out, " %d", line->retries);
	fputc('\n', log->out);
}

void
txlog_write(TxLog *log, const TxLine *line)
{
	struct timespec now;

	if (log->form.sampling < 1 &&
		random_unit(&log->random) >= log->form.sampling)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	put_line(log, line, &now);
	if (log->failed == 0 && ferror(log->out))
		log->failed = errno != 0 ? errno : EIO;
}

bool
txlog_close(TxLog *log, Err *err)
{
	bool fine;

	if (log == NULL)
		return true;
	if (fclose(log->out) != 0 && log->failed == 0)
		log->failed = errno;
	fine = log->failed == 0;
	if (!fine)
		err_set(err, ERR_IO, "the log \"%s\" is not complete: %s", log->path,
				strerror(log->failed));
	free(log);
	return fine;
}
