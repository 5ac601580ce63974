/*
 * lease.c
 *	  Which connection a step uses, and how long a task keeps it.
 *
 * A task has one lease of its own, taken at its first SQL step.  task->lease
 * is the connection, task->lease_user the step that uses it or waits for it.
 * Within a gather further SQL steps borrow another connection if one is idle
 * right now; else they follow on the task's own, so that a gather never
 * waits for the pool while it holds a connection.
 */
#include "task.h"

#include <assert.h>

static void
lease_emit_at(const Step *step, const PoolMember *member,
			  uint64_t held_before_by, bool waited, int64_t time_ns)
{
	Event event = {.kind = EVENT_LEASE};

	event.time_ns = time_ns;
	event.value = waited;
	event.task = step->task->number;
	event.step = step->plan;
	event.slot = step->slot;
	event.amount = member->number;
	event.other = held_before_by;
	trace_emit(step->task->engine->trace, &event);
}

static void
lease_emit(const Step *step, const PoolMember *member, uint64_t held_before_by,
		   bool waited)
{
	lease_emit_at(step, member, held_before_by, waited,
				  task_now_ns(step->task));
}

static void
lease_emit_end(const Task *task, const PoolMember *member)
{
	Event event = {.kind = EVENT_LEASE_END};

	event.time_ns = task_now_ns(task);
	event.task = task->number;
	event.amount = member->number;
	trace_emit(task->engine->trace, &event);
}

static void
lease_give(Task *task, PoolMember *member)
{
	lease_emit_end(task, member);
	pool_give(task->engine->pool, member);
}

static bool lease_pass(Task *task, const Step *ended);

/* The pool has an answer: record it, go on in the task's turn. */
static void
on_granted(PoolWaiter *waiter)
{
	Step *step = waiter->arg;
	Task *task = step->task;

	if (waiter->member != NULL)
	{
		task->lease = waiter->member;
		step->lease = waiter->member;
		lease_emit(step, step->lease, waiter->held_before_by, true);
	}
	step_wake(step);
	if (waiter->member == NULL)
	{
		task->lease_user = NULL;
		lease_pass(task, NULL); /* others may fare better */
	}
}

static void
waiter_init(Step *step, void (*on_answer)(PoolWaiter *waiter), bool shares)
{
	PoolWaiter *waiter = &step->waiter;

	waiter->task = step->task->number;
	waiter->on_granted = on_answer;
	waiter->arg = step;
	waiter->member = NULL;
	waiter->held_before_by = 0;
	waiter->err.kind = ERR_NONE;
	waiter->shares = shares;
	waiter->kind = step->plan->sql.id;
}

/* The task's own connection: have it, or wait for the pool. */
static bool
lease_take_own(Step *step)
{
	Task *task = step->task;
	PoolWaiter *waiter = &step->waiter;

	task->lease_user = step;
	if (task->lease != NULL)
	{
		step->lease = task->lease;
		return true;
	}
	waiter_init(step, on_granted, false);
	if (!pool_acquire(task->engine->pool, waiter))
		return false;
	task->lease = waiter->member;
	step->lease = waiter->member;
	lease_emit(step, step->lease, waiter->held_before_by, false);
	return true;
}

bool
lease_take(Step *step)
{
	Task *task = step->task;
	uint64_t held_before_by;

	assert(step->lease == NULL);
	step->waiter.err.kind = ERR_NONE;
	if (task->lease_user == NULL)
		return lease_take_own(step);

	/* with a ledger all is one transaction, which has one connection */
	if (task->engine->ledger == NULL)
		step->lease =
			pool_try(task->engine->pool, task->number, &held_before_by);
	if (step->lease == NULL)
		return false; /* lease_pass will wake it */
	step->has_extra_lease = true;
	lease_emit(step, step->lease, held_before_by, false);
	return true;
}

static bool
step_follows(const Step *step)
{
	return step->state == STEP_QUEUED && step->plan->kind == STEP_SQL &&
		   step->lease == NULL && !step->waiter.is_waiting &&
		   !step->wants_resume;
}

/*
 * Hand the task's own connection to the next step that follows on it; not to
 * the one that has just ended (NULL: none), which may still look as if it did.
 */
static bool
lease_pass(Task *task, const Step *ended)
{
	for (int i = 0; i < task->nsteps; i++)
	{
		Step *step = &task->steps[i];

		if (step == ended || !step_follows(step))
			continue;
		if (lease_take_own(step))
			step_wake(step);
		return true;
	}
	return false;
}

void
lease_end_statement(Step *step, bool in_transaction)
{
	Task *task = step->task;
	PoolMember *member = step->lease;

	step->lease = NULL;
	if (step->has_extra_lease)
	{
		step->has_extra_lease = false;
		lease_give(task, member);
		return;
	}
	task->lease_user = NULL;
	task->in_transaction = in_transaction;
	if (lease_pass(task, step))
		return;
	if (task->hold == HOLD_TASK || in_transaction)
		return;
	lease_drop(task);
}

void
lease_stop_waiting(Step *step)
{
	Task *task = step->task;

	if (step->waiter.is_waiting)
		pool_forget_waiter(task->engine->pool, &step->waiter);
	if (step->shares)
	{
		if (step->lease != NULL) /* granted, not used */
			lease_turn_end(step, -1, true);
		return;
	}
	if (task->lease_user != step)
		return;
	task->lease_user = NULL;
	step->lease = NULL; /* granted, not used: the task keeps it */
	lease_pass(task, step);
}

void
lease_drop(Task *task)
{
	PoolMember *member = task->lease;

	if (member == NULL || task->lease_user != NULL)
		return;
	task->lease = NULL;
	task->in_transaction = false;
	lease_give(task, member);
}

/* -------- shared connections -------- */

static void
on_turn_granted(PoolWaiter *waiter)
{
	Step *step = waiter->arg;

	step->lease = waiter->member;
	step_wake(step);
}

bool
lease_share(Step *step)
{
	step->shares = true;
	waiter_init(step, on_turn_granted, true);
	if (!pool_acquire(step->task->engine->pool, &step->waiter))
		return false;
	step->lease = step->waiter.member;
	return true;
}

/* For the trace the connection is lent when its turn comes. */
void
lease_turn_begun(Step *step, int64_t begun_ns, bool waited)
{
	PoolMember *member = step->lease;
	uint64_t held_before_by = member->holder;

	member->holder = step->task->number;
	lease_emit_at(step, member, held_before_by, waited, begun_ns);
	pool_share_begun(member, begun_ns);
}

void
lease_turn_end(Step *step, int64_t own_ns, bool is_usable)
{
	lease_emit_end(step->task, step->lease);
	step->lease = NULL;
	step->shares = false;
	pool_share_end(&step->waiter, own_ns, is_usable);
}
