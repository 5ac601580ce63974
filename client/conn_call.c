/*
 * conn_call.c
 *	  The same requests as calls that really block: PQexec and its family.
 *
 * Between conn_call_begin and conn_call_end the connection is CONN_AWAY: its
 * PGconn and the results here belong to the thread that runs the call; only
 * what interrupts it (the PGcancel and the atomics) is read by the control
 * thread.  Notices are kept and told afterwards on the loop.
 */
#include "conn_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define AGAIN_NS (500 * NS_PER_MS)
#define MAX_NOTICES 100 /* of one call; the rest are dropped */

typedef struct CallNotice
{
	char *severity;
	char *text;
} CallNotice;

struct ConnCall
{
#ifdef LIBPQ_HAS_ASYNC_CANCEL
	PGcancelConn *cancel;
#else
	PGcancel *cancel;
#endif
	bool holds_loop;
	bool has_run;
	PGresult **results;
	int nresults;
	int results_cap;
	CallNotice *notices;
	int nnotices;
	int ndropped;
	bool is_away;				  /* between begin and end; target->lock */
	atomic_int_fast64_t begun_ns; /* 0: not running */
	atomic_int_fast64_t interrupted_ns; /* 0: not asked to end */
	atomic_int blocker_number; /* the connection it would wait for in vain */
	atomic_int blocker_pid;
};

void
conn_call_notice(Conn *conn, const char *severity, const char *text)
{
	ConnCall *call = conn->call;

	if (call->nnotices == MAX_NOTICES)
	{
		call->ndropped++;
		return;
	}
	if (call->notices == NULL)
		call->notices = mem_alloc(MAX_NOTICES * sizeof(CallNotice));
	call->notices[call->nnotices].severity = mem_strdup(severity);
	call->notices[call->nnotices].text = mem_strdup(text);
	call->nnotices++;
}

static void
tell_notices(Conn *conn)
{
	ConnCall *call = conn->call;
	char text[80];

	for (int i = 0; i < call->nnotices; i++)
	{
		conn_tell(conn, call->notices[i].severity, call->notices[i].text);
		free(call->notices[i].severity);
		free(call->notices[i].text);
	}
	call->nnotices = 0;
	if (call->ndropped > 0)
	{
		snprintf(text, sizeof(text), "%d more notices of one blocking call",
				 call->ndropped);
		conn_tell(conn, "NOTICE", text);
		call->ndropped = 0;
	}
}

void
conn_call_free(Conn *conn)
{
	ConnCall *call = conn->call;

	if (call == NULL)
		return;
#ifdef LIBPQ_HAS_ASYNC_CANCEL
	PQcancelFinish(call->cancel);
#else
	PQfreeCancel(call->cancel);
#endif
	free(call->results);
	free(call->notices);
	free(call);
	conn->call = NULL;
}

/* Made once: what interrupts must not look at a PGconn that is in use. */
static void
call_make(Conn *conn)
{
	conn->call = mem_alloc(sizeof(ConnCall));
#ifdef LIBPQ_HAS_ASYNC_CANCEL
	conn->call->cancel = PQcancelCreate(conn->pg);
#else
	conn->call->cancel = PQgetCancel(conn->pg);
#endif
}

void
conn_call_begin(Conn *conn, ConnRequest *request, bool holds_loop)
{
	ConnCall *call;

	assert(conn->first == NULL);
	pthread_mutex_lock(&conn->target->lock);
	if (conn->call == NULL)
		call_make(conn);
	call = conn->call;
	call->holds_loop = holds_loop;
	call->is_away = true;
	pthread_mutex_unlock(&conn->target->lock);
	call->has_run = false;
	atomic_store(&call->interrupted_ns, 0);
	atomic_store(&call->blocker_number, 0);
	request->has_failed = false;
	request->error_position = 0;
	request->arrived_ns = 0;
	if (request->protocol == PROTOCOL_PREPARED && conn->target->is_pooler)
		request->protocol = PROTOCOL_EXTENDED;
	request->hook =
		request->before_sql != NULL ? request->before_sql : conn->lost_hook;
	request->needs_mark = request->mark != NULL;
	conn->lost_hook = NULL;
	if (conn->is_broken)
		return;
	if (PQpipelineStatus(conn->pg) != PQ_PIPELINE_OFF)
		PQexitPipelineMode(conn->pg);
	conn_unwatch(conn);
	conn_set_state(conn, CONN_AWAY);
}

