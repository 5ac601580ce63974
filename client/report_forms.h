/*
 * report_forms.h
 *	  The forms that a report can take, and which of them each kind has.
 *
 * What is reported is a run, a sweep, a comparison or two saved runs; a
 * ReportForms knows how to tell one of these, so that whoever opens files and
 * chooses forms need not.
 */
#ifndef REPORT_FORMS_H
#define REPORT_FORMS_H

#include "report.h"

typedef enum ReportFormat
{
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_CSV
} ReportFormat;

/* Reports that go to files of their own. */
typedef enum ReportFile
{
	FILE_SVG,
	FILE_HTML,
	FILE_TRACE,
	FILE_HGRM,
	FILE_METRICS,
	REPORT_FILES
} ReportFile;

typedef void (*ReportWriteFn)(FILE *out, const void *what);

typedef struct ReportForms
{
	const char *about; /* "a sweep", for messages */
	void (*text)(FILE *out, const void *what, const ReportStyle *style);
	ReportWriteFn json;
	ReportWriteFn csv;
	ReportWriteFn files[REPORT_FILES]; /* NULL: not for this kind */
	bool has_trace;					   /* written while it goes on */
} ReportForms;

extern const ReportForms report_run_forms;	   /* of a RunResult */
extern const ReportForms report_sweep_forms;   /* of a Sweep */
extern const ReportForms report_compare_forms; /* of a Compare */
extern const ReportForms report_pair_forms;	   /* of a ReportPair */

/* "--svg" and so on. */
extern const char *report_file_option(ReportFile file);

/* Has it all these forms?  files: by ReportFile, NULL where none is wanted. */
extern bool report_forms_check(const ReportForms *forms,
							   const char *const *files, Err *err);

#endif /* REPORT_FORMS_H */
