/*
 * options.c
 *	  The command line: one table of options, one sentence for each mistake.
 *
 * The same table serves \option lines of a plan, which give way to what the
 * command line says.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "mem.h"

typedef enum OptionId
{
	OPT_DBNAME = 256,
	OPT_HOST,
	OPT_PORT,
	OPT_USERNAME,
	OPT_NO_PASSWORD,
	OPT_PASSWORD,
	OPT_EXECUTE,
	OPT_CONCURRENCY,
	OPT_CONNECTIONS,
	OPT_TASKS,
	OPT_TRANSACTIONS,
	OPT_TIME,
	OPT_MODE,
	OPT_PROTOCOL,
	OPT_HOLD,
	OPT_ON_CONNECT,
	OPT_ON_ACQUIRE,
	OPT_ON_RELEASE,
	OPT_POOLER,
	OPT_NO_WARM,
	OPT_TIMEOUT,
	OPT_CONNECT_TIMEOUT,
	OPT_ON_ERROR,
	OPT_MAX_ERRORS,
	OPT_THREADS,
	OPT_DEFINE,
	OPT_SEED,
	OPT_OUTPUT,
	OPT_FORMAT,
	OPT_COLOR,
	OPT_QUIET,
	OPT_NO_VACUUM,
	OPT_DRY_RUN,
	OPT_DUMP,
	OPT_UNIT,
	OPT_ONLY,
	OPT_SHOW,
	OPT_HELP,
	OPT_END
} OptionId;

typedef struct OptionRow
{
	OptionId id;
	char letter; /* 0: none */
	const char *name;
	const char *value; /* NULL: takes none */
	const char *help;  /* NULL: begins no line of its own */
	bool in_plan;	   /* \option may say it */
} OptionRow;

static const OptionRow rows[] = {
	{OPT_DBNAME, 'd', "dbname", "CONNINFO",
	 "database name, connection string or URI", false},
	{OPT_HOST, 'h', "host", "HOST", "server's host or socket directory",
	 false},
	{OPT_PORT, 'p', "port", "PORT", "server's port", false},
	{OPT_USERNAME, 'U', "username", "NAME", "database user", false},
	{OPT_NO_PASSWORD, 'w', "no-password", NULL, "never ask for a password",
	 false},
	{OPT_PASSWORD, 'W', "password", NULL, "ask for a password first", false},
	{OPT_EXECUTE, 'e', "execute", "TEXT", "plan text, such as 'SELECT 1'",
	 false},
	{OPT_DEFINE, 'D', "define", "NAME=VALUE", "set a variable", false},
	{OPT_CONCURRENCY, 'c', "concurrency", "N",
	 "tasks in flight (default: the plan's own tasks, else 10)", true},
	{OPT_CONNECTIONS, 0, "connections", "N",
	 "size of the pool (default: as -c)", true},
	{OPT_TASKS, 0, "tasks", "N", "how many tasks in all", true},
	{OPT_TRANSACTIONS, 't', "transactions", "N", "tasks for each slot of -c",
	 true},
	{OPT_TIME, 'T', "time", "SECONDS", "begin tasks for so long", true},
	{OPT_MODE, 0, "mode", "MODE",
	 "plan, async, blocking, threads or sequential", true},
	{OPT_PROTOCOL, 'M', "protocol", "NAME", "simple, extended or prepared",
	 true},
	{OPT_HOLD, 0, "hold", "SPAN",
	 "keep a lease for the task, transaction or statement", true},
	{OPT_ON_CONNECT, 0, "on-connect", "SQL", "run on each new connection",
	 true},
	{OPT_ON_ACQUIRE, 0, "on-acquire", "SQL", "run at the begin of each lease",
	 true},
	{OPT_ON_RELEASE, 0, "on-release", "SQL", "run at the end of each lease",
	 true},
	{OPT_POOLER, 0, "pooler", NULL, "the server is a pooler such as PgBouncer",
	 true},
	{OPT_NO_WARM, 0, "no-warm", NULL,
	 "open connections when they are first needed", true},
	{OPT_THREADS, 0, "threads", "N", "worker threads for \\thread steps",
	 true},
	{OPT_TIMEOUT, 0, "timeout", "SECONDS", "for each step", true},
	{OPT_CONNECT_TIMEOUT, 0, "connect-timeout", "SECONDS",
	 "for each address (default 10)", true},
	{OPT_ON_ERROR, 0, "on-error", "WHAT", "continue, drain or cancel", true},
	{OPT_MAX_ERRORS, 0, "max-errors", "N[%]",
	 "stop after more failed tasks than that", true},
	{OPT_SEED, 0, "random-seed", "N", "make random functions repeat", true},
	{OPT_OUTPUT, 'o', "output", "FILE", "write the rows of \\emit there",
	 false},
	{OPT_FORMAT, 0, "format", "NAME", "of the report: text or json", true},
	{OPT_COLOR, 0, "color", "WHEN", "auto, always or never", false},
	{OPT_QUIET, 'q', "quiet", NULL, "no report, no notices; errors only",
	 false},
	{OPT_NO_VACUUM, 'n', "no-vacuum", NULL, "accepted; does nothing", false},
	{OPT_DRY_RUN, 0, "dry-run", NULL, "check the plan, run nothing", false},
	{OPT_DUMP, 0, "dump", NULL, "check: print the plan's canonical text",
	 false},
	{OPT_UNIT, 0, "unit", "TIME", "demo: one unit (default 300ms)", false},
	{OPT_ONLY, 0, "only", "N,...", "demo: run these experiments", false},
	{OPT_SHOW, 0, "show", "N", "demo: print an experiment's plan", false},
	{OPT_HELP, '?', "help", NULL, "this text", false},
};