/* -------- on the thread of the call -------- */

static void
keep(ConnCall *call, PGresult *result)
{
	if (result == NULL)
		return;
	if (call->nresults == call->results_cap)
	{
		call->results_cap = call->results_cap > 0 ? call->results_cap * 2 : 4;
		call->results = mem_realloc(call->results, (size_t) call->results_cap *
													   sizeof(PGresult *));
	}
	call->results[call->nresults++] = result;
}

/* COPY leaves the connection in the middle of something: end that. */
static PGresult *
finish_copy(PGconn *pg, PGresult *result)
{
	char *row;

	while (PQresultStatus(result) == PGRES_COPY_OUT &&
		   PQgetCopyData(pg, &row, 0) > 0)
		PQfreemem(row);
	if (PQresultStatus(result) == PGRES_COPY_IN)
		conn_refuse_copy(pg);
	return PQgetResult(pg);
}

static bool
is_copy(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_COPY_IN ||
		   PQresultStatus(result) == PGRES_COPY_OUT;
}

/* Take a result; false: it is an error. */
static bool
take(Conn *conn, PGresult *result)
{
	keep(conn->call, result);
	while (is_copy(result))
	{
		result = finish_copy(conn->pg, result);
		keep(conn->call, result);
		while ((result = PQgetResult(conn->pg)) != NULL)
			keep(conn->call, result);
	}
	result = conn->call->nresults > 0
				 ? conn->call->results[conn->call->nresults - 1]
				 : NULL;
	return result != NULL && !conn_result_failed(result);
}

/*
 * PQexec hands out the last result only; where there may be several they are
 * taken one by one, which blocks in the same manner.
 */
static bool
run_simple(Conn *conn, const char *sql)
{
	bool worked = true;
	PGresult *result;

	if (strchr(sql, ';') == NULL)
		return take(conn, PQexec(conn->pg, sql));
	if (!PQsendQuery(conn->pg, sql))
		return false;
	while ((result = PQgetResult(conn->pg)) != NULL)
		worked = take(conn, result) && worked;
	return worked;
}

static bool
run_prepared(Conn *conn, int statement_id, const char *sql, int nparams,
			 const char *const *params)
{
	char name[STATEMENT_NAME_MAX];
	PGresult *result;

	conn_statement_name(conn, statement_id, name);
	if (!conn_is_prepared(conn, statement_id))
	{
		result = PQprepare(conn->pg, name, sql, 0, NULL);
		if (conn_result_failed(result))
			return take(conn, result);
		PQclear(result);
		conn_mark_prepared(conn, statement_id, true);
	}
	return take(
		conn, PQexecPrepared(conn->pg, name, nparams, params, NULL, NULL, 0));
}

static bool
run_params(Conn *conn, const char *sql, int nparams, const char *const *params)
{
	return take(conn, PQexecParams(conn->pg, sql, nparams, NULL, params, NULL,
								   NULL, 0));
}

static bool
run_statement(Conn *conn, const ConnRequest *request)
{
	switch (request->protocol)
	{
		case PROTOCOL_SIMPLE:
			return run_simple(conn, request->sql);
		case PROTOCOL_EXTENDED:
			return run_params(conn, request->sql, request->nparams,
							  request->params);
		case PROTOCOL_PREPARED:
			return run_prepared(conn, request->statement_id, request->sql,
								request->nparams, request->params);
	}
	return false;
}

