/*
 * test_sample.c
 *		Means, intervals and rank tests against figures from elsewhere: the
 *		exact ones from published tables, others counted by hand.
 */
#include "sample.h"

#include <math.h>

#include "tap.h"

static Sample
sample_of(const double *values, int count)
{
	Sample sample = {0};

	for (int i = 0; i < count; i++)
		sample_add(&sample, values[i]);
	return sample;
}

#define SAMPLE(...)                    \
	sample_of((double[]){__VA_ARGS__}, \
			  (int) (sizeof((double[]){__VA_ARGS__}) / sizeof(double)))

static void
is_close(double got, double want, double within, const char *what)
{
	ok(fabs(got - want) <= within, "%s: %.6f, wanted %.6f", what, got, want);
}

static void
rank(Sample a, Sample b, double want, double within, const char *what)
{
	is_close(sample_rank_p(&a, &b), want, within, what);
	is_close(sample_rank_p(&b, &a), want, within, what);
	sample_clear(&a);
	sample_clear(&b);
}

static void
test_moments(void)
{
	Sample sample = SAMPLE(2, 4, 4, 4, 5, 5, 7, 9);
	Sample none = {0};

	is_close(sample_mean(&sample), 5, 1e-12, "the mean");
	is_close(sample_stddev(&sample), sqrt(32.0 / 7), 1e-12, "the deviation");
	is_close(sample_mean(&none), 0, 0, "the mean of nothing");
	sample_clear(&sample);
}

/* t at 0.975: 12.706 for one degree of freedom, 2.262 for 9, 2.045 for 29 */
static void
test_mean_interval(void)
{
	double low;
	double high;
	Sample two = SAMPLE(1, 3);
	Sample ten = SAMPLE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
	Sample many = {0};

	ok(sample_mean_interval(&two, &low, &high), "two values have an interval");
	is_close(high - 2, 12.706, 1e-3, "two: a wide one");
	is_close(low + high, 4, 1e-12, "two: around the mean");
	sample_mean_interval(&ten, &low, &high);
	is_close(high - 5.5, 2.262 * sqrt(55.0 / 6) / sqrt(10), 1e-3, "ten");
	for (int i = 0; i < 30; i++)
		sample_add(&many, i % 2);
	sample_mean_interval(&many, &low, &high);
	is_close((high - 0.5) / (sample_stddev(&many) / sqrt(30)), 2.045, 1e-3,
			 "thirty, by the expansion");
	many.count = 1;
	ok(!sample_mean_interval(&many, &low, &high), "one value has none");
	sample_clear(&two);
	sample_clear(&ten);
	sample_clear(&many);
}

static void
test_rank(void)
{
	/* all orders of 3 and 3 are 20: 2 of them are as far apart */
	rank(SAMPLE(1, 2, 3), SAMPLE(4, 5, 6), 0.1, 1e-12, "3 below 3");
	/* 5 and 5: 252 orders; U = 2 or less in 4 of them, on either side */
	rank(SAMPLE(1, 2, 3, 4, 7), SAMPLE(5, 6, 8, 9, 10), 2 * 4.0 / 252, 1e-12,
		 "5 nearly below 5");
	/* 10 against 10, fully apart: 2 / C(20, 10) */
	rank(SAMPLE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
		 SAMPLE(11, 12, 13, 14, 15, 16, 17, 18, 19, 20), 2.0 / 184756, 1e-12,
		 "10 below 10");
	rank(SAMPLE(1, 4), SAMPLE(2, 3), 1, 1e-12, "in the midst of each other");
	rank(SAMPLE(1, 1, 1, 1), SAMPLE(1, 1, 1, 1), 1, 1e-12, "all the same");
	/* ties: the normal approximation, by hand: U = 1.5 of 25, sum of t^3 - t
	 * is 6, so that the variance is 22.778 and z is (12.5 - 1.5 - .5) / 4.773
	 */
	rank(SAMPLE(1, 2, 3, 4, 5), SAMPLE(5, 6, 7, 8, 4.5), 0.027803, 1e-6,
		 "a tie");
}

static void
test_interval(void)
{
	Sample slow = SAMPLE(20, 21, 22, 19, 18, 20, 21, 20);
	Sample fast = SAMPLE(10, 11, 9, 10, 10, 11, 9, 10);
	Sample one = SAMPLE(10);
	RandomState random;
	double low = 0;
	double high = 0;

	random_seed(&random, 7);
	ok(sample_ratio_interval(&slow, &fast, &random, &low, &high),
	   "there is an interval");
	ok(low < 2.0125 && high > 2.0125, "it has the ratio in it");
	ok(low > 1.85 && high < 2.2, "and is as narrow as the spread allows");
	ok(!sample_ratio_interval(&slow, &one, &random, &low, &high),
	   "one value tells no spread");
	sample_clear(&slow);
	sample_clear(&fast);
	sample_clear(&one);
}

int
main(void)
{
	test_moments();
	test_mean_interval();
	test_rank();
	test_interval();
	return done_testing();
}
