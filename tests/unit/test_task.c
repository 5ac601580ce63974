/*
 * test_task.c
 *		The task and step state machines and leases, on the virtual clock.
 *
 * Every step that may wait is played by one fake kind: works[] says for each
 * PlanStep.index how many milliseconds it takes; below 0: it fails after as
 * many; NEVER: only a cancel ends it.  Its cancel asks: a running step ends
 * CANCEL_MS later.
 */
#include "step_engine.h"

#define MS(ns) ((ns) / NS_PER_MS)
#define NEVER 1000000
#define CANCEL_MS 5
#define MAX_SLOTS 8

struct VirtualWork
{
	LoopTimer timer;
	bool is_canceled;
};

static const int *works;
static int starts;
static int ends;
static Loop *loop;
static TestEngine engine;

/* -------- the fake kind -------- */

static void
fake_end(Step *step, bool failed, const char *why)
{
	Err err = {0};

	ends++;
	if (step->lease != NULL)
		lease_end_statement(step, false);
	if (failed)
		err_set(&err, ERR_SQL, "%s %d", why, step->plan->index);
	step_done(step, failed ? &err : NULL);
}

static void
on_fake_timer(void *arg)
{
	Step *step = arg;
	bool is_canceled = step->virtual->is_canceled;

	fake_end(step, is_canceled || works[step->plan->index] < 0,
			 is_canceled ? "canceled" : "broken");
}

static void
fake_run(Step *step)
{
	int ms = works[step->plan->index];

	if (step->virtual == NULL)
	{
		step->virtual = mem_alloc(sizeof(*step->virtual));
		loop_timer_init(&step->virtual->timer, on_fake_timer, step);
	}
	step->virtual->is_canceled = false;
	step_started(step);
	if (ms == 0)
		fake_end(step, false, NULL);
	else if (ms != NEVER)
		loop_timer_set(loop, &step->virtual->timer,
					   loop_now_ns(loop) + (ms < 0 ? -ms : ms) * NS_PER_MS);
}

static void
fake_resume(Step *step)
{
	if (step->lease != NULL)
		fake_run(step);
	else
		fake_end(step, true, "no connection for");
}

static void
fake_start(Step *step)
{
	starts++;
	if (step->plan->kind != STEP_SQL || lease_take(step))
		fake_run(step);
}

static void
fake_cancel(Step *step)
{
	if (step->state == STEP_QUEUED)
	{
		lease_stop_waiting(step);
		fake_end(step, true, "canceled");
		return;
	}
	if (step->virtual->is_canceled)
		return;
	step->virtual->is_canceled = true;
	loop_timer_set(loop, &step->virtual->timer,
				   loop_now_ns(loop) + CANCEL_MS * NS_PER_MS);
}

static void
fake_forget(Step *step)
{
	free(step->virtual);
	step->virtual = NULL;
}

/* The real \release looks at the connection, which is none here. */
static void
fake_release(Step *step)
{
	lease_drop(step->task);
	step_done(step, NULL);
}

/* -------- connections that are there at once, or refused later -------- */

#define REFUSE_MS 10

static bool refuse;
static LoopTimer refusal;

static void
on_refused(void *member)
{
	Err err = {0};

	err_set(&err, ERR_CONNECT, "refused");
	pool_member_opened(member, &err);
}

static void
fake_open(void *arg, PoolMember *member)
{
	(void) arg;
	if (!refuse)
	{
		pool_member_opened(member, NULL);
		return;
	}
	loop_timer_init(&refusal, on_refused, member);
	loop_timer_set(loop, &refusal, loop_now_ns(loop) + REFUSE_MS * NS_PER_MS);
}

static void
fake_reset(void *arg, PoolMember *member)
{
	(void) arg;
	pool_member_reset(member, NULL);
}

static void
fake_close(void *arg, PoolMember *member)
{
	(void) arg;
	(void) member;
}

static const PoolOps pool_ops = {fake_open, fake_reset, fake_close, NULL};

static void
on_pool_opened(void *arg, const Err *err)
{
	(void) arg;
	(void) err;
}

/* -------- what must hold in every run -------- */

static bool
move_is_legal(int from, int to)
{
	if (to == STEP_QUEUED)
		return from == -1;
	if (to == STEP_RUNNING)
		return from == STEP_QUEUED;
	return to >= STEP_OK && to <= STEP_CANCELED &&
		   (from == STEP_QUEUED || from == STEP_RUNNING);
}

