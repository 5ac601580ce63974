/*
 * joblog.c
 *	  The job log: one line a task that ended.
 *
 * Lines gather in memory and leave together, whole, by one write: after a
 * failed one the file is cut back to its last whole line and the lines stay
 * in memory, so that they can be tried again when the disk has room.
 */
#include "joblog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "joblog_private.h"
#include "loop.h"
#include "mem.h"
#include "secret.h"

#define BATCH_BYTES ((size_t) 64 * 1024)
#define KEPT_BYTES ((size_t) 16 * 1024 * 1024) /* when writing fails */
#define MAX_ERROR_BYTES 500

struct JobLog
{
	JobLogSettings settings;
	char *path;
	int fd;
	int64_t size;			/* of the whole lines in the file */
	int64_t unix_offset_ns; /* from the monotonic clock */
	int64_t second;			/* the one that is formatted in second_text */
	char second_text[32];

	pthread_mutex_t lock; /* of the rest */
	int64_t written_ns;	  /* when the last batch left; monotonic */
	Buf pending;
	int64_t npending;
	int64_t ndropped;
	bool has_failed;
	Err err;
};

/* -------- lines -------- */

/*
 * A line is made for every task: it is put together by hand, in a piece of
 * memory that is long enough.  These write at p and return where it goes on.
 */
#define LINE_BYTES 256

static char *
put_text(char *p, const char *text)
{
	size_t len = strlen(text);

	memcpy(p, text, len);
	return p + len;
}

static char *
put_digits(char *p, int64_t number, int width)
{
	for (int i = width; i-- > 0; number /= 10)
		p[i] = (char) ('0' + number % 10);
	return p + width;
}

static char *
put_number(char *p, int64_t number)
{
	int width = 1;

	for (int64_t rest = number; rest > 9; rest /= 10)
		width++;
	return put_digits(p, number, width);
}

static char *
put_hex(char *p, uint64_t number)
{
	for (int i = 16; i-- > 0; number >>= 4)
		p[i] = "0123456789abcdef"[number & 15];
	return p + 16;
}

/* 2026-01-31T23:59:59.123Z */
static char *
put_time(JobLog *log, char *p, int64_t monotonic_ns)
{
	int64_t unix_ns = monotonic_ns + log->unix_offset_ns;
	time_t second = (time_t) (unix_ns / NS_PER_S);
	struct tm parts;

	if (log->second != (int64_t) second)
	{
		gmtime_r(&second, &parts);
		strftime(log->second_text, sizeof(log->second_text),
				 "%Y-%m-%dT%H:%M:%S.", &parts);
		log->second = (int64_t) second;
	}
	p = put_text(p, log->second_text);
	p = put_digits(p, unix_ns % NS_PER_S / NS_PER_MS, 3);
	*p++ = 'Z';
	return p;
}

static char *
put_fields(JobLog *log, char *p, const JobLogEntry *entry)
{
	int64_t us = (entry->ended_ns - entry->begun_ns) / 1000;

	p = put_number(p, (int64_t) entry->number);
	*p++ = '\t';
	p = put_hex(p, entry->key.hash.high);
	p = put_hex(p, entry->key.hash.low);
	*p++ = '\t';
	p = put_number(p, entry->key.occurrence);
	*p++ = '\t';
	p = put_time(log, p, entry->begun_ns);
	*p++ = '\t';
	p = put_number(p, us / 1000000);
	*p++ = '.';
	p = put_digits(p, us % 1000000, 6);
	*p++ = '\t';
	p = put_number(p, entry->attempts);
	*p++ = '\t';
	return put_text(p, entry->outcome);
}

static size_t
cut_utf8(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char) text[max] & 0xC0) == 0x80)
		max--;
	return max;
}

/* On one line and without a tab, as COPY writes texts. */
static void
put_escaped(Buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c == '\t')
			buf_puts(out, "\\t");
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\\')
			buf_puts(out, "\\\\");
		else if (c < ' ' || c == 0x7F)
			buf_printf(out, "\\x%02x", c);
		else
			buf_putc(out, (char) c);
	}
}

static void
put_error(Buf *out, const Err *err)
{
	Buf masked = {0};

	buf_append(&masked, "", 0);
	secret_append(&masked, err->message, strlen(err->message));
	buf_printf(out, "\t%s\t",
			   err->sqlstate[0] != '\0' ? err->sqlstate
										: err_kind_name(err->kind));
	put_escaped(out, masked.data,
				cut_utf8(masked.data, masked.len, MAX_ERROR_BYTES));
	buf_free(&masked);
}

