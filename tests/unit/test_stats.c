/*
 * test_stats.c
 *		Percentiles against the sorted values themselves; bounds; merging.
 */
#include "stats.h"

#include <stdlib.h>

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

int
main(void)
{
	test_empty();
	test_percentiles();
	test_edges();
	return done_testing();
}