/* Each step begins, perhaps runs, and ends once. */
static void
check_steps(const char *name)
{
	int illegal = 0;
	int open = 0;
	int state[5][MAX_SLOTS];

	memset(state, -1, sizeof(state));
	for (int i = 0; i < engine.nevents; i++)
	{
		const Event *event = &engine.events[i];
		int *now = &state[event->task][event->slot];

		if (event->kind != EVENT_STEP)
			continue;
		illegal += !move_is_legal(*now, event->value);
		open += event->value == STEP_QUEUED;
		open -= event->value >= STEP_OK;
		*now = event->value >= STEP_OK ? -1 : event->value;
	}
	is_i64(illegal, 0, "%s: every move of a step is legal", name);
	is_i64(open, 0, "%s: every step that began has ended", name);
	is_i64(ends, starts, "%s: every start ended once", name);
}

/* A task begins ready, is done once, and nothing comes after that. */
static void
check_tasks(const char *name)
{
	int state[5] = {-1, -1, -1, -1, -1};
	int wrong = 0;
	int done = 0;

	for (int i = 0; i < engine.nevents; i++)
	{
		const Event *event = &engine.events[i];
		int *now = &state[event->task];

		wrong += *now == TASK_DONE;
		if (event->kind != EVENT_TASK)
			continue;
		wrong += *now == -1 && event->value != TASK_READY;
		wrong += event->value == TASK_DONE && *now != TASK_DRAINING;
		wrong += event->value == TASK_WAITING && *now != TASK_READY;
		done += event->value == TASK_DONE;
		*now = event->value;
	}
	is_i64(wrong, 0, "%s: every move of a task is legal", name);
	is_i64(done, engine.plan->nbodies, "%s: every task is done once", name);
}

/* No connection is lent twice, and all of them come back. */
static void
check_leases(const char *name)
{
	bool lent[16] = {false};
	int wrong = 0;

	for (int i = 0; i < engine.nevents; i++)
	{
		const Event *event = &engine.events[i];
		bool begins = event->kind == EVENT_LEASE;

		if (!begins && event->kind != EVENT_LEASE_END)
			continue;
		wrong += lent[event->amount] == begins;
		lent[event->amount] = begins;
	}
	for (int i = 0; i < 16; i++)
		wrong += lent[i];
	is_i64(wrong, 0, "%s: connections are lent once and come back", name);
	is_i64(pool_waiting_count(engine.engine.pool), 0,
		   "%s: nobody waits for one any more", name);
}

/* -------- running a plan -------- */

static LoopTimer at;
static int at_task;

static void
on_at(void *arg)
{
	(void) arg;
	task_cancel(engine.tasks[at_task]);
	task_cancel(engine.tasks[at_task]); /* asking twice changes nothing */
}

static void
set_up(const char *text, const int *ms, int connections)
{
	static const StepOps ops = {fake_start, fake_resume, fake_cancel,
								fake_forget};

	loop = loop_new_virtual();
	works = ms;
	starts = ends = 0;
	engine_open(&engine, loop, text);
	engine_ops[STEP_SQL] = engine_ops[STEP_HTTP] = engine_ops[STEP_SLEEP] =
		ops;
	engine_ops[STEP_HOLD] = step_variable_ops;
	engine_ops[STEP_RELEASE].start = fake_release;
	engine.engine.pool =
		pool_new(loop, engine.engine.trace, &pool_ops, NULL, connections);
	if (!refuse)
		pool_open(engine.engine.pool, connections, on_pool_opened, NULL);
	loop_timer_init(&at, on_at, NULL);
}

static void
go(const char *name)
{
	engine_run(&engine);
	ok(engine.nlive == 0, "%s: all tasks end", name);
	check_steps(name);
	check_tasks(name);
	check_leases(name);
}

static void
tear_down(void)
{
	engine_close(&engine);
	pool_free(engine.engine.pool);
	loop_free(loop);
}

static void
cancel_at(int task, int ms)
{
	at_task = task;
	loop_timer_set(loop, &at, ms * NS_PER_MS);
}

static int
count_ended(StepState state)
{
	int n = 0;

	for (int i = 0; i < engine.nevents; i++)
		n += engine.events[i].kind == EVENT_STEP &&
			 engine.events[i].value == (int) state;
	return n;
}

/* When it all was over, how many steps worked, failed and were canceled. */
static void
came_out(const char *name, int ms, int worked, int failed, int canceled)
{
	is_i64(MS(loop_now_ns(loop)), ms, "%s: when", name);
	is_i64(count_ended(STEP_OK), worked, "%s: worked", name);
	is_i64(count_ended(STEP_FAILED), failed, "%s: failed", name);
	is_i64(count_ended(STEP_CANCELED), canceled, "%s: canceled", name);
}

/* The task failed with that message, at that line. */
static void
failed_with(const char *name, int task, const char *message, int line)
{
	ok(engine.tasks[task]->failed, "%s: the task failed", name);
	is_str(engine.tasks[task]->err.message, message, "%s: why", name);
	is_i64(engine.tasks[task]->err.line, line, "%s: where", name);
}

