/*
 * report_verdict.c
 *	  One word, why, and what to do.
 *
 * The word, by the first rule that holds:
 *	  SERIAL	one after another is hardly slower than the best possible
 *				(within 10 %): there is nothing that could overlap;
 *	  OVERLAPS	at most 1.1 times the best possible;
 *	  SERIAL	at least 0.9 times one after another;
 *	  PARTIAL	everything between.
 * Without a prediction the overlap is held against the tasks in flight.
 */
#include "report.h"

#include <stdarg.h>
#include <string.h>

#define WHY_BYTES sizeof(((Verdict *) NULL)->why)
#define MIN_LOSS 0.02 /* of the wall time, to be called a cause */

typedef char Duration[32];

static void say(char *text, size_t bytes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void
say(char *text, size_t bytes, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + len, bytes - len, fmt, args);
	va_end(args);
}

static const char *
task_name(const Spans *spans, uint64_t number, char *buf, size_t bytes)
{
	for (int i = 0; i < spans->ntasks; i++)
		if (spans->tasks[i].number == number &&
			spans->tasks[i].name[0] != '\0')
			return spans->tasks[i].name;
	snprintf(buf, bytes, "task %llu", (unsigned long long) number);
	return buf;
}

static bool
may_wait(const PlanStep *step)
{
	return step->kind == STEP_SQL || step->kind == STEP_HTTP ||
		   step->kind == STEP_SLEEP || step->kind == STEP_SHELL;
}

/* Which of its body's steps that may wait this is, from 1; 0: unknown. */
static int
step_number(const Plan *plan, const PlanStep *step, const Body **body)
{
	for (int i = 0; i < plan->nbodies; i++)
	{
		const Body *one = &plan->bodies[i];
		int number = 0;

		for (int j = 0; j < one->nsteps; j++)
		{
			number += may_wait(&one->steps[j]);
			if (&one->steps[j] == step)
			{
				*body = one;
				return number;
			}
		}
	}
	return 0;
}

/* "step 1 of t1 (http, line 4, blocking)" */
static void
say_step(char *text, size_t bytes, const RunResult *result,
		 const PlanStep *step, const char *task, const char *call)
{
	const Body *body = NULL;
	int number = step_number(result->plan, step, &body);

	if (task == NULL && body != NULL)
		task = body->name;
	if (number > 0)
		say(text, bytes, "step %d of %s", number, task);
	else
		say(text, bytes, "a step of %s", task != NULL ? task : "the plan");
	say(text, bytes, " (%s, line %d%s%s)", step->label, step->place.line,
		call != NULL ? ", " : "", call != NULL ? call : "");
}

static int64_t
common_ns(int64_t a0, int64_t a1, int64_t b0, int64_t b1)
{
	int64_t from = a0 > b0 ? a0 : b0;
	int64_t to = a1 < b1 ? a1 : b1;

	return to > from ? to - from : 0;
}

/* How much of a hold fell into a time when the task had nothing under way. */
static int64_t
lost_to_hold(const TaskSpans *task, const HoldSpan *hold)
{
	int64_t lost = common_ns(task->begun_ns, task->ended_ns, hold->begun_ns,
							 hold->ended_ns);

	if (task->number == hold->task)
		return 0;
	for (int i = 0; i < task->nspans && lost > 0; i++)
	{
		const Span *span = &task->spans[i];

		if (span->step->kind != STEP_GATHER)
			lost -= common_ns(span->started_ns, span->arrived_ns,
							  hold->begun_ns, hold->ended_ns);
	}
	return lost > 0 ? lost : 0;
}

static int64_t
first_start_ns(const TaskSpans *task)
{
	return task->nspans > 0 ? task->spans[0].started_ns : task->ended_ns;
}

