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
const TraceHead *
trace_backend(TraceLoop *trace, int64_t number)
{
	TraceConn *conn = trace_conn_at(trace, number);
	uint64_t thread = conn_thread(trace, conn, number);
	char name[64];

	if (conn->named_pid == thread)
		return &conn->head;
	if (conn->pid > 0)
		snprintf(name, sizeof(name), "backend %llu, connection %lld",
				 (unsigned long long) conn->pid, (long long) number);
	else
		snprintf(name, sizeof(name), "connection %lld", (long long) number);
	conn->named_pid = thread;
	trace_head_make(&conn->head, TRACE_SERVER, thread);
	trace_put_thread_name(&trace->put, TRACE_SERVER, thread, name);
	return &conn->head;
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

static void
put_lease_about(TracePut *put, const TraceConn *conn)
{
	TRACE_PUT(put, ",\"cat\":\"lease\",\"name\":\"lease: ");
	trace_put_name(put, &conn->name);
	TRACE_PUT(put, "\"");
}

static void
lease_begin(TraceConn *conn, const Lane *lane, int64_t time_ns)
{
	conn->is_told = false;
	if (time_ns <= conn->last_ns)
		time_ns = conn->last_ns + 1;
	conn->leased_ns = conn->last_ns = time_ns;
	conn->name.len = lane->name.len;
	memcpy(conn->name.text, lane->name.text, lane->name.len);
}

void
trace_on_lease(TraceLoop *trace, Lane *lane, const Event *event)
{
	TraceConn *conn = trace_conn_at(trace, event->amount);

	/* set-up and teardown have a connection that is not of the pool */
	if (event->task >= TRACE_SETUP)
		return;
	if (conn->leases++ == 0)
		lease_begin(conn, lane, event->time_ns);
	if (lane->conn == 0)
	{
		lane->conn = event->amount;
		lane->leased_ns = conn->leased_ns;
	}
	for (int i = 0; i < lane->nopen; i++)
		if (lane->open[i].slot == event->slot)
		{
			lane->open[i].conn = event->amount;
			lane->open[i].leased_ns = conn->leased_ns;
		}
}

void
trace_on_lease_end(TraceLoop *trace, Lane *lane, const Event *event)
{
	TraceConn *conn = trace_conn_at(trace, event->amount);
	const TraceHead *head;

	if (event->task >= TRACE_SETUP)
		return;
	if (lane != NULL && lane->conn == event->amount)
		lane->conn = 0;
	if (conn->leases == 0 || --conn->leases > 0)
		return;
	head = trace_backend(trace, event->amount);
	if (event->time_ns > conn->last_ns)
		conn->last_ns = event->time_ns;
	if (conn->is_told)
		trace_put_begin(&trace->put, head, 'E', conn->last_ns);
	else
	{
		trace_put_slice(&trace->put, head, conn->leased_ns, conn->last_ns);
		put_lease_about(&trace->put, conn);
	}
	trace_put_end(&trace->put);
}

void
trace_tell_leases(TraceLoop *trace, int64_t before_ns)
{
	for (int64_t number = 1; number < trace->nconns; number++)
	{
		TraceConn *conn = &trace->conns[number];

		if (conn->leases == 0 || conn->is_told || conn->leased_ns >= before_ns)
			continue;
		conn->is_told = true;
		trace_put_begin(&trace->put, trace_backend(trace, number), 'B',
						conn->leased_ns);
		put_lease_about(&trace->put, conn);
		trace_put_end(&trace->put);
	}
}
