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

#include "http_gate.h"
#include "mem.h"
#include "task.h"

typedef struct VirtualWork
{
	LoopTimer timer;
	bool is_connecting; /* the request leaves when the timer fires */
	bool is_answered;	/* the statement ends in the task's turn */
	HttpTurn turn;		/* at the limits for HTTP */
} VirtualWork;

typedef struct Predict
{
	Engine engine; /* engine.owner leads back here */
	const PredictInput *input;
	Plan plan;
	Body *bodies;				/* one a task */
	const ScriptStep **scripts; /* by PlanStep.index */
	bool *in_transaction;		/* by PlanStep.index: one is open afterwards */
	int *idle;					/* connections by origin, now */
	int next_task;				/* the next to be admitted */
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

static const ScriptStep *
step_script(const Step *step)
{
	return step_predict(step)->scripts[step->plan->index];
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

static void virtual_begin_call(Step *step, int64_t begun_ns);

/* Does it have to make a connection?  Else one is idle no longer. */
static bool
virtual_connects(const Step *step)
{
	const ScriptStep *script = step_script(step);
	int *idle = &step_predict(step)->idle[script->origin];

	if (step->call != CALL_ASYNC)
		return false; /* its connection is its own, and in its time */
	if (script->origin == 0)
		return script->is_cold;
	if (*idle == 0)
		return true;
	(*idle)--;
	return false;
}

static void
virtual_hand_on(const Step *step)
{
	Predict *predict = step_predict(step);
	int origin = step_script(step)->origin;

	if (step->call == CALL_ASYNC && origin > 0 &&
		predict->input->origins[origin].keeps)
		predict->idle[origin]++;
}

static void
virtual_end(Step *step)
{
	Predict *predict = step_predict(step);

	virtual_hand_on(step);
	if (step->lease != NULL)
		lease_end_statement(step, predict->in_transaction[step->plan->index]);
	if (step->virtual != NULL)
		http_gate_leave(predict->engine.gate, &step->virtual->turn);
	step_done(step, NULL);
}

/* A worker takes the next one at once, also while the loop is held. */
static void
virtual_free_worker(Predict *predict, int64_t freed_ns)
{
	if (predict->queue_head == predict->queue_tail)
		predict->idle_workers++;
	else
		virtual_begin_call(predict->worker_queue[predict->queue_head++],
						   freed_ns);
}

/* Then it has its connection when the loop looks next. */
static bool
virtual_is_near(const Step *step, const ScriptStep *script)
{
	const Predict *predict = step_predict(step);

	return script->origin > 0 ? predict->input->origins[script->origin].is_near
							  : script->connect_ns < PREDICT_NEAR_NS;
}

/* The connection is there, and the request leaves. */
static void
virtual_leave(Step *step)
{
	const ScriptStep *script = step_script(step);
	Loop *loop = step_predict(step)->engine.loop;
	int64_t took_ns = script->own_ns;

	if (virtual_is_near(step, script))
		took_ns += script->connect_ns;
	loop_timer_set(loop, &step->virtual->timer, loop_now_ns(loop) + took_ns);
}

static void
on_virtual_timer(void *arg)
{
	Step *step = arg;
	Predict *predict = step_predict(step);
	LoopTimer *timer = &step->virtual->timer;
	int64_t ended_ns = timer->deadline_ns;
	bool had_worker = step->call == CALL_THREAD;

	if (step->virtual->is_connecting)
	{
		step->virtual->is_connecting = false;
		virtual_leave(step);
		return;
	}
	/* step_sql.c: an async statement gives its lease back in its turn */
	step->virtual->is_answered = step->plan->kind == STEP_SQL &&
								 step->call == CALL_ASYNC;
	if (step->virtual->is_answered)
		step_wake(step);
	else
		virtual_end(step);
	if (had_worker)
		virtual_free_worker(predict, ended_ns);
}

static void
on_virtual_turn(HttpTurn *turn)
{
	step_wake(turn->arg);
}

static VirtualWork *
virtual_work(Step *step)
{
	if (step->virtual == NULL)
	{
		step->virtual = mem_alloc(sizeof(VirtualWork));
		step->virtual->turn.on_turn = on_virtual_turn;
	}
	step->virtual->turn.arg = step; /* steps move while none is live */
	return step->virtual;
}

static void
virtual_begin_call(Step *step, int64_t begun_ns)
{
	const ScriptStep *script = step_script(step);
	Predict *predict = step_predict(step);
	Loop *loop = predict->engine.loop;
	VirtualWork *work = virtual_work(step);
	int64_t took_ns = script_step_ns(script);

	step_started(step);
	if (step->call == CALL_BLOCKING)
	{
		loop_virtual_hold(loop, took_ns);
		virtual_end(step);
		return;
	}
	work->is_answered = false;
	/* anew each time: a gather may have moved the slots since */
	loop_timer_init(&work->timer, on_virtual_timer, step);
	work->is_connecting = virtual_connects(step);
	if (step->call == CALL_ASYNC)
		took_ns = !work->is_connecting			  ? script->own_ns
				  : virtual_is_near(step, script) ? 0
												  : script->connect_ns;
	loop_timer_set(loop, &work->timer, begun_ns + took_ns);
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
	virtual_begin_call(step, loop_now_ns(predict->engine.loop));
}

/* A lease or a turn has come, or the answer. */
static void
virtual_resume(Step *step)
{
	if (step->virtual != NULL && step->virtual->is_answered)
	{
		step->virtual->is_answered = false;
		virtual_end(step);
	}
	else
		virtual_ready(step);
}

static void
virtual_start(Step *step)
{
	if (step->plan->kind != STEP_SQL || lease_take(step))
		virtual_ready(step);
}

/* The gate tells hosts apart by the URL: a number does as well. */
static void
virtual_start_http(Step *step)
{
	HttpGate *gate = step_predict(step)->engine.gate;
	int origin = step_script(step)->origin;
	char url[32];

	snprintf(url, sizeof(url), "http://%s%d/", origin > 0 ? "" : "step-",
			 origin > 0 ? origin : step->plan->index);
	if (gate == NULL || http_gate_enter(gate, &virtual_work(step)->turn, url))
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
	[STEP_SQL] = {virtual_start, virtual_resume, NULL, virtual_forget},
	[STEP_HTTP] = {virtual_start_http, virtual_resume, NULL, NULL},
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
		predict->scripts[*index] = &script->steps[i];
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
	predict->scripts = mem_alloc((size_t) nsteps * sizeof(ScriptStep *) + 1);
	predict->idle = mem_alloc((size_t) input->norigins * sizeof(int) + 1);
	for (int i = 0; i < input->norigins; i++)
		predict->idle[i] = input->origins[i].idle;
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
	if (input->per_host > 0 || input->http_rate > 0)
		engine->gate =
			http_gate_new(engine->loop, input->http_rate, input->per_host);
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
	free(predict->scripts);
	free(predict->idle);
	free(predict->in_transaction);
	free(predict->worker_queue);
	pool_free(predict->engine.pool);
	http_gate_free(predict->engine.gate);
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
