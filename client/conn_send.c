/*
 * conn_send.c
 *	  Requests out.
 *
 * Requests wait in a FIFO whose first nsent have left.  A request leaves in
 * parts, each answered in turn: the acquire hook, the mark, Parse, the
 * statement, Sync.  Several parts leave in one flush through libpq's pipeline
 * mode; a statement alone leaves without it, which is cheaper.
 *
 * Requests that are not CONN_ALONE leave at once, behind others that are not
 * answered yet; the connection then stays in pipeline mode until a request
 * that wants to be alone comes.  PQpipelineSync writes at once; where libpq
 * can do it otherwise (17 on), what one turn of the loop sends is one write.
 */
#include "conn_private.h"

#include <string.h>

#define MAX_PARAMS 65535 /* the protocol's own limit */

/* A hook of several statements cannot leave in the extended protocol. */
static bool
is_single(const char *sql)
{
	const char *semicolon = strchr(sql, ';');

	return semicolon == NULL ||
		   semicolon[1 + strspn(semicolon + 1, " \t\r\n;")] == '\0';
}

static bool
send_execution(Conn *conn, const ConnRequest *request)
{
	char name[STATEMENT_NAME_MAX];

	if (request->protocol == PROTOCOL_PREPARED && !request->needs_parse)
	{
		conn_statement_name(conn, request->statement_id, name);
		return PQsendQueryPrepared(conn->pg, name, request->nparams,
								   request->params, NULL, NULL, 0) != 0;
	}
	if (request->protocol == PROTOCOL_SIMPLE)
		return PQsendQuery(conn->pg, request->sql) != 0;
	return PQsendQueryParams(conn->pg, request->sql, request->nparams, NULL,
							 request->params, NULL, NULL, 0) != 0;
}

static bool
send_sync(Conn *conn)
{
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
	return PQsendPipelineSync(conn->pg) != 0;
#else
	return PQpipelineSync(conn->pg) != 0;
#endif
}

static bool
send_prepare(Conn *conn, int statement_id, const char *sql)
{
	char name[STATEMENT_NAME_MAX];

	conn_statement_name(conn, statement_id, name);
	conn_mark_prepared(conn, statement_id, true);
	return PQsendPrepare(conn->pg, name, sql, 0, NULL) != 0;
}

static bool
send_plain(Conn *conn, const char *sql)
{
	return PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0) != 0;
}

/* BEGIN and the mark, prepared where the statements are. */
static bool
send_mark(Conn *conn, ConnRequest *request)
{
	const ConnMark *mark = request->mark;
	char name[STATEMENT_NAME_MAX];

	if (mark->begins)
	{
		request->parts |= PART_BEGIN;
		if (!send_plain(conn, "BEGIN"))
			return false;
	}
	request->parts |= PART_MARK;
	if (request->protocol != PROTOCOL_PREPARED)
		return PQsendQueryParams(conn->pg, mark->sql, mark->nparams, NULL,
								 mark->params, NULL, NULL, 0) != 0;
	if (!conn_is_prepared(conn, mark->statement_id))
	{
		request->parts |= PART_PREPARE_MARK;
		if (!send_prepare(conn, mark->statement_id, mark->sql))
			return false;
	}
	conn_statement_name(conn, mark->statement_id, name);
	return PQsendQueryPrepared(conn->pg, name, mark->nparams, mark->params,
							   NULL, NULL, 0) != 0;
}

static bool
must_prepare(const Conn *conn, const ConnRequest *request)
{
	return request->protocol == PROTOCOL_PREPARED && !request->needs_parse &&
		   !conn_is_prepared(conn, request->statement_id);
}

/* The statement, with Parse in front and COMMIT behind where they belong. */
static bool
send_statement(Conn *conn, ConnRequest *request)
{
	if (must_prepare(conn, request))
	{
		request->parts |= PART_PREPARE;
		if (!send_prepare(conn, request->statement_id, request->sql))
			return false;
	}
	request->parts |= PART_STATEMENT;
	if (!send_execution(conn, request))
		return false;
	if (!request->commits)
		return true;
	request->parts |= PART_COMMIT;
	return send_plain(conn, "COMMIT");
}

