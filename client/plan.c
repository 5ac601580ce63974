/*
 * plan.c
 *	  A plan's life apart from reading it: files, places, names, the end.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "mem.h"
#include "secret.h"

#define MAX_FILE_BYTES ((size_t) 64 << 20)
#define EXCERPT_BYTES 150 /* leaves room for dots on both sides */
#define MASK_BYTES 16384  /* how far around a place secrets are sought */

void
plan_free(Plan *plan)
{
	if (plan == NULL)
		return;
	symbols_free(&plan->symbols);
	free(plan->sources);
	arena_free(plan->arena);
	free(plan);
}

bool
step_kind_is_timed(StepKind kind)
{
	return kind <= STEP_SHELL || kind == STEP_SYNCPIPELINE ||
		   kind == STEP_ENDPIPELINE;
}

const char *
step_kind_name(StepKind kind)
{
	static const char *const names[] = {[STEP_SQL] = "sql",
										[STEP_HTTP] = "http",
										[STEP_SLEEP] = "sleep",
										[STEP_GATHER] = "gather",
										[STEP_SHELL] = "shell",
										[STEP_SET] = "set",
										[STEP_JSON] = "json",
										[STEP_EMIT] = "emit",
										[STEP_ASSERT] = "assert",
										[STEP_ECHO] = "echo",
										[STEP_HOLD] = "hold",
										[STEP_RELEASE] = "release",
										[STEP_IF] = "if",
										[STEP_JUMP] = "jump",
										[STEP_PIPELINE] = "startpipeline",
										[STEP_SYNCPIPELINE] = "syncpipeline",
										[STEP_ENDPIPELINE] = "endpipeline"};

	return kind >= 0 && kind < STEP_KINDS ? names[kind] : "unknown";
}

const char *
call_name(Call call)
{
	switch (call)
	{
		case CALL_ASYNC:
			return "async";
		case CALL_BLOCKING:
			return "blocking";
		case CALL_THREAD:
			return "thread";
	}
	return "unknown";
}

/* -------- reading a file -------- */

static bool
cannot_read(const char *path, int error, Err *err)
{
	err_set(err, ERR_PLAN, "cannot read \"%s\": %s", path, strerror(error));
	if (error == ENOENT)
		err_hint(err, "check the path, or give SQL itself with -e 'SELECT 1'");
	else if (error == EISDIR)
		err_hint(err, "give the plan file inside the folder");
	return false;
}

static bool
too_large(const char *path, Err *err)
{
	err_set(err, ERR_PLAN, "\"%s\" is larger than 64 MB", path);
	err_hint(
		err,
		"a plan says what to do; give the rows to do it for with --input");
	return false;
}

static bool
read_all(int fd, const char *path, Buf *buf, Err *err)
{
	char chunk[65536];

	for (;;)
	{
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot_read(path, errno, err);
		buf_append(buf, chunk, (size_t) n);
		if (buf->overflow)
			return too_large(path, err);
	}
}

/* The line and column of a byte, for a text that is no plan yet. */
static void
place_of_byte(const char *text, size_t at, Err *err)
{
	err->line = 1;
	err->column = 1;
	for (size_t i = 0; i < at; i++)
	{
		err->column++;
		if (text[i] == '\n')
		{
			err->line++;
			err->column = 1;
		}
	}
}

static bool
has_no_nul(const char *path, const Buf *buf, Err *err)
{
	const char *nul = memchr(buf->data, '\0', buf->len);

	if (nul == NULL)
		return true;
	err_set(err, ERR_PLAN, "there is a NUL byte, so this is no text");
	err_hint(err,
			 "a plan is UTF-8 text; a file in UTF-16 must be converted first");
	if (err != NULL)
	{
		snprintf(err->file, sizeof(err->file), "%s", path);
		place_of_byte(buf->data, (size_t) (nul - buf->data), err);
	}
	return false;
}

bool
plan_read_file(const char *path, PlanSource *source, Err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	Buf buf;
	bool fine;

	memset(source, 0, sizeof(*source));
	source->name = is_stdin ? "<stdin>" : path;
	if (fd < 0)
		return cannot_read(path, errno, err);
	buf_init(&buf, MAX_FILE_BYTES);
	buf_append(&buf, "", 0);
	fine = read_all(fd, source->name, &buf, err) &&
		   has_no_nul(source->name, &buf, err);
	if (!is_stdin)
		close(fd);
	if (!fine)
	{
		buf_free(&buf);
		return false;
	}
	source->text = buf.data;
	source->len = buf.len;
	return true;
}

