/*
 * conn_cancel.c
 *	  Asking the server to stop what a connection runs.
 *
 * From version 17 on libpq can do it on the loop, encrypted as the connection
 * itself.  Before, PQcancel blocks (and is not encrypted), so that it runs on
 * the control thread.  Either way a ConnCancel outlives its connection if it
 * must; cancel_ended is told when the request was delivered.
 */
#include "conn_private.h"

#include <stdlib.h>
#include <string.h>

#include "loop_call.h"
#include "mem.h"

#define CANCEL_AGAIN_NS (1 * NS_PER_S)

static void cancel_begin(Conn *conn);

/* -------- asking -------- */

/*
 * A cancel stops whatever the server works on, which is the first one.  It may
 * come before the statement reaches the server and then does nothing, so it
 * is repeated.
 */
void
conn_cancel_first(Conn *conn, int64_t delay_ns)
{
	int64_t now_ns = loop_now_ns(conn->loop);

	conn->cancel_until_ns = now_ns + CONN_CANCEL_GRACE_NS;
	conn_set_state(conn, CONN_CANCELING);
	loop_timer_set(conn->loop, &conn->timer,
				   now_ns + (delay_ns > 0 ? delay_ns : CANCEL_AGAIN_NS));
	if (delay_ns == 0 && conn->cancel == NULL)
		cancel_begin(conn);
}

/* One that has left and is not the first waits for its turn. */
void
conn_cancel(Conn *conn, ConnRequest *request)
{
	if (conn->is_broken || request->is_canceled)
		return;
	request->is_canceled = true;
	if (!request->is_sent)
	{
		if (request->flow == CONN_BATCH)
			conn->batch_ended = true;
		conn_end_unsent(conn, request);
	}
	else if (request == conn->first)
		conn_cancel_first(conn, 0);
}

/* error NULL: it was delivered. */
static void
cancel_ended(Conn *conn, const char *error)
{
	conn->cancel_ended_ns = loop_now_ns(conn->loop);
	if (error != NULL)
		conn_tell(conn, "WARNING", error);
	if (!conn->is_held)
		return;
	conn_enter(conn);
	conn_request_answered(conn, conn->first);
	conn_leave(conn);
}

/* The server has not stopped yet: ask again, or give the connection up. */
void
conn_cancel_on_timer(Conn *conn)
{
	int64_t now_ns = loop_now_ns(conn->loop);
	Err err;

	if (now_ns >= conn->cancel_until_ns)
	{
		err_set(
			&err, ERR_LOST,
			"the server did not stop the statement within %d s of being asked: the connection was closed",
			(int) (CONN_CANCEL_GRACE_NS / NS_PER_S));
		conn_break(conn, &err);
		return;
	}
	loop_timer_set(conn->loop, &conn->timer, now_ns + CANCEL_AGAIN_NS);
	if (conn->cancel == NULL)
		cancel_begin(conn);
}

/* -------- delivering it -------- */

#ifdef LIBPQ_HAS_ASYNC_CANCEL

struct ConnCancel
{
	Conn *conn;
	PGcancelConn *cancel;
	LoopWatch *watch;
};

static void on_cancel_ready(void *arg, unsigned events);

static void
cancel_free(ConnCancel *self)
{
	if (self->watch != NULL)
		loop_unwatch(self->watch);
	PQcancelFinish(self->cancel);
	free(self);
}

static void
cancel_end(ConnCancel *self, bool worked)
{
	Conn *conn = self->conn;
	char line[256] = "";

	if (!worked)
		conn_text_line(line, sizeof(line), PQcancelErrorMessage(self->cancel));
	cancel_free(self);
	conn->cancel = NULL;
	cancel_ended(conn, worked ? NULL : line);
}

static void
cancel_watch(ConnCancel *self, unsigned events)
{
	self->watch = loop_watch(self->conn->loop, PQcancelSocket(self->cancel),
							 events, on_cancel_ready, self);
	if (self->watch == NULL)
		abort(); /* a descriptor watched twice: our mistake */
}

/* The socket may change at any poll, as with PQconnectPoll. */
static void
on_cancel_ready(void *arg, unsigned events)
{
	ConnCancel *self = arg;

	(void) events;
	loop_unwatch(self->watch);
	self->watch = NULL;
	switch (PQcancelPoll(self->cancel))
	{
		case PGRES_POLLING_READING:
			cancel_watch(self, LOOP_READ);
			break;
		case PGRES_POLLING_WRITING:
			cancel_watch(self, LOOP_WRITE);
			break;
		case PGRES_POLLING_OK:
			cancel_end(self, true);
			break;
		default:
			cancel_end(self, false);
			break;
	}
}

static void
cancel_begin(Conn *conn)
{
	ConnCancel *self = mem_alloc(sizeof(*self));

	self->conn = conn;
	self->cancel = PQcancelCreate(conn->pg);
	conn->cancel = self;
	if (!PQcancelStart(self->cancel))
		cancel_end(self, false);
	else
		cancel_watch(self, LOOP_WRITE);
}

void
conn_cancel_abandon(Conn *conn)
{
	if (conn->cancel != NULL)
		cancel_free(conn->cancel);
	conn->cancel = NULL;
}

#else /* !LIBPQ_HAS_ASYNC_CANCEL */

struct ConnCancel
{
	Conn *conn; /* NULL: it went away */
	PGcancel *cancel;
	LoopWork work;
	bool worked;
	char error[256];
};

static void
cancel_run(LoopWork *work)
{
	ConnCancel *self = work->arg;

	self->worked =
		PQcancel(self->cancel, self->error, (int) sizeof(self->error)) != 0;
}

static void
cancel_done(LoopWork *work)
{
	ConnCancel *self = work->arg;
	Conn *conn = self->conn;
	char line[256];

	conn_text_line(line, sizeof(line), self->error);
	PQfreeCancel(self->cancel);
	if (conn != NULL)
	{
		conn->cancel = NULL;
		cancel_ended(conn, self->worked ? NULL : line);
	}
	free(self);
}

static void
cancel_begin(Conn *conn)
{
	ConnCancel *self = mem_alloc(sizeof(*self));

	self->conn = conn;
	self->cancel = PQgetCancel(conn->pg);
	self->work.run = cancel_run;
	self->work.done = cancel_done;
	self->work.arg = self;
	conn->cancel = self;
	loop_control(conn->loop, &self->work);
}

void
conn_cancel_abandon(Conn *conn)
{
	if (conn->cancel != NULL)
		conn->cancel->conn = NULL;
	conn->cancel = NULL;
}

#endif /* LIBPQ_HAS_ASYNC_CANCEL */
