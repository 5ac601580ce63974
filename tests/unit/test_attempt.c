/*
 * test_attempt.c
 *		Steps and transactions that are tried again, on the virtual clock.
 *
 * One fake kind plays SQL and HTTP: it takes 10 ms, and its first "failing"
 * runs end with the failure that is set.  There is no pool: what happens to
 * leases is tested against a server.
 */
#include "step_engine.h"

#include "attempt.h"
#include "span.h"

#define MS(ns) ((ns) / NS_PER_MS)
#define OWN_MS 10

struct VirtualWork
{
	LoopTimer timer;
};

static Loop *loop;
static TestEngine engine;
static Spans *spans;

static const char *failing_label; /* of the steps that fail */
static int failing;				  /* so many more times */
static Err failure_err;
static RetryFailure failure;
static bool in_transaction;
static int nsql; /* statements run */
static int nhttp;

/* -------- the fake kind -------- */

static void
fake_end(Step *step, bool failed)
{
	const PlanSql *sql = &step->plan->sql;

	if (failed)
		step->failure = failure;
	else if (step->plan->kind == STEP_SQL)
	{
		if (sql->transaction != SQL_TX_SAME)
			in_transaction = sql->transaction == SQL_TX_BEGIN;
		attempt_statement_worked(step, in_transaction);
	}
	step_done(step, failed ? &failure_err : NULL);
}

static void
on_fake_timer(void *arg)
{
	Step *step = arg;
	const char *label = step->plan->kind == STEP_SQL ? step->plan->sql.verb
													 : step->plan->label;
	bool fails = failing > 0 && strcmp(label, failing_label) == 0;

	failing -= fails;
	if (fails && step->plan->kind == STEP_SQL)
		in_transaction = false; /* what ROLLBACK will do */
	fake_end(step, fails);
}

static void
fake_start(Step *step)
{
	if (step->virtual == NULL)
	{
		step->virtual = mem_alloc(sizeof(*step->virtual));
		loop_timer_init(&step->virtual->timer, on_fake_timer, step);
	}
	nsql += step->plan->kind == STEP_SQL;
	nhttp += step->plan->kind == STEP_HTTP;
	if (step->plan->kind == STEP_SQL)
		attempt_statement_begins(step, in_transaction);
	step_started(step);
	loop_timer_set(loop, &step->virtual->timer,
				   loop_now_ns(loop) + OWN_MS * NS_PER_MS);
}

static void
fake_cancel(Step *step)
{
	Err err;

	loop_timer_clear(loop, &step->virtual->timer);
	err_set(&err, ERR_CANCEL, "canceled");
	step_done(step, &err);
}

static void
fake_forget(Step *step)
{
	free(step->virtual);
	step->virtual = NULL;
}

/* -------- running -------- */

static void
fail_with(const char *label, int times, ErrKind kind, const char *sqlstate)
{
	failing_label = label;
	failing = times;
	memset(&failure, 0, sizeof(failure));
	err_set(&failure_err, kind, "broken");
	snprintf(failure_err.sqlstate, sizeof(failure_err.sqlstate), "%s",
			 sqlstate);
}

static Task *
run(const char *text, int retries)
{
	engine_open(&engine, loop, text);
	spans = spans_new(engine.plan, 10);
	trace_add_sink(engine.engine.trace, spans_event, spans);
	engine.engine.retries = retries;
	nsql = nhttp = 0;
	in_transaction = false;
	engine_run(&engine);
	return engine.tasks[0];
}

/* What adds up: the classes of the task, and none of its time is missing. */
static void
finish(const char *what)
{
	const TaskSpans *task = &spans->tasks[0];
	int64_t sum = 0;

	for (int i = 0; i < CLASSES; i++)
		sum += task->class_ns[i];
	is_i64(sum, task->ended_ns - task->begun_ns, "%s: classes add up", what);
	spans_free(spans);
	engine_close(&engine);
}

static int64_t
class_ms(Class class)
{
	return MS(spans->tasks[0].class_ns[class]);
}

