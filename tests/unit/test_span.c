/*
 * test_span.c
 *		Made-up events, in milliseconds, folded into spans and classes.
 */
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

static void
begin(int max_tasks)
{
	spans = spans_new(plan, max_tasks);
	spans_event(spans, &(Event){.kind = EVENT_RUN_BEGIN});
}

static void
end(void)
{
	spans_free(spans);
	spans = NULL;
}

static void
run_end(int64_t at)
{
	spans_event(spans, &(Event){.kind = EVENT_RUN_END, .time_ns = at * MS});
}

static void
task_ready(int64_t at, uint64_t task, const char *name)
{
	spans_event(spans, &(Event){.kind = EVENT_TASK,
								.value = TASK_READY,
								.time_ns = at * MS,
								.task = task,
								.text = name});
}

static void
task_done(int64_t at, uint64_t task, int outcome, const char *error)
{
	spans_event(spans, &(Event){.kind = EVENT_TASK,
								.value = TASK_DONE,
								.time_ns = at * MS,
								.task = task,
								.text = error,
								.other = (uint64_t) outcome});
}

static void
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

static void
step(int64_t at, uint64_t task, const PlanStep *plan_step, Call call,
	 StepState state)
{
	step_in(0, at, task, plan_step, call, state);
}

static void
arrived(int64_t at, uint64_t task)
{
	spans_event(spans, &(Event){.kind = EVENT_STEP_ARRIVED,
								.time_ns = at * MS,
								.task = task});
}

static void
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

static void
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
static void
whole_step(int64_t from, int64_t until, uint64_t task,
		   const PlanStep *plan_step)
{
	step(from, task, plan_step, CALL_ASYNC, STEP_QUEUED);
	step(from, task, plan_step, CALL_ASYNC, STEP_RUNNING);
	step(until, task, plan_step, CALL_ASYNC, STEP_OK);
}

/* A blocking step: the events come when it is over. */
static void
blocking_step(int64_t from, int64_t until, uint64_t task,
			  const PlanStep *plan_step)
{
	step(from, task, plan_step, CALL_BLOCKING, STEP_QUEUED);
	step(from, task, plan_step, CALL_BLOCKING, STEP_RUNNING);
	hold(from, until, task, plan_step);
	step(until, task, plan_step, CALL_BLOCKING, STEP_OK);
}

/* The classes of a kept task, in ms: named ones, and all add up. */
static void
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

/* Two tasks: one blocks, the other waits to begin, and then to be seen. */
static void
test_holds(void)
{
	begin(10);
	task_ready(0, 1, "a");
	task_ready(0, 2, "b");
	blocking_step(5, 305, 1, http);
	step(310, 2, http, CALL_ASYNC, STEP_QUEUED);
	step(310, 2, http, CALL_ASYNC, STEP_RUNNING);
	blocking_step(320, 620, 1, nap);
	arrived(500, 2);
	step(625, 2, http, CALL_ASYNC, STEP_OK);
	task_done(621, 1, 0, NULL);
	task_done(630, 2, 0, NULL);
	run_end(640);

	is_class(0, CLASS_HTTP, 300, "the one that blocks");
	is_class(0, CLASS_SLEEP, 300, "the one that blocks");
	is_class(0, CLASS_QUEUED, 5, "the one that blocks");
	is_class(0, CLASS_CLIENT, 16, "the one that blocks");
	is_class(0, CLASS_LOOP, 0, "nobody waits for his own hold");
	is_class(1, CLASS_QUEUED, 10, "the other");
	is_class(1, CLASS_LOOP, 300 + 120, "the other");
	is_class(1, CLASS_HTTP, 190, "the other");
	is_class(1, CLASS_CLIENT, 10, "the other");
	is_i64(spans->nholds, 2, "two holds");
	is_i64(spans->holds[0].cost_ns, 300 * MS, "the first one's cost");
	is_i64(spans->holds[1].cost_ns, 120 * MS, "the second one's cost");
	ok(spans->holds[1].task == 1 && spans->holds[1].step == nap,
	   "a hold knows its owner");
	is_i64(spans->tasks[1].spans[0].arrived_ns, 500 * MS, "arrived");
	is_i64(spans->task_ns, (621 + 630) * MS, "all tasks' time");
	is_i64(spans->own_ns, (300 + 300 + 190) * MS, "all steps' own time");
	is_i64(spans->class_ns[CLASS_LOOP], 420 * MS, "all tasks' loop time");
	is_i64(spans->steps[http->index].count, 2, "steps are counted");
	is_i64(spans->steps[http->index].own.min_ns, 190 * MS, "own: least");
	is_i64(spans->steps[http->index].whole.max_ns, 315 * MS,
		   "whole: greatest");
	ok(spans->steps[sql->index].step == NULL, "one that never ran");
	end();
}

