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
	char digits[24];
	size_t at = sizeof(digits);

	do
	{
		digits[--at] = (char) ('0' + value % 10);
		value /= 10;
	} while (value > 0);
	trace_put_bytes(put, digits + at, sizeof(digits) - at);
}

void
trace_put_us(TracePut *put, int64_t ns)
{
	uint64_t size = ns < 0 ? 0 : (uint64_t) ns;
	unsigned rest = (unsigned) (size % 1000);
	char decimals[4] = {'.', (char) ('0' + rest / 100),
						(char) ('0' + rest / 10 % 10),
						(char) ('0' + rest % 10)};

	trace_put_uint(put, size / 1000);
	trace_put_bytes(put, decimals, sizeof(decimals));
}

void
trace_put_time(TracePut *put, int64_t time_ns)
{
	trace_put_us(put, time_ns - put->out->zero_ns);
}

/* Bytes that stand for themselves in a JSON string. */
static const bool is_plain[256] = {
	[' '] = true, ['!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

void
trace_put_text(TracePut *put, const char *text)
{
	size_t len = strnlen(text, MAX_TEXT);

	for (size_t i = 0; i < len;)
	{
		uint32_t code = (unsigned char) text[i];
		int n = 1;

		if (is_plain[code])
		{
			put->data[put->len++] = text[i++];
			continue;
		}
		n = utf8_decode(text + i, strlen(text + i), &code);
		if (n == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
			(code >= 0x200E && code <= 0x200F) ||
			(code >= 0x2028 && code <= 0x202E) ||
			(code >= 0x2066 && code <= 0x2069))
			TRACE_PUT(put, "\uFFFD");
		else
		{
			if (code == '"' || code == '\\')
				TRACE_PUT(put, "\\");
			trace_put_bytes(put, text + i, (size_t) n);
		}
		i += n > 0 ? (size_t) n : 1;
	}
}

void
trace_put_begin(TracePut *put, char phase, int pid, uint64_t tid,
				int64_t time_ns)
{
	if (put->len > sizeof(put->data) - TRACE_EVENT_BYTES ||
		time_ns - put->flushed_ns > FLUSH_EVERY_NS)
	{
		trace_put_flush(put);
		put->flushed_ns = time_ns;
	}
	TRACE_PUT(put, ",\n{\"ph\":\"");
	trace_put_bytes(put, &phase, 1);
	TRACE_PUT(put, "\",\"pid\":");
	trace_put_uint(put, (uint64_t) pid);
	TRACE_PUT(put, ",\"tid\":");
	trace_put_uint(put, tid);
	TRACE_PUT(put, ",\"ts\":");
	trace_put_time(put, time_ns);
}

void
trace_put_end(TracePut *put)
{
	TRACE_PUT(put, "}");
}
