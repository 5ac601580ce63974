/*
 * siphash.h
 *	  SipHash-2-4 with 128 bits of result, fed piece by piece.
 *
 * By Aumasson and Bernstein (https://www.aumasson.jp/siphash/).  The result
 * is the same on every machine.
 */
#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* A value: a copy goes on from where the original was. */
typedef struct SipHash
{
	uint64_t v[4];
	uint64_t tail; /* bytes that fill no word yet, first one lowest */
	uint64_t len;  /* bytes so far */
} SipHash;

extern void siphash_begin(SipHash *hash, const unsigned char key[16]);
extern void siphash_add(SipHash *hash, const void *data, size_t len);

/* The first and the last eight bytes of the result, each least byte first. */
extern void siphash_end(SipHash *hash, uint64_t result[2]);

#endif /* SIPHASH_H */