static void
test_pool(void)
{
	const Span *span;

	begin(10);
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 3,
								.value = CONN_CONNECTING,
								.other = 0});
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 3,
								.value = CONN_IDLE,
								.other = 4711,
								.time_ns = 2 * MS});
	task_ready(0, 1, "waits");
	step(0, 1, sql, CALL_ASYNC, STEP_QUEUED);
	lease(40, 1, 3, true, 9);
	step(40, 1, sql, CALL_ASYNC, STEP_RUNNING);
	step(50, 1, sql, CALL_ASYNC, STEP_OK);
	task_done(50, 1, 0, NULL);
	is_class(0, CLASS_CONNECT, 2, "at first it was opened");
	is_class(0, CLASS_POOL, 38, "a lease");
	is_class(0, CLASS_SERVER, 10, "a lease");
	span = &spans->tasks[0].spans[0];
	ok(span->conn == 3 && span->pid == 4711 && span->lease_from == 9,
	   "connection, backend and who had it");
	is_i64(spans->conns_opened, 1, "one connection was opened");
	is_i64(spans->connects.max_ns, 2 * MS, "in 2 ms");

	task_ready(60, 2, "has it");
	step(60, 2, sql, CALL_ASYNC, STEP_QUEUED);
	lease(60, 2, 3, false, 1);
	step(65, 2, sql, CALL_ASYNC, STEP_RUNNING);
	step(70, 2, sql, CALL_ASYNC, STEP_OK);
	task_done(70, 2, 0, NULL);
	is_class(1, CLASS_CLIENT, 5, "a lease without a wait");
	is_i64(spans->steps[sql->index].call, CALL_ASYNC, "how it ran");

	task_ready(70, 3, "gives up");
	step(70, 3, sql, CALL_ASYNC, STEP_QUEUED);
	step(90, 3, sql, CALL_ASYNC, STEP_FAILED);
	task_done(90, 3, 1, "sql timed out");
	is_class(2, CLASS_POOL, 20, "it never got one");
	span = &spans->tasks[2].spans[0];
	ok(span->started_ns == span->queued_ns && span->conn == 0,
	   "one that never left");
	is_i64(spans->steps[sql->index].failed, 1, "failed steps");
	is_i64(spans->steps[sql->index].own.count, 2, "own: started ones only");
	is_str(spans->tasks[2].error, "sql timed out", "its error");
	end();
}

/*
 * A connection that nobody had was waited for because it was being opened; a
 * task that has its lease may still have to wait for the loop.
 */
