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
lease_emit(const Step *step, const PoolMember *member, uint64_t held_before_by,
		   bool waited)
{
	Event event = {.kind = EVENT_LEASE};

	event.time_ns = task_now_ns(step->task);
	event.value = waited;
	event.task = step->task->number;
	event.step = step->plan;
	event.slot = step->slot;
	event.amount = member->number;
	event.other = held_before_by;
	trace_emit(step->task->engine->trace, &event);
}

static void
lease_give(Task *task, PoolMember *member)
{
	Event event = {.kind = EVENT_LEASE_END};

	event.time_ns = task_now_ns(task);
	event.task = task->number;
	event.amount = member->number;
	trace_emit(task->engine->trace, &event);
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
	waiter->task = task->number;
	waiter->on_granted = on_granted;
	waiter->arg = step;
	waiter->member = NULL;
	waiter->held_before_by = 0;
	waiter->err.kind = ERR_NONE;
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