static void
put_entry(JobLog *log, const JobLogEntry *entry)
{
	char line[LINE_BYTES];
	char *end = put_fields(log, line, entry);

	if (entry->err == NULL)
		end = put_text(end, "\t-\t\n");
	buf_append(&log->pending, line, (size_t) (end - line));
	if (entry->err == NULL)
		return;
	put_error(&log->pending, entry->err);
	buf_putc(&log->pending, '\n');
}

/* -------- the file -------- */

static bool
write_failed(JobLog *log)
{
	log->has_failed = true;
	err_set(&log->err, ERR_IO, "cannot write the job log \"%s\": %s",
			log->path, strerror(errno));
	err_hint(&log->err,
			 "what the log has is right; make room and go on with --resume");
	if (ftruncate(log->fd, log->size) != 0)
		err_suffix(&log->err, "; its last line may be incomplete");
	return false;
}

static bool
write_pending(JobLog *log)
{
	const JobLogSettings *settings = &log->settings;
	size_t done = 0;

	if (log->pending.len == 0)
		return true;
	if (settings->before_write != NULL &&
		!settings->before_write(settings->arg))
		return false;
	while (done < log->pending.len)
	{
		ssize_t n =
			write(log->fd, log->pending.data + done, log->pending.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return write_failed(log);
		done += (size_t) n;
	}
	log->size += (int64_t) done;
	log->has_failed = false;
	log->npending = 0;
	buf_reset(&log->pending);
	return true;
}

/* After a failure once more at the end, not for every line. */
static bool
is_time_to_write(const JobLog *log, const JobLogEntry *entry)
{
	if (log->has_failed)
		return false;
	return log->pending.len >= BATCH_BYTES ||
		   (log->settings.before_write == NULL &&
			entry->ended_ns - log->written_ns >= JOBLOG_GAP_NS);
}

bool
joblog_add(JobLog *log, const JobLogEntry *entry)
{
	bool fine;

	pthread_mutex_lock(&log->lock);
	if (log->pending.len > KEPT_BYTES)
		log->ndropped++;
	else
	{
		put_entry(log, entry);
		log->npending++;
	}
	if (is_time_to_write(log, entry))
	{
		write_pending(log);
		log->written_ns = entry->ended_ns;
	}
	fine = !log->has_failed;
	pthread_mutex_unlock(&log->lock);
	return fine;
}

bool
joblog_write(JobLog *log)
{
	bool fine;

	pthread_mutex_lock(&log->lock);
	if (!log->has_failed)
		write_pending(log);
	fine = !log->has_failed;
	pthread_mutex_unlock(&log->lock);
	return fine;
}

const Err *
joblog_err(const JobLog *log)
{
	return log->has_failed ? &log->err : NULL;
}

int64_t
joblog_unwritten(JobLog *log)
{
	int64_t n;

	pthread_mutex_lock(&log->lock);
	n = log->npending + log->ndropped;
	pthread_mutex_unlock(&log->lock);
	return n;
}

/* -------- open and close -------- */

static bool
open_file(JobLog *log, int flags, Err *err)
{
	log->fd = open(log->path, flags | O_CLOEXEC, 0666);
	if (log->fd < 0 && errno == ENOENT && log->settings.must_exist)
	{
		err_set(err, ERR_USAGE, "there is no job log \"%s\"", log->path);
		err_hint(err, "name the one that tells what failed with --joblog");
		return false;
	}
	if (log->fd < 0)
	{
		err_set(err, ERR_USAGE, "cannot write the job log \"%s\": %s",
				log->path, strerror(errno));
		err_hint(err, "name a file in a folder that you may write");
		return false;
	}
	if (flock(log->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
	{
		err_set(err, ERR_USAGE,
				"another run is writing the job log \"%s\" now", log->path);
		err_hint(err, "wait for its end, or name another file with --joblog");
	}
	else
		err_set(err, ERR_USAGE, "cannot lock the job log \"%s\": %s",
				log->path, strerror(errno));
	return false;
}

static bool
check_kind(const JobLog *log, struct stat *status, Err *err)
{
	if (fstat(log->fd, status) == 0 && S_ISREG(status->st_mode))
		return true;
	err_set(err, ERR_USAGE, "the job log \"%s\" is not a file", log->path);
	err_hint(err, "it is read again by --resume: name a file");
	return false;
}

static bool
refuse_old(const JobLog *log, Err *err)
{
	err_set(err, ERR_USAGE, "the job log \"%s\" is there already", log->path);
	err_hint(err,
			 "--resume goes on where it ended, --retry-failed runs what "
			 "failed; to begin anew name another file or remove this one");
	return false;
}

/* What is there already: read it, and cut off what a kill left behind. */
static bool
take_old(JobLog *log, RowSet *done, Err *err)
{
	struct stat status;

	if (!check_kind(log, &status, err))
		return false;
	if (status.st_size == 0)
		return true;
	if (!log->settings.resume)
		return (joblog_is_blank(log->fd) && ftruncate(log->fd, 0) == 0) ||
			   refuse_old(log, err);
	if (!joblog_read(log->fd, &log->settings, done, &log->size, err))
		return false;
	if (log->size == (int64_t) status.st_size ||
		ftruncate(log->fd, log->size) == 0)
		return true;
	return err_set(err, ERR_USAGE, "cannot mend the job log \"%s\": %s",
				   log->path, strerror(errno));
}

static void
put_head(JobLog *log)
{
	const JobLogSettings *settings = &log->settings;
	char time[LINE_BYTES];

	if (log->size == 0)
	{
		buf_puts(&log->pending, JOBLOG_FORMAT);
		buf_printf(&log->pending, JOBLOG_PLAN "%016" PRIx64 "%016" PRIx64 "\n",
				   settings->plan.high, settings->plan.low);
		buf_puts(&log->pending, "# number\trow\toccurrence\tstart\tseconds\t"
								"attempts\toutcome\tcode\terror\n");
	}
	buf_printf(&log->pending, "# run %s by asyncdemo %s, ", settings->run_id,
			   ASYNCDEMO_VERSION);
	buf_append(&log->pending, time,
			   (size_t) (put_time(log, time, clock_now_ns()) - time));
	buf_putc(&log->pending, '\n');
}

static bool
begin(JobLog *log, RowSet *done, Err *err)
{
	int flags = O_RDWR | O_APPEND;

	if (!log->settings.must_exist)
		flags |= O_CREAT;
	if (!open_file(log, flags, err) || !take_old(log, done, err))
		return false;
	put_head(log);
	if (write_pending(log))
		return true;
	*err = log->err;
	return false;
}

static void
joblog_free(JobLog *log)
{
	if (log->fd >= 0)
		close(log->fd);
	pthread_mutex_destroy(&log->lock);
	buf_free(&log->pending);
	free(log->path);
	free(log);
}

static JobLog *
joblog_new(const JobLogSettings *settings)
{
	JobLog *log = mem_alloc(sizeof(*log));

	log->settings = *settings;
	log->path = mem_strdup(settings->path);
	log->settings.path = log->path;
	log->fd = -1;
	log->second = -1;
	log->unix_offset_ns = clock_unix_ns() - clock_now_ns();
	pthread_mutex_init(&log->lock, NULL);
	return log;
}

static bool
probe(JobLog *log, Err *err)
{
	struct stat status;

	if (!open_file(log, O_RDONLY, err) || !check_kind(log, &status, err))
		return false;
	if (status.st_size > 0 && !log->settings.resume)
		return joblog_is_blank(log->fd) || refuse_old(log, err);
	return status.st_size == 0 ||
		   joblog_read_head(log->fd, &log->settings, err);
}

bool
joblog_probe(const JobLogSettings *settings, Err *err)
{
	JobLog *log;
	bool fine;

	if (!settings->must_exist && access(settings->path, F_OK) != 0)
		return true; /* to be made */
	log = joblog_new(settings);
	fine = probe(log, err);
	joblog_free(log);
	return fine;
}

JobLog *
joblog_open(const JobLogSettings *settings, RowSet *done, Err *err)
{
	JobLog *log = joblog_new(settings);

	if (begin(log, done, err))
		return log;
	joblog_free(log);
	return NULL;
}

bool
joblog_close(JobLog *log, Err *err)
{
	int64_t unwritten;
	bool fine = true;

	if (log == NULL)
		return true;
	log->has_failed = false; /* there may be room again */
	joblog_write(log);
	unwritten = joblog_unwritten(log);
	if (unwritten > 0)
	{
		if (log->has_failed)
			*err = log->err;
		else
			err_set(err, ERR_IO, "the job log \"%s\" was not written",
					log->path);
		err_suffix(err, " (%" PRId64 " tasks that ended are not in it)",
				   unwritten);
		fine = false;
	}
	joblog_free(log);
	return fine;
}
