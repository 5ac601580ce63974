/*
 * conn_send.c
 *	  Requests out.
 *
 * Requests wait in a FIFO whose first nsent have left; "depth" is how many
 * may.  A request leaves in parts, each answered in turn: the acquire hook,
 * the mark, Parse, the statement, Sync.  Several parts leave in one flush
 *through libpq's pipeline mode; a statement alone leaves without it, which is
 * cheaper.
 */
#include "conn_private.h"

#include <string.h>

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

	if (request->protocol == PROTOCOL_PREPARED)
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

/* The statement, with Parse in front and COMMIT behind where they belong. */
static bool
send_statement(Conn *conn, ConnRequest *request)
{
	if (request->protocol == PROTOCOL_PREPARED &&
		!conn_is_prepared(conn, request->statement_id))
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
	return PQpipelineSync(conn->pg) != 0;
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

/* All that can leave at once of what has not left yet. */
static bool
send_parts(Conn *conn, ConnRequest *request)
{
	bool is_prepared = request->protocol != PROTOCOL_PREPARED ||
					   conn_is_prepared(conn, request->statement_id);

	if (request->hook != NULL && !hook_rides(request))
	{
		request->parts = PART_HOOK | PART_LATER;
		return PQsendQuery(conn->pg, request->hook) != 0;
	}
	if (request->needs_mark &&
		(request->is_copy || request->protocol == PROTOCOL_SIMPLE))
		return send_pipeline(conn, request, false);
	if (request->hook != NULL || request->needs_mark || request->commits ||
		!is_prepared)
		return send_pipeline(conn, request, true);
	return send_alone(conn, request);
}

/* Write what is left; false: the connection broke. */
bool
conn_flush(Conn *conn)
{
	int left = PQflush(conn->pg);
	int64_t now_ns;

	if (left != 0)
	{
		loop_watch_set(conn->watch, LOOP_READ | LOOP_WRITE);
		return left > 0;
	}
	loop_watch_set(conn->watch, LOOP_READ);
	if (conn->nsent == 0 || conn->first->sent_ns != 0)
		return true;
	now_ns = loop_look_ns(conn->loop);
	for (ConnRequest *r = conn->first; r != NULL && r->is_sent; r = r->next)
	{
		if (r->sent_ns != 0)
			continue;
		r->sent_ns = now_ns;
		if (r->on_sent != NULL)
			r->on_sent(r);
	}
	return true;
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

	conn_text_line(line, sizeof(line), PQerrorMessage(conn->pg));
	err_set(conn_err(conn), ERR_SQL, "%s", line);
	request->has_failed = true;
	request->parts = 0;
	conn->may_retry = false;
	conn_digest_later(conn);
}

static void
send_or_fail(Conn *conn, ConnRequest *request, bool sent)
{
	if (!sent)
		send_failed(conn, request);
	else if (!conn_flush(conn))
		conn_digest_later(conn); /* libpq tells why with the results */
}

void
conn_send_parts(Conn *conn, ConnRequest *request)
{
	send_or_fail(conn, request, send_parts(conn, request));
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
	conn_send_parts(conn, request);
}

static void
send_request(Conn *conn, ConnRequest *request)
{
	request->is_sent = true;
	conn->nsent++;
	request->in_transaction = PQtransactionStatus(conn->pg) != PQTRANS_IDLE;
	request->hook = request->before_sql;
	if (request->hook == NULL && conn->lost_hook != NULL)
	{
		request->hook = conn->lost_hook;
		conn->lost_hook = NULL;
	}
	if (conn->state == CONN_IDLE)
		conn_set_state(conn, CONN_BUSY);
	conn_send_parts(conn, request);
	conn_arm_repoll(conn);
}

void
conn_send_next(Conn *conn)
{
	while (conn->nsent < conn->depth && !conn->is_broken)
	{
		ConnRequest *request = conn->first;

		while (request != NULL && request->is_sent)
			request = request->next;
		if (request == NULL)
			return;
		send_request(conn, request);
	}
}

void
conn_submit(Conn *conn, ConnRequest *request)
{
	request->next = NULL;
	request->parts = 0;
	request->hook = NULL;
	request->needs_mark = request->mark != NULL;
	request->is_sent = false;
	request->has_failed = false;
	request->is_retry = false;
	request->is_canceled = false;
	request->sent_ns = 0;
	request->error_position = 0;
	if (request->protocol == PROTOCOL_PREPARED && conn->target->is_pooler)
		request->protocol = PROTOCOL_EXTENDED;
	if (conn->is_broken)
	{
		request->next = conn->ended;
		conn->ended = request;
		loop_push(conn->loop, &conn->job);
		return;
	}
	if (conn->first == NULL)
		conn->first = request;
	else
		conn->last->next = request;
	conn->last = request;
	conn_send_next(conn);
}
