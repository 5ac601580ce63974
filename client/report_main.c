/*
 * report_main.c
 *	  "asyncdemo report": a saved run again, in any form.
 */
#include "report_main.h"

#include "outputs.h"
#include "report_load.h"

static bool
check_usage(const Options *options, Err *err)
{
	if (options->nplans != 1)
	{
		err_set(err, ERR_USAGE,
				options->nplans == 0 ? "there is no saved run to report"
									 : "one saved run is reported at a time");
		err_hint(err, "name one file that asyncdemo run --format json wrote, "
					  "or - for standard input");
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
report_saved(const Options *options, Err *err)
{
	SavedRun *saved;
	Outputs outputs;
	bool ok;

	if (!check_usage(options, err))
		return false;
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
