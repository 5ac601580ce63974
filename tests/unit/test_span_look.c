/*
 * test_span_look.c
 *		A look at tasks in the midst of what they do, in milliseconds.
 */
#include "span_look.h"

#include <stdlib.h>

#include "plan_helper.h"
#include "tap.h"

#define MS INT64_C(1000000)

static Plan *plan;
static Spans *spans;
static SpansLook look;

static const PlanStep *
plan_step(int n)
{
	return &plan->bodies[0].steps[n];
}

static void
send(EventKind kind, int value, int64_t at, uint64_t task,
	 const PlanStep *step, Call call)
{
	spans_event(spans, &(Event){.kind = kind,
								.value = value,
								.time_ns = at * MS,
								.task = task,
								.step = step,
								.other = (uint64_t) call,
								.text = kind == EVENT_TASK ? "t" : NULL});
}

static void
task_is(TaskState state, int64_t at, uint64_t task)
{
	send(EVENT_TASK, (int) state, at, task, NULL, CALL_ASYNC);
}

static void
step_is(StepState state, int64_t at, uint64_t task, int step, Call call)
{
	send(EVENT_STEP, (int) state, at, task, plan_step(step), call);
}

static void
begin(void)
{
	spans = spans_new(plan, 100);
	send(EVENT_RUN_BEGIN, 0, 0, 0, NULL, CALL_ASYNC);
}

static void
end(void)
{
	spans_free(spans);
	spans_look_clear(&look);
}

static void
look_at(int64_t at)
{
	spans_look(spans, at * MS, &look);
}

/* Is this all that a look says of the live tasks, of whom there is one? */
static void
one_is(int64_t at, Class class, int64_t ms, const char *name)
{
	look_at(at);
	ok(look.nlive == 1 && look.noldest == 1 && look.oldest[0].class == class &&
		   look.in_class[class] == 1,
	   "%s: %s", name, class_name(look.oldest[0].class));
	is_i64(look.class_ns[class] / MS, ms, "%s: for so long", name);
}

static void
test_life(void)
{
	begin();
	look_at(0);
	is_i64(look.nlive, 0, "nobody is there");
	task_is(TASK_READY, 10, 1);
	one_is(15, CLASS_QUEUED, 5, "admitted");
	ok(look.oldest[0].step == NULL, "with no step yet");
	step_is(STEP_QUEUED, 20, 1, 0, CALL_ASYNC);
	one_is(25, CLASS_POOL, 5, "a statement without a connection");
	ok(look.oldest[0].step == plan_step(0) &&
		   look.oldest[0].since_ns == 20 * MS,
	   "and which, and since when");
	spans_event(spans, &(Event){.kind = EVENT_LEASE,
								.time_ns = 30 * MS,
								.task = 1,
								.step = plan_step(0),
								.value = 1,
								.amount = 1,
								.other = 2});
	step_is(STEP_RUNNING, 30, 1, 0, CALL_ASYNC);
	one_is(50, CLASS_SERVER, 20, "under way");
	is_i64(look.class_ns[CLASS_POOL] / MS, 10, "what was before is kept");
	is_i64(look.oldest[0].usual_ns, 0, "nobody knows how long it takes");
	ok(look.rest_ns[CLASS_SERVER] > 1000000 * MS, "so it may take for ever");
	step_is(STEP_OK, 70, 1, 0, CALL_ASYNC);
	one_is(80, CLASS_CLIENT, 10, "between two steps");
	step_is(STEP_QUEUED, 80, 1, 1, CALL_THREAD);
	one_is(90, CLASS_THREAD, 10, "on no thread yet");
	step_is(STEP_RUNNING, 95, 1, 1, CALL_THREAD);
	one_is(100, CLASS_SLEEP, 5, "on one");
	step_is(STEP_OK, 120, 1, 1, CALL_THREAD);
	task_is(TASK_DONE, 120, 1);
	look_at(500);
	is_i64(look.nlive, 0, "it has ended");
	is_i64(look.latency.count, 1, "and counts");
	ok(memcmp(look.class_ns, spans->class_ns, sizeof(look.class_ns)) == 0,
	   "its time goes on no more");
	end();
}

static void
test_usual(void)
{
	begin();
	for (uint64_t task = 1; task <= 2; task++)
	{
		task_is(TASK_READY, 0, task);
		step_is(STEP_QUEUED, 0, task, 1, CALL_ASYNC);
		step_is(STEP_RUNNING, 0, task, 1, CALL_ASYNC);
	}
	step_is(STEP_OK, 100, 1, 1, CALL_ASYNC);
	task_is(TASK_DONE, 100, 1);
	look_at(70);
	is_i64(look.oldest[0].usual_ns / MS, 100, "steps take so long");
	is_i64(look.rest_ns[CLASS_SLEEP] / MS, 30, "so it has so much to do");
	look_at(200);
	is_i64(look.rest_ns[CLASS_SLEEP], 0, "it should be over");
	step_is(STEP_BACKOFF, 200, 2, 1, CALL_ASYNC);
	one_is(210, CLASS_BACKOFF, 10, "put off");
	is_i64(look.oldest[0].attempt, 2, "for the second attempt");
	is_i64(look.retried, 1, "one was tried again");
	end();
}

static void
test_held(void)
{
	begin();
	task_is(TASK_READY, 0, 1);
	send(EVENT_HOLD, 0, 10, 2, plan_step(1), CALL_BLOCKING);
	send(EVENT_HOLD_END, 0, 90, 2, plan_step(1), CALL_BLOCKING);
	one_is(100, CLASS_LOOP, 80, "ready while the loop was held");
	is_i64(look.class_ns[CLASS_QUEUED] / MS, 20, "but not all the time");
	end();
}

/* More than are told: the oldest are, whatever order they came in. */
static void
test_oldest(void)
{
	bool is_sorted = true;

	begin();
	for (uint64_t task = 1; task <= 100; task++)
		task_is(TASK_READY, (int64_t) (task * 37 % 101), task);
	look_at(200);
	is_i64(look.nlive, 100, "all are counted");
	is_i64(look.noldest, LOOK_OLDEST, "some are told");
	for (int i = 0; i < look.noldest; i++)
		is_sorted = is_sorted && look.oldest[i].begun_ns == (i + 1) * MS;
	ok(is_sorted, "those that began first");
	end();
}

int
main(void)
{
	Err err;

	plan = plan_from("SELECT 1;\n\\sleep 1\n", false, &err);
	if (plan == NULL)
		return 1;
	test_life();
	test_usual();
	test_held();
	test_oldest();
	plan_free(plan);
	return done_testing();
}
