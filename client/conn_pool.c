/*
 * conn_pool.c
 *	  A pool of PostgreSQL connections: Conn behind PoolOps.
 *
 * Each member owns a PoolConn; ConnPool is what they share.  A connection
 * whose hook or ROLLBACK fails is closed: nobody knows its state.
 */
#include "conn_pool.h"

#include <stdlib.h>

#include "mem.h"

typedef struct ConnPool
{
	Loop *loop;
	Trace *trace;
	ConnTarget *target;
	const char *hooks[HOOK_KINDS];
	ConnNoticeFn on_notice;
	void *notice_arg;
} ConnPool;

typedef struct PoolConn
{
	ConnPool *pool;
	PoolMember *member;
	Conn *conn;
	ConnRequest request; /* connect hook, ROLLBACK or release hook */
	const char *after;	 /* release hook, behind the ROLLBACK */
} PoolConn;

Conn *
conn_pool_conn(const PoolMember *member)
{
	return ((PoolConn *) member->conn)->conn;
}

const char *
conn_pool_acquire_hook(const PoolMember *member)
{
	return ((PoolConn *) member->conn)->pool->hooks[HOOK_ACQUIRE];
}

static void
run(PoolConn *self, const char *sql,
	void (*on_done)(ConnRequest *request, const Err *err))
{
	self->request.protocol = PROTOCOL_SIMPLE;
	self->request.sql = sql;
	self->request.on_done = on_done;
	self->request.arg = self;
	conn_submit(self->conn, &self->request);
}

/* -------- open -------- */

static void
on_connect_hook_done(ConnRequest *request, const Err *err)
{
	PoolConn *self = request->arg;
	Event event = {.kind = EVENT_CONN_PHASE, .value = PHASE_HOOK};
	Err failure;

	event.time_ns = loop_now_ns(self->pool->loop);
	event.amount = event.time_ns - request->sent_ns;
	event.other = (uint64_t) self->member->number;
	trace_emit(self->pool->trace, &event);
	if (err != NULL)
	{
		failure = *err;
		failure.kind = ERR_CONNECT;
		err_prefix(&failure, "connect hook: ");
		err = &failure;
	}
	pool_member_opened(self->member, err);
}

static void
on_open(void *arg, Conn *conn, const Err *err)
{
	PoolConn *self = arg;

	if (err == NULL && self->pool->hooks[HOOK_CONNECT] != NULL)
		run(self, self->pool->hooks[HOOK_CONNECT], on_connect_hook_done);
	else
		pool_member_opened(self->member, err);
	(void) conn;
}

static void
on_lost(void *arg, Conn *conn, const Err *err)
{
	PoolConn *self = arg;

	(void) conn;
	(void) err;
	pool_member_lost(self->member);
}

static void
member_open(void *arg, PoolMember *member)
{
	ConnPool *pool = arg;
	PoolConn *self = mem_alloc(sizeof(*self));

	self->pool = pool;
	self->member = member;
	member->conn = self;
	self->conn = conn_open(pool->loop, pool->trace, pool->target,
						   member->number, on_open, on_lost, self);
	conn_set_depth(self->conn, pool_depth(member->pool));
	conn_set_notice(self->conn, pool->on_notice, pool->notice_arg);
}

/* -------- reset -------- */

static void
on_release_hook_done(ConnRequest *request, const Err *err)
{
	PoolConn *self = request->arg;
	Err failure;

	if (err == NULL && conn_in_transaction(self->conn))
	{
		err_set(&failure, ERR_SQL, "it leaves a transaction open");
		err = &failure;
	}
	if (err != NULL && self->pool->on_notice != NULL)
	{
		Buf text = {0};

		buf_printf(&text, "release hook: %s; the connection is closed",
				   err->message);
		self->pool->on_notice(self->pool->notice_arg, "WARNING", text.data);
		buf_free(&text);
	}
	pool_member_reset(self->member, err);
}

static void
on_rollback_done(ConnRequest *request, const Err *err)
{
	PoolConn *self = request->arg;
	Err failure;

	if (err == NULL && conn_in_transaction(self->conn))
	{
		err_set(&failure, ERR_SQL, "ROLLBACK left a transaction open");
		err = &failure;
	}
	if (err == NULL && self->after != NULL)
		run(self, self->after, on_release_hook_done);
	else
		pool_member_reset(self->member, err);
}

static void
member_reset(void *arg, PoolMember *member)
{
	ConnPool *pool = arg;
	PoolConn *self = member->conn;
	Err err;

	conn_set_owner(self->conn, 0, NULL);
	conn_forget_hook(self->conn);
	self->after = pool->hooks[HOOK_RELEASE];
	if (!conn_is_usable(self->conn))
	{
		err_set(&err, ERR_LOST, "the connection was lost");
		pool_member_reset(member, &err);
	}
	else if (conn_in_transaction(self->conn))
		run(self, "ROLLBACK", on_rollback_done);
	else if (self->after != NULL)
		run(self, self->after, on_release_hook_done);
	else
		pool_member_reset(member, NULL);
}

static void
member_close(void *arg, PoolMember *member)
{
	PoolConn *self = member->conn;

	(void) arg;
	conn_close(self->conn);
	free(self);
	member->conn = NULL;
}

static void
ops_free(void *arg)
{
	free(arg);
}

static const PoolOps conn_pool_ops = {member_open, member_reset, member_close,
									  ops_free};

Pool *
conn_pool_new(Loop *loop, Trace *trace, ConnTarget *target,
			  const char *const hooks[HOOK_KINDS], int size,
			  ConnNoticeFn on_notice, void *notice_arg)
{
	ConnPool *pool = mem_alloc(sizeof(*pool));

	pool->loop = loop;
	pool->trace = trace;
	pool->target = target;
	for (int i = 0; i < HOOK_KINDS; i++)
		pool->hooks[i] = hooks != NULL ? hooks[i] : NULL;
	pool->on_notice = on_notice;
	pool->notice_arg = notice_arg;
	return pool_new(loop, trace, &conn_pool_ops, pool, size);
}
