/*
 * random.c
 *	  Random numbers for one task: a stream of its own, made from a seed.
 *
 * The generator is xoshiro256** by Blackman and Vigna, seeded by splitmix64
 * as its authors advise.  The distributions follow pgbench's documentation.
 */
#include "random.h"

#include <math.h>

static uint64_t
rotate_left(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

void
random_seed(RandomState *random, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
	{
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		random->s[i] = z ^ z >> 31;
	}
}

uint64_t
random_bits(RandomState *random)
{
	uint64_t *s = random->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

double
random_unit(RandomState *random)
{
	return (double) (random_bits(random) >> 11) * 0x1.0p-53;
}

/* lo + offset where the double may have been rounded up to the whole range */
static int64_t
at_offset(int64_t lo, int64_t hi, double offset)
{
	uint64_t range = (uint64_t) hi - (uint64_t) lo;
	uint64_t whole = offset >= (double) range ? range : (uint64_t) offset;

	return (int64_t) ((uint64_t) lo + whole);
}

int64_t
random_uniform(RandomState *random, int64_t lo, int64_t hi)
{
	uint64_t range = (uint64_t) hi - (uint64_t) lo;
	uint64_t mask = range;
	uint64_t bits;

	/* draw from the next power of two until it fits: no number is favoured */
	for (int shift = 1; shift < 64; shift *= 2)
		mask |= mask >> shift;
	do
		bits = random_bits(random) & mask;
	while (bits > range);
	return (int64_t) ((uint64_t) lo + bits);
}

int64_t
random_exponential(RandomState *random, int64_t lo, int64_t hi,
				   double parameter)
{
	double cut = exp(-parameter);
	double uniform = 1.0 - random_unit(random);
	double x = -log(cut + (1.0 - cut) * uniform) / parameter;

	return at_offset(lo, hi, ((double) (hi - lo) + 1.0) * x);
}

/* Box and Muller's transform of two uniform numbers. */
static double
standard_normal(RandomState *random)
{
	double radius = sqrt(-2.0 * log(1.0 - random_unit(random)));

	return radius * sin(2.0 * M_PI * random_unit(random));
}

int64_t
random_gaussian(RandomState *random, int64_t lo, int64_t hi, double parameter)
{
	double x;

	do
		x = standard_normal(random);
	while (x < -parameter || x >= parameter);
	x = (x + parameter) / (2.0 * parameter);
	return at_offset(lo, hi, ((double) (hi - lo) + 1.0) * x);
}

/* The rejection method of Devroye, "Non-Uniform Random Variate Generation". */
int64_t
random_zipfian(RandomState *random, int64_t lo, int64_t hi, double parameter)
{
	double n = (double) (hi - lo) + 1.0;
	double b = pow(2.0, parameter - 1.0);
	double x;
	double t;
	double v;

	if (n <= 1.0)
		return lo;
	do
	{
		/* 1 - u is never 0, so x stays finite or is refused below */
		x = floor(pow(1.0 - random_unit(random), -1.0 / (parameter - 1.0)));
		v = random_unit(random);
		t = pow(1.0 + 1.0 / x, parameter - 1.0);
	} while (!(x <= n && v * x * (t - 1.0) / (b - 1.0) <= t / b));
	return at_offset(lo, hi, x - 1.0);
}
