/*
 * report_tuning.h
 *	  How many connections --connections auto came to, and why.
 */
#ifndef REPORT_TUNING_H
#define REPORT_TUNING_H

#include "report.h"

/* A line, or nothing when nobody asked for it. */
extern void report_tuning(FILE *out, const Tuning *tuning,
						  const ReportStyle *style);

extern const char *tuner_end_name(TunerEnd end);

#endif /* REPORT_TUNING_H */
