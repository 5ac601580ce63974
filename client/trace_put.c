/*
 * trace_put.c
 *	  Pieces of trace events put into a buffer, fast.
 *
 * The buffer is written when it is full, or when its owner thinks it time:
 * always between two events.
 */
#include "trace_put.h"

#include <errno.h>
#include <stdbool.h>

#include "digits.h"
#include "utf8.h"

#define MAX_TEXT 256

void
trace_put_flush(TracePut *put)
{
	TraceOut *out = put->out;

	pthread_mutex_lock(&out->lock);
	if ((fwrite(put->data, 1, put->len, out->file) != put->len ||
		 fflush(out->file) != 0) &&
		out->error == 0)
		out->error = errno;
	pthread_mutex_unlock(&out->lock);
	put->len = 0;
}

void
trace_put_uint(TracePut *put, uint64_t value)
{
	put->len += digits_put(put->data + put->len, value);
}

void
trace_put_us(TracePut *put, int64_t ns)
{
	uint64_t size = ns < 0 ? 0 : (uint64_t) ns;

	trace_put_uint(put, size / 1000);
	put->data[put->len++] = '.';
	digits_put_three(put->data + put->len, (unsigned) (size % 1000));
	put->len += 3;
}

/* A moment, as microseconds since the trace's begin. */
static void
put_time(TracePut *put, int64_t time_ns)
{
	trace_put_us(put, time_ns - put->out->zero_ns);
}

/* Bytes that stand for themselves in a JSON string. */
static const bool is_plain[256] = {
	[' '] = true, ['!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

static size_t
copy(char *out, const char *data, size_t len)
{
	memcpy(out, data, len);
	return len;
}

/* What does not stand for itself; *used: how many bytes of it that was. */
static size_t
escape(char *out, const char *text, size_t *used)
{
	uint32_t code = (unsigned char) *text;
	int n = utf8_decode(text, strlen(text), &code);
	size_t len = 0;

	*used = n > 0 ? (size_t) n : 1;
	if (n == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
		(code >= 0x200E && code <= 0x200F) ||
		(code >= 0x2028 && code <= 0x202E) ||
		(code >= 0x2066 && code <= 0x2069))
		return copy(out, "\uFFFD", sizeof("\uFFFD") - 1);
	if (code == '"' || code == '\\')
		out[len++] = '\\';
	return len + copy(out + len, text, *used);
}

size_t
trace_escape(char *out, const char *text, size_t bytes)
{
	size_t len = strnlen(text, bytes);
	size_t at = 0;

	for (size_t i = 0; i < len;)
	{
		size_t from = i;
		size_t used = 0;

		while (i < len && is_plain[(unsigned char) text[i]])
			i++;
		at += copy(out + at, text + from, i - from);
		if (i < len)
			at += escape(out + at, text + i, &used);
		i += used;
	}
	return at;
}

void
trace_put_text(TracePut *put, const char *text)
{
	put->len += trace_escape(put->data + put->len, text, MAX_TEXT);
}

#define PHASE_AT 9 /* in a head's text */

void
trace_head_make(TraceHead *head, int pid, uint64_t tid)
{
	int len = snprintf(head->text, sizeof(head->text),
					   ",\n{\"ph\":\"?\",\"pid\":%d,\"tid\":%llu,\"ts\":", pid,
					   (unsigned long long) tid);

	head->len = (size_t) len;
}

void
trace_put_begin(TracePut *put, const TraceHead *head, char phase,
				int64_t time_ns)
{
	char *begin;

	if (put->len > sizeof(put->data) - TRACE_EVENT_BYTES)
		trace_put_flush(put);
	begin = put->data + put->len;
	trace_put_bytes(put, head->text, head->len);
	begin[PHASE_AT] = phase;
	put_time(put, time_ns);
}

void
trace_put_slice(TracePut *put, const TraceHead *head, int64_t begun_ns,
				int64_t until_ns)
{
	trace_put_begin(put, head, 'X', begun_ns);
	TRACE_PUT(put, ",\"dur\":");
	trace_put_us(put, until_ns - begun_ns);
}

void
trace_put_end(TracePut *put)
{
	TRACE_PUT(put, "}");
}
