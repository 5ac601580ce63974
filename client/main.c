/*
 * main.c
 *	  The story on one page: options, plan, run, report, exit code.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "compare.h"
#include "demo.h"
#include "fingerprint.h"
#include "job.h"
#include "live.h"
#include "mem.h"
#include "options.h"
#include "outputs.h"
#include "report_main.h"
#include "serve.h"
#include "sweep.h"

static int
fail(const Err *err, int exit_code)
{
	err_print(stderr, "error", err);
	return exit_code;
}

/* As many descriptors as we may have: a run wants one a connection. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
	{
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/*
 * A standard stream that was closed must not become whatever is opened next.
 * Opened the wrong way round, it still fails when it is used.
 */
static void
fill_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(2); /* nobody could be told anything */
}

/* -------- the plan -------- */

static void
take_text(PlanSource *source, const char *name, const char *text)
{
	source->name = name;
	source->text = mem_strdup(text);
	source->len = strlen(text);
}

static bool
is_defined(const Options *options, const char *name)
{
	for (int i = 0; i < options->nvariables; i++)
		if (strcmp(options->variables[i].name, name) == 0)
			return true;
	return false;
}

/* -f and -b, and what built-in scripts need before them. */
static bool
read_scripts(const Options *options, PlanSource *list, int *count, Err *err)
{
	bool needs_scale = false;

	for (int i = 0; i < options->nscripts; i++)
	{
		const ScriptOption *script = &options->scripts[i];
		PlanSource *source = &list[*count];

		if (script->builtin != NULL)
			take_text(source, script->builtin->name, script->builtin->text);
		else if (!plan_read_file(script->path, source, err))
			return false;
		source->has_weight = true;
		source->weight = script->weight;
		(*count)++;
		needs_scale = needs_scale || script->builtin != NULL;
	}
	if (needs_scale && !is_defined(options, "scale"))
	{
		list[*count].is_ours = true;
		take_text(&list[(*count)++], "<scale>", builtin_scale);
	}
	return true;
}

static bool
read_sources(const Options *options, PlanSource **sources, int *count,
			 Err *err)
{
	PlanSource *list =
		mem_alloc((size_t) (options->nscripts + options->nplans +
							options->ncommands + 2) *
				  sizeof(PlanSource));

	*sources = list;
	*count = 0;
	if (!read_scripts(options, list, count, err))
		return false;
	for (int i = 0; i < options->nplans; i++)
	{
		if (!plan_read_file(options->plans[i], &list[*count], err))
			return false;
		(*count)++;
	}
	for (int i = 0; i < options->ncommands; i++)
	{
		take_text(&list[(*count)++], "<command>", options->commands[i]);
	}
	if (*count > 0)
		return true;
	err_set(err, ERR_USAGE, "there is no plan to run");
	err_hint(err, "name a file, - for standard input, or give one with -e");
	return false;
}

/* -D, and the input's columns; the array is the caller's to free. */
static const char **
known_names(const Options *options, int *count)
{
	const RowColumns *columns =
		options->run.input != NULL ? input_columns(options->run.input) : NULL;
	int ncolumns = columns != NULL ? columns->count : 0;
	const char **names = mem_alloc(
		(size_t) (options->nvariables + ncolumns + 1) * sizeof(char *));

	*count = 0;
	for (int i = 0; i < options->nvariables; i++)
		names[(*count)++] = options->variables[i].name;
	for (int i = 0; i < ncolumns; i++)
		names[(*count)++] = columns->names[i];
	return names;
}

static Plan *
read_plan(const Options *options, Err *err)
{
	PlanSource *sources;
	PlanContext context = {0};
	const char **names = known_names(options, &context.nknown);
	Plan *plan = NULL;
	int count;

	context.known_names = names;
	/* JSON lines of which there are none: no names, and no tasks either */
	context.any_name = options->run.input != NULL &&
					   input_columns(options->run.input)->count == 0;
	if (read_sources(options, &sources, &count, err))
		plan = plan_parse(sources, count, &context, err);
	for (int i = 0; i < count; i++)
		free((char *) (uintptr_t) sources[i].text);
	free(sources);
	free(names);
	return plan;
}

static void
on_lint(void *arg, const Err *lint)
{
	(void) arg;
	err_print(stderr, "warning", lint);
}

