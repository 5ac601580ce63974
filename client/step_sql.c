/*
 * step_sql.c
 *	  An SQL statement: its request, from the lease to the end.
 *
 * A step waits for its lease, then for the answer.  The work of a slot keeps
 * the request and what it points to, so that a step used again and again
 * allocates nothing.  Parameters are the variables' own text: no copies.
 */
#include "step_sql_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "attempt.h"
#include "conn_pool.h"
#include "ledger.h"
#include "mem.h"

#define KEPT_BYTES (64 * 1024) /* of a statement's memory between two uses */

Err *
sql_work_err(SqlWork *work)
{
	if (work->err == NULL)
		work->err = mem_alloc(sizeof(Err));
	return work->err;
}

/* -------- the request -------- */

static bool
build_params(const Step *step, Err *err)
{
	const PlanSql *sql = &step->plan->sql;
	const Vars *vars = &step->task->vars;
	SqlWork *work = step->sql;

	if (sql->nbinds > work->params_cap)
	{
		size_t n = (size_t) sql->nbinds;

		work->params = mem_realloc(work->params, n * sizeof(*work->params));
		work->scratch = mem_realloc(work->scratch, n * VALUE_SCRATCH);
		work->params_cap = sql->nbinds;
	}
	for (int i = 0; i < sql->nbinds; i++)
	{
		const Value *value = vars_get(vars, sql->bind_symbols[i]);
		size_t len;

		if (value == NULL)
			return vars_undefined(vars, sql->bind_symbols[i], err);
		work->params[i] = value_text(value, work->scratch[i], &len);
		if (work->params[i] != NULL && strlen(work->params[i]) != len)
			return err_set(
				err, ERR_DATA,
				"variable \"%s\" has a NUL byte, which cannot be sent as text",
				vars->symbols->names[sql->bind_symbols[i]]);
	}
	return true;
}

static bool
build_text(const Step *step, Protocol protocol, Err *err)
{
	const PlanSql *sql = &step->plan->sql;
	SqlWork *work = step->sql;
	bool paste = protocol == PROTOCOL_SIMPLE;

	if (sql->text.is_fixed && (!paste || sql->nbinds == 0))
	{
		work->request.sql = sql->text.fixed_text;
		return true;
	}
	buf_reset(&work->text);
	if (!template_expand(&sql->text, &step->task->vars, paste, &work->text,
						 err))
		return false;
	work->request.sql = work->text.data;
	return true;
}

/*
 * A text that changes cannot be prepared under one name; COPY's answers
 * cannot come through a pipeline; several statements need the simple one.
 */
static Protocol
choose_protocol(const Step *step)
{
	const PlanSql *sql = &step->plan->sql;
	Protocol protocol = step->task->engine->protocol;

	if (sql->is_compound && sql->nbinds == 0)
		return PROTOCOL_SIMPLE;
	if (protocol == PROTOCOL_PREPARED &&
		(!sql->text.is_fixed || strcmp(sql->verb, "COPY") == 0))
		return PROTOCOL_EXTENDED;
	return protocol;
}

/* May the statement share a transaction with the hook in front of it? */
static bool
hook_may_ride(const PlanSql *sql)
{
	static const char *const verbs[] = {"SELECT", "INSERT", "UPDATE", "DELETE",
										"MERGE",  "VALUES", "TABLE",  "WITH"};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(sql->verb, verbs[i]) == 0)
			return !sql->is_compound;
	return false;
}

static bool
refuse_binds(const Step *step, Err *err)
{
	const PlanSql *sql = &step->plan->sql;
	const char *name = step->task->vars.symbols->names[sql->bind_symbols[0]];

	err_set(err, ERR_PLAN, "%s takes no parameters, so :%s cannot stand here",
			sql->verb, name);
	err_hint(
		err,
		"write :'%s' for a quoted literal or :\"%s\" for a quoted identifier",
		name, name);
	if (sql->bind_place.line > 0)
		plan_place(step->task->engine->plan, sql->bind_place, err);
	return false;
}

static void on_commit_result(ConnRequest *request, PGresult *result);

/* Its results may tell how long the server was at it, or none was seen yet. */
static bool
may_tell_span(const Step *step)
{
	return step->task->engine->span_columns[step->plan->index] !=
		   SPAN_COLUMNS_LACK;
}

