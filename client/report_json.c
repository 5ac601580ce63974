/*
 * report_json.c
 *	  What programs read after a run: report.schema.json says what is in it.
 *
 * Written task by task, so that memory does not grow with their number.
 * Times are seconds; those of tasks, spans and holds count from the run's
 * begin.
 */
#include "report_json.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "json_out.h"
#include "report_activity.h"
#include "report_tuning.h"
#include "report_verdict.h"
#include "secret.h"

#define S_NS INT64_C(1000000000)
#define PLAN_BYTES ((size_t) 256 << 10) /* of the plan's texts */

/* Since the run's begin. */
static void
put_moment(JsonOut *json, const Spans *spans, const char *key, int64_t time_ns)
{
	json_out_seconds(json, key, time_ns - spans->run_begun_ns);
}

static void
put_classes(JsonOut *json, const int64_t *class_ns)
{
	json_out_open(json, "classes", '{');
	for (Class class = 0; class < CLASSES; class ++)
		json_out_seconds(json, class_name(class), class_ns[class]);
	json_out_close(json, '}');
}

/* Only those that took any time. */
static void
put_phases(JsonOut *json, const char *key, const int64_t *phase_ns)
{
	json_out_open(json, key, '{');
	for (Phase phase = 0; phase < PHASES; phase++)
		if (phase_ns[phase] > 0)
			json_out_seconds(json, phase_name(phase), phase_ns[phase]);
	json_out_close(json, '}');
}

/* Least value and count of each that is not empty. */
static void
put_buckets(JsonOut *json, const Histogram *histogram)
{
	HistogramBucket bucket = {0};

	json_out_open(json, "buckets", '[');
	while (histogram_next(histogram, &bucket))
	{
		json_out_open(json, NULL, '[');
		json_out_seconds(json, NULL, bucket.low_ns);
		json_out_int(json, NULL, bucket.count);
		json_out_close(json, ']');
	}
	json_out_close(json, ']');
}

void
report_json_histogram(JsonOut *json, const char *key,
					  const Histogram *histogram)
{
	json_out_open(json, key, '{');
	json_out_int(json, "count", histogram->count);
	json_out_seconds(json, "mean", llround(histogram_mean_ns(histogram)));
	json_out_seconds(json, "stddev", llround(histogram_stddev_ns(histogram)));
	json_out_seconds(json, "min", histogram_percentile(histogram, 0));
	json_out_seconds(json, "p50", histogram_percentile(histogram, 0.5));
	json_out_seconds(json, "p90", histogram_percentile(histogram, 0.9));
	json_out_seconds(json, "p95", histogram_percentile(histogram, 0.95));
	json_out_seconds(json, "p99", histogram_percentile(histogram, 0.99));
	json_out_seconds(json, "p99_9", histogram_percentile(histogram, 0.999));
	json_out_seconds(json, "max", histogram_percentile(histogram, 1));
	put_buckets(json, histogram);
	json_out_close(json, '}');
}

const char *
report_fix_name(int kind)
{
	static const char *const names[] = {
		"none",		   "step_async", "step_thread", "connections",
		"concurrency", "hold",		 "per_host",	"mode"};

	return names[kind];
}

static void
put_prediction(JsonOut *json, const RunResult *result)
{
	const Prediction *prediction = &result->prediction;

	if (!result->has_prediction)
	{
		json_out_string(json, "prediction", NULL);
		if (result->no_prediction != NULL)
			json_out_string(json, "no_prediction", result->no_prediction);
		return;
	}
	json_out_open(json, "prediction", '{');
	json_out_seconds(json, "predicted", prediction->predicted_ns);
	json_out_seconds(json, "low", prediction->low_ns);
	json_out_seconds(json, "high", prediction->high_ns);
	json_out_seconds(json, "best", prediction->best_ns);
	json_out_seconds(json, "worst", prediction->worst_ns);
	json_out_string(json, "fix", report_fix_name(prediction->fix));
	if (prediction->fix != FIX_NONE)
	{
		if (prediction->fix_step != NULL)
			json_out_int(json, "fix_step", prediction->fix_step->index);
		json_out_int(json, "fix_value", prediction->fix_value);
		json_out_seconds(json, "fix_predicted", prediction->fix_ns);
		json_out_seconds(json, "fix_low", prediction->fix_low_ns);
	}
	json_out_close(json, '}');
}