/* -------- run -------- */

/* With no echo, from the terminal; NULL when there is none. */
static char *
ask_password(void)
{
	static char password[1024];
	struct termios before;
	struct termios silent;
	FILE *terminal = fopen("/dev/tty", "r+");

	if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0)
		return NULL;
	silent = before;
	silent.c_lflag &= ~(tcflag_t) ECHO;
	tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
	fputs("Password: ", terminal);
	fflush(terminal);
	if (fgets(password, sizeof(password), terminal) == NULL)
		password[0] = '\0';
	tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fputs("\n", terminal);
	fclose(terminal);
	password[strcspn(password, "\n")] = '\0';
	return password;
}

static int
run_and_report(Options *options, Outputs *outputs, const Plan *plan)
{
	Err err;
	Run *run = run_plan(plan, &options->run, &err);
	int exit_code = run_result(run)->exit_code;
	bool has_run = err.kind == ERR_NONE;

	if (!has_run)
	{
		err_print(stderr, "error", &err);
		if (exit_code == 4)
			demo_hint(stderr);
	}
	if (!outputs_report(outputs, run_result(run), has_run, &err))
	{
		err_print(stderr, "error", &err);
		exit_code = exit_code == 0 ? 2 : exit_code;
	}
	run_free(run);
	return exit_code;
}

/* A plan that speaks of :http without saying which gets a delay server. */
static bool
needs_delay_server(const Options *options, const Plan *plan)
{
	if (symbols_find(&plan->symbols, "http", 4) < 0)
		return false;
	return !is_defined(options, "http");
}

/* The fingerprint is that of the plan as it was written. */
static bool
prepare_job(Options *options, Plan *plan, Err *err)
{
	RunOptions *run = &options->run;

	if (run->joblog != NULL || run->ledger != NULL)
		run->fingerprint = fingerprint(plan, run->variables, run->nvariables,
									   run->input != NULL);
	return run->ledger == NULL || plan_add_ledger(plan, err);
}

/* The password is asked for before the first connection, of whatever. */
static void
ask_for_password(Options *options)
{
	if (options->ask_password && !options->never_ask &&
		options->run.conn.password == NULL)
		options->run.conn.password = ask_password();
}

static bool
open_input(Options *options, Err *err)
{
	if (options->input.file == NULL && options->input.sql == NULL)
		return true;
	if (options->input.sql != NULL)
		ask_for_password(options);
	options->run.input = input_open(&options->input, &options->run.conn, err);
	return options->run.input != NULL;
}

/* A task a row: of which body must be clear. */
static bool
check_one_body(const Options *options, const Plan *plan, Err *err)
{
	if (options->run.input == NULL || plan->nbodies == 1)
		return true;
	err_set(err, ERR_PLAN,
			"an input runs one task body for each row, and the plan has %d",
			plan->nbodies);
	err_hint(err, "keep one \\task, or run the others on their own");
	return false;
}

/* With what the plan's options say; the ledger changes the plan. */
static bool
prepare(Options *options, Plan *plan, Err *err)
{
	return options_from_plan(options, plan, err) &&
		   check_one_body(options, plan, err) &&
		   prepare_job(options, plan, err);
}

/* What will be told in the end. */
static const ReportForms *
forms_of(const Options *options)
{
	return strcmp(options->command, "sweep") == 0 ? &report_sweep_forms
		   : options->nvariants > 0				  ? &report_compare_forms
												  : &report_run_forms;
}

static int
run_served(Options *options, Outputs *outputs, const Plan *plan)
{
	ServeChild serve;
	bool is_serving = needs_delay_server(options, plan);
	Err err;
	int exit_code;

	if (is_serving)
	{
		if (!serve_spawn(&serve, &err))
			return fail(&err, 1);
		options->run.http_url = serve.url;
	}
	options->run.output = outputs->rows;
	if (outputs->forms == &report_sweep_forms)
		exit_code = sweep_main(options, outputs, plan);
	else if (outputs->forms == &report_compare_forms)
		exit_code = compare_main(options, outputs, plan);
	else
		exit_code = run_and_report(options, outputs, plan);
	if (is_serving)
		serve_stop(&serve);
	return exit_code;
}

