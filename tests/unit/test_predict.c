/*
 * test_predict.c
 *		predict against the table of what must come out, and against an oracle.
 *
 * A script is written a letter a step: s blocking, a async, t on a thread;
 * in upper case it is SQL and needs a connection.  B and C are BEGIN and
 * COMMIT, h is \hold statement, r is \release, v \json, (…) a gather.  Every
 * step but those takes one UNIT.  The file is long because table, oracle and
 * random scripts are written in these letters.
 */
#include <stdlib.h>

#include "mem.h"
#include "plan_helper.h"
#include "predict.h"
#include "span.h"
#include "tap.h"

#define UNIT INT64_C(300000000)
#define MAX_TASKS 16
#define MAX_STEPS 128
#define US INT64_C(1000)

typedef struct Case
{
	PredictInput input;
	Script tasks[MAX_TASKS];
	ScriptStep steps[MAX_TASKS][MAX_STEPS];
	PlanStep plan[MAX_TASKS][MAX_STEPS];
} Case;

static void
step_from_letter(Case *self, int t, char c, int *gather)
{
	Script *script = &self->tasks[t];
	int i = script->nsteps++;
	PlanStep *plan = &self->plan[t][i];
	ScriptStep *step = &script->steps[i];
	bool is_sql = c >= 'A' && c <= 'Z';

	memset(plan, 0, sizeof(*plan));
	memset(step, 0, sizeof(*step));
	plan->timeout_ns = -1;
	plan->kind = is_sql ? STEP_SQL : STEP_HTTP;
	step->step = plan;
	step->own_ns = UNIT;
	if (c == 's' || c == 'S')
		step->call = CALL_BLOCKING;
	else if (c == 't' || c == 'T')
		step->call = CALL_THREAD;
	else if (c == 'B' || c == 'C')
	{
		plan->sql.transaction = c == 'B' ? SQL_TX_BEGIN : SQL_TX_END;
		step->own_ns = 0;
	}
	else if (c != 'a' && c != 'A')
	{
		plan->kind = c == 'h'	? STEP_HOLD
					 : c == 'r' ? STEP_RELEASE
					 : c == '(' ? STEP_GATHER
								: STEP_JSON;
		plan->hold = HOLD_STATEMENT;
		step->own_ns = 0;
		*gather = c == '(' ? i : *gather;
	}
	plan->call = step->call;
}

/* Scripts apart by spaces, a task each, in the order they start. */
static Case *
case_new(const char *text)
{
	Case *self = mem_alloc(sizeof(*self));
	int gather = 0;
	int t = 0;

	self->input.tasks = self->tasks;
	self->tasks[0].steps = self->steps[0];
	for (; *text != '\0'; text++)
	{
		if (*text == ' ')
		{
			t++;
			self->tasks[t].steps = self->steps[t];
		}
		else if (*text == ')')
			self->steps[t][gather].gather_end = self->tasks[t].nsteps;
		else
			step_from_letter(self, t, *text, &gather);
	}
	self->input.ntasks = t + 1;
	return self;
}

/* -------- the table -------- */

static const struct
{
	const char *text;
	int units;
} table[] = {
	{"s s", 2},	  {"a a", 1},	  {"aa", 2},	{"ss ss", 4}, {"aa aa", 2},
	{"sa as", 3}, {"as sa", 2},	  {"sa sa", 3}, {"as as", 3}, {"aaa aaa", 3},
	{"a", 1},	  {"s", 1},		  {"aS", 2},	{"S S", 2},	  {"A A", 1},
	{"sS sS", 4}, {"sA aS", 3},	  {"aS sA", 2}, {"sA sA", 3}, {"aS aS", 3},
	{"tT tT", 2}, {"aAA aAA", 3},
};

