/*
 * conn.c
 *	  One open connection: its state, its events, its end.
 *
 * READ is watched for life, WRITE only while PQflush has something left.
 * Callbacks may close the connection: conn_enter and conn_leave bracket what
 * touches it afterwards.  How requests leave and are answered stands in
 * conn_send.c and conn_receive.c.
 */
#include "conn_private.h"

#include <assert.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define REPOLL_NS (50 * NS_PER_MS)

static void digest(Conn *conn);

/* -------- state and life -------- */

static bool
move_is_legal(ConnState from, ConnState to)
{
	switch (to)
	{
		case CONN_RESOLVING:
			return from == CONN_CLOSED;
		case CONN_CONNECTING:
			return from == CONN_RESOLVING;
		case CONN_CONFIGURING:
			return from == CONN_CONNECTING;
		case CONN_IDLE:
			return from >= CONN_CONFIGURING;
		case CONN_BUSY:
		case CONN_AWAY:
			return from == CONN_IDLE || from == CONN_CONFIGURING ||
				   (from == CONN_CANCELING && to == CONN_BUSY);
		case CONN_CANCELING:
			return from == CONN_BUSY || from == CONN_CONFIGURING;
		case CONN_CLOSED:
			return true;
	}
	return false;
}

void
conn_set_state(Conn *conn, ConnState state)
{
	Event event;
	bool is_move =
		state == CONN_BUSY || (state == CONN_IDLE && conn->state == CONN_BUSY);

	assert(move_is_legal(conn->state, state));
	conn->state = state;
	if (conn->trace == NULL || (is_move && !trace_wants_moves(conn->trace)))
		return;
	event = (Event){.kind = EVENT_CONN};
	event.time_ns = loop_now_ns(conn->loop);
	event.value = (int) state;
	event.amount = conn->number;
	event.other = (uint64_t) conn->pid;
	trace_emit(conn->trace, &event);
}

/* Requests that ended before they left. */
static void
tell_ended(Conn *conn)
{
	while (conn->ended != NULL)
	{
		ConnRequest *request = conn->ended;
		Err err;

		conn->ended = request->next;
		if (conn->is_broken)
			conn_lost_err(conn, &err);
		else if (request->is_aborted)
			conn_aborted_err(&err);
		else if (request->has_failed)
			err_set(&err, ERR_SQL,
					"a statement cannot have %d parameters, 65535 at most",
					request->nparams);
		else
			err_set(&err, ERR_CANCEL, "canceled before it was sent");
		request->on_done(request, &err);
	}
}

/*
 * In an aborted pipeline libpq answers by itself what is sent: no event will
 * tell.
 */
static void
flush_from_job(Conn *conn)
{
	if (!conn_flush(conn))
		conn->must_digest = true;
	else if (PQpipelineStatus(conn->pg) == PQ_PIPELINE_ABORTED)
		conn_take_results(conn);
}

static void
on_job(void *arg)
{
	Conn *conn = arg;

	conn_enter(conn);
	if (conn->opening != NULL)
		conn_open_tell_failure(conn);
	if (conn->must_send)
		conn_send_now(conn);
	if (conn->must_flush && conn->pg != NULL)
		flush_from_job(conn);
	if (conn->must_digest)
		digest(conn);
	tell_ended(conn);
	conn_leave(conn);
}

void
conn_init(Conn *conn)
{
	conn->low_water = INT_MAX;
	conn->cancel_until_ns = LOOP_NEVER;
	conn->job.fn = on_job;
	conn->job.arg = conn;
	loop_timer_init(&conn->timer, conn_on_timer, conn);
}

void
conn_watch(Conn *conn, unsigned events, LoopFdFn fn)
{
	conn->watch = loop_watch(conn->loop, PQsocket(conn->pg), events, fn, conn);
	if (conn->watch == NULL)
		abort(); /* a descriptor watched twice: our mistake */
}

void
conn_unwatch(Conn *conn)
{
	if (conn->watch != NULL)
		loop_unwatch(conn->watch);
	conn->watch = NULL;
}

void
conn_enter(Conn *conn)
{
	conn->nested++;
}

/* Everything but the memory: no callback comes after this. */
static void
conn_shut(Conn *conn)
{
	conn_unwatch(conn);
	loop_timer_clear(conn->loop, &conn->timer);
	conn_cancel_abandon(conn);
	pthread_mutex_lock(&conn->target->lock);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else if (conn->target->conns == conn)
		conn->target->conns = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	conn->next = conn->prev = NULL;
	pthread_mutex_unlock(&conn->target->lock);
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->ssl = NULL;
}

