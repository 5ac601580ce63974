/*
 * http_result.c
 *		What a server answers, while it arrives: bounded buffers.
 *
 * held_bytes counts the bodies of all results of this session; it changes only
 * where a body grows or is freed, both in this file.
 */
#include "postgres.h"

#include <ctype.h>

#include "utils/memutils.h"

#include "compat.h"
#include "http_result.h"
#include "http_settings.h"

/* A body that claims to be longer begins small: claims cost nothing. */
#define BODY_FIRST_BYTES (64 * 1024)
#define BODY_UNKNOWN_BYTES (8 * 1024)
#define HEAD_FIRST_BYTES 1024

/* How much of a body that nobody wants is read all the same. */
#define SKIPPED_MAX_BYTES (16 * 1024)

static int64 held_bytes = 0;

int64
result_held_bytes(void)
{
	return held_bytes;
}

static bool
stop(HttpResult *result, ResultStop why)
{
	result->stopped = why;
	return false;
}

static void
drop_body(HttpResult *result)
{
	held_bytes -= result->body_used;
	if (result->body)
		pfree(result->body);
	result->body = NULL;
	result->body_used = 0;
	result->body_size = 0;
}

void
result_begin(HttpResult *result)
{
	drop_body(result);
	result->stopped = RESULT_FINE;
	result->head_state = HEAD_STATUS_LINE;
	result->status = 0;
	result->head_used = 0;
	result->nheaders = 0;
	result->content_length = -1;
	result->body_skipped = 0;
}

void
result_clear(HttpResult *result)
{
	drop_body(result);
	if (result->head)
		pfree(result->head);
	result->head = NULL;
	result->head_used = 0;
	result->nheaders = 0;
	result->head_size = 0;
}

/*
 * A larger copy of a buffer, the old one freed; NULL when there is no memory.
 * (repalloc would throw.)
 */
static void *
grow(MemoryContext cxt, void *old, size_t used, size_t size)
{
	void *grown = MemoryContextAllocExtended(
		cxt, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);

	if (grown && old)
	{
		memcpy(grown, old, used);
		pfree(old);
	}
	return grown;
}

static bool
append_head(HttpResult *result, const char *bytes, size_t n)
{
	size_t size = Max(result->head_size, HEAD_FIRST_BYTES);

	while (size < result->head_used + n)
		size *= 2;
	if (size != result->head_size)
	{
		char *grown = grow(result->cxt, result->head, result->head_used, size);

		if (grown == NULL)
			return stop(result, RESULT_OUT_OF_MEMORY);
		result->head = grown;
		result->head_size = size;
	}
	memcpy(result->head + result->head_used, bytes, n);
	result->head_used += n;
	return true;
}

/* "HTTP/1.1 200 OK"; older versions of libcurl take any other number, too. */
static bool
is_known_version(const char *line, size_t n)
{
	return n > 6 && pg_strncasecmp(line, "HTTP/", 5) == 0 && line[5] >= '1' &&
		   line[5] <= '3' && (line[6] == ' ' || line[6] == '.');
}

static bool
begin_response(HttpResult *result, const char *line, size_t n)
{
	const char *space = memchr(line, ' ', n);
	const char *end = line + n;
	int status = 0;

	for (const char *p = space ? space + 1 : end;
		 p < end && isdigit((unsigned char) *p) && status < 1000; p++)
		status = status * 10 + (*p - '0');
	if (!is_known_version(line, n) || status < 100 || status > 999)
		return stop(result, RESULT_HEAD_MALFORMED);
	result->status = status;
	result->head_used = 0;
	result->nheaders = 0;
	result->content_length = -1;
	result->head_state = HEAD_FIELDS;
	return true;
}

static bool
is_followed(const HttpResult *result)
{
	char name[] = "location";
	size_t position = 0;
	const char *found;
	const char *value;
	size_t found_length;
	size_t value_length;

	if (!result->follow || !(result->status == 301 || result->status == 302 ||
							 result->status == 303 || result->status == 307 ||
							 result->status == 308))
		return false;
	while (result_next_header(result, &position, &found, &found_length, &value,
							  &value_length))
	{
		if (found_length == sizeof(name) - 1 &&
			pg_strncasecmp(found, name, found_length) == 0)
			return true;
	}
	return false;
}

static bool
end_head(HttpResult *result)
{
	if (result->status < 200 && result->status != 101)
	{
		result->head_state = HEAD_STATUS_LINE; /* an interim response */
		return true;
	}
	result->head_state = HEAD_DONE;
	if (result->without_body || result->status == 204 ||
		result->status == 304 || is_followed(result))
		return true;
	if (result->content_length > result->max_body_bytes)
		return stop(result, RESULT_BODY_TOO_LARGE);
	return true;
}