/* Times that no two steps share, off by a few thousandths. */
static void
case_vary(Case *self, unsigned seed)
{
	for (int t = 0; t < self->input.ntasks; t++)
		for (int i = 0; i < self->tasks[t].nsteps; i++)
		{
			seed = seed * 1103515245u + 12345u;
			self->steps[t][i].own_ns += (int64_t) (seed >> 12) % 1000 * US;
		}
}

static void
test_table(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
	{
		Case *self = case_new(table[i].text);

		is_i64(predict_total_ns(&self->input), table[i].units * UNIT,
			   "%s takes %d units", table[i].text, table[i].units);
		for (unsigned seed = 1; seed <= 5; seed++)
		{
			Case *varied = case_new(table[i].text);

			case_vary(varied, seed);
			is_dbl((double) predict_total_ns(&varied->input) / (double) UNIT,
				   table[i].units, 0.02, "%s with times slightly apart, %u",
				   table[i].text, seed);
			free(varied);
		}
		free(self);
	}
}

/* -------- limits -------- */

static void
takes(const char *text, int connections, int concurrency, int workers,
	  Hold hold, int units)
{
	Case *self = case_new(text);

	self->input.connections = connections;
	self->input.concurrency = concurrency;
	self->input.workers = workers;
	self->input.hold = hold;
	is_i64(predict_total_ns(&self->input), units * UNIT,
		   "%s, %d connections, %d at once, %d workers, hold %d: %d units",
		   text, connections, concurrency, workers, hold, units);
	free(self);
}

static void
test_limits(void)
{
	takes("A A", 1, 0, 0, HOLD_TASK, 2);
	takes("A A A A", 2, 0, 0, HOLD_TASK, 2);
	takes("a a", 1, 0, 0, HOLD_TASK, 1);
	takes("Aa Aa", 1, 0, 0, HOLD_TASK, 4);
	takes("Aa Aa", 1, 0, 0, HOLD_STATEMENT, 3);
	takes("Aa Aa", 1, 0, 0, HOLD_TRANSACTION, 3);
	takes("BAaC BAaC", 1, 0, 0, HOLD_STATEMENT, 4);
	takes("BAaC BAaC", 1, 0, 0, HOLD_TRANSACTION, 4);
	takes("BACa BACa", 1, 0, 0, HOLD_TRANSACTION, 3);
	takes("hAa hAa", 1, 0, 0, HOLD_TASK, 3);
	takes("Ara Ara", 1, 0, 0, HOLD_TASK, 3);
	takes("AA AA", 4, 0, 0, HOLD_STATEMENT, 2);
	takes("a a a a", 0, 2, 0, HOLD_TASK, 2);
	takes("a a a a", 0, 1, 0, HOLD_TASK, 4);
	takes("A A A A", 1, 2, 0, HOLD_TASK, 4);
	takes("t t t t", 0, 0, 2, HOLD_TASK, 2);
	takes("t t t t t", 0, 0, 2, HOLD_TASK, 3);
	takes("t t t t", 0, 0, 0, HOLD_TASK, 1);
	takes("(aaa)", 0, 0, 0, HOLD_TASK, 1);
	takes("(aa)A", 1, 0, 0, HOLD_TASK, 2);
	takes("(as)a", 0, 0, 0, HOLD_TASK, 2);
	takes("(sa)a", 0, 0, 0, HOLD_TASK, 3);
	takes("(AA)", 1, 0, 0, HOLD_TASK, 2);
	takes("(AA)", 2, 0, 0, HOLD_TASK, 1);
	takes("(AA) (AA)", 3, 0, 0, HOLD_TASK, 2);
	takes("(AA) (AA)", 4, 0, 0, HOLD_TASK, 1);
	takes("(AAA) A", 2, 0, 0, HOLD_TASK, 2);
	for (int kind = STEP_SHELL + 1; kind < STEP_KINDS; kind++)
	{
		Case *self = case_new("av av");

		self->plan[0][1].kind = self->plan[1][1].kind = (StepKind) kind;
		is_i64(predict_total_ns(&self->input), UNIT, "%s takes no time",
			   step_kind_name((StepKind) kind));
		free(self);
	}
}

