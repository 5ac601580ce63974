/*
 * trace_conn.c
 *	  Connections in a trace: how long they took to open, who had a lease, and
 *	  the threads of their backends.
 */
#include "mem.h"
#include "trace_file.h"

#define UNKNOWN_BACKEND UINT64_C(2000000000) /* threads without a pid */
#define LOOP_IDS INT64_C(1000000)			 /* of connections */

TraceConn *
trace_conn_at(TraceLoop *trace, int64_t number)
{
	if (number >= trace->nconns)
	{
		int64_t n = number + 16;

		trace->conns =
			mem_realloc(trace->conns, (size_t) n * sizeof(TraceConn));
		memset(trace->conns + trace->nconns, 0,
			   (size_t) (n - trace->nconns) * sizeof(TraceConn));
		trace->nconns = n;
	}
	return &trace->conns[number];
}

static uint64_t
conn_thread(const TraceLoop *trace, const TraceConn *conn, int64_t number)
{
	return conn->pid > 0 ? conn->pid
						 : UNKNOWN_BACKEND +
							   (uint64_t) (trace->number * LOOP_IDS + number);
}

/* The thread of a connection's backend, named when first used. */
void
trace_put_on_backend(TraceLoop *trace, int64_t number, char phase,
					 int64_t time_ns)
{
	TraceConn *conn = trace_conn_at(trace, number);
	uint64_t thread = conn_thread(trace, conn, number);
	char name[64];

	if (conn->named_pid != thread)
	{
		if (conn->pid > 0)
			snprintf(name, sizeof(name), "backend %llu, connection %lld",
					 (unsigned long long) conn->pid, (long long) number);
		else
			snprintf(name, sizeof(name), "connection %lld",
					 (long long) number);
		conn->named_pid = thread;
		trace_head_make(&conn->head, TRACE_SERVER, thread);
		trace_put_thread_name(&trace->put, TRACE_SERVER, thread, name);
	}
	if (time_ns > conn->last_ns)
		conn->last_ns = time_ns;
	trace_put_begin(&trace->put, &conn->head, phase, conn->last_ns);
}

static void
put_opening(TraceLoop *trace, int64_t number, char phase, int64_t time_ns)
{
	TracePut *put = &trace->put;

	trace_put_begin(put, &trace->loop, phase, time_ns);
	TRACE_PUT(put, ",\"cat\":\"connect\",\"id\":");
	trace_put_uint(put, (uint64_t) (trace->number * LOOP_IDS + number));
	TRACE_PUT(put,
			  ",\"name\":\"open a connection\",\"args\":{\"connection\":");
	trace_put_uint(put, (uint64_t) number);
	TRACE_PUT(put, "}");
	trace_put_end(put);
}

/* A number below 1 is not one of the pool. */
void
trace_on_conn(TraceLoop *trace, const Event *event)
{
	TraceConn *conn;

	if (event->amount < 1)
		return;
	conn = trace_conn_at(trace, event->amount);
	if (event->value == CONN_RESOLVING || event->value == CONN_CONNECTING)
	{
		if (conn->opening_ns == 0)
			put_opening(trace, event->amount, 'b', event->time_ns);
		conn->opening_ns = event->time_ns;
		return;
	}
	if ((event->value == CONN_IDLE || event->value == CONN_CLOSED) &&
		conn->opening_ns != 0)
	{
		put_opening(trace, event->amount, 'e', event->time_ns);
		conn->opening_ns = 0;
	}
	/* open slices end on the thread where they began */
	if (conn->leases == 0)
		conn->pid = event->other;
}

void
trace_on_lease(TraceLoop *trace, Lane *lane, const Event *event)
{
	TraceConn *conn = trace_conn_at(trace, event->amount);
	TracePut *put = &trace->put;

	/* set-up and teardown have a connection that is not of the pool */
	if (event->task >= TRACE_SETUP)
		return;
	if (lane->conn == 0)
		lane->conn = event->amount;
	for (int i = 0; i < lane->nopen; i++)
		if (lane->open[i].slot == event->slot)
			lane->open[i].conn = event->amount;
	if (conn->leases++ > 0)
		return;
	trace_put_on_backend(trace, event->amount, 'B', event->time_ns);
	TRACE_PUT(put, ",\"cat\":\"lease\",\"name\":\"lease: ");
	trace_put_text(put, lane->name);
	TRACE_PUT(put, "\"");
	trace_put_end(put);
}

void
trace_on_lease_end(TraceLoop *trace, Lane *lane, const Event *event)
{
	TraceConn *conn = trace_conn_at(trace, event->amount);

	if (event->task >= TRACE_SETUP)
		return;
	if (lane != NULL && lane->conn == event->amount)
		lane->conn = 0;
	if (conn->leases == 0 || --conn->leases > 0)
		return;
	trace_put_on_backend(trace, event->amount, 'E', event->time_ns);
	trace_put_end(&trace->put);
}
