/*
 * attempt.c
 *	  Attempts: what is tried again after a failure, and from where.
 *
 * A task's mark is made where a transaction begins.  From then on the journal
 * of its variables remembers what they were, so that going back costs what
 * was changed, and a transaction that works costs next to nothing.
 */
#include "attempt.h"

#include <stdlib.h>
#include <string.h>

#include "conn_pool.h"
#include "ledger.h"
#include "mem.h"

typedef struct AttemptState
{
	bool is_marked;
	int next;	 /* where a restart goes on */
	int attempt; /* of the transaction, from 1 */
	RandomState random;
	size_t emit_len;
	Hold hold;

	/* With a ledger: where the answer to COMMIT was lost, and rows till then
	 */
	bool may_be_done;
	int lost_pc;
	Buf lost_emit;

	/* For back-offs alone: the plan's random functions never notice. */
	bool has_jitter;
	RandomState jitter;
} AttemptState;

/* How often, and on what: a step's own mark, or the run's. */
typedef struct Allowance
{
	int max;
	const char *on;
} Allowance;

static AttemptState *
task_attempts(Task *task)
{
	if (task->attempts == NULL)
		task->attempts = mem_alloc(sizeof(AttemptState));
	return task->attempts;
}

/* -------- the mark -------- */

static void
task_mark(Task *task, int next)
{
	AttemptState *state = task_attempts(task);

	if (state->is_marked)
		return; /* this is the restart */
	state->is_marked = true;
	state->next = next;
	state->attempt = 1;
	state->random = task->random;
	state->emit_len = task->emit.len;
	state->hold = task->hold;
	state->may_be_done = false;
	vars_journal_begin(&task->vars);
}

void
attempt_unmark(Task *task)
{
	if (task->attempts == NULL || !task->attempts->is_marked)
		return;
	task->attempts->is_marked = false;
	vars_journal_end(&task->vars);
}

static void
task_set_emit(Task *task, size_t len)
{
	if (len < task->emit.len)
		task->emit.len = len;
}

static void
task_go_back(Task *task)
{
	AttemptState *state = task->attempts;
	bool may_be_done = ledger_may_be_done(task);

	/* the last such time counts: had the one before been done, the mark
	 * would have told */
	if (may_be_done)
	{
		state->may_be_done = true;
		state->lost_pc = task->pc;
		buf_reset(&state->lost_emit);
		if (task->emit.len > state->emit_len)
			buf_append(&state->lost_emit, task->emit.data + state->emit_len,
					   task->emit.len - state->emit_len);
	}
	vars_journal_restore(&task->vars, may_be_done);
	task->random = state->random;
	task_set_emit(task, state->emit_len);
	task->hold = state->hold;
	task->pc = state->next + 1;
	state->attempt++;
	ledger_restart(task);
}

bool
attempt_was_committed(Task *task)
{
	AttemptState *state = task->attempts;

	if (state == NULL || !state->is_marked || !state->may_be_done)
		return false;
	vars_journal_redo(&task->vars);
	task_set_emit(task, state->emit_len);
	if (state->lost_emit.len > 0)
		buf_append(&task->emit, state->lost_emit.data, state->lost_emit.len);
	task->pc = state->lost_pc;
	ledger_settle(task);
	attempt_unmark(task);
	return true;
}

void
attempt_statement_begins(Step *step, bool in_transaction)
{
	Task *task = step->task;
	const PlanSql *sql = &step->plan->sql;

	step->in_transaction = in_transaction || task->engine->ledger != NULL;
	if (!in_transaction && sql->may_restart && task->gather == NULL &&
		(sql->asks_restart || task->engine->retries > 0))
		task_mark(task, (int) (step->plan - task->body->steps));
}

/*
 * With a ledger it is safe to do anew what may have been committed: the mark
 * decides.
 */
static bool
ledger_decides(const Step *step)
{
	const Task *task = step->task;

	return task->engine->ledger != NULL && step->plan->kind == STEP_SQL &&
		   task->attempts != NULL && task->attempts->is_marked;
}

/* COMMIT AND CHAIN leaves another transaction open, which is not ours. */
void
attempt_statement_worked(Step *step, bool in_transaction)
{
	if (!in_transaction ||
		(step->in_transaction && step->plan->sql.transaction != SQL_TX_SAME))
		attempt_unmark(step->task);
}

void
attempt_forget(Task *task)
{
	if (task->attempts != NULL)
		buf_free(&task->attempts->lost_emit);
	free(task->attempts);
	task->attempts = NULL;
}

/* -------- the decision -------- */