static void
test_connect(void)
{
	begin(10);
	task_ready(0, 1, "first");
	step(5, 1, sql, CALL_ASYNC, STEP_QUEUED);
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 1,
								.value = CONN_CONNECTING,
								.time_ns = 10 * MS});
	spans_event(spans, &(Event){.kind = EVENT_CONN_PHASE,
								.value = PHASE_AUTH,
								.amount = 7 * MS,
								.other = 1});
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 1,
								.value = CONN_IDLE,
								.other = 99,
								.time_ns = 30 * MS});
	lease(31, 1, 1, true, 0);
	hold(31, 41, 9, nap);
	step(42, 1, sql, CALL_ASYNC, STEP_RUNNING);
	step(50, 1, sql, CALL_ASYNC, STEP_OK);
	task_done(50, 1, 0, NULL);
	is_class(0, CLASS_CONNECT, 20, "opened for it");
	is_class(0, CLASS_POOL, 6, "opened for it");
	is_class(0, CLASS_LOOP, 10, "granted, but the loop was held");
	is_class(0, CLASS_CLIENT, 1, "granted, but the loop was held");
	is_class(0, CLASS_SERVER, 8, "opened for it");
	is_i64(spans->connect_phase_ns[PHASE_AUTH], 7 * MS, "its parts");
	task_ready(50, 2, "second");
	step(50, 2, sql, CALL_ASYNC, STEP_QUEUED);
	lease(60, 2, 1, true, 1);
	step(60, 2, sql, CALL_ASYNC, STEP_RUNNING);
	step(65, 2, sql, CALL_ASYNC, STEP_OK);
	task_done(65, 2, 0, NULL);
	is_class(1, CLASS_CONNECT, 0, "another task had it");
	is_class(1, CLASS_POOL, 10, "another task had it");

	task_ready(70, 3, "third");
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 2,
								.value = CONN_RESOLVING,
								.time_ns = 60 * MS});
	step(70, 3, sql, CALL_ASYNC, STEP_QUEUED);
	lease(80, 3, 2, true, 0);
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 2,
								.value = CONN_IDLE,
								.time_ns = 80 * MS});
	step(80, 3, sql, CALL_ASYNC, STEP_RUNNING);
	step(85, 3, sql, CALL_ASYNC, STEP_OK);
	task_done(85, 3, 0, NULL);
	is_class(2, CLASS_CONNECT, 10, "lent before it is idle");
	is_i64(spans->conns_opened, 2, "both are counted");

	/* a new connection for each lease: nobody holds it any more */
	task_ready(90, 4, "fourth");
	step(90, 4, sql, CALL_ASYNC, STEP_QUEUED);
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 2,
								.value = CONN_CLOSED,
								.time_ns = 91 * MS});
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 2,
								.value = CONN_RESOLVING,
								.time_ns = 91 * MS});
	spans_event(spans, &(Event){.kind = EVENT_CONN,
								.amount = 2,
								.value = CONN_IDLE,
								.time_ns = 99 * MS});
	lease(99, 4, 2, true, 3);
	step(99, 4, sql, CALL_ASYNC, STEP_RUNNING);
	step(100, 4, sql, CALL_ASYNC, STEP_OK);
	task_done(100, 4, 0, NULL);
	is_class(3, CLASS_POOL, 1, "until its holder gave it back");
	is_class(3, CLASS_CONNECT, 8, "then until it was opened anew");
	ok(spans->tasks[3].spans[0].lease_from == 0, "not the holder's doing");
	ok(spans->steps[sql->index].habits.connect_ns == 38 * MS,
	   "all that was waited for connections");
	end();
}

/* A task has a connection, or a transaction, and does something else. */
static void
test_habits(void)
{
	PlanStep opens = *sql;
	PlanStep ends = *sql;
	const StepHabits *naps;
	const StepHabits *gets;

	opens.sql.transaction = SQL_TX_BEGIN;
	ends.sql.transaction = SQL_TX_END;
	begin(10);
	naps = &spans->steps[nap->index].habits;
	gets = &spans->steps[http->index].habits;
	task_ready(0, 1, "t");
	step(0, 1, nap, CALL_ASYNC, STEP_QUEUED);
	step(0, 1, nap, CALL_ASYNC, STEP_RUNNING);
	step(5, 1, nap, CALL_ASYNC, STEP_OK);
	ok(naps->lent_ns == 0 && naps->open_ns == 0, "before the first lease");
	step(5, 1, sql, CALL_ASYNC, STEP_QUEUED);
	lease(5, 1, 1, false, 0);
	step(5, 1, sql, CALL_ASYNC, STEP_RUNNING);
	step(10, 1, sql, CALL_ASYNC, STEP_OK);
	step(10, 1, nap, CALL_ASYNC, STEP_QUEUED);
	step(10, 1, nap, CALL_ASYNC, STEP_RUNNING);
	step(17, 1, nap, CALL_ASYNC, STEP_OK);
	is_i64(naps->lent_ns, 7 * MS, "it has a connection meanwhile");
	step(17, 1, &opens, CALL_ASYNC, STEP_QUEUED);
	step(17, 1, &opens, CALL_ASYNC, STEP_RUNNING);
	step(20, 1, &opens, CALL_ASYNC, STEP_OK);
	step(20, 1, http, CALL_ASYNC, STEP_QUEUED);
	step(20, 1, http, CALL_ASYNC, STEP_RUNNING);
	spans_event(spans, &(Event){.kind = EVENT_STEP_PHASE,
								.time_ns = 31 * MS,
								.task = 1,
								.value = PHASE_CONNECT,
								.amount = 2 * MS});
	step(31, 1, http, CALL_ASYNC, STEP_OK);
	is_i64(gets->open_ns, 11 * MS, "it has a transaction");
	is_i64(gets->lent_ns, 0, "which needs the connection");
	ok(gets->cold == 1 && gets->cold_ns == 2 * MS, "and made a connection");
	step(31, 1, &ends, CALL_ASYNC, STEP_QUEUED);
	step(31, 1, &ends, CALL_ASYNC, STEP_RUNNING);
	step(33, 1, &ends, CALL_ASYNC, STEP_OK);
	step(33, 1, nap, CALL_ASYNC, STEP_QUEUED);
	step(33, 1, nap, CALL_ASYNC, STEP_RUNNING);
	step(36, 1, nap, CALL_ASYNC, STEP_OK);
	is_i64(naps->lent_ns, 10 * MS, "the transaction is over");
	is_i64(naps->open_ns, 0, "so nothing is open");
	task_done(36, 1, 0, NULL);
	end();
}

