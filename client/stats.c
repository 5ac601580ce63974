/*
 * stats.c
 *	  The histogram: values below 64 ns have a bucket each, and every power
 *	  of two above them has 64 of equal width.
 *
 * The buckets are an array that reaches as far as the largest value so far.
 */
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define BUCKET_BITS 6
#define BUCKETS_A_POWER HISTOGRAM_SUB_BUCKETS

static int
bucket_of(int64_t ns)
{
	int power;

	if (ns < BUCKETS_A_POWER)
		return (int) ns;
	power = 63 - __builtin_clzll((unsigned long long) ns) - BUCKET_BITS;
	return power * BUCKETS_A_POWER + (int) (ns >> power);
}

/* The middle of what falls into a bucket. */
static int64_t
bucket_middle_ns(int bucket)
{
	int power;
	int64_t lowest;

	if (bucket < 2 * BUCKETS_A_POWER)
		return bucket;
	power = bucket / BUCKETS_A_POWER - 1;
	lowest = bucket - power * BUCKETS_A_POWER;
	return (lowest << power) + ((INT64_C(1) << power) - 1) / 2;
}

/* Whole powers of two, so that it grows 58 times in its life at most. */
static void
histogram_reach(Histogram *histogram, int bucket)
{
	int nbuckets = (bucket / BUCKETS_A_POWER + 1) * BUCKETS_A_POWER;

	if (bucket < histogram->nbuckets)
		return;
	histogram->buckets =
		mem_realloc(histogram->buckets, (size_t) nbuckets * sizeof(uint32_t));
	memset(histogram->buckets + histogram->nbuckets, 0,
		   (size_t) (nbuckets - histogram->nbuckets) * sizeof(uint32_t));
	histogram->nbuckets = nbuckets;
}

/* Full buckets stay full: wrapping around would lose four thousand million. */
static void
bucket_add(uint32_t *bucket, uint32_t count)
{
	*bucket = count > UINT32_MAX - *bucket ? UINT32_MAX : *bucket + count;
}

void
histogram_add(Histogram *histogram, int64_t ns)
{
	int bucket;

	if (ns < 0)
		ns = 0;
	bucket = bucket_of(ns);
	histogram_reach(histogram, bucket);
	bucket_add(&histogram->buckets[bucket], 1);
	if (histogram->count == 0 || ns < histogram->min_ns)
		histogram->min_ns = ns;
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
	histogram->count++;
	histogram->sum_ns += (double) ns;
	histogram->sum_squares += (double) ns * (double) ns;
}

bool
histogram_next(const Histogram *histogram, HistogramBucket *bucket)
{
	for (int i = bucket->next; i < histogram->nbuckets; i++)
	{
		int power = i < 2 * BUCKETS_A_POWER ? 0 : i / BUCKETS_A_POWER - 1;

		if (histogram->buckets[i] == 0)
			continue;
		bucket->next = i + 1;
		bucket->low_ns = (int64_t) (i - power * BUCKETS_A_POWER) << power;
		bucket->high_ns = bucket->low_ns + (INT64_C(1) << power) - 1;
		bucket->count = histogram->buckets[i];
		return true;
	}
	return false;
}

void
histogram_fill(Histogram *histogram, int64_t ns, uint32_t count)
{
	int bucket = bucket_of(ns < 0 ? 0 : ns);

	histogram_reach(histogram, bucket);
	bucket_add(&histogram->buckets[bucket], count);
}

void
histogram_merge(Histogram *to, const Histogram *from)
{
	if (from->count == 0)
		return;
	histogram_reach(to, from->nbuckets - 1);
	for (int i = 0; i < from->nbuckets; i++)
		bucket_add(&to->buckets[i], from->buckets[i]);
	if (to->count == 0 || from->min_ns < to->min_ns)
		to->min_ns = from->min_ns;
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
	to->count += from->count;
	to->sum_ns += from->sum_ns;
	to->sum_squares += from->sum_squares;
}

void
histogram_empty(Histogram *histogram)
{
	uint32_t *buckets = histogram->buckets;
	int nbuckets = histogram->nbuckets;

	if (nbuckets > 0)
		memset(buckets, 0, (size_t) nbuckets * sizeof(uint32_t));
	*histogram = (Histogram){.buckets = buckets, .nbuckets = nbuckets};
}

void
histogram_copy(Histogram *to, const Histogram *from)
{
	histogram_empty(to);
	histogram_merge(to, from);
}

/* Least and greatest, from the middle of the first bucket and the last. */
static void
histogram_bound(Histogram *histogram)
{
	int first = 0;
	int last = histogram->nbuckets - 1;

	histogram->min_ns = 0;
	histogram->max_ns = 0;
	if (histogram->count == 0)
		return;
	while (histogram->buckets[first] == 0)
		first++;
	while (histogram->buckets[last] == 0)
		last--;
	histogram->min_ns = bucket_middle_ns(first);
	histogram->max_ns = bucket_middle_ns(last);
}

void
histogram_since(Histogram *to, const Histogram *now, const Histogram *before)
{
	histogram_copy(to, now);
	to->count = 0;
	for (int i = 0; i < to->nbuckets; i++)
	{
		if (i < before->nbuckets)
			to->buckets[i] -= before->buckets[i];
		to->count += to->buckets[i];
	}
	to->sum_ns -= before->sum_ns;
	to->sum_squares = 0;
	histogram_bound(to);
}

void
histogram_clear(Histogram *histogram)
{
	free(histogram->buckets);
	memset(histogram, 0, sizeof(*histogram));
}

/* The smallest value that at least this fraction of all does not exceed. */
int64_t
histogram_percentile(const Histogram *histogram, double fraction)
{
	int64_t rank = (int64_t) ceil(fraction * (double) histogram->count);
	int64_t below = 0;

	if (histogram->count == 0)
		return 0;
	if (fraction <= 0)
		return histogram->min_ns;
	for (int i = 0; i < histogram->nbuckets && rank < histogram->count; i++)
	{
		int64_t ns = bucket_middle_ns(i);

		below += histogram->buckets[i];
		if (below < rank)
			continue;
		if (ns < histogram->min_ns)
			return histogram->min_ns;
		return ns > histogram->max_ns ? histogram->max_ns : ns;
	}
	return histogram->max_ns;
}

double
histogram_mean_ns(const Histogram *histogram)
{
	if (histogram->count == 0)
		return 0;
	return histogram->sum_ns / (double) histogram->count;
}

/* Of a sample (n - 1); 0 for fewer than two values. */
double
histogram_stddev_ns(const Histogram *histogram)
{
	double n = (double) histogram->count;
	double squares;

	if (histogram->count < 2)
		return 0;
	squares =
		histogram->sum_squares - histogram->sum_ns * histogram->sum_ns / n;
	return squares > 0 ? sqrt(squares / (n - 1)) : 0;
}