/* -------- places -------- */

static bool
starts_character(char c)
{
	return ((unsigned char) c & 0xC0) != 0x80;
}

/* Where a line begins and where it ends, its line end not counted. */
static bool
find_line(const PlanSource *source, int line, size_t *begin, size_t *end)
{
	const char *text = source->text;
	const char *stop;

	*begin = 0;
	for (int i = 1; i < line; i++)
	{
		stop = memchr(text + *begin, '\n', source->len - *begin);
		if (stop == NULL)
			return false;
		*begin = (size_t) (stop - text) + 1;
	}
	stop = memchr(text + *begin, '\n', source->len - *begin);
	*end = stop != NULL ? (size_t) (stop - text) : source->len;
	if (*end > *begin && text[*end - 1] == '\r')
		(*end)--;
	return true;
}

/* The part of [begin, end) that lies within reach of at. */
static void
narrow(const char *text, size_t at, size_t before, size_t after, size_t *begin,
	   size_t *end)
{
	if (at - *begin > before)
		*begin = at - before;
	while (*begin < at && !starts_character(text[*begin]))
		(*begin)++;
	if (*end > at && *end - at > after)
	{
		*end = at + after;
		while (*end > at && !starts_character(text[*end]))
			(*end)--;
	}
}

/*
 * The excerpt is a window of the line around the place.  Secrets are masked
 * in a wider window first, because a password may begin before the excerpt.
 */
static void
fill_excerpt(Err *err, const char *line, size_t len, size_t at)
{
	size_t wide_begin = 0;
	size_t wide_end = len;
	size_t begin;
	size_t end;
	char *copy;
	Buf out = {0};

	narrow(line, at, MASK_BYTES, MASK_BYTES, &wide_begin, &wide_end);
	/* not as a string: the error may be that there is a NUL byte */
	copy = mem_dup(line + wide_begin, wide_end - wide_begin);
	secret_mask(copy, wide_end - wide_begin);
	begin = wide_begin;
	end = wide_end;
	if (len > EXCERPT_BYTES)
		narrow(line, at, EXCERPT_BYTES * 2 / 3, EXCERPT_BYTES / 3, &begin,
			   &end);
	if (begin > 0)
		buf_puts(&out, "...");
	err->caret = (int) (out.len + (at - begin));
	buf_append(&out, copy + (begin - wide_begin), end - begin);
	if (end < len)
		buf_puts(&out, "...");
	for (size_t i = 0; i < out.len; i++)
	{
		if (out.data[i] == '\t')
			out.data[i] = ' ';
		else if (out.data[i] == '\0')
			out.data[i] = '?';
	}
	snprintf(err->excerpt, sizeof(err->excerpt), "%s",
			 out.data != NULL ? out.data : "");
	buf_free(&out);
	free(copy);
}

/* The end of a long path says more than its beginning. */
static void
fill_file(Err *err, const char *name)
{
	size_t len = strlen(name);
	size_t room = sizeof(err->file) - 1;

	if (len <= room)
		memcpy(err->file, name, len + 1);
	else
		snprintf(err->file, sizeof(err->file), "...%s", name + len - room + 3);
}

void
plan_place(const Plan *plan, Place place, Err *err)
{
	const PlanSource *source;
	size_t begin;
	size_t end;
	size_t at;

	if (err == NULL || place.line <= 0 || place.file < 0 ||
		place.file >= plan->nsources)
		return;
	source = &plan->sources[place.file];
	fill_file(err, source->name);
	if (err->line <= 0)
	{
		err->line = place.line;
		err->column = place.column;
	}
	if (!find_line(source, err->line, &begin, &end))
		return;
	/* a byte order mark is no character of the line */
	if (begin == 0 && end >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0)
		begin = 3;
	at = begin;
	for (int column = 1; at < end && column < err->column; column++)
	{
		at++;
		while (at < end && !starts_character(source->text[at]))
			at++;
	}
	fill_excerpt(err, source->text + begin, end - begin, at - begin);
}