/* A worker takes its next call while the loop is held. */
static void
test_workers(void)
{
	takes("t t ss", 0, 0, 1, HOLD_TASK, 2);
	takes("T t ss", 0, 0, 1, HOLD_TASK, 2);
	takes("t t t ss", 0, 0, 1, HOLD_TASK, 3);
}

/* -------- connections of HTTP -------- */

/* One server for all; connecting takes so long. */
static Case *
case_cold(const char *text, int idle, bool keeps, int64_t connect_ns)
{
	static ScriptOrigin origins[2];
	Case *self = case_new(text);

	origins[1] = (ScriptOrigin){
		.idle = idle, .keeps = keeps, .is_near = connect_ns < PREDICT_NEAR_NS};
	self->input.origins = origins;
	self->input.norigins = 2;
	for (int t = 0; t < self->input.ntasks; t++)
		for (int i = 0; i < self->tasks[t].nsteps; i++)
		{
			self->steps[t][i].origin = 1;
			self->steps[t][i].connect_ns = connect_ns;
		}
	return self;
}

static void
cold_takes(const char *text, int idle, bool keeps, int64_t connect_ns,
		   int64_t units)
{
	Case *self = case_cold(text, idle, keeps, connect_ns);

	is_i64(predict_total_ns(&self->input) / (UNIT / 2), 2 * units,
		   "%s, %d warm, %skept, %lld ns to connect: %lld units", text, idle,
		   keeps ? "" : "not ", (long long) connect_ns, (long long) units);
	free(self);
}

static void
test_connections(void)
{
	Case *self;
	Prediction said;

	cold_takes("a s", 0, true, 100 * US, 2);
	cold_takes("a s", 1, true, 100 * US, 1);
	cold_takes("a a s", 1, true, 100 * US, 2);
	cold_takes("a a s", 2, true, 100 * US, 1);
	cold_takes("aa s", 0, true, 100 * US, 3);
	/* on to a blocking step right when an answer is there: warm or not */
	cold_takes("aa ass", 2, true, 100 * US, 3);
	cold_takes("aa ass", 2, false, 100 * US, 4);
	/* made before the loop is free, and used when it is */
	cold_takes("a s", 0, true, UNIT / 2, 2);

	self = case_cold("s s", 0, true, 100 * US);
	predict(&self->input, &said);
	is_i64((int) said.fix, FIX_STEP_THREAD,
		   "without a connection an async call waits for the blocking one");
	is_i64(said.fix_ns, UNIT, "and a thread does not");
	free(self);
	self = case_cold("s s", 1, true, 100 * US);
	predict(&self->input, &said);
	is_i64((int) said.fix, FIX_STEP_ASYNC, "with one it leaves at once");
	free(self);
}

/*
 * Requests to one server, a letter each: begins (a async, s blocking; in
 * upper case with a new connection) or, with the same letter behind a blank,
 * ends.  "A a" is one after the other, "AA aa" are two at a time.
 */
static void
kept_from(const char *text, int idle, bool keeps)
{
	Err err = {0};
	Plan *plan = plan_from("\\http x GET http://h.example/\n", false, &err);
	Span all[MAX_STEPS] = {{0}};
	TaskSpans task = {.spans = all};
	Spans spans = {.plan = plan, .tasks = &task, .ntasks = 1};
	PredictInput input;
	int nended = 0;
	bool ends = false;

	for (int i = 0; text[i] != '\0'; i++)
	{
		bool blocks = text[i] == 's' || text[i] == 'S';
		Span *span;

		if (text[i] == ' ')
		{
			ends = !ends;
			continue;
		}
		span = &all[ends ? nended++ : task.nspans++];
		if (ends)
			span->arrived_ns = span->ended_ns = i * UNIT;
		else
			*span = (Span){.step = plan->bodies[0].steps,
						   .call = blocks ? CALL_BLOCKING : CALL_ASYNC,
						   .outcome = STEP_OK,
						   .queued_ns = i * UNIT,
						   .started_ns = i * UNIT,
						   .gather = -1,
						   .phase_ns[PHASE_CONNECT] =
							   text[i] == 'A' || text[i] == 'S' ? US : 0};
	}
	predict_input_from_spans(&spans, &input);
	is_i64(input.tasks[0].steps[0].origin, 1, "\"%s\": its server", text);
	is_i64(input.origins[1].keeps, keeps, "\"%s\": %s", text,
		   keeps ? "kept" : "closed");
	is_i64(input.origins[1].idle, idle, "\"%s\": %d warm before", text, idle);
	predict_input_clear(&input);
	plan_free(plan);
}

