/*
 * step_call.h
 *	  The call of a step that blocks: on the loop's thread, or on a worker.
 *
 * A kind whose \blocking and \thread forms are one function that runs to its
 * end embeds a StepCall in its work, sets the three callbacks, and calls
 * step_call_start.  Deadline and cancel come through "interrupt".
 */
#ifndef STEP_CALL_H
#define STEP_CALL_H

#include "loop_call.h"
#include "task.h"

typedef struct StepCall
{
	/* The call; with CALL_THREAD on a worker: no step, task or loop there. */
	void (*run)(struct StepCall *call);

	/*
	 * From another thread, during run: make it return soon.  A run that has
	 * not begun to wait yet finds step_call_interrupted true.
	 */
	void (*interrupt)(struct StepCall *call);

	/* On the loop's thread, after run: must call step_done. */
	void (*done)(struct StepCall *call);
	Step *step; /* set by step_call_start */

	LoopCall call;
	LoopWork work;
	atomic_bool is_canceled; /* asked before the worker took it */
} StepCall;

/*
 * Make the call as step->call says.  CALL_BLOCKING: run and done have
 * happened when this returns.
 */
extern void step_call_start(StepCall *call, Step *step);

/* For StepOps.cancel; done still comes. */
extern void step_call_cancel(StepCall *call);

/* Any thread, during run. */
extern bool step_call_interrupted(const StepCall *call);

#endif /* STEP_CALL_H */
