/*
 * outputs.c
 *	  Where a run's rows and reports go.
 */
#include "outputs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "output_file.h"

static bool
is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

static bool
plan_emits(const Plan *plan)
{
	for (int i = 0; i < plan->nbodies; i++)
		for (int j = 0; j < plan->bodies[i].nsteps; j++)
			if (plan->bodies[i].steps[j].kind == STEP_EMIT)
				return true;
	return false;
}

/* -------- who goes where -------- */

/* What claims a place first keeps it; *holder NULL: nobody yet. */
static bool
claim_stdout(const char **holder, const char *claimant, Err *err)
{
	if (*holder == NULL)
	{
		*holder = claimant;
		return true;
	}
	err_set(err, ERR_USAGE, "%s and %s cannot both go to standard output",
			*holder, claimant);
	err_hint(err, strncmp(*holder, "rows", 4) == 0
					  ? "send the rows to a file with --output"
					  : "send one of them to a file");
	return false;
}

static bool
share_stdout(Outputs *outputs, bool emits, Err *err)
{
	const Options *options = outputs->options;
	const char *rows = options->output.file;
	const char *holder = NULL;

	if (rows != NULL ? is_stdout(rows) : emits)
		holder = "rows of \\emit";
	if (options->format == FORMAT_JSON &&
		!claim_stdout(&holder, "the JSON report", err))
		return false;
	if (options->format == FORMAT_CSV &&
		!claim_stdout(&holder, "the CSV report", err))
		return false;
	for (ReportFile i = 0; i < REPORT_FILES; i++)
		if (options->files[i] != NULL && is_stdout(options->files[i]) &&
			!claim_stdout(&holder, report_file_option(i), err))
			return false;
	outputs->text = holder != NULL ? stderr : stdout;
	return true;
}

static bool
check_twice(const Options *options, Err *err)
{
	for (int i = 0; i < REPORT_FILES; i++)
		for (int j = -1; j < i; j++)
		{
			const char *one = options->files[i];
			const char *other =
				j < 0 ? options->output.file : options->files[j];

			if (one == NULL || other == NULL || is_stdout(one) ||
				strcmp(one, other) != 0)
				continue;
			err_set(err, ERR_USAGE, "%s and %s name the same file, \"%.300s\"",
					j < 0 ? "--output" : report_file_option((ReportFile) j),
					report_file_option((ReportFile) i), one);
			err_hint(err, "give each a file of its own");
			return false;
		}
	return true;
}

/* Rows on the terminal would be kept back until the run has ended. */
static bool
check_live(const Options *options, bool emits, Err *err)
{
	const char *rows = options->output.file;

	if (!options->run.live || !(rows != NULL ? is_stdout(rows) : emits) ||
		!isatty(STDOUT_FILENO))
		return true;
	err_set(err, ERR_USAGE,
			"--live has the terminal, to which the rows of \\emit would go");
	err_hint(err, "send the rows to a file with --output");
	return false;
}

/* -------- the three parts -------- */

static bool
open_rows(Outputs *outputs, const Plan *plan, Err *err)
{
	const Options *options = outputs->options;

	if (plan == NULL)
		return true;
	outputs->settings = options->output;
	/* what earlier runs have written stays */
	outputs->settings.append =
		options->run.resume || options->run.retry_failed;
	outputs->rows = output_open(&outputs->settings, plan, err);
	return outputs->rows != NULL || err->kind == ERR_NONE;
}

static bool
open_trace(Outputs *outputs, const Plan *plan, Err *err)
{
	const char *path = outputs->options->files[FILE_TRACE];
	if (path == NULL || plan == NULL)
		return true;
	outputs->trace = is_stdout(path) ? stdout : fopen(path, "w");
	if (outputs->trace == NULL)
		return output_file_failed(path, errno, err);
	outputs->tracer = trace_file_new(outputs->trace, plan, clock_now_ns());
	return true;
}

bool
outputs_open(Outputs *outputs, const Options *options,
			 const ReportForms *forms, const Plan *plan, Err *err)
{
	bool emits = plan != NULL && plan_emits(plan);
	Err ignored;

	*outputs = (Outputs){.options = options, .forms = forms};
	if (!report_forms_check(forms, options->files, err) ||
		!check_live(options, emits, err) ||
		!share_stdout(outputs, emits, err) || !check_twice(options, err))
		return false;
	for (ReportFile i = 0; i < REPORT_FILES; i++)
		if (options->files[i] != NULL &&
			!output_file_check(options->files[i], err))
			return false;

	/* these two wipe what was there: not before all else is well */
	if (open_rows(outputs, plan, err) && open_trace(outputs, plan, err))
		return true;
	outputs_close(outputs, &ignored);
	return false;
}

static bool
write_file(const char *path, ReportWriteFn write, const void *what, Err *err)
{
	OutputFile output;
	FILE *out = output_file_begin(&output, path, err);

	if (out == NULL)
	{
		err->kind = ERR_IO;
		return false;
	}
	write(out, what);
	return output_file_end(&output, err);
}

static void
write_main(const Outputs *outputs, const void *what)
{
	const Options *options = outputs->options;
	const ReportForms *forms = outputs->forms;
	ReportStyle style;

	if (options->format == FORMAT_JSON)
		forms->json(stdout, what);
	else if (options->format == FORMAT_CSV)
		forms->csv(stdout, what);
	else if (!options->quiet)
	{
		style = report_style(outputs->text, options->color);
		forms->text(outputs->text, what, &style);
	}
}

bool
outputs_report(Outputs *outputs, const void *what, bool has_run, Err *err)
{
	const Options *options = outputs->options;
	const ReportForms *forms = outputs->forms;
	bool ok = true;

	if (has_run)
		write_main(outputs, what);
	for (ReportFile i = 0; i < REPORT_FILES; i++)
	{
		Err one;

		if (options->files[i] == NULL || forms->files[i] == NULL ||
			(!has_run && i != FILE_METRICS))
			continue;
		if (!write_file(options->files[i], forms->files[i], what, &one) && ok)
		{
			*err = one;
			ok = false;
		}
	}
	return ok;
}

/* error: of what was written before, 0 if all was well */
static bool
close_one(FILE *file, const char *path, int error, Err *err)
{
	bool failed = error != 0 || ferror(file) != 0;

	errno = 0;
	if (fclose(file) != 0)
		failed = true;
	if (!failed)
		return true;
	if (error == 0)
		error = errno != 0 ? errno : EIO;
	output_file_failed(path, error, err);
	err->kind = ERR_IO;
	return false;
}

bool
outputs_close(Outputs *outputs, Err *err)
{
	const Options *options = outputs->options;
	int error = 0;
	bool ok = true;

	if (outputs->tracer != NULL)
		error = trace_file_end(outputs->tracer);
	if (outputs->trace != NULL && outputs->trace != stdout)
		ok = close_one(outputs->trace, options->files[FILE_TRACE], error, err);
	if (outputs->rows != NULL)
		ok = output_close(outputs->rows, err) && ok;
	*outputs = (Outputs){.options = options, .forms = outputs->forms};
	return ok;
}
