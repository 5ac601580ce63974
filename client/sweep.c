/*
 * sweep.c
 *	  Points measured: which, how often, in which order.
 *
 * Each round runs every point once, in an order drawn anew, so that a machine
 * that gets slower is not taken for a setting that does.  Then the gaps on
 * both sides of the knee are halved, as long as they are wide.
 */
#include "sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define STEP 2.0		/* from point to point at first */
#define FINE 1.3		/* a gap that need not be halved */
#define REFINEMENTS 2	/* times at most */
#define STEADY 0.15		/* a trend that is not one */
#define MOST_SPREAD 0.1 /* of the rounds, to be called steady */
#define CPU_LIMIT 0.9	/* of a core a loop: the client is the limit */

typedef struct Sweeping
{
	Sweep *sweep;
	const Plan *plan;
	RandomState random;
	SweepOptionsFn options_fn;
	void *arg;
	SweepProgressFn progress;
	Err *err;
} Sweeping;

const char *
sweep_over_name(SweepOver over)
{
	static const char *const names[] = {"concurrency", "connections", "rate"};

	return names[over];
}

/* -------- points -------- */

static int
compare_value(const void *a, const void *b)
{
	return ((const SweepPoint *) a)->value - ((const SweepPoint *) b)->value;
}

static bool
has_point(const Sweep *sweep, int value)
{
	for (int i = 0; i < sweep->npoints; i++)
		if (sweep->points[i].value == value)
			return true;
	return false;
}

static void
add_point(Sweep *sweep, int value)
{
	if (value < sweep->from || value > sweep->to || has_point(sweep, value))
		return;
	sweep->points = mem_realloc(sweep->points, (size_t) (sweep->npoints + 1) *
												   sizeof(SweepPoint));
	memset(&sweep->points[sweep->npoints], 0, sizeof(SweepPoint));
	sweep->points[sweep->npoints++].value = value;
}

static void
sort_points(Sweep *sweep)
{
	qsort(sweep->points, (size_t) sweep->npoints, sizeof(SweepPoint),
		  compare_value);
}

static void
add_geometric(Sweep *sweep)
{
	for (double value = sweep->from; value < sweep->to; value *= STEP)
		add_point(sweep, (int) lround(value));
	add_point(sweep, sweep->to);
	sort_points(sweep);
}

/* The geometric middle of two neighbours that are far from each other. */
static void
add_between(Sweep *sweep, int left, int right)
{
	double low = sweep->points[left].value;
	double high = sweep->points[right].value;

	if (high / low > FINE && high - low >= 2)
		add_point(sweep, (int) lround(sqrt(low * high)));
}

/* True: there are new ones, at the end. */
static bool
add_around_knee(Sweep *sweep)
{
	int n = sweep->npoints;
	int knee = sweep->knee;

	if (knee < 0)
		return false;
	if (knee > 0)
		add_between(sweep, knee - 1, knee);
	if (knee < n - 1)
		add_between(sweep, knee, knee + 1);
	return sweep->npoints > n;
}

/* -------- one run -------- */

static int64_t
slo_value_ns(const SweepSlo *slo, const Histogram *latency)
{
	if (slo->fraction < 0)
		return (int64_t) histogram_mean_ns(latency);
	return histogram_percentile(latency, slo->fraction);
}

static void
take_result(const Sweep *sweep, SweepPoint *point, const RunResult *result)
{
	const Spans *spans = result->spans;
	double wall_s = (double) result->wall_ns / 1e9;
	double trend = fabs(series_trend(&spans->ended));
	int64_t ended = spans->done + spans->failed + spans->canceled;
	double rounds = point->rate.count + 1;

	sample_add(&point->rate, wall_s > 0 ? (double) spans->done / wall_s : 0);
	histogram_merge(&point->latency, &spans->latency);
	for (int i = 0; i < CLASSES && ended > 0; i++)
		point->class_ns[i] += ((double) spans->class_ns[i] / (double) ended -
							   point->class_ns[i]) /
							  rounds;
	point->in_flight +=
		((double) spans->task_ns /
			 (double) (result->wall_ns > 0 ? result->wall_ns : 1) -
		 point->in_flight) /
		rounds;
	point->cpu +=
		((double) result->client_cpu_ns / 1e9 / wall_s - point->cpu) / rounds;
	if (trend > point->trend)
		point->trend = trend;
	point->loops = result->shards;
	point->tasks += ended;
	point->failed += spans->failed;
	point->slo_ns = slo_value_ns(&sweep->slo, &point->latency);
}

