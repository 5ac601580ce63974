/*
 * report_pair.h
 *	  Two saved runs beside each other: what changed, and where.
 */
#ifndef REPORT_PAIR_H
#define REPORT_PAIR_H

#include "report_findings.h"
#include "report_forms.h"

typedef struct ReportPair
{
	const char *names[2]; /* of the files */
	const RunResult *results[2];
} ReportPair;

/* -------- for report_pair*.c -------- */

#define PAIR_SCHEMA "asyncdemo-pair"
#define PAIR_VERSION 1

/* Of one of them: tasks that ended, and so many a second. */
extern int64_t pair_tasks(const RunResult *result);
extern double pair_rate(const RunResult *result);

/* Of a class, on average, for one task. */
extern double pair_class_ns(const RunResult *result, Class class);

/*
 * The 95 % interval of the ratio of two means, by the delta method; false for
 * fewer than two values in either.
 */
extern bool pair_ratio_interval(const Histogram *a, const Histogram *b,
								double *low, double *high);
extern void pair_findings(const ReportPair *pair, Findings *findings);

extern void report_pair_json(FILE *out, const void *pair);
extern void report_pair_json_as(FILE *out, const ReportPair *pair,
								bool in_html);
extern void report_pair_csv(FILE *out, const void *pair);
extern void report_pair_svg(FILE *out, const void *pair);
extern void report_pair_html(FILE *out, const void *pair);

#endif /* REPORT_PAIR_H */