static void
drop_results(ConnCall *call)
{
	for (int i = 0; i < call->nresults; i++)
		PQclear(call->results[i]);
	call->nresults = 0;
}

static bool
run_hook(Conn *conn, ConnRequest *request)
{
	if (request->hook == NULL)
		return true;
	if (!run_simple(conn, request->hook))
		return false;
	request->hook = NULL;
	drop_results(conn->call);
	return true;
}

/* It is always one that stays open: a call commits by a call of its own. */
static bool
run_mark(Conn *conn, ConnRequest *request)
{
	const ConnMark *mark = request->mark;
	bool worked;

	if (mark == NULL)
		return true;
	assert(mark->begins);
	worked = run_simple(conn, "BEGIN") &&
			 (request->protocol == PROTOCOL_PREPARED
				  ? run_prepared(conn, mark->statement_id, mark->sql,
								 mark->nparams, mark->params)
				  : run_params(conn, mark->sql, mark->nparams, mark->params));
	if (!worked)
		return false;
	request->needs_mark = false;
	drop_results(conn->call);
	return true;
}

void
conn_call_run(Conn *conn, ConnRequest *request)
{
	ConnCall *call = conn->call;
	bool is_alone;

	if (conn->is_broken)
		return;
	call->has_run = true;
	atomic_store(&call->begun_ns, loop_now_ns(conn->loop));
	request->sent_ns = atomic_load(&call->begun_ns);
	is_alone =
		PQtransactionStatus(conn->pg) == PQTRANS_IDLE && request->mark == NULL;
	assert(!request->commits);
	if (run_hook(conn, request) && run_mark(conn, request) &&
		!run_statement(conn, request) && is_alone &&
		request->protocol == PROTOCOL_PREPARED && call->nresults > 0 &&
		conn_retry_helps(call->results[call->nresults - 1]))
	{
		drop_results(call);
		conn_forget_prepared(conn);
		run_statement(conn, request);
	}
	request->arrived_ns = loop_now_ns(conn->loop);
	atomic_store(&call->begun_ns, 0);
}

/* -------- back on the loop -------- */

/* The control thread stopped it because it could never have ended. */
static void
lock_err(Conn *conn, Err *err)
{
	int number = atomic_load(&conn->call->blocker_number);
	const char *name = NULL;

	for (Conn *c = conn->target->conns; c != NULL; c = c->next)
		if (c->number == number)
			name = c->owner_name;
	err_set(
		err, ERR_SQL,
		"%s%s%swaits for a lock that connection %d (%s%s, pid %d) of this run holds while this blocking step holds the loop: it could never end",
		conn->owner_name != NULL ? "task " : "",
		conn->owner_name != NULL ? conn->owner_name : "",
		conn->owner_name != NULL ? " " : "", number,
		name != NULL ? "task " : "no task", name != NULL ? name : "",
		atomic_load(&conn->call->blocker_pid));
	err_hint(
		err,
		"make this step async or \\thread, or end the other task's transaction first");
}

static void
call_failed(Conn *conn, ConnRequest *request, const PGresult *result, Err *err)
{
	request->has_failed = true;
	conn_result_err(result, err, &request->error_position);
	if (request->hook != NULL || request->needs_mark)
	{
		err_prefix(err, request->hook != NULL ? "acquire hook: " : "ledger: ");
		request->error_position = 0;
	}
	if (request->hook == NULL && request->needs_mark &&
		strcmp(err->sqlstate, "23505") == 0)
		request->mark->is_refused = true;
	if (strcmp(err->sqlstate, "57014") == 0 &&
		atomic_load(&conn->call->blocker_number) != 0)
		lock_err(conn, err);
}

static void
copy_err(Err *err)
{
	err_set(err, ERR_SQL,
			"COPY FROM STDIN wants rows, and a plan has none to send");
	err_hint(err,
			 "use INSERT, or let the server read a file: COPY … FROM '/path'");
}

