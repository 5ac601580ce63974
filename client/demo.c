/*
 * demo.c
 *	  "asyncdemo demo": run the experiments and judge them.
 *
 * An experiment is a plan like any other, read anew and run by run_plan; what
 * the server offers is asked by a plan as well.  Judged is which whole number
 * of units an experiment took; milliseconds are printed, never judged.
 */
#include "demo.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "demo_experiments.h"
#include "loop.h"
#include "mem.h"
#include "options.h"
#include "report_put.h"
#include "report_table.h"
#include "report_verdict.h"
#include "run.h"
#include "serve.h"

#define TOLERANCE_UNITS 0.4
#define FILE_COLUMNS 100 /* of a table that no terminal shows */

typedef enum Status
{
	PASSED,
	FAILED,
	SKIPPED,
	UNJUDGED
} Status;

typedef struct Outcome
{
	const Experiment *experiment;
	Status status;
	bool has_run;
	int64_t expected_ns;
	int64_t measured_ns;
	int64_t predicted_ns; /* -1: unknown */
	char overlap[16];	  /* the verdict's word, in lower case */
	char cause[1024];	  /* why it failed, was skipped, or does not overlap */
} Outcome;

/* What the server has for us. */
typedef struct Offer
{
	int has_extension;
	int may_create_role;
	int has_role; /* somebody's asyncdemo_demo */
	int may_create_table;
	int is_local;
	int version; /* 150020 */
} Offer;

typedef struct Demo
{
	Options options;
	int64_t unit_ns;
	char unit[32]; /* in seconds, as :unit */
	RunVariable *variables;
	const char **names; /* of the variables, and "http" */
	ServeChild server;
	Offer offer;
	Outcome outcomes[EXPERIMENTS];
	int noutcomes;
	char *timeline; /* of the mixed case; NULL: it did not run */
	bool interrupted;
	bool http_is_asked;
	char http_reason[900]; /* why the server may not fetch; "": it may */
} Demo;

static const char offer_plan[] =
	"SELECT (to_regprocedure('asyncdemo.delay(double precision)')\n"
	"\t\tIS NOT NULL)::int AS extension,\n"
	"\t(rolsuper OR rolcreaterole)::int AS create_role,\n"
	"\t(EXISTS (SELECT FROM pg_roles\n"
	"\t\tWHERE rolname = 'asyncdemo_demo'))::int AS role,\n"
	"\t(NOT pg_is_in_recovery() AND coalesce(has_schema_privilege(\n"
	"\t\tcurrent_schema(), 'CREATE'), false))::int AS create_table,\n"
	"\tcoalesce(inet_server_addr() <<= '127.0.0.0/8' OR\n"
	"\t\tinet_server_addr() = '::1', true)::int AS local,\n"
	"\tcurrent_setting('server_version_num')::int AS version\n"
	"FROM pg_roles WHERE rolname = current_user \\gset\n"
	"\\echo offer :extension :create_role :role :create_table :local "
	":version\n";

/* -------- one plan -------- */

static Plan *
read_plan(const Demo *demo, const char *name, const char *text, Err *err)
{
	PlanSource source = {.name = name, .text = text, .len = strlen(text)};
	PlanContext context = {.known_names = demo->names,
						   .nknown = demo->options.nvariables + 2};

	return plan_parse(&source, 1, &context, err);
}

/* pg_sleep can stand in for the extension's delay, but for its label. */
static void
replace_delay(const char *text, Buf *out)
{
	static const char delay[] = "asyncdemo.delay(";
	const char *found;

	while ((found = strstr(text, delay)) != NULL)
	{
		buf_append(out, text, (size_t) (found - text));
		buf_puts(out, "pg_sleep(");
		text = found + sizeof(delay) - 1;
	}
	buf_puts(out, text);
}

