/*
 * predict_fix.c
 *	  The bounds of an input, and the single change that gains most.
 *
 * Every candidate is simulated with predict_total_ns on a copy of the input.
 * Of candidates that gain the same the first tried wins; they are tried from
 * the least to the most intrusive.
 */
#include "predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Total times closer than this are no gain, and no range, worth a word. */
#define WORTH_NS INT64_C(1000000)
#define TIE_TRIALS 8
#define TIE_JITTER_NS INT64_C(200000)

static PredictInput
input_copy(const PredictInput *input)
{
	PredictInput copy = *input;

	copy.origins = mem_dup(input->origins,
						   (size_t) input->norigins * sizeof(ScriptOrigin));
	copy.tasks = mem_alloc((size_t) input->ntasks * sizeof(Script) + 1);
	for (int i = 0; i < input->ntasks; i++)
	{
		copy.tasks[i].nsteps = input->tasks[i].nsteps;
		copy.tasks[i].steps =
			mem_dup(input->tasks[i].steps,
					(size_t) input->tasks[i].nsteps * sizeof(ScriptStep));
	}
	return copy;
}

void
predict_input_clear(PredictInput *input)
{
	for (int i = 0; i < input->ntasks; i++)
		free(input->tasks[i].steps);
	free(input->tasks);
	free(input->origins);
	memset(input, 0, sizeof(*input));
}

static void
input_set_call(PredictInput *input, const PlanStep *step, Call call)
{
	for (int i = 0; i < input->ntasks; i++)
		for (int j = 0; j < input->tasks[i].nsteps; j++)
			if (step == NULL || input->tasks[i].steps[j].step == step)
				input->tasks[i].steps[j].call = call;
}

/* All async, no limits: the longest task. */
static int64_t
best_ns(const PredictInput *input)
{
	PredictInput copy = input_copy(input);
	int64_t total_ns;

	input_set_call(&copy, NULL, CALL_ASYNC);
	copy.concurrency = 0;
	copy.connections = 0;
	copy.per_host = 0;
	copy.http_rate = 0;
	total_ns = predict_total_ns(&copy);
	predict_input_clear(&copy);
	return total_ns;
}

static int64_t
worst_ns(const PredictInput *input)
{
	int64_t total_ns = 0;

	for (int i = 0; i < input->ntasks; i++)
		for (int j = 0; j < input->tasks[i].nsteps; j++)
			total_ns += script_step_ns(&input->tasks[i].steps[j]);
	return total_ns;
}

/* Up to half of TIE_JITTER_NS more or less, so that a sum stays the same. */
static int64_t
shaken_ns(int64_t own_ns, uint32_t chance)
{
	own_ns += (int64_t) chance % TIE_JITTER_NS - TIE_JITTER_NS / 2;
	return own_ns > 0 ? own_ns : 0;
}

/*
 * How far the shaking alone moves a total: the shakes of n steps, each at
 * most half of TIE_JITTER_NS either way, add up to little more than their
 * square root.
 */
static int64_t
tie_margin_ns(const PredictInput *input)
{
	double nsteps = 0;

	for (int i = 0; i < input->ntasks; i++)
		nsteps += input->tasks[i].nsteps;
	return (int64_t) ((20 + 2 * sqrt(nsteps)) * TIE_JITTER_NS);
}

/*
 * Where two completions tie, which comes first is chance: shake all times a
 * little and see how far the total goes from what it is unshaken.
 */
static void
predict_range(const PredictInput *input, int64_t unshaken_ns, int64_t *low_ns,
			  int64_t *high_ns)
{
	PredictInput copy = input_copy(input);
	uint32_t seed = 12345;
	int64_t margin_ns = tie_margin_ns(input);

	*low_ns = *high_ns = unshaken_ns;
	for (int trial = 0; trial < TIE_TRIALS; trial++)
	{
		int64_t total_ns;

		for (int i = 0; i < copy.ntasks; i++)
			for (int j = 0; j < copy.tasks[i].nsteps; j++)
			{
				seed = seed * 1664525u + 1013904223u;
				copy.tasks[i].steps[j].own_ns =
					shaken_ns(input->tasks[i].steps[j].own_ns, seed >> 8);
			}
		total_ns = predict_total_ns(&copy);
		if (total_ns + margin_ns < *low_ns)
			*low_ns = total_ns;
		if (total_ns - margin_ns > *high_ns)
			*high_ns = total_ns;
	}
	predict_input_clear(&copy);
}

/*
 * A change is judged by the worst that ties may make of it, so that what is
 * promised holds.
 */
static void
fix_consider(Prediction *prediction, const PredictInput *changed, FixKind kind,
			 const PlanStep *step, int value)
{
	int64_t total_ns = predict_total_ns(changed);
	int64_t low_ns;
	int64_t high_ns;

	if (total_ns + WORTH_NS >= prediction->fix_ns)
		return;
	predict_range(changed, total_ns, &low_ns, &high_ns);
	if (high_ns + WORTH_NS >= prediction->fix_ns)
		return;
	prediction->fix = kind;
	prediction->fix_step = step;
	prediction->fix_value = value;
	prediction->fix_low_ns = low_ns;
	prediction->fix_ns = high_ns;
}

