/*
 * report_load.c
 *	  A saved run: what --format json wrote, as the result it was written from.
 *
 * A SavedRun owns plan and spans, and shares the JSON document, into which
 * texts point.
 * What was added to reports since a run was saved has a value for "not
 * told"; what is unknown in it is passed over, since the version says that it
 * may be.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "report_json.h"
#include "report_load_private.h"
#include "report_tuning.h"

/* -------- parts that come more than once -------- */

static void
read_buckets(JsonIn *in, json_t *list, Histogram *histogram)
{
	int64_t sum = 0;
	size_t i;
	json_t *pair;

	json_array_foreach(list, i, pair)
	{
		json_t *low = json_array_get(pair, 0);
		int64_t count = json_integer_value(json_array_get(pair, 1));

		if (low == NULL || count < 1 || count > UINT32_MAX)
		{
			json_in_wrong(in, "buckets", "are no pairs of time and count");
			return;
		}
		histogram_fill(histogram, json_in_seconds(in, low, "buckets"),
					   (uint32_t) count);
		sum += count;
	}
	if (sum != histogram->count)
		json_in_wrong(in, "buckets", "are not as many as the count");
}

void
load_histogram(JsonIn *in, json_t *from, const char *key, Histogram *histogram)
{
	json_t *object = json_in_object(in, from, key);
	json_t *buckets;
	size_t outer = strlen(in->place);
	double n;
	double stddev;

	if (object == NULL)
		return;
	snprintf(in->place + outer, sizeof(in->place) - outer, "%s%s",
			 outer > 0 ? "." : "", key);
	histogram->count = json_in_count(in, object, "count", INT64_MAX);
	histogram->min_ns = json_in_ns(in, object, "min");
	histogram->max_ns = json_in_ns(in, object, "max");
	n = (double) histogram->count;
	stddev = (double) json_in_ns(in, object, "stddev");
	histogram->sum_ns = (double) json_in_ns(in, object, "mean") * n;
	if (n > 0)
		histogram->sum_squares = stddev * stddev * (n - 1) +
								 histogram->sum_ns * (histogram->sum_ns / n);
	buckets = json_in_array(in, object, "buckets");
	if (buckets != NULL)
		read_buckets(in, buckets, histogram);
	in->place[outer] = '\0';
}

void
load_classes(JsonIn *in, json_t *from, int64_t *class_ns)
{
	json_t *object = json_in_object(in, from, "classes");

	for (Class class = 0; object != NULL && class < CLASSES; class ++)
		class_ns[class] = json_in_ns_or(in, object, class_name(class), 0);
}

void
load_phases(JsonIn *in, json_t *from, const char *key, int64_t *phase_ns)
{
	json_t *object = json_in_object_or_none(in, from, key);

	for (Phase phase = 0; object != NULL && phase < PHASES; phase++)
		phase_ns[phase] = json_in_ns_or(in, object, phase_name(phase), 0);
}

static const char *
kind_word(int kind)
{
	return step_kind_name((StepKind) kind);
}

const char *
load_call_word(int call)
{
	return call_name((Call) call);
}

static const char *
verdict_word(int verdict)
{
	static const char *const words[] = {"SERIAL", "PARTIAL", "OVERLAPS"};

	return words[verdict];
}

/* -------- the plan -------- */

static void
read_sources(JsonIn *in, SavedRun *saved)
{
	json_t *names = json_in_array(in, saved->root, "plan");
	json_t *texts = json_in_array_or_none(in, saved->root, "plan_text");
	size_t n = json_array_size(names);

	saved->plan.sources = mem_alloc((n + 1) * sizeof(PlanSource));
	saved->plan.nsources = (int) n;
	if (n == 0)
		json_in_wrong(in, "plan", "names no file");
	for (size_t i = 0; i < n; i++)
	{
		PlanSource *source = &saved->plan.sources[i];
		const char *name = json_string_value(json_array_get(names, i));
		const char *text = json_string_value(json_array_get(texts, i));

		if (name == NULL)
			json_in_wrong(in, "plan", "is not a list of names");
		source->name = name != NULL ? name : "";
		source->text = text != NULL ? text : "";
		source->len = strlen(source->text);
	}
}