/*
 * Hook, mark, Parse and statement up to one Sync: one transaction, so that
 * nothing runs when what is in front of it fails.
 */
static bool
send_pipeline(Conn *conn, ConnRequest *request, bool with_statement)
{
	request->parts = 0;
	if (!PQenterPipelineMode(conn->pg))
		return false;
	if (request->hook != NULL)
	{
		request->parts |= PART_HOOK;
		if (!send_plain(conn, request->hook))
			return false;
	}
	if (request->needs_mark && !send_mark(conn, request))
		return false;
	if (with_statement && !send_statement(conn, request))
		return false;
	if ((request->parts & (0 - request->parts)) == PART_STATEMENT)
		conn_take_rows_singly(conn->pg); /* later it would be too late */
	request->parts |= PART_SYNC;
	if (!with_statement)
		request->parts |= PART_LATER;
	return send_sync(conn);
}

/*
 * However many rows there are, memory holds a few of them.  For a single row
 * this costs some 0.3 microseconds.
 */
void
conn_take_rows_singly(PGconn *pg)
{
#ifdef LIBPQ_HAS_CHUNK_MODE
	PQsetChunkedRowsMode(pg, 64);
#else
	PQsetSingleRowMode(pg);
#endif
}

/* May the hook share a pipeline with what follows it? */
static bool
hook_rides(const ConnRequest *request)
{
	return request->before_rides && is_single(request->hook) &&
		   request->protocol != PROTOCOL_SIMPLE;
}

static bool
send_alone(Conn *conn, ConnRequest *request)
{
	request->parts = PART_STATEMENT;
	if (!send_execution(conn, request))
		return false;
	conn_take_rows_singly(conn->pg);
	return true;
}

/* Behind what is under way, without waiting for it. */
static bool
send_ahead(Conn *conn, ConnRequest *request)
{
	request->parts = 0;
	if (!PQenterPipelineMode(conn->pg) ||
		(request->sql != NULL && !send_statement(conn, request)))
		return false;
	if (request == conn->first && request->parts == PART_STATEMENT)
		conn_take_rows_singly(conn->pg);
	/* its answer is to come when it is there, not with the Sync */
	if (request->flow == CONN_BATCH)
		return PQsendFlushRequest(conn->pg) != 0;
	request->parts |= PART_SYNC;
	return send_sync(conn);
}

/* All that can leave at once of what has not left yet. */
static bool
send_parts(Conn *conn, ConnRequest *request)
{
	if (request->hook != NULL &&
		(request->flow != CONN_ALONE || !hook_rides(request)))
	{
		request->parts = PART_HOOK | PART_LATER;
		return PQsendQuery(conn->pg, request->hook) != 0;
	}
	if (request->flow != CONN_ALONE)
		return send_ahead(conn, request);
	if (request->needs_mark &&
		(request->is_copy || request->protocol == PROTOCOL_SIMPLE))
		return send_pipeline(conn, request, false);
	if (request->hook != NULL || request->needs_mark || request->commits ||
		must_prepare(conn, request))
		return send_pipeline(conn, request, true);
	return send_alone(conn, request);
}

/* -------- writing -------- */

/* The server can begin with the first one, if it has been written. */
void
conn_begin_first(Conn *conn, int64_t time_ns)
{
	ConnRequest *request = conn->first;

	if (request == NULL || request->sent_ns == 0 || request->started_ns != 0)
		return;
	request->started_ns =
		time_ns > request->sent_ns ? time_ns : request->sent_ns;
	if (request->on_started != NULL)
		request->on_started(request);
}

