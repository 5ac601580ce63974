/*
 * report_why.c
 *	  One sentence why a run took as long as it did.
 */
#include "report_mistake.h"

#include <string.h>

#define WHY_BYTES sizeof(((Verdict *) NULL)->why)

typedef char Duration[32];

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
		report_say(verdict->why, WHY_BYTES, "%s could not %s for %s: ",
				   report_say_task(result, victim->number, name, sizeof(name)),
				   first_start_ns(victim) >= hold->ended_ns ? "start"
															: "go on",
				   report_duration(lost, time, sizeof(time)));
	else
		report_say(verdict->why, WHY_BYTES, "other tasks lost %s: ",
				   report_duration(hold->cost_ns, time, sizeof(time)));
	report_say_step(verdict->why, WHY_BYTES, result, hold->step,
					report_say_task(result, hold->task, name, sizeof(name)),
					"blocking");
	report_say(verdict->why, WHY_BYTES, " held the loop");
	if (spans->class_ns[CLASS_LOOP] > 2 * lost)
		report_say(
			verdict->why, WHY_BYTES, "; in all, tasks lost %s this way",
			report_duration(spans->class_ns[CLASS_LOOP], time, sizeof(time)));
	report_say(verdict->why, WHY_BYTES, ".");
	return true;
}

/* What one of its kind took on average. */
static const char *
say_each(const StepStats *stats, Duration time)
{
	double mean_ns = stats->own.sum_ns / (double) stats->own.count;

	return report_duration((int64_t) mean_ns, time, sizeof(Duration));
}

static bool
why_pool(const RunResult *result, Verdict *verdict)
{
	const Spans *spans = result->spans;
	const Span *longest = NULL;
	const PlanStep *idle;
	const StepStats *follower;
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
		report_say(verdict->why, WHY_BYTES, "%s waited %s for a connection",
				   report_say_task(result, victim, name, sizeof(name)),
				   report_duration(longest->started_ns - longest->queued_ns,
								   time, sizeof(time)));
		report_say(
			verdict->why, WHY_BYTES, " that %s had",
			report_say_task(result, longest->lease_from, name, sizeof(name)));
	}
	else if (report_matters(result,
							REPORT_HABIT(result, follow_ns, &follower)))
	{
		report_say(verdict->why, WHY_BYTES, "two queries on one connection: ");
		report_say_step(verdict->why, WHY_BYTES, result, follower->step, NULL,
						NULL);
		report_say(verdict->why, WHY_BYTES,
				   " waited behind another one of its gather");
	}
	else
		report_say(verdict->why, WHY_BYTES, "tasks waited for a connection");
	report_say(
		verdict->why, WHY_BYTES,
		"; in all they waited %s: the pool has %d connection%s for %d task%s "
		"in flight%s",
		report_duration(spans->class_ns[CLASS_POOL], time, sizeof(time)),
		result->connections, result->connections == 1 ? "" : "s",
		result->concurrency, result->concurrency == 1 ? "" : "s",
		result->connections >= result->concurrency
			? ", and a gather may take several"
			: "");
	if (report_holds_long(result, &idle) &&
		(!result->has_prediction || result->prediction.fix == FIX_HOLD))
	{
		report_say(verdict->why, WHY_BYTES, "; ");
		report_say_holds_long(verdict->why, WHY_BYTES, result);
	}
	report_say(verdict->why, WHY_BYTES, ".");
	return true;
}

/* The one that takes most time in all; *count: how many ran. */
static const StepStats *
longest_step(const RunResult *result, int64_t *count)
{
	const StepStats *longest = NULL;

	*count = 0;
	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *one = &result->spans->steps[i];

		if (one->step == NULL || !report_may_wait(one->step) ||
			one->own.count == 0)
			continue;
		*count += one->count;
		if (longest == NULL || one->own.sum_ns > longest->own.sum_ns)
			longest = one;
	}
	return longest;
}

/* For when the steps themselves take the time. */
static void
why_steps(const RunResult *result, Verdict *verdict)
{
	const Spans *spans = result->spans;
	int64_t tasks = spans->done + spans->failed + spans->canceled;
	int64_t count;
	const StepStats *longest = longest_step(result, &count);
	Duration time;

	if (longest == NULL)
	{
		report_say(verdict->why, WHY_BYTES, "no step was waited for.");
		return;
	}
	if (strcmp(verdict->word, "OVERLAPS") == 0)
		report_say(verdict->why, WHY_BYTES, "steps ran at the same time");
	else if (count == 1)
		report_say(
			verdict->why, WHY_BYTES,
			"there is nothing beside the one step that it could overlap with");
	else if (tasks == 1)
		report_say(verdict->why, WHY_BYTES,
				   "one task awaits its steps one after the other");
	else if (result->concurrency == 1)
		report_say(verdict->why, WHY_BYTES, "tasks run one at a time");
	else if (result->concurrency > 0 && result->concurrency < tasks)
		report_say(verdict->why, WHY_BYTES,
				   "%lld tasks share %d places in flight", (long long) tasks,
				   result->concurrency);
	else
		report_say(verdict->why, WHY_BYTES,
				   "each task awaits its steps one after the other");
	report_say(verdict->why, WHY_BYTES, "; most time is spent in ");
	report_say_step(verdict->why, WHY_BYTES, result, longest->step, NULL,
					NULL);
	report_say(verdict->why, WHY_BYTES, ", %s each.", say_each(longest, time));
}

void
report_fill_why(const RunResult *result, Verdict *verdict, Class cause)
{
	static const char *const words[CLASSES] = {
		[CLASS_THREAD] = "for a worker thread",
		[CLASS_CONNECT] = "for connections to open",
		[CLASS_BACKOFF] = "between attempts",
		[CLASS_QUEUED] = "for their turn (-c, --http-rate, --per-host)",
		[CLASS_CLIENT] = "for the client's own work"};
	Duration time;

	if (cause == CLASS_LOOP && why_loop(result, verdict))
		return;
	if (cause == CLASS_POOL && why_pool(result, verdict))
		return;
	if (cause == CLASSES || words[cause] == NULL)
	{
		why_steps(result, verdict);
		return;
	}
	report_say(
		verdict->why, WHY_BYTES, "tasks waited %s %s, %.0f %% of their time.",
		report_duration(report_lost_ns(result, cause), time, sizeof(time)),
		words[cause],
		100.0 * (double) report_lost_ns(result, cause) /
			(double) result->spans->task_ns);
}