static void
test_kept(void)
{
	kept_from("A a", 0, true);
	kept_from("AA aa", 0, true);
	kept_from("A a a a", 0, true);
	kept_from("a a A a", 1, false);
	kept_from("A a A a", 0, false);
	kept_from("AA aa AA aa", 0, false);
	kept_from("aa aa aa aa", 2, true);
	/* one that was closed among many is no habit */
	kept_from("A a a a a a A a a a", 0, true);
	/* what blocking calls were given tells as well */
	kept_from("S s", 0, true);
	kept_from("S s s s", 0, true);
	kept_from("S s S s", 0, false);
	kept_from("S s A a", 0, true);
	kept_from("S s A a S s", 0, false);
}

static void
test_http_limits(void)
{
	Case *self = case_cold("aA aA aA", 3, true, 100 * US);
	Prediction said;

	self->input.per_host = 1;
	is_i64(predict_total_ns(&self->input), 4 * UNIT, "one request at a time");
	predict(&self->input, &said);
	is_i64((int) said.fix, FIX_PER_HOST, "more at a time would help");
	is_i64(said.fix_value, 3, "all three");
	is_i64(said.fix_ns, 2 * UNIT, "which makes it two units");
	is_i64(said.best_ns, 2 * UNIT, "the best knows of no limit");
	self->input.per_host = 0;
	self->input.http_rate = 1e9 / (double) UNIT;
	is_i64(predict_total_ns(&self->input), 4 * UNIT, "one request a unit");
	free(self);
}

/* -------- bounds, range and the fix -------- */

static void
fixed_by(const char *text, int connections, int concurrency, FixKind fix,
		 int fix_task, int fix_value, int before, int after)
{
	Case *self = case_new(text);
	Prediction said;

	self->input.connections = connections;
	self->input.concurrency = concurrency;
	predict(&self->input, &said);
	is_i64(said.predicted_ns, before * UNIT, "%s: without the fix", text);
	is_i64((int) said.fix, (int) fix, "%s: the kind of the fix", text);
	is_i64(said.fix_ns, after * UNIT, "%s: with the fix", text);
	if (fix == FIX_STEP_ASYNC)
		ok(fix_task >= 0 && said.fix_step == &self->plan[fix_task][0],
		   "%s: the step to fix", text);
	else
		is_i64(said.fix_value, fix_value, "%s: the fix's value", text);
	free(self);
}

static void
test_fix(void)
{
	fixed_by("a a", 0, 0, FIX_NONE, -1, 0, 1, 1);
	fixed_by("s s", 0, 0, FIX_STEP_ASYNC, 0, 0, 2, 1);
	fixed_by("a s a", 0, 0, FIX_STEP_ASYNC, 1, 0, 2, 1);
	fixed_by("A A", 1, 0, FIX_CONNECTIONS, -1, 2, 2, 1);
	fixed_by("Aa Aa", 1, 0, FIX_CONNECTIONS, -1, 2, 4, 2);
	fixed_by("Aaaa A", 1, 0, FIX_HOLD, -1, HOLD_STATEMENT, 5, 4);
	fixed_by("A A A A A", 1, 0, FIX_CONNECTIONS, -1, 5, 5, 1);
	fixed_by("a a a a", 0, 1, FIX_CONCURRENCY, -1, 4, 4, 1);
}