static void
note_written(Conn *conn)
{
	int64_t now_ns = loop_look_ns(conn->loop);

	for (ConnRequest *r = conn->unflushed; r != NULL && r->is_sent;
		 r = r->next)
		r->sent_ns = now_ns;
	conn->unflushed = NULL;
	conn_begin_first(conn, now_ns);
}

/* Write what is left; false: the connection broke. */
bool
conn_flush(Conn *conn)
{
	int left = PQflush(conn->pg);

	conn->must_flush = false;
	if (left != 0)
	{
		loop_watch_set(conn->watch, LOOP_READ | LOOP_WRITE);
		return left > 0;
	}
	loop_watch_set(conn->watch, LOOP_READ);
	if (conn->unflushed != NULL)
		note_written(conn);
	return true;
}

/* More may be sent in this turn of the loop, and then leave with it. */
static void
flush_later(Conn *conn)
{
	conn->must_flush = true;
	loop_push(conn->loop, &conn->job);
}

/* The rest is told from the ready queue, not inside conn_submit. */
void
conn_digest_later(Conn *conn)
{
	conn->must_digest = true;
	loop_push(conn->loop, &conn->job);
}

/*
 * libpq would not send.  If it is only this statement (too many parameters,
 * say) nothing has left; else the connection is of no use any more.
 */
static void
send_failed(Conn *conn, ConnRequest *request)
{
	char line[512];

	if (request->flow == CONN_ALONE)
	{
		conn_text_line(line, sizeof(line), PQerrorMessage(conn->pg));
		err_set(conn_err(conn), ERR_SQL, "%s", line);
		request->has_failed = true;
		request->parts = 0;
		conn->may_retry = false;
	}
	else
		conn->is_useless = true;
	conn_digest_later(conn);
}

static bool
leaves_later(const ConnRequest *request)
{
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
	return request->flow == CONN_BATCH || request->flow == CONN_SHARED;
#else
	return request->flow == CONN_BATCH;
#endif
}

static void
send_or_fail(Conn *conn, ConnRequest *request, bool sent)
{
	if (!sent)
	{
		send_failed(conn, request);
		return;
	}
	if (conn->unflushed == NULL)
		conn->unflushed = request;
	if (leaves_later(request))
		flush_later(conn);
	else if (!conn_flush(conn))
		conn_digest_later(conn); /* libpq tells why with the results */
}

/* -------- the FIFO -------- */

static bool
leave_pipeline(Conn *conn)
{
	return PQpipelineStatus(conn->pg) == PQ_PIPELINE_OFF ||
		   PQexitPipelineMode(conn->pg) != 0;
}

static void
send_first_parts(Conn *conn, ConnRequest *request)
{
	bool fine = request->flow != CONN_ALONE || leave_pipeline(conn);

	request->generation = conn->generation;
	send_or_fail(conn, request, fine && send_parts(conn, request));
}

/* What was sent is answered: it is not sent again. */
void
conn_send_rest(Conn *conn, ConnRequest *request)
{
	request->hook = NULL;
	if (PQpipelineStatus(conn->pg) != PQ_PIPELINE_OFF)
	{
		request->needs_mark = false;
		PQexitPipelineMode(conn->pg);
	}
	send_first_parts(conn, request);
	conn_send_next(conn);
}

static void
send_request(Conn *conn, ConnRequest *request)
{
	request->is_sent = true;
	conn->unsent = request->next;
	conn->nsent++;
	request->in_transaction = request->flow == CONN_BATCH ||
							  (request->flow == CONN_ALONE &&
							   PQtransactionStatus(conn->pg) != PQTRANS_IDLE);
	request->hook = request->before_sql;
	if (request->hook == NULL && conn->lost_hook != NULL)
	{
		request->hook = conn->lost_hook;
		conn->lost_hook = NULL;
	}
	if (request->flow == CONN_SYNC)
		conn->batch_ended = false;
	if (conn->state == CONN_IDLE)
		conn_set_state(conn, CONN_BUSY);
	send_first_parts(conn, request);
	conn_arm_repoll(conn);
}