/* -------- steps -------- */

static void
test_step(void)
{
	Task *task;

	fail_with("q", 2, ERR_HTTP, "");
	failure.status = 503;
	failure.may_repeat = true;
	task = run("\\http q GET http://h/\n\\echo after\n", 3);
	ok(!task->failed, "the third attempt works");
	is_i64(nhttp, 3, "three attempts");
	is_i64(task->retries, 2, "two of them retries");
	ok(strcmp(engine.said.data, "after|") == 0, "and the task goes on");
	is_i64(class_ms(CLASS_HTTP), 3 * OWN_MS, "the attempts' own time");
	ok(spans->tasks[0].class_ns[CLASS_BACKOFF] > 0 &&
		   class_ms(CLASS_BACKOFF) < 300,
	   "the back-off: %d ms", (int) class_ms(CLASS_BACKOFF));
	is_i64(spans->steps[0].count, 1, "one step");
	is_i64(spans->steps[0].retried, 2, "tried again twice");
	is_i64(spans->steps[0].failed, 0, "none has failed");
	is_i64(spans->tasks[0].spans[0].outcome, STEP_BACKOFF, "first span");
	is_i64(spans->tasks[0].spans[2].attempt, 3, "third span");
	is_i64(spans->tasks[0].spans[2].outcome, STEP_OK, "third span's end");
	finish("a step");
}

static void
test_used_up(void)
{
	Task *task;

	fail_with("q", 100, ERR_HTTP, "");
	failure.status = 503;
	failure.may_repeat = true;
	task = run("\\retry 2\n\\http q GET http://h/\n", 7);
	ok(task->failed &&
		   strcmp(task->err.message, "broken (after 3 attempts)") == 0,
	   "the mark's number counts: %s", task->err.message);
	is_i64(spans->steps[0].failed, 1, "it has failed once");
	finish("used up");

	fail_with("q", 100, ERR_HTTP, "");
	failure.status = 503;
	failure.may_repeat = true;
	task = run("\\retry 0\n\\http q GET http://h/\n", 7);
	ok(task->failed && strcmp(task->err.message, "broken") == 0,
	   "\\retry 0: %s", task->err.message);
	is_i64(nhttp, 1, "one attempt");
	finish("not at all");

	fail_with("q", 1, ERR_HTTP, "");
	failure.status = 503;
	task = run("\\http q POST http://h/\n", 7);
	ok(task->failed && nhttp == 1, "a POST is sent once");
	finish("POST");

	fail_with("q", 1, ERR_HTTP, "");
	failure.status = 503;
	task = run("\\retry 1 on=503\n\\http q POST http://h/\n", 0);
	ok(!task->failed && nhttp == 2, "unless on= says so");
	finish("POST on=");
}

static void
test_retry_after(void)
{
	Task *task;

	fail_with("q", 1, ERR_HTTP, "");
	failure.status = 429;
	failure.may_repeat = true;
	failure.retry_after_ns = 5 * NS_PER_S;
	task = run("\\http q GET http://h/\n", 1);
	ok(!task->failed && class_ms(CLASS_BACKOFF) >= 5000 &&
		   class_ms(CLASS_BACKOFF) < 5200,
	   "Retry-After: waited for %d ms", (int) class_ms(CLASS_BACKOFF));
	finish("Retry-After");

	fail_with("q", 1, ERR_HTTP, "");
	failure.status = 429;
	failure.may_repeat = true;
	failure.retry_after_ns = 3600 * NS_PER_S;
	task = run("\\http q GET http://h/\n", 1);
	ok(task->failed && strstr(task->err.message, "3600 s") != NULL,
	   "Retry-After too long: %s", task->err.message);
	finish("Retry-After too long");
}