/* What --mode makes of all steps none of them can leave alone. */
static void
test_mode(void)
{
	Case *self = case_new("ss ss");
	Prediction said;

	for (int t = 0; t < 2; t++)
		for (int i = 0; i < 2; i++)
			self->plan[t][i].call = CALL_ASYNC;
	predict(&self->input, &said);
	is_i64((int) said.fix, FIX_MODE, "a mode that replaces the marks");
	is_i64(said.fix_ns, 2 * UNIT, "without it");
	self->plan[0][0].call = CALL_BLOCKING;
	predict(&self->input, &said);
	is_i64(said.fix_ns, 3 * UNIT, "a step that is marked stays so");
	free(self);
}

static void
bounded(const char *text, int connections, int best, int worst)
{
	Case *self = case_new(text);
	Prediction said;

	self->input.connections = connections;
	self->input.concurrency = 1;
	predict(&self->input, &said);
	is_i64(said.best_ns, best * UNIT, "%s: the best possible", text);
	is_i64(said.worst_ns, worst * UNIT, "%s: one after another", text);
	free(self);
}

static void
ranges(const char *name, const char *text, int low, int high)
{
	Case *self = case_new(text);
	Prediction said;

	predict(&self->input, &said);
	is_dbl((double) said.low_ns / (double) UNIT, low, 0.02, "%s: low", name);
	is_dbl((double) said.high_ns / (double) UNIT, high, 0.02, "%s: high",
		   name);
	ok(low != high || (said.low_ns == said.predicted_ns &&
					   said.high_ns == said.predicted_ns),
	   "%s: no range where there is none", name);
	free(self);
}

static void
test_bounds(void)
{
	char many[MAX_STEPS] = "";

	bounded("as as", 1, 2, 4);
	bounded("SSS A", 1, 3, 4);
	bounded("(aa)s", 0, 2, 3);
	bounded("(AA)", 1, 1, 2);
	ranges("aa", "aa", 2, 2);
	ranges("as sa", "as sa", 2, 2);
	ranges("as aa, a tie", "as aa", 2, 3);
	memset(many, 's', 100);
	ranges("a hundred steps", many, 100, 100);
}

/* -------- the oracle: the rules again, told in another way -------- */

typedef struct Oracle
{
	const PredictInput *in;
	int64_t now;
	int pc[MAX_TASKS];
	bool leased[MAX_TASKS];
	int64_t end[MAX_TASKS]; /* of the async step under way; -1: none */
	int ready[1024];		/* FIFO */
	int head, tail;
	int waiting[1024]; /* for a connection, FIFO */
	int first, last;
	bool answered[MAX_TASKS]; /* an async statement, not yet taken note of */
	int free, next;
} Oracle;

static void
oracle_give(Oracle *o, int t)
{
	if (!o->leased[t])
		return;
	o->leased[t] = false;
	if (o->first == o->last)
		o->free++;
	else
	{
		o->leased[o->waiting[o->first]] = true;
		o->ready[o->tail++] = o->waiting[o->first++];
	}
}

static void
oracle_step_ended(Oracle *o, int t)
{
	if (o->in->tasks[t].steps[o->pc[t]++].step->kind == STEP_SQL &&
		o->in->hold != HOLD_TASK)
		oracle_give(o, t);
}

static void
oracle_go(Oracle *o, int t)
{
	if (o->answered[t])
		oracle_step_ended(o, t);
	o->answered[t] = false;
	for (; o->pc[t] < o->in->tasks[t].nsteps;)
	{
		const ScriptStep *step = &o->in->tasks[t].steps[o->pc[t]];

		if (step->step->kind == STEP_SQL && !o->leased[t])
		{
			if (o->free == 0)
			{
				o->waiting[o->last++] = t;
				return;
			}
			o->free--;
			o->leased[t] = true;
		}
		if (step->call != CALL_BLOCKING)
		{
			o->end[t] = o->now + step->own_ns;
			return;
		}
		o->now += step->own_ns;
		oracle_step_ended(o, t);
	}
	oracle_give(o, t);
	if (o->next < o->in->ntasks)
		o->ready[o->tail++] = o->next++;
}

