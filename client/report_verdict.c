/*
 * report_verdict.c
 *	  One word, why, and what to do.
 *
 * The word, by the first rule that holds:
 *	  SERIAL	one after another is hardly slower than the best possible
 *				(within 10 %): there is nothing that could overlap;
 *	  OVERLAPS	at most 1.1 times the best possible;
 *	  SERIAL	at least 0.9 times one after another;
 *	  PARTIAL	everything between, and what would be OVERLAPS but for locks
 *				that tasks took from each other (report_lock.c).
 * Without a prediction the overlap is held against the tasks in flight.
 *
 * The cause: what the remedy takes away, if there is one that gains; else the
 * class on which tasks lost most.  When the server was sampled and more was
 * lost to locks, these are the cause: predictions know nothing of them.  The
 * remedy is the change that predict found
 * to gain most; without a prediction it follows from the cause.
 */
#include "report_lock.h"
#include "report_mistake.h"

#include <string.h>

#define MIN_LOSS 0.02 /* of the tasks' time, to be called a cause */
#define MIN_BUSY 0.10 /* the same for the client's own work, always there */
#define MIN_GAIN 0.01 /* of the predicted time, to be called a remedy */

bool
report_has_gain(const RunResult *result)
{
	const Prediction *prediction = &result->prediction;

	return result->has_prediction && prediction->fix != FIX_NONE &&
		   (double) (prediction->predicted_ns - prediction->fix_ns) >
			   MIN_GAIN * (double) prediction->predicted_ns;
}

/*
 * The client's own work makes tasks wait before they begin, and after; what
 * waits before it begins because of a limit is a cause of its own.
 */
int64_t
report_lost_ns(const RunResult *result, Class class)
{
	const int64_t *class_ns = result->spans->class_ns;

	if (class == CLASS_QUEUED && !result->is_limited)
		return 0;
	if (class == CLASS_CLIENT && !result->is_limited)
		return class_ns[CLASS_CLIENT] + class_ns[CLASS_QUEUED];
	return class_ns[class];
}

/* The class on which most was lost; CLASSES: nothing worth a word. */
static Class
worst_class(const RunResult *result)
{
	static const Class causes[] = {CLASS_LOOP,	  CLASS_POOL,	 CLASS_THREAD,
								   CLASS_CONNECT, CLASS_BACKOFF, CLASS_QUEUED,
								   CLASS_CLIENT};
	double task_ns = (double) result->spans->task_ns;
	Class worst = CLASSES;

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
	{
		double limit = causes[i] == CLASS_CLIENT ? MIN_BUSY : MIN_LOSS;

		if ((double) report_lost_ns(result, causes[i]) > limit * task_ns &&
			(worst == CLASSES || report_lost_ns(result, causes[i]) >
									 report_lost_ns(result, worst)))
			worst = causes[i];
	}
	return worst;
}

/* What the remedy takes away; CLASSES: something else, or nothing. */
static Class
cause_of_fix(const RunResult *result)
{
	if (report_has_gain(result))
		switch (result->prediction.fix)
		{
			case FIX_STEP_ASYNC:
			case FIX_STEP_THREAD:
			case FIX_MODE:
				return CLASS_LOOP;
			case FIX_CONNECTIONS:
			case FIX_HOLD:
				return CLASS_POOL;
			case FIX_PER_HOST:
				return CLASS_QUEUED;
			case FIX_CONCURRENCY:
			case FIX_NONE:
				break;
		}
	return CLASSES;
}

/* What stood in the way; CLASSES: only the steps' own time. */
static Class
cause_of(const RunResult *result, const Verdict *verdict)
{
	Class cause = cause_of_fix(result);

	if (cause != CLASSES && report_lost_ns(result, cause) > 0)
		return cause;
	if (strcmp(verdict->word, "OVERLAPS") == 0 ||
		(report_has_gain(result) && result->prediction.fix == FIX_CONCURRENCY))
		return CLASSES;
	return worst_class(result);
}

static const char *
verdict_word(const RunResult *result)
{
	double wall = (double) result->wall_ns;
	double best = (double) result->prediction.best_ns;
	double worst = (double) result->prediction.worst_ns;
	const Spans *spans = result->spans;
	int64_t slots = spans->done + spans->failed + spans->canceled;

	if (result->has_prediction)
		return best >= 0.9 * worst	 ? "SERIAL"
			   : wall <= 1.1 * best	 ? "OVERLAPS"
			   : wall >= 0.9 * worst ? "SERIAL"
									 : "PARTIAL";
	if (result->concurrency > 0 && slots > result->concurrency)
		slots = result->concurrency;
	if (slots <= 1 || (double) spans->own_ns <= 1.1 * wall)
		return "SERIAL";
	return (double) spans->own_ns >= 0.9 * wall * (double) slots ? "OVERLAPS"
																 : "PARTIAL";
}

void
report_verdict(const RunResult *result, Verdict *verdict)
{
	Class cause;

	if (result->verdict != NULL)
	{
		*verdict = *result->verdict;
		return;
	}
	memset(verdict, 0, sizeof(*verdict));
	verdict->word = verdict_word(result);
	cause = cause_of(result, verdict);
	if (report_is_locked(result,
						 cause != CLASSES ? report_lost_ns(result, cause) : 0))
	{
		cause = CLASS_SERVER;
		report_why_locked(result, verdict);
		report_fix_locked(result, verdict);
	}
	else
	{
		report_fill_why(result, verdict, cause);
		report_fill_fix(result, verdict, cause);
	}
	report_find_mistakes(result, cause, verdict);
}
