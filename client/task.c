/*
 * task.c
 *	  The task and step state machines: advance, begin, end, cancel.
 *
 * A Task belongs to whoever made it (run.c, predict.c); its steps belong to
 * the task.  Everything here runs on the loop's thread.  States are written
 * by task_set_state and step_set_state alone.  It is one long file so that the
 * two machines, which advance each other, can be read and inlined together.
 */
#include "task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "ledger.h"
#include "mem.h"

static void task_advance(void *arg);
static void task_wake(Task *task);
static void on_timeout(void *arg);

/* What follows the last look at the clock within a turn takes no time. */
int64_t
task_now_ns(const Task *task)
{
	Loop *loop = task->engine->loop;

	return task->advancing ? loop_recent_ns(loop) : loop_now_ns(loop);
}

/* -------- the two doors -------- */

static void
task_set_state(Task *task, TaskState state)
{
	Trace *trace = task->engine->trace;
	bool is_move = state != TASK_DONE && task->state != TASK_DONE;
	Event event;

	assert(state == TASK_READY || task->state != TASK_DONE);
	assert(state != TASK_DONE || task->state == TASK_DRAINING);

	task->state = state;
	if (is_move && !trace_wants_moves(trace))
		return;
	event = (Event){.kind = EVENT_TASK};
	event.time_ns = state == TASK_DONE ? loop_look_ns(task->engine->loop)
					: is_move		   ? task_now_ns(task)
									   : task->begun_ns;
	event.value = (int) state;
	event.task = task->number;
	event.text = task->name;
	if (state == TASK_READY && !is_move && task->scheduled_ns > 0)
	{
		event.other = 1;
		event.amount = task->begun_ns > task->scheduled_ns
						   ? task->begun_ns - task->scheduled_ns
						   : 0;
	}
	if (state == TASK_DONE)
	{
		event.other = task->failed		  ? 1
					  : task->is_canceled ? 2
					  : task->was_done	  ? 3
										  : 0;
		event.step = task->failed_step;
		event.text = task->failed ? task->err.message : NULL;
	}
	trace_emit(trace, &event);
}

/* Kinds that only touch variables leave no trace unless they fail. */
static bool
step_is_traced(const Step *step)
{
	return step_kind_is_timed(step->plan->kind) ||
		   step->plan->kind == STEP_HOLD || step->plan->kind == STEP_RELEASE;
}

static bool
step_move_is_legal(StepState from, StepState to)
{
	switch (to)
	{
		case STEP_PENDING:
			return false;
		case STEP_QUEUED:
			return from == STEP_PENDING || from == STEP_BACKOFF;
		case STEP_SKIPPED:
			return from == STEP_PENDING;
		case STEP_RUNNING:
			return from == STEP_QUEUED;
		case STEP_OK:
		case STEP_FAILED:
		case STEP_BACKOFF:
			return from == STEP_QUEUED || from == STEP_RUNNING;
		case STEP_CANCELED:
			return from == STEP_QUEUED || from == STEP_RUNNING ||
				   from == STEP_BACKOFF;
	}
	return false;
}

static void
step_emit(const Step *step, EventKind kind, int value, int64_t time_ns)
{
	Event event = {.kind = kind};

	event.time_ns = time_ns;
	event.value = value;
	event.task = step->task->number;
	event.step = step->plan;
	event.slot = step->slot;
	event.other = (uint64_t) step->call;
	trace_emit(step->task->engine->trace, &event);
}

static void
step_set_state_at(Step *step, StepState state, int64_t time_ns)
{
	assert(step_move_is_legal(step->state, state));
	step->state = state;
	if (step_is_traced(step) || state == STEP_FAILED)
		step_emit(step, EVENT_STEP, (int) state, time_ns);
}

static void
step_set_state(Step *step, StepState state)
{
	step_set_state_at(step, state, task_now_ns(step->task));
}

static bool
step_is_live(const Step *step)
{
	return step->state == STEP_QUEUED || step->state == STEP_RUNNING ||
		   step->state == STEP_BACKOFF;
}

/* -------- tasks -------- */

