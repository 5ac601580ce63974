/*
 * report_compare.h
 *	  Private to report_compare*.c: the forms of a comparison, and what they
 *	  share.
 */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include "compare.h"
#include "report_findings.h"
#include "report_forms.h"

/* What a saved one calls itself; see SWEEP_VERSION. */
#define COMPARE_SCHEMA "asyncdemo-compare"
#define COMPARE_VERSION 1

extern void compare_findings(const Compare *compare, Findings *findings);

/* "0.5×, 2 times as fast", "not significant"; "" for the first variant. */
extern void compare_say_ratio(const Compare *compare, int variant, char *text,
							  size_t bytes);

extern void report_compare_json(FILE *out, const void *compare);
extern void report_compare_json_as(FILE *out, const Compare *compare,
								   bool in_html);
extern void report_compare_csv(FILE *out, const void *compare);
extern void report_compare_svg(FILE *out, const void *compare);
extern void report_compare_html(FILE *out, const void *compare);

#endif /* REPORT_COMPARE_H */
