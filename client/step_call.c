/*
 * step_call.c
 *	  The call of a step that blocks: on the loop's thread, or on a worker.
 */
#include "step_call.h"

#include <string.h>

static void
on_interrupt(LoopCall *loop_call, LoopInterrupt why)
{
	StepCall *call = loop_call->arg;

	(void) why; /* in loop_call->interrupted as well */
	call->interrupt(call);
}

bool
step_call_interrupted(const StepCall *call)
{
	return atomic_load(&call->call.interrupted) != 0;
}

/* On whichever thread makes the call. */
static void
call_make(StepCall *call)
{
	Loop *loop = call->step->task->engine->loop;

	loop_call_begin(loop, &call->call);
	/* a cancel that came too early for the loop to know the call */
	if (atomic_load(&call->is_canceled))
	{
		int nothing = 0;

		atomic_compare_exchange_strong(&call->call.interrupted, &nothing,
									   1 + LOOP_CANCEL);
	}
	call->run(call);
	loop_call_end(loop, &call->call);
}

/*
 * While the loop is held its timers are, and the run's own timeout is one:
 * the control thread sees to that as well.
 */
static int64_t
call_deadline_ns(const Step *step)
{
	int64_t run_ns = step->task->engine->run_deadline_ns;

	return run_ns > 0 && run_ns < step->deadline_ns &&
				   step->call == CALL_BLOCKING
			   ? run_ns
			   : step->deadline_ns;
}

/* What the control thread did while nobody could tell the step. */
static void
call_note_interrupt(StepCall *call)
{
	Step *step = call->step;
	int why = atomic_load(&call->call.interrupted);

	if (why == 1 + LOOP_DEADLINE && call->call.deadline_ns < step->deadline_ns)
		step->is_canceled = step->task->is_canceled = true; /* the run's */
	else if (why == 1 + LOOP_DEADLINE)
		step->timed_out = true;
	else if (why == 1 + LOOP_CANCEL && !step->timed_out)
		step->is_canceled = true;
}

static void
on_work(LoopWork *work)
{
	call_make(work->arg);
}

static void
on_work_done(LoopWork *work)
{
	StepCall *call = work->arg;

	step_started_at(call->step, work->begun_ns);
	step_arrived(call->step, work->ended_ns);
	call_note_interrupt(call);
	call->done(call);
}

void
step_call_start(StepCall *call, Step *step)
{
	call->step = step;
	call->call.interrupt = on_interrupt;
	call->call.arg = call;
	call->call.deadline_ns = call_deadline_ns(step);
	call->call.holds_loop = step->call == CALL_BLOCKING;
	atomic_store(&call->call.interrupted, 0);
	atomic_store(&call->is_canceled, false);
	if (step->call == CALL_THREAD)
	{
		call->work.run = on_work;
		call->work.done = on_work_done;
		call->work.arg = call;
		loop_work(step->task->engine->loop, &call->work);
		return;
	}
	step_started(step);
	step_hold_begin(step);
	call_make(call);
	step_hold_end(step);
	call_note_interrupt(call);
	call->done(call);
}

void
step_call_cancel(StepCall *call)
{
	atomic_store(&call->is_canceled, true);
	loop_call_cancel(call->step->task->engine->loop, &call->call);
}
