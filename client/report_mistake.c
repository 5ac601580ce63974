/*
 * report_mistake.c
 *	  Common mistakes that cost a run time.
 *
 * A mistake has a function that looks for it, and answers what it cost; they
 * are told costliest first.
 */
#include "report_mistake.h"

#include <string.h>

#include "activity.h"

#define MIN_COST 0.02 /* of the tasks' time, to be called one */
#define MIN_COST_NS 1000000
#define MIN_GAIN 0.05	 /* of the predicted time */
#define BUSY 0.9		 /* of a core */
#define BUSY_NS 50000000 /* of a run: shorter ones say nothing */

#define TEXT_BYTES sizeof(((Mistake *) NULL)->text)

typedef char Duration[32];

typedef struct Search
{
	const RunResult *result;
	Class cause;   /* that the verdict names */
	bool has_gain; /* its fix was predicted to gain */
	Mistake found;
} Search;

/* -------- what was measured -------- */

int64_t
report_habit(const RunResult *result, size_t offset, const StepStats **worst)
{
	int64_t sum_ns = 0;
	int64_t most_ns = 0;

	*worst = NULL;
	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *stats = &result->spans->steps[i];
		int64_t ns;

		if (stats->step == NULL)
			continue;
		memcpy(&ns, (const char *) &stats->habits + offset, sizeof(ns));
		sum_ns += ns;
		if (ns <= most_ns)
			continue;
		most_ns = ns;
		*worst = stats;
	}
	return sum_ns;
}

bool
report_matters(const RunResult *result, int64_t ns)
{
	return ns >= MIN_COST_NS &&
		   (double) ns >= MIN_COST * (double) result->spans->task_ns;
}

bool
report_holds_long(const RunResult *result, const PlanStep **step)
{
	const StepStats *worst;
	int64_t lent_ns = REPORT_HABIT(result, lent_ns, &worst);

	if (worst == NULL || !report_matters(result, lent_ns) ||
		!report_matters(result, result->spans->class_ns[CLASS_POOL]))
		return false;
	*step = worst->step;
	return true;
}

void
report_say_holds_long(char *text, size_t bytes, const RunResult *result)
{
	const StepStats *worst;
	int64_t lent_ns = REPORT_HABIT(result, lent_ns, &worst);
	Duration time;

	report_say(text, bytes, "connections lay idle for %s during ",
			   report_duration(lent_ns, time, sizeof(time)));
	report_say_step(text, bytes, result, worst->step, NULL, NULL);
}

bool
report_is_busy(const RunResult *result)
{
	return result->wall_ns >= BUSY_NS &&
		   (double) result->loop_cpu_ns > BUSY * (double) result->wall_ns;
}

void
report_say_busy(char *text, size_t bytes, const RunResult *result)
{
	int shards = result->shards > 0 ? result->shards : 1;

	if (shards == 1)
		report_say(text, bytes, "the client's loop used %.0f %% of a core",
				   100.0 * (double) result->loop_cpu_ns /
					   (double) result->wall_ns);
	else
		report_say(text, bytes,
				   "the busiest of the client's %d loops used %.0f %% of a "
				   "core",
				   shards,
				   100.0 * (double) result->loop_cpu_ns /
					   (double) result->wall_ns);
	if (result->concurrency <= shards)
		report_say(text, bytes,
				   ": its own work for %d task%s at a time is the limit",
				   result->concurrency, result->concurrency == 1 ? "" : "s");
	else if (result->asked.cores > 0 && result->asked.cores <= shards)
		report_say(text, bytes,
				   ", and the machine has no core for another one: write "
				   "fewer reports (--trace, -l), or use a larger machine");
	else
		report_say(text, bytes, ": run more of them (-j %d)", 2 * shards);
}

/* -------- sentences -------- */

static void
say(Search *search, const char *text)
{
	report_say(search->found.text, TEXT_BYTES, "%s", text);
}

static void
say_time(Search *search, int64_t ns)
{
	Duration time;

	say(search, report_duration(ns, time, sizeof(time)));
}

static void
say_step(Search *search, const PlanStep *step, const char *call)
{
	report_say_step(search->found.text, TEXT_BYTES, search->result, step, NULL,
					call);
}

/* -------- connections -------- */

/* How many statements of a gather may run at once. */
static int
count_queries(const Plan *plan, const PlanStep *step)
{
	int n = 0;

	for (int b = 0; b < plan->nbodies; b++)
		for (int i = 0; i < plan->bodies[b].nsteps; i++)
		{
			const PlanStep *all = plan->bodies[b].steps;

			if (all[i].kind != STEP_GATHER || &all[i] > step ||
				&all[all[i].end] < step)
				continue;
			for (int j = i + 1; j < all[i].end; j++)
				n += all[j].kind == STEP_SQL;
		}
	return n > 1 ? n : 2;
}