Task *
task_new(Engine *engine)
{
	Task *task = mem_alloc(sizeof(Task));

	task->engine = engine;
	task->state = TASK_DONE;
	task->job.fn = task_advance;
	task->job.arg = task;
	vars_init(&task->vars, &engine->plan->symbols, engine->globals);
	return task;
}

static Step *
steps_grow(Task *task, int count)
{
	Step *own = task->steps == &task->own ? &task->own : NULL;
	Step *steps = mem_realloc(own != NULL ? NULL : task->steps,
							  (size_t) count * sizeof(Step));

	if (own != NULL)
		*steps = *own;
	memset(steps + task->steps_cap, 0,
		   (size_t) (count - task->steps_cap) * sizeof(Step));
	return steps;
}

/* Live steps never move: slots are made while none is live. */
static void
task_make_slots(Task *task, int count)
{
	if (count <= task->steps_cap)
		return;
	assert(task->inflight == 0);
	task->steps = count == 1 ? &task->own : steps_grow(task, count);
	task->steps_cap = count;
	for (int i = 0; i < count; i++)
	{
		task->steps[i].task = task;
		task->steps[i].slot = i;
		loop_timer_init(&task->steps[i].timeout, on_timeout, &task->steps[i]);
	}
}

void
task_free(Task *task)
{
	Engine *engine;

	if (task == NULL)
		return;
	engine = task->engine;
	assert(task->state == TASK_DONE);
	for (int i = 0; i < task->steps_cap; i++)
		for (int kind = 0; kind < STEP_KINDS; kind++)
			if (engine->ops[kind].forget != NULL)
				engine->ops[kind].forget(&task->steps[i]);
	loop_unpush(engine->loop, &task->job);
	ledger_forget(task);
	vars_clear(&task->vars);
	attempt_forget(task);
	buf_free(&task->emit);
	if (task->steps != &task->own)
		free(task->steps);
	free(task);
}

static void
engine_link(Engine *engine, Task *task)
{
	task->prev = NULL;
	task->next = engine->tasks;
	if (engine->tasks != NULL)
		engine->tasks->prev = task;
	engine->tasks = task;
}

static void
engine_unlink(Engine *engine, Task *task)
{
	if (task->prev != NULL)
		task->prev->next = task->next;
	else
		engine->tasks = task->next;
	if (task->next != NULL)
		task->next->prev = task->prev;
}

/* Not by snprintf: a task may be over in ten microseconds. */
static void
task_set_name(Task *task, const char *name)
{
	size_t len = strnlen(name, sizeof(task->name) - 1);

	memcpy(task->name, name, len);
	task->name[len] = '\0';
}

void
task_begin(Task *task, const Body *body, uint64_t number, const char *name)
{
	Engine *engine = task->engine;

	assert(task->state == TASK_DONE);
	task->body = body;
	task->number = number;
	task_set_name(task, name);
	task->pc = 0;
	task->failed = false;
	task->is_canceled = false;
	task->was_cut = false;
	task->was_done = false;
	ledger_restart(task);
	task->failed_step = NULL;
	task->err.kind = ERR_NONE;
	task->hold = engine->hold;
	task->lease = NULL;
	task->lease_user = NULL;
	task->must_rollback = false;
	task->retries = 0;
	task->in_transaction = false;
	task->pipeline = NULL;
	task->has_batch = false;
	buf_reset(&task->emit);
	task_make_slots(task, 1);
	task->nsteps = 0;
	task->begun_ns = loop_look_ns(engine->loop);
	engine_link(engine, task);
	task_set_state(task, TASK_READY);
	loop_push(engine->loop, &task->job);
}

/* -------- steps: begin -------- */

static Call
step_call(const Task *task, const PlanStep *plan)
{
	const Engine *engine = task->engine;

	if (plan->kind == STEP_SHELL)
		return CALL_BLOCKING;
	if (task->pipeline != NULL && plan->kind == STEP_SQL)
		return CALL_ASYNC;
	return engine->has_call ? engine->call : plan->call;
}

