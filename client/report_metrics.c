/*
 * report_metrics.c
 *	  One run for Prometheus, as a text file that node_exporter's textfile
 *	  collector reads.
 *
 * Text exposition format 0.0.4; base units (seconds, bytes).  Everything is a
 * gauge or a summary of this one run: nothing counts on from run to run, so no
 * name ends in _total.
 */
#include "report_verdict.h"

#include <string.h>

#include "activity.h"
#include "utf8.h"

static const double quantiles[] = {0.5, 0.9, 0.95, 0.99, 0.999, 1};

#define NQUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

/* A label's value: backslash, quote and line break are escaped. */
static void
put_label(FILE *out, const char *name, const char *value)
{
	size_t len = strlen(value);

	fprintf(out, "%s=\"", name);
	for (size_t i = 0; i < len;)
	{
		uint32_t code;
		int n = utf8_decode(value + i, len - i, &code);

		if (n == 0)
			fputs("\uFFFD", out);
		else if (code == '\n')
			fputs("\\n", out);
		else if (code == '"' || code == '\\')
			fprintf(out, "\\%c", (char) code);
		else
			fwrite(value + i, 1, (size_t) n, out);
		i += n > 0 ? (size_t) n : 1;
	}
	fputc('"', out);
}

static void
put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP asyncdemo_%s %s\n# TYPE asyncdemo_%s %s\n", name,
			help, name, type);
}

static void
put_seconds(FILE *out, int64_t ns)
{
	char text[40];

	fprintf(out, " %s\n", report_seconds(ns, text, sizeof(text)));
}

static void
put_time(FILE *out, const char *name, const char *help, int64_t ns)
{
	put_head(out, name, "gauge", help);
	fprintf(out, "asyncdemo_%s", name);
	put_seconds(out, ns);
}

static void
put_int(FILE *out, const char *name, const char *help, int64_t value)
{
	put_head(out, name, "gauge", help);
	fprintf(out, "asyncdemo_%s %lld\n", name, (long long) value);
}

static void
put_info(FILE *out, const RunResult *result)
{
	const Plan *plan = result->plan;
	Verdict verdict;

	report_verdict(result, &verdict);
	put_head(out, "run_info", "gauge", "What ran; always 1.");
	fputs("asyncdemo_run_info{", out);
	put_label(out, "version", ASYNCDEMO_VERSION);
	fputc(',', out);
	put_label(out, "plan", plan->nsources > 0 ? plan->sources[0].name : "");
	fputc(',', out);
	put_label(out, "mode", result->mode != NULL ? result->mode : "");
	fputc(',', out);
	put_label(out, "server", result->server != NULL ? result->server : "");
	fputc(',', out);
	put_label(out, "verdict", verdict.word);
	fputs("} 1\n", out);
}

static void
put_tasks(FILE *out, const Spans *spans)
{
	put_head(out, "run_tasks", "gauge", "Tasks that ended, by outcome.");
	fprintf(out, "asyncdemo_run_tasks{outcome=\"ok\"} %lld\n",
			(long long) spans->done);
	fprintf(out, "asyncdemo_run_tasks{outcome=\"failed\"} %lld\n",
			(long long) spans->failed);
	fprintf(out, "asyncdemo_run_tasks{outcome=\"canceled\"} %lld\n",
			(long long) spans->canceled);
}

static void
put_predictions(FILE *out, const RunResult *result)
{
	const Prediction *prediction = &result->prediction;

	if (!result->has_prediction)
		return;
	put_time(out, "run_predicted_seconds",
			 "What the run should have taken, from its steps' times.",
			 prediction->predicted_ns);
	put_time(out, "run_best_seconds",
			 "The best possible: all steps async, no limits.",
			 prediction->best_ns);
	put_time(out, "run_worst_seconds", "All steps one after another.",
			 prediction->worst_ns);
}

static void
put_classes(FILE *out, const Spans *spans)
{
	put_head(out, "run_class_seconds", "gauge",
			 "Where the time of all tasks went.");
	for (Class class = 0; class < CLASSES; class ++)
	{
		fprintf(out, "asyncdemo_run_class_seconds{class=\"%s\"}",
				class_name(class));
		put_seconds(out, spans->class_ns[class]);
	}
}

/* A step's labels, each followed by a comma; NULL: none. */
static void
put_step_labels(FILE *out, const RunResult *result, const StepStats *stats)
{
	if (stats == NULL)
		return;
	fprintf(out, "step=\"%d\",", stats->step->index);
	put_label(out, "name", stats->step->label);
	fputc(',', out);
	put_label(out, "file",
			  result->plan->sources[stats->step->place.file].name);
	fprintf(out, ",line=\"%d\",kind=\"%s\",call=\"%s\",",
			stats->step->place.line, step_kind_name(stats->step->kind),
			call_name(stats->call));
}