static int64_t
find_two_queries(Search *search)
{
	const RunResult *result = search->result;
	const StepStats *worst;
	int64_t ns = REPORT_HABIT(result, follow_ns, &worst);

	if (worst == NULL || result->plan->ledger_id != 0 ||
		(search->cause == CLASS_POOL &&
		 (!result->has_prediction ||
		  result->prediction.fix == FIX_CONNECTIONS)))
		return 0;
	say(search, "two queries on one connection: ");
	say_step(search, worst->step, NULL);
	say(search, " waited ");
	say_time(search, ns);
	report_say(search->found.text, TEXT_BYTES,
			   " behind another one of its gather; more connections "
			   "(--connections %d) let them run at once",
			   (result->concurrency > 0 ? result->concurrency : 1) *
				   count_queries(result->plan, worst->step));
	return ns;
}

static int64_t
find_held_lease(Search *search)
{
	const RunResult *result = search->result;
	const PlanStep *step;
	const StepStats *worst;
	int64_t lent_ns = REPORT_HABIT(result, lent_ns, &worst);
	int64_t pool_ns = result->spans->class_ns[CLASS_POOL];

	if (!report_holds_long(result, &step) ||
		(search->cause == CLASS_POOL &&
		 (!result->has_prediction ||
		  (search->has_gain && result->prediction.fix == FIX_HOLD))))
		return 0;
	report_say_holds_long(search->found.text, TEXT_BYTES, result);
	say(search, ", while tasks waited ");
	say_time(search, pool_ns);
	say(search, " for one: hold them shorter (--hold transaction), or "
				"\\release them before it");
	return lent_ns < pool_ns ? lent_ns : pool_ns;
}

static int64_t
find_idle_transaction(Search *search)
{
	const RunResult *result = search->result;
	const StepStats *worst;
	int64_t ns = REPORT_HABIT(result, open_ns, &worst);

	if (worst == NULL)
		return 0;
	/* the verdict is about what that has locked */
	if (search->cause == CLASS_SERVER &&
		result->activity->locks[0].blocker == BLOCKER_OWN &&
		result->activity->locks[0].blocker_is_idle)
		return 0;
	say(search, "transactions stood open and idle for ");
	say_time(search, ns);
	say(search, ", during ");
	say_step(search, worst->step, NULL);
	say(search, ": do that before BEGIN or behind COMMIT, since what they "
				"have locked stays locked");
	return ns;
}

static int64_t
find_connects(Search *search)
{
	const RunResult *result = search->result;
	const StepStats *worst;
	int64_t ns = REPORT_HABIT(result, connect_ns, &worst);

	if (worst == NULL || search->cause == CLASS_CONNECT)
		return 0;
	report_say(search->found.text, TEXT_BYTES,
			   "%d connection%s opened while the clock ran, and tasks waited ",
			   result->spans->conns_late,
			   result->spans->conns_late == 1 ? " was" : "s were");
	say_time(search, ns);
	say(search, " for that, most at ");
	say_step(search, worst->step, NULL);
	say(search, result->asked.reconnects ? ": leave -C out"
				: result->asked.no_warm
					? ": leave --no-warm out"
					: ": others were lost, or the pool grew");
	return ns;
}

/* The step at which most was waited for a lease; all tasks are kept. */
static const PlanStep *
step_that_waits(const RunResult *result)
{
	const Spans *spans = result->spans;
	const PlanStep *worst = NULL;
	int64_t most_ns = 0;

	for (int i = 0; i < spans->ntasks; i++)
		for (int j = 0; j < spans->tasks[i].nspans; j++)
		{
			const Span *span = &spans->tasks[i].spans[j];

			if (span->lease_from == 0 ||
				span->started_ns - span->queued_ns <= most_ns)
				continue;
			most_ns = span->started_ns - span->queued_ns;
			worst = span->step;
		}
	return worst;
}

/* Smaller is often better: only where the model says that more would help. */
static int64_t
find_small_pool(Search *search)
{
	const RunResult *result = search->result;
	int64_t ns = result->spans->class_ns[CLASS_POOL];
	double now_ns = (double) result->prediction.predicted_ns;
	double gain = 1.0 - (double) result->wide_pool_ns / now_ns;
	const PlanStep *step = step_that_waits(result);

	if (!result->has_prediction || result->wide_pool_ns <= 0 || step == NULL ||
		search->cause == CLASS_POOL || gain < MIN_GAIN)
		return 0;
	say(search, "the pool is smaller than the tasks in flight: they waited ");
	say_time(search, ns);
	report_say(search->found.text, TEXT_BYTES,
			   " for its %d connection%s, most at ", result->connections,
			   result->connections == 1 ? "" : "s");
	say_step(search, step, NULL);
	report_say(search->found.text, TEXT_BYTES, "; with %d \u2192 predicted ",
			   result->concurrency);
	say_time(search, result->wide_pool_ns);
	report_say(search->found.text, TEXT_BYTES, " (\u2212%.0f %%)", 100 * gain);
	return ns;
}

