/*
 * report_json.c
 *	  What programs read after a run: report.schema.json says what is in it.
 *
 * Written task by task, so that memory does not grow with their number.
 * Times are seconds; those of tasks, spans and holds count from the run's
 * begin.
 */
#include "report.h"

#include <string.h>

#include "buf.h"
#include "utf8.h"

#define REPORT_VERSION 1
#define FLUSH_BYTES 65536

typedef struct Json
{
	FILE *out;
	const RunResult *result;
	Buf buf;
	bool comma; /* one is due before the next value */
} Json;

/* Valid in JSON, but they could steer a terminal that shows it. */
static bool
is_unsafe(uint32_t code)
{
	return (code >= 0x80 && code < 0xA0) || code == 0x061C || code == 0x200E ||
		   code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
		   (code >= 0x2066 && code <= 0x2069);
}

/*
 * What is beyond ASCII stands in strings only, and was made well-formed there;
 * the buffer always ends between two values.
 */
static void
flush(Json *json)
{
	const char *data = json->buf.data;
	size_t len = json->buf.len;
	size_t begin = 0;

	for (size_t i = 0; i < len;)
	{
		uint32_t code = 0;
		int n =
			(data[i] & 0x80) == 0 ? 1 : utf8_decode(data + i, len - i, &code);

		if (is_unsafe(code))
		{
			fwrite(data + begin, 1, i - begin, json->out);
			fprintf(json->out, "\\u%04x", (unsigned) code);
			begin = i + (size_t) n;
		}
		i += n > 0 ? (size_t) n : 1;
	}
	fwrite(data + begin, 1, len - begin, json->out);
	buf_reset(&json->buf);
}

/* What comes before every value; key: NULL in an array. */
static void
begin_value(Json *json, const char *key)
{
	if (json->comma)
		buf_putc(&json->buf, ',');
	if (json->buf.len >= FLUSH_BYTES)
		flush(json);
	json->comma = true;
	if (key != NULL)
	{
		buf_json_string(&json->buf, key, strlen(key));
		buf_putc(&json->buf, ':');
	}
}

static void
open_value(Json *json, const char *key, char bracket)
{
	begin_value(json, key);
	buf_putc(&json->buf, bracket);
	json->comma = false;
}

static void
close_value(Json *json, char bracket)
{
	buf_putc(&json->buf, bracket);
	json->comma = true;
}

static void
put_string(Json *json, const char *key, const char *text)
{
	begin_value(json, key);
	if (text == NULL)
		buf_puts(&json->buf, "null");
	else
		buf_json_string(&json->buf, text, strlen(text));
}

static void
put_int(Json *json, const char *key, int64_t value)
{
	begin_value(json, key);
	buf_printf(&json->buf, "%lld", (long long) value);
}

static void
put_bool(Json *json, const char *key, bool value)
{
	begin_value(json, key);
	buf_puts(&json->buf, value ? "true" : "false");
}

/* Nanoseconds as seconds, exactly and whatever the locale's decimal sign. */
static void
put_seconds(Json *json, const char *key, int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t) ns : (uint64_t) ns;

	begin_value(json, key);
	buf_printf(&json->buf, "%s%llu.%09llu", ns < 0 ? "-" : "",
			   (unsigned long long) (size / 1000000000),
			   (unsigned long long) (size % 1000000000));
}

static void
put_moment(Json *json, const char *key, int64_t time_ns)
{
	put_seconds(json, key, time_ns - json->result->spans->run_begun_ns);
}

static void
put_classes(Json *json, const int64_t *class_ns)
{
	open_value(json, "classes", '{');
	for (Class class = 0; class < CLASSES; class ++)
		put_seconds(json, class_name(class), class_ns[class]);
	close_value(json, '}');
}

/* Only those that took any time. */
static void
put_phases(Json *json, const char *key, const int64_t *phase_ns)
{
	open_value(json, key, '{');
	for (Phase phase = 0; phase < PHASES; phase++)
		if (phase_ns[phase] > 0)
			put_seconds(json, phase_name(phase), phase_ns[phase]);
	close_value(json, '}');
}

static void
put_histogram(Json *json, const char *key, const Histogram *histogram)
{
	open_value(json, key, '{');
	put_int(json, "count", histogram->count);
	put_seconds(json, "mean", (int64_t) histogram_mean_ns(histogram));
	put_seconds(json, "stddev", (int64_t) histogram_stddev_ns(histogram));
	put_seconds(json, "min", histogram_percentile(histogram, 0));
	put_seconds(json, "p50", histogram_percentile(histogram, 0.5));
	put_seconds(json, "p90", histogram_percentile(histogram, 0.9));
	put_seconds(json, "p95", histogram_percentile(histogram, 0.95));
	put_seconds(json, "p99", histogram_percentile(histogram, 0.99));
	put_seconds(json, "p99_9", histogram_percentile(histogram, 0.999));
	put_seconds(json, "max", histogram_percentile(histogram, 1));
	close_value(json, '}');
}

