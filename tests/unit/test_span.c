/*
 * test_span.c
 *		Made-up events folded into spans and classes.
 */
#include "span_helper.h"

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

int
main(void)
{
	if (!span_plan_open())
		return done_testing();
	test_holds();
	test_pool();
	test_connect();
	test_habits();
	test_thread();
	test_gather();
	test_odd_times();
	test_order();
	plan_free(plan);
	return done_testing();
}
