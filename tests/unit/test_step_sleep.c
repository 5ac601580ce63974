/*
 * test_step_sleep.c
 *		\sleep as a timer, as a call that holds the loop, and on a worker.
 */
#include "loop_call.h"
#include "step_engine.h"

#define MS(ns) ((ns) / NS_PER_MS)

static Loop *loop;

/* -------- on the virtual clock -------- */

static void
test_virtual(void)
{
	Loop *virtual = loop_new_virtual();
	TestEngine engine;

	engine_open(&engine, virtual,
				"\\task a\n\\sleep 300 ms\n\\sleep 0\n"
				"\\task b\n\\sleep 200000 us\n");
	engine_run(&engine);
	is_i64(MS(engine_time_ns(&engine, 1, STEP_OK)), 300, "300 ms");
	is_i64(MS(engine_time_ns(&engine, 2, STEP_OK)), 200, "200,000 us");
	is_i64(MS(loop_now_ns(virtual)), 300, "both at the same time");
	is_i64(engine_count(&engine, EVENT_HOLD), 0, "nobody holds the loop");
	engine_run(&engine);
	is_i64(MS(loop_now_ns(virtual)), 600, "the same tasks once more");
	engine_close(&engine);
	loop_free(virtual);
}

static void
fails(const char *text, const char *given, ErrKind kind, const char *message)
{
	Loop *virtual = loop_new_virtual();
	TestEngine engine;

	engine_open(&engine, virtual, text);
	if (given != NULL)
		value_set_text(
			vars_set(&engine.globals,
					 symbols_find(&engine.plan->symbols, "given", 5)),
			given, strlen(given));
	engine_run(&engine);
	ok(engine.tasks[0]->failed == (kind != ERR_NONE), "%s: fails or not",
	   one_line(text));
	if (kind != ERR_NONE)
	{
		is_i64(engine.tasks[0]->err.kind, kind, "%s: the kind",
			   one_line(text));
		is_str(engine.tasks[0]->err.message, message, "%s: the message",
			   one_line(text));
	}
	engine_close(&engine);
	loop_free(virtual);
}

static void
test_values(void)
{
	static const char wrong[] =
		"the time to sleep is not a number from 0 to a hundred years";

	fails("\\sleep :given\n", "0.25", ERR_NONE, NULL);
	fails("\\sleep :given ms\n", "250", ERR_NONE, NULL);
	fails("\\sleep :given\n", "soon", ERR_DATA, wrong);
	fails("\\set x -1\n\\sleep :x\n", NULL, ERR_DATA, wrong);
	fails("\\set x NULL\n\\sleep :x\n", NULL, ERR_DATA, wrong);
	fails("\\set x 1e300\n\\sleep :x\n", NULL, ERR_DATA, wrong);
}

/* -------- on the real one -------- */

static int64_t timer_ns;

static void
on_timer(void *arg)
{
	(void) arg;
	timer_ns = loop_now_ns(loop);
}

/* Two tasks with one step each; a timer that is due in the middle. */
static void
run_two(TestEngine *engine, const char *text)
{
	LoopTimer timer;

	engine_open(engine, loop, text);
	timer_ns = 0;
	loop_timer_init(&timer, on_timer, NULL);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 20 * NS_PER_MS);
	engine_run(engine);
	loop_timer_clear(loop, &timer);
}

static int64_t
step_took_ms(const TestEngine *engine, uint64_t task)
{
	return MS(engine_time_ns(engine, task, STEP_OK) -
			  engine_time_ns(engine, task, STEP_RUNNING));
}

static void
test_async(void)
{
	TestEngine engine;

	run_two(&engine, "\\task a\n\\sleep 100 ms\n\\task b\n\\sleep 100 ms\n");
	ok(step_took_ms(&engine, 1) >= 100, "async: not before its time");
	ok(engine_time_ns(&engine, 2, STEP_RUNNING) <
		   engine_time_ns(&engine, 1, STEP_OK),
	   "async: both at the same time");
	ok(timer_ns < engine_time_ns(&engine, 1, STEP_OK),
	   "async: the loop goes on");
	engine_close(&engine);
}

/* A loop that is held sees the timer late: that is not the sleep's time. */
static void
test_held(void)
{
	TestEngine engine;
	int64_t arrived_ns = 0;

	run_two(&engine, "\\task a\n\\sleep 50 ms\n"
					 "\\task b\n\\blocking\n\\sleep 200 ms\n");
	for (int i = 0; i < engine.nevents; i++)
		if (engine.events[i].kind == EVENT_STEP_ARRIVED &&
			engine.events[i].task == 1)
			arrived_ns = engine.events[i].time_ns;
	ok(step_took_ms(&engine, 1) >= 200, "held: it is seen when that is over");
	arrived_ns -= engine_time_ns(&engine, 1, STEP_RUNNING);
	ok(MS(arrived_ns) >= 50 && MS(arrived_ns) < 200,
	   "held: but it was over in time (%d ms)", (int) MS(arrived_ns));
	engine_close(&engine);
}

