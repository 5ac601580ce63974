/*
 * report_say.c
 *	  The pieces that sentences about a run are made of.
 */
#include "report_bars.h"
#include "report_cause.h"

#include <stdarg.h>
#include <string.h>

void
report_say(char *text, size_t bytes, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + len, bytes - len, fmt, args);
	va_end(args);
}

const char *
report_say_task(const RunResult *result, uint64_t number, char *buf,
				size_t bytes)
{
	const char *name = report_task_name(result->spans, number);

	if (name != NULL && name[0] != '\0')
		return name;
	snprintf(buf, bytes, "task %llu", (unsigned long long) number);
	return buf;
}

/* Of a run, in its plan; of one that was saved, among those that ran. */
const PlanStep *
report_step(const RunResult *result, int index)
{
	const Plan *plan = result->plan;

	if (index < 0 || index >= plan->nsteps)
		return NULL;
	if (result->spans->steps[index].step != NULL)
		return result->spans->steps[index].step;
	for (int i = 0; i < plan->nbodies; i++)
		for (int j = 0; j < plan->bodies[i].nsteps; j++)
			if (plan->bodies[i].steps[j].index == index)
				return &plan->bodies[i].steps[j];
	return NULL;
}

bool
report_may_wait(const PlanStep *step)
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
			number += report_may_wait(&one->steps[j]);
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
void
report_say_step(char *text, size_t bytes, const RunResult *result,
				const PlanStep *step, const char *task, const char *call)
{
	const Body *body = NULL;
	int number = step_number(result->plan, step, &body);

	if (task == NULL && body != NULL)
		task = body->name;
	if (number > 0)
		report_say(text, bytes, "step %d of %s", number, task);
	else
		report_say(text, bytes, "a step of %s",
				   task != NULL ? task : "the plan");
	report_say(text, bytes, " (%s, ", step->label);
	if (result->plan->nsources > 1)
		report_say(text, bytes, "%s ",
				   result->plan->sources[step->place.file].name);
	report_say(text, bytes, "line %d%s%s)", step->place.line,
			   call != NULL ? ", " : "", call != NULL ? call : "");
}
