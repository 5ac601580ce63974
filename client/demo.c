/*
 * demo.c
 *	  "asyncdemo demo": run the experiments and judge them.
 *
 * An experiment is a plan like any other, read anew and run by run_plan.
 */
#include "demo.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "demo_private.h"
#include "mem.h"

Plan *
demo_read_plan(const Demo *demo, const char *name, const char *text, Err *err)
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

/* -------- one experiment -------- */

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
		demo_fail(outcome, &err);
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
		demo_fail(outcome, &err);
	else if (experiment->connections > 0 &&
			 result->connections < experiment->connections)
		snprintf(outcome->cause, sizeof(outcome->cause),
				 "it needs %d connections, and there were %d",
				 experiment->connections, result->connections);
	else
		demo_judge(outcome, demo, result);
	if (outcome->has_run && strcmp(experiment->id, "11") == 0)
		keep_timeline(demo, result);
	run_free(run);
}

static void
try_experiment(Demo *demo, const Experiment *experiment)
{
	Outcome *outcome = &demo->outcomes[demo->noutcomes++];
	const char *reason = demo_missing(experiment, &demo->offer);
	Buf text = {0};
	Err err = {0};
	Plan *plan;

	*outcome = (Outcome){
		.experiment = experiment, .status = SKIPPED, .predicted_ns = -1};
	if (reason == NULL && (experiment->needs & NEEDS_HTTP) &&
		*demo_http_refusal(demo) != '\0')
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
	plan = demo_read_plan(demo, experiment->file, text.data, &err);
	if (plan != NULL)
		run_experiment(demo, plan, outcome);
	else
		demo_fail(outcome, &err);
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
		err_hint(err,
				 "they are 1 to %s; 12 is 12a and 12b; several are written "
				 "3,12a",
				 experiments[EXPERIMENTS - 1].id);
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
	if (!demo_ask_offer(demo, &err))
		return demo->interrupted ? 130 : complain(&err);
	if (!demo->offer.has_extension)
		puts("extension  not installed in this database: pg_sleep stands in "
			 "for asyncdemo.delay");
	printf("unit       %s s\n", demo->unit);
	fflush(stdout);
	run_all(demo);
	demo_print(demo);
	if (demo->interrupted)
		return 130;
	return demo_count(demo, FAILED) > 0 ? 3 : 0;
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
