/*
 * report_verdict.h
 *	  The verdict on a run: one word, why, what to do.
 */
#ifndef REPORT_VERDICT_H
#define REPORT_VERDICT_H

#include "report.h"

/* A common mistake that was made, where, what it cost, what to do. */
typedef struct Mistake
{
	const char *kind; /* one word, for programs */
	int64_t cost_ns;
	char text[360];
} Mistake;

#define MISTAKES_TOLD 3

/*
 * SERIAL, PARTIAL or OVERLAPS, one sentence why, one sentence what to do, and
 * what else goes wrong, the costliest first.
 */
typedef struct Verdict
{
	const char *word;
	char why[512];
	char fix[512];
	Mistake mistakes[MISTAKES_TOLD];
	int nmistakes;
} Verdict;

extern void report_verdict(const RunResult *result, Verdict *verdict);

#endif /* REPORT_VERDICT_H */