/* Alone or ahead of others' answers, but not into the midst of a hook. */
static bool
may_leave(const Conn *conn, const ConnRequest *request)
{
	const ConnRequest *first = conn->first;

	if (conn->nsent == 0)
		return true;
	return request->flow != CONN_ALONE && first->flow != CONN_ALONE &&
		   (first->parts & PART_LATER) == 0 && !conn->is_held &&
		   !conn->is_useless;
}

void
conn_send_now(Conn *conn)
{
	conn->must_send = false;
	while (conn->unsent != NULL && !conn->is_broken &&
		   may_leave(conn, conn->unsent))
	{
		ConnRequest *request = conn->unsent;

		if (conn->batch_ended && request->flow == CONN_BATCH)
		{
			request->is_aborted = true;
			conn_end_unsent(conn, request);
		}
		else
			send_request(conn, request);
	}
}

/*
 * Statements that share leave in one go: those that are placed here in this
 * turn of the loop, and not before the server has worked off most of what it
 * has.  A server process that is fed one statement at a time falls asleep
 * after each, and to wake it costs more than a short statement.
 */
void
conn_send_next(Conn *conn)
{
	if (conn->unsent == NULL || conn->unsent->flow != CONN_SHARED)
		conn_send_now(conn);
	else if (conn->nsent <= conn->low_water)
	{
		conn->must_send = true;
		loop_push(conn->loop, &conn->job);
	}
}

static void
append_ended(Conn *conn, ConnRequest *request)
{
	request->next = NULL;
	if (conn->ended == NULL)
		conn->ended = request;
	else
		conn->ended_last->next = request;
	conn->ended_last = request;
	loop_push(conn->loop, &conn->job);
}

static void
append(Conn *conn, ConnRequest *request)
{
	request->next = NULL;
	request->parts = 0;
	request->is_sent = false;
	request->has_failed = false;
	request->sent_ns = 0;
	request->error_position = 0;
	if (conn->first == NULL)
		conn->first = request;
	else
		conn->last->next = request;
	conn->last = request;
	if (conn->unsent == NULL)
		conn->unsent = request;
}

/* Its end is told from the ready queue. */
void
conn_end_unsent(Conn *conn, ConnRequest *request)
{
	ConnRequest *before = NULL;
	ConnRequest *r = conn->first;

	while (r != request)
	{
		before = r;
		r = r->next;
	}
	if (before == NULL)
		conn->first = request->next;
	else
		before->next = request->next;
	if (conn->last == request)
		conn->last = before;
	if (conn->unsent == request)
		conn->unsent = request->next;
	append_ended(conn, request);
}

/* A second time, now that it failed for a reason that is not its own. */
void
conn_send_again(Conn *conn, ConnRequest *request)
{
	request->is_retry = true;
	request->needs_parse = request->flow == CONN_SHARED;
	if (request->flow == CONN_ALONE)
	{
		request->has_failed = false;
		send_first_parts(conn, request);
		return;
	}
	append(conn, request);
	conn_send_next(conn);
}

void
conn_submit(Conn *conn, ConnRequest *request)
{
	request->hook = NULL;
	request->needs_mark = request->mark != NULL;
	request->is_retry = false;
	request->needs_parse = false;
	request->is_canceled = false;
	request->is_aborted = false;
	request->started_ns = 0;
	if (request->protocol == PROTOCOL_PREPARED && conn->target->is_pooler)
		request->protocol = PROTOCOL_EXTENDED;
	append(conn, request);
	if (conn->is_broken)
		conn_end_unsent(conn, request);
	else if (request->flow != CONN_ALONE && request->nparams > MAX_PARAMS)
	{
		/* libpq would refuse, and leave a pipeline that is half sent */
		request->has_failed = true;
		conn->batch_ended = request->flow == CONN_BATCH;
		conn_end_unsent(conn, request);
	}
	else
		conn_send_next(conn);
}
