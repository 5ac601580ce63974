/*
 * hash.h
 *	  The hash functions of pgbench's expressions, number for number.
 */
#ifndef HASH_H
#define HASH_H

#include <stdint.h>

extern int64_t hash_fnv1a(int64_t value, uint64_t seed);
extern int64_t hash_murmur2(int64_t value, uint64_t seed);

/*
 * Where value goes when the numbers 0 .. size - 1 are put into an order that
 * the seed decides; size must be at least 1.
 */
extern int64_t hash_permute(int64_t value, int64_t size, int64_t seed);

#endif /* HASH_H */