static int
run_checked(Options *options, Plan *plan)
{
	const ReportForms *forms = forms_of(options);
	Outputs outputs;
	Err err;
	int exit_code;

	if (!prepare(options, plan, &err) ||
		(forms != &report_run_forms &&
		 !compare_check_rows(plan, forms->about, &err)))
		return fail(&err, 1);
	if (options->dry_run)
		return 0;
	if ((options->run.live && !live_check(&err)) ||
		!job_probe(&options->run, &err) ||
		!outputs_open(&outputs, options, forms, plan, &err))
		return fail(&err, 1);
	if (outputs.tracer != NULL)
	{
		options->run.add_sinks = trace_file_add;
		options->run.add_sinks_arg = outputs.tracer;
		options->run.on_look = trace_file_look;
		options->run.on_look_arg = outputs.tracer;
	}
	ask_for_password(options);
	exit_code = run_served(options, &outputs, plan);
	if (!outputs_close(&outputs, &err))
		return fail(&err, exit_code == 0 ? 2 : exit_code);
	return exit_code;
}

static int
check_plan(Options *options, Plan *plan)
{
	Buf text = {0};
	Err err;

	if (options->dump)
		plan_dump(plan, &text);
	fwrite(text.data ? text.data : "", 1, text.len, stdout);
	buf_free(&text);
	return prepare(options, plan, &err) ? 0 : fail(&err, 1);
}

/* A query's columns need the server: what it says is no mistake of usage. */
static int
input_exit_code(const Err *err)
{
	return err->kind == ERR_CONNECT ? 4 : err->kind == ERR_USAGE ? 1 : 2;
}

static int
read_and_run(Options *options, bool only_check)
{
	Plan *plan;
	Err err;
	int exit_code;

	if (!open_input(options, &err))
		return fail(&err, input_exit_code(&err));
	plan = read_plan(options, &err);
	if (plan == NULL)
		return fail(&err, 1);
	if (!options->quiet)
		plan_lint(plan, on_lint, NULL);
	exit_code =
		only_check ? check_plan(options, plan) : run_checked(options, plan);
	plan_free(plan);
	return exit_code;
}

static int
run_main(int argc, char **argv, bool only_check)
{
	Options options;
	bool help;
	Err err;
	int exit_code = 0;

	if (!options_parse(&options, argc, argv, &help, &err))
		exit_code = fail(&err, 1);
	else if (!help)
		exit_code = read_and_run(&options, only_check);
	input_free(options.run.input);
	options_free(&options);
	return exit_code;
}

static int
unknown_command(const char *word)
{
	static const char *const names[] = {"demo",	 "run",	   "check",
										"sweep", "report", "serve"};
	const char *near = err_nearest(word, names, 6);
	Err err;

	err_set(&err, ERR_USAGE, "unknown command \"%.60s\"", word);
	err_hint(
		&err,
		near ? "did you mean %s?"
			 : "the commands are demo, run, check, sweep, report and serve",
		near ? near : "");
	return fail(&err, 1);
}

/* What could not be written was not said: a full disk, a closed pipe. */
static int
flushed(int exit_code)
{
	Err err;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return exit_code;
	err_set(&err, ERR_IO, "cannot write to standard output: %s",
			strerror(errno));
	err_print(stderr, "error", &err);
	return exit_code == 0 ? 2 : exit_code;
}

static int
dispatch(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 ||
		strcmp(word, "help") == 0)
	{
		options_usage(argc > 1 ? stdout : stderr);
		return argc > 1 ? 0 : 1;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
	{
		printf("asyncdemo %s\n", ASYNCDEMO_VERSION);
		return 0;
	}
	if (strcmp(word, "demo") == 0)
		return demo_main(argc - 1, argv + 1);
	if (strcmp(word, "run") == 0 || strcmp(word, "sweep") == 0)
		return run_main(argc - 1, argv + 1, false);
	if (strcmp(word, "check") == 0)
		return run_main(argc - 1, argv + 1, true);
	if (strcmp(word, "report") == 0)
		return report_main(argc - 1, argv + 1);
	if (strcmp(word, "serve") == 0)
		return serve_main(argc - 1, argv + 1);
	return unknown_command(word);
}

int
main(int argc, char **argv)
{
	fill_standard_streams();
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	return flushed(dispatch(argc, argv));
}