/* -------- the tests -------- */

#define SLEEP_LINE "\\sleep 1\n"
#define SQL_LINE "SELECT 1;\n"
#define GATHER3 "\\gather\n" SLEEP_LINE SLEEP_LINE SLEEP_LINE "\\end\n"

static void
test_order(void)
{
	set_up(SLEEP_LINE SLEEP_LINE SLEEP_LINE, (int[]){100, 0, 50}, 1);
	go("in a row");
	came_out("in a row", 150, 3, 0, 0);
	ok(!engine.tasks[0]->failed, "in a row: the task has not failed");
	go("the same task again");
	came_out("the same task again", 300, 3, 0, 0);
	tear_down();

	set_up(SLEEP_LINE SLEEP_LINE SLEEP_LINE, (int[]){10, -20, 50}, 1);
	go("a failure");
	came_out("a failure", 30, 1, 1, 0);
	failed_with("a failure", 0, "broken 1", 2);
	tear_down();
}

static void
test_gather(void)
{
	set_up(GATHER3 SLEEP_LINE, (int[]){0, 30, 100, 60, 10}, 1);
	go("a gather waits for all");
	came_out("a gather waits for all", 110, 4, 0, 0);
	tear_down();

	/* the last in the file fails first */
	set_up(GATHER3 SLEEP_LINE, (int[]){0, 200, -100, -30, 10}, 1);
	go("two failures");
	came_out("two failures", 200, 1, 2, 0);
	failed_with("two failures", 0, "broken 2", 3);
	tear_down();

	set_up("\\gather cancel\n" SLEEP_LINE SLEEP_LINE SLEEP_LINE "\\end\n",
		   (int[]){0, 200, NEVER, -30}, 1);
	go("\\gather cancel");
	came_out("\\gather cancel", 30 + CANCEL_MS, 0, 1, 2);
	failed_with("\\gather cancel", 0, "broken 3", 4);
	tear_down();
}

static void
test_timeout(void)
{
	set_up("\\timeout 0.05\n" SLEEP_LINE SLEEP_LINE, (int[]){NEVER, 10}, 1);
	go("\\timeout");
	came_out("\\timeout", 50 + CANCEL_MS, 0, 1, 0);
	failed_with("\\timeout", 0, "sleep timed out after 0.05 s", 2);
	is_i64(engine.tasks[0]->err.kind, ERR_TIMEOUT, "\\timeout: its kind");
	tear_down();

	set_up("\\timeout 0.05\n" SLEEP_LINE SLEEP_LINE, (int[]){40, 40}, 1);
	go("in time");
	came_out("in time", 80, 2, 0, 0);
	tear_down();

	set_up(SLEEP_LINE, (int[]){NEVER}, 1);
	engine.engine.step_timeout_ns = 70 * NS_PER_MS;
	go("--timeout");
	came_out("--timeout", 70 + CANCEL_MS, 0, 1, 0);
	tear_down();

	/* the wait for a connection counts */
	set_up("\\task a\n" SQL_LINE "\\task b\n\\timeout 0.1\n" SQL_LINE,
		   (int[]){300, 10}, 1);
	go("a timeout in the queue");
	came_out("a timeout in the queue", 300, 1, 1, 0);
	failed_with("a timeout in the queue", 1, "sql timed out after 0.1 s", 5);
	ok(!engine.tasks[0]->failed, "a timeout in the queue: the other is well");
	tear_down();

	/* canceled while its timeout is already ending it */
	set_up("\\timeout 0.05\n" SLEEP_LINE, (int[]){NEVER}, 1);
	cancel_at(0, 52);
	go("a cancel after a timeout");
	came_out("a cancel after a timeout", 50 + CANCEL_MS, 0, 1, 0);
	tear_down();
}

static void
test_cancel(void)
{
	set_up("\\task a\n" SLEEP_LINE SLEEP_LINE "\\task b\n" SLEEP_LINE,
		   (int[]){NEVER, 10, 200}, 1);
	cancel_at(0, 20);
	go("a cancel");
	came_out("a cancel", 200, 1, 0, 1);
	ok(engine.tasks[0]->is_canceled && !engine.tasks[0]->failed,
	   "a cancel: is no failure");
	tear_down();

	set_up("\\task a\n" SQL_LINE "\\task b\n" SQL_LINE "\\task c\n" SQL_LINE,
		   (int[]){100, 100, 100}, 1);
	cancel_at(1, 20);
	go("a cancel in the queue");
	came_out("a cancel in the queue", 200, 2, 0, 1);
	tear_down();

	/* its answer came before the cancel got through */
	set_up(GATHER3, (int[]){0, 21, 22, NEVER}, 1);
	cancel_at(0, 20);
	go("a gather canceled");
	came_out("a gather canceled", 20 + CANCEL_MS, 0, 0, 3);
	tear_down();

	/* b is granted its connection and canceled before it could use it */
	set_up("\\task a\n" SQL_LINE "\\task b\n" SQL_LINE "\\task c\n" SQL_LINE,
		   (int[]){20, 100, 100}, 1);
	cancel_at(1, 20);
	go("canceled when granted");
	is_i64(MS(loop_now_ns(loop)), 120, "canceled when granted: c goes on");
	tear_down();
}

