/*
 * report_main.c
 *	  "asyncdemo report": what was saved again, in any form.
 */
#include "report_main.h"

#include "outputs.h"
#include "report_pair.h"
#include "report_saved.h"

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
report_what(const Options *options, const ReportForms *forms, const void *what,
			Err *err)
{
	Outputs outputs;
	bool ok = outputs_open(&outputs, options, forms, NULL, err);

	if (ok)
	{
		ok = outputs_report(&outputs, what, true, err);
		ok = outputs_close(&outputs, err) && ok;
	}
	return ok;
}

static bool
report_one(const Options *options, Err *err)
{
	ReportSaved *saved = report_saved_open(options->plans[0], err);
	bool ok = saved != NULL && report_what(options, report_saved_forms(saved),
										   report_saved_what(saved), err);

	report_saved_close(saved);
	return ok;
}

static bool
report_two(const Options *options, Err *err)
{
	ReportSaved *saved[2] = {NULL, NULL};
	ReportPair pair;
	bool ok = true;

	for (int i = 0; i < 2 && ok; i++)
	{
		pair.names[i] = options->plans[i];
		saved[i] = report_saved_open(options->plans[i], err);
		ok = saved[i] != NULL;
		if (ok && report_saved_forms(saved[i]) != &report_run_forms)
		{
			ok = err_set(err, ERR_USAGE,
						 "two runs are held against each other, and "
						 "\"%.300s\" is %s",
						 options->plans[i],
						 report_saved_forms(saved[i])->about);
			err_hint(err, "report it alone");
		}
		else if (ok)
			pair.results[i] = report_saved_what(saved[i]);
	}
	ok = ok && report_what(options, &report_pair_forms, &pair, err);
	report_saved_close(saved[0]);
	report_saved_close(saved[1]);
	return ok;
}

static bool
report_saved(const Options *options, Err *err)
{
	if (!check_usage(options, err))
		return false;
	return options->nplans == 2 ? report_two(options, err)
								: report_one(options, err);
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
