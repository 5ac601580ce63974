/*
 * report_json.h
 *	  Private to the reports: JSON within a page, and its version.
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include "json_out.h"
#include "report.h"

/*
 * What a saved run calls itself.  The number grows when a reader of the old
 * one would misunderstand the new, not when something is added.
 */
#define REPORT_SCHEMA "asyncdemo-run"
#define REPORT_VERSION 1

/*
 * The JSON report; as many of the kept tasks as fit into so many bytes.
 * in_html: as the text of a script element.
 */
extern void report_json_limited(FILE *out, const RunResult *result,
								bool in_html, size_t max_bytes);

/* What every saved report begins with: what it is, and who wrote it. */
extern void report_json_head(JsonOut *json, const char *schema, int version);

/* With its buckets, so that it can be read again. */
extern void report_json_histogram(JsonOut *json, const char *key,
								  const Histogram *histogram);

/* "step_async" and so on, of a FixKind; how many there are. */
#define REPORT_FIXES (FIX_MODE + 1)
extern const char *report_fix_name(int kind);

#endif /* REPORT_JSON_H */
