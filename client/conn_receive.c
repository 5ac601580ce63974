/*
 * conn_receive.c
 *	  Results in: which part of which request they answer.
 */
#include "conn_private.h"

#include <string.h>

#include "mem.h"

#define CANCEL_TURN_NS (10 * NS_PER_MS)

static const char *
part_name(unsigned part)
{
	return part == PART_HOOK	 ? "acquire hook"
		   : part >= PART_COMMIT ? "COMMIT"
								 : "ledger";
}

/* The first error of a request is the one that counts. */
static void
record_failure(Conn *conn, ConnRequest *request, const PGresult *result,
			   unsigned part)
{
	const char *severity;
	Err *err;
	int position = 0;

	if (part == PART_PREPARE)
		conn_mark_prepared(conn, request->statement_id, false);
	if (part == PART_PREPARE_MARK)
		conn_mark_prepared(conn, request->mark->statement_id, false);
	if (request->has_failed)
		return;
	request->has_failed = true;
	err = conn_err(conn);
	conn->may_retry = false;
	if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
	{
		request->is_aborted = true;
		conn_aborted_err(err);
		return;
	}
	if (conn_is_lost(conn) &&
		PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL)
		conn_lost_err(conn, err); /* libpq's own words */
	else
		conn_result_err(result, err, &position);
	conn->may_retry = request->protocol == PROTOCOL_PREPARED &&
					  part != PART_HOOK && conn_retry_helps(result);
	if ((part > 0 && part < PART_PREPARE) || part >= PART_COMMIT)
		err_prefix(err, "%s: ", part_name(part));
	else
		request->error_position = position;
	if (part == PART_MARK && strcmp(err->sqlstate, "23505") == 0)
		request->mark->is_refused = true;
	severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (severity != NULL && strcmp(severity, "ERROR") != 0 &&
		err->kind != ERR_LOST)
	{
		if (conn->farewell == NULL) /* for those behind it */
			conn->farewell = mem_dup(err, sizeof(*err));
		err->kind = ERR_LOST;
		err_prefix(err, "the connection was lost: ");
	}
}

static void
refuse_copy(Conn *conn, ConnRequest *request)
{
	if (!request->has_failed)
	{
		Err *err = conn_err(conn);

		err_set(err, ERR_SQL,
				"COPY FROM STDIN wants rows, and a plan has none to send");
		err_hint(
			err,
			"use INSERT, or let the server read a file: COPY … FROM '/path'");
		request->has_failed = true;
		conn->may_retry = false;
	}
	conn_refuse_copy(conn->pg);
	if (!conn_flush(conn))
		conn_digest_later(conn);
}

/* Rows of COPY TO STDOUT: nobody takes them. False: more is to come. */
static bool
drop_copy_rows(Conn *conn)
{
	char *row;
	int len;

	while ((len = PQgetCopyData(conn->pg, &row, 1)) > 0)
		PQfreemem(row);
	return len != 0;
}

static void
take_statement_result(Conn *conn, ConnRequest *request, PGresult *result)
{
	if (conn_result_forgets(result))
		conn_forget_prepared(conn);
	request->keep_result = false;
	if (request->on_result != NULL)
		request->on_result(request, result);
}

/* One result; false: wait for more input. */
bool
conn_take_result(Conn *conn, ConnRequest *request, PGresult *result)
{
	unsigned part = request->parts & (0 - request->parts);
	bool go_on = true;
	bool keep = false;

	switch (PQresultStatus(result))
	{
		case PGRES_PIPELINE_SYNC:
			request->parts &= ~part;
			break;
		case PGRES_COPY_IN:
		case PGRES_COPY_BOTH:
			refuse_copy(conn, request);
			break;
		case PGRES_COPY_OUT:
			go_on = drop_copy_rows(conn);
			break;
		default:
			if (conn_result_failed(result))
				record_failure(conn, request, result, part);
			else if (part == PART_STATEMENT)
			{
				take_statement_result(conn, request, result);
				keep = request->keep_result;
			}
			else if (conn_result_forgets(result))
				conn_forget_prepared(conn);
	}
	if (!keep)
		PQclear(result);
	return go_on;
}

/* NULL: a part is answered.  False: nothing more can be had now. */
static bool
take_end_of_part(Conn *conn, ConnRequest *request)
{
	unsigned part = request->parts & (0 - request->parts);

	/*
	 * Its own result ends it.  When the implicit transaction could not be
	 * committed there is an error in front of that, which has an end, too.
	 */
	if (part == PART_SYNC)
		return !conn_is_lost(conn);
	request->parts &= ~part;
	if ((request->parts & (0 - request->parts)) == PART_STATEMENT)
		conn_take_rows_singly(conn->pg);
	return true;
}

/* What had to be answered first is answered. */
static void
send_later(Conn *conn, ConnRequest *request)
{
	request->parts = 0;
	if (request->has_failed)
		return;
	if (request->is_canceled)
	{
		request->hook = NULL; /* done, in a transaction of its own */
		err_set(conn_err(conn), ERR_CANCEL, "canceled before it was sent");
		request->has_failed = true;
		return;
	}
	conn_send_rest(conn, request);
}

