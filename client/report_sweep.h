/*
 * report_sweep.h
 *	  Private to report_sweep*.c: the forms of a sweep, and what they share.
 */
#ifndef REPORT_SWEEP_H
#define REPORT_SWEEP_H

#include "report_findings.h"
#include "report_forms.h"
#include "sweep.h"

/*
 * What a saved sweep calls itself.  The number grows when a reader of the old
 * one would misunderstand the new, not when something is added.
 */
#define SWEEP_SCHEMA "asyncdemo-sweep"
#define SWEEP_VERSION 1

/* In a word what a point is: "best", "knee", "misses SLO"; "" nothing. */
extern const char *sweep_mark(const Sweep *sweep, int point);

/* In a sentence why it is left out, or to be taken with care; "" neither. */
extern void sweep_reason(const Sweep *sweep, int point, char *text,
						 size_t bytes);

/* How far the fitted law can be trusted; there is a fit. */
extern const char *sweep_trust(const Sweep *sweep);
extern void sweep_findings(const Sweep *sweep, Findings *findings);

extern void report_sweep_json(FILE *out, const void *sweep);
extern void report_sweep_json_as(FILE *out, const Sweep *sweep, bool in_html);
extern void report_sweep_csv(FILE *out, const void *sweep);
extern void report_sweep_svg(FILE *out, const void *sweep);
extern void report_sweep_html(FILE *out, const void *sweep);

#endif /* REPORT_SWEEP_H */
