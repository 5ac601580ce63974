/*
 * series.c
 *	  How often something happened, over time, in constant memory.
 */
#include "series.h"

#include <string.h>

#define FIRST_WIDTH_NS INT64_C(10000000)

static void
halve(Series *series)
{
	for (int i = 0; i < SERIES_WINDOWS / 2; i++)
		series->counts[i] = series->counts[2 * i] + series->counts[2 * i + 1];
	memset(series->counts + SERIES_WINDOWS / 2, 0,
		   SERIES_WINDOWS / 2 * sizeof(series->counts[0]));
	series->nwindows = (series->nwindows + 1) / 2;
	series->width_ns *= 2;
}

void
series_add(Series *series, int64_t at_ns)
{
	int64_t window;

	if (at_ns < 0)
		at_ns = 0;
	if (series->width_ns == 0)
		series->width_ns = FIRST_WIDTH_NS;
	while (at_ns / series->width_ns >= SERIES_WINDOWS)
		halve(series);
	window = at_ns / series->width_ns;
	series->counts[window]++;
	if (window >= series->nwindows)
		series->nwindows = (int) window + 1;
}

void
series_merge(Series *to, const Series *from)
{
	Series other = *from;

	if (from->width_ns == 0)
		return;
	if (to->width_ns == 0)
		to->width_ns = FIRST_WIDTH_NS;
	while (to->width_ns < other.width_ns)
		halve(to);
	while (other.width_ns < to->width_ns)
		halve(&other);
	for (int i = 0; i < other.nwindows; i++)
		to->counts[i] += other.counts[i];
	if (other.nwindows > to->nwindows)
		to->nwindows = other.nwindows;
}

static double
rate_of(const Series *series, int from, int to)
{
	double sum = 0;

	for (int i = from; i < to; i++)
		sum += series->counts[i];
	return sum / (to - from);
}

double
series_trend(const Series *series)
{
	int from = series->nwindows / 10;
	int to = series->nwindows - 1;
	int middle = (from + to) / 2;
	double first;
	double second;

	if (series->nwindows < 10)
		return 0;
	first = rate_of(series, from, middle);
	second = rate_of(series, middle, to);
	return first + second > 0 ? 2 * (second - first) / (first + second) : 0;
}
