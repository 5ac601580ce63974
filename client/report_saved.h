/*
 * report_saved.h
 *	  What --format json wrote, whatever it tells about, to be told again.
 *
 * report_saved_open makes one, report_saved_close ends it with all that it
 * points to.
 */
#ifndef REPORT_SAVED_H
#define REPORT_SAVED_H

#include "report_forms.h"

typedef struct ReportSaved ReportSaved;

/* "-" is standard input.  NULL: *err says what is wrong with it, and where. */
extern ReportSaved *report_saved_open(const char *path, Err *err);
extern void report_saved_close(ReportSaved *saved);

/* Its forms, and what they take. */
extern const ReportForms *report_saved_forms(const ReportSaved *saved);
extern const void *report_saved_what(const ReportSaved *saved);

#endif /* REPORT_SAVED_H */