static void
test_blocking(void)
{
	TestEngine engine;

	run_two(&engine, "\\task a\n\\blocking\n\\sleep 100 ms\n"
					 "\\task b\n\\blocking\n\\sleep 100 ms\n");
	ok(step_took_ms(&engine, 1) >= 100, "blocking: not before its time");
	ok(engine_time_ns(&engine, 2, STEP_RUNNING) >=
		   engine_time_ns(&engine, 1, STEP_OK),
	   "blocking: one after the other");
	ok(timer_ns >= engine_time_ns(&engine, 1, STEP_OK),
	   "blocking: the loop is held");
	is_i64(engine_count(&engine, EVENT_HOLD), 2, "blocking: which is told");
	is_i64(engine_count(&engine, EVENT_HOLD_END), 2, "and its end");
	engine_close(&engine);
}

static void
test_thread(void)
{
	TestEngine engine;

	run_two(&engine, "\\task a\n\\thread\n\\sleep 100 ms\n"
					 "\\task b\n\\thread\n\\sleep 100 ms\n");
	ok(step_took_ms(&engine, 1) >= 100, "thread: not before its time");
	ok(engine_time_ns(&engine, 2, STEP_RUNNING) <
		   engine_time_ns(&engine, 1, STEP_OK),
	   "thread: both at the same time");
	ok(timer_ns < engine_time_ns(&engine, 1, STEP_OK),
	   "thread: the loop goes on");
	is_i64(engine_count(&engine, EVENT_HOLD), 0, "thread: nobody holds it");
	is_i64(engine_count(&engine, EVENT_STEP_ARRIVED), 2,
		   "thread: when the worker was done is told");
	engine_close(&engine);
}

/* -------- ended by somebody else -------- */

static void
test_timeout(const char *mark)
{
	TestEngine engine;
	char text[128];
	int64_t took_ms;

	snprintf(text, sizeof(text), "%s\\timeout 50ms\n\\sleep 20\n", mark);
	engine_open(&engine, loop, text);
	engine_run(&engine);
	took_ms = MS(engine_time_ns(&engine, 1, STEP_FAILED) -
				 engine_time_ns(&engine, 1, STEP_QUEUED));
	is_i64(engine.tasks[0]->err.kind, ERR_TIMEOUT, "%s times out",
		   one_line(mark));
	ok(took_ms >= 50, "not before its time");
	ok(took_ms < 15000, "without sleeping on (%d ms)", (int) took_ms);
	engine_close(&engine);
}

static void
test_cancel(const char *mark)
{
	TestEngine engine;
	LoopTimer timer;
	char text[128];
	int64_t took_ms;

	snprintf(text, sizeof(text), "%s\\sleep 20\n", mark);
	engine_open(&engine, loop, text);
	engine.tasks[engine.ntasks++] = task_new(&engine.engine);
	loop_timer_init(&timer, engine_on_cancel, engine.tasks[0]);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 50 * NS_PER_MS);
	engine_run(&engine);
	took_ms = MS(engine_time_ns(&engine, 1, STEP_CANCELED) -
				 engine_time_ns(&engine, 1, STEP_QUEUED));
	ok(!engine.tasks[0]->failed && engine.tasks[0]->is_canceled,
	   "%s is canceled, not failed", one_line(mark));
	ok(took_ms >= 50 && took_ms < 15000, "soon after it was asked (%d ms)",
	   (int) took_ms);
	engine_close(&engine);
}

/* More than there are workers: who waits for one is canceled as well. */
static void
test_cancel_waiting(void)
{
	Loop *narrow = loop_new(NULL);
	TestEngine engine;
	LoopTimer timers[2];

	loop_set_workers(narrow, 1);
	engine_open(&engine, narrow,
				"\\task a\n\\thread\n\\sleep 20\n"
				"\\task b\n\\thread\n\\sleep 20\n");
	for (int i = 0; i < 2; i++)
	{
		engine.tasks[engine.ntasks++] = task_new(&engine.engine);
		loop_timer_init(&timers[i], engine_on_cancel, engine.tasks[i]);
		loop_timer_set(narrow, &timers[i],
					   loop_now_ns(narrow) + 50 * NS_PER_MS);
	}
	engine_run(&engine);
	ok(engine_time_ns(&engine, 2, STEP_CANCELED) >= 0,
	   "one that waits for a worker is canceled");
	ok(MS(engine_time_ns(&engine, 2, STEP_CANCELED) -
		  engine_time_ns(&engine, 2, STEP_QUEUED)) < 15000,
	   "without sleeping");
	engine_close(&engine);
	loop_free(narrow);
}

int
main(void)
{
	Err err;

	engine_ops[STEP_SLEEP] = step_sleep_ops;
	engine_ops[STEP_SET] = step_variable_ops;
	test_virtual();
	test_values();
	loop = loop_new(&err);
	test_async();
	test_held();
	test_blocking();
	test_thread();
	test_timeout("");
	test_timeout("\\blocking\n");
	test_timeout("\\thread\n");
	test_cancel("");
	test_cancel("\\thread\n");
	test_cancel_waiting();
	loop_free(loop);
	return done_testing();
}
