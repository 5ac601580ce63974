/*
 * conn_span.h
 *	  From when to when the server was at a statement, as its rows tell.
 *
 * asyncdemo.delay_span answers with a row of pid, started_at and finished_at:
 * when its work began and ended, by the server's clock, and in which backend.
 * A statement tells its span when its result has these columns, by name and
 * type, however it came by them.  The server's clock is not the client's, so
 * only the length of the span means something here.
 */
#ifndef CONN_SPAN_H
#define CONN_SPAN_H

#include "conn.h"

/* What is known of the columns of a statement's result. */
typedef enum SpanColumns
{
	SPAN_COLUMNS_UNKNOWN, /* none was seen yet */
	SPAN_COLUMNS_LACK,
	SPAN_COLUMNS_THERE
} SpanColumns;

/* Zero bytes: nothing was told yet. */
typedef struct ConnSpan
{
	bool is_told;
	int64_t from_us; /* since 1970, by the server's clock */
	int64_t until_us;
} ConnSpan;

extern bool conn_span_has_columns(const struct pg_result *result);

/*
 * Widen the span by the rows of a result; those that lack a time, or come
 * from another backend (a row that was stored, say), tell nothing.
 */
extern void conn_span_take(ConnSpan *span, const Conn *conn,
						   const struct pg_result *result);

/*
 * How long it is; 0: nothing was told, or it is longer than the statement
 * took for us, so that it cannot be of this one.
 */
extern int64_t conn_span_ns(const ConnSpan *span, int64_t own_ns);

/*
 * A timestamptz as the server writes it with DateStyle ISO, in microseconds
 * since 1970; false: it is none, such as infinity.
 */
extern bool conn_span_time_us(const char *text, int64_t *time_us);

#endif /* CONN_SPAN_H */