static void
put_summary(FILE *out, const char *name, const RunResult *result,
			const StepStats *stats, const Histogram *histogram)
{
	for (size_t i = 0; i < NQUANTILES && histogram->count > 0; i++)
	{
		fprintf(out, "asyncdemo_%s{", name);
		put_step_labels(out, result, stats);
		fprintf(out, "quantile=\"%g\"}", quantiles[i]);
		put_seconds(out, histogram_percentile(histogram, quantiles[i]));
	}
	fprintf(out, "asyncdemo_%s_sum{", name);
	put_step_labels(out, result, stats);
	fputc('}', out);
	put_seconds(out, (int64_t) histogram->sum_ns);
	fprintf(out, "asyncdemo_%s_count{", name);
	put_step_labels(out, result, stats);
	fprintf(out, "} %lld\n", (long long) histogram->count);
}

static void
put_steps(FILE *out, const RunResult *result)
{
	const Spans *spans = result->spans;

	put_head(out, "step_duration_seconds", "summary",
			 "From a step's start to its answer.");
	for (int i = 0; i < result->plan->nsteps; i++)
		if (spans->steps[i].step != NULL && spans->steps[i].count > 0)
			put_summary(out, "step_duration_seconds", result, &spans->steps[i],
						&spans->steps[i].own);
	put_head(out, "step_failures", "gauge", "Steps that failed.");
	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *stats = &spans->steps[i];

		if (stats->step == NULL || stats->count == 0)
			continue;
		fputs("asyncdemo_step_failures{", out);
		put_step_labels(out, result, stats);
		fprintf(out, "} %lld\n", (long long) stats->failed);
	}
}

static void
put_step_part(FILE *out, const RunResult *result, const StepStats *stats,
			  const char *name, const char *label, const char *part,
			  int64_t ns)
{
	fprintf(out, "asyncdemo_%s{", name);
	put_step_labels(out, result, stats);
	fprintf(out, "%s=\"%s\"}", label, part);
	put_seconds(out, ns);
}

/* Of statements that told themselves how long the server was at them. */
static void
put_told(FILE *out, const RunResult *result)
{
	static const Phase parts[] = {PHASE_SERVER, PHASE_REST};
	bool has_head = false;

	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *stats = &result->spans->steps[i];

		if (stats->step == NULL || stats->told == 0)
			continue;
		if (!has_head)
			put_head(out, "step_told_seconds", "gauge",
					 "SQL time that the server told of, and the rest.");
		has_head = true;
		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			put_step_part(out, result, stats, "step_told_seconds", "part",
						  phase_name(parts[j]), stats->phase_ns[parts[j]]);
	}
}

/* With --sample-server. */
static void
put_samples(FILE *out, const RunResult *result)
{
	const Activity *activity = result->activity;

	if (activity == NULL)
		return;
	put_int(out, "run_server_looks", "Times that the server was sampled.",
			activity->looks);
	put_head(out, "step_sampled_seconds", "gauge",
			 "What backends did while statements ran, as samples tell.");
	for (int i = 0; i < activity->nsteps && i < result->plan->nsteps; i++)
	{
		const StepStats *stats = &result->spans->steps[i];

		if (activity->steps[i].samples == 0 || stats->step == NULL)
			continue;
		for (ActivityKind kind = 0; kind < ACTIVITY_KINDS; kind++)
			put_step_part(out, result, stats, "step_sampled_seconds",
						  "activity", activity_name(kind),
						  activity_ns(&activity->steps[i], kind));
	}
}

void
report_metrics(FILE *out, const RunResult *result)
{
	const Spans *spans = result->spans;

	put_info(out, result);
	put_time(out, "run_begin_timestamp_seconds",
			 "When the run began, since 1970-01-01 UTC.",
			 result->began_unix_ns);
	put_time(out, "run_wall_seconds", "How long it took.", result->wall_ns);
	put_time(out, "run_client_cpu_seconds",
			 "Processor time of the client itself.", result->client_cpu_ns);
	put_time(out, "run_step_seconds",
			 "Sum of all steps' own time; over the wall time: the overlap.",
			 spans->own_ns);
	put_int(out, "run_peak_memory_bytes", "Peak memory of the client.",
			result->peak_memory_bytes);
	put_int(out, "run_concurrency", "Tasks in flight at most.",
			result->concurrency);
	put_int(out, "run_connections", "Size of the pool.", result->connections);
	put_int(out, "run_exit_code", "The command's exit status.",
			result->exit_code);
	put_tasks(out, spans);
	put_predictions(out, result);
	put_classes(out, spans);
	put_head(out, "task_duration_seconds", "summary",
			 "From a task's admission to its end.");
	put_summary(out, "task_duration_seconds", result, NULL, &spans->latency);
	put_steps(out, result);
	put_told(out, result);
	put_samples(out, result);
}