static const char *
fix_name(FixKind kind)
{
	static const char *const names[] = {"none",		   "step_async",
										"step_thread", "connections",
										"concurrency", "hold"};

	return names[kind];
}

static void
put_prediction(Json *json, const RunResult *result)
{
	const Prediction *prediction = &result->prediction;

	if (!result->has_prediction)
	{
		put_string(json, "prediction", NULL);
		return;
	}
	open_value(json, "prediction", '{');
	put_seconds(json, "predicted", prediction->predicted_ns);
	put_seconds(json, "low", prediction->low_ns);
	put_seconds(json, "high", prediction->high_ns);
	put_seconds(json, "best", prediction->best_ns);
	put_seconds(json, "worst", prediction->worst_ns);
	put_string(json, "fix", fix_name(prediction->fix));
	if (prediction->fix != FIX_NONE)
	{
		if (prediction->fix_step != NULL)
			put_int(json, "fix_step", prediction->fix_step->index);
		put_int(json, "fix_value", prediction->fix_value);
		put_seconds(json, "fix_predicted", prediction->fix_ns);
	}
	close_value(json, '}');
}

static void
put_verdict(Json *json, const RunResult *result)
{
	Verdict verdict;

	report_verdict(result, &verdict);
	open_value(json, "verdict", '{');
	put_string(json, "word", verdict.word);
	put_string(json, "why", verdict.why);
	put_string(json, "fix", verdict.fix);
	close_value(json, '}');
}

static void
put_run(Json *json, const RunResult *result)
{
	const Spans *spans = result->spans;

	put_int(json, "version", REPORT_VERSION);
	put_string(json, "run_id", result->run_id);
	open_value(json, "plan", '[');
	for (int i = 0; i < result->plan->nsources; i++)
		put_string(json, NULL, result->plan->sources[i].name);
	close_value(json, ']');
	put_string(json, "server", result->server);
	put_int(json, "server_version", result->server_version);
	put_string(json, "mode", result->mode);
	put_int(json, "concurrency", result->concurrency);
	put_int(json, "loops", result->shards);
	put_int(json, "connections", result->connections);
	put_seconds(json, "wall", result->wall_ns);
	put_seconds(json, "opening", result->opening_ns);
	put_seconds(json, "client_cpu", result->client_cpu_ns);
	if (result->loop_idle_ns >= 0)
		put_seconds(json, "loop_idle", result->loop_idle_ns);
	put_int(json, "peak_memory_bytes", result->peak_memory_bytes);
	open_value(json, "counts", '{');
	put_int(json, "ok", spans->done);
	put_int(json, "failed", spans->failed);
	put_int(json, "canceled", spans->canceled);
	put_int(json, "skipped", spans->skipped + result->skipped);
	close_value(json, '}');
	open_value(json, "retries", '{');
	put_int(json, "made", spans->retried);
	put_int(json, "refused", result->retries_refused);
	close_value(json, '}');
	put_seconds(json, "tasks_time", spans->task_ns);
	put_seconds(json, "steps_time", spans->own_ns);
	put_prediction(json, result);
	put_verdict(json, result);
	put_classes(json, spans->class_ns);
	put_histogram(json, "latency", &spans->latency);
	put_histogram(json, "connects", &spans->connects);
	put_phases(json, "connect_phases", spans->connect_phase_ns);
}

static void
put_steps(Json *json, const RunResult *result)
{
	open_value(json, "steps", '[');
	for (int i = 0; i < result->plan->nsteps; i++)
	{
		const StepStats *stats = &result->spans->steps[i];

		if (stats->step == NULL)
			continue;
		open_value(json, NULL, '{');
		put_int(json, "step", stats->step->index);
		put_string(json, "kind", step_kind_name(stats->step->kind));
		put_string(json, "label", stats->step->label);
		put_string(json, "call", call_name(stats->call));
		put_int(json, "line", stats->step->place.line);
		put_int(json, "count", stats->count);
		put_int(json, "failed", stats->failed);
		put_int(json, "retried", stats->retried);
		put_histogram(json, "own", &stats->own);
		put_histogram(json, "whole", &stats->whole);
		put_phases(json, "phases", stats->phase_ns);
		put_int(json, "holds", stats->holds);
		put_seconds(json, "held", stats->held_ns);
		put_seconds(json, "cost", stats->cost_ns);
		close_value(json, '}');
	}
	close_value(json, ']');
}