/* One more than the greatest number of a step, of which many may lack. */
static int
count_steps(JsonIn *in, json_t *steps)
{
	int64_t most = 0;
	size_t i;
	json_t *step;

	json_array_foreach(steps, i, step)
	{
		int64_t number;

		snprintf(in->place, sizeof(in->place), "steps[%zu]", i);
		number = json_in_count(in, step, "step", MAX_STEPS);
		most = number >= most ? number + 1 : most;
	}
	in->place[0] = '\0';
	return (int) most;
}

static void
read_step(JsonIn *in, SavedRun *saved, json_t *from)
{
	int index = (int) json_in_count(in, from, "step", MAX_STEPS);
	PlanStep *step = &saved->plan.bodies->steps[index];
	StepStats *stats = &saved->spans.steps[index];

	if (stats->step != NULL)
		json_in_wrong(in, "step", "is there twice");
	step->index = index;
	step->kind =
		(StepKind) json_in_word(in, from, "kind", kind_word, STEP_KINDS);
	step->call =
		(Call) json_in_word(in, from, "call", load_call_word, CALL_THREAD + 1);
	step->label = json_in_string(in, from, "label");
	step->place.file =
		(int) json_in_count_or(in, from, "file", saved->plan.nsources - 1, 0);
	step->place.line = (int) json_in_count(in, from, "line", INT32_MAX);
	if (in->failed)
		return;
	stats->step = step;
	stats->call = step->call;
	stats->count = json_in_count(in, from, "count", INT64_MAX);
	stats->failed = json_in_count(in, from, "failed", INT64_MAX);
	stats->retried = json_in_count_or(in, from, "retried", INT64_MAX, 0);
	stats->told = json_in_count_or(in, from, "told", INT64_MAX, 0);
	load_histogram(in, from, "own", &stats->own);
	load_histogram(in, from, "whole", &stats->whole);
	load_phases(in, from, "phases", stats->phase_ns);
	stats->holds = json_in_count_or(in, from, "holds", INT64_MAX, 0);
	stats->held_ns = json_in_ns_or(in, from, "held", 0);
	stats->cost_ns = json_in_ns_or(in, from, "cost", 0);
}

static void
read_steps(JsonIn *in, SavedRun *saved)
{
	json_t *list = json_in_array(in, saved->root, "steps");
	int n = count_steps(in, list);
	size_t i;
	json_t *one;

	saved->plan.nsteps = n;
	saved->plan.bodies = mem_alloc(sizeof(Body));
	saved->plan.bodies->steps = mem_alloc((size_t) n * sizeof(PlanStep) + 1);
	saved->spans.steps = mem_alloc((size_t) n * sizeof(StepStats) + 1);
	json_array_foreach(list, i, one)
	{
		snprintf(in->place, sizeof(in->place), "steps[%zu]", i);
		if (!in->failed)
			read_step(in, saved, one);
	}
	in->place[0] = '\0';
}

/* A step that ran, by its number; NULL is a mistake. */
const PlanStep *
load_step_number(JsonIn *in, const SavedRun *saved, json_t *from,
				 const char *key)
{
	int64_t number = json_in_count(in, from, key, MAX_STEPS);

	if (number < saved->plan.nsteps && saved->spans.steps[number].step != NULL)
		return saved->spans.steps[number].step;
	json_in_wrong(in, key, "is no step of this run");
	return NULL;
}

/* -------- the run -------- */