static void
conn_free(Conn *conn)
{
	conn_call_free(conn);
	free(conn->prepared);
	free(conn->err);
	free(conn->farewell);
	free(conn);
}

bool
conn_leave(Conn *conn)
{
	if (--conn->nested > 0)
		return !conn->is_closing;
	if (!conn->is_closing)
		return true;
	conn_free(conn);
	return false;
}

void
conn_close(Conn *conn)
{
	if (conn == NULL || conn->is_closing)
		return;
	assert(conn->state != CONN_AWAY);
	conn_open_free(conn);
	loop_unpush(conn->loop, &conn->job);
	conn_shut(conn);
	if (conn->state != CONN_CLOSED)
		conn_set_state(conn, CONN_CLOSED);
	conn->first = conn->last = conn->ended = NULL;
	conn->unsent = conn->unflushed = NULL;
	conn->nsent = 0;
	conn->is_closing = conn->is_broken = true;
	if (conn->nested == 0)
		conn_free(conn);
}

/*
 * TLS may leave a rest of a record inside the library, where epoll does not
 * see it; libpq before 15.19 then waits for ever.  SSL_pending tells.
 */
static void
find_ssl(Conn *conn)
{
	if (PQsslInUse(conn->pg))
	{
		*(void **) &conn->ssl_pending = dlsym(RTLD_DEFAULT, "SSL_pending");
		if (conn->ssl_pending != NULL)
			conn->ssl = PQsslStruct(conn->pg, "OpenSSL");
		conn->must_poll = conn->ssl == NULL;
	}
	if (PQgssEncInUse(conn->pg))
		conn->must_poll = true;
}

void
conn_serve(Conn *conn)
{
	ConnTarget *target = conn->target;

	PQsetnonblocking(conn->pg, 1);
	conn->pid = PQbackendPID(conn->pg);
	conn->server_version = PQserverVersion(conn->pg);
	target->server_version = conn->server_version;
	find_ssl(conn);
	conn_watch(conn, LOOP_READ, conn_on_ready);
	pthread_mutex_lock(&target->lock);
	conn->next = target->conns;
	if (conn->next != NULL)
		conn->next->prev = conn;
	target->conns = conn;
	pthread_mutex_unlock(&target->lock);
	conn_set_state(conn, CONN_CONFIGURING);
}

ConnState
conn_state(const Conn *conn)
{
	return conn->state;
}

int
conn_pid(const Conn *conn)
{
	return conn->pid;
}

int
conn_socket(const Conn *conn)
{
	return conn->pg != NULL ? PQsocket(conn->pg) : -1;
}

int
conn_server_version(const Conn *conn)
{
	return conn->server_version;
}

bool
conn_is_usable(const Conn *conn)
{
	return !conn->is_broken && conn->opening == NULL;
}

bool
conn_in_transaction(const Conn *conn)
{
	return conn->pg != NULL && PQtransactionStatus(conn->pg) != PQTRANS_IDLE;
}

void
conn_set_owner(Conn *conn, uint64_t task, const char *name)
{
	conn->owner = task;
	conn->owner_name = name;
}

void
conn_set_depth(Conn *conn, int depth)
{
	conn->low_water = depth / 2;
}

void
conn_forget_hook(Conn *conn)
{
	conn->lost_hook = NULL;
}

Err *
conn_err(Conn *conn)
{
	if (conn->err == NULL)
		conn->err = mem_alloc(sizeof(Err));
	return conn->err;
}

/* -------- notices -------- */

void
conn_set_notice(Conn *conn, ConnNoticeFn fn, void *arg)
{
	conn->on_notice = fn;
	conn->notice_arg = arg;
}

void
conn_tell(Conn *conn, const char *severity, const char *text)
{
	if (conn->on_notice != NULL)
		conn->on_notice(conn->notice_arg, severity, text);
}

/*
 * An error that comes while no statement runs, such as the server's farewell
 * at shutdown, reaches us as a notice, too.
 */
void
conn_on_notice(void *arg, const PGresult *result)
{
	Conn *conn = arg;
	const char *severity =
		PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	Err err;

	if (severity == NULL)
		severity = "NOTICE";
	if (text == NULL)
		text = PQresultErrorMessage(result);
	if (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)
	{
		conn_result_err(result, &err, NULL);
		free(conn->farewell);
		conn->farewell = mem_dup(&err, sizeof(err));
	}
	else if (conn->state == CONN_AWAY)
		conn_call_notice(conn, severity, text);
	else if (conn->nsent == 0 || !conn->first->is_silent)
		conn_tell(conn, severity, text);
}

/* -------- the connection breaks -------- */

