/*
 * options.c
 *	  The command line, and the \option lines of a plan, which give way to it.
 *
 * Both read the same table (options_table.c); what a value may be stands in
 * options_set.c.
 */
#include "options_private.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

/* -------- the command line -------- */

static const OptionRow *
row_by_id(int id)
{
	for (int i = 0; i < option_nrows; i++)
		if ((int) option_rows[i].id == id ||
			(id < 256 && option_rows[i].letter == id))
			return &option_rows[i];
	return NULL;
}

static void
fill_getopt(struct option *longs, char *shorts)
{
	int n = 0;

	shorts[n++] = ':';
	for (int i = 0; i < option_nrows; i++)
	{
		longs[i].name = option_rows[i].name;
		longs[i].has_arg =
			option_rows[i].value ? required_argument : no_argument;
		longs[i].flag = NULL;
		longs[i].val = (int) option_rows[i].id;
		if (option_rows[i].letter == 0 || option_rows[i].letter == '?')
			continue;
		shorts[n++] = option_rows[i].letter;
		if (option_rows[i].value != NULL)
			shorts[n++] = ':';
	}
	shorts[n] = '\0';
	memset(&longs[option_nrows], 0, sizeof(longs[0]));
}

static bool
unknown_option(const char *word, Err *err)
{
	const char *names[OPTION_ROWS_MAX];
	const char *near;
	char bare[64];

	for (int i = 0; i < option_nrows; i++)
		names[i] = option_rows[i].name;
	snprintf(bare, sizeof(bare), "%.60s", word + strspn(word, "-"));
	bare[strcspn(bare, "=")] = '\0';
	near = word[0] == '-' && word[1] == '-'
			   ? err_nearest(bare, names, option_nrows)
			   : NULL;
	err_set(err, ERR_USAGE, "unknown option \"%.80s\"", word);
	if (near != NULL)
		err_hint(err, "did you mean --%s? asyncdemo --help lists them all",
				 near);
	else
		err_hint(err, "asyncdemo --help lists them all");
	return false;
}

static bool
check_job(const RunOptions *run, Err *err)
{
	if (run->retry_failed && run->joblog == NULL)
	{
		err_set(err, ERR_USAGE, "--retry-failed needs a job log");
		err_hint(err, "name the log of the run in which they failed with "
					  "--joblog");
		return false;
	}
	if (run->resume && run->joblog == NULL && run->ledger == NULL)
	{
		err_set(err, ERR_USAGE, "--resume needs a job log or a ledger");
		err_hint(err, "name the log of the run that ended too early with "
					  "--joblog");
		return false;
	}
	return true;
}

/* What a sampler sees belongs to one run. */
static bool
check_sampler(const Options *options, Err *err)
{
	bool is_run = strcmp(options->command, "run") == 0 ||
				  strcmp(options->command, "check") == 0;

	if (options->run.sample_ns == 0)
		return true;
	if (options->nvariants > 0 || !is_run)
	{
		err_set(err, ERR_USAGE, "--sample-server is for a run that is alone");
		err_hint(err, "sample one setting with asyncdemo run%s",
				 is_run ? ", without --compare" : "");
		return false;
	}
	if (options->run.pooler)
	{
		err_set(err, ERR_USAGE,
				"--sample-server does not go together with --pooler: which "
				"backend runs what cannot be told through a pooler");
		err_hint(err, "connect to the server itself to sample it");
		return false;
	}
	return true;
}

/* It shows one run after the other, but holds none against another. */
static bool
check_live(const Options *options, Err *err)
{
	const InputOptions *input = &options->input;

	if (!options->run.live)
		return true;
	if (options->nvariants > 0 || strcmp(options->command, "demo") == 0)
	{
		err_set(err, ERR_USAGE, "--live shows one run, %s makes many",
				options->nvariants > 0 ? "--compare" : options->command);
		err_hint(err, "watch the run that is of interest by itself");
		return false;
	}
	if (options->run.no_progress)
	{
		err_set(err, ERR_USAGE, "--live and --no-progress exclude each other");
		err_hint(err, "keep the one that is wanted");
		return false;
	}
	if (input->file == NULL || strcmp(input->file, "-") != 0 ||
		!isatty(STDIN_FILENO))
		return true;
	err_set(err, ERR_USAGE,
			"--live has the terminal, from which the input would be read");
	err_hint(err, "give the input as a file or through a pipe");
	return false;
}