static void
test_thread(void)
{
	begin(10);
	task_ready(0, 1, "t");
	step(0, 1, nap, CALL_THREAD, STEP_QUEUED);
	step(30, 1, nap, CALL_THREAD, STEP_RUNNING);
	arrived(50, 1);
	step(60, 1, nap, CALL_THREAD, STEP_OK);
	task_done(60, 1, 0, NULL);
	is_class(0, CLASS_THREAD, 30, "a worker");
	is_class(0, CLASS_SLEEP, 20, "a worker: until it has ended");
	is_class(0, CLASS_CLIENT, 10, "a worker: until that is seen");
	end();
}

/*
 * The second statement follows the first on the task's connection; the sleep
 * ends before both, so none of the time is its.
 */
static void
test_gather(void)
{
	const TaskSpans *kept;

	begin(10);
	task_ready(0, 1, "g");
	whole_step(0, 10, 1, http);
	for (int i = 0; i < 3; i++)
		step_in(i, 10, 1, child[i], CALL_ASYNC, STEP_QUEUED);
	lease(10, 1, 1, false, 0);
	step_in(0, 10, 1, child[0], CALL_ASYNC, STEP_RUNNING);
	step_in(2, 10, 1, child[2], CALL_ASYNC, STEP_RUNNING);
	step_in(2, 30, 1, child[2], CALL_ASYNC, STEP_OK);
	step_in(0, 50, 1, child[0], CALL_ASYNC, STEP_OK);
	step_in(1, 52, 1, child[1], CALL_ASYNC, STEP_RUNNING);
	step_in(1, 90, 1, child[1], CALL_ASYNC, STEP_OK);
	task_done(91, 1, 0, NULL);
	is_class(0, CLASS_HTTP, 10, "gather");
	is_class(0, CLASS_POOL, 42, "gather");
	is_class(0, CLASS_SERVER, 38, "gather");
	is_class(0, CLASS_SLEEP, 0, "gather");
	is_class(0, CLASS_CLIENT, 1, "gather");
	kept = &spans->tasks[0];
	is_i64(kept->nspans, 4, "four spans");
	ok(kept->spans[0].gather == -1 && kept->spans[1].gather == 1 &&
		   kept->spans[2].gather == 1 && kept->spans[3].gather == 1,
	   "children name the first of them");
	ok(kept->spans[2].conn == 1, "the follower's connection");
	end();

	begin(10);
	task_ready(0, 1, "g");
	step_in(0, 0, 1, child[0], CALL_ASYNC, STEP_QUEUED);
	step_in(0, 0, 1, child[0], CALL_ASYNC, STEP_RUNNING);
	step_in(2, 0, 1, child[2], CALL_ASYNC, STEP_QUEUED);
	step_in(2, 5, 1, child[2], CALL_ASYNC, STEP_RUNNING);
	step_in(2, 20, 1, child[2], CALL_ASYNC, STEP_OK);
	step_in(0, 50, 1, child[0], CALL_ASYNC, STEP_OK);
	task_done(50, 1, 0, NULL);
	is_class(0, CLASS_SERVER, 50, "the first child ends last");
	end();

	begin(10);
	task_ready(0, 1, "g");
	step_in(0, 0, 1, child[0], CALL_ASYNC, STEP_QUEUED);
	step_in(0, 0, 1, child[0], CALL_ASYNC, STEP_RUNNING);
	step_in(2, 0, 1, child[2], CALL_BLOCKING, STEP_QUEUED);
	step_in(2, 0, 1, child[2], CALL_BLOCKING, STEP_RUNNING);
	hold(0, 30, 1, child[2]);
	step_in(2, 30, 1, child[2], CALL_BLOCKING, STEP_OK);
	arrived(10, 1);
	step_in(0, 32, 1, child[0], CALL_ASYNC, STEP_OK);
	task_done(32, 1, 0, NULL);
	is_class(0, CLASS_CLIENT, 22, "held by its own gather");
	is_class(0, CLASS_LOOP, 0, "held by its own gather");
	end();
}