#define NROWS ((int) (sizeof(rows) / sizeof(rows[0])))

void
options_usage(FILE *out)
{
	fputs("asyncdemo: does work with PostgreSQL and HTTP really overlap?\n\n"
		  "  asyncdemo demo  [OPTION]...        run the experiments\n"
		  "  asyncdemo run   PLAN... [OPTION]... run a plan (- is standard "
		  "input)\n"
		  "  asyncdemo check PLAN...            read a plan, run nothing\n"
		  "  asyncdemo serve [OPTION]...        the delay server\n\n"
		  "Options:\n",
		  out);
	for (int i = 0; i < NROWS; i++)
	{
		char left[64];

		if (rows[i].letter != 0 && rows[i].letter != '?')
			snprintf(left, sizeof(left), "-%c, --%s%s%s", rows[i].letter,
					 rows[i].name, rows[i].value ? "=" : "",
					 rows[i].value ? rows[i].value : "");
		else
			snprintf(left, sizeof(left), "    --%s%s%s", rows[i].name,
					 rows[i].value ? "=" : "",
					 rows[i].value ? rows[i].value : "");
		fprintf(out, "  %-28s %s\n", left, rows[i].help);
	}
	fputs("      --version                print the version\n\n"
		  "PG* variables, .pgpass and service files count as for psql.\n"
		  "Exit: 0 all well, 1 usage or plan, 2 a task failed, 3 an "
		  "expectation failed,\n      4 no connection, 5 stopped by a limit, "
		  "130 interrupted\n\n"
		  "Example: asyncdemo run -d mydb -c 20 --tasks 1000 -e 'SELECT 1'\n",
		  out);
}

/* -------- values -------- */

static bool
bad_value(const OptionRow *row, const char *text, const char *wanted, Err *err)
{
	err_set(err, ERR_USAGE, "--%s cannot be \"%.80s\"", row->name, text);
	err_hint(err, "it takes %s", wanted);
	return false;
}

