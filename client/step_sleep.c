/*
 * step_sleep.c
 *	  \sleep: the kind to read first, and the pattern for writing another.
 *
 * A kind is one row of StepOps.  start() begins the step and returns at once;
 * whatever it waits for calls back later, and step_done() ends it, once:
 *
 *	async		a timer of the loop; the task is parked, the loop is free
 *	blocking	a call that holds the loop's thread: nothing else moves
 *	thread		the same call on a worker
 *
 * What the kind needs while it runs is its "work".  It is made at the first
 * use of a step's slot, kept for the next task, and freed by forget().
 */
#include "task.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "mem.h"
#include "step_call.h"

#define MAX_SLEEP_S (100.0 * 366 * 24 * 3600)

typedef struct SleepWork
{
	int64_t duration_ns;
	LoopTimer timer; /* async */

	StepCall call; /* blocking, thread */
	pthread_mutex_t lock;
	pthread_cond_t interrupted;
} SleepWork;

/* -------- async: a timer -------- */

/* Its time was over when it was due, also if the loop was held then. */
static void
on_timer(void *arg)
{
	Step *step = arg;

	step_arrived(step, step->sleep->timer.deadline_ns);
	step_done(step, NULL);
}

static void
sleep_async(Step *step)
{
	Loop *loop = step->task->engine->loop;
	SleepWork *work = step->sleep;

	loop_timer_init(&work->timer, on_timer, step);
	step_started(step);
	loop_timer_set(loop, &work->timer, loop_now_ns(loop) + work->duration_ns);
}

/* -------- blocking, thread: a wait that somebody else can end -------- */

static struct timespec
time_after(int64_t duration_ns)
{
	struct timespec until;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = until.tv_nsec + duration_ns % NS_PER_S;
	until.tv_sec += (time_t) (duration_ns / NS_PER_S + ns / NS_PER_S);
	until.tv_nsec = (long) (ns % NS_PER_S);
	return until;
}

static void
sleep_run(StepCall *call)
{
	SleepWork *work = call->step->sleep;
	struct timespec until = time_after(work->duration_ns);
	int rc = 0;

	pthread_mutex_lock(&work->lock);
	while (!step_call_interrupted(call) && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&work->interrupted, &work->lock, &until);
	pthread_mutex_unlock(&work->lock);
}

/* The lock keeps the signal from coming between the look and the wait. */
static void
sleep_interrupt(StepCall *call)
{
	SleepWork *work = call->step->sleep;

	pthread_mutex_lock(&work->lock);
	pthread_cond_signal(&work->interrupted);
	pthread_mutex_unlock(&work->lock);
}

static void
sleep_done(StepCall *call)
{
	Err err;

	if (!step_call_interrupted(call))
	{
		step_done(call->step, NULL);
		return;
	}
	err_set(&err, ERR_CANCEL, "canceled");
	step_done(call->step, &err);
}

/* -------- the row -------- */

static bool
sleep_duration(Step *step, int64_t *duration_ns, Err *err)
{
	Task *task = step->task;
	Value value = {0};
	double seconds = -1;
	bool ok = expr_eval(step->plan->sleep.seconds, &task->vars, &task->random,
						&value, err);

	if (ok && value.kind == VALUE_TEXT)
	{
		/* a text variable, as from -D or an input file */
		Value number = {0};

		value_set_number(&number, value.text, value.len);
		value_clear(&value);
		value = number;
	}
	if (value.kind == VALUE_INT)
		seconds = (double) value.integer;
	else if (value.kind == VALUE_DOUBLE)
		seconds = value.number;
	value_clear(&value);
	if (!ok)
		return false;
	if (!(seconds >= 0 && seconds <= MAX_SLEEP_S))
	{
		err_set(err, ERR_DATA,
				"the time to sleep is not a number from 0 to "
				"a hundred years");
		err_hint(err, "write \\sleep 0.3, \\sleep 300 ms or \\sleep :v ms");
		return false;
	}
	*duration_ns = (int64_t) llrint(seconds * 1e9);
	return true;
}

static SleepWork *
sleep_work_new(void)
{
	SleepWork *work = mem_alloc(sizeof(*work));
	pthread_condattr_t attr;

	loop_timer_init(&work->timer, on_timer, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&work->interrupted, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&work->lock, NULL);
	work->call.run = sleep_run;
	work->call.interrupt = sleep_interrupt;
	work->call.done = sleep_done;
	return work;
}

static void
sleep_start(Step *step)
{
	Err err;

	if (step->sleep == NULL)
		step->sleep = sleep_work_new();
	if (!sleep_duration(step, &step->sleep->duration_ns, &err))
		step_done(step, &err);
	else if (step->call == CALL_ASYNC)
		sleep_async(step);
	else
		step_call_start(&step->sleep->call, step);
}

static void
sleep_cancel(Step *step)
{
	Err err;

	if (step->call != CALL_ASYNC)
	{
		step_call_cancel(&step->sleep->call);
		return;
	}
	loop_timer_clear(step->task->engine->loop, &step->sleep->timer);
	err_set(&err, ERR_CANCEL, "canceled");
	step_done(step, &err);
}

static void
sleep_forget(Step *step)
{
	if (step->sleep == NULL)
		return;
	pthread_cond_destroy(&step->sleep->interrupted);
	pthread_mutex_destroy(&step->sleep->lock);
	free(step->sleep);
	step->sleep = NULL;
}

const StepOps step_sleep_ops = {
	.start = sleep_start,
	.cancel = sleep_cancel,
	.forget = sleep_forget,
};