static bool
build_request(Step *step, Err *err)
{
	const PlanSql *sql = &step->plan->sql;
	ConnRequest *request = &step->sql->request;

	request->flow = step->shares				   ? CONN_SHARED
					: step->task->pipeline != NULL ? CONN_BATCH
												   : CONN_ALONE;
	request->protocol = choose_protocol(step);
	if (sql->takes_no_binds && sql->nbinds > 0 &&
		request->protocol != PROTOCOL_SIMPLE)
		return refuse_binds(step, err);
	if (!build_text(step, request->protocol, err))
		return false;
	request->nparams = 0;
	if (request->protocol != PROTOCOL_SIMPLE)
	{
		if (!build_params(step, err))
			return false;
		request->nparams = sql->nbinds;
	}
	request->params = step->sql->params;
	request->statement_id = sql->id;
	request->before_sql = step->shares ? NULL
						  : step->lease->is_fresh
							  ? conn_pool_acquire_hook(step->lease)
						  : step->task->must_rollback ? "ROLLBACK"
													  : NULL;
	request->before_rides = hook_may_ride(sql) && !step->task->must_rollback;
	request->is_copy = strcmp(sql->verb, "COPY") == 0;
	request->on_result = sql->has_gset || sql->has_aset ? sql_on_result
						 : sql->is_ledger_end			? on_commit_result
						 : may_tell_span(step)			? sql_on_span_result
														: NULL;
	ledger_ride(step, request);
	step->lease->is_fresh = false;
	step->task->must_rollback = false;
	return true;
}

/* -------- the end -------- */

/* A transaction that had failed answers COMMIT with ROLLBACK. */
static void
on_commit_result(ConnRequest *request, PGresult *result)
{
	Step *step = request->arg;

	if (PQresultStatus(result) != PGRES_COMMAND_OK ||
		strcmp(PQcmdStatus(result), "COMMIT") == 0)
		return;
	step->sql->has_failed = true;
	err_set(sql_work_err(step->sql), ERR_SQL,
			"the transaction could not be committed: it was rolled back");
}

/* The statement does not need the connection any more. */
static void
sql_let_go(Step *step)
{
	const ConnRequest *request = &step->sql->request;
	Conn *conn = conn_pool_conn(step->lease);
	bool has_run = request->started_ns != 0;
	bool in_transaction = false;

	if (request->flow == CONN_ALONE)
		in_transaction = conn_in_transaction(conn);
	if (!step->sql->has_failed && request->flow != CONN_BATCH)
		attempt_statement_worked(step, in_transaction);
	if (step->shares)
		lease_turn_end(
			step, has_run ? request->arrived_ns - request->started_ns : -1,
			conn_is_usable(conn));
	else if (request->flow == CONN_BATCH)
		step->lease = NULL; /* the end of the pipeline gives it back */
	else
		lease_end_statement(step, in_transaction);
}

/* Of the step's own time, as the report counts it. */
static void
tell_span(Step *step)
{
	SqlWork *work = step->sql;
	const ConnRequest *request = &work->request;
	int64_t own_ns =
		request->arrived_ns -
		(request->started_ns != 0 ? request->started_ns : request->sent_ns);
	int64_t server_ns = conn_span_ns(&work->span, own_ns);

	work->span.is_told = false;
	if (work->has_failed || server_ns == 0)
		return;
	step_phase(step, PHASE_SERVER, server_ns);
	step_phase(step, PHASE_REST, own_ns - server_ns);
}

static void
sql_finish(Step *step)
{
	SqlWork *work = step->sql;
	bool was_committed = false;

	if (!ledger_answered(step, work->has_failed))
	{
		was_committed = attempt_was_committed(step->task);
		if (!was_committed)
			task_skip_rest(step->task);
		work->has_failed = false;
	}
	else if (work->has_failed)
		sql_explain(step, work->err);
	else if (step->plan->sql.has_gset)
		work->has_failed = !sql_apply_gset(step, sql_work_err(work));
	sql_drop_row(work);
	if (work->span.is_told)
		tell_span(step);
	if (work->text.cap > KEPT_BYTES)
		buf_free(&work->text);
	sql_let_go(step);
	if (was_committed)
		lease_drop(step->task); /* the pool rolls back */
	if (work->request.is_aborted)
		step->is_canceled = true; /* the failure is the earlier one's */
	step_done(step, work->has_failed ? work->err : NULL);
}

static void
on_started(ConnRequest *request)
{
	Step *step = request->arg;

	if (step->shares)
		lease_turn_begun(step, request->started_ns,
						 step->sql->waited ||
							 request->started_ns > request->sent_ns);
	step_started_at(step, request->started_ns);
}

/* Record only: the task goes on in its turn, or, after a call, at once. */
static void
on_done(ConnRequest *request, const Err *err)
{
	Step *step = request->arg;
	SqlWork *work = step->sql;

	work->phase = SQL_ANSWERED;
	if (err != NULL)
	{
		work->has_failed = true;
		*sql_work_err(work) = *err;
	}
	if (step->call != CALL_ASYNC)
		return;
	if (step->shares && !conn_is_usable(conn_pool_conn(step->lease)))
		pool_member_lost(step->lease); /* nobody else is sent there */
	if (step->state == STEP_RUNNING)
		step_arrived(step, request->arrived_ns);
	step_wake(step);
}