static void
test_odd_times(void)
{
	const Span *span;

	begin(10);
	task_ready(10, 1, "odd");
	step(10, 1, http, CALL_ASYNC, STEP_QUEUED);
	step(20, 1, http, CALL_ASYNC, STEP_RUNNING);
	arrived(5, 1);
	step(30, 1, http, CALL_ASYNC, STEP_OK);
	step(30, 1, nap, CALL_ASYNC, STEP_QUEUED);
	step(30, 1, nap, CALL_ASYNC, STEP_RUNNING);
	arrived(99, 1);
	step(40, 1, nap, CALL_ASYNC, STEP_OK);
	arrived(41, 1); /* nothing is live */
	step(45, 1, set, CALL_ASYNC, STEP_FAILED);
	task_done(45, 1, 1, "no");
	span = spans->tasks[0].spans;
	is_i64(span[0].arrived_ns, 20 * MS, "arrived before it started");
	is_i64(span[1].arrived_ns, 40 * MS, "arrived after it ended");
	is_i64(spans->tasks[0].nspans, 3, "a variable's failure is a span");
	is_i64(span[2].outcome, STEP_FAILED, "a failed one");
	is_class(0, CLASS_CLIENT, 10 + 10 + 5, "odd times");
	is_class(0, CLASS_SLEEP, 10, "odd times");
	task_ready(50, 2, "nothing to do");
	task_done(53, 2, 0, NULL);
	is_class(1, CLASS_QUEUED, 3, "no step at all");
	end();
}

static void
test_order(void)
{
	begin(2);
	task_ready(0, 11, "first");
	task_ready(1, 12, "second");
	task_ready(2, 13, "third");
	spans_event(spans, &(Event){.kind = EVENT_TASK,
								.value = TASK_READY,
								.task = TRACE_SETUP});
	spans_event(spans, &(Event){.kind = EVENT_HOLD, .task = TRACE_TEARDOWN});
	whole_step(2, 9, 13, nap);
	task_done(9, 13, 0, NULL);
	whole_step(1, 10, 12, nap);
	task_done(10, 12, 2, NULL);
	step(4, 11, nap, CALL_ASYNC, STEP_QUEUED);
	step(4, 11, nap, CALL_ASYNC, STEP_RUNNING);
	run_end(20);
	is_i64(spans->ntasks, 2, "two are kept");
	is_str(spans->tasks[0].name, "first", "in order of admission");
	is_str(spans->tasks[1].name, "second", "not of their end");
	is_i64(spans->tasks[0].ended_ns, 20 * MS, "the run's end ends a task");
	is_class(0, CLASS_SLEEP, 16, "ended by the run's end");
	is_i64(spans->done, 1, "done");
	is_i64(spans->canceled, 2, "canceled");
	is_i64(spans->latency.count, 3, "all are in the histogram");
	is_i64(spans->nholds, 0, "set-up and teardown are not looked at");
	end();
}

/* Many tasks at random: sums, and bounds that do not grow. */
static void
test_many(void)
{
	int64_t now = 0;
	int64_t sum = 0;

	begin(5);
	for (uint64_t i = 1; i <= 1000; i++)
		task_ready(0, i, "t");
	for (uint64_t i = 1; i <= 20000; i++)
	{
		step(now, i, http, CALL_ASYNC, STEP_QUEUED);
		step(now + 1, i, http, CALL_ASYNC, STEP_RUNNING);
		blocking_step(now + 2, now + 3 + (int64_t) (i * 7919 % 13), i + 1,
					  nap);
		now += 3 + (int64_t) (i * 7919 % 13);
		arrived(now - 1, i);
		step(now, i, http, CALL_ASYNC, STEP_OK);
		task_done(now, i, 0, NULL);
		task_ready(now, i + 1000, "t");
	}
	run_end(now);
	for (int i = 0; i < CLASSES; i++)
		sum += spans->class_ns[i];
	is_i64(sum, spans->task_ns, "the classes of all tasks add up");
	is_i64(spans->done, 20000, "all ended");
	is_i64(spans->canceled, 1000, "but for those that were left");
	is_i64(spans->ntasks, 5, "five were kept");
	is_i64(spans->nholds, 256, "a bounded number of holds");
	end();
}

