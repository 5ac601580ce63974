/*
 * fingerprint.c
 *	  What makes two runs runs of the same job, as 128 bits.
 */
#include "fingerprint.h"

#include <string.h>

static const unsigned char key[16] = "asyncdemo job 1";

static RowHash
end(SipHash *hash)
{
	uint64_t result[2];

	siphash_end(hash, result);
	return (RowHash){.high = result[0], .low = result[1]};
}

static RowHash
hash_variable(const RunVariable *variable)
{
	SipHash hash;

	siphash_begin(&hash, key);
	siphash_add(&hash, variable->name, strlen(variable->name) + 1);
	siphash_add(&hash, variable->value, strlen(variable->value));
	return end(&hash);
}

/* Of several with one name the last one counts. */
static bool
is_overridden(const RunVariable *variables, int nvariables, int n)
{
	for (int i = n + 1; i < nvariables; i++)
		if (strcmp(variables[i].name, variables[n].name) == 0)
			return true;
	return false;
}

RowHash
fingerprint(const Plan *plan, const RunVariable *variables, int nvariables,
			bool has_rows)
{
	RowHash sum = {0, 0};
	Plan bare = *plan;
	Buf text = {0};
	SipHash hash;

	bare.noptions = 0;
	bare.has_expect = false;
	plan_dump(&bare, &text);
	for (int i = 0; i < nvariables; i++)
	{
		RowHash one = hash_variable(&variables[i]);

		if (is_overridden(variables, nvariables, i))
			continue;
		sum.high += one.high;
		sum.low += one.low;
	}
	siphash_begin(&hash, key);
	siphash_add(&hash, has_rows ? "input" : "tasks", 5);
	siphash_add(&hash, &sum.high, sizeof(sum.high));
	siphash_add(&hash, &sum.low, sizeof(sum.low));
	siphash_add(&hash, text.data != NULL ? text.data : "", text.len);
	buf_free(&text);
	return end(&hash);
}
