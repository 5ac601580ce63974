/*
 * report_forms.c
 *	  The forms of a run, and what has not all of them.
 */
#include "report_forms.h"

#include <string.h>

const char *
report_file_option(ReportFile file)
{
	static const char *const names[REPORT_FILES] = {[FILE_SVG] = "--svg",
													[FILE_HTML] = "--html",
													[FILE_TRACE] = "--trace",
													[FILE_HGRM] = "--hgrm",
													[FILE_METRICS] =
														"--metrics"};

	return names[file];
}

bool
report_forms_check(const ReportForms *forms, const char *const *files,
				   Err *err)
{
	for (ReportFile file = 0; file < REPORT_FILES; file++)
	{
		if (files[file] == NULL || forms->files[file] != NULL ||
			(file == FILE_TRACE && forms->has_trace))
			continue;
		err_set(err, ERR_USAGE, "%s tells about one run, and this is %s",
				report_file_option(file), forms->about);
		err_hint(err,
				 "--html and --svg show %s; for %s run what is of "
				 "interest by itself",
				 forms->about, report_file_option(file));
		return false;
	}
	return true;
}

/* -------- of a run -------- */

static void
run_text(FILE *out, const void *what, const ReportStyle *style)
{
	report_text(out, what, style);
}

static void
run_json(FILE *out, const void *what)
{
	report_json(out, what);
}

static void
run_csv(FILE *out, const void *what)
{
	report_csv(out, what);
}

static void
run_svg(FILE *out, const void *what)
{
	report_svg(out, what);
}

static void
run_html(FILE *out, const void *what)
{
	report_html(out, what);
}

static void
run_hgrm(FILE *out, const void *what)
{
	report_hgrm(out, what);
}

static void
run_metrics(FILE *out, const void *what)
{
	report_metrics(out, what);
}

const ReportForms report_run_forms = {
	.about = "a run",
	.text = run_text,
	.json = run_json,
	.csv = run_csv,
	.files = {[FILE_SVG] = run_svg,
			  [FILE_HTML] = run_html,
			  [FILE_HGRM] = run_hgrm,
			  [FILE_METRICS] = run_metrics},
	.has_trace = true,
};
