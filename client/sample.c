/*
 * sample.c
 *	  A few measurements of the same thing, and whether two such samples
 *	  differ by more than chance.
 */
#include "sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define RESAMPLES 4000
#define EXACT_MAX 20 /* values in each sample, for the exact test */

void
sample_add(Sample *sample, double value)
{
	if (sample->count == sample->cap)
	{
		sample->cap = sample->cap > 0 ? 2 * sample->cap : 16;
		sample->values =
			mem_realloc(sample->values, (size_t) sample->cap * sizeof(double));
	}
	sample->values[sample->count++] = value;
}

void
sample_clear(Sample *sample)
{
	free(sample->values);
	memset(sample, 0, sizeof(*sample));
}

double
sample_mean(const Sample *sample)
{
	double sum = 0;

	for (int i = 0; i < sample->count; i++)
		sum += sample->values[i];
	return sample->count > 0 ? sum / sample->count : 0;
}

double
sample_stddev(const Sample *sample)
{
	double mean = sample_mean(sample);
	double squares = 0;

	if (sample->count < 2)
		return 0;
	for (int i = 0; i < sample->count; i++)
		squares += (sample->values[i] - mean) * (sample->values[i] - mean);
	return sqrt(squares / (sample->count - 1));
}

/*
 * Student's t at 0.975: exact to the third digit up to ten degrees of freedom,
 * then by the expansion of Cornish and Fisher (Abramowitz and Stegun 26.7.5).
 */
static double
student_t(int freedom)
{
	static const double exact[] = {12.706, 4.303, 3.182, 2.776, 2.571,
								   2.447,  2.365, 2.306, 2.262, 2.228};
	const double z = 1.959964;
	double n = freedom;

	if (freedom <= 10)
		return exact[freedom - 1];
	return z + (pow(z, 3) + z) / (4 * n) +
		   (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * n * n);
}

bool
sample_mean_interval(const Sample *sample, double *low, double *high)
{
	double mean = sample_mean(sample);
	double off;

	if (sample->count < 2)
		return false;
	off = student_t(sample->count - 1) * sample_stddev(sample) /
		  sqrt(sample->count);
	*low = mean - off;
	*high = mean + off;
	return true;
}

/* -------- the bootstrap -------- */

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
resampled_mean(const Sample *sample, RandomState *random)
{
	double sum = 0;

	for (int i = 0; i < sample->count; i++)
		sum += sample->values[random_uniform(random, 0, sample->count - 1)];
	return sum / sample->count;
}

bool
sample_ratio_interval(const Sample *a, const Sample *b, RandomState *random,
					  double *low, double *high)
{
	double *ratios;
	int n = 0;

	if (a->count < 2 || b->count < 2 || sample_mean(b) == 0)
		return false;
	ratios = mem_alloc(RESAMPLES * sizeof(double));
	while (n < RESAMPLES)
	{
		double below = resampled_mean(b, random);
		double above = resampled_mean(a, random);

		ratios[n++] = below != 0 ? above / below : INFINITY;
	}
	qsort(ratios, RESAMPLES, sizeof(double), compare_doubles);
	*low = ratios[RESAMPLES * 25 / 1000];
	*high = ratios[RESAMPLES * 975 / 1000 - 1];
	free(ratios);
	return true;
}

/* -------- the rank-sum test -------- */

/*
 * How many pairs have the value of a above that of b, a tie counting half;
 * *ties: the sum of t^3 - t over groups of t equal values.
 */
static double
count_above(const Sample *a, const Sample *b, double *ties)
{
	int n = a->count + b->count;
	double *all = mem_alloc((size_t) n * sizeof(double));
	double u = 0;

	for (int i = 0; i < a->count; i++)
		for (int j = 0; j < b->count; j++)
			u += a->values[i] > b->values[j]	? 1
				 : a->values[i] == b->values[j] ? 0.5
												: 0;
	memcpy(all, a->values, (size_t) a->count * sizeof(double));
	memcpy(all + a->count, b->values, (size_t) b->count * sizeof(double));
	qsort(all, (size_t) n, sizeof(double), compare_doubles);
	*ties = 0;
	for (int i = 0, end; i < n; i = end)
	{
		double t;

		for (end = i + 1; end < n && all[end] == all[i];)
			end++;
		t = end - i;
		*ties += t * t * t - t;
	}
	free(all);
	return u;
}

/*
 * The share of all orders of n and m values whose count is at most u, by the
 * recurrence of Mann and Whitney: the largest value is one of the n (and is
 * above all m) or one of the m.
 */
static double
exact_share(int n, int m, int u)
{
	int most = n * m;
	size_t width = (size_t) most + 1;
	double *ways = mem_alloc((size_t) (n + 1) * (size_t) (m + 1) * width *
							 sizeof(double));
	double sum = 0;
	double all = 0;

#define WAYS(i, j, k)                                               \
	ways[((size_t) (i) * (size_t) (m + 1) + (size_t) (j)) * width + \
		 (size_t) (k)]
	for (int i = 0; i <= n; i++)
		for (int j = 0; j <= m; j++)
			for (int k = 0; k <= i * j; k++)
				WAYS(i, j, k) = i == 0 || j == 0
									? 1
									: (k >= j ? WAYS(i - 1, j, k - j) : 0) +
										  WAYS(i, j - 1, k);
	for (int k = 0; k <= most; k++)
	{
		all += WAYS(n, m, k);
		if (k <= u)
			sum += WAYS(n, m, k);
	}
#undef WAYS
	free(ways);
	return sum / all;
}

static double
normal_p(double n, double m, double u, double ties)
{
	double all = n + m;
	double variance =
		n * m / 12 * (all + 1 - (all > 1 ? ties / (all * (all - 1)) : 0));
	double off = fabs(u - n * m / 2) - 0.5;

	if (variance <= 0 || off <= 0)
		return 1;
	return erfc(off / sqrt(variance) / sqrt(2));
}

double
sample_rank_p(const Sample *a, const Sample *b)
{
	double ties;
	double u;
	double smaller;
	double p;

	if (a->count == 0 || b->count == 0)
		return 1;
	u = count_above(a, b, &ties);
	if (ties > 0 || a->count > EXACT_MAX || b->count > EXACT_MAX)
		return normal_p(a->count, b->count, u, ties);
	smaller = u < a->count * b->count - u ? u : a->count * b->count - u;
	p = 2 * exact_share(a->count, b->count, (int) smaller);
	return p < 1 ? p : 1;
}