static bool
read_count(const OptionRow *row, const char *text, int64_t most,
		   int64_t *number, Err *err)
{
	char wanted[80];
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *number >= 1 &&
		*number <= most)
		return true;
	snprintf(wanted, sizeof(wanted), "a whole number from 1 to %lld",
			 (long long) most);
	return bad_value(row, text, wanted, err);
}

static bool
read_int(const OptionRow *row, const char *text, int most, int *number,
		 Err *err)
{
	int64_t wide;

	if (!read_count(row, text, most, &wide, err))
		return false;
	*number = (int) wide;
	return true;
}

static bool
read_duration(const OptionRow *row, const char *text, int64_t *ns, Err *err)
{
	if (duration_parse(text, strlen(text), ns) && *ns > 0)
		return true;
	return bad_value(row, text, "a time longer than nothing: 2, 0.5s or 300ms",
					 err);
}

/* One of several words; its place among them. */
static bool
read_word(const OptionRow *row, const char *text, const char *const *words,
		  int nwords, int *place, Err *err)
{
	char wanted[160] = "one of ";

	for (int i = 0; i < nwords; i++)
	{
		if (strcmp(words[i], text) == 0)
		{
			*place = i;
			return true;
		}
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted),
				 "%s%s", i > 0 ? ", " : "", words[i]);
	}
	return bad_value(row, text, wanted, err);
}

#define WORDS(words) (words), (int) (sizeof(words) / sizeof((words)[0]))

static bool
read_max_errors(RunOptions *run, const OptionRow *row, const char *text,
				Err *err)
{
	char *end;

	errno = 0;
	run->max_errors = strtoll(text, &end, 10);
	run->max_errors_is_percent = *end == '%';
	if (*end == '%')
		end++;
	if (errno == 0 && end != text && *end == '\0' && run->max_errors >= 0 &&
		!(run->max_errors_is_percent && run->max_errors > 100))
		return true;
	return bad_value(row, text, "a number from 0, or a percentage", err);
}

static bool
read_define(Options *options, const OptionRow *row, const char *text, Err *err)
{
	const char *equals = strchr(text, '=');
	RunVariable *variable;

	if (equals == NULL || equals == text)
		return bad_value(row, text, "NAME=VALUE", err);
	options->variables =
		mem_realloc(options->variables,
					(size_t) (options->nvariables + 1) * sizeof(RunVariable));
	variable = &options->variables[options->nvariables++];
	variable->name = mem_strndup(text, (size_t) (equals - text));
	variable->value = mem_strdup(equals + 1);
	options->run.variables = options->variables;
	options->run.nvariables = options->nvariables;
	return true;
}

static void
add_text(const char ***list, int *count, const char *text)
{
	*list = mem_realloc(*list, (size_t) (*count + 1) * sizeof(char *));
	(*list)[(*count)++] = text;
}

/* -------- one option -------- */

static bool
set_words(Options *options, const OptionRow *row, const char *text, Err *err)
{
	static const char *const modes[] = {"plan", "async", "blocking", "threads",
										"sequential"};
	static const char *const protocols[] = {"simple", "extended", "prepared"};
	static const char *const holds[] = {"task", "transaction", "statement"};
	static const char *const errors[] = {"continue", "drain", "cancel"};
	static const char *const formats[] = {"text", "json"};
	static const char *const colors[] = {"auto", "always", "never"};
	RunOptions *run = &options->run;
	int place = 0;
	bool ok = false;

	if (row->id == OPT_MODE)
		ok = read_word(row, text, WORDS(modes), &place, err);
	else if (row->id == OPT_PROTOCOL)
		ok = read_word(row, text, WORDS(protocols), &place, err);
	else if (row->id == OPT_HOLD)
		ok = read_word(row, text, WORDS(holds), &place, err);
	else if (row->id == OPT_ON_ERROR)
		ok = read_word(row, text, WORDS(errors), &place, err);
	else if (row->id == OPT_FORMAT)
		ok = read_word(row, text, WORDS(formats), &place, err);
	else
		ok = read_word(row, text, WORDS(colors), &place, err);
	if (!ok)
		return false;
	if (row->id == OPT_MODE)
		run->mode = (RunMode) place;
	else if (row->id == OPT_PROTOCOL)
	{
		run->has_protocol = true;
		run->protocol = (Protocol) place;
	}
	else if (row->id == OPT_HOLD)
		run->hold = (Hold) place;
	else if (row->id == OPT_ON_ERROR)
		run->on_error = (OnError) place;
	else if (row->id == OPT_FORMAT)
		options->format = (ReportFormat) place;
	else
		options->color = colors[place];
	return true;
}