/*
 * More tasks than there are holds looked at one by one, each of which blocks
 * once: the n-th waited for the n - 1 before it, and nothing is lost.
 */
static void
test_crowd(void)
{
	const int n = 3000;
	int64_t wrong = 0;

	begin(n);
	for (int i = 1; i <= n; i++)
		task_ready(0, (uint64_t) i, "t");
	for (int i = 1; i <= n; i++)
	{
		blocking_step(i - 1, i, (uint64_t) i, nap);
		task_done(i, (uint64_t) i, 0, NULL);
	}
	run_end(n);
	for (int i = 0; i < n; i++)
		wrong += spans->tasks[i].class_ns[CLASS_LOOP] != i * MS ||
				 spans->tasks[i].class_ns[CLASS_SLEEP] != MS;
	is_i64(wrong, 0, "each waited for all before it, and for nothing else");
	is_i64(spans->steps[nap->index].holds, n, "all holds are counted");
	is_i64(spans->steps[nap->index].held_ns, n * MS, "and their time");
	is_i64(spans->slowest[0].took_ns, n * MS, "the slowest of all");
	ok(spans->slowest[0].number == (uint64_t) n &&
		   spans->slowest[4].number == (uint64_t) n - 4 &&
		   spans->slowest[0].mostly == CLASS_LOOP,
	   "five of them, in order, and why");
	end();

	/* here all can be charged one by one: what each cost is exact */
	begin(1);
	for (int i = 1; i <= 200; i++)
		task_ready(0, (uint64_t) i, "t");
	for (int i = 1; i <= 200; i++)
	{
		blocking_step(i - 1, i, (uint64_t) i, nap);
		task_done(i, (uint64_t) i, 0, NULL);
	}
	run_end(200);
	for (int i = 0; i < 200; i++)
		wrong += spans->holds[i].cost_ns != (199 - i) * MS;
	is_i64(wrong, 0, "a hold costs each of those who wait");
	is_i64(spans->steps[nap->index].cost_ns, spans->class_ns[CLASS_LOOP],
		   "what the holds cost is what the tasks lost");
	end();
}

/* At random, against a sum that looks at every hold of every wait. */
static void
test_against_sum(void)
{
	enum
	{
		TASKS = 40,
		HOLDS = 500
	};
	int64_t from[HOLDS];
	int64_t until[HOLDS];
	int64_t wrong = 0;
	int64_t lost = 0;
	int64_t now = 0;
	uint32_t random = 7;

	begin(TASKS);
	for (int i = 0; i < HOLDS; i++)
	{
		random = random * 1664525u + 1013904223u;
		if (i % (HOLDS / TASKS) == 0 && i / (HOLDS / TASKS) < TASKS)
			task_ready(now, (uint64_t) (i / (HOLDS / TASKS)) + 1, "t");
		now += random >> 30;
		from[i] = now;
		now += 1 + (random >> 28) % 5;
		until[i] = now;
		hold(from[i], until[i], 4711, nap);
		if ((random >> 16) % 3 == 0)
			whole_step(now, now, 1 + (random >> 8) % TASKS, set);
	}
	for (int i = 0; i < TASKS; i++)
		task_done(now, (uint64_t) i + 1, 0, NULL);
	run_end(now);
	for (int i = 0; i < TASKS; i++)
	{
		int64_t want = 0;

		for (int j = 0; j < HOLDS; j++)
			if (from[j] * MS >= spans->tasks[i].begun_ns)
				want += (until[j] - from[j]) * MS;
		wrong += want != spans->tasks[i].class_ns[CLASS_LOOP];
		lost += want;
	}
	is_i64(wrong, 0, "every wait has all of its holds");
	is_i64(spans->steps[nap->index].cost_ns, lost, "every hold its waits");
	end();
}

