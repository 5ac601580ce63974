/*
 * test_mistake.c
 *		Which common mistakes a verdict tells, and which it does not: each has
 *		a run that makes it, and one that nearly does.
 */
#include <stdlib.h>
#include <string.h>

#include "activity.h"
#include "report_verdict.h"

#include "tap.h"

#define MS INT64_C(1000000)

/* Ten tasks, each an \http and then SQL, four at a time, for a second. */
typedef struct Case
{
	PlanStep steps[2];
	Body body;
	PlanSource source;
	Plan plan;
	StepStats stats[2];
	TaskSpans task;
	Span span;
	Spans spans;
	Activity activity;
	RunResult result;
} Case;

static void
case_init(Case *c)
{
	memset(c, 0, sizeof(*c));
	c->steps[0] = (PlanStep){
		.kind = STEP_HTTP, .index = 0, .place = {.line = 3}, .label = "page"};
	c->steps[1] = (PlanStep){
		.kind = STEP_SQL, .index = 1, .place = {.line = 4}, .label = "sql"};
	c->body = (Body){.name = "t", .steps = c->steps, .nsteps = 2};
	c->source = (PlanSource){.name = "plan.sql"};
	c->plan = (Plan){.sources = &c->source,
					 .nsources = 1,
					 .bodies = &c->body,
					 .nbodies = 1,
					 .nsteps = 2};
	for (int i = 0; i < 2; i++)
		c->stats[i] =
			(StepStats){.step = &c->steps[i], .call = CALL_ASYNC, .count = 10};
	c->span = (Span){.step = &c->steps[1],
					 .gather = -1,
					 .lease_from = 2,
					 .started_ns = 100 * MS,
					 .arrived_ns = 150 * MS,
					 .ended_ns = 150 * MS};
	c->task = (TaskSpans){.number = 1, .spans = &c->span, .nspans = 1};
	c->spans = (Spans){.plan = &c->plan,
					   .steps = c->stats,
					   .tasks = &c->task,
					   .ntasks = 1,
					   .done = 10,
					   .task_ns = 4000 * MS,
					   .own_ns = 3000 * MS};
	c->spans.class_ns[CLASS_SERVER] = 2000 * MS;
	c->spans.class_ns[CLASS_HTTP] = 1000 * MS;
	c->result = (RunResult){.plan = &c->plan,
							.spans = &c->spans,
							.mode = "plan",
							.shards = 1,
							.concurrency = 4,
							.connections = 2,
							.wall_ns = 1000 * MS,
							.asked = {.cores = 4},
							.has_prediction = true,
							.prediction = {.predicted_ns = 1000 * MS,
										   .low_ns = 1000 * MS,
										   .high_ns = 1000 * MS,
										   .best_ns = 500 * MS,
										   .worst_ns = 4000 * MS,
										   .fix = FIX_CONCURRENCY,
										   .fix_value = 8,
										   .fix_ns = 600 * MS,
										   .fix_low_ns = 600 * MS}};
}

static const Mistake *
find(Case *c, const char *kind, Verdict *verdict)
{
	report_verdict(&c->result, verdict);
	for (int i = 0; i < verdict->nmistakes; i++)
		if (strcmp(verdict->mistakes[i].kind, kind) == 0)
			return &verdict->mistakes[i];
	return NULL;
}

static void
is_told(Case *c, const char *kind, const char *text)
{
	Verdict verdict;
	const Mistake *mistake = find(c, kind, &verdict);

	is_str(mistake != NULL ? mistake->text : "nothing", text, "%s", kind);
}

static void
is_silent(Case *c, const char *kind, const char *why)
{
	Verdict verdict;
	const Mistake *mistake = find(c, kind, &verdict);

	is_str(mistake != NULL ? mistake->text : "nothing", "nothing",
		   "%s: not %s", kind, why);
}

static void
test_two_queries(void)
{
	PlanStep steps[3] = {
		{.kind = STEP_GATHER, .index = 0, .end = 3},
		{.kind = STEP_SQL, .index = 1},
		{.kind = STEP_SQL, .index = 2, .place = {.line = 6}, .label = "sql"}};
	StepStats stats[3] = {{0}};
	Case c;

	case_init(&c);
	c.body.steps = steps;
	c.body.nsteps = c.plan.nsteps = 3;
	c.spans.steps = stats;
	stats[2] = (StepStats){
		.step = &steps[2], .count = 10, .habits = {.follow_ns = 300 * MS}};
	is_told(&c, "two_queries",
			"two queries on one connection: step 2 of t (sql, line 6) waited "
			"0.300 s behind another one of its gather; more connections "
			"(--connections 8) let them run at once.");
	c.plan.ledger_id = 3;
	is_silent(&c, "two_queries", "where a ledger wants one transaction");
	c.plan.ledger_id = 0;
	stats[2].habits.follow_ns = 1 * MS;
	is_silent(&c, "two_queries", "for nothing");
}