static void
put_verdict(JsonOut *json, const RunResult *result)
{
	Verdict verdict;

	report_verdict(result, &verdict);
	json_out_open(json, "verdict", '{');
	json_out_string(json, "word", verdict.word);
	json_out_string(json, "why", verdict.why);
	json_out_string(json, "fix", verdict.fix);
	json_out_open(json, "mistakes", '[');
	for (int i = 0; i < verdict.nmistakes; i++)
	{
		json_out_open(json, NULL, '{');
		json_out_string(json, "kind", verdict.mistakes[i].kind);
		json_out_seconds(json, "cost", verdict.mistakes[i].cost_ns);
		json_out_string(json, "text", verdict.mistakes[i].text);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
	json_out_close(json, '}');
}

/* 2026-01-31T23:59:59.123Z; null when unknown. */
static void
put_began(JsonOut *json, int64_t unix_ns)
{
	time_t seconds = (time_t) (unix_ns / S_NS);
	struct tm utc;
	char text[48];
	size_t len;

	if (unix_ns <= 0 || gmtime_r(&seconds, &utc) == NULL)
	{
		json_out_string(json, "began", NULL);
		return;
	}
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, sizeof(text) - len, ".%03dZ",
			 (int) (unix_ns % S_NS / 1000000));
	json_out_string(json, "began", text);
}

/* The texts in whole lines, as far as they are not too long in all. */
static void
put_sources(JsonOut *json, const Plan *plan)
{
	size_t room = PLAN_BYTES;

	json_out_open(json, "plan", '[');
	for (int i = 0; i < plan->nsources; i++)
		json_out_string(json, NULL, plan->sources[i].name);
	json_out_close(json, ']');
	json_out_open(json, "plan_text", '[');
	for (int i = 0; i < plan->nsources; i++)
	{
		const PlanSource *source = &plan->sources[i];
		size_t len = source->text != NULL ? source->len : 0;
		Buf masked = {0};

		if (len > room)
			for (len = room; len > 0 && source->text[len - 1] != '\n';)
				len--;
		secret_append(&masked, source->text, len);
		json_out_text(json, NULL, len > 0 ? masked.data : "", masked.len);
		buf_free(&masked);
		room -= len;
	}
	json_out_close(json, ']');
}

static void
put_input(JsonOut *json, const RunResult *result)
{
	if (result->input == NULL)
	{
		json_out_string(json, "input", NULL);
		return;
	}
	json_out_open(json, "input", '{');
	json_out_string(json, "name", result->input);
	json_out_int(json, "rows", result->input_rows);
	json_out_int(json, "bad", result->bad_rows);
	json_out_close(json, '}');
}

static void
put_expect(JsonOut *json, const Plan *plan)
{
	if (!plan->has_expect)
	{
		json_out_string(json, "expect", NULL);
		return;
	}
	json_out_open(json, "expect", '{');
	json_out_seconds(json, "time", llround(plan->expect_s * (double) S_NS));
	json_out_seconds(json, "low", llround(plan->expect_lo_s * (double) S_NS));
	json_out_seconds(json, "high", llround(plan->expect_hi_s * (double) S_NS));
	json_out_close(json, '}');
}

static void
put_schedule(JsonOut *json, const RunResult *result)
{
	if (result->rate <= 0)
	{
		json_out_string(json, "schedule", NULL);
		return;
	}
	json_out_open(json, "schedule", '{');
	json_out_string(json, "kind", schedule_name(result->schedule));
	json_out_real(json, "rate", result->rate);
	json_out_int(json, "skipped", result->counts.skipped);
	report_json_histogram(json, "lag", &result->spans->lag);
	json_out_close(json, '}');
}

static void
put_latency_limit(JsonOut *json, const RunResult *result)
{
	if (result->latency_limit_ns <= 0)
	{
		json_out_string(json, "latency_limit", NULL);
		return;
	}
	json_out_open(json, "latency_limit", '{');
	json_out_seconds(json, "limit", result->latency_limit_ns);
	json_out_int(json, "over", result->counts.late);
	json_out_close(json, '}');
}

static void
put_tuning(JsonOut *json, const Tuning *tuning)
{
	if (!tuning->is_given)
		return;
	json_out_open(json, "connections_auto", '{');
	json_out_int(json, "first", tuning->first);
	json_out_int(json, "most", tuning->peak);
	json_out_int(json, "last", tuning->last);
	json_out_string(json, "why", tuner_end_name(tuning->end));
	json_out_int(json, "rate", (int64_t) tuning->rate);
	json_out_int(json, "other", tuning->other);
	json_out_int(json, "other_rate", (int64_t) tuning->other_rate);
	json_out_close(json, '}');
}

