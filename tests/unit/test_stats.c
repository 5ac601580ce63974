/*
 * test_stats.c
 *		Percentiles against the sorted values themselves; bounds; merging.
 */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define VALUES 20000

static int
compare_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* From nanoseconds to hours, every magnitude equally often. */
static int64_t
next_value(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (int64_t) ((*state >> 20) >> (*state >> 59));
}

static void
test_empty(void)
{
	Histogram none = {0};

	is_i64(histogram_percentile(&none, 0.5), 0, "empty: percentile");
	is_dbl(histogram_mean_ns(&none), 0, 0, "empty: mean");
	is_dbl(histogram_stddev_ns(&none), 0, 0, "empty: standard deviation");
	histogram_clear(&none);
}

static void
test_percentiles(void)
{
	static const double fractions[] = {0.001, 0.25, 0.5, 0.9, 0.99, 0.999};
	static int64_t values[VALUES];
	Histogram all = {0};
	Histogram odd = {0};
	uint64_t state = 1;
	double sum = 0;

	for (int i = 0; i < VALUES; i++)
	{
		values[i] = next_value(&state);
		histogram_add(i % 2 ? &odd : &all, values[i]);
		sum += (double) values[i];
	}
	histogram_merge(&all, &odd);
	qsort(values, VALUES, sizeof(int64_t), compare_i64);
	is_i64(all.count, VALUES, "merged: all are counted");
	is_i64(histogram_percentile(&all, 0), values[0], "0 is the least");
	is_i64(histogram_percentile(&all, 1), values[VALUES - 1],
		   "1 is the greatest");
	is_dbl(histogram_mean_ns(&all), sum / VALUES, sum / VALUES * 1e-9,
		   "the mean is exact");
	for (size_t i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++)
	{
		int64_t want = values[(int) ceil(fractions[i] * VALUES) - 1];

		is_dbl((double) histogram_percentile(&all, fractions[i]),
			   (double) want, 0.016 * (double) want + 0.5,
			   "%g is within a bucket's width", fractions[i]);
	}
	histogram_clear(&odd);
	histogram_clear(&all);
	ok(all.buckets == NULL && all.count == 0, "cleared: empty again");
}

static void
test_edges(void)
{
	Histogram edges = {0};
	Histogram copy = {0};

	histogram_add(&edges, INT64_MAX);
	is_i64(histogram_percentile(&edges, 0.5), INT64_MAX, "the largest value");
	ok(edges.nbuckets <= 64 * 64, "memory is bounded: %d buckets",
	   edges.nbuckets);
	histogram_add(&edges, -5);
	is_i64(edges.min_ns, 0, "a negative value counts as 0");
	histogram_merge(&copy, &edges);
	is_i64(copy.min_ns, 0, "merged into an empty one: least");
	is_i64(copy.max_ns, INT64_MAX, "and greatest");
	histogram_clear(&copy);
	histogram_clear(&edges);
	for (int i = 0; i < 64; i++)
		histogram_add(&edges, i);
	is_i64(histogram_percentile(&edges, 0.5), 31, "small values are exact");
	is_dbl(histogram_stddev_ns(&edges), 18.618987, 1e-6,
		   "standard deviation of 0 .. 63");
	histogram_clear(&edges);
}

/* What came after a copy was made. */
static void
test_since(void)
{
	Histogram all = {0};
	Histogram before = {0};
	Histogram since = {0};

	histogram_add(&since, INT64_MAX); /* memory that is used again */
	histogram_add(&all, 40);
	histogram_add(&all, 5000000);
	histogram_copy(&before, &all);
	is_i64(before.count, 2, "a copy: as many");
	is_i64(before.max_ns, 5000000, "as large");
	histogram_since(&since, &all, &before);
	is_i64(since.count, 0, "nothing came");
	is_i64(histogram_percentile(&since, 0.99), 0, "so nothing is known of it");
	for (int i = 0; i < 3; i++)
		histogram_add(&all, 50 + i);
	histogram_since(&since, &all, &before);
	is_i64(since.count, 3, "three came");
	is_i64(histogram_percentile(&since, 0), 50, "the least of them");
	is_i64(histogram_percentile(&since, 0.5), 51, "their median");
	is_i64(histogram_percentile(&since, 1), 52, "the greatest");
	is_dbl(histogram_mean_ns(&since), 51, 1e-6, "their mean");
	histogram_empty(&all);
	is_i64(all.count, 0, "emptied");
	histogram_copy(&before, &all);
	is_i64(before.count, 0, "a copy of nothing is nothing");
	histogram_clear(&all);
	histogram_clear(&before);
	histogram_clear(&since);
}

/* Out of a histogram, bucket by bucket, and back into another. */
static void
test_buckets(void)
{
	static const int64_t values[] = {
		0, 5, 5, 127, 128, 129, 5000, 5000000, INT64_C(7000000000)};
	Histogram from = {0};
	Histogram to = {0};
	HistogramBucket bucket = {0};
	int64_t count = 0;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		histogram_add(&from, values[i]);
	while (histogram_next(&from, &bucket))
	{
		int inside = 0;

		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			inside +=
				values[i] >= bucket.low_ns && values[i] <= bucket.high_ns;
		wrong += inside != (int) bucket.count;
		count += bucket.count;
		histogram_fill(&to, bucket.low_ns, bucket.count);
	}
	is_i64(wrong, 0, "a bucket's bounds hold what it counts");
	is_i64(count, from.count, "no bucket is left out");
	ok(!histogram_next(&from, &bucket), "after the last there is none");
	is_i64(to.nbuckets, from.nbuckets, "filled: as many buckets");
	ok(memcmp(to.buckets, from.buckets,
			  (size_t) to.nbuckets * sizeof(uint32_t)) == 0,
	   "filled: the same counts");
	histogram_clear(&from);
	histogram_clear(&to);
}

int
main(void)
{
	test_empty();
	test_since();
	test_buckets();
	test_percentiles();
	test_edges();
	return done_testing();
}
