/*
 * report_load.h
 *	  A saved run: what --format json wrote, as the result it was written from.
 *
 * report_saved.h reads files; this is for what is known to be a run.
 * saved_run_load makes one, saved_run_free ends it with all that its result
 * points to.  What a report can show is there; the plan has the steps that ran
 * and the text as it was saved, not what it would take to run it again.
 */
#ifndef REPORT_LOAD_H
#define REPORT_LOAD_H

#include "json_in.h"
#include "report.h"

typedef struct SavedRun SavedRun;

/* NULL: in->err says what is wrong with it, and where. */
extern SavedRun *saved_run_load(JsonIn *in, json_t *root);
extern const RunResult *saved_run_result(const SavedRun *saved);
extern void saved_run_free(SavedRun *saved);

/* As report_json_histogram has written it. */
extern void load_histogram(JsonIn *in, json_t *from, const char *key,
						   Histogram *histogram);

#endif /* REPORT_LOAD_H */