/* Three steps of a gather: one is tried again while another one is running. */
static void
test_gather(void)
{
	Task *task;

	fail_with("b", 1, ERR_HTTP, "");
	failure.status = 429;
	failure.may_repeat = true;
	failure.retry_after_ns = NS_PER_S;
	task = run("\\gather\n\\http a GET http://h/\n\\http b GET http://h/\n"
			   "\\http c GET http://h/\n\\end\n",
			   1);
	ok(!task->failed && nhttp == 4, "one of a gather is tried again");
	is_i64(class_ms(CLASS_HTTP), 2 * OWN_MS, "gather: http");
	ok(class_ms(CLASS_BACKOFF) >= 1000, "gather: backoff");
	finish("gather");
}

static void
cancel_soon(void *arg)
{
	task_cancel(arg);
}

static void
test_cancel(void)
{
	LoopTimer timer;
	Task *task;

	engine_open(&engine, loop, "\\http q GET http://h/\n");
	spans = spans_new(engine.plan, 10);
	trace_add_sink(engine.engine.trace, spans_event, spans);
	engine.engine.retries = 5;
	fail_with("q", 9, ERR_HTTP, "");
	failure.status = 429;
	failure.may_repeat = true;
	failure.retry_after_ns = 10 * NS_PER_S;
	task = task_new(&engine.engine);
	engine.tasks[engine.ntasks++] = task;
	engine.nlive = 1;
	task_begin(task, &engine.plan->bodies[0], 1, "t");
	loop_timer_init(&timer, cancel_soon, task);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 3 * NS_PER_S);
	loop_run(loop);
	ok(task->is_canceled && !task->failed, "canceled between two attempts");
	is_i64(class_ms(CLASS_BACKOFF), 3000 - OWN_MS, "its time is back-off");
	is_i64(spans->canceled, 1, "it counts as canceled");
	finish("cancel");
}

static void
test_budget(void)
{
	RetryBudget budget = {.percent = 0, .reserve = 2};
	Task *task;

	fail_with("q", 100, ERR_HTTP, "");
	failure.status = 500;
	failure.may_repeat = true;
	engine_open(&engine, loop, "\\http q GET http://h/\n");
	spans = spans_new(engine.plan, 10);
	trace_add_sink(engine.engine.trace, spans_event, spans);
	engine.engine.retries = 5;
	engine.engine.budget = &budget;
	engine_run(&engine);
	task = engine.tasks[0];
	ok(task->failed && strstr(task->err.message, "budget") != NULL,
	   "the budget: %s", task->err.message);
	is_i64(budget.begun, 1, "one step was begun");
	is_i64(budget.used, 2, "two retries");
	is_i64(budget.denied, 1, "the third was refused");
	finish("budget");
}

/* Each attempt has the whole of its time. */
static void
test_timeout(void)
{
	Task *task;

	fail_with("", 0, ERR_HTTP, "");
	task = run("\\timeout 5ms\n\\retry 2 on=timeout\n"
			   "\\http q POST http://h/\n",
			   0);
	ok(task->failed && task->err.kind == ERR_TIMEOUT &&
		   strstr(task->err.message, "after 3 attempts") != NULL,
	   "\\timeout is for each attempt: %s", task->err.message);
	is_i64(class_ms(CLASS_HTTP), 3 * 5, "three times 5 ms");
	finish("timeout");
}

/* -------- transactions -------- */

static const char transaction[] =
	"\\set kept 1\n\\set x 10\n\\emit :x\n\\set r0 random(1, 1000000)\n"
	"BEGIN;\n"
	"\\set x :x + 1\n\\set fresh 'text'\n\\set r random(1, 1000000)\n"
	"\\emit :r :x\n"
	"UPDATE t SET n = 1;\n"
	"\\set x :x + 1\n"
	"COMMIT;\n"
	"\\echo :x :kept :fresh :r0 :r\n";