void
conn_take_results(Conn *conn)
{
	while (conn->nsent > 0 && !conn->is_held && !PQisBusy(conn->pg))
	{
		ConnRequest *request = conn->first;
		PGresult *result = PQgetResult(conn->pg);

		if (result == NULL ? !take_end_of_part(conn, request)
						   : !conn_take_result(conn, request, result))
			return;
		if (request->parts == PART_LATER)
			send_later(conn, request);
		if (request->parts == 0 && !conn->must_digest)
			conn_request_answered(conn, request);
	}
}

/* -------- the end of a request -------- */

/* Take the first off the FIFO; the caller tells. */
static void
take_off(Conn *conn, ConnRequest *request)
{
	conn->first = request->next;
	conn->nsent--;
	if (conn->unflushed == request)
		conn->unflushed = request->next != NULL && request->next->is_sent
							  ? request->next
							  : NULL;
	if (conn->nsent == 0)
		conn->must_digest = false;
	if (conn->cancel_until_ns != LOOP_NEVER || conn->must_poll)
	{
		conn->cancel_until_ns = LOOP_NEVER;
		loop_timer_clear(conn->loop, &conn->timer);
	}
}

/*
 * The next has the connection to itself.  One that was asked to stop is given
 * a moment to end by itself: to cancel it costs more than it may take.
 */
static void
begin_next(Conn *conn, int64_t time_ns)
{
	const ConnRequest *next = conn->first;

	if (conn->nsent == 0)
		return;
	if ((next->parts & (0 - next->parts)) == PART_STATEMENT)
		conn_take_rows_singly(conn->pg);
	conn_arm_repoll(conn);
	conn_begin_first(conn, time_ns);
	if (next->is_canceled)
		conn_cancel_first(conn, CANCEL_TURN_NS);
}

/* The one way out of the FIFO while the connection works. */
static void
request_end(Conn *conn, ConnRequest *request, const Err *err)
{
	int64_t arrived_ns = request->arrived_ns;

	take_off(conn, request);
	if (conn->nsent == 0)
		conn_set_state(conn, CONN_IDLE);
	else if (conn->state == CONN_CANCELING)
		conn_set_state(conn, CONN_BUSY);
	if (request->flow == CONN_BATCH && err != NULL &&
		PQpipelineStatus(conn->pg) == PQ_PIPELINE_OFF)
		conn->batch_ended = true; /* its hook failed: it never left */
	request->on_done(request, err);
	if (conn->is_closing)
		return;
	begin_next(conn, arrived_ns);
	conn_send_next(conn);
}

/*
 * Stopped by a cancel that was meant for the one in front of it.  The server
 * has sent its signal when the cancel is over, which may still be on its way;
 * more than one may hit the same statement, each at most once.
 */
#define SIGNAL_DELAY_NS (20 * NS_PER_MS)

static bool
was_hit(const Conn *conn, const ConnRequest *request)
{
	return request->flow == CONN_SHARED &&
		   strcmp(conn->err->sqlstate, "57014") == 0 &&
		   (conn->cancel != NULL ||
			request->sent_ns <= conn->cancel_ended_ns + SIGNAL_DELAY_NS);
}

/*
 * Once more: what failed because a prepared statement has gone bad, with
 * names anew, and what was stopped by mistake.  Either was rolled back, and
 * others' answers may be under way, so that it follows behind them.
 */
static bool
retry(Conn *conn, ConnRequest *request)
{
	bool is_stale = request->has_failed && conn->may_retry;

	if (is_stale && request->generation == conn->generation)
		conn_forget_prepared(conn);
	if (!request->has_failed || request->is_canceled ||
		request->in_transaction ||
		(request->mark != NULL && request->mark->begins) ||
		(is_stale ? request->is_retry : !was_hit(conn, request)))
		return false;
	if (request->flow != CONN_ALONE)
	{
		take_off(conn, request);
		begin_next(conn, request->arrived_ns);
	}
	conn_send_again(conn, request);
	return true;
}

/*
 * Everything was read.  While a cancel is under way it could still hit the
 * next statement, so the end of the last one is told only after it.
 */
void
conn_request_answered(Conn *conn, ConnRequest *request)
{
	if (!conn->is_held)
		request->arrived_ns = loop_event_ns(conn->loop);
	if (conn_is_lost(conn) && request->has_failed)
	{
		conn_lose(conn);
		return;
	}
	if (request->flow == CONN_ALONE &&
		PQpipelineStatus(conn->pg) != PQ_PIPELINE_OFF)
		PQexitPipelineMode(conn->pg);
	conn->is_held = conn->cancel != NULL && conn->nsent == 1;
	if (conn->is_held || retry(conn, request))
		return;
	conn->lost_hook = request->has_failed ? request->hook : NULL;
	request_end(conn, request, request->has_failed ? conn->err : NULL);
}
