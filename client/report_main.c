/*
 * report_main.c
 *	  "asyncdemo report": a saved run again, in any form.
 */
#include "report_main.h"

#include "outputs.h"
#include "report_load.h"
#include "report_pair.h"

static bool
check_usage(const Options *options, Err *err)
{
	if (options->nplans < 1 || options->nplans > 2)
	{
		err_set(err, ERR_USAGE,
				options->nplans == 0
					? "there is no saved run to report"
					: "two saved runs at most are held against each other");
		err_hint(err, "name one file that asyncdemo run --format json wrote, "
					  "or two, or - for standard input");
		return false;
	}
	if (options->files[FILE_TRACE] == NULL)
		return true;
	err_set(err, ERR_USAGE,
			"a trace is written while a run goes on, not "
			"from a saved one");
	err_hint(err, "use asyncdemo run --trace");
	return false;
}

static bool
check_pair(const Options *options, Err *err)
{
	for (int i = 0; i < REPORT_FILES; i++)
		if (options->files[i] != NULL)
			return err_set(err, ERR_USAGE,
						   "two saved runs are compared as text or JSON, not "
						   "in \"%s\"",
						   options->files[i]);
	if (options->format == FORMAT_CSV)
		return err_set(err, ERR_USAGE,
					   "two saved runs are compared as text or JSON, not as "
					   "CSV");
	return true;
}

static void
print_pair(const Options *options, const ReportPair *pair)
{
	ReportStyle style = report_style(stdout, options->color);

	if (options->format == FORMAT_JSON)
		report_pair_json(stdout, pair);
	else
		report_pair_text(stdout, pair, &style);
}

static bool
report_two(const Options *options, Err *err)
{
	SavedRun *saved[2] = {NULL, NULL};
	ReportPair pair;
	bool ok = check_pair(options, err);

	for (int i = 0; i < 2 && ok; i++)
	{
		pair.names[i] = options->plans[i];
		saved[i] = saved_run_load(options->plans[i], err);
		ok = saved[i] != NULL;
		if (ok)
			pair.results[i] = saved_run_result(saved[i]);
	}
	if (ok)
		print_pair(options, &pair);
	saved_run_free(saved[0]);
	saved_run_free(saved[1]);
	return ok;
}

static bool
report_saved(const Options *options, Err *err)
{
	SavedRun *saved;
	Outputs outputs;
	bool ok;

	if (!check_usage(options, err))
		return false;
	if (options->nplans == 2)
		return report_two(options, err);
	saved = saved_run_load(options->plans[0], err);
	if (saved == NULL)
		return false;
	ok = outputs_open(&outputs, options, NULL, err);
	if (ok)
	{
		ok = outputs_report(&outputs, saved_run_result(saved), true, err);
		ok = outputs_close(&outputs, err) && ok;
	}
	saved_run_free(saved);
	return ok;
}

/* The exit status tells about the report, not about the run that was saved. */
int
report_main(int argc, char **argv)
{
	Options options;
	bool help;
	Err err;
	int exit_code = 0;

	if (!options_parse(&options, argc, argv, &help, &err) ||
		(!help && !report_saved(&options, &err)))
	{
		err_print(stderr, "error", &err);
		exit_code = err.kind == ERR_IO ? 2 : 1;
	}
	options_free(&options);
	return exit_code;
}