static void
read_counts(JsonIn *in, SavedRun *saved)
{
	Spans *spans = &saved->spans;
	json_t *counts = json_in_object(in, saved->root, "counts");
	json_t *retries = json_in_object_or_none(in, saved->root, "retries");

	if (counts != NULL)
	{
		spans->done = json_in_count(in, counts, "ok", INT64_MAX);
		spans->failed = json_in_count(in, counts, "failed", INT64_MAX);
		spans->canceled = json_in_count(in, counts, "canceled", INT64_MAX);
		saved->result.skipped =
			json_in_count_or(in, counts, "skipped", INT64_MAX, 0);
	}
	if (retries != NULL)
	{
		spans->retried = json_in_count_or(in, retries, "made", INT64_MAX, 0);
		saved->result.retries_refused =
			json_in_count_or(in, retries, "refused", INT64_MAX, 0);
	}
	spans->task_ns = json_in_ns(in, saved->root, "tasks_time");
	spans->own_ns = json_in_ns(in, saved->root, "steps_time");
	load_classes(in, saved->root, spans->class_ns);
	load_histogram(in, saved->root, "latency", &spans->latency);
	load_histogram(in, saved->root, "connects", &spans->connects);
	spans->conns_opened = (int) spans->connects.count;
	load_phases(in, saved->root, "connect_phases", spans->connect_phase_ns);
}

static const char *
schedule_word(int kind)
{
	return schedule_name((ScheduleKind) kind);
}

/* Runs that were saved before there was a schedule have none. */
static void
read_schedule(JsonIn *in, SavedRun *saved)
{
	json_t *from = json_in_object_or_none(in, saved->root, "schedule");
	json_t *limit = json_in_object_or_none(in, saved->root, "latency_limit");
	RunResult *result = &saved->result;

	if (from != NULL)
	{
		result->rate = json_number_value(json_object_get(from, "rate"));
		if (!(result->rate > 0))
			json_in_wrong(in, "rate", "is no number above 0");
		result->schedule = (ScheduleKind) json_in_word(
			in, from, "kind", schedule_word, SCHEDULE_UNIFORM + 1);
		result->counts.skipped = json_in_count(in, from, "skipped", INT64_MAX);
		load_histogram(in, from, "lag", &saved->spans.lag);
	}
	if (limit != NULL)
	{
		result->latency_limit_ns = json_in_ns(in, limit, "limit");
		result->counts.late = json_in_count(in, limit, "over", INT64_MAX);
	}
}

/* Nor an input. */
static void
read_input(JsonIn *in, SavedRun *saved)
{
	json_t *from = json_in_object_or_none(in, saved->root, "input");

	if (from == NULL)
		return;
	saved->result.input = json_in_string(in, from, "name");
	saved->result.input_rows = json_in_count(in, from, "rows", INT64_MAX);
	saved->result.bad_rows = json_in_count(in, from, "bad", INT64_MAX);
}

static void
read_prediction(JsonIn *in, SavedRun *saved)
{
	json_t *from = json_in_object_or_none(in, saved->root, "prediction");
	Prediction *prediction = &saved->result.prediction;

	saved->result.no_prediction =
		json_in_string_or_none(in, saved->root, "no_prediction");
	if (from == NULL)
		return;
	saved->result.has_prediction = true;
	snprintf(in->place, sizeof(in->place), "prediction");
	prediction->predicted_ns = json_in_ns(in, from, "predicted");
	prediction->low_ns = json_in_ns(in, from, "low");
	prediction->high_ns = json_in_ns(in, from, "high");
	prediction->best_ns = json_in_ns(in, from, "best");
	prediction->worst_ns = json_in_ns(in, from, "worst");
	prediction->fix =
		(FixKind) json_in_word(in, from, "fix", report_fix_name, REPORT_FIXES);
	if (json_object_get(from, "fix_step") != NULL)
		prediction->fix_step = load_step_number(in, saved, from, "fix_step");
	prediction->fix_value =
		(int) json_in_count_or(in, from, "fix_value", INT32_MAX, 0);
	prediction->fix_ns = json_in_ns_or(in, from, "fix_predicted", 0);
	prediction->fix_low_ns =
		json_in_ns_or(in, from, "fix_low", prediction->fix_ns);
	in->place[0] = '\0';
}