static void
fix_try_call(Prediction *prediction, const PredictInput *input,
			 const PlanStep *step, FixKind kind, Call call)
{
	PredictInput copy = input_copy(input);

	input_set_call(&copy, step, call);
	fix_consider(prediction, &copy, kind, step, 0);
	predict_input_clear(&copy);
}

static bool
script_seen(const PredictInput *input, int task, int step)
{
	for (int i = 0; i <= task; i++)
		for (int j = 0; j < (i == task ? step : input->tasks[i].nsteps); j++)
			if (input->tasks[i].steps[j].step ==
				input->tasks[task].steps[step].step)
				return true;
	return false;
}

/* The call of such a step is the plan's mark, or what --mode makes of it. */
static bool
is_marked(const ScriptStep *step)
{
	StepKind kind = step->step->kind;

	return kind == STEP_SQL || kind == STEP_HTTP || kind == STEP_SLEEP;
}

/* With a mode that replaces all marks no step can be changed alone. */
static bool
mode_replaces(const PredictInput *input)
{
	for (int i = 0; i < input->ntasks; i++)
		for (int j = 0; j < input->tasks[i].nsteps; j++)
		{
			const ScriptStep *step = &input->tasks[i].steps[j];

			if (is_marked(step) && step->call != step->step->call)
				return true;
		}
	return false;
}

static void
fix_try_mode(Prediction *prediction, const PredictInput *input)
{
	PredictInput copy = input_copy(input);

	for (int i = 0; i < copy.ntasks; i++)
		for (int j = 0; j < copy.tasks[i].nsteps; j++)
		{
			ScriptStep *step = &copy.tasks[i].steps[j];

			if (is_marked(step))
				step->call = step->step->call;
		}
	fix_consider(prediction, &copy, FIX_MODE, NULL, 0);
	predict_input_clear(&copy);
}

static void
fix_try_steps(Prediction *prediction, const PredictInput *input)
{
	for (int i = 0; i < input->ntasks; i++)
		for (int j = 0; j < input->tasks[i].nsteps; j++)
		{
			const ScriptStep *step = &input->tasks[i].steps[j];

			if (step->call != CALL_BLOCKING || script_seen(input, i, j))
				continue;
			if (step->step->kind != STEP_SHELL)
			{
				fix_try_call(prediction, input, step->step, FIX_STEP_ASYNC,
							 CALL_ASYNC);
				fix_try_call(prediction, input, step->step, FIX_STEP_THREAD,
							 CALL_THREAD);
			}
		}
}

/* So many steps may be under way: tasks in flight, each in its widest gather.
 */
static int
most_at_once(const PredictInput *input)
{
	int tasks = input->concurrency > 0 && input->concurrency < input->ntasks
					? input->concurrency
					: input->ntasks;
	int widest = 1;

	for (int i = 0; i < input->ntasks; i++)
		for (int j = 0; j < input->tasks[i].nsteps; j++)
			if (input->tasks[i].steps[j].gather_end - j - 1 > widest)
				widest = input->tasks[i].steps[j].gather_end - j - 1;
	return tasks * widest;
}

/* One more, then two, four and so on, up to what can be of use. */
static void
fix_try_more(Prediction *prediction, const PredictInput *input, FixKind kind)
{
	PredictInput changed = *input;
	int *limit =
		kind == FIX_PER_HOST ? &changed.per_host : &changed.connections;
	int now = *limit;
	int most = most_at_once(input);

	if (now == 0)
		return;
	for (int more = 1; *limit < most; more *= 2)
	{
		*limit = now + more < most ? now + more : most;
		fix_consider(prediction, &changed, kind, NULL, *limit);
	}
}

static void
fix_try_limits(Prediction *prediction, const PredictInput *input)
{
	PredictInput changed = *input;

	if (input->hold == HOLD_TASK)
	{
		changed.hold = HOLD_STATEMENT;
		fix_consider(prediction, &changed, FIX_HOLD, NULL, HOLD_STATEMENT);
		changed.hold = input->hold;
	}
	fix_try_more(prediction, input, FIX_CONNECTIONS);
	fix_try_more(prediction, input, FIX_PER_HOST);
	if (input->concurrency > 0 && input->concurrency < input->ntasks)
	{
		changed.concurrency = input->ntasks;
		if (input->connections >= input->concurrency)
			changed.connections = input->ntasks;
		fix_consider(prediction, &changed, FIX_CONCURRENCY, NULL,
					 input->ntasks);
	}
}

void
predict(const PredictInput *input, Prediction *prediction)
{
	memset(prediction, 0, sizeof(*prediction));
	prediction->predicted_ns = predict_total_ns(input);
	prediction->fix_ns = prediction->fix_low_ns = prediction->predicted_ns;
	prediction->best_ns = best_ns(input);
	prediction->worst_ns = worst_ns(input);
	predict_range(input, prediction->predicted_ns, &prediction->low_ns,
				  &prediction->high_ns);
	if (mode_replaces(input))
		fix_try_mode(prediction, input);
	else
		fix_try_steps(prediction, input);
	fix_try_limits(prediction, input);
}