static void
take_call_result(Conn *conn, ConnRequest *request, PGresult *result, Err *err)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COPY_IN && !request->has_failed)
	{
		request->has_failed = true;
		copy_err(err);
	}
	if (conn_result_failed(result) && !request->has_failed)
		call_failed(conn, request, result, err);
	if (conn_result_forgets(result))
		conn_forget_prepared(conn);
	request->keep_result = false;
	if (!request->has_failed && !is_copy(result) && request->on_result != NULL)
		request->on_result(request, result);
	if (!request->keep_result)
		PQclear(result);
}

static void
take_call_results(Conn *conn, ConnRequest *request, Err *err)
{
	ConnCall *call = conn->call;

	if (!call->has_run)
	{
		request->has_failed = true;
		err_set(err, ERR_CANCEL, "canceled before it was sent");
	}
	else if (call->nresults == 0)
	{
		char line[512];

		request->has_failed = true;
		conn_text_line(line, sizeof(line), PQerrorMessage(conn->pg));
		err_set(err, ERR_SQL, "%s", line);
	}
	for (int i = 0; i < call->nresults; i++)
		take_call_result(conn, request, call->results[i], err);
	call->nresults = 0;
}

/* Give the socket back to the loop, if it is still good. */
static void
call_return(Conn *conn, ConnRequest *request, Err *err)
{
	if (PQstatus(conn->pg) == CONNECTION_BAD)
	{
		request->has_failed = true;
		conn_lost_err(conn, err);
		conn_break(conn, err);
		return;
	}
	conn_watch(conn, LOOP_READ, conn_on_ready);
	conn_set_state(conn, CONN_IDLE);
	conn->lost_hook = request->has_failed ? request->hook : NULL;
}

void
conn_call_end(Conn *conn, ConnRequest *request)
{
	Err err = {.kind = ERR_NONE};

	/* a cancel that the control thread has begun must not hit what is next */
	pthread_mutex_lock(&conn->target->lock);
	conn->call->is_away = false;
	pthread_mutex_unlock(&conn->target->lock);
	conn_enter(conn);
	if (conn->is_broken)
	{
		request->has_failed = true;
		conn_lost_err(conn, &err);
	}
	else
	{
		take_call_results(conn, request, &err);
		call_return(conn, request, &err);
	}
	tell_notices(conn);
	request->on_done(request, request->has_failed ? &err : NULL);
	conn_leave(conn);
}

/* -------- control thread -------- */

void
conn_call_interrupt(Conn *conn)
{
	ConnCall *call = conn->call;

	atomic_store(&call->interrupted_ns, loop_now_ns(conn->loop));
#ifdef LIBPQ_HAS_ASYNC_CANCEL
	PQcancelBlocking(call->cancel);
	PQcancelReset(call->cancel);
#else
	{
		char error[256];

		PQcancel(call->cancel, error, (int) sizeof(error));
	}
#endif
}

int64_t
conn_call_begun_ns(const Conn *conn, bool *holds_loop)
{
	if (conn->call == NULL)
		return 0;
	*holds_loop = conn->call->holds_loop;
	return atomic_load(&conn->call->begun_ns);
}

bool
conn_call_is_away(const Conn *conn)
{
	return conn->call != NULL && conn->call->is_away;
}

/* A cancel that came before its statement did nothing. */
void
conn_call_interrupt_again(Conn *conn, int64_t now_ns)
{
	int64_t asked_ns;

	if (conn->call == NULL || atomic_load(&conn->call->begun_ns) == 0)
		return;
	asked_ns = atomic_load(&conn->call->interrupted_ns);
	if (asked_ns != 0 && now_ns - asked_ns > AGAIN_NS)
		conn_call_interrupt(conn);
}

void
conn_call_break_lock(Conn *conn, int blocker_number, int blocker_pid)
{
	atomic_store(&conn->call->blocker_pid, blocker_pid);
	atomic_store(&conn->call->blocker_number, blocker_number);
	conn_call_interrupt(conn);
}