static void
read_mistakes(JsonIn *in, json_t *list, Verdict *verdict)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		Mistake *mistake = &verdict->mistakes[verdict->nmistakes];

		if (verdict->nmistakes == MISTAKES_TOLD)
			break;
		mistake->kind = json_in_string(in, one, "kind");
		mistake->cost_ns = json_in_ns(in, one, "cost");
		snprintf(mistake->text, sizeof(mistake->text), "%s",
				 json_in_string(in, one, "text"));
		verdict->nmistakes++;
	}
}

static void
read_verdict(JsonIn *in, SavedRun *saved)
{
	json_t *from = json_in_object(in, saved->root, "verdict");
	Verdict *verdict = &saved->verdict;
	int word;

	if (from == NULL)
		return;
	snprintf(in->place, sizeof(in->place), "verdict");
	word = json_in_word(in, from, "word", verdict_word, 3);
	verdict->word = verdict_word(word < 3 ? word : 0);
	snprintf(verdict->why, sizeof(verdict->why), "%s",
			 json_in_string(in, from, "why"));
	snprintf(verdict->fix, sizeof(verdict->fix), "%s",
			 json_in_string(in, from, "fix"));
	read_mistakes(in, json_in_array_or_none(in, from, "mistakes"), verdict);
	saved->result.verdict = verdict;
	in->place[0] = '\0';
}

static void
read_expect(JsonIn *in, SavedRun *saved)
{
	json_t *from = json_in_object_or_none(in, saved->root, "expect");
	Plan *plan = &saved->plan;

	if (from == NULL)
		return;
	plan->has_expect = true;
	plan->expect_s = (double) json_in_ns(in, from, "time") / 1e9;
	plan->expect_lo_s = (double) json_in_ns(in, from, "low") / 1e9;
	plan->expect_hi_s = (double) json_in_ns(in, from, "high") / 1e9;
}

static void
read_first_error(JsonIn *in, SavedRun *saved)
{
	json_t *from = json_in_object_or_none(in, saved->root, "first_error");
	Err *err = &saved->first_error;
	const char *kind;

	if (from == NULL)
		return;
	err_set(err, ERR_DATA, "%s", json_in_string(in, from, "message"));
	kind = json_in_string(in, from, "kind");
	for (ErrKind one = ERR_USAGE; one <= ERR_IO; one++)
		if (strcmp(err_kind_name(one), kind) == 0)
			err->kind = one;
	snprintf(err->sqlstate, sizeof(err->sqlstate), "%s",
			 json_in_string(in, from, "sqlstate"));
	snprintf(err->hint, sizeof(err->hint), "%s",
			 json_in_string(in, from, "hint"));
	snprintf(err->file, sizeof(err->file), "%s",
			 json_in_string(in, from, "file"));
	err->line = (int) json_in_count(in, from, "line", INT32_MAX);
	saved->result.first_error = err;
}

/* 2026-01-31T23:59:59.123Z; what is not written so is not known. */
static int64_t
read_began(const char *text)
{
	struct tm utc = {0};
	const char *rest = text != NULL ? strptime(text, "%FT%T", &utc) : NULL;
	int ms = 0;

	if (rest == NULL)
		return 0;
	if (*rest == '.')
		ms = atoi(rest + 1);
	return (int64_t) timegm(&utc) * 1000000000 + (int64_t) ms * 1000000;
}

static const char *
tuner_word(int end)
{
	return tuner_end_name((TunerEnd) end);
}

static void
read_tuning(JsonIn *in, json_t *from, Tuning *tuning)
{
	if (from == NULL)
		return;
	tuning->is_given = true;
	tuning->first = (int) json_in_count(in, from, "first", INT32_MAX);
	tuning->peak = (int) json_in_count(in, from, "most", INT32_MAX);
	tuning->last = (int) json_in_count(in, from, "last", INT32_MAX);
	tuning->end =
		(TunerEnd) json_in_word(in, from, "why", tuner_word, TUNER_ENDS);
	tuning->rate = (double) json_in_count_or(in, from, "rate", INT64_MAX, 0);
	tuning->other = (int) json_in_count_or(in, from, "other", INT32_MAX, 0);
	tuning->other_rate =
		(double) json_in_count_or(in, from, "other_rate", INT64_MAX, 0);
}