/* -------- HTTP -------- */

/* The step whose requests took most to connect; of blocking ones, or others.
 */
static const StepStats *
worst_cold(const RunResult *result, bool is_blocking)
{
	const StepStats *worst = NULL;

	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *one = &result->spans->steps[i];

		if (one->step != NULL && one->habits.cold > 0 &&
			(one->call == CALL_BLOCKING) == is_blocking &&
			(worst == NULL || one->habits.cold_ns > worst->habits.cold_ns))
			worst = one;
	}
	return worst;
}

/* As many as are in flight need one each; beyond that they could be kept. */
static int64_t
find_cold_requests(Search *search)
{
	const RunResult *result = search->result;
	const StepStats *worst = worst_cold(result, false);
	int64_t needed = result->concurrency > 0 ? result->concurrency : 1;
	int64_t requests;

	if (worst == NULL)
		return 0;
	requests = worst->count + worst->retried;
	if (worst->habits.cold < 2 * needed || 2 * worst->habits.cold < requests)
		return 0;
	say_step(search, worst->step, NULL);
	report_say(search->found.text, TEXT_BYTES,
			   " made a connection for %lld of %lld requests, ",
			   (long long) worst->habits.cold, (long long) requests);
	say_time(search, worst->habits.cold_ns);
	say(search, " in all: let the server, or a proxy before it, keep "
				"connections open");
	return (int64_t) ((double) worst->habits.cold_ns *
					  (double) (worst->habits.cold - needed) /
					  (double) worst->habits.cold);
}

static int64_t
find_blocking_setup(Search *search)
{
	const RunResult *result = search->result;
	const StepStats *worst = worst_cold(result, true);

	if (worst == NULL ||
		(search->has_gain && result->prediction.fix == FIX_STEP_ASYNC &&
		 result->prediction.fix_step == worst->step) ||
		(!result->has_prediction && search->cause == CLASS_LOOP))
		return 0;
	say_step(search, worst->step, "blocking");
	say(search, " held the loop for ");
	say_time(search, worst->habits.cold_ns);
	report_say(search->found.text, TEXT_BYTES,
			   " to look up, connect and shake hands, %lld time%s: make it "
			   "async",
			   (long long) worst->habits.cold,
			   worst->habits.cold == 1 ? "" : "s");
	return worst->habits.cold_ns;
}

/* -------- the client -------- */

static int64_t
find_busy_client(Search *search)
{
	const RunResult *result = search->result;
	int64_t ns = report_lost_ns(result, CLASS_CLIENT);

	if (!report_is_busy(result) ||
		(!result->has_prediction && search->cause == CLASS_CLIENT))
		return 0;
	report_say_busy(search->found.text, TEXT_BYTES, result);
	return ns;
}

/* -------- all of them -------- */

static const struct
{
	const char *kind;
	int64_t (*find)(Search *search); /* what it cost; 0: not made */
} kinds[] = {{"two_queries", find_two_queries},
			 {"held_lease", find_held_lease},
			 {"idle_in_transaction", find_idle_transaction},
			 {"late_connects", find_connects},
			 {"small_pool", find_small_pool},
			 {"cold_requests", find_cold_requests},
			 {"blocking_setup", find_blocking_setup},
			 {"busy_client", find_busy_client}};

/* Behind those that cost as much or more; the cheapest falls out. */
static void
insert(Verdict *verdict, const Mistake *mistake)
{
	int at = verdict->nmistakes;

	while (at > 0 && verdict->mistakes[at - 1].cost_ns < mistake->cost_ns)
		at--;
	if (at == MISTAKES_TOLD)
		return;
	if (verdict->nmistakes < MISTAKES_TOLD)
		verdict->nmistakes++;
	memmove(&verdict->mistakes[at + 1], &verdict->mistakes[at],
			(size_t) (verdict->nmistakes - at - 1) * sizeof(Mistake));
	verdict->mistakes[at] = *mistake;
}

void
report_find_mistakes(const RunResult *result, Class cause, Verdict *verdict)
{
	Search search = {
		.result = result, .cause = cause, .has_gain = report_has_gain(result)};

	if (result->spans->task_ns <= 0)
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		memset(&search.found, 0, sizeof(search.found));
		search.found.kind = kinds[i].kind;
		search.found.cost_ns = kinds[i].find(&search);
		if (!report_matters(result, search.found.cost_ns))
			continue;
		report_say(search.found.text, TEXT_BYTES, ".");
		insert(verdict, &search.found);
	}
}
