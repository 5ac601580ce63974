/*
 * predict.c
 *	  The real task, lease and pool code on a virtual clock, with steps that
 *	  take given times.
 *
 * Each call of predict_total_ns makes a loop, a pool, a plan of one body a
 * script and the tasks, runs them to the end and throws them away: no state
 * lives between calls.
 */
#include "predict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "task.h"

typedef struct VirtualWork
{
	LoopTimer timer;
	bool is_connecting; /* the next fire is the loop's next turn */
} VirtualWork;

typedef struct Predict
{
	Engine engine; /* engine.owner leads back here */
	const PredictInput *input;
	Plan plan;
	Body *bodies;		  /* one a task */
	int64_t *own_ns;	  /* by PlanStep.index */
	bool *is_cold;		  /* by PlanStep.index */
	bool *in_transaction; /* by PlanStep.index: one is open afterwards */
	int next_task;		  /* the next to be admitted */
	int idle_workers;
	Step **worker_queue; /* thread steps waiting for a worker */
	int queue_head;
	int queue_tail;
} Predict;

static Predict *
step_predict(const Step *step)
{
	return step->task->engine->owner;
}

/* -------- virtual connections: there at once, never lost -------- */

static void
virtual_open(void *arg, PoolMember *member)
{
	(void) arg;
	pool_member_opened(member, NULL);
}

static void
virtual_reset(void *arg, PoolMember *member)
{
	(void) arg;
	pool_member_reset(member, NULL);
}

static void
virtual_close(void *arg, PoolMember *member)
{
	(void) arg;
	(void) member;
}

static void
on_virtual_opened(void *arg, const Err *err)
{
	(void) arg;
	(void) err;
}

static const PoolOps virtual_pool_ops = {virtual_open, virtual_reset,
										 virtual_close, NULL};

/* -------- virtual steps: they take their time, nothing else -------- */

static void virtual_begin_call(Step *step);

static void
virtual_end(Step *step)
{
	Predict *predict = step_predict(step);

	if (step->lease != NULL)
		lease_end_statement(step, predict->in_transaction[step->plan->index]);
	step_done(step, NULL);
}

static void
virtual_free_worker(Predict *predict)
{
	if (predict->queue_head == predict->queue_tail)
		predict->idle_workers++;
	else
		virtual_begin_call(predict->worker_queue[predict->queue_head++]);
}

static void
virtual_arm(Step *step)
{
	Predict *predict = step_predict(step);
	Loop *loop = predict->engine.loop;
	int64_t own_ns = step->virtual->is_connecting
						 ? 0
						 : predict->own_ns[step->plan->index];

	loop_timer_set(loop, &step->virtual->timer, loop_now_ns(loop) + own_ns);
}

static void
on_virtual_end(void *arg)
{
	Step *step = arg;
	bool had_worker = step->call == CALL_THREAD;

	if (step->virtual->is_connecting)
	{
		step->virtual->is_connecting = false;
		virtual_arm(step);
		return;
	}
	virtual_end(step);
	if (had_worker)
		virtual_free_worker(step_predict(step));
}

static void
virtual_begin_call(Step *step)
{
	Predict *predict = step_predict(step);
	int64_t own_ns = predict->own_ns[step->plan->index];
	Loop *loop = predict->engine.loop;

	step_started(step);
	if (step->call == CALL_BLOCKING)
	{
		loop_virtual_hold(loop, own_ns);
		virtual_end(step);
		return;
	}
	if (step->virtual == NULL)
		step->virtual = mem_alloc(sizeof(VirtualWork));
	/* anew each time: a gather may have moved the slots since */
	loop_timer_init(&step->virtual->timer, on_virtual_end, step);
	step->virtual->is_connecting = step->call == CALL_ASYNC &&
								   predict->is_cold[step->plan->index];
	virtual_arm(step);
}

static void
virtual_ready(Step *step)
{
	Predict *predict = step_predict(step);

	if (step->call == CALL_THREAD && predict->idle_workers == 0)
	{
		predict->worker_queue[predict->queue_tail++] = step;
		return;
	}
	if (step->call == CALL_THREAD)
		predict->idle_workers--;
	virtual_begin_call(step);
}

static void
virtual_start(Step *step)
{
	if (step->plan->kind != STEP_SQL || lease_take(step))
		virtual_ready(step);
}

static void
virtual_start_hold(Step *step)
{
	step->task->hold = step->plan->hold;
	step_done(step, NULL);
}

static void
virtual_start_release(Step *step)
{
	lease_drop(step->task);
	step_done(step, NULL);
}

/* What takes no time is in an input only when it has failed. */
static void
virtual_start_instant(Step *step)
{
	step_done(step, NULL);
}

static void
virtual_forget(Step *step)
{
	free(step->virtual);
	step->virtual = NULL;
}