static void
step_arm_timeout(Step *step)
{
	Engine *engine = step->task->engine;
	int64_t timeout_ns = step->plan->timeout_ns;

	if (timeout_ns < 0 && step->plan->kind <= STEP_SHELL)
		timeout_ns = engine->step_timeout_ns;
	step->deadline_ns = LOOP_NEVER;
	if (timeout_ns < 0)
		return;
	step->deadline_ns = step->queued_ns + timeout_ns;
	loop_timer_set(engine->loop, &step->timeout, step->deadline_ns);
}

void
step_limit(Step *step, int64_t deadline_ns)
{
	if (deadline_ns >= step->deadline_ns)
		return;
	step->deadline_ns = deadline_ns;
	loop_timer_set(step->task->engine->loop, &step->timeout, deadline_ns);
}

/* The step's turn, or that of its next attempt. */
static void
step_begin_attempt(Step *step, const PlanStep *plan)
{
	Engine *engine = step->task->engine;

	step->plan = plan;
	step->call = step_call(step->task, plan);
	step->wants_resume = false;
	step->timed_out = false;
	step->has_extra_lease = false;
	step->shares = false;
	step->lease = NULL;
	step->in_transaction = false;
	memset(&step->failure, 0, sizeof(step->failure));
	step_set_state(step, STEP_QUEUED);
	if (step_is_traced(step))
	{
		step->queued_ns = task_now_ns(step->task);
		step_arm_timeout(step);
	}
	engine->ops[plan->kind].start(step);
}

static void
step_begin(Task *task, const PlanStep *plan)
{
	Step *step = &task->steps[task->nsteps++];

	step->state = STEP_PENDING;
	step->is_canceled = false;
	step->is_ahead = false;
	step->in_pipeline = task->pipeline != NULL;
	step->attempt = 1;
	task->inflight++;
	if (task->engine->budget != NULL && plan->kind <= STEP_SHELL)
		task->engine->budget->begun++;
	step_begin_attempt(step, plan);
}

/*
 * Start everything between \gather and its \end, in file order; an \if in
 * there runs at once and moves pc.
 */
static void
gather_begin(Task *task, const PlanStep *gather)
{
	task_make_slots(task, gather->end - task->pc + 1);
	task->gather = gather;
	task->inflight++; /* the gather itself: nobody finishes it early */
	while (task->pc < gather->end && !task->is_canceled &&
		   !(task->failed && gather->gather_cancel))
		step_begin(task, &task->body->steps[task->pc++]);
	task->pc = gather->end;
	task->inflight--;
}

/*
 * Its statements stay live while the task goes on: a slot for each step up to
 * the end.
 */
static void
pipeline_begin(Task *task, const PlanStep *pipeline)
{
	task_make_slots(task, pipeline->end - task->pc + 1);
	task->pipeline = pipeline;
}

void
step_go_ahead(Step *step)
{
	step->is_ahead = true;
	step->task->nahead++;
	step->task->inflight--;
	task_wake(step->task);
}

void
task_end_pipeline(Task *task)
{
	task->pipeline = NULL;
	for (int i = 0; i < task->nsteps; i++)
	{
		Step *step = &task->steps[i];

		if (!step->is_ahead)
			continue;
		step->is_ahead = false;
		task->nahead--;
		task->inflight++;
	}
	assert(task->nahead == 0);
}

static void
task_start_next(Task *task)
{
	const PlanStep *plan = &task->body->steps[task->pc++];

	if (task->pipeline == NULL)
		task->nsteps = 0;
	task->gather = NULL;
	if (plan->kind == STEP_GATHER)
		gather_begin(task, plan);
	else if (plan->kind == STEP_PIPELINE)
		pipeline_begin(task, plan);
	else
		step_begin(task, plan);
}

/* -------- advance -------- */

static void
task_resume_steps(Task *task)
{
	for (int i = 0; i < task->nsteps; i++)
	{
		Step *step = &task->steps[i];

		if (!step->wants_resume)
			continue;
		step->wants_resume = false;
		if (step->state == STEP_BACKOFF)
			step_begin_attempt(step, step->again);
		else if (step_is_live(step))
			task->engine->ops[step->plan->kind].resume(step);
	}
}

