/*
 * report_fix.c
 *	  One sentence what to do about it.
 *
 * The change that predict found to gain most, with what it gains; without a
 * prediction (too many tasks) what the cause suggests, with no figure.
 */
#include "report_mistake.h"

#include <string.h>

#define FIX_BYTES sizeof(((Verdict *) NULL)->fix)

typedef char Duration[32];

/* --mode async, blocking and threads replace the plan's marks. */
static bool
mode_overrides(const RunResult *result)
{
	return result->mode != NULL && (strcmp(result->mode, "blocking") == 0 ||
									strcmp(result->mode, "threads") == 0);
}

static void
say_call(const RunResult *result, Verdict *verdict, const PlanStep *step,
		 const char *call)
{
	report_say(verdict->fix, FIX_BYTES, "make ");
	report_say_step(verdict->fix, FIX_BYTES, result, step, NULL, NULL);
	report_say(verdict->fix, FIX_BYTES, " %s", call);
	if (mode_overrides(result))
		report_say(verdict->fix, FIX_BYTES, ", without --mode %s",
				   result->mode);
}

static void
say_marks(const RunResult *result, Verdict *verdict)
{
	report_say(verdict->fix, FIX_BYTES,
			   "run the steps as the plan marks them (without --mode %s)",
			   result->mode != NULL ? result->mode : "");
}

static void
say_fix(const RunResult *result, Verdict *verdict)
{
	const Prediction *prediction = &result->prediction;
	static const char *const holds[] = {"task", "transaction", "statement"};
	int value = prediction->fix_value;

	switch (prediction->fix)
	{
		case FIX_STEP_ASYNC:
			say_call(result, verdict, prediction->fix_step, "async");
			break;
		case FIX_STEP_THREAD:
			say_call(result, verdict, prediction->fix_step, "run on a thread");
			break;
		case FIX_CONNECTIONS:
			report_say(verdict->fix, FIX_BYTES,
					   "use %d connections (--connections %d)", value, value);
			break;
		case FIX_CONCURRENCY:
			report_say(verdict->fix, FIX_BYTES,
					   "run %d tasks at once (-c %d%s)", value, value,
					   result->mode != NULL &&
							   strcmp(result->mode, "sequential") == 0
						   ? ", without --mode sequential"
						   : "");
			break;
		case FIX_HOLD:
			report_say(verdict->fix, FIX_BYTES,
					   "hold the connection shorter (--hold %s)",
					   holds[value]);
			break;
		case FIX_PER_HOST:
			report_say(verdict->fix, FIX_BYTES,
					   "allow %d requests at a time for each host "
					   "(--per-host %d)",
					   value, value);
			break;
		case FIX_MODE:
			say_marks(result, verdict);
			break;
		case FIX_NONE:
			break;
	}
}

/* Where ties decide, the least that it gains, and that it may be more. */
static void
say_gain(const Prediction *prediction, Verdict *verdict)
{
	Duration low;
	Duration high;
	double least =
		1.0 - (double) prediction->fix_ns / (double) prediction->predicted_ns;

	report_duration(prediction->fix_low_ns, low, sizeof(low));
	report_duration(prediction->fix_ns, high, sizeof(high));
	if (prediction->fix_low_ns < prediction->fix_ns)
		report_say(verdict->fix, FIX_BYTES,
				   " \u2192 predicted %s to %s, as steps that end together "
				   "fall out (\u2212%.0f %% at least).",
				   low, high, 100 * least);
	else
		report_say(verdict->fix, FIX_BYTES,
				   " \u2192 predicted %s (\u2212%.0f %%).", high, 100 * least);
}

/* Of connections that open while tasks wait the prediction knows nothing. */
static void
fix_connects(const RunResult *result, Verdict *verdict)
{
	const RunAsked *asked = &result->asked;

	if (asked->reconnects || asked->no_warm)
		report_say(verdict->fix, FIX_BYTES,
				   "open the connections before the clock starts, once: "
				   "leave %s out.",
				   asked->reconnects ? "-C" : "--no-warm");
	else
		report_say(verdict->fix, FIX_BYTES,
				   "see why connections are lost, or begin with as many as "
				   "are needed (--connections).");
}

