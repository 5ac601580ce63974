/*
 * predict_spans.c
 *	  What was measured, as an input for predict.
 */
#include "predict.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "span.h"

/* For each PlanStep.index: the gather it stands in, or NULL. */
static const PlanStep **
gathers_of(const Plan *plan)
{
	const PlanStep **gathers = mem_alloc((size_t) plan->nsteps *
										 sizeof(PlanStep *) + 1);

	for (int b = 0; b < plan->nbodies; b++)
		for (int i = 0; i < plan->bodies[b].nsteps; i++)
		{
			const PlanStep *gather = &plan->bodies[b].steps[i];

			if (gather->kind != STEP_GATHER)
				continue;
			for (int j = i + 1; j < gather->end; j++)
				gathers[plan->bodies[b].steps[j].index] = gather;
		}
	return gathers;
}

static int64_t
span_own_ns(const Span *span)
{
	int64_t		ended_ns = span->arrived_ns;

	if (span->call != CALL_ASYNC || ended_ns < span->started_ns)
		ended_ns = span->ended_ns;
	return ended_ns > span->started_ns ? ended_ns - span->started_ns : 0;
}

static ScriptStep *
script_add(Script *script, const PlanStep *step, Call call, int64_t own_ns)
{
	ScriptStep *added;

	script->steps = mem_realloc(script->steps, (size_t) (script->nsteps + 1) *
								sizeof(ScriptStep));
	added = &script->steps[script->nsteps++];
	added->step = step;
	added->call = call;
	added->own_ns = own_ns;
	added->gather_end = 0;
	return added;
}

/* Of the instant kinds only those that move a lease matter to a schedule. */
static bool
kind_takes_time(StepKind kind)
{
	return kind <= STEP_SHELL || kind == STEP_HOLD || kind == STEP_RELEASE;
}

static void
script_from_task(Script *script, const TaskSpans *task,
				 const PlanStep **gathers)
{
	const PlanStep *open = NULL;
	int			open_at = 0;

	for (int i = 0; i < task->nspans; i++)
	{
		const Span *span = &task->spans[i];
		const PlanStep *gather = gathers[span->step->index];

		if (!kind_takes_time(span->step->kind))
			continue;

		/* slot 0 again: the same gather, but entered anew */
		if (gather != NULL && (gather != open || span->slot == 0))
		{
			open_at = script->nsteps;
			script_add(script, gather, CALL_ASYNC, 0);
		}
		open = gather;
		script_add(script, span->step, span->call, span_own_ns(span));
		if (open != NULL)
			script->steps[open_at].gather_end = script->nsteps;
	}
}

void
predict_input_from_spans(const Spans *spans, PredictInput *input)
{
	const PlanStep **gathers = gathers_of(spans->plan);

	memset(input, 0, sizeof(*input));
	input->ntasks = spans->ntasks;
	input->tasks = mem_alloc((size_t) spans->ntasks * sizeof(Script) + 1);
	for (int i = 0; i < spans->ntasks; i++)
		script_from_task(&input->tasks[i], &spans->tasks[i], gathers);
	free(gathers);
}