static void
settle_point(const Sweep *sweep, SweepPoint *point)
{
	double mean = sample_mean(&point->rate);

	point->is_client_bound = point->cpu > CPU_LIMIT * point->loops;
	point->is_steady = point->trend <= STEADY &&
					   sample_stddev(&point->rate) <= MOST_SPREAD * mean;
	point->holds_slo =
		!sweep->slo.is_set ||
		(point->failed == 0 && point->slo_ns <= sweep->slo.limit_ns);
}

static int
measure(Sweeping *sweeping, SweepPoint *point)
{
	const Sweep *sweep = sweeping->sweep;
	RunOptions options;
	Err refused;
	Run *run;
	const RunResult *result;
	int exit_code;

	if (!sweeping->options_fn(sweeping->arg, point->value, &options,
							  sweeping->err))
		return 1;
	run = run_plan(sweeping->plan, &options, &refused);
	result = run_result(run);
	exit_code = result->exit_code;
	if (refused.kind != ERR_NONE)
		*sweeping->err = refused;
	else if (exit_code == 2 && result->spans->done > 0)
		exit_code = 0; /* failures are part of what a point says */
	else if (exit_code != 0 && result->first_error != NULL)
		*sweeping->err = *result->first_error;
	if (exit_code == 0)
		take_result(sweep, point, result);
	else if (sweeping->err->kind != ERR_NONE)
		err_prefix(sweeping->err, "%s %d: ", sweep_over_name(sweep->over),
				   point->value);
	run_free(run);
	return exit_code;
}

/* -------- rounds -------- */

/* The points from first on, each once, in an order drawn anew. */
static int
run_round(Sweeping *sweeping, int first, int round)
{
	Sweep *sweep = sweeping->sweep;
	int count = sweep->npoints - first;
	int *order = mem_alloc((size_t) count * sizeof(int));
	int exit_code = 0;

	for (int i = 0; i < count; i++)
	{
		int j = (int) random_uniform(&sweeping->random, 0, i);

		order[i] = order[j];
		order[j] = first + i;
	}
	for (int i = 0; i < count && exit_code == 0; i++)
	{
		SweepPoint *point = &sweep->points[order[i]];

		if (sweeping->progress != NULL)
			sweeping->progress(sweep, point->value, round * count + i + 1,
							   sweep->rounds * count);
		exit_code = measure(sweeping, point);
	}
	free(order);
	return exit_code;
}

static int
run_rounds(Sweeping *sweeping, int first)
{
	Sweep *sweep = sweeping->sweep;
	int exit_code = 0;

	for (int round = 0; round < sweep->rounds && exit_code == 0; round++)
		exit_code = run_round(sweeping, first, round);
	for (int i = first; i < sweep->npoints; i++)
		settle_point(sweep, &sweep->points[i]);
	sort_points(sweep);
	sweep_judge(sweep);
	return exit_code;
}

/* A point that was never run says nothing. */
static void
drop_empty_points(Sweep *sweep)
{
	int n = 0;

	for (int i = 0; i < sweep->npoints; i++)
		if (sweep->points[i].rate.count > 0)
			sweep->points[n++] = sweep->points[i];
	sweep->npoints = n;
	sweep_judge(sweep);
}

int
sweep_run(Sweep *sweep, const Plan *plan, uint64_t seed,
		  SweepOptionsFn options_fn, void *arg, SweepProgressFn progress,
		  Err *err)
{
	Sweeping sweeping = {.sweep = sweep,
						 .plan = plan,
						 .options_fn = options_fn,
						 .arg = arg,
						 .progress = progress,
						 .err = err};
	int exit_code;

	err->kind = ERR_NONE;
	random_seed(&sweeping.random, seed);
	add_geometric(sweep);
	exit_code = run_rounds(&sweeping, 0);
	for (int i = 0; i < REFINEMENTS && exit_code == 0; i++)
	{
		int first = sweep->npoints;

		if (!add_around_knee(sweep))
			break;
		exit_code = run_rounds(&sweeping, first);
	}
	sweep->interrupted = exit_code == 130;
	drop_empty_points(sweep);
	return exit_code;
}

void
sweep_clear(Sweep *sweep)
{
	for (int i = 0; i < sweep->npoints; i++)
	{
		sample_clear(&sweep->points[i].rate);
		histogram_clear(&sweep->points[i].latency);
	}
	free(sweep->points);
}
