/*
 * trace_put.h
 *	  Pieces of trace events put into a buffer, fast.
 *
 * A point SELECT makes four events of about 140 bytes: printf would cost as
 * much as the query's own handling.
 */
#ifndef TRACE_PUT_H
#define TRACE_PUT_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TRACE_BUFFER_BYTES 65536
#define TRACE_EVENT_BYTES 4096 /* no event is longer */

/* Where several buffers go, whole events at a time. */
typedef struct TraceOut
{
	FILE *file;
	pthread_mutex_t lock;
	int64_t zero_ns; /* where the trace's time begins */
	int error;		 /* errno of the first write that failed */
} TraceOut;

typedef struct TracePut
{
	TraceOut *out;
	char data[TRACE_BUFFER_BYTES];
	size_t len;
} TracePut;

extern void trace_put_flush(TracePut *put);

static inline void
trace_put_bytes(TracePut *put, const char *data, size_t len)
{
	memcpy(put->data + put->len, data, len);
	put->len += len;
}

/* A literal. */
#define TRACE_PUT(put, text) trace_put_bytes(put, text, sizeof(text) - 1)

extern void trace_put_uint(TracePut *put, uint64_t value);

/* Nanoseconds as microseconds with three decimals. */
extern void trace_put_us(TracePut *put, int64_t ns);

/*
 * A JSON string without its quotes, at most 256 bytes of it.  What could
 * steer a terminal, and bytes that are no UTF-8, become U+FFFD.
 */
extern void trace_put_text(TracePut *put, const char *text);

/*
 * The same of so many bytes at most, to be put many times: how long it is,
 * which is at most TRACE_ESCAPED of them.
 */
#define TRACE_ESCAPED(bytes) (3 * (bytes) + 4)
extern size_t trace_escape(char *out, const char *text, size_t bytes);

/*
 * What the events of one thread begin with, up to their time: kept where
 * there are many.
 */
typedef struct TraceHead
{
	size_t len; /* 0: not made yet */
	char text[72];
} TraceHead;

extern void trace_head_make(TraceHead *head, int pid, uint64_t tid);

/*
 * `{"ph":"B","pid":1,"tid":7,"ts":1.5`: makes room for the event, whose end
 * is trace_put_end.
 */
extern void trace_put_begin(TracePut *put, const TraceHead *head, char phase,
							int64_t time_ns);

/* `{"ph":"X","pid":1,"tid":7,"ts":1.5,"dur":2.5`: a slice as a whole. */
extern void trace_put_slice(TracePut *put, const TraceHead *head,
							int64_t begun_ns, int64_t until_ns);
extern void trace_put_end(TracePut *put);

#endif /* TRACE_PUT_H */