static bool
ask_offer(Demo *demo, Err *err)
{
	Offer *offer = &demo->offer;
	RunOptions options = demo->options.run;
	char *answer = NULL;
	size_t answer_bytes = 0;
	const RunResult *result;
	const char *line;
	Plan *plan;
	Run *run;
	bool ok;

	plan = read_plan(demo, "<question>", offer_plan, err);
	if (plan == NULL)
		return false;
	options.messages = open_memstream(&answer, &answer_bytes);
	if (options.messages == NULL)
	{
		plan_free(plan);
		return err_set(err, ERR_IO, "out of memory");
	}
	run = run_plan(plan, &options, err);
	fclose(options.messages);
	result = run_result(run);
	demo->interrupted = result->interrupted;
	if (err->kind == ERR_NONE && result->first_error != NULL)
		*err = *result->first_error;
	line = strstr(answer, "offer ");
	ok = err->kind == ERR_NONE && line != NULL &&
		 sscanf(line, "offer %d %d %d %d %d %d", &offer->has_extension,
				&offer->may_create_role, &offer->has_role,
				&offer->may_create_table, &offer->is_local,
				&offer->version) == 6;
	if (!ok && err->kind == ERR_NONE)
		err_set(err, ERR_DATA, "the server did not say what it offers");
	if (ok)
		printf("server     %s, PostgreSQL %d.%d\n",
			   result->server != NULL ? result->server : "unknown",
			   offer->version / 10000, offer->version % 10000);
	run_free(run);
	plan_free(plan);
	free(answer);
	return ok;
}

/* -------- one experiment -------- */

/* Why it cannot be run here; NULL: it can. */
static const char *
missing(const Experiment *experiment, const Offer *offer)
{
	if ((experiment->needs & NEEDS_EXTENSION) && !offer->has_extension)
		return "it needs the extension; run CREATE EXTENSION asyncdemo";
	if ((experiment->needs & NEEDS_LOCAL) && !offer->is_local)
		return "the server is on another machine";
	if ((experiment->needs & NEEDS_ROLE) && !offer->may_create_role)
		return "it creates a role, which takes CREATEROLE or a superuser";
	if ((experiment->needs & NEEDS_ROLE) && offer->has_role)
		return "there is a role asyncdemo_demo already; if nobody uses it, "
			   "run DROP ROLE asyncdemo_demo";
	if ((experiment->needs & NEEDS_TABLE) && !offer->may_create_table)
		return "it creates a table, which takes CREATE on the first schema "
			   "of search_path";
	return NULL;
}

/* What the control group grants, rounded up; INT_MAX: no limit is told. */
static int
cgroup_cores(void)
{
	FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
	long long quota = 0;
	long long period = 0;

	if (file == NULL)
		return INT_MAX;
	if (fscanf(file, "%lld %lld", &quota, &period) != 2)
		quota = period = 0; /* "max": none */
	fclose(file);
	if (quota <= 0 || period <= 0)
		return INT_MAX;
	return (int) ((quota + period - 1) / period);
}

static int
count_cores(void)
{
	cpu_set_t cores;
	int count = (int) sysconf(_SC_NPROCESSORS_ONLN);
	int granted = cgroup_cores();

	CPU_ZERO(&cores);
	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		count = CPU_COUNT(&cores);
	return granted < count ? granted : count;
}

