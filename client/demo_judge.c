/*
 * demo_judge.c
 *	  From the run of an experiment to its outcome.
 *
 * Judged is which whole number of units an experiment took; milliseconds are
 * printed, never judged.
 */
#include <math.h>
#include <string.h>

#include "demo_private.h"
#include "report_verdict.h"

#define TOLERANCE_UNITS 0.4

static void
explain(Outcome *outcome, const RunResult *result)
{
	Verdict verdict;

	report_verdict(result, &verdict);
	snprintf(outcome->overlap, sizeof(outcome->overlap), "%s", verdict.word);
	for (char *c = outcome->overlap; *c != '\0'; c++)
		*c = (char) (*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	if (strcmp(verdict.word, "OVERLAPS") != 0)
		snprintf(outcome->cause, sizeof(outcome->cause), "%s", verdict.why);
}

/*
 * A wait for a lock inside the server looks like a long query from here: an
 * UPDATE of one row took as long as the other task's transaction.
 */
static void
explain_lock(Outcome *outcome, const RunResult *result, int64_t unit_ns)
{
	const TaskSpans *waiter = NULL;

	for (int i = 0; i < result->spans->ntasks; i++)
		for (int j = 0; j < result->spans->tasks[i].nspans; j++)
		{
			const Span *span = &result->spans->tasks[i].spans[j];

			if (span->step->kind == STEP_SQL &&
				strcmp(span->step->sql.verb, "UPDATE") == 0 &&
				span->arrived_ns - span->started_ns > unit_ns / 2)
				waiter = &result->spans->tasks[i];
		}
	if (waiter == NULL)
		return;
	snprintf(outcome->overlap, sizeof(outcome->overlap), "serial");
	snprintf(outcome->cause, sizeof(outcome->cause),
			 "%s's UPDATE waited in the server for the row that the other "
			 "task's transaction held",
			 waiter->name);
}

/* What overlaps inside one statement the client's own times cannot tell. */
static void
explain_server(Outcome *outcome, int64_t unit_ns)
{
	bool overlaps = outcome->measured_ns * 2 < unit_ns * 3;

	snprintf(outcome->overlap, sizeof(outcome->overlap), "%s",
			 overlaps ? "overlaps" : "serial");
	snprintf(outcome->cause, sizeof(outcome->cause), "%s",
			 overlaps ? ""
					  : "each http_get waits for its own answer before the "
						"next begins; http_fetch_all sends them together");
}

void
demo_fail(Outcome *outcome, const Err *error)
{
	outcome->status = FAILED;
	if (error->line > 0)
		snprintf(outcome->cause, sizeof(outcome->cause), "%s:%d: %s",
				 error->file, error->line, error->message);
	else
		snprintf(outcome->cause, sizeof(outcome->cause), "%s", error->message);
}

void
demo_judge(Outcome *outcome, const Demo *demo, const RunResult *result)
{
	const Experiment *experiment = outcome->experiment;
	int connections = result->connections;
	int units = experiment->units;
	double off;

	outcome->has_run = true;
	if (experiment->shares && connections > 0)
		units = 1 + (100 + connections - 1) / connections;
	outcome->expected_ns = units * demo->unit_ns;
	outcome->measured_ns = result->wall_ns;
	if (result->has_prediction)
		outcome->predicted_ns = result->prediction.predicted_ns;
	if (experiment->needs & NEEDS_HTTP)
		explain_server(outcome, demo->unit_ns);
	else
		explain(outcome, result);
	if (experiment->needs & NEEDS_TABLE)
		explain_lock(outcome, result, demo->unit_ns);
	off = fabs((double) (outcome->measured_ns - outcome->expected_ns)) /
		  (double) demo->unit_ns;
	if (result->first_error != NULL)
		demo_fail(outcome, result->first_error);
	else if (result->exit_code != 0)
	{
		outcome->status = FAILED;
		snprintf(outcome->cause, sizeof(outcome->cause),
				 "the run ended with exit code %d", result->exit_code);
	}
	else if (experiment->unjudged)
		outcome->status = UNJUDGED;
	else if (off <= TOLERANCE_UNITS)
		outcome->status = PASSED;
	else
	{
		outcome->status = FAILED;
		snprintf(outcome->cause, sizeof(outcome->cause),
				 "it took %.2f units where %d were expected",
				 (double) outcome->measured_ns / (double) demo->unit_ns,
				 units);
	}
}