bool
options_check(const Options *options, Err *err)
{
	const RunOptions *run = &options->run;
	bool is_sweep = strcmp(options->command, "sweep") == 0;
	int limits =
		(run->tasks > 0) + (run->per_slot > 0) + (run->duration_ns > 0);

	if (limits > 1)
	{
		err_set(err, ERR_USAGE, "--tasks, -t and -T exclude each other");
		err_hint(err, "keep the one that says how long the run shall last");
		return false;
	}
	if (options->nvariants == 0 &&
		((options->rounds > 0 && !is_sweep) || options->fail_if_slower >= 0))
	{
		err_set(err, ERR_USAGE, "%s is for --compare",
				options->rounds > 0 && !is_sweep ? "--rounds"
												 : "--fail-if-slower");
		err_hint(err, "say what to compare, such as --compare "
					  "sequential,async");
		return false;
	}
	if (options->nvariants > 0 && (run->joblog != NULL || run->ledger != NULL))
	{
		err_set(err, ERR_USAGE,
				"--compare runs the plan many times, and has "
				"no place for a job log or a ledger");
		err_hint(err, "leave %s out for the comparison",
				 run->joblog != NULL ? "--joblog" : "--ledger");
		return false;
	}
	return check_sampler(options, err) && check_live(options, err) &&
		   check_job(run, err) && options_check_feed(options, err);
}

/*
 * Behind --compare, a word such as "c=50" that is no file is one variant more.
 */
static void
add_word(Options *options, const char *word)
{
	if (options->nvariants > 0 && strchr(word, '=') != NULL &&
		access(word, F_OK) != 0)
		options_add_text(&options->variants, &options->nvariants, word);
	else
		options_add_text(&options->plans, &options->nplans, word);
}

bool
options_parse(Options *options, int argc, char **argv, bool *help, Err *err)
{
	struct option longs[OPTION_ROWS_MAX + 1];
	char shorts[2 * OPTION_ROWS_MAX + 4];
	int c;

	memset(options, 0, sizeof(*options));
	run_options_init(&options->run);
	options->run.conn.connect_timeout_ns = 10 * NS_PER_S;
	options->command = argv[0];
	options->color = "auto";
	options->fail_if_slower = -1;
	options->unit_ns = 300 * NS_PER_MS;
	options->given = mem_alloc(OPT_END - OPT_DBNAME);
	*help = false;
	fill_getopt(longs, shorts);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
	{
		const OptionRow *row = c == '?' ? NULL : row_by_id(c);

		if (c == ':')
		{
			err_set(err, ERR_USAGE, "option \"%.80s\" needs a value",
					argv[optind - 1]);
			err_hint(err, "asyncdemo --help shows what it takes");
			return false;
		}
		if (row == NULL)
			return unknown_option(argv[optind - 1], err);
		if (row->id == OPT_HELP)
		{
			options_usage(stdout);
			*help = true;
			return true;
		}
		if (row->id == OPT_BUILTIN && strcmp(optarg, "list") == 0)
		{
			builtin_list(stdout);
			*help = true;
			return true;
		}
		options->given[row->id - OPT_DBNAME] = 1;
		if (!option_set(options, row, optarg, err))
			return false;
	}
	for (; optind < argc; optind++)
		add_word(options, argv[optind]);
	return options_check(options, err);
}

bool
options_from_plan(Options *options, const Plan *plan, Err *err)
{
	for (int i = 0; i < plan->noptions; i++)
	{
		const PlanOption *option = &plan->options[i];
		const OptionRow *row = NULL;
		const char *names[OPTION_ROWS_MAX];
		const char *near;
		int nnames = 0;

		for (int j = 0; j < option_nrows; j++)
		{
			if (!option_rows[j].in_plan)
				continue;
			names[nnames++] = option_rows[j].name;
			if (strcmp(option_rows[j].name, option->name) == 0)
				row = &option_rows[j];
		}
		if (row == NULL)
		{
			near = err_nearest(option->name, names, nnames);
			err_set(err, ERR_PLAN, "a plan has no option \"%.60s\"",
					option->name);
			err_hint(
				err,
				near ? "did you mean %s?"
					 : "asyncdemo --help lists "
					   "the options; those that say who and where to connect "
					   "stay on the command line",
				near ? near : "");
			plan_place(plan, option->place, err);
			return false;
		}
		if (options->given[row->id - OPT_DBNAME])
			continue;
		if (!option_set(options, row, option->value, err))
		{
			err->kind = ERR_PLAN;
			plan_place(plan, option->place, err);
			return false;
		}
	}
	return options_check(options, err);
}

void
options_free(Options *options)
{
	for (int i = 0; i < options->nvariables; i++)
	{
		free((char *) (uintptr_t) options->variables[i].name);
		free((char *) (uintptr_t) options->variables[i].value);
	}
	free(options->variables);
	options_free_scripts(options);
	free(options->plans);
	free(options->variants);
	arena_free(options->texts);
	free(options->commands);
	free(options->given);
}