void
conn_break(Conn *conn, const Err *reason)
{
	Err err = *reason;
	bool was_in_use = conn->first != NULL || conn->state == CONN_AWAY;

	if (conn->is_broken)
		return;
	conn->is_broken = true;
	conn_enter(conn);
	conn_shut(conn);
	conn_set_state(conn, CONN_CLOSED);
	conn->nsent = 0;
	conn->unsent = conn->unflushed = NULL;
	while (conn->first != NULL)
	{
		ConnRequest *request = conn->first;

		conn->first = request->next;
		request->on_done(request, request->has_failed ? conn->err : &err);
	}
	if (!was_in_use && conn->on_lost != NULL)
		conn->on_lost(conn->arg, conn, &err);
	conn_leave(conn);
}

bool
conn_is_lost(const Conn *conn)
{
	return conn->pg != NULL && PQstatus(conn->pg) == CONNECTION_BAD;
}

/* Read what libpq still holds, then give up. */
void
conn_lose(Conn *conn)
{
	Err err;

	while (conn->nsent > 0 && !conn->is_held)
	{
		ConnRequest *request = conn->first;
		PGresult *result = PQgetResult(conn->pg);

		if (result == NULL)
			break;
		conn_take_result(conn, request, result);
	}
	if (conn->pg == NULL)
		return;
	conn_lost_err(conn, &err);
	conn_break(conn, &err);
}

/* After libpq refused to send: see what is left of request or connection. */
static void
digest(Conn *conn)
{
	conn->must_digest = false;
	if (conn->pg == NULL || conn->nsent == 0)
		return;
	if (conn->first->flow != CONN_ALONE && !conn->is_useless)
		conn_take_results(conn); /* what came before it broke */
	if (conn->pg == NULL || conn->nsent == 0)
		return;
	if (conn->is_useless)
	{
		Err err;

		conn_lost_err(conn, &err);
		conn_break(conn, &err);
	}
	else if (conn_is_lost(conn) ||
			 (conn->first->flow == CONN_ALONE &&
			  PQpipelineStatus(conn->pg) != PQ_PIPELINE_OFF))
	{
		conn->first->has_failed = false; /* the loss tells more */
		conn_lose(conn);
	}
	else if (conn->first->flow == CONN_ALONE && conn->first->parts == 0)
		conn_request_answered(conn, conn->first);
}

/* -------- events -------- */

void
conn_arm_repoll(Conn *conn)
{
	if (!conn->must_poll || conn->cancel_until_ns != LOOP_NEVER)
		return;
	loop_timer_set(conn->loop, &conn->timer,
				   loop_now_ns(conn->loop) + REPOLL_NS);
}

static void
drain_ssl(Conn *conn)
{
	while (conn->pg != NULL && conn->ssl != NULL && conn->nsent > 0 &&
		   PQisBusy(conn->pg) && conn->ssl_pending(conn->ssl) > 0)
	{
		if (!PQconsumeInput(conn->pg))
			return;
		conn_take_results(conn);
	}
}

static void
read_input(Conn *conn)
{
	if (!PQconsumeInput(conn->pg) && conn->nsent == 0)
	{
		conn_lose(conn);
		return;
	}
	conn_take_results(conn);
	drain_ssl(conn);
	if (conn->pg == NULL)
		return;
	if (conn_is_lost(conn))
		conn_lose(conn);
	else if (conn->nsent == 0)
	{
		/* parses notices and parameters that came on their own */
		PGnotify *notify;

		while ((notify = PQnotifies(conn->pg)) != NULL)
			PQfreemem(notify);
	}
}

void
conn_on_ready(void *arg, unsigned events)
{
	Conn *conn = arg;

	conn_enter(conn);
	if ((events & LOOP_WRITE) != 0 && !conn_flush(conn))
		conn_digest_later(conn);
	if ((events & LOOP_READ) != 0 && conn->pg != NULL)
		read_input(conn);
	conn_leave(conn);
}

/* Look again at a connection whose encryption hides what has arrived. */
static void
poll_again(Conn *conn)
{
	if (!conn->must_poll || conn->nsent == 0)
		return;
	read_input(conn);
	if (conn->nsent > 0)
		conn_arm_repoll(conn);
}

void
conn_on_timer(void *arg)
{
	Conn *conn = arg;

	if (conn->opening != NULL)
	{
		conn_open_on_timer(conn);
		return;
	}
	conn_enter(conn);
	if (conn->cancel_until_ns != LOOP_NEVER)
		conn_cancel_on_timer(conn);
	poll_again(conn);
	conn_leave(conn);
}