static void
test_failures(void)
{
	char message[32];
	int64_t sum = 0;

	begin(1);
	for (int i = 0; i < 1000; i++)
	{
		snprintf(message, sizeof(message), "error %d", i % 20);
		task_ready(i, (uint64_t) i + 1, "t");
		task_done(i, (uint64_t) i + 1, 1, message);
	}
	run_end(1000);
	for (int i = 0; i < spans->nfailures; i++)
		sum += spans->failures[i].count;
	is_i64(spans->nfailures, FAILURES_KEPT, "a bounded number of messages");
	is_i64(sum, FAILURES_KEPT * 50, "counted, though only one task is kept");
	is_str(spans->failures[3].message, "error 3", "in the order they came");
	end();
}

/* A hold that cost something outlives any number that cost nothing. */
static void
test_costliest(void)
{
	begin(1);
	for (int i = 0; i < 300; i++)
		hold(i, i + 1, 7, nap);
	task_ready(300, 1, "t");
	hold(300, 350, 7, nap);
	whole_step(350, 360, 1, http);
	task_done(360, 1, 0, NULL);
	for (int i = 360; i < 1000; i++)
		hold(i, i + 1, 7, nap);
	run_end(1000);
	is_i64(spans->nholds, 256, "no more than 256 holds");
	for (int i = 0; i < spans->nholds; i++)
		if (spans->holds[i].cost_ns > 0)
			is_i64(spans->holds[i].cost_ns, 50 * MS, "the costly one");
	is_i64(spans->holds[255].cost_ns, 50 * MS, "is kept, in order of time");
	end();
}

/* What one loop of two has seen: odd tasks, or even ones. */
static Spans *
one_of_two(int first)
{
	Spans *made;

	begin(3);
	for (int i = first; i <= 8; i += 2)
	{
		task_ready(i, (uint64_t) i, "t");
		if (i % 4 == 1)
			blocking_step(i, i + 10 * i, (uint64_t) i, nap);
		else
			whole_step(i, i + 10 * i, (uint64_t) i, http);
		task_done(i + 10 * i, (uint64_t) i, i > 6, i > 6 ? "broke" : NULL);
	}
	run_end(100);
	made = spans;
	spans = NULL;
	return made;
}

static void
test_merge(void)
{
	Spans *odd = one_of_two(1);
	Spans *even = one_of_two(2);

	spans_merge(odd, even);
	spans_free(even); /* nothing of it is missing or shared */
	is_i64(odd->done, 6, "merge: all that ended well");
	is_i64(odd->failed, 2, "merge: all that failed");
	is_i64(odd->latency.count, 8, "merge: one histogram");
	is_i64(odd->latency.max_ns, 80 * MS, "merge: the slowest is the other's");
	is_i64(odd->task_ns, 360 * MS, "merge: all the tasks' time");
	is_i64(odd->ntasks, 3, "merge: as many tasks as one keeps");
	for (int i = 0; i < odd->ntasks; i++)
		is_i64((int64_t) odd->tasks[i].number, i + 1,
			   "merge: the first ones, in order");
	is_i64(odd->slowest[0].took_ns, 80 * MS, "merge: slowest of all");
	is_i64(odd->nslowest, SLOWEST_KEPT, "merge: and no more than are kept");
	is_i64(odd->nfailures, 1, "merge: one kind of failure");
	is_i64(odd->failures[0].count, 2, "merge: of both");
	is_i64(odd->steps[http->index].count, 6, "merge: steps of both");
	is_i64(odd->steps[nap->index].holds, 2, "merge: holds");
	is_i64(odd->run_ended_ns, 100 * MS, "merge: the end");
	spans_free(odd);
}

int
main(void)
{
	Err err;

	plan = plan_from(plan_text, true, &err);
	if (!ok(plan != NULL && plan->bodies[0].nsteps >= 8, "the plan is read"))
		return done_testing();
	http = &plan->bodies[0].steps[0];
	sql = &plan->bodies[0].steps[1];
	nap = &plan->bodies[0].steps[2];
	set = &plan->bodies[0].steps[3];
	for (int i = 0; i < 3; i++)
		child[i] = &plan->bodies[0].steps[5 + i];
	test_holds();
	test_pool();
	test_connect();
	test_habits();
	test_thread();
	test_gather();
	test_odd_times();
	test_order();
	test_many();
	test_crowd();
	test_against_sum();
	test_failures();
	test_costliest();
	test_merge();
	plan_free(plan);
	return done_testing();
}
