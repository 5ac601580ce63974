/*
 * report_load.h
 *	  A saved run: what --format json wrote, as the result it was written from.
 *
 * saved_run_load makes one, saved_run_free ends it with all that its result
 * points to.  What a report can show is there; the plan has the steps that ran
 * and the text as it was saved, not what it would take to run it again.
 */
#ifndef REPORT_LOAD_H
#define REPORT_LOAD_H

#include "report.h"

typedef struct SavedRun SavedRun;

/* "-" is standard input.  NULL: *err says what is wrong with it, and where. */
extern SavedRun *saved_run_load(const char *path, Err *err);
extern const RunResult *saved_run_result(const SavedRun *saved);
extern void saved_run_free(SavedRun *saved);

#endif /* REPORT_LOAD_H */
