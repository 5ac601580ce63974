/*
 * report_hgrm.c
 *	  The tasks' times as HdrHistogram writes percentiles (.hgrm), which its
 *	  plotter and many others read.
 *
 * Milliseconds.  As there, five steps on the way to each half of what is left:
 * 0, 10 % … 50 %, 55 % … 75 % and so on, until the greatest value is reached.
 */
#include "report.h"

#include <math.h>

#define TICKS 5

static double
ms(double ns)
{
	return ns / 1e6;
}

/* How many do not exceed a value. */
static int64_t
count_up_to(const Histogram *histogram, int64_t ns)
{
	HistogramBucket bucket = {0};
	int64_t count = 0;

	if (ns >= histogram->max_ns)
		return histogram->count;
	while (histogram_next(histogram, &bucket) && bucket.low_ns <= ns)
		count += bucket.count;
	return count;
}

static double
next_fraction(double fraction)
{
	double halves = floor(log2(1 / (1 - fraction))) + 1;

	return fraction + 1 / (TICKS * pow(2, halves));
}

void
report_hgrm(FILE *out, const RunResult *result)
{
	const Histogram *latency = &result->spans->latency;
	double fraction = 0;
	int64_t count = 0;

	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
			"TotalCount", "1/(1-Percentile)");
	while (latency->count > 0 && count < latency->count)
	{
		int64_t ns = histogram_percentile(latency, fraction);

		count = count_up_to(latency, ns);
		fprintf(out, "%12.6f %2.12f %10lld", ms((double) ns),
				count < latency->count ? fraction : 1, (long long) count);
		if (count < latency->count)
			fprintf(out, " %14.2f", 1 / (1 - fraction));
		fputc('\n', out);
		fraction = next_fraction(fraction);
	}
	fprintf(out, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n",
			ms(histogram_mean_ns(latency)), ms(histogram_stddev_ns(latency)));
	fprintf(out, "#[Max     = %12.6f, Total count    = %12lld]\n",
			ms((double) latency->max_ns), (long long) latency->count);
	fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n",
			latency->nbuckets / HISTOGRAM_SUB_BUCKETS, HISTOGRAM_SUB_BUCKETS);
}