static void
put_span(Json *json, const Span *span)
{
	open_value(json, NULL, '{');
	put_int(json, "step", span->step->index);
	put_string(json, "label", span->step->label);
	put_string(json, "call", call_name(span->call));
	put_string(json, "outcome", step_state_name(span->outcome));
	put_moment(json, "queued", span->queued_ns);
	put_moment(json, "started", span->started_ns);
	put_moment(json, "arrived", span->arrived_ns);
	put_moment(json, "ended", span->ended_ns);
	if (span->attempt > 1)
	{
		put_int(json, "attempt", span->attempt);
		put_seconds(json, "backoff", span->backoff_ns);
	}
	if (span->gather >= 0)
		put_int(json, "gather", span->gather);
	if (span->conn > 0)
		put_int(json, "connection", span->conn);
	if (span->pid > 0)
		put_int(json, "pid", span->pid);
	if (span->lease_from > 0)
		put_int(json, "lease_from", (int64_t) span->lease_from);
	put_phases(json, "phases", span->phase_ns);
	close_value(json, '}');
}

static void
put_tasks(Json *json, const Spans *spans)
{
	static const char *const outcomes[] = {"ok", "failed", "canceled",
										   "skipped"};

	open_value(json, "tasks", '[');
	for (int i = 0; i < spans->ntasks; i++)
	{
		const TaskSpans *task = &spans->tasks[i];

		open_value(json, NULL, '{');
		put_int(json, "number", (int64_t) task->number);
		put_string(json, "name", task->name);
		put_string(json, "outcome", outcomes[task->outcome]);
		put_moment(json, "begun", task->begun_ns);
		put_moment(json, "ended", task->ended_ns);
		put_string(json, "error", task->error);
		put_classes(json, task->class_ns);
		open_value(json, "spans", '[');
		for (int j = 0; j < task->nspans; j++)
			put_span(json, &task->spans[j]);
		close_value(json, ']');
		close_value(json, '}');
	}
	close_value(json, ']');
}

static void
put_slowest(Json *json, const Spans *spans)
{
	open_value(json, "slowest", '[');
	for (int i = 0; i < spans->nslowest; i++)
	{
		const SlowTask *slow = &spans->slowest[i];

		open_value(json, NULL, '{');
		put_int(json, "number", (int64_t) slow->number);
		put_string(json, "name", slow->name);
		put_seconds(json, "time", slow->took_ns);
		put_string(json, "mostly", class_name(slow->mostly));
		close_value(json, '}');
	}
	close_value(json, ']');
}

static void
put_errors(Json *json, const Spans *spans)
{
	open_value(json, "errors", '[');
	for (int i = 0; i < spans->nfailures; i++)
	{
		open_value(json, NULL, '{');
		put_string(json, "message", spans->failures[i].message);
		put_int(json, "count", spans->failures[i].count);
		close_value(json, '}');
	}
	close_value(json, ']');
}

static void
put_holds(Json *json, const Spans *spans)
{
	open_value(json, "holds", '[');
	for (int i = 0; i < spans->nholds; i++)
	{
		const HoldSpan *hold = &spans->holds[i];

		open_value(json, NULL, '{');
		put_int(json, "task", (int64_t) hold->task);
		put_int(json, "step", hold->step != NULL ? hold->step->index : -1);
		put_moment(json, "begun", hold->begun_ns);
		put_moment(json, "ended", hold->ended_ns);
		put_seconds(json, "cost", hold->cost_ns);
		close_value(json, '}');
	}
	close_value(json, ']');
}

static void
put_first_error(Json *json, const Err *err)
{
	if (err == NULL || err->kind == ERR_NONE)
	{
		put_string(json, "first_error", NULL);
		return;
	}
	open_value(json, "first_error", '{');
	put_string(json, "kind", err_kind_name(err->kind));
	put_string(json, "sqlstate", err->sqlstate);
	put_string(json, "message", err->message);
	put_string(json, "hint", err->hint);
	put_string(json, "file", err->file);
	put_int(json, "line", err->line);
	close_value(json, '}');
}

void
report_json(FILE *out, const RunResult *result)
{
	Json json = {.out = out, .result = result};

	buf_init(&json.buf, 0);
	open_value(&json, NULL, '{');
	put_run(&json, result);
	put_steps(&json, result);
	put_tasks(&json, result->spans);
	put_slowest(&json, result->spans);
	put_holds(&json, result->spans);
	put_errors(&json, result->spans);
	put_first_error(&json, result->first_error);
	put_bool(&json, "expect_failed", result->expect_failed);
	put_bool(&json, "interrupted", result->interrupted);
	put_int(&json, "exit_code", result->exit_code);
	close_value(&json, '}');
	buf_putc(&json.buf, '\n');
	flush(&json);
	buf_free(&json.buf);
}