static void
test_transaction(void)
{
	char said[200];
	Task *task;

	fail_with("", 0, ERR_SQL, "");
	task = run(transaction, 5);
	snprintf(said, sizeof(said), "%s", engine.said.data);
	ok(!task->failed && nsql == 3, "it works at once");
	finish("transaction");

	fail_with("UPDATE", 2, ERR_SQL, "40001");
	task = run(transaction, 5);
	ok(!task->failed && nsql == 2 + 2 + 3, "it works the third time");
	ok(strstr(engine.said.data, "12 1 text") != NULL,
	   "variables are set back: %s", engine.said.data);
	is_i64(task->retries, 2, "two retries");
	is_i64(spans->tasks[0].spans[2].step->index,
		   spans->tasks[0].spans[0].step->index, "BEGIN comes again");
	is_i64(class_ms(CLASS_SERVER), 7 * OWN_MS, "seven statements");
	ok(strcmp(strstr(engine.said.data, "12 1"), strstr(said, "12 1")) == 0,
	   "random numbers are those of a run without a failure");
	finish("restart");

	fail_with("COMMIT", 1, ERR_SQL, "40P01");
	task = run(transaction, 5);
	ok(!task->failed && nsql == 6, "COMMIT may fail as well");
	finish("COMMIT");

	fail_with("UPDATE", 1, ERR_SQL, "23505");
	task = run(transaction, 5);
	ok(task->failed && nsql == 2, "another error ends it");
	finish("another error");

	fail_with("COMMIT", 1, ERR_LOST, "");
	task = run(transaction, 5);
	ok(task->failed && nsql == 3, "lost at COMMIT: not tried again");
	finish("lost at COMMIT");

	fail_with("UPDATE", 9, ERR_SQL, "40001");
	task = run(transaction, 1);
	ok(task->failed && nsql == 4, "no more often than allowed");
	finish("used up");
}

/* What is emitted waits for the COMMIT: an attempt's rows go with it. */
static void
on_emit(Engine *self, Task *task, const PlanStep *step)
{
	(void) self;
	(void) step;
	buf_puts(&task->emit, "row ");
}

static void
test_emit(void)
{
	engine_open(&engine, loop, transaction);
	spans = spans_new(engine.plan, 10);
	trace_add_sink(engine.engine.trace, spans_event, spans);
	engine.engine.on_emit = on_emit;
	engine.engine.retries = 5;
	nsql = 0;
	fail_with("UPDATE", 3, ERR_SQL, "40001");
	engine_run(&engine);
	is_i64((int64_t) engine.tasks[0]->emit.len, 8,
		   "rows of attempts that failed are gone");
	finish("emit");
}

/* A POST between BEGIN and COMMIT: --retries does not apply. */
static void
test_barred(void)
{
	Task *task;

	fail_with("COMMIT", 1, ERR_SQL, "40001");
	task = run("BEGIN;\n\\http q POST http://h/\nCOMMIT;\n", 5);
	ok(task->failed && nhttp == 1, "a POST inside: not done twice");
	finish("POST inside");

	fail_with("COMMIT", 1, ERR_SQL, "40001");
	task = run("BEGIN;\n\\http q GET http://h/\nCOMMIT;\n", 5);
	ok(!task->failed && nhttp == 2, "a GET inside: done twice");
	finish("GET inside");

	fail_with("UPDATE", 1, ERR_SQL, "40001");
	task = run("BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;\nUPDATE t SET n = 1;\n"
			   "COMMIT;\n",
			   5);
	ok(task->failed && nsql == 4,
	   "COMMIT AND CHAIN: not from the first BEGIN");
	finish("AND CHAIN");
}

int
main(void)
{
	StepOps fake = {fake_start, NULL, fake_cancel, fake_forget};

	for (int i = 0; i < STEP_KINDS; i++)
		engine_ops[i] = step_variable_ops;
	engine_ops[STEP_SQL] = fake;
	engine_ops[STEP_HTTP] = fake;
	loop = loop_new_virtual();

	test_step();
	test_used_up();
	test_retry_after();
	test_gather();
	test_cancel();
	test_budget();
	test_timeout();
	test_transaction();
	test_emit();
	test_barred();
	loop_free(loop);
	return done_testing();
}
