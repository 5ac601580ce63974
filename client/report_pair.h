/*
 * report_pair.h
 *	  Two saved runs beside each other: what changed, and where.
 */
#ifndef REPORT_PAIR_H
#define REPORT_PAIR_H

#include "report.h"

typedef struct ReportPair
{
	const char *names[2]; /* of the files */
	const RunResult *results[2];
} ReportPair;

extern void report_pair_text(FILE *out, const ReportPair *pair,
							 const ReportStyle *style);
extern void report_pair_json(FILE *out, const ReportPair *pair);

#endif /* REPORT_PAIR_H */
