/*
 * digits.h
 *	  A whole number as decimal digits, fast: for what is done for every
 *	  statement.
 */
#ifndef DIGITS_H
#define DIGITS_H

#include <stddef.h>
#include <stdint.h>

#define DIGITS_MAX 20 /* of 2^64 - 1 */

/* Write them to out, which has room for DIGITS_MAX; how many it were. */
extern size_t digits_put(char *out, uint64_t number);

/* The last three digits of a number below 1,000, with leading zeros. */
extern void digits_put_three(char *out, unsigned number);

#endif /* DIGITS_H */