static void
lasts(const char *name, const char *text, const int *ms, int connections,
	  int leases, int wanted_ms)
{
	set_up(text, ms, connections);
	go(name);
	is_i64(MS(loop_now_ns(loop)), wanted_ms, "%s: when", name);
	is_i64(engine_count(&engine, EVENT_LEASE), leases, "%s: leases", name);
	tear_down();
}

#define TWICE(body) "\\task a\n" body "\\task b\n" body

static void
test_leases(void)
{
	static const int hundreds[] = {100, 100, 100, 100, 100, 100, 100, 100};
	static const int hold[] = {0, 100, 100, 0, 100, 100};
	static const int release[] = {100, 0, 100, 100, 0, 100};
	static const int gather[] = {0, 100, 100, 100, 0, 100, 100, 100};

	lasts("held by the task", TWICE(SQL_LINE SLEEP_LINE), hundreds, 1, 2, 400);
	lasts("\\hold statement", TWICE("\\hold statement\n" SQL_LINE SLEEP_LINE),
		  hold, 1, 2, 300);
	lasts("\\hold transaction",
		  TWICE("\\hold transaction\n" SQL_LINE SLEEP_LINE), hold, 1, 2, 300);
	lasts("\\release", TWICE(SQL_LINE "\\release\n" SLEEP_LINE), release, 1, 2,
		  300);
	lasts("one lease a task", SQL_LINE SQL_LINE SQL_LINE, hundreds, 3, 1, 300);
	lasts("one lease a statement", "\\hold statement\n" SQL_LINE SQL_LINE,
		  hold, 3, 2, 200);
	lasts("a gather with room",
		  "\\gather\n" SQL_LINE SQL_LINE SQL_LINE "\\end\n", gather, 3, 3,
		  100);
	lasts("a gather with some room",
		  "\\gather\n" SQL_LINE SQL_LINE SQL_LINE "\\end\n", gather, 2, 2,
		  200);
	lasts("a gather with one",
		  "\\gather\n" SQL_LINE SQL_LINE SQL_LINE "\\end\n", gather, 1, 1,
		  300);
	lasts("two gathers, one connection",
		  TWICE("\\gather\n" SQL_LINE SQL_LINE SQL_LINE "\\end\n"), gather, 1,
		  2, 600);
	lasts("two gathers, three connections",
		  TWICE("\\gather\n" SQL_LINE SQL_LINE SQL_LINE "\\end\n"), gather, 3,
		  4, 400);
}

static void
test_no_connection(void)
{
	refuse = true;
	set_up(SQL_LINE SQL_LINE, (int[]){100, 100}, 1);
	go("no connection");
	came_out("no connection", REFUSE_MS, 0, 1, 0);
	failed_with("no connection", 0, "no connection for 0", 1);
	tear_down();

	set_up("\\gather\n" SQL_LINE SQL_LINE "\\end\n", (int[]){0, 100, 100}, 1);
	go("no connection in a gather");
	came_out("no connection in a gather", 2 * REFUSE_MS, 0, 2, 0);
	failed_with("no connection in a gather", 0, "no connection for 1", 2);
	tear_down();
	refuse = false;
}

/* One of the gather's steps is canceled by \timeout while it waits. */
static void
test_gather_follower(void)
{
	set_up("\\gather\n" SQL_LINE "\\timeout 0.05\n" SQL_LINE SQL_LINE
		   "\\end\n",
		   (int[]){0, 100, 100, 100}, 1);
	go("a follower times out");
	came_out("a follower times out", 200, 2, 1, 0);
	failed_with("a follower times out", 0, "sql timed out after 0.05 s", 4);
	tear_down();

	set_up("\\task a\n" SQL_LINE
		   "\\task b\n\\gather\n\\timeout 0.05\n" SQL_LINE SQL_LINE "\\end\n",
		   (int[]){100, 0, 100, 100}, 1);
	go("the first of a gather times out");
	came_out("the first of a gather times out", 200, 2, 1, 0);
	tear_down();
}

int
main(void)
{
	test_order();
	test_gather();
	test_timeout();
	test_cancel();
	test_leases();
	test_no_connection();
	test_gather_follower();
	return done_testing();
}