/* The length that a Content-Length line claims; too many digits are many. */
static int64
claimed_length(const char *value, const char *end)
{
	int64 length = 0;

	while (value < end && isspace((unsigned char) *value))
		value++;
	if (value == end || !isdigit((unsigned char) *value))
		return -1;
	for (; value < end && isdigit((unsigned char) *value); value++)
	{
		if (length > PG_INT64_MAX / 10 - 10)
			return PG_INT64_MAX;
		length = length * 10 + (*value - '0');
	}
	return length;
}

static bool
add_field(HttpResult *result, const char *line, size_t n)
{
	static const char length_name[] = "content-length:";

	if (*line == ' ' || *line == '\t')
	{
		/* a folded line goes on where the last one ended */
		if (result->head_used == 0)
			return stop(result, RESULT_HEAD_MALFORMED);
		result->head_used--;
		result->nheaders--;
	}
	else if (memchr(line, ':', n) == NULL || *line == ':')
		return stop(result, RESULT_HEAD_MALFORMED);
	result->nheaders++;

	if (n > sizeof(length_name) - 1 &&
		pg_strncasecmp(line, length_name, sizeof(length_name) - 1) == 0)
		result->content_length =
			claimed_length(line + sizeof(length_name) - 1, line + n);
	return append_head(result, line, n) && append_head(result, "\n", 1);
}

bool
result_add_line(HttpResult *result, const char *line, size_t n)
{
	result->head_total += n;
	if (result->head_total > HEAD_MAX_BYTES)
		return stop(result, RESULT_HEAD_TOO_LARGE);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (memchr(line, '\0', n))
		return stop(result, RESULT_HEAD_MALFORMED);

	switch (result->head_state)
	{
		case HEAD_STATUS_LINE:
			return begin_response(result, line, n);
		case HEAD_FIELDS:
			return n == 0 ? end_head(result) : add_field(result, line, n);
		case HEAD_DONE:
			break; /* trailers are read, counted and dropped */
	}
	return true;
}

static size_t
next_body_size(const HttpResult *result, size_t needed)
{
	size_t size = result->body_size * 2;
	size_t claimed = 0;

	if (result->content_length > 0)
		claimed = Min(result->content_length, result->max_body_bytes);
	if (size == 0)
		size =
			claimed > 0 ? Min(claimed, BODY_FIRST_BYTES) : BODY_UNKNOWN_BYTES;
	else if (claimed >= needed)
		size = claimed;
	return Max(Min(size, (size_t) result->max_body_bytes), needed);
}

bool
result_add_body(HttpResult *result, const char *bytes, size_t n)
{
	size_t needed = result->body_used + n;

	if (is_followed(result))
	{
		/* a short one is read, so that the connection can be used again */
		result->body_skipped += n;
		return result->body_skipped <= SKIPPED_MAX_BYTES ||
			   stop(result, RESULT_BODY_NOT_WANTED);
	}
	if (needed > (size_t) result->max_body_bytes)
		return stop(result, RESULT_BODY_TOO_LARGE);
	if (held_bytes + (int64) n > (int64) http_max_memory_kb * 1024)
		return stop(result, RESULT_MEMORY_FULL);

	if (needed > result->body_size)
	{
		size_t size = next_body_size(result, needed);
		struct varlena *grown =
			grow(result->cxt, result->body, VARHDRSZ + result->body_used,
				 VARHDRSZ + size);

		if (grown == NULL)
			return stop(result, RESULT_OUT_OF_MEMORY);
		result->body = grown;
		result->body_size = size;
	}
	memcpy(VARDATA(result->body) + result->body_used, bytes, n);
	result->body_used = needed;
	held_bytes += n;
	return true;
}

bool
result_next_header(const HttpResult *result, size_t *position,
				   const char **name, size_t *name_length, const char **value,
				   size_t *value_length)
{
	const char *line = result->head + *position;
	const char *end;
	const char *colon;

	if (*position >= result->head_used)
		return false;
	end = memchr(line, '\n', result->head_used - *position);
	*position = end + 1 - result->head;
	colon = memchr(line, ':', end - line);
	*name = line;
	*name_length = colon - line;
	while (*name_length > 0 && isspace((unsigned char) line[*name_length - 1]))
		(*name_length)--;

	colon++;
	while (colon < end && isspace((unsigned char) *colon))
		colon++;
	while (end > colon && isspace((unsigned char) end[-1]))
		end--;
	*value = colon;
	*value_length = end - colon;
	return true;
}

char *
result_header(const HttpResult *result, const char *wanted)
{
	size_t position = 0;
	const char *name;
	const char *value;
	size_t name_length;
	size_t value_length;

	while (result_next_header(result, &position, &name, &name_length, &value,
							  &value_length))
	{
		if (name_length == strlen(wanted) &&
			pg_strncasecmp(name, wanted, name_length) == 0)
			return pnstrdup(value, value_length);
	}
	return NULL;
}
