/*
 * random.h
 *	  Random numbers for one task: a stream of its own, made from a seed.
 *
 * Good for load and for jitter, not for secrets (xoshiro256**).  The same
 * seed gives the same numbers on every machine.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

typedef struct RandomState
{
	uint64_t s[4];
} RandomState;

extern void random_seed(RandomState *random, uint64_t seed);
extern uint64_t random_bits(RandomState *random);

/* 0 <= x < 1, with 53 random bits. */
extern double random_unit(RandomState *random);

/*
 * Integers from lo to hi, both included; hi - lo must be below INT64_MAX.
 * The parameters mean what they mean in pgbench: exponential > 0, gaussian
 * >= 2, zipfian between 1.001 and 1000.
 */
extern int64_t random_uniform(RandomState *random, int64_t lo, int64_t hi);
extern int64_t random_exponential(RandomState *random, int64_t lo, int64_t hi,
								  double parameter);
extern int64_t random_gaussian(RandomState *random, int64_t lo, int64_t hi,
							   double parameter);
extern int64_t random_zipfian(RandomState *random, int64_t lo, int64_t hi,
							  double parameter);

#endif /* RANDOM_H */
