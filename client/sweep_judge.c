/*
 * sweep_judge.c
 *	  From points to a peak, a knee, a best setting and a law.
 *
 * Points at which the client itself was the limit say nothing about the work:
 * they are shown, and take no part.  The knee is where throughput divided by
 * latency ("power", Kleinrock 1979) is largest: before it more in flight gets
 * more done, behind it work mostly waits.  The best setting is, under an SLO,
 * the one of most throughput that holds it; else the smallest that reaches
 * nearly all of the peak.
 */
#include "sweep.h"

#include <stdlib.h>

#include "mem.h"

#define NEARLY 0.95 /* of the peak's throughput */

static double
rate_of(const SweepPoint *point)
{
	return sample_mean(&point->rate);
}

static double
power_of(const SweepPoint *point)
{
	double latency = histogram_mean_ns(&point->latency);

	return latency > 0 ? rate_of(point) / latency : 0;
}

static bool
counts(const SweepPoint *point)
{
	return point->rate.count > 0 && !point->is_client_bound &&
		   rate_of(point) > 0;
}

static void
find_peak_and_knee(Sweep *sweep)
{
	for (int i = 0; i < sweep->npoints; i++)
	{
		const SweepPoint *point = &sweep->points[i];

		if (!counts(point))
			continue;
		if (sweep->peak < 0 ||
			rate_of(point) > rate_of(&sweep->points[sweep->peak]))
			sweep->peak = i;
		if (sweep->knee < 0 ||
			power_of(point) > power_of(&sweep->points[sweep->knee]))
			sweep->knee = i;
	}
}

static void
find_best(Sweep *sweep)
{
	for (int i = 0; i < sweep->npoints; i++)
	{
		const SweepPoint *point = &sweep->points[i];

		if (!counts(point) || !point->holds_slo)
			continue;
		if (sweep->slo.is_set)
		{
			if (sweep->best < 0 ||
				rate_of(point) > rate_of(&sweep->points[sweep->best]))
				sweep->best = i;
		}
		else if (sweep->best < 0 &&
				 rate_of(point) >=
					 NEARLY * rate_of(&sweep->points[sweep->peak]))
			sweep->best = i;
	}
}

/* A rate is not a number in flight: the law speaks of what was in flight. */
static void
find_fit(Sweep *sweep)
{
	double *n = mem_alloc((size_t) sweep->npoints * sizeof(double) + 1);
	double *x = mem_alloc((size_t) sweep->npoints * sizeof(double) + 1);
	int count = 0;

	for (int i = 0; i < sweep->npoints; i++)
	{
		if (!counts(&sweep->points[i]) || sweep->over == OVER_RATE)
			continue;
		n[count] = sweep->points[i].value;
		x[count++] = rate_of(&sweep->points[i]);
	}
	sweep->has_fit = usl_fit(&sweep->fit, n, x, count);
	free(n);
	free(x);
}

void
sweep_judge(Sweep *sweep)
{
	sweep->peak = sweep->knee = sweep->best = -1;
	find_peak_and_knee(sweep);
	find_best(sweep);
	find_fit(sweep);
}

Class
sweep_bottleneck(const Sweep *sweep, double *share)
{
	const SweepPoint *low;
	const SweepPoint *high;
	Class most = CLASSES;
	double growth = 0;
	double sum = 0;

	*share = 0;
	if (sweep->npoints < 2)
		return CLASSES;
	low = &sweep->points[0];
	high = &sweep->points[sweep->npoints - 1];
	for (Class class = 0; class < CLASSES; class ++)
	{
		double more = high->class_ns[class] - low->class_ns[class];

		if (more <= 0)
			continue;
		sum += more;
		if (more > growth)
		{
			growth = more;
			most = class;
		}
	}
	if (sum > 0)
		*share = growth / sum;
	return most;
}