static bool
set_number(Options *options, const OptionRow *row, const char *text, Err *err)
{
	RunOptions *run = &options->run;
	int64_t number;

	switch ((int) row->id)
	{
		case OPT_CONCURRENCY:
			return read_int(row, text, 100000, &run->concurrency, err);
		case OPT_CONNECTIONS:
			return read_int(row, text, 100000, &run->connections, err);
		case OPT_TASKS:
			return read_count(row, text, INT64_C(1000000000000), &run->tasks,
							  err);
		case OPT_TRANSACTIONS:
			return read_count(row, text, INT64_C(1000000000), &run->per_slot,
							  err);
		case OPT_THREADS:
			return read_int(row, text, 1024, &run->workers, err);
		case OPT_SEED:
			if (!read_count(row, text, INT64_MAX, &number, err))
				return false;
			run->seed = (uint64_t) number;
			return true;
		case OPT_TIME:
			return read_duration(row, text, &run->duration_ns, err);
		case OPT_TIMEOUT:
			return read_duration(row, text, &run->step_timeout_ns, err);
		case OPT_CONNECT_TIMEOUT:
			return read_duration(row, text, &run->conn.connect_timeout_ns,
								 err);
		case OPT_UNIT:
			return read_duration(row, text, &options->unit_ns, err);
	}
	return read_max_errors(run, row, text, err);
}

static bool
set_text(Options *options, const OptionRow *row, const char *text, Err *err)
{
	RunOptions *run = &options->run;

	switch ((int) row->id)
	{
		case OPT_DBNAME:
			run->conn.conninfo = text;
			return true;
		case OPT_HOST:
			run->conn.host = text;
			return true;
		case OPT_PORT:
			run->conn.port = text;
			return true;
		case OPT_USERNAME:
			run->conn.user = text;
			return true;
		case OPT_EXECUTE:
			add_text(&options->commands, &options->ncommands, text);
			return true;
		case OPT_DEFINE:
			return read_define(options, row, text, err);
		case OPT_ON_CONNECT:
			run->hooks[HOOK_CONNECT] = text;
			return true;
		case OPT_ON_ACQUIRE:
			run->hooks[HOOK_ACQUIRE] = text;
			return true;
		case OPT_ON_RELEASE:
			run->hooks[HOOK_RELEASE] = text;
			return true;
		case OPT_OUTPUT:
			options->output = text;
			return true;
		case OPT_ONLY:
			options->only = text;
			return true;
		case OPT_SHOW:
			options->show = text;
			return true;
	}
	return set_number(options, row, text, err);
}

static void
set_flag(Options *options, const OptionRow *row)
{
	switch ((int) row->id)
	{
		case OPT_NO_PASSWORD:
			options->never_ask = true;
			break;
		case OPT_PASSWORD:
			options->ask_password = true;
			break;
		case OPT_POOLER:
			options->run.pooler = true;
			options->run.conn.pooler = true;
			options->run.hold = HOLD_TRANSACTION;
			if (!options->run.has_protocol)
				options->run.protocol = PROTOCOL_EXTENDED;
			options->run.has_protocol = true;
			break;
		case OPT_NO_WARM:
			options->run.no_warm = true;
			break;
		case OPT_QUIET:
			options->quiet = true;
			options->run.quiet = true;
			break;
		case OPT_DRY_RUN:
			options->dry_run = true;
			break;
		case OPT_DUMP:
			options->dump = true;
			break;
	}
}

