/*
 * report_csv.h
 *	  Private to the reports: cells of a CSV table, each after a comma.
 *
 * RFC 4180, UTF-8; numbers have a point whatever the locale.
 */
#ifndef REPORT_CSV_H
#define REPORT_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "stats.h"

extern void csv_text(FILE *out, const char *text);
extern void csv_int(FILE *out, int64_t number);
extern void csv_real(FILE *out, double number);
extern void csv_seconds(FILE *out, int64_t ns);
extern void csv_empty(FILE *out, int cells);

/* mean, p50, p90, p95, p99, p99_9 and max: seven cells */
extern void csv_histogram(FILE *out, const Histogram *histogram);

#endif /* REPORT_CSV_H */
