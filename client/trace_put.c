/*
 * trace_put.c
 *	  Pieces of trace events put into a buffer, fast.
 *
 * The buffer is written when it is full, and when the trace has gone on for a
 * while since: always between two events.
 */
#include "trace_put.h"

#include <errno.h>
#include <stdbool.h>

#include "digits.h"
#include "utf8.h"

#define FLUSH_EVERY_NS INT64_C(200000000)
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

/* What does not stand for itself; how many bytes of it that was. */
static size_t
put_escaped(TracePut *put, const char *text)
{
	uint32_t code = (unsigned char) *text;
	int n = utf8_decode(text, strlen(text), &code);

	if (n == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
		(code >= 0x200E && code <= 0x200F) ||
		(code >= 0x2028 && code <= 0x202E) ||
		(code >= 0x2066 && code <= 0x2069))
		TRACE_PUT(put, "\uFFFD");
	else
	{
		if (code == '"' || code == '\\')
			TRACE_PUT(put, "\\");
		trace_put_bytes(put, text, (size_t) n);
	}
	return n > 0 ? (size_t) n : 1;
}

void
trace_put_text(TracePut *put, const char *text)
{
	size_t len = strnlen(text, MAX_TEXT);

	for (size_t i = 0; i < len;)
	{
		size_t from = i;

		while (i < len && is_plain[(unsigned char) text[i]])
			i++;
		trace_put_bytes(put, text + from, i - from);
		if (i < len)
			i += put_escaped(put, text + i);
	}
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

	if (put->len > sizeof(put->data) - TRACE_EVENT_BYTES ||
		time_ns - put->flushed_ns > FLUSH_EVERY_NS)
	{
		trace_put_flush(put);
		put->flushed_ns = time_ns;
	}
	begin = put->data + put->len;
	trace_put_bytes(put, head->text, head->len);
	begin[PHASE_AT] = phase;
	put_time(put, time_ns);
}

void
trace_put_end(TracePut *put)
{
	TRACE_PUT(put, "}");
}