/* -------- blocking, thread -------- */

static void
sql_run(StepCall *call)
{
	Step *step = call->step;

	if (!step_call_interrupted(call))
		conn_call_run(conn_pool_conn(step->lease), &step->sql->request);
}

static void
sql_interrupt(StepCall *call)
{
	conn_call_interrupt(conn_pool_conn(call->step->lease));
}

static void
sql_call_done(StepCall *call)
{
	Step *step = call->step;

	conn_call_end(conn_pool_conn(step->lease), &step->sql->request);
	sql_finish(step);
}

/* -------- the row -------- */

static SqlWork *
sql_work_new(void)
{
	SqlWork *work = mem_alloc(sizeof(*work));

	work->request.on_started = on_started;
	work->request.on_done = on_done;
	work->call.run = sql_run;
	work->call.interrupt = sql_interrupt;
	work->call.done = sql_call_done;
	return work;
}

/*
 * In a pipeline the task goes on, and its next statement has the connection
 * as well.
 */
static void
sql_go_ahead(Step *step)
{
	Task *task = step->task;

	task->lease_user = NULL;
	task->has_batch = true;
	step_go_ahead(step);
}

/* May it run among other tasks' statements, on a connection they share? */
static bool
sql_may_share(const Step *step)
{
	const Task *task = step->task;
	const PlanSql *sql = &step->plan->sql;

	return task->engine->shares && task->engine->ledger == NULL &&
		   step->call == CALL_ASYNC && task->pipeline == NULL &&
		   task->lease == NULL && task->hold == HOLD_STATEMENT &&
		   hook_may_ride(sql);
}

/* The lease is there: send, or make the call. */
static void
sql_begin(Step *step)
{
	SqlWork *work = step->sql;
	Task *task = step->task;
	Conn *conn = conn_pool_conn(step->lease);
	const Engine *engine = step->task->engine;
	bool was_done = step->task->was_done; /* a gather's earlier step says so */

	attempt_statement_begins(step, !step->shares &&
									   conn_in_transaction(conn) &&
									   !step->task->must_rollback);
	if (was_done || !build_request(step, sql_work_err(work)))
	{
		if (task->pipeline != NULL)
			task->lease_user = NULL;
		sql_let_go(step);
		step_done(step, was_done ? NULL : work->err);
		return;
	}
	work->phase = SQL_SENT;
	if (engine->statement_timeout_ns > 0)
		step_limit(step,
				   loop_now_ns(engine->loop) + engine->statement_timeout_ns);
	conn_set_owner(conn, step->task->number, step->task->name);
	if (step->call == CALL_ASYNC)
	{
		if (task->pipeline != NULL)
			sql_go_ahead(step);
		conn_submit(conn, &work->request);
		return;
	}
	conn_call_begin(conn, &work->request, step->call == CALL_BLOCKING);
	step_call_start(&work->call, step);
}

static void
sql_start(Step *step)
{
	SqlWork *work = step->sql;

	if (step->plan->sql.is_empty)
	{
		step_done(step, NULL);
		return;
	}
	if (work == NULL)
		work = step->sql = sql_work_new();
	work->request.arg = step; /* steps move while none is live */
	work->phase = SQL_WAITING;
	work->has_failed = false;
	work->has_rows = false;
	work->in_rows = false;
	work->request.started_ns = 0;
	work->waited =
		!(sql_may_share(step) ? lease_share(step) : lease_take(step));
	if (!work->waited)
		sql_begin(step);
}

static void
sql_resume(Step *step)
{
	if (step->sql->phase == SQL_ANSWERED)
		sql_finish(step);
	else if (step->lease != NULL)
		sql_begin(step);
	else
		step_done(step, &step->waiter.err);
}

static void
sql_cancel(Step *step)
{
	SqlWork *work = step->sql;
	Err err;

	switch (work->phase)
	{
		case SQL_WAITING:
			lease_stop_waiting(step);
			err_set(&err, ERR_CANCEL,
					"canceled while waiting for a connection");
			step_done(step, &err);
			break;
		case SQL_SENT:
			if (step->call == CALL_ASYNC)
				conn_cancel(conn_pool_conn(step->lease), &work->request);
			else
				step_call_cancel(&work->call);
			break;
		case SQL_ANSWERED:
			break; /* its end is on the way */
	}
}

static void
sql_forget(Step *step)
{
	SqlWork *work = step->sql;

	if (work == NULL)
		return;
	sql_drop_row(work);
	buf_free(&work->text);
	free(work->params);
	free(work->scratch);
	free(work->err);
	free(work);
	step->sql = NULL;
}

const StepOps step_sql_ops = {
	.start = sql_start,
	.resume = sql_resume,
	.cancel = sql_cancel,
	.forget = sql_forget,
};