/* The last statement that began a transaction, else the body's last step. */
static const PlanStep *
task_transaction(const Task *task)
{
	const Body *body = task->body;
	int i = body->nsteps - 1;

	while (i > 0 && (body->steps[i].kind != STEP_SQL ||
					 body->steps[i].sql.transaction != SQL_TX_BEGIN))
		i--;
	return &body->steps[body->steps[i].kind == STEP_SQL ? i
														: body->nsteps - 1];
}

/* What is left open is rolled back: to keep silent would be to lose it. */
static void
task_check_transaction(Task *task)
{
	if (task->failed || task->is_canceled || task->was_done ||
		!task->in_transaction)
		return;
	task->failed = true;
	task->failed_step = task_transaction(task);
	err_set(&task->err, ERR_DATA,
			"the task ended inside a transaction, which is rolled back");
	err_hint(&task->err, "end it with COMMIT or ROLLBACK");
	plan_place(task->engine->plan, task->failed_step->place, &task->err);
}

/* A cancel that came when everything was done has cancelled nothing. */
static bool
task_is_over(Task *task)
{
	const Body *body = task->body;
	bool at_end =
		task->pc == body->nsteps || ledger_skips(task, &body->steps[task->pc]);

	if (at_end && !task->was_cut)
		task->is_canceled = false;
	return at_end || task->failed || task->is_canceled || task->was_done;
}

/* What ends a pipeline is always done. */
static bool
task_leaves_pipeline(Task *task)
{
	if (task->pipeline == NULL || task->pc > task->pipeline->end)
		return false;
	task->pc = task->pipeline->end;
	return true;
}

static void
task_end(Task *task)
{
	Engine *engine = task->engine;

	attempt_unmark(task);
	task_check_transaction(task);
	lease_drop(task);
	task_set_state(task, TASK_DONE);
	engine_unlink(engine, task);
	task->advancing = false;
	engine->on_task_done(engine, task); /* may begin or free it */
}

/*
 * Advance one task as far as it can go without waiting.
 *
 * Called only from the ready queue, never from a callback.  Each turn of the
 * for(;;) either changes the state or returns; a return means that somebody
 * else has the next move and will put us back on the ready queue.
 */
static void
task_advance(void *arg)
{
	Task *task = arg;

	task->advancing = true;
	loop_look_ns(task->engine->loop);
	for (;;)
	{
		switch (task->state)
		{
			case TASK_READY:
				if (task_is_over(task) && !task_leaves_pipeline(task))
				{
					task_set_state(task, TASK_DRAINING);
					break;
				}
				task_start_next(task);
				if (task->inflight > 0)
					task_set_state(task, TASK_WAITING);
				break;

			case TASK_WAITING:
				task_resume_steps(task);
				if (task->inflight > 0)
				{
					task->advancing = false;
					return;
				}
				task_set_state(task, TASK_READY);
				break;

			case TASK_DRAINING:
				task_end(task);
				return;

			case TASK_DONE:
				task->advancing = false;
				return;
		}
	}
}

/* -------- cancel -------- */

static void
step_cancel(Step *step)
{
	const StepOps *ops = &step->task->engine->ops[step->plan->kind];
	Err err;

	if (!step_is_live(step) || step->is_canceled)
		return;
	step->is_canceled = true;
	if (step->state == STEP_BACKOFF)
	{
		err_set(&err, ERR_CANCEL, "canceled between two attempts");
		step_done(step, &err);
	}
	else if (ops->cancel != NULL)
		ops->cancel(step);
}

static void
task_cancel_steps(Task *task)
{
	for (int i = 0; i < task->nsteps; i++)
		step_cancel(&task->steps[i]);
}

void
task_skip_rest(Task *task)
{
	task->was_done = true;
	buf_reset(&task->emit); /* whoever did it has written that */
}

void
task_cancel(Task *task)
{
	if (task->state == TASK_DONE || task->is_canceled)
		return;
	task->is_canceled = true;
	task_cancel_steps(task);
}

static void
on_timeout(void *arg)
{
	Step *step = arg;
	const StepOps *ops = &step->task->engine->ops[step->plan->kind];

	if (!step_is_live(step) || step->is_canceled)
		return;
	if (step->state == STEP_BACKOFF)
	{
		step_wake(step);
		return;
	}
	step->timed_out = true;
	if (ops->cancel != NULL)
		ops->cancel(step);
}