static void
test_held_lease(void)
{
	Case c;

	case_init(&c);
	c.stats[0].habits.lent_ns = 900 * MS;
	c.spans.class_ns[CLASS_POOL] = 500 * MS;
	is_told(
		&c, "held_lease",
		"connections lay idle for 0.900 s during step 1 of t (page, line "
		"3), while tasks waited 0.500 s for one: hold them shorter (--hold "
		"transaction), or \\release them before it.");
	c.result.prediction.fix = FIX_HOLD;
	c.result.prediction.fix_value = HOLD_STATEMENT;
	is_silent(&c, "held_lease", "what Fix says already");
	c.result.prediction.fix = FIX_CONCURRENCY;
	c.spans.class_ns[CLASS_POOL] = 0;
	is_silent(&c, "held_lease", "when nobody waited");
	c.spans.class_ns[CLASS_POOL] = 500 * MS;
	c.stats[0].habits.lent_ns = 0;
	c.stats[0].habits.open_ns = 900 * MS;
	is_silent(&c, "held_lease", "in a transaction, which must have it");
}

static void
test_idle_transaction(void)
{
	Case c;

	case_init(&c);
	c.stats[0].habits.open_ns = 900 * MS;
	is_told(
		&c, "idle_in_transaction",
		"transactions stood open and idle for 0.900 s, during step 1 of t "
		"(page, line 3): do that before BEGIN or behind COMMIT, since what "
		"they have locked stays locked.");
	/* the verdict is about the locks of just that */
	activity_init(&c.activity, 2);
	c.activity.nlocks = 1;
	c.activity.locks[0] = (ActivityLock){.step = 1,
										 .task = 2,
										 .event = "transactionid",
										 .blocker = BLOCKER_OWN,
										 .blocker_task = 1,
										 .blocker_step = 1,
										 .blocker_is_idle = true,
										 .samples = 100,
										 .ns = 2000 * MS};
	c.result.activity = &c.activity;
	is_silent(&c, "idle_in_transaction", "what Why and Fix are about");
	c.activity.locks[0].blocker_is_idle = false;
	ok(strstr(c.result.activity->locks[0].event, "transactionid") != NULL,
	   "a lock of one that works");
	is_told(
		&c, "idle_in_transaction",
		"transactions stood open and idle for 0.900 s, during step 1 of t "
		"(page, line 3): do that before BEGIN or behind COMMIT, since what "
		"they have locked stays locked.");
	activity_clear(&c.activity);
	c.result.activity = NULL;
	c.stats[0].habits.open_ns = 0;
	c.stats[0].habits.lent_ns = 900 * MS;
	is_silent(&c, "idle_in_transaction", "outside of one");
}

static void
test_connects(void)
{
	Case c;

	case_init(&c);
	c.stats[1].habits.connect_ns = 300 * MS;
	c.spans.class_ns[CLASS_CONNECT] = 300 * MS;
	c.spans.conns_late = 10;
	c.result.asked.reconnects = true;
	is_told(&c, "late_connects",
			"10 connections were opened while the clock ran, and tasks waited "
			"0.300 s for that, most at step 2 of t (sql, line 4): leave -C "
			"out.");
	c.result.prediction.fix = FIX_NONE;
	is_silent(&c, "late_connects", "when it is the cause");
	c.result.prediction.fix = FIX_CONCURRENCY;
	c.stats[1].habits.connect_ns = 0;
	c.spans.class_ns[CLASS_CONNECT] = 0;
	is_silent(&c, "late_connects", "before the clock");
}