static const StepOps virtual_ops[STEP_KINDS] = {
	[STEP_SQL] = {virtual_start, virtual_ready, NULL, virtual_forget},
	[STEP_HTTP] = {virtual_start, NULL, NULL, NULL},
	[STEP_SLEEP] = {virtual_start, NULL, NULL, NULL},
	[STEP_SHELL] = {virtual_start, NULL, NULL, NULL},
	[STEP_SET] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_JSON] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_EMIT] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_ASSERT] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_ECHO] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_IF] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_JUMP] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_PIPELINE] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_SYNCPIPELINE] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_ENDPIPELINE] = {virtual_start_instant, NULL, NULL, NULL},
	[STEP_HOLD] = {virtual_start_hold, NULL, NULL, NULL},
	[STEP_RELEASE] = {virtual_start_release, NULL, NULL, NULL},
};

/* -------- one run -------- */

static int
input_steps(const PredictInput *input)
{
	int total = 0;

	for (int i = 0; i < input->ntasks; i++)
		total += input->tasks[i].nsteps;
	return total;
}

/* Does a transaction stay open after this statement? */
static bool
step_keeps_transaction(const PlanStep *step, bool was_open)
{
	if (step->kind != STEP_SQL || step->sql.transaction == SQL_TX_SAME)
		return was_open;
	return step->sql.transaction == SQL_TX_BEGIN;
}

/* One script becomes one body, each of its steps a PlanStep of its own. */
static void
predict_make_body(Predict *predict, int task, int *index)
{
	const Script *script = &predict->input->tasks[task];
	Body *body = &predict->bodies[task];
	bool is_open = false;

	body->name = "";
	body->nsteps = script->nsteps;
	body->steps = mem_alloc((size_t) script->nsteps * sizeof(PlanStep) + 1);
	for (int i = 0; i < script->nsteps; i++)
	{
		PlanStep *step = &body->steps[i];

		*step = *script->steps[i].step;
		step->call = script->steps[i].call;
		step->timeout_ns = -1;
		step->end = script->steps[i].gather_end;
		step->index = *index;
		is_open = step_keeps_transaction(step, is_open);
		predict->own_ns[*index] = script->steps[i].own_ns;
		predict->is_cold[*index] = script->steps[i].is_cold;
		predict->in_transaction[*index] = is_open;
		(*index)++;
	}
}

static void
predict_admit(Predict *predict, Task *task)
{
	int number = predict->next_task++;

	task_begin(task, &predict->bodies[number], (uint64_t) number + 1, "");
}

static void
on_predict_done(Engine *engine, Task *task)
{
	Predict *predict = engine->owner;

	if (predict->next_task < predict->input->ntasks)
		predict_admit(predict, task);
}

static int
limit_or(int limit, int otherwise)
{
	return limit > 0 && limit < otherwise ? limit : otherwise;
}

static void
predict_open(Predict *predict, const PredictInput *input)
{
	int nsteps = input_steps(input);
	int index = 0;
	Engine *engine = &predict->engine;

	predict->input = input;
	predict->bodies = mem_alloc((size_t) input->ntasks * sizeof(Body));
	predict->own_ns = mem_alloc((size_t) nsteps * sizeof(int64_t) + 1);
	predict->is_cold = mem_alloc((size_t) nsteps + 1);
	predict->in_transaction = mem_alloc((size_t) nsteps + 1);
	predict->worker_queue = mem_alloc((size_t) nsteps * sizeof(Step *) + 1);
	predict->idle_workers = input->workers > 0 ? input->workers : nsteps;
	for (int i = 0; i < input->ntasks; i++)
		predict_make_body(predict, i, &index);

	engine->owner = predict;
	engine->loop = loop_new_virtual();
	engine->plan = &predict->plan;
	engine->ops = virtual_ops;
	engine->hold = input->hold;
	engine->step_timeout_ns = -1;
	engine->on_task_done = on_predict_done;
	engine->pool =
		pool_new(engine->loop, NULL, &virtual_pool_ops, NULL,
				 limit_or(input->connections, nsteps > 0 ? nsteps : 1));
	/* as in a run, all are open before the clock starts: a gather borrows
	 * only what is idle */
	pool_open(engine->pool, pool_size(engine->pool), on_virtual_opened, NULL);
}

static void
predict_close(Predict *predict)
{
	for (int i = 0; i < predict->input->ntasks; i++)
		free(predict->bodies[i].steps);
	free(predict->bodies);
	free(predict->own_ns);
	free(predict->is_cold);
	free(predict->in_transaction);
	free(predict->worker_queue);
	pool_free(predict->engine.pool);
	loop_free(predict->engine.loop);
}

int64_t
predict_total_ns(const PredictInput *input)
{
	Predict predict = {0};
	int slots = limit_or(input->concurrency, input->ntasks);
	Task **tasks;
	int64_t total_ns;

	if (input->ntasks == 0)
		return 0;
	predict_open(&predict, input);
	tasks = mem_alloc((size_t) slots * sizeof(Task *));
	for (int i = 0; i < slots; i++)
	{
		tasks[i] = task_new(&predict.engine);
		predict_admit(&predict, tasks[i]);
	}
	loop_run(predict.engine.loop);
	total_ns = loop_now_ns(predict.engine.loop);
	for (int i = 0; i < slots; i++)
		task_free(tasks[i]);
	free(tasks);
	predict_close(&predict);
	return total_ns;
}