static void
explain(Outcome *outcome, const RunResult *result)
{
	Verdict verdict;

	report_verdict(result, &verdict);
	snprintf(outcome->overlap, sizeof(outcome->overlap), "%s", verdict.word);
	for (char *c = outcome->overlap; *c != '\0'; c++)
		*c = (char) (*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	if (strcmp(verdict.word, "OVERLAPS") != 0)
		snprintf(outcome->cause, sizeof(outcome->cause), "%s", verdict.why);
}

/*
 * A wait for a lock inside the server looks like a long query from here: an
 * UPDATE of one row took as long as the other task's transaction.
 */
static void
explain_lock(Outcome *outcome, const RunResult *result, int64_t unit_ns)
{
	const TaskSpans *waiter = NULL;

	for (int i = 0; i < result->spans->ntasks; i++)
		for (int j = 0; j < result->spans->tasks[i].nspans; j++)
		{
			const Span *span = &result->spans->tasks[i].spans[j];

			if (span->step->kind == STEP_SQL &&
				strcmp(span->step->sql.verb, "UPDATE") == 0 &&
				span->arrived_ns - span->started_ns > unit_ns / 2)
				waiter = &result->spans->tasks[i];
		}
	if (waiter == NULL)
		return;
	snprintf(outcome->overlap, sizeof(outcome->overlap), "serial");
	snprintf(outcome->cause, sizeof(outcome->cause),
			 "%s's UPDATE waited in the server for the row that the other "
			 "task's transaction held",
			 waiter->name);
}

/* What overlaps inside one statement the client's own times cannot tell. */
static void
explain_server(Outcome *outcome, int64_t unit_ns)
{
	bool overlaps = outcome->measured_ns * 2 < unit_ns * 3;

	snprintf(outcome->overlap, sizeof(outcome->overlap), "%s",
			 overlaps ? "overlaps" : "serial");
	snprintf(outcome->cause, sizeof(outcome->cause), "%s",
			 overlaps ? ""
					  : "each http_get waits for its own answer before the "
						"next begins; http_fetch_all sends them together");
}

static void
fail(Outcome *outcome, const Err *error)
{
	outcome->status = FAILED;
	if (error->line > 0)
		snprintf(outcome->cause, sizeof(outcome->cause), "%s:%d: %s",
				 error->file, error->line, error->message);
	else
		snprintf(outcome->cause, sizeof(outcome->cause), "%s", error->message);
}

static void
judge(Outcome *outcome, const Demo *demo, const RunResult *result)
{
	const Experiment *experiment = outcome->experiment;
	int connections = result->connections;
	int units = experiment->units;
	double off;

	outcome->has_run = true;
	if (experiment->shares && connections > 0)
		units = 1 + (100 + connections - 1) / connections;
	outcome->expected_ns = units * demo->unit_ns;
	outcome->measured_ns = result->wall_ns;
	if (result->has_prediction)
		outcome->predicted_ns = result->prediction.predicted_ns;
	if (experiment->needs & NEEDS_HTTP)
		explain_server(outcome, demo->unit_ns);
	else
		explain(outcome, result);
	if (experiment->needs & NEEDS_TABLE)
		explain_lock(outcome, result, demo->unit_ns);
	off = fabs((double) (outcome->measured_ns - outcome->expected_ns)) /
		  (double) demo->unit_ns;
	if (result->first_error != NULL)
		fail(outcome, result->first_error);
	else if (result->exit_code != 0)
	{
		outcome->status = FAILED;
		snprintf(outcome->cause, sizeof(outcome->cause),
				 "the run ended with exit code %d", result->exit_code);
	}
	else if (experiment->unjudged)
		outcome->status = UNJUDGED;
	else if (off <= TOLERANCE_UNITS)
		outcome->status = PASSED;
	else
	{
		outcome->status = FAILED;
		snprintf(outcome->cause, sizeof(outcome->cause),
				 "it took %.2f units where %d were expected",
				 (double) outcome->measured_ns / (double) demo->unit_ns,
				 units);
	}
}

static void
keep_timeline(Demo *demo, const RunResult *result)
{
	ReportStyle style = report_style(stdout, demo->options.color);
	size_t bytes;
	FILE *out = open_memstream(&demo->timeline, &bytes);

	if (out == NULL)
		return;
	report_timeline(out, result, &style);
	fclose(out);
}

/*
 * May this role's session on that server fetch from the delay server?  Asked
 * once, by trying; the reason is empty when it may.
 */
static const char *
http_refusal(Demo *demo)
{
	static const char probe[] =
		"SELECT (asyncdemo.http_get(:http || '/')).status;\n";
	RunOptions options = demo->options.run;
	Err err = {0};
	const Err *refused;
	Plan *plan;
	Run *run;

	if (demo->http_is_asked)
		return demo->http_reason;
	demo->http_is_asked = true;
	options.quiet = true;
	options.is_silent = true;
	options.has_protocol = true;
	options.protocol = PROTOCOL_EXTENDED;
	plan = read_plan(demo, "<question>", probe, &err);
	if (plan == NULL)
	{
		snprintf(demo->http_reason, sizeof(demo->http_reason), "%s",
				 err.message);
		return demo->http_reason;
	}
	run = run_plan(plan, &options, &err);
	refused = err.kind != ERR_NONE ? &err : run_result(run)->first_error;
	if (refused != NULL)
		snprintf(demo->http_reason, sizeof(demo->http_reason),
				 "the server may not fetch from the delay server: %s",
				 refused->message);
	run_free(run);
	plan_free(plan);
	return demo->http_reason;
}

/* Run the plan with its own options; what came out goes into outcome. */
static void
run_experiment(Demo *demo, const Plan *plan, Outcome *outcome)
{
	const Experiment *experiment = outcome->experiment;
	Options options = demo->options;
	const RunResult *result;
	Err err = {0};
	Run *run;

	if (!options_from_plan(&options, plan, &err))
	{
		fail(outcome, &err);
		return;
	}
	if (experiment->unjudged)
	{
		options.run.tasks = 2 * count_cores();
		options.run.concurrency = (int) options.run.tasks;
	}
	options.run.no_progress = true; /* demo has its own */
	run = run_plan(plan, &options.run, &err);
	result = run_result(run);
	demo->interrupted = result->interrupted;
	if (err.kind != ERR_NONE)
		fail(outcome, &err);
	else if (experiment->connections > 0 &&
			 result->connections < experiment->connections)
		snprintf(outcome->cause, sizeof(outcome->cause),
				 "it needs %d connections, and there were %d",
				 experiment->connections, result->connections);
	else
		judge(outcome, demo, result);
	if (outcome->has_run && strcmp(experiment->id, "11") == 0)
		keep_timeline(demo, result);
	run_free(run);
}

static void
try_experiment(Demo *demo, const Experiment *experiment)
{
	Outcome *outcome = &demo->outcomes[demo->noutcomes++];
	const char *reason = missing(experiment, &demo->offer);
	Buf text = {0};
	Err err = {0};
	Plan *plan;

	*outcome = (Outcome){
		.experiment = experiment, .status = SKIPPED, .predicted_ns = -1};
	if (reason == NULL && (experiment->needs & NEEDS_HTTP) &&
		*http_refusal(demo) != '\0')
		reason = demo->http_reason;
	if (reason != NULL)
	{
		snprintf(outcome->cause, sizeof(outcome->cause), "%s", reason);
		return;
	}
	if (demo->offer.has_extension)
		buf_puts(&text, experiment_text(experiment));
	else
		replace_delay(experiment_text(experiment), &text);
	plan = read_plan(demo, experiment->file, text.data, &err);
	if (plan != NULL)
		run_experiment(demo, plan, outcome);
	else
		fail(outcome, &err);
	plan_free(plan);
	buf_free(&text);
}

/* -------- all of them -------- */

static void
run_all(Demo *demo)
{
	bool shows_progress = isatty(STDERR_FILENO) && !demo->options.quiet;

	for (int i = 0; i < EXPERIMENTS && !demo->interrupted; i++)
	{
		if (!experiment_is_in(&experiments[i], demo->options.only))
			continue;
		if (shows_progress)
			fprintf(stderr, "\r%-4s%-40s", experiments[i].id,
					experiments[i].title);
		try_experiment(demo, &experiments[i]);
	}
	if (shows_progress)
		fprintf(stderr, "\r%-44s\r", "");
}

static void
add_row(ReportTable *table, const Outcome *outcome)
{
	static const char *const words[] = {"ok", "FAILED", "skipped", "-"};
	char expected[32] = "";
	char predicted[32] = "";
	char measured[32] = "";
	char added[32] = "";

	if (outcome->has_run)
	{
		report_duration(outcome->expected_ns, expected, sizeof(expected));
		report_duration(outcome->measured_ns, measured, sizeof(measured));
		snprintf(added, sizeof(added), "%+.1f ms",
				 (double) (outcome->measured_ns - outcome->expected_ns) /
					 (double) NS_PER_MS);
	}
	if (outcome->predicted_ns >= 0)
		report_duration(outcome->predicted_ns, predicted, sizeof(predicted));
	report_table_add(table, outcome->experiment->id,
					 outcome->experiment->title, expected, predicted, measured,
					 added, outcome->overlap, words[outcome->status]);
}

static void
print_table(const Demo *demo, int columns)
{
	static const char *const headers[] = {
		"#",		"experiment", "expected", "predicted",
		"measured", "added",	  "overlap",  "verdict"};
	ReportTable *table = report_table_new(8, headers, "rLrrrrll");

	for (int i = 0; i < demo->noutcomes; i++)
		add_row(table, &demo->outcomes[i]);
	putchar('\n');
	report_table_print(stdout, table, columns);
	report_table_free(table);
}

static void
print_causes(const Demo *demo, const ReportStyle *style)
{
	static const char *const words[] = {"", "FAILED: ", "skipped: ", ""};
	char prefix[32];

	putchar('\n');
	for (int i = 0; i < demo->noutcomes; i++)
	{
		const Outcome *outcome = &demo->outcomes[i];

		if (outcome->cause[0] == '\0')
			continue;
		snprintf(prefix, sizeof(prefix), "  %3s  %s", outcome->experiment->id,
				 words[outcome->status]);
		report_put_wrapped(stdout, prefix, outcome->cause, style);
	}
}

static int
count(const Demo *demo, Status status)
{
	int n = 0;

	for (int i = 0; i < demo->noutcomes; i++)
		n += demo->outcomes[i].status == status;
	return n;
}

static void
print_report(const Demo *demo)
{
	ReportStyle style = report_style(stdout, demo->options.color);

	if (!isatty(STDOUT_FILENO) && style.columns < FILE_COLUMNS)
		style.columns = FILE_COLUMNS;
	print_table(demo, style.columns);
	print_causes(demo, &style);
	if (demo->timeline != NULL)
		printf("\nexperiment 11, the mixed case:\n\n%s", demo->timeline);
	printf("\n%d passed, %d failed, %d skipped, %d not judged%s\n",
		   count(demo, PASSED), count(demo, FAILED), count(demo, SKIPPED),
		   count(demo, UNJUDGED), demo->interrupted ? "; interrupted" : "");
}

/* -------- the command -------- */

/* What the plans may use: our two, then those of -D, which win. */
static void
collect_variables(Demo *demo)
{
	int n = demo->options.nvariables;

	demo->variables = mem_alloc((size_t) (n + 1) * sizeof(RunVariable));
	demo->names = mem_alloc((size_t) (n + 2) * sizeof(char *));
	demo->variables[0] = (RunVariable){"unit", demo->unit};
	demo->names[0] = "unit";
	demo->names[n + 1] = "http";
	for (int i = 0; i < n; i++)
	{
		demo->variables[i + 1] = demo->options.variables[i];
		demo->names[i + 1] = demo->options.variables[i].name;
	}
	demo->options.run.variables = demo->variables;
	demo->options.run.nvariables = n + 1;
}

static bool
check_options(const Options *options, Err *err)
{
	size_t len;
	const char *list = options->show != NULL ? options->show : options->only;
	const char *word = list != NULL ? experiment_unknown(list, &len) : NULL;

	if (word != NULL)
	{
		err_set(err, ERR_USAGE, "there is no experiment \"%.*s\"",
				len > 60 ? 60 : (int) len, word);
		err_hint(err, "they are 1 to 22; 12 is 12a and 12b; several are "
					  "written 3,12a");
		return false;
	}
	if (options->format != FORMAT_TEXT)
	{
		err_set(err, ERR_USAGE, "demo reports in text only");
		err_hint(err, "leave --format out; \"asyncdemo run\" has it");
		return false;
	}
	if (options->nplans > 0 || options->nscripts > 0 || options->ncommands > 0)
	{
		err_set(err, ERR_USAGE, "demo brings its own plans");
		err_hint(err, "run a plan of yours with: asyncdemo run PLAN");
		return false;
	}
	return true;
}

static int
show(const char *list)
{
	for (int i = 0; i < EXPERIMENTS; i++)
	{
		if (experiment_is_in(&experiments[i], list))
			fputs(experiment_text(&experiments[i]), stdout);
	}
	return 0;
}

void
demo_hint(FILE *out)
{
	fputs(
		"asyncdemo: hint: \"make demo\" runs the experiments on a throw-away "
		"server of its own\n",
		out);
}

static int
complain(const Err *err)
{
	err_print(stderr, "error", err);
	if (err->kind == ERR_CONNECT)
	{
		demo_hint(stderr);
		return 4;
	}
	return err->kind == ERR_USAGE || err->kind == ERR_PLAN ? 1 : 2;
}

static int
run_demo(Demo *demo)
{
	Err err = {0};

	if (!serve_spawn(&demo->server, &err))
		return complain(&err);
	demo->options.run.http_url = demo->server.url;
	if (!ask_offer(demo, &err))
		return demo->interrupted ? 130 : complain(&err);
	if (!demo->offer.has_extension)
		puts("extension  not installed in this database: pg_sleep stands in "
			 "for asyncdemo.delay");
	printf("unit       %s s\n", demo->unit);
	fflush(stdout);
	run_all(demo);
	print_report(demo);
	if (demo->interrupted)
		return 130;
	return count(demo, FAILED) > 0 ? 3 : 0;
}

int
demo_main(int argc, char **argv)
{
	Demo demo = {.server.parent_fd = -1};
	bool help = false;
	Err err = {0};
	int code;

	if (!options_parse(&demo.options, argc, argv, &help, &err) ||
		(!help && !check_options(&demo.options, &err)))
		code = complain(&err);
	else if (help)
		code = 0;
	else if (demo.options.show != NULL)
		code = show(demo.options.show);
	else
	{
		demo.unit_ns = demo.options.unit_ns;
		snprintf(demo.unit, sizeof(demo.unit), "%.9g",
				 (double) demo.unit_ns / (double) NS_PER_S);
		collect_variables(&demo);
		code = run_demo(&demo);
	}
	serve_stop(&demo.server);
	options_free(&demo.options);
	free(demo.variables);
	free(demo.names);
	free(demo.timeline);
	return code;
}