/* The next async step to end; -1: none. */
static int
oracle_next(const Oracle *o)
{
	int next = -1;

	for (int t = 0; t < o->in->ntasks; t++)
		if (o->end[t] >= 0 && (next < 0 || o->end[t] < o->end[next]))
			next = t;
	return next;
}

static int64_t
oracle_total_ns(const PredictInput *in)
{
	Oracle o = {.in = in, .free = in->connections};
	int t;

	memset(o.end, -1, sizeof(o.end));
	while (o.next < (in->concurrency > 0 && in->concurrency < in->ntasks
						 ? in->concurrency
						 : in->ntasks))
		o.ready[o.tail++] = o.next++;
	do
	{
		for (int batch = o.tail; o.head < batch;)
			oracle_go(&o, o.ready[o.head++]);
		t = oracle_next(&o);
		if (o.head == o.tail && t >= 0 && o.end[t] > o.now)
			o.now = o.end[t];
		for (; t >= 0 && o.end[t] <= o.now; t = oracle_next(&o))
		{
			const ScriptStep *step = &in->tasks[t].steps[o.pc[t]];

			o.end[t] = -1;
			o.answered[t] =
				step->step->kind == STEP_SQL && step->call == CALL_ASYNC;
			if (!o.answered[t])
				oracle_step_ended(&o, t);
			o.ready[o.tail++] = t;
		}
	} while (o.head < o.tail || t >= 0);
	return o.now;
}

static void
random_script(char *text, unsigned *seed, int ntasks)
{
	static const char letters[] = "asASAat";

	for (int t = 0; t < ntasks; t++)
	{
		for (int i = rand_r(seed) % 7; i >= 0; i--)
			*text++ = letters[rand_r(seed) % 7];
		*text++ = t + 1 < ntasks ? ' ' : '\0';
	}
}

static void
test_random(void)
{
	int differ = 0;
	int waited = 0;
	char text[MAX_TASKS * 8 + 1];

	for (unsigned trial = 1; trial <= 3000 && differ == 0; trial++)
	{
		unsigned seed = trial;
		int ntasks = 1 + rand_r(&seed) % 8;
		Case *self;
		int64_t got;
		int64_t want;

		random_script(text, &seed, ntasks);
		self = case_new(text);
		for (int t = 0; t < ntasks; t++)
			for (int i = 0; i < self->tasks[t].nsteps; i++)
				self->steps[t][i].own_ns = 1 + rand_r(&seed) % 1000000007;
		self->input.connections = 1 + rand_r(&seed) % 4;
		self->input.concurrency = rand_r(&seed) % (ntasks + 1);
		self->input.hold = rand_r(&seed) % 2 ? HOLD_TASK : HOLD_STATEMENT;
		got = predict_total_ns(&self->input);
		want = oracle_total_ns(&self->input);
		if (got != want)
		{
			differ++;
			printf("#   %s, %d connections, %d at once, hold %d: %" PRId64
				   " is not %" PRId64 "\n",
				   text, self->input.connections, self->input.concurrency,
				   self->input.hold, got, want);
		}
		self->input.connections = 1000;
		waited += predict_total_ns(&self->input) != got;
		free(self);
	}
	is_i64(differ, 0, "3000 random scripts as the oracle says");
	ok(waited > 300, "the pool mattered in many of them (%d)", waited);
}

int
main(void)
{
	PredictInput nothing = {0};

	is_i64(predict_total_ns(&nothing), 0, "no task takes no time");
	test_table();
	test_limits();
	test_workers();
	test_connections();
	test_kept();
	test_http_limits();
	test_fix();
	test_mode();
	test_bounds();
	test_random();
	return done_testing();
}
