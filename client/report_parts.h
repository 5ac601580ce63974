/*
 * report_parts.h
 *	  The parts of what was waited for, for people.
 */
#ifndef REPORT_PARTS_H
#define REPORT_PARTS_H

#include "report.h"

/* Of each step and of the connections, on average.  Part of report_text; */
extern void report_parts(FILE *out, const RunResult *result,
						 const ReportStyle *style);

/* the same of those steps alone of which the server itself has told. */
extern void report_parts_told(FILE *out, const RunResult *result,
							  const ReportStyle *style);

#endif /* REPORT_PARTS_H */
