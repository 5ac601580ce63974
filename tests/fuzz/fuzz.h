/*
 * fuzz.h
 *		What every fuzz target needs: the entry point and a check.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition, what)                                           \
	do                                                                  \
	{                                                                   \
		if (!(condition))                                               \
		{                                                               \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (what)); \
			abort();                                                    \
		}                                                               \
	} while (0)

#endif /* FUZZ_H */