static void
read_run(JsonIn *in, SavedRun *saved)
{
	RunResult *result = &saved->result;
	json_t *root = saved->root;

	result->run_id = json_in_string_or_none(in, root, "run_id");
	result->began_unix_ns =
		read_began(json_in_string_or_none(in, root, "began"));
	result->server = json_in_string_or_none(in, root, "server");
	result->server_version =
		(int) json_in_count_or(in, root, "server_version", INT32_MAX, 0);
	result->mode = json_in_string_or_none(in, root, "mode");
	result->concurrency =
		(int) json_in_count(in, root, "concurrency", INT32_MAX);
	result->shards = (int) json_in_count_or(in, root, "loops", INT32_MAX, 1);
	result->connections =
		(int) json_in_count(in, root, "connections", INT32_MAX);
	result->pipeline =
		(int) json_in_count_or(in, root, "pipeline", INT32_MAX, 1);
	read_tuning(in, json_object_get(root, "connections_auto"),
				&result->tuning);
	result->wall_ns = json_in_ns(in, root, "wall");
	result->opening_ns = json_in_ns_or(in, root, "opening", 0);
	result->client_cpu_ns = json_in_ns_or(in, root, "client_cpu", 0);
	result->loop_idle_ns = json_in_ns_or(in, root, "loop_idle", -1);
	result->loop_cpu_ns = json_in_ns_or(in, root, "loop_cpu", -1);
	result->peak_memory_bytes =
		json_in_count_or(in, root, "peak_memory_bytes", INT64_MAX, 0);
	result->expect_failed = json_in_bool_or(in, root, "expect_failed", false);
	result->interrupted = json_in_bool_or(in, root, "interrupted", false);
	result->exit_code = (int) json_in_count_or(in, root, "exit_code", 255, 0);
	saved->spans.run_ended_ns = result->wall_ns;
}

SavedRun *
saved_run_load(JsonIn *in, json_t *root)
{
	SavedRun *saved = mem_alloc(sizeof(*saved));

	saved->root = json_incref(root);
	saved->result.plan = &saved->plan;
	saved->result.spans = &saved->spans;
	saved->spans.plan = &saved->plan;
	read_run(in, saved);
	read_sources(in, saved);
	read_steps(in, saved);
	read_counts(in, saved);
	read_schedule(in, saved);
	read_input(in, saved);
	load_tasks(in, saved);
	load_holds(in, saved);
	load_slowest(in, saved);
	load_failures(in, saved);
	load_activity(in, saved);
	read_prediction(in, saved);
	read_expect(in, saved);
	read_verdict(in, saved);
	read_first_error(in, saved);
	if (!in->failed)
		return saved;
	saved_run_free(saved);
	return NULL;
}

const RunResult *
saved_run_result(const SavedRun *saved)
{
	return &saved->result;
}

void
saved_run_free(SavedRun *saved)
{
	Spans *spans;

	if (saved == NULL)
		return;
	spans = &saved->spans;
	for (int i = 0; i < spans->ntasks; i++)
		free(spans->tasks[i].spans);
	for (int i = 0; i < saved->plan.nsteps && spans->steps != NULL; i++)
	{
		histogram_clear(&spans->steps[i].own);
		histogram_clear(&spans->steps[i].whole);
	}
	histogram_clear(&spans->latency);
	histogram_clear(&spans->lag);
	histogram_clear(&spans->connects);
	activity_clear(&saved->activity);
	free(spans->tasks);
	free(spans->steps);
	free(spans->holds);
	if (saved->plan.bodies != NULL)
		free(saved->plan.bodies->steps);
	free(saved->plan.bodies);
	free(saved->plan.sources);
	json_decref(saved->root);
	free(saved);
}