static bool
why_loop(const RunResult *result, Verdict *verdict)
{
	const Spans *spans = result->spans;
	const HoldSpan *hold = NULL;
	const TaskSpans *victim = NULL;
	int64_t lost = 0;
	char name[48];
	Duration time;

	for (int i = 0; i < spans->nholds; i++)
		if (hold == NULL || spans->holds[i].cost_ns > hold->cost_ns)
			hold = &spans->holds[i];
	if (hold == NULL || hold->cost_ns <= 0 || hold->step == NULL)
		return false;
	for (int i = 0; i < spans->ntasks; i++)
	{
		int64_t one = lost_to_hold(&spans->tasks[i], hold);

		if (one > lost)
		{
			lost = one;
			victim = &spans->tasks[i];
		}
	}
	if (victim != NULL)
		say(verdict->why, WHY_BYTES, "%s could not %s for %s: ",
			task_name(spans, victim->number, name, sizeof(name)),
			first_start_ns(victim) >= hold->ended_ns ? "start" : "go on",
			report_duration(lost, time, sizeof(time)));
	else
		say(verdict->why, WHY_BYTES, "other tasks lost %s: ",
			report_duration(hold->cost_ns, time, sizeof(time)));
	say_step(verdict->why, WHY_BYTES, result, hold->step,
			 task_name(spans, hold->task, name, sizeof(name)), "blocking");
	say(verdict->why, WHY_BYTES, " held the loop");
	if (spans->class_ns[CLASS_LOOP] > 2 * lost)
		say(verdict->why, WHY_BYTES, "; in all, tasks lost %s this way",
			report_duration(spans->class_ns[CLASS_LOOP], time, sizeof(time)));
	say(verdict->why, WHY_BYTES, ".");
	return true;
}

static bool
why_pool(const RunResult *result, Verdict *verdict)
{
	const Spans *spans = result->spans;
	const Span *longest = NULL;
	uint64_t victim = 0;
	char name[48];
	Duration time;

	for (int i = 0; i < spans->ntasks; i++)
		for (int j = 0; j < spans->tasks[i].nspans; j++)
		{
			const Span *span = &spans->tasks[i].spans[j];

			if (span->lease_from != 0 &&
				(longest == NULL ||
				 span->started_ns - span->queued_ns >
					 longest->started_ns - longest->queued_ns))
			{
				longest = span;
				victim = spans->tasks[i].number;
			}
		}
	if (longest != NULL)
	{
		say(verdict->why, WHY_BYTES, "%s waited %s for a connection",
			task_name(spans, victim, name, sizeof(name)),
			report_duration(longest->started_ns - longest->queued_ns, time,
							sizeof(time)));
		say(verdict->why, WHY_BYTES, " that %s had",
			task_name(spans, longest->lease_from, name, sizeof(name)));
	}
	else
		say(verdict->why, WHY_BYTES, "tasks waited for a connection");
	say(verdict->why, WHY_BYTES,
		"; in all they waited %s: the pool has %d connection%s for %d task%s "
		"in flight.",
		report_duration(spans->class_ns[CLASS_POOL], time, sizeof(time)),
		result->connections, result->connections == 1 ? "" : "s",
		result->concurrency, result->concurrency == 1 ? "" : "s");
	return true;
}

/* The longest of the steps, for when the steps themselves take the time. */
static void
why_steps(const RunResult *result, Verdict *verdict)
{
	const Spans *spans = result->spans;
	int64_t tasks = spans->done + spans->failed + spans->canceled;
	const StepStats *longest = NULL;
	Duration time;

	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *one = &spans->steps[i];

		if (one->step != NULL && may_wait(one->step) && one->count > 0 &&
			(longest == NULL || one->own.sum_ns > longest->own.sum_ns))
			longest = one;
	}
	if (longest == NULL)
	{
		say(verdict->why, WHY_BYTES, "no step was waited for.");
		return;
	}
	if (strcmp(verdict->word, "OVERLAPS") == 0)
		say(verdict->why, WHY_BYTES, "steps ran at the same time");
	else if (tasks == 1)
		say(verdict->why, WHY_BYTES,
			"one task awaits its steps one after "
			"the other");
	else if (result->concurrency == 1)
		say(verdict->why, WHY_BYTES, "tasks run one at a time");
	else if (result->concurrency > 0 && result->concurrency < tasks)
		say(verdict->why, WHY_BYTES, "%lld tasks share %d places in flight",
			(long long) tasks, result->concurrency);
	else
		say(verdict->why, WHY_BYTES,
			"each task awaits its steps one after "
			"the other");
	say(verdict->why, WHY_BYTES, "; most time is spent in ");
	say_step(verdict->why, WHY_BYTES, result, longest->step, NULL, NULL);
	say(verdict->why, WHY_BYTES, ", %s each.",
		report_duration(
			(int64_t) (longest->own.sum_ns / (double) longest->own.count),
			time, sizeof(time)));
}

