/*
 * hash.c
 *	  The hash functions of pgbench's expressions, number for number.
 *
 * FNV-1a and MurmurHash64A of the value's eight bytes, least first; the
 * permutation is a chain of reversible steps steered by xoroshiro128**.
 * pgbench 14 and later give the same numbers (the unit tests hold vectors).
 */
#include "hash.h"

#include <stdbool.h>

int64_t
hash_fnv1a(int64_t value, uint64_t seed)
{
	uint64_t bits = (uint64_t) value;
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;

	for (int i = 0; i < 8; i++, bits >>= 8)
		hash = (hash ^ (bits & 0xff)) * UINT64_C(0x100000001b3);
	return (int64_t) hash;
}

int64_t
hash_murmur2(int64_t value, uint64_t seed)
{
	const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
	uint64_t bits = (uint64_t) value * m;
	uint64_t hash = seed ^ (8 * m);

	bits ^= bits >> 47;
	hash = (hash ^ bits * m) * m;
	hash = (hash ^ hash >> 47) * m;
	hash ^= hash >> 47;
	return (int64_t) hash;
}

typedef struct Steering
{
	uint64_t a;
	uint64_t b;
} Steering;

static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t
rotate_left(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static uint64_t
steer(Steering *state)
{
	uint64_t b = state->a ^ state->b;
	uint64_t result = rotate_left(state->a * 5, 7) * 9;

	state->a = rotate_left(state->a, 24) ^ b ^ b << 16;
	state->b = rotate_left(b, 37);
	return result;
}

/* 0 .. most: the top bits until they fit. */
static uint64_t
steer_up_to(Steering *state, uint64_t most)
{
	uint64_t bits;

	do
		bits = steer(state) >> __builtin_clzll(most);
	while (bits > most);
	return bits;
}

/* Multiply, XOR and rotate inside nbits bits: every step can be undone. */
static uint64_t
scramble(Steering *state, uint64_t v, int nbits, bool inside)
{
	uint64_t mask = (UINT64_C(1) << nbits) - 1;
	uint64_t factor = (steer(state) & mask) | 1;
	uint64_t flip = steer(state) & mask;

	/* the numbers are drawn in any case, so that the stream stays in step */
	if (!inside)
		return v;
	v = (v * factor ^ flip) & mask;
	return (v << 1 & mask) | v >> (nbits - 1);
}

int64_t
hash_permute(int64_t value, int64_t size, int64_t seed)
{
	uint64_t n = (uint64_t) size;
	uint64_t v = (uint64_t) value % n;
	uint64_t expand = (uint64_t) seed;
	Steering state;
	int nbits;
	uint64_t mask;

	if (size < 2)
		return 0;
	state.a = splitmix(&expand);
	state.b = splitmix(&expand);
	nbits = 63 - __builtin_clzll(n);
	mask = (UINT64_C(1) << nbits) - 1;
	for (int round = 0; round < 6; round++)
	{
		uint64_t mirrored;

		/* the lower half, then the upper one seen from its end */
		v = scramble(&state, v, nbits, v <= mask);
		mirrored = n - 1 - v;
		v = n - 1 - scramble(&state, mirrored, nbits, mirrored <= mask);
		v = (v + steer_up_to(&state, n - 1)) % n;
	}
	return (int64_t) v;
}