static Allowance
allowance_of(const Engine *engine, const PlanStep *plan)
{
	if (plan->retry.is_barred)
		return (Allowance){0, NULL};
	if (plan->retry.is_given)
		return (Allowance){plan->retry.max, plan->retry.on};
	return (Allowance){engine->retries, NULL};
}

/* The mark of the statement that failed, else that of BEGIN. */
static Allowance
allowance_of_transaction(const Task *task, const PlanStep *plan)
{
	if (plan->retry.is_given)
		return allowance_of(task->engine, plan);
	return allowance_of(task->engine,
						&task->body->steps[task->attempts->next]);
}

static void
describe(const Step *step, const Err *err, RetryFailure *failure)
{
	*failure = step->failure;
	memcpy(failure->sqlstate, err->sqlstate, sizeof(failure->sqlstate));
	if (step->timed_out)
		failure->fault = RETRY_FAULT_TIMEOUT;
	else if (err->kind == ERR_CONNECT)
		failure->fault = RETRY_FAULT_CONNECT;
	else if (err->kind == ERR_LOST)
		failure->fault = RETRY_FAULT_LOST;
	if (ledger_decides(step))
		failure->may_repeat = true;
}

/* Seeded by the task's own state without taking a number from it. */
static RandomState *
task_jitter(Task *task)
{
	AttemptState *state = task_attempts(task);

	if (!state->has_jitter)
		random_seed(&state->jitter, task->random.s[0] ^ task->number);
	state->has_jitter = true;
	return &state->jitter;
}

/* May this failure, the attempt-th, be followed by another try? */
static bool
is_allowed(Step *step, const RetryFailure *failure, int max, int attempt,
		   Err *err, int64_t *delay_ns)
{
	RetryBudget *budget = step->task->engine->budget;

	if (max == 0)
		return false;
	if (attempt > max)
	{
		err_suffix(err, " (after %d attempts)", attempt);
		return false;
	}
	*delay_ns = retry_delay_ns(failure, attempt, task_jitter(step->task));
	if (*delay_ns < 0)
	{
		err_suffix(err,
				   " (not tried again: the server wants to be left alone for "
				   "%lld s)",
				   (long long) (failure->retry_after_ns / NS_PER_S));
		return false;
	}
	if (budget != NULL && !retry_budget_take(budget))
	{
		err_suffix(err, " (not tried again: the retry budget is used up)");
		return false;
	}
	step->task->retries++;
	return true;
}

/*
 * What the next attempt begins with: a connection that works, and no
 * transaction.  A task that keeps its lease keeps it, with what it has set
 * there; any other waits without one.
 */
static void
settle_lease(Task *task)
{
	Conn *conn;

	if (task->lease == NULL || task->lease_user != NULL)
		return;
	conn = conn_pool_conn(task->lease);
	if (task->hold != HOLD_TASK || !conn_is_usable(conn))
		lease_drop(task); /* the pool rolls back */
	else
		task->must_rollback = conn_in_transaction(conn);
}

static const PlanStep *
next_of_transaction(Step *step, const RetryFailure *failure, Err *err,
					int64_t *delay_ns)
{
	Task *task = step->task;
	AttemptState *state = task->attempts;
	Allowance allowed;

	if (state == NULL || !state->is_marked)
		return NULL;
	allowed = allowance_of_transaction(task, step->plan);
	if (!(ledger_decides(step)
			  ? retry_is_wanted(failure, allowed.on)
			  : retry_transaction_is_wanted(failure, allowed.on)) ||
		!is_allowed(step, failure, allowed.max, state->attempt, err, delay_ns))
		return NULL;
	task_go_back(task);
	step->attempt = state->attempt;
	settle_lease(task);
	return &task->body->steps[state->next];
}

static const PlanStep *
next_of_step(Step *step, const RetryFailure *failure, Err *err,
			 int64_t *delay_ns)
{
	Allowance allowed = allowance_of(step->task->engine, step->plan);

	if (!retry_is_wanted(failure, allowed.on) ||
		!is_allowed(step, failure, allowed.max, step->attempt, err, delay_ns))
		return NULL;
	step->attempt++;
	if (step->plan->kind == STEP_SQL)
		settle_lease(step->task);
	return step->plan;
}

const PlanStep *
attempt_next(Step *step, Err *err, int64_t *delay_ns)
{
	Task *task = step->task;
	RetryFailure failure;

	if (task->is_canceled || task->failed)
		return NULL;
	if (task->engine->ledger != NULL && task->gather != NULL &&
		step->plan->kind == STEP_SQL)
		return NULL; /* its siblings are in the same transaction */
	describe(step, err, &failure);
	if (step->plan->kind == STEP_SQL && step->in_transaction)
		return next_of_transaction(step, &failure, err, delay_ns);
	return next_of_step(step, &failure, err, delay_ns);
}
