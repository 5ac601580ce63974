/*
 * predict_spans.c
 *	  What was measured, as an input for predict.
 */
#include "predict.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "predict_origin.h"
#include "span.h"

/* For each PlanStep.index: the gather it stands in, or NULL. */
static const PlanStep **
gathers_of(const Plan *plan)
{
	const PlanStep **gathers =
		mem_alloc((size_t) plan->nsteps * sizeof(PlanStep *) + 1);

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
	int64_t ended_ns = span->arrived_ns;

	if (span->call == CALL_BLOCKING || ended_ns < span->started_ns)
		ended_ns = span->ended_ns;
	return ended_ns > span->started_ns ? ended_ns - span->started_ns : 0;
}

/* What it took to have a new connection; 0: it had one. */
static int64_t
span_connect_ns(const Span *span)
{
	if (span->step->kind != STEP_HTTP || span->phase_ns[PHASE_CONNECT] == 0)
		return 0;
	return span->phase_ns[PHASE_DNS] + span->phase_ns[PHASE_CONNECT] +
		   span->phase_ns[PHASE_TLS];
}

/*
 * Holds that were under way while it connected.  An async request cannot leave
 * meanwhile: what it waited for that is the schedule's time, not its own.
 */
static int64_t
span_held_ns(const Spans *spans, const Span *span)
{
	int64_t connected_ns = span->started_ns + span_connect_ns(span);
	int64_t held_ns = 0;

	for (int i = 0; i < spans->nholds; i++)
	{
		const HoldSpan *hold = &spans->holds[i];
		int64_t from_ns = hold->begun_ns > span->started_ns ? hold->begun_ns
															: span->started_ns;
		int64_t to_ns =
			hold->ended_ns < connected_ns ? hold->ended_ns : connected_ns;

		if (to_ns > from_ns)
			held_ns += to_ns - from_ns;
	}
	return held_ns;
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
	added->connect_ns = 0;
	added->is_cold = false;
	added->origin = 0;
	added->gather_end = 0;
	return added;
}

/* Of the instant kinds only those that move a lease matter to a schedule. */
static bool
kind_takes_time(StepKind kind)
{
	return kind <= STEP_SHELL || kind == STEP_HOLD || kind == STEP_RELEASE;
}

/* What lies between two attempts is waited for as well. */
static void
script_add_backoff(Script *script, const Span *span)
{
	static const PlanStep backoff = {
		.kind = STEP_SLEEP, .label = "backoff", .timeout_ns = -1};

	if (span->backoff_ns > 0)
		script_add(script, &backoff, CALL_ASYNC, span->backoff_ns);
}

static int64_t
at_least_zero(int64_t ns)
{
	return ns > 0 ? ns : 0;
}

/* The part of a request's time that a connection at hand would have saved. */
static void
step_split_connect(ScriptStep *added, const Spans *spans, const Span *span)
{
	int64_t connect_ns = span_connect_ns(span);

	if (connect_ns == 0)
		return;
	added->is_cold = true;
	added->own_ns = at_least_zero(added->own_ns - connect_ns);
	if (span->call == CALL_ASYNC)
		connect_ns -= span_held_ns(spans, span);
	added->connect_ns = at_least_zero(connect_ns);
}

static void
script_from_task(Script *script, const Spans *spans, const TaskSpans *task,
				 const PlanStep **gathers)
{
	const PlanStep *open = NULL;
	int open_at = 0;

	for (int i = 0; i < task->nspans; i++)
	{
		const Span *span = &task->spans[i];
		ScriptStep *added;
		const PlanStep *gather = gathers[span->step->index];

		if (!kind_takes_time(span->step->kind))
			continue;

		/* slot 0 again: the same gather, but entered anew */
		if (gather != NULL &&
			(gather != open || (span->slot == 0 && span->attempt == 1)))
		{
			open_at = script->nsteps;
			script_add(script, gather, CALL_ASYNC, 0);
		}
		open = gather;
		if (gather == NULL)
			script_add_backoff(script, span);
		added = script_add(script, span->step, span->call, span_own_ns(span));
		step_split_connect(added, spans, span);
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
		script_from_task(&input->tasks[i], spans, &spans->tasks[i], gathers);
	free(gathers);
	predict_find_origins(spans, input);
}
