/*
 * report_sweep_say.c
 *	  What a sweep means, in sentences.
 */
#include "report_sweep.h"

#include <math.h>

#define LITTLE_OFF 0.1 /* Little's law does not hold: worth a sentence */
#define FIT_GOOD 0.95  /* R squared */
#define FIT_POINTS 6
#define IDLE 0.7 /* of its cores: the client itself is not the limit */

typedef char Cell[48];

static const SweepPoint *
point_at(const Sweep *sweep, int i)
{
	return i >= 0 ? &sweep->points[i] : NULL;
}

static double
rate_of(const SweepPoint *point)
{
	return sample_mean(&point->rate);
}

/* -------- one point -------- */

const char *
sweep_mark(const Sweep *sweep, int i)
{
	const SweepPoint *point = &sweep->points[i];

	if (point->is_client_bound)
		return "client-bound";
	if (i == sweep->best)
		return i == sweep->knee ? "best, knee" : "best";
	if (i == sweep->knee)
		return "knee";
	if (i == sweep->peak)
		return "peak";
	if (!point->holds_slo)
		return "misses SLO";
	return point->is_steady ? "" : "unsteady";
}

/* Over the rounds, of the mean. */
static double
spread_of(const SweepPoint *point)
{
	return rate_of(point) > 0 ? sample_stddev(&point->rate) / rate_of(point)
							  : 0;
}

void
sweep_reason(const Sweep *sweep, int i, char *text, size_t bytes)
{
	const SweepPoint *point = &sweep->points[i];
	Cell took;
	Cell limit;

	text[0] = '\0';
	report_duration(point->slo_ns, took, sizeof(took));
	report_duration(sweep->slo.limit_ns, limit, sizeof(limit));
	if (point->is_client_bound)
		snprintf(text, bytes,
				 "left out: the client used %.0f %% of %s, so that it was the "
				 "limit and not the work",
				 100 * point->cpu / (point->loops > 0 ? point->loops : 1),
				 point->loops > 1 ? "its cores" : "its core");
	else if (!point->holds_slo && point->failed > 0)
		snprintf(text, bytes, "misses the SLO: %lld tasks failed",
				 (long long) point->failed);
	else if (!point->holds_slo)
		snprintf(text, bytes, "misses the SLO: %s is %s, more than %s",
				 sweep->slo.name, took, limit);
	else if (!point->is_steady && spread_of(point) > point->trend)
		snprintf(text, bytes,
				 "not steady: tasks/s differed by %.0f %% from round to round",
				 100 * spread_of(point));
	else if (!point->is_steady)
		snprintf(text, bytes,
				 "not steady: tasks/s changed by %.0f %% within a run",
				 100 * point->trend);
}

/* -------- all of them -------- */

static void
say_best(Findings *findings, const Sweep *sweep)
{
	const SweepPoint *best = point_at(sweep, sweep->best);
	const SweepPoint *knee = point_at(sweep, sweep->knee);
	Cell limit;

	report_duration(sweep->slo.limit_ns, limit, sizeof(limit));
	if (best == NULL && sweep->slo.is_set && knee != NULL)
		findings_say(findings, "Best", "no setting holds %s \u2264 %s.",
					 sweep->slo.name, limit);
	else if (best == NULL)
		findings_say(
			findings, "Best",
			"cannot be told: the client was the limit at every point; give it "
			"more loops (-j).");
	else if (sweep->slo.is_set)
		findings_say(findings, "Best",
					 "%s %d: the most tasks (%.0f/s) with %s \u2264 %s.",
					 sweep_over_name(sweep->over), best->value, rate_of(best),
					 sweep->slo.name, limit);
	else
		findings_say(findings, "Best",
					 "%s %d reaches %.0f tasks/s, %.0f %% of the peak.",
					 sweep_over_name(sweep->over), best->value, rate_of(best),
					 100 * rate_of(best) /
						 rate_of(point_at(sweep, sweep->peak)));
	if (knee != NULL && sweep->over != OVER_RATE)
		findings_say(findings, "Knee",
					 "%d: behind it more in flight mostly waits.",
					 knee->value);
	if (sweep->peak >= 0 && sweep->peak == sweep->npoints - 1)
		findings_say(findings, "Note",
					 "throughput still grew at %d; try a larger --to.",
					 sweep->points[sweep->peak].value);
}