static void
test_small_pool(void)
{
	Case c;

	case_init(&c);
	c.spans.class_ns[CLASS_POOL] = 500 * MS;
	c.result.wide_pool_ns = 800 * MS;
	is_told(&c, "small_pool",
			"the pool is smaller than the tasks in flight: they waited 0.500 "
			"s for its 2 connections, most at step 2 of t (sql, line 4); with "
			"4 \u2192 predicted 0.800 s (\u221220 %).");
	c.result.wide_pool_ns = 990 * MS;
	is_silent(&c, "small_pool", "where more gain nothing");
	c.result.wide_pool_ns = 800 * MS;
	c.result.prediction.fix = FIX_CONNECTIONS;
	is_silent(&c, "small_pool", "what Fix says");
	c.result.prediction.fix = FIX_CONCURRENCY;
	c.spans.class_ns[CLASS_POOL] = 10 * MS;
	is_silent(&c, "small_pool", "where hardly anybody waits");
}

static void
test_http(void)
{
	Case c;

	case_init(&c);
	c.stats[0].habits.cold = 9;
	c.stats[0].habits.cold_ns = 360 * MS;
	is_told(&c, "cold_requests",
			"step 1 of t (page, line 3) made a connection for 9 of 10 "
			"requests, 0.360 s in all: let the server, or a proxy before it, "
			"keep connections open.");
	is_silent(&c, "blocking_setup", "of an async step");
	c.stats[0].habits.cold = 4;
	is_silent(&c, "cold_requests", "the first of each place in flight");
	c.stats[0].habits.cold = 9;
	c.stats[0].habits.cold_ns = 20 * MS;
	is_silent(&c, "cold_requests", "to a server next door");
	c.stats[0].call = CALL_BLOCKING;
	is_silent(&c, "blocking_setup", "to one next door either");
	c.stats[0].habits.cold_ns = 360 * MS;
	is_told(&c, "blocking_setup",
			"step 1 of t (page, line 3, blocking) held the loop for 0.360 s "
			"to look up, connect and shake hands, 9 times: make it async.");
	is_silent(&c, "cold_requests", "of a blocking step");
	c.result.prediction.fix = FIX_STEP_ASYNC;
	c.result.prediction.fix_step = &c.steps[0];
	is_silent(&c, "blocking_setup", "what Fix says");
	c.result.prediction.fix_step = &c.steps[1];
	ok(c.result.prediction.fix_step != c.stats[0].step, "another step's fix");
	is_told(&c, "blocking_setup",
			"step 1 of t (page, line 3, blocking) held the loop for 0.360 s "
			"to look up, connect and shake hands, 9 times: make it async.");
}

static void
test_busy(void)
{
	Case c;

	case_init(&c);
	c.spans.class_ns[CLASS_CLIENT] = 800 * MS;
	c.result.loop_cpu_ns = 980 * MS;
	is_told(&c, "busy_client",
			"the client's loop used 98 % of a core: run more of them (-j 2).");
	c.result.shards = 2;
	is_told(&c, "busy_client",
			"the busiest of the client's 2 loops used 98 % of a core: run "
			"more of them (-j 4).");
	c.result.shards = 4;
	is_told(&c, "busy_client",
			"the busiest of the client's 4 loops used 98 % of a core: its own "
			"work for 4 tasks at a time is the limit.");
	c.result.concurrency = 100;
	is_told(&c, "busy_client",
			"the busiest of the client's 4 loops used 98 % of a core, and the "
			"machine has no core for another one: write fewer reports "
			"(--trace, -l), or use a larger machine.");
	c.result.loop_cpu_ns = 800 * MS;
	is_silent(&c, "busy_client", "with a fifth to spare");
	c.result.loop_cpu_ns = c.result.wall_ns = 20 * MS;
	is_silent(&c, "busy_client", "of a run that hardly began");
}

static void
test_order(void)
{
	Case c;
	Verdict verdict;

	case_init(&c);
	report_verdict(&c.result, &verdict);
	is_i64(verdict.nmistakes, 0, "none is made");
	c.stats[0].habits = (StepHabits){.cold = 9,
									 .cold_ns = 400 * MS,
									 .lent_ns = 300 * MS,
									 .open_ns = 900 * MS};
	c.stats[1].habits.connect_ns = 200 * MS;
	c.spans.class_ns[CLASS_POOL] = 350 * MS;
	report_verdict(&c.result, &verdict);
	is_i64(verdict.nmistakes, 3, "four are made, three told");
	is_str(verdict.mistakes[0].kind, "idle_in_transaction", "the costliest");
	is_str(verdict.mistakes[1].kind, "held_lease", "the next");
	is_str(verdict.mistakes[2].kind, "cold_requests", "and the third");
}

int
main(void)
{
	test_two_queries();
	test_held_lease();
	test_idle_transaction();
	test_connects();
	test_small_pool();
	test_http();
	test_busy();
	test_order();
	return done_testing();
}