void
report_json_head(JsonOut *json, const char *schema, int version)
{
	json_out_string(json, "schema", schema);
	json_out_int(json, "version", version);
	json_out_string(json, "program", "asyncdemo " ASYNCDEMO_VERSION);
}

static void
put_run(JsonOut *json, const RunResult *result)
{
	const Spans *spans = result->spans;

	report_json_head(json, REPORT_SCHEMA, REPORT_VERSION);
	json_out_string(json, "run_id", result->run_id);
	put_began(json, result->began_unix_ns);
	put_sources(json, result->plan);
	json_out_string(json, "server", result->server);
	json_out_int(json, "server_version", result->server_version);
	json_out_string(json, "mode", result->mode);
	json_out_int(json, "concurrency", result->concurrency);
	json_out_int(json, "loops", result->shards);
	json_out_int(json, "connections", result->connections);
	json_out_int(json, "pipeline", result->pipeline);
	put_tuning(json, &result->tuning);
	json_out_seconds(json, "wall", result->wall_ns);
	json_out_seconds(json, "opening", result->opening_ns);
	json_out_seconds(json, "client_cpu", result->client_cpu_ns);
	if (result->loop_cpu_ns >= 0)
		json_out_seconds(json, "loop_cpu", result->loop_cpu_ns);
	if (result->loop_idle_ns >= 0)
		json_out_seconds(json, "loop_idle", result->loop_idle_ns);
	json_out_int(json, "peak_memory_bytes", result->peak_memory_bytes);
	json_out_open(json, "counts", '{');
	json_out_int(json, "ok", spans->done);
	json_out_int(json, "failed", spans->failed);
	json_out_int(json, "canceled", spans->canceled);
	json_out_int(json, "skipped", spans->skipped + result->skipped);
	json_out_close(json, '}');
	put_input(json, result);
	json_out_open(json, "retries", '{');
	json_out_int(json, "made", spans->retried);
	json_out_int(json, "refused", result->retries_refused);
	json_out_close(json, '}');
	put_schedule(json, result);
	put_latency_limit(json, result);
	json_out_seconds(json, "tasks_time", spans->task_ns);
	json_out_seconds(json, "steps_time", spans->own_ns);
	put_prediction(json, result);
	put_expect(json, result->plan);
	put_verdict(json, result);
	put_classes(json, spans->class_ns);
	report_json_histogram(json, "latency", &spans->latency);
	report_json_histogram(json, "connects", &spans->connects);
	put_phases(json, "connect_phases", spans->connect_phase_ns);
}

static void
put_steps(JsonOut *json, const RunResult *result)
{
	json_out_open(json, "steps", '[');
	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *stats = &result->spans->steps[i];

		if (stats->step == NULL)
			continue;
		json_out_open(json, NULL, '{');
		json_out_int(json, "step", stats->step->index);
		json_out_string(json, "kind", step_kind_name(stats->step->kind));
		json_out_string(json, "label", stats->step->label);
		json_out_string(json, "call", call_name(stats->call));
		json_out_int(json, "file", stats->step->place.file);
		json_out_int(json, "line", stats->step->place.line);
		json_out_int(json, "count", stats->count);
		json_out_int(json, "failed", stats->failed);
		json_out_int(json, "retried", stats->retried);
		if (stats->told > 0)
			json_out_int(json, "told", stats->told);
		report_json_histogram(json, "own", &stats->own);
		report_json_histogram(json, "whole", &stats->whole);
		put_phases(json, "phases", stats->phase_ns);
		json_out_int(json, "holds", stats->holds);
		json_out_seconds(json, "held", stats->held_ns);
		json_out_seconds(json, "cost", stats->cost_ns);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}

static void
put_span(JsonOut *json, const Spans *spans, const Span *span)
{
	json_out_open(json, NULL, '{');
	json_out_int(json, "step", span->step->index);
	json_out_string(json, "label", span->step->label);
	json_out_string(json, "call", call_name(span->call));
	json_out_string(json, "outcome", step_state_name(span->outcome));
	put_moment(json, spans, "queued", span->queued_ns);
	put_moment(json, spans, "started", span->started_ns);
	put_moment(json, spans, "arrived", span->arrived_ns);
	put_moment(json, spans, "ended", span->ended_ns);
	if (span->attempt > 1)
	{
		json_out_int(json, "attempt", span->attempt);
		json_out_seconds(json, "backoff", span->backoff_ns);
	}
	if (span->gather >= 0)
		json_out_int(json, "gather", span->gather);
	if (span->conn > 0)
		json_out_int(json, "connection", span->conn);
	if (span->pid > 0)
		json_out_int(json, "pid", span->pid);
	if (span->lease_from > 0)
		json_out_int(json, "lease_from", (int64_t) span->lease_from);
	put_phases(json, "phases", span->phase_ns);
	json_out_close(json, '}');
}