/* -------- for step kinds -------- */

void
step_started(Step *step)
{
	step_set_state_at(step, STEP_RUNNING,
					  loop_look_ns(step->task->engine->loop));
}

void
step_started_at(Step *step, int64_t started_ns)
{
	step_set_state_at(step, STEP_RUNNING, started_ns);
}

void
step_arrived(Step *step, int64_t arrived_ns)
{
	step_emit(step, EVENT_STEP_ARRIVED, 0, arrived_ns);
}

void
step_limited(Step *step, bool has_turn)
{
	step_emit(step, EVENT_STEP_LIMIT, has_turn,
			  loop_look_ns(step->task->engine->loop));
}

void
step_phase(Step *step, Phase phase, int64_t duration_ns)
{
	Event event = {.kind = EVENT_STEP_PHASE};

	event.time_ns = loop_now_ns(step->task->engine->loop);
	event.value = (int) phase;
	event.task = step->task->number;
	event.step = step->plan;
	event.slot = step->slot;
	event.amount = duration_ns;
	trace_emit(step->task->engine->trace, &event);
}

void
step_hold_begin(Step *step)
{
	step_emit(step, EVENT_HOLD, 0, loop_now_ns(step->task->engine->loop));
}

void
step_hold_end(Step *step)
{
	step_emit(step, EVENT_HOLD_END, 0, loop_look_ns(step->task->engine->loop));
}

static void
task_wake(Task *task)
{
	if (!task->advancing)
		loop_push(task->engine->loop, &task->job);
}

void
step_wake(Step *step)
{
	step->wants_resume = true;
	task_wake(step->task);
}

/* Where it stands, into err (file, line, excerpt). */
static void
step_place(const Step *step, Err *err)
{
	plan_place(step->task->engine->plan, step->plan->place, err);
}

/* The first failure in file order is the task's. */
static void
task_record_failure(Task *task, const Step *step, const Err *err)
{
	if (task->failed && task->failed_step->index <= step->plan->index)
		return;
	task->failed = true;
	task->failed_step = step->plan;
	task->err = *err;
	if (task->err.file[0] == '\0')
		step_place(step, &task->err);
}

static void
timeout_err(const Step *step, Err *err)
{
	err_set(err, ERR_TIMEOUT, "%s timed out after %.3g s", step->plan->label,
			(double) (step->deadline_ns - step->queued_ns) / 1e9);
	err_hint(err, "raise it with \\timeout or --timeout, or find out "
				  "why the answer takes longer");
}

/* False: it has failed for good, and err is the task's. */
static bool
step_try_again(Step *step, Err *err)
{
	Loop *loop = step->task->engine->loop;
	int64_t delay_ns = 0;

	step->again = attempt_next(step, err, &delay_ns);
	if (step->again == NULL)
		return false;
	step->wants_resume = false;
	step_set_state(step, STEP_BACKOFF);
	loop_timer_set(loop, &step->timeout, loop_now_ns(loop) + delay_ns);
	return true;
}

static void
step_end(Step *step, StepState outcome)
{
	step_set_state(step, outcome);
	if (step->is_ahead)
		step->task->nahead--;
	else
		step->task->inflight--;
	step->is_ahead = false;
	task_wake(step->task);
}

static void
step_failed(Step *step, const Err *why)
{
	Task *task = step->task;
	Err err;

	if (step->timed_out)
		timeout_err(step, &err);
	else
		err = *why;
	if (!step->in_pipeline && step_try_again(step, &err))
		return;
	step_end(step, STEP_FAILED);
	task_record_failure(task, step, &err);
	if (task->gather != NULL && task->gather->gather_cancel)
		task_cancel_steps(task);
}

void
step_done(Step *step, const Err *err)
{
	assert(step->lease == NULL);
	if (step->deadline_ns != LOOP_NEVER || step->state == STEP_BACKOFF)
		loop_timer_clear(step->task->engine->loop, &step->timeout);
	if (err == NULL)
		step_end(step, STEP_OK);
	else if (step->is_canceled && !step->timed_out)
	{
		step->task->was_cut = true;
		step_end(step, STEP_CANCELED);
	}
	else
		step_failed(step, err);
}