static void
fill_why(const RunResult *result, Verdict *verdict)
{
	static const Class causes[] = {CLASS_LOOP,	  CLASS_POOL,	 CLASS_THREAD,
								   CLASS_CONNECT, CLASS_BACKOFF, CLASS_CLIENT};
	static const char *const words[CLASSES] = {
		[CLASS_THREAD] = "for a worker thread",
		[CLASS_CONNECT] = "for connections to open",
		[CLASS_BACKOFF] = "between attempts",
		[CLASS_CLIENT] = "for the client's own work"};
	const int64_t *class_ns = result->spans->class_ns;
	Class cause = CLASS_LOOP;
	Duration time;

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (class_ns[causes[i]] > class_ns[cause])
			cause = causes[i];
	if ((double) class_ns[cause] > MIN_LOSS * (double) result->wall_ns)
	{
		if (cause == CLASS_LOOP && why_loop(result, verdict))
			return;
		if (cause == CLASS_POOL && why_pool(result, verdict))
			return;
		if (words[cause] != NULL)
		{
			say(verdict->why, WHY_BYTES, "tasks waited %s %s.",
				report_duration(class_ns[cause], time, sizeof(time)),
				words[cause]);
			return;
		}
	}
	why_steps(result, verdict);
}

static void
say_fix(const RunResult *result, Verdict *verdict)
{
	const Prediction *prediction = &result->prediction;
	static const char *const holds[] = {"task", "transaction", "statement"};

	switch (prediction->fix)
	{
		case FIX_STEP_ASYNC:
		case FIX_STEP_THREAD:
			say(verdict->fix, WHY_BYTES, "make ");
			say_step(verdict->fix, WHY_BYTES, result, prediction->fix_step,
					 NULL, NULL);
			say(verdict->fix, WHY_BYTES,
				prediction->fix == FIX_STEP_ASYNC ? " async"
												  : " run on a thread");
			break;
		case FIX_CONNECTIONS:
			say(verdict->fix, WHY_BYTES,
				"use %d connections (--connections "
				"%d)",
				prediction->fix_value, prediction->fix_value);
			break;
		case FIX_CONCURRENCY:
			say(verdict->fix, WHY_BYTES, "run %d tasks at once (-c %d)",
				prediction->fix_value, prediction->fix_value);
			break;
		case FIX_HOLD:
			say(verdict->fix, WHY_BYTES,
				"hold the connection shorter "
				"(--hold %s)",
				holds[prediction->fix_value]);
			break;
		case FIX_NONE:
			break;
	}
}

static void
fill_fix(const RunResult *result, Verdict *verdict)
{
	const Prediction *prediction = &result->prediction;
	Duration time;

	if (!result->has_prediction)
		return;
	if (prediction->fix != FIX_NONE && prediction->predicted_ns > 0)
	{
		say_fix(result, verdict);
		say(verdict->fix, WHY_BYTES, " \u2192 predicted %s (\u2212%.0f %%).",
			report_duration(prediction->fix_ns, time, sizeof(time)),
			100.0 * (1.0 - (double) prediction->fix_ns /
							   (double) prediction->predicted_ns));
		return;
	}
	say(verdict->fix, WHY_BYTES, "nothing to change: ");
	if ((double) prediction->predicted_ns <=
		1.1 * (double) prediction->best_ns)
		say(verdict->fix, WHY_BYTES, "this is the best these steps can do.");
	else
		say(verdict->fix, WHY_BYTES,
			"no single change gains; all steps "
			"async and no limits would take %s.",
			report_duration(prediction->best_ns, time, sizeof(time)));
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
	memset(verdict, 0, sizeof(*verdict));
	verdict->word = verdict_word(result);
	fill_why(result, verdict);
	fill_fix(result, verdict);
}
