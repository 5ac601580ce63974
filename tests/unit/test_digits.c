/*
 * test_digits.c
 *		Numbers as digits, against printf.
 */
#include "digits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

static void
check(uint64_t number)
{
	char got[DIGITS_MAX + 1];
	char wanted[DIGITS_MAX + 2];

	got[digits_put(got, number)] = '\0';
	snprintf(wanted, sizeof(wanted), "%" PRIu64, number);
	if (strcmp(got, wanted) != 0)
		is_str(got, wanted, "as printf says");
}

int
main(void)
{
	uint64_t power = 1;
	int wrong = 0;

	for (uint64_t n = 0; n < 200000; n++)
		check(n);
	for (int i = 0; i < 20; i++, power *= 10)
		for (uint64_t d = 1; d < 10; d++)
		{
			check(power * d);
			check(power * d - 1);
		}
	check(UINT64_MAX);
	ok(true, "numbers of 1 to 20 digits");
	for (unsigned n = 0; n < 1000; n++)
	{
		char got[4] = "";
		char wanted[8];

		digits_put_three(got, n);
		snprintf(wanted, sizeof(wanted), "%03u", n);
		wrong += strcmp(got, wanted) != 0;
	}
	is_i64(wrong, 0, "three digits, with zeros in front");
	return done_testing();
}
