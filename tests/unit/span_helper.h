/*
 * span_helper.h
 *		Made-up events, in milliseconds, for the tests of spans.
 *
 * Include it from the file with main() only.
 */
#ifndef SPAN_HELPER_H
#define SPAN_HELPER_H

#include "span.h"

#include <stdlib.h>

#include "plan_helper.h"
#include "tap.h"

#define MS INT64_C(1000000)

static Plan *plan;
static Spans *spans;
static const PlanStep *http; /* the steps of the plan below */
static const PlanStep *sql;
static const PlanStep *nap;
static const PlanStep *set;
static const PlanStep *child[3];

static const char plan_text[] = "\\http h GET http://127.0.0.1:1/\n"
								"SELECT 1;\n"
								"\\sleep 1\n"
								"\\set x 1\n"
								"\\gather\n"
								"SELECT 2;\n"
								"SELECT 3;\n"
								"\\sleep 1\n"
								"\\end\n";

static inline void
begin(int max_tasks)
{
	spans = spans_new(plan, max_tasks);
	spans_event(spans, &(Event){.kind = EVENT_RUN_BEGIN});
}

static inline void
end(void)
{
	spans_free(spans);
	spans = NULL;
}

static inline void
run_end(int64_t at)
{
	spans_event(spans, &(Event){.kind = EVENT_RUN_END, .time_ns = at * MS});
}

static inline void
task_ready(int64_t at, uint64_t task, const char *name)
{
	spans_event(spans, &(Event){.kind = EVENT_TASK,
								.value = TASK_READY,
								.time_ns = at * MS,
								.task = task,
								.text = name});
}

static inline void
task_done(int64_t at, uint64_t task, int outcome, const char *error)
{
	spans_event(spans, &(Event){.kind = EVENT_TASK,
								.value = TASK_DONE,
								.time_ns = at * MS,
								.task = task,
								.text = error,
								.other = (uint64_t) outcome});
}

static inline void
step_in(int slot, int64_t at, uint64_t task, const PlanStep *step, Call call,
		StepState state)
{
	spans_event(spans, &(Event){.kind = EVENT_STEP,
								.value = (int) state,
								.time_ns = at * MS,
								.task = task,
								.step = step,
								.slot = slot,
								.other = (uint64_t) call});
}

static inline void
step(int64_t at, uint64_t task, const PlanStep *plan_step, Call call,
	 StepState state)
{
	step_in(0, at, task, plan_step, call, state);
}

static inline void
arrived(int64_t at, uint64_t task)
{
	spans_event(spans, &(Event){.kind = EVENT_STEP_ARRIVED,
								.time_ns = at * MS,
								.task = task});
}

static inline void
lease(int64_t at, uint64_t task, int conn, bool waited, uint64_t from)
{
	spans_event(spans, &(Event){.kind = EVENT_LEASE,
								.time_ns = at * MS,
								.task = task,
								.step = sql,
								.value = waited,
								.amount = conn,
								.other = from});
}

static inline void
hold(int64_t from, int64_t until, uint64_t task, const PlanStep *plan_step)
{
	spans_event(spans, &(Event){.kind = EVENT_HOLD,
								.time_ns = from * MS,
								.task = task,
								.step = plan_step});
	spans_event(spans, &(Event){.kind = EVENT_HOLD_END,
								.time_ns = until * MS,
								.task = task,
								.step = plan_step});
}

/* One whole step that waits for nothing before it starts. */
static inline void
whole_step(int64_t from, int64_t until, uint64_t task,
		   const PlanStep *plan_step)
{
	step(from, task, plan_step, CALL_ASYNC, STEP_QUEUED);
	step(from, task, plan_step, CALL_ASYNC, STEP_RUNNING);
	step(until, task, plan_step, CALL_ASYNC, STEP_OK);
}

/* A blocking step: the events come when it is over. */
static inline void
blocking_step(int64_t from, int64_t until, uint64_t task,
			  const PlanStep *plan_step)
{
	step(from, task, plan_step, CALL_BLOCKING, STEP_QUEUED);
	step(from, task, plan_step, CALL_BLOCKING, STEP_RUNNING);
	hold(from, until, task, plan_step);
	step(until, task, plan_step, CALL_BLOCKING, STEP_OK);
}

/* The classes of a kept task, in ms: named ones, and all add up. */
static inline void
is_class(int task, Class class, int64_t want, const char *what)
{
	const TaskSpans *kept = &spans->tasks[task];
	int64_t sum = 0;

	for (int i = 0; i < CLASSES; i++)
		sum += kept->class_ns[i];
	is_i64(kept->class_ns[class], want * MS, "%s: %s", what,
		   class_name(class));
	if (sum != kept->ended_ns - kept->begun_ns)
		is_i64(sum, kept->ended_ns - kept->begun_ns, "%s: the sum", what);
}

/* False: the plan cannot be read, which has been said. */
static inline bool
span_plan_open(void)
{
	Err err;

	plan = plan_from(plan_text, true, &err);
	if (!ok(plan != NULL && plan->bodies[0].nsteps >= 8, "the plan is read"))
		return false;
	http = &plan->bodies[0].steps[0];
	sql = &plan->bodies[0].steps[1];
	nap = &plan->bodies[0].steps[2];
	set = &plan->bodies[0].steps[3];
	for (int i = 0; i < 3; i++)
		child[i] = &plan->bodies[0].steps[5 + i];
	return true;
}

#endif /* SPAN_HELPER_H */
