/*
 * siphash.c
 *	  SipHash-2-4 with 128 bits of result, fed piece by piece.
 */
#include "siphash.h"

#include <string.h>

static uint64_t
rotate_left(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static uint64_t
read_word(const unsigned char *bytes)
{
	uint64_t word = 0;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | bytes[i];
	return word;
}

static void
rounds(uint64_t v[4], int count)
{
	while (count-- > 0)
	{
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate_left(v[1], 13) ^ v[0];
		v[3] = rotate_left(v[3], 16) ^ v[2];
		v[0] = rotate_left(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate_left(v[1], 17) ^ v[2];
		v[3] = rotate_left(v[3], 21) ^ v[0];
		v[2] = rotate_left(v[2], 32);
	}
}

static void
add_word(SipHash *hash, uint64_t word)
{
	hash->v[3] ^= word;
	rounds(hash->v, 2);
	hash->v[0] ^= word;
}

void
siphash_begin(SipHash *hash, const unsigned char key[16])
{
	uint64_t k0 = read_word(key);
	uint64_t k1 = read_word(key + 8);

	memset(hash, 0, sizeof(*hash));
	hash->v[0] = k0 ^ UINT64_C(0x736f6d6570736575);
	hash->v[1] = k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee;
	hash->v[2] = k0 ^ UINT64_C(0x6c7967656e657261);
	hash->v[3] = k1 ^ UINT64_C(0x7465646279746573);
}

void
siphash_add(SipHash *hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	const unsigned char *end = bytes + len;
	unsigned ntail = hash->len & 7;

	hash->len += len;
	for (; ntail > 0 && bytes < end; ntail = (ntail + 1) & 7)
	{
		hash->tail |= (uint64_t) *bytes++ << (8 * ntail);
		if (ntail == 7)
		{
			add_word(hash, hash->tail);
			hash->tail = 0;
		}
	}
	for (; end - bytes >= 8; bytes += 8)
		add_word(hash, read_word(bytes));
	for (; bytes < end; ntail++)
		hash->tail |= (uint64_t) *bytes++ << (8 * ntail);
}

void
siphash_end(SipHash *hash, uint64_t result[2])
{
	add_word(hash, hash->tail | hash->len << 56);
	for (int half = 0; half < 2; half++)
	{
		if (half == 0)
			hash->v[2] ^= 0xee;
		else
			hash->v[1] ^= 0xdd;
		rounds(hash->v, 4);
		result[half] = hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
	}
}