static void
put_tasks(JsonOut *json, const Spans *spans, size_t max_bytes)
{
	static const char *const outcomes[] = {"ok", "failed", "canceled",
										   "skipped"};

	json_out_open(json, "tasks", '[');
	for (int i = 0; i < spans->ntasks; i++)
	{
		const TaskSpans *task = &spans->tasks[i];

		if (json_out_bytes(json) > max_bytes)
			break;
		json_out_open(json, NULL, '{');
		json_out_int(json, "number", (int64_t) task->number);
		json_out_string(json, "name", task->name);
		json_out_string(json, "outcome", outcomes[task->outcome]);
		put_moment(json, spans, "begun", task->begun_ns);
		put_moment(json, spans, "ended", task->ended_ns);
		json_out_string(json, "error", task->error);
		put_classes(json, task->class_ns);
		json_out_open(json, "spans", '[');
		for (int j = 0; j < task->nspans; j++)
			put_span(json, spans, &task->spans[j]);
		json_out_close(json, ']');
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}

static void
put_slowest(JsonOut *json, const Spans *spans)
{
	json_out_open(json, "slowest", '[');
	for (int i = 0; i < spans->nslowest; i++)
	{
		const SlowTask *slow = &spans->slowest[i];

		json_out_open(json, NULL, '{');
		json_out_int(json, "number", (int64_t) slow->number);
		json_out_string(json, "name", slow->name);
		json_out_seconds(json, "time", slow->took_ns);
		json_out_string(json, "mostly", class_name(slow->mostly));
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}

static void
put_errors(JsonOut *json, const Spans *spans)
{
	json_out_open(json, "errors", '[');
	for (int i = 0; i < spans->nfailures; i++)
	{
		json_out_open(json, NULL, '{');
		json_out_string(json, "message", spans->failures[i].message);
		json_out_int(json, "count", spans->failures[i].count);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}

static void
put_holds(JsonOut *json, const Spans *spans)
{
	json_out_open(json, "holds", '[');
	for (int i = 0; i < spans->nholds; i++)
	{
		const HoldSpan *hold = &spans->holds[i];

		json_out_open(json, NULL, '{');
		json_out_int(json, "task", (int64_t) hold->task);
		json_out_int(json, "step",
					 hold->step != NULL ? hold->step->index : -1);
		put_moment(json, spans, "begun", hold->begun_ns);
		put_moment(json, spans, "ended", hold->ended_ns);
		json_out_seconds(json, "cost", hold->cost_ns);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}

static void
put_first_error(JsonOut *json, const Err *err)
{
	if (err == NULL || err->kind == ERR_NONE)
	{
		json_out_string(json, "first_error", NULL);
		return;
	}
	json_out_open(json, "first_error", '{');
	json_out_string(json, "kind", err_kind_name(err->kind));
	json_out_string(json, "sqlstate", err->sqlstate);
	json_out_string(json, "message", err->message);
	json_out_string(json, "hint", err->hint);
	json_out_string(json, "file", err->file);
	json_out_int(json, "line", err->line);
	json_out_close(json, '}');
}

void
report_json_limited(FILE *out, const RunResult *result, bool in_html,
					size_t max_bytes)
{
	JsonOut json;

	json_out_begin(&json, out, in_html);
	json_out_open(&json, NULL, '{');
	put_run(&json, result);
	put_steps(&json, result);
	report_activity_json(&json, result);
	put_slowest(&json, result->spans);
	put_holds(&json, result->spans);
	put_errors(&json, result->spans);
	put_first_error(&json, result->first_error);
	json_out_bool(&json, "expect_failed", result->expect_failed);
	json_out_bool(&json, "interrupted", result->interrupted);
	json_out_int(&json, "exit_code", result->exit_code);
	put_tasks(&json, result->spans, max_bytes);
	json_out_close(&json, '}');
	json_out_end(&json);
}

void
report_json(FILE *out, const RunResult *result)
{
	report_json_limited(out, result, false, SIZE_MAX);
	fputc('\n', out);
}