static void
say_bottleneck(Findings *findings, const Sweep *sweep)
{
	static const char *const words[CLASSES] = {
		[CLASS_QUEUED] = "the client: tasks wait for their turn in it",
		[CLASS_LOOP] = "blocking steps: they hold the loop",
		[CLASS_POOL] = "the pool: tasks wait for a connection",
		[CLASS_THREAD] = "the threads: tasks wait for a worker",
		[CLASS_CONNECT] = "opening connections",
		[CLASS_SERVER] = "PostgreSQL: statements take longer",
		[CLASS_HTTP] = "the web server: requests take longer",
		[CLASS_SLEEP] = "the sleeps of the plan",
		[CLASS_BACKOFF] = "attempts that have to be made again",
		[CLASS_CLIENT] = "the client: answers wait for it"};
	double share;
	Class most = sweep_bottleneck(sweep, &share);
	const char *what;
	const SweepPoint *low;
	const SweepPoint *high;
	Cell before;
	Cell after;

	if (most == CLASSES || words[most] == NULL)
		return;
	low = &sweep->points[0];
	high = &sweep->points[sweep->npoints - 1];
	if (high->class_ns[most] < 1.2 * low->class_ns[most])
		return;
	what = words[most];
	if (most == CLASS_QUEUED && sweep->over == OVER_RATE)
		what = "the places in flight (-c): tasks wait for one";
	else if ((most == CLASS_QUEUED || most == CLASS_CLIENT) &&
			 high->cpu < IDLE * high->loops)
		what = "the machine: the client waits for one of its cores";
	report_duration((int64_t) low->class_ns[most], before, sizeof(before));
	report_duration((int64_t) high->class_ns[most], after, sizeof(after));
	findings_say(
		findings, "Limit",
		"%s, %s a task at %d and %s at %d, %.0f %% of what tasks take longer.",
		what, before, low->value, after, high->value, 100 * share);
}

/* What is in flight is what is asked for, if the client keeps up. */
static void
say_little(Findings *findings, const Sweep *sweep)
{
	const SweepPoint *worst = NULL;
	double most = 0;

	if (sweep->over != OVER_CONCURRENCY)
		return;
	for (int i = 0; i < sweep->npoints; i++)
	{
		const SweepPoint *point = &sweep->points[i];
		double off = fabs(point->in_flight / point->value - 1);

		if (off > most)
		{
			most = off;
			worst = point;
		}
	}
	if (worst == NULL || most <= LITTLE_OFF)
		findings_say(
			findings, "Little",
			"tasks/s \u00d7 time of a task is what was in flight, within "
			"%.1f %%.",
			100 * most);
	else
		findings_say(
			findings, "Little",
			"at %d only %.1f were in flight (tasks/s \u00d7 time of a task): "
			"the client did not keep up, or tasks were too few.",
			worst->value, worst->in_flight);
}

static int
count_points(const Sweep *sweep, bool client_bound)
{
	int count = 0;

	for (int i = 0; i < sweep->npoints; i++)
		count += client_bound ? sweep->points[i].is_client_bound
							  : !sweep->points[i].is_steady;
	return count;
}

/* Points at which the client was the limit have no part in it. */
static int
fitted_points(const Sweep *sweep)
{
	return sweep->npoints - count_points(sweep, true);
}

const char *
sweep_trust(const Sweep *sweep)
{
	const Usl *fit = &sweep->fit;
	int highest = sweep->points[sweep->npoints - 1].value;

	if (fit->r_squared < FIT_GOOD)
		return "the law does not describe this work; do not extrapolate";
	if (fitted_points(sweep) < FIT_POINTS)
		return "too few points to rely on";
	if (fit->peak_n > 0 && fit->peak_n > highest)
		return "the peak lies outside what was measured, and is a guess";
	return "good within what was measured";
}

static void
say_fit(Findings *findings, const Sweep *sweep)
{
	const Usl *fit = &sweep->fit;
	char peak[96] = "no peak";

	if (!sweep->has_fit)
		return;
	if (fit->peak_n > 0)
		snprintf(peak, sizeof(peak), "peak %.0f/s at %.0f", fit->peak_x,
				 fit->peak_n);
	findings_say(findings, "Law",
				 "contention %.2g, coherency %.2g, %s (R\u00b2 %.3f over %d "
				 "points): %s.",
				 fit->sigma, fit->kappa, peak, fit->r_squared,
				 fitted_points(sweep), sweep_trust(sweep));
}

static void
say_doubts(Findings *findings, const Sweep *sweep)
{
	int unsteady = count_points(sweep, false);
	int bound = count_points(sweep, true);
	int64_t failed = 0;

	for (int i = 0; i < sweep->npoints; i++)
		failed += sweep->points[i].failed;
	if (unsteady > 0)
		findings_say(
			findings, "Note",
			"%d point%s not steady: throughput changed within a run or from "
			"round to round; a longer --point-time tells more.",
			unsteady, unsteady == 1 ? " was" : "s were");
	if (bound > 0)
		findings_say(
			findings, "Note",
			"at %d point%s the client used its core%s to the full; more loops "
			"(-j) would show what the work can do.",
			bound, bound == 1 ? "" : "s",
			sweep->points[0].loops > 1 ? "s" : "");
	if (failed > 0)
		findings_say(findings, "Note",
					 "%lld tasks failed, and are not counted.",
					 (long long) failed);
	if (sweep->interrupted)
		findings_say(findings, "Note", "interrupted: points are missing.");
}

void
sweep_findings(const Sweep *sweep, Findings *findings)
{
	say_best(findings, sweep);
	say_bottleneck(findings, sweep);
	say_little(findings, sweep);
	say_fit(findings, sweep);
	say_doubts(findings, sweep);
}
