/*
 * run_body.c
 *	  Set-up and teardown: bodies that run once, outside the clock.
 *
 * They run on the first shard's loop over a connection of their own, while no
 * task does.  The set-up's variables stay: they are every task's parent.
 */
#include "conn_pool.h"
#include "loop_call.h"
#include "run_private.h"

bool
body_uses(const Body *body, StepKind kind)
{
	if (body == NULL)
		return false;
	for (int i = 0; i < body->nsteps; i++)
		if (body->steps[i].kind == kind)
			return true;
	return false;
}

bool
tasks_use(const Plan *plan, StepKind kind)
{
	for (int i = 0; i < plan->nbodies; i++)
		if (body_uses(&plan->bodies[i], kind))
			return true;
	return false;
}

bool
outside_uses(const Plan *plan, StepKind kind)
{
	return body_uses(plan->setup, kind) || body_uses(plan->teardown, kind);
}

static void
on_conn_notice(void *arg, const char *severity, const char *text)
{
	run_notice(arg, severity, text);
}

bool
run_open_control(Run *run)
{
	static const char *const no_hooks[HOOK_KINDS];
	Shard *first = &run->shards[0];

	if (!outside_uses(run->plan, STEP_SQL))
		return true;
	run->control_pool = conn_pool_new(first->loop, first->trace, first->target,
									  no_hooks, 1, on_conn_notice, run);
	pool_number_from(run->control_pool, 0); /* none of the tasks' own */
	run->has_control = shard_open_pool(first, run->control_pool);
	if (!run->has_control)
		run->err = first->err;
	return run->has_control;
}

static void
on_body_done(Engine *engine, Task *task)
{
	Shard *shard = engine->owner;

	if (task->failed || task->is_canceled)
		shard->run->body_failed = true;
	loop_stop(shard->loop);
}

static bool
run_body(Run *run, Task **task, const Body *body, uint64_t number,
		 const char *name)
{
	Shard *first = &run->shards[0];

	run->outside = first->engine;
	run->outside.pool = run->control_pool;
	run->outside.hold = HOLD_TASK;
	run->outside.has_call = false;
	run->outside.ledger = NULL;
	run->outside.shares = false;
	run->outside.on_task_done = on_body_done;
	run->outside.tasks = NULL;
	*task = task_new(&run->outside);
	shard_prepare_task(first, *task, 0, 0, true);
	run->body_failed = false;
	task_begin(*task, body, number, name);
	loop_run(first->loop);
	return !run->body_failed;
}

bool
run_setup(Run *run)
{
	if (run->plan->setup == NULL)
		return true;
	if (!run_body(run, &run->setup_task, run->plan->setup, TRACE_SETUP,
				  "setup"))
	{
		if (run->setup_task->failed)
		{
			run->err = run->setup_task->err;
			err_prefix(&run->err, "\\setup failed: ");
		}
		run->setup_failed = true;
		return false;
	}
	for (int i = 0; i < run->nshards; i++)
		run->shards[i].engine.globals = &run->setup_task->vars;
	return true;
}

void
run_teardown(Run *run)
{
	if (run->plan->teardown == NULL || run->nmade == 0)
		return;
	if (outside_uses(run->plan, STEP_SQL) && !run->has_control)
		return;							   /* nothing was set up either */
	loop_allow_calls(run->shards[0].loop); /* what was canceled has ended */
	if (!run_body(run, &run->teardown_task, run->plan->teardown,
				  TRACE_TEARDOWN, "teardown") &&
		run->teardown_task->failed)
		run_count_failure(run, &run->teardown_task->err);
}

void
run_cancel_bodies(Run *run)
{
	Task *next;

	for (Task *task = run->outside.tasks; task != NULL; task = next)
	{
		next = task->next;
		task_cancel(task);
	}
}

void
run_free_bodies(Run *run)
{
	task_free(run->teardown_task);
	task_free(run->setup_task);
	if (run->control_pool != NULL)
		pool_free(run->control_pool);
}
