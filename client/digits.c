/*
 * digits.c
 *	  A whole number as decimal digits.
 *
 * Two at a time: a division costs more than to look both digits up.
 */
#include "digits.h"

#include <string.h>

static const char pairs[] = "00010203040506070809"
							"10111213141516171819"
							"20212223242526272829"
							"30313233343536373839"
							"40414243444546474849"
							"50515253545556575859"
							"60616263646566676869"
							"70717273747576777879"
							"80818283848586878889"
							"90919293949596979899";

static size_t
count_digits(uint64_t number)
{
	size_t n = 1;

	for (; number >= 10000; number /= 10000)
		n += 4;
	return n + (number >= 10) + (number >= 100) + (number >= 1000);
}

size_t
digits_put(char *out, uint64_t number)
{
	size_t n = count_digits(number);
	char *at = out + n;

	for (; number >= 100; number /= 100)
		memcpy(at -= 2, &pairs[number % 100 * 2], 2);
	if (number >= 10)
		memcpy(at - 2, &pairs[number * 2], 2);
	else
		at[-1] = (char) ('0' + number);
	return n;
}

void
digits_put_three(char *out, unsigned number)
{
	out[0] = (char) ('0' + number / 100);
	memcpy(out + 1, &pairs[number % 100 * 2], 2);
}