static void
fix_predicted(const RunResult *result, Verdict *verdict, Class cause)
{
	const Prediction *prediction = &result->prediction;
	Duration time;

	if (report_has_gain(result))
	{
		say_fix(result, verdict);
		say_gain(prediction, verdict);
		return;
	}
	if (cause == CLASS_CONNECT)
	{
		fix_connects(result, verdict);
		return;
	}
	if ((double) prediction->predicted_ns <=
		1.1 * (double) prediction->best_ns)
		report_say(verdict->fix, FIX_BYTES,
				   "nothing to change: this is the best these steps can do.");
	else
		report_say(verdict->fix, FIX_BYTES,
				   "no single change gains; all steps async and no limits "
				   "would take %s (\u2212%.0f %%).",
				   report_duration(prediction->best_ns, time, sizeof(time)),
				   100.0 * (1.0 - (double) prediction->best_ns /
									  (double) prediction->predicted_ns));
}

/* The step that cost the others most; NULL: none did. */
static const PlanStep *
worst_blocker(const RunResult *result)
{
	const StepStats *worst = NULL;

	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *one = &result->spans->steps[i];

		if (one->step != NULL && one->cost_ns > 0 &&
			(worst == NULL || one->cost_ns > worst->cost_ns))
			worst = one;
	}
	return worst != NULL ? worst->step : NULL;
}

static void
fix_pool(const RunResult *result, Verdict *verdict)
{
	const PlanStep *idle;

	if (report_holds_long(result, &idle))
	{
		report_say(verdict->fix, FIX_BYTES,
				   "hold connections shorter (--hold transaction), or "
				   "\\release them before ");
		report_say_step(verdict->fix, FIX_BYTES, result, idle, NULL, NULL);
		report_say(verdict->fix, FIX_BYTES, ".");
	}
	else if (result->tuning.is_given &&
			 result->tuning.end == TUNER_SERVER_LIMIT)
		report_say(verdict->fix, FIX_BYTES,
				   "let the server take more connections (max_connections).");
	else if (result->tuning.is_given)
		report_say(verdict->fix, FIX_BYTES,
				   "nothing to change: --connections auto would have taken "
				   "more, had it gained by them.");
	else if (result->connections < result->concurrency)
		report_say(verdict->fix, FIX_BYTES,
				   "use more connections, if the server has room for it "
				   "(--connections auto finds out how many).");
	else
		report_say(verdict->fix, FIX_BYTES,
				   "use more connections (--connections), or take steps out "
				   "of the gather.");
}

/* Too many tasks for a prediction: what the cause suggests, with no figure. */
static void
fix_guessed(const RunResult *result, Verdict *verdict, Class cause)
{
	const PlanStep *blocker = worst_blocker(result);
	if (cause == CLASS_LOOP && blocker != NULL && mode_overrides(result) &&
		blocker->call != CALL_BLOCKING && blocker->kind != STEP_SHELL)
	{
		say_marks(result, verdict);
		report_say(verdict->fix, FIX_BYTES, ".");
	}
	else if (cause == CLASS_LOOP && blocker != NULL)
	{
		say_call(result, verdict, blocker,
				 blocker->kind == STEP_SHELL ? "a smaller part of the plan"
											 : "async");
		report_say(verdict->fix, FIX_BYTES, ".");
	}
	else if (cause == CLASS_POOL)
		fix_pool(result, verdict);
	else if (cause == CLASS_THREAD)
		report_say(
			verdict->fix, FIX_BYTES,
			"allow more worker threads (--threads), or make steps async.");
	else if (cause == CLASS_CONNECT)
		fix_connects(result, verdict);
	else if (cause == CLASS_CLIENT && report_is_busy(result))
	{
		report_say_busy(verdict->fix, FIX_BYTES, result);
		report_say(verdict->fix, FIX_BYTES, ".");
	}
	else if (cause == CLASS_CLIENT && result->loop_cpu_ns > 0 &&
			 result->concurrency > 1)
		report_say(verdict->fix, FIX_BYTES,
				   "fewer tasks at once (-c) would wait less for it; its loop "
				   "used %.0f %% of a core.",
				   100.0 * (double) result->loop_cpu_ns /
					   (double) (result->wall_ns > 0 ? result->wall_ns : 1));
	else if (strcmp(verdict->word, "SERIAL") == 0 && result->concurrency == 1)
		report_say(verdict->fix, FIX_BYTES, "run more tasks at once (-c).");
}

void
report_fill_fix(const RunResult *result, Verdict *verdict, Class cause)
{
	if (result->has_prediction)
		fix_predicted(result, verdict, cause);
	else
		fix_guessed(result, verdict, cause);
}
