/*
 * joblog_read.c
 *	  A job log back into memory: which rows ended how.
 *
 * The file is read as a stream; nothing of it is kept but what goes into the
 * RowSet.  A line that is not what joblog.c writes is an error with its
 * number, except the last one when it has no end: that is what a killed
 * program leaves.
 */
#include "joblog_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define CHUNK_BYTES (256 * 1024)
#define MAX_LINE_BYTES (16 * 1024) /* longer ones are not ours */
#define FIELDS 9

typedef struct Reader
{
	const JobLogSettings *settings;
	RowSet *done;
	int64_t line; /* number of the one under way */
	Err *err;
} Reader;

static bool
bad_line(const Reader *reader, const char *why)
{
	err_set(reader->err, ERR_USAGE, "\"%s\", line %" PRId64 ": %s",
			reader->settings->path, reader->line, why);
	err_hint(reader->err, "mend or remove that line, or name another file "
						  "with --joblog");
	return false;
}

static bool
not_a_log(const Reader *reader)
{
	err_set(reader->err, ERR_USAGE, "\"%s\" is not a job log of asyncdemo",
			reader->settings->path);
	err_hint(reader->err, "name another file with --joblog; this one was left "
						  "as it is");
	return false;
}

static bool
check_plan(const Reader *reader, const char *line, size_t len)
{
	const JobLogSettings *settings = reader->settings;
	char wanted[sizeof(JOBLOG_PLAN) + 32];
	size_t prefix = strlen(JOBLOG_PLAN);

	snprintf(wanted, sizeof(wanted), JOBLOG_PLAN "%016" PRIx64 "%016" PRIx64,
			 settings->plan.high, settings->plan.low);
	if (len == strlen(wanted) && memcmp(line, wanted, len) == 0)
		return true;
	if (len != strlen(wanted) || memcmp(line, wanted, prefix) != 0)
		return not_a_log(reader);
	err_set(reader->err, ERR_USAGE,
			"the job log \"%s\" belongs to another plan (fingerprint %.8s…, "
			"and this plan has %.8s…)",
			settings->path, line + prefix, wanted + prefix);
	err_hint(reader->err, "resume it with the plan and the -D values that it "
						  "was begun with, or name another file with "
						  "--joblog");
	return false;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool
read_hex(const char *text, uint64_t *number)
{
	*number = 0;
	for (int i = 0; i < 16; i++)
	{
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return false;
		*number = *number << 4 | (uint64_t) digit;
	}
	return true;
}

static bool
read_number(const char *text, size_t len, int64_t *number)
{
	*number = 0;
	if (len == 0 || len > 18)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return true;
}

/* Where each field begins; the one behind the last is the line's end. */
static bool
split(const char *line, size_t len, const char *fields[FIELDS + 1])
{
	const char *end = line + len;
	int n = 0;

	fields[n++] = line;
	for (const char *p = line; (p = memchr(p, '\t', (size_t) (end - p)));)
	{
		if (n == FIELDS)
			return false;
		fields[n++] = ++p;
	}
	fields[n] = end + 1;
	return n == FIELDS;
}

static bool
read_outcome(const char *text, size_t len, RowOutcome *outcome)
{
	static const struct
	{
		const char *word;
		RowOutcome outcome;
	} words[] = {{"ok", OUTCOME_OK},
				 {"skipped", OUTCOME_OK},
				 {"failed", OUTCOME_FAILED},
				 {"canceled", OUTCOME_UNKNOWN}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		*outcome = words[i].outcome;
		if (strlen(words[i].word) == len &&
			memcmp(words[i].word, text, len) == 0)
			return true;
	}
	return false;
}

/* What was canceled has not ended: nothing is known of it anew. */
static bool
read_task(Reader *reader, const char *line, size_t len)
{
	const char *fields[FIELDS + 1];
	RowOutcome outcome;
	int64_t number;
	RowKey key;

	if (!split(line, len, fields) ||
		!read_number(fields[0], (size_t) (fields[1] - fields[0] - 1),
					 &number) ||
		fields[2] - fields[1] != 33 || !read_hex(fields[1], &key.hash.high) ||
		!read_hex(fields[1] + 16, &key.hash.low) ||
		!read_number(fields[2], (size_t) (fields[3] - fields[2] - 1),
					 &key.occurrence) ||
		!read_outcome(fields[6], (size_t) (fields[7] - fields[6] - 1),
					  &outcome))
		return bad_line(reader, "this is not a line of a job log");
	if (outcome != OUTCOME_UNKNOWN && reader->done != NULL)
		rowset_put(reader->done, &key, outcome);
	return true;
}

static bool
read_line(Reader *reader, const char *line, size_t len)
{
	reader->line++;
	if (reader->line == 1)
		return (len + 1 == strlen(JOBLOG_FORMAT) &&
				memcmp(line, JOBLOG_FORMAT, len) == 0) ||
			   not_a_log(reader);
	if (reader->line == 2)
		return check_plan(reader, line, len);
	return (len > 0 && line[0] == '#') || read_task(reader, line, len);
}

/* All whole lines of a chunk; *used is where the rest begins. */
static bool
read_lines(Reader *reader, const char *chunk, size_t len, size_t *used)
{
	const char *end;

	*used = 0;
	while ((end = memchr(chunk + *used, '\n', len - *used)) != NULL)
	{
		if (!read_line(reader, chunk + *used, (size_t) (end - chunk) - *used))
			return false;
		*used = (size_t) (end - chunk) + 1;
	}
	if (len - *used <= MAX_LINE_BYTES)
		return true;
	reader->line++;
	return reader->line == 1
			   ? not_a_log(reader)
			   : bad_line(reader, "this is not a line of a job log");
}

/* The first lines are written at once; a piece of them is nothing yet. */
static bool
check_torn(const Reader *reader, const char *rest, size_t len)
{
	size_t n = strlen(JOBLOG_FORMAT);

	if (reader->line >= 2 || len == 0)
		return true;
	if (reader->line == 1)
		return memcmp(rest, JOBLOG_PLAN,
					  len < strlen(JOBLOG_PLAN) ? len : strlen(JOBLOG_PLAN)) ==
				   0 ||
			   not_a_log(reader);
	return memcmp(rest, JOBLOG_FORMAT, len < n ? len : n) == 0 ||
		   not_a_log(reader);
}

static bool
read_all(Reader *reader, int fd, char *chunk, int64_t *whole)
{
	size_t have = 0;
	size_t used;

	for (;;)
	{
		ssize_t got = read(fd, chunk + have, CHUNK_BYTES - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(reader->err, ERR_USAGE, "cannot read \"%s\": %s",
						   reader->settings->path, strerror(errno));
		if (got == 0)
			return check_torn(reader, chunk, have);
		have += (size_t) got;
		if (!read_lines(reader, chunk, have, &used))
			return false;
		*whole += (int64_t) used;
		have -= used;
		memmove(chunk, chunk + used, have);
	}
}

bool
joblog_read(int fd, const JobLogSettings *settings, RowSet *done,
			int64_t *whole, Err *err)
{
	Reader reader = {.settings = settings, .done = done, .err = err};
	char *chunk = mem_alloc(CHUNK_BYTES);
	bool fine;

	*whole = 0;
	fine = read_all(&reader, fd, chunk, whole);
	/* without its plan it is no log that could be resumed: begin anew */
	if (fine && reader.line < 2)
		*whole = 0;
	free(chunk);
	return fine;
}

/* All of it in one read: a log in which something ended is no bother here. */
bool
joblog_is_blank(int fd)
{
	char text[4096];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	char *line = text;

	if (len <= 0 || len == sizeof(text) - 1)
		return false;
	text[len] = '\0';
	if (strncmp(text, JOBLOG_FORMAT, strlen(JOBLOG_FORMAT)) != 0)
		return false;
	while (line != NULL && *line == '#')
	{
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return line == NULL || *line == '\0';
}

bool
joblog_read_head(int fd, const JobLogSettings *settings, Err *err)
{
	Reader reader = {.settings = settings, .err = err};
	char text[sizeof(JOBLOG_FORMAT) + sizeof(JOBLOG_PLAN) + 64];
	ssize_t len = pread(fd, text, sizeof(text), 0);
	const char *line = text;
	const char *end;

	if (len < 0)
		return err_set(err, ERR_USAGE, "cannot read \"%s\": %s",
					   settings->path, strerror(errno));
	while (reader.line < 2 &&
		   (end = memchr(line, '\n', (size_t) (text + len - line))) != NULL)
	{
		if (!read_line(&reader, line, (size_t) (end - line)))
			return false;
		line = end + 1;
	}
	return reader.line == 2 ||
		   check_torn(&reader, line, (size_t) (text + len - line));
}
