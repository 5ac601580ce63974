/*
 * report_many.h
 *	  The numbers of a run of many tasks, for people.
 */
#ifndef REPORT_MANY_H
#define REPORT_MANY_H

#include "report.h"

/*
 * Counts and rate, percentiles, where the time went, a table of the steps, the
 * slowest tasks, the steps that held the loop.  Part of report_text.
 */
extern void report_many(FILE *out, const RunResult *result,
						const ReportStyle *style);

#endif /* REPORT_MANY_H */
