/*
 * sample.h
 *	  A few measurements of the same thing: mean, spread, and whether two such
 *	  samples differ by more than chance.
 *
 * Functions read the values only and change nothing.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdbool.h>

#include "random.h"

typedef struct Sample
{
	double *values; /* in the order they were measured */
	int count;
	int cap;
} Sample;

extern void sample_add(Sample *sample, double value);
extern void sample_clear(Sample *sample);
extern double sample_mean(const Sample *sample); /* 0 when empty */

/* Of a sample (n - 1); 0 for fewer than two values. */
extern double sample_stddev(const Sample *sample);

/* The 95 % interval of the mean, by Student's t; false below two values. */
extern bool sample_mean_interval(const Sample *sample, double *low,
								 double *high);

/*
 * The 95 % interval of mean(a) / mean(b), by the percentile bootstrap (Efron
 * 1979) with resamples drawn from the random state.  False, and nothing is
 * set, when either has fewer than two values or the mean of b is 0.
 */
extern bool sample_ratio_interval(const Sample *a, const Sample *b,
								  RandomState *random, double *low,
								  double *high);

/*
 * How probable is a difference of the ranks as large as this one, or larger,
 * if both came from the same distribution: the two-sided rank-sum test of
 * Wilcoxon, Mann and Whitney (1947).  Exact for small samples without ties,
 * else by the normal approximation with correction for ties and continuity.
 * 1 when either is empty.
 */
extern double sample_rank_p(const Sample *a, const Sample *b);

#endif /* SAMPLE_H */