static bool
set_option(Options *options, const OptionRow *row, const char *text, Err *err)
{
	switch ((int) row->id)
	{
		case OPT_MODE:
		case OPT_PROTOCOL:
		case OPT_HOLD:
		case OPT_ON_ERROR:
		case OPT_FORMAT:
		case OPT_COLOR:
			return set_words(options, row, text, err);
	}
	if (row->value == NULL)
	{
		set_flag(options, row);
		return true;
	}
	return set_text(options, row, text, err);
}

/* -------- the command line -------- */

static const OptionRow *
row_by_id(int id)
{
	for (int i = 0; i < NROWS; i++)
		if ((int) rows[i].id == id || (id < 256 && rows[i].letter == id))
			return &rows[i];
	return NULL;
}

static void
fill_getopt(struct option *longs, char *shorts)
{
	int n = 0;

	shorts[n++] = ':';
	for (int i = 0; i < NROWS; i++)
	{
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].value ? required_argument : no_argument;
		longs[i].flag = NULL;
		longs[i].val = (int) rows[i].id;
		if (rows[i].letter == 0 || rows[i].letter == '?')
			continue;
		shorts[n++] = rows[i].letter;
		if (rows[i].value != NULL)
			shorts[n++] = ':';
	}
	shorts[n] = '\0';
	memset(&longs[NROWS], 0, sizeof(longs[0]));
}

static bool
unknown_option(const char *word, Err *err)
{
	const char *names[NROWS];
	const char *near;
	char bare[64];

	for (int i = 0; i < NROWS; i++)
		names[i] = rows[i].name;
	snprintf(bare, sizeof(bare), "%.60s", word + strspn(word, "-"));
	bare[strcspn(bare, "=")] = '\0';
	near = word[0] == '-' && word[1] == '-' ? err_nearest(bare, names, NROWS)
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
check_together(const Options *options, Err *err)
{
	const RunOptions *run = &options->run;
	int limits =
		(run->tasks > 0) + (run->per_slot > 0) + (run->duration_ns > 0);

	if (limits < 2)
		return true;
	err_set(err, ERR_USAGE, "--tasks, -t and -T exclude each other");
	err_hint(err, "keep the one that says how long the run shall last");
	return false;
}

bool
options_parse(Options *options, int argc, char **argv, bool *help, Err *err)
{
	struct option longs[NROWS + 1];
	char shorts[2 * NROWS + 4];
	int c;

	memset(options, 0, sizeof(*options));
	run_options_init(&options->run);
	options->run.conn.connect_timeout_ns = 10 * NS_PER_S;
	options->color = "auto";
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
		options->given[row->id - OPT_DBNAME] = 1;
		if (!set_option(options, row, optarg, err))
			return false;
	}
	for (; optind < argc; optind++)
		add_text(&options->plans, &options->nplans, argv[optind]);
	return check_together(options, err);
}

bool
options_from_plan(Options *options, const Plan *plan, Err *err)
{
	for (int i = 0; i < plan->noptions; i++)
	{
		const PlanOption *option = &plan->options[i];
		const OptionRow *row = NULL;
		const char *names[NROWS];
		const char *near;
		int nnames = 0;

		for (int j = 0; j < NROWS; j++)
		{
			if (!rows[j].in_plan)
				continue;
			names[nnames++] = rows[j].name;
			if (strcmp(rows[j].name, option->name) == 0)
				row = &rows[j];
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
		if (!set_option(options, row, option->value, err))
		{
			err->kind = ERR_PLAN;
			plan_place(plan, option->place, err);
			return false;
		}
	}
	return check_together(options, err);
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
	free(options->plans);
	free(options->commands);
	free(options->given);
}
