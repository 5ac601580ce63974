/*
 * test_report.c
 *		What a run's reports say, from results made by hand.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_put.h"
#include "report_table.h"
#include "utf8.h"

#include "tap.h"

#define MS INT64_C(1000000)
#define MAX_TASKS 40

static char *
text_of(void (*write)(FILE *, const RunResult *, const ReportStyle *),
		const RunResult *result, const ReportStyle *style)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	write(out, result, style);
	fclose(out);
	return text;
}

static void
write_json(FILE *out, const RunResult *result, const ReportStyle *style)
{
	(void) style;
	report_json(out, result);
}

/* The widest line, measured here: no character of these tests is wide. */
static int
widest(const char *text)
{
	int max = 0;
	int width = 0;

	for (; *text != '\0'; text++)
	{
		if (*text == '\n')
			width = -1;
		if (((unsigned char) *text & 0xC0) != 0x80 && ++width > max)
			max = width;
	}
	return max;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char) *text >= 0x7F ||
			((unsigned char) *text < ' ' && *text != '\n'))
			return false;
	return true;
}

/* A plan of two bodies, each http then sql, and a run of it. */
typedef struct Sample
{
	PlanStep steps[4];
	Body bodies[2];
	PlanSource source;
	Plan plan;
	Span spans[MAX_TASKS][2];
	TaskSpans tasks[MAX_TASKS];
	HoldSpan holds[2];
	StepStats stats[4];
	Spans all;
	RunResult result;
} Sample;

static void
sample_span(Sample *s, int task, int at, int step, int64_t queued_ms,
			int64_t started_ms, int64_t arrived_ms)
{
	Span *span = &s->spans[task][at];

	*span = (Span){.step = &s->steps[step],
				   .call = s->steps[step].call,
				   .outcome = STEP_OK,
				   .queued_ns = queued_ms * MS,
				   .started_ns = started_ms * MS,
				   .arrived_ns = arrived_ms * MS,
				   .ended_ns = arrived_ms * MS,
				   .gather = -1};
	s->tasks[task].nspans = at + 1;
	s->tasks[task].ended_ns = arrived_ms * MS;
	s->stats[step].step = &s->steps[step];
	s->stats[step].count++;
	histogram_add(&s->stats[step].own, (arrived_ms - started_ms) * MS);
	histogram_add(&s->stats[step].whole, (arrived_ms - queued_ms) * MS);
	s->all.own_ns += (arrived_ms - started_ms) * MS;
}

static void
sample_plan(Sample *s)
{
	static const Call calls[] = {CALL_BLOCKING, CALL_ASYNC, CALL_ASYNC,
								 CALL_BLOCKING};

	for (int i = 0; i < 4; i++)
		s->steps[i] = (PlanStep){.kind = i % 2 == 0 ? STEP_HTTP : STEP_SQL,
								 .call = calls[i],
								 .index = i,
								 .place = {.line = 4 + i},
								 .label = i % 2 == 0 ? "http" : "sql"};
	s->bodies[0] = (Body){.name = "t1", .steps = s->steps, .nsteps = 2};
	s->bodies[1] = (Body){.name = "t2", .steps = s->steps + 2, .nsteps = 2};
	s->source = (PlanSource){.name = "mixed.sql"};
	s->plan = (Plan){.sources = &s->source,
					 .nsources = 1,
					 .bodies = s->bodies,
					 .nbodies = 2,
					 .nsteps = 4};
}

/* sa beside as, as the front page of the manual shows it. */
static Sample *
sample_new(void)
{
	Sample *s = calloc(1, sizeof(*s));

	sample_plan(s);
	s->all = (Spans){.plan = &s->plan,
					 .run_ended_ns = 900 * MS,
					 .tasks = s->tasks,
					 .ntasks = 2,
					 .done = 2,
					 .holds = s->holds,
					 .nholds = 2,
					 .steps = s->stats,
					 .task_ns = 1500 * MS};
	for (int i = 0; i < 2; i++)
	{
		s->tasks[i].number = (uint64_t) i + 1;
		s->tasks[i].spans = s->spans[i];
		snprintf(s->tasks[i].name, sizeof(s->tasks[i].name), "t%d", i + 1);
	}
	sample_span(s, 0, 0, 0, 0, 0, 300);
	sample_span(s, 0, 1, 1, 300, 300, 600);
	sample_span(s, 1, 0, 2, 300, 300, 600);
	sample_span(s, 1, 1, 3, 600, 600, 900);
	s->holds[0] = (HoldSpan){1, &s->steps[0], 0, 300 * MS, 300 * MS};
	s->holds[1] = (HoldSpan){2, &s->steps[3], 600 * MS, 900 * MS, 0};
	s->all.class_ns[CLASS_LOOP] = 300 * MS;
	s->all.class_ns[CLASS_HTTP] = 600 * MS;
	s->all.class_ns[CLASS_SERVER] = 600 * MS;
	histogram_add(&s->all.latency, 600 * MS);
	histogram_add(&s->all.latency, 900 * MS);
	s->result = (RunResult){.plan = &s->plan,
							.spans = &s->all,
							.run_id = "r1",
							.mode = "plan",
							.concurrency = 2,
							.connections = 2,
							.wall_ns = 900 * MS,
							.loop_idle_ns = -1,
							.has_prediction = true,
							.prediction = {.predicted_ns = 900 * MS,
										   .low_ns = 900 * MS,
										   .high_ns = 900 * MS,
										   .best_ns = 600 * MS,
										   .worst_ns = 1200 * MS,
										   .fix = FIX_STEP_ASYNC,
										   .fix_step = &s->steps[0],
										   .fix_ns = 600 * MS}};
	return s;
}

static void
sample_free(Sample *s)
{
	for (int i = 0; i < 4; i++)
	{
		histogram_clear(&s->stats[i].own);
		histogram_clear(&s->stats[i].whole);
	}
	histogram_clear(&s->all.latency);
	free(s);
}

static void
sample_make_many(Sample *s)
{
	for (int i = 0; i < MAX_TASKS; i++)
	{
		s->tasks[i] = s->tasks[i % 2];
		s->tasks[i].number = (uint64_t) i + 1;
	}
	s->all.ntasks = MAX_TASKS;
	s->all.done = 99998;
	s->all.failed = 2;
	s->tasks[3].outcome = 1;
	s->tasks[3].error = (char *) "bad \033[31m\xE2\x80\xAEthing\n";
}

/* -------- durations -------- */

static const struct
{
	int64_t ns;
	const char *text;
} durations[] = {{0, "0 ns"},
				 {999, "999 ns"},
				 {1000, "1.00 us"},
				 {12345, "12.3 us"},
				 {999499, "999 us"},
				 {999600, "1.00 ms"},
				 {12300000, "12.3 ms"},
				 {99940000, "99.9 ms"},
				 {99960000, "0.100 s"},
				 {904000000, "0.904 s"},
				 {999700000, "1.00 s"},
				 {INT64_C(9996000000), "10.0 s"},
				 {INT64_C(123456000000), "123 s"},
				 {-12300000, "-12.3 ms"}};

static void
test_durations(void)
{
	char buf[32];

	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		is_str(report_duration(durations[i].ns, buf, sizeof(buf)),
			   durations[i].text, "%lld ns is %s", (long long) durations[i].ns,
			   durations[i].text);
}

/* -------- the timeline -------- */

static const char golden[] =
	"  t1  ##########http###########==========sql===========\n"
	"  t2  .........................==========http==========###########"
	"sql###########\n"
	"loop  ###########t1############                        "
	"###########t2############\n"
	"      0                                                           "
	"       0.900 s\n"
	"      # blocking   = async   . ready, loop held by another task\n"
	"  wall 0.900 s   overlap 1.33x   predicted 0.900 s   best "
	"possible 0.600 s\n"
	"  one after another 1.20 s   PARTIAL\n"
	"  Why: t2 could not start for 0.300 s: step 1 of t1 (http, line "
	"4, blocking)\n"
	"       held the loop.\n"
	"  Fix: make step 1 of t1 (http, line 4) async > predicted 0.600 s "
	"(-33 %).\n";

static void
test_golden(void)
{
	Sample *s = sample_new();
	ReportStyle style = {.columns = 80, .ascii = true};
	char *text = text_of(report_text, &s->result, &style);

	is_str(text, golden, "the report of two tasks, in ASCII");
	free(text);
	style.ascii = false;
	text = text_of(report_text, &s->result, &style);
	ok(strstr(text, "\u2588http\u2588") != NULL, "blocks in UTF-8");
	ok(strstr(text, "\u2592sql\u2592") != NULL, "shades in UTF-8");
	ok(strstr(text, "\u00B7\u00B7\u00B7") != NULL, "dots in UTF-8");
	ok(strstr(text, "\033") == NULL, "no colour unless asked");
	free(text);
	style.color = true;
	text = text_of(report_text, &s->result, &style);
	ok(strstr(text, "\033[31m") != NULL, "colour when asked");
	free(text);
	sample_free(s);
}

static void
test_other_glyphs(void)
{
	Sample *s = sample_new();
	ReportStyle style = {.columns = 80, .ascii = true};
	char *text;

	s->spans[0][0].call = CALL_THREAD;
	s->spans[1][0].queued_ns = 0;
	s->spans[1][0].lease_from = 1;
	s->all.nholds = 0;
	s->all.class_ns[CLASS_LOOP] = 0;
	s->all.class_ns[CLASS_POOL] = 300 * MS;
	text = text_of(report_text, &s->result, &style);
	ok(strstr(text, "+++http+++") != NULL, "a thread step");
	ok(strstr(text, "  t2  ::::::::") != NULL, "a wait for a connection");
	ok(strstr(text, ": waiting for a connection") != NULL, "its legend");
	ok(strstr(text, "loop ") == NULL, "no loop row when nothing held it");
	ok(strstr(text, "t2 waited 0.300 s for a connection that t1 had") != NULL,
	   "who had the connection");
	if (tap_failed > 0)
		tap_show("text", text);
	free(text);
	sample_free(s);
}

static void
test_widths(void)
{
	static const int widths[] = {20, 21, 30, 40, 60, 80, 200};

	for (int many = 0; many < 2; many++)
		for (size_t i = 0; i < 2 * sizeof(widths) / sizeof(widths[0]); i++)
		{
			Sample *s = sample_new();
			ReportStyle style = {.columns = widths[i / 2],
								 .ascii = i % 2 == 0};
			char *text;

			if (many)
				sample_make_many(s);
			snprintf(s->tasks[1].name, sizeof(s->tasks[1].name),
					 "a-name-that-is-longer-than-a-line-may-be-anywhere");
			s->steps[0].label = "a_label_that_is_longer_than_its_column";
			text = text_of(report_text, &s->result, &style);
			if (!ok(widest(text) <= style.columns,
					"%s, %d columns, %s: no line is wider",
					many ? "many tasks" : "few tasks", style.columns,
					style.ascii ? "ASCII" : "UTF-8"))
				tap_show("text", text);
			ok(strlen(text) > 100, "and there is a report");
			if (style.ascii)
				ok(is_ascii(text), "nothing but ASCII");
			free(text);
			sample_free(s);
		}
}

static void
test_many(void)
{
	Sample *s = sample_new();
	ReportStyle style = {.columns = 80, .ascii = false};
	char *text;

	sample_make_many(s);
	text = text_of(report_text, &s->result, &style);
	ok(strstr(text, "100000 tasks   99998 ended well   2 failed") != NULL,
	   "counts");
	ok(strstr(text, "40.0 %") != NULL, "a class's part");
	ok(strstr(text, "p99 ") != NULL && strstr(text, "* too few") != NULL,
	   "percentiles, and a warning about two samples");
	ok(strstr(text, "Slowest of the first 40 tasks") != NULL, "slowest");
	ok(strstr(text, "Failed (1): bad ?[31m?thing?\n") != NULL,
	   "control and bidirectional characters are not passed on");
	ok(strstr(text, "  and 1 more\n") != NULL, "failures not kept");
	if (tap_failed > 0)
		tap_show("text", text);
	free(text);
	sample_free(s);
}

/* -------- the verdict -------- */

static const struct
{
	int wall_ms;
	int best_ms;
	int worst_ms;
	const char *word;
} verdicts[] = {{600, 600, 1200, "OVERLAPS"}, {660, 600, 1200, "OVERLAPS"},
				{670, 600, 1200, "PARTIAL"},  {1070, 600, 1200, "PARTIAL"},
				{1080, 600, 1200, "SERIAL"},  {600, 600, 600, "SERIAL"},
				{600, 550, 600, "SERIAL"}};

static void
test_verdicts(void)
{
	Sample *s = sample_new();
	Verdict verdict;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
	{
		s->result.wall_ns = verdicts[i].wall_ms * MS;
		s->result.prediction.best_ns = verdicts[i].best_ms * MS;
		s->result.prediction.worst_ns = verdicts[i].worst_ms * MS;
		report_verdict(&s->result, &verdict);
		is_str(verdict.word, verdicts[i].word, "%d of %d to %d ms is %s",
			   verdicts[i].wall_ms, verdicts[i].best_ms, verdicts[i].worst_ms,
			   verdicts[i].word);
	}
	s->result.prediction.fix = FIX_CONNECTIONS;
	s->result.prediction.fix_value = 4;
	report_verdict(&s->result, &verdict);
	ok(strncmp(verdict.fix, "use 4 connections (--connections 4) ", 36) == 0,
	   "more connections: %s", verdict.fix);
	s->result.prediction.fix = FIX_NONE;
	s->result.prediction.best_ns = 900 * MS;
	report_verdict(&s->result, &verdict);
	is_str(verdict.fix,
		   "nothing to change: this is the best these steps can do.",
		   "nothing to change");
	s->result.has_prediction = false;
	report_verdict(&s->result, &verdict);
	is_str(verdict.fix, "", "without a prediction no remedy");
	sample_free(s);
}

/* -------- JSON -------- */

static void
test_json(void)
{
	Sample *s = sample_new();
	Err err;
	char *text;
	json_t *root;
	json_t *task;

	err_set(&err, ERR_SQL, "it \"broke\"\n");
	s->result.first_error = &err;
	s->tasks[1].error = (char *) "a\x01\xFF";
	text = text_of(write_json, &s->result, NULL);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (!ok(root != NULL, "it is JSON"))
	{
		tap_show("text", text);
		free(text);
		sample_free(s);
		return;
	}
	is_i64(json_integer_value(json_object_get(root, "version")), 1, "version");
	is_dbl(json_number_value(json_object_get(root, "wall")), 0.9, 1e-12,
		   "wall in seconds");
	is_i64((int64_t) json_array_size(json_object_get(root, "steps")), 4,
		   "steps");
	is_i64((int64_t) json_array_size(json_object_get(root, "holds")), 2,
		   "holds");
	task = json_array_get(json_object_get(root, "tasks"), 1);
	is_str(json_string_value(json_object_get(task, "name")), "t2", "a task");
	is_str(json_string_value(json_object_get(task, "error")), "a\x01\uFFFD",
		   "its error");
	is_dbl(json_number_value(json_object_get(
			   json_array_get(json_object_get(task, "spans"), 0), "started")),
		   0.3, 1e-12, "a span's start");
	ok(json_is_null(json_object_get(root, "server")), "no server is null");
	is_str(json_string_value(
			   json_object_get(json_object_get(root, "verdict"), "word")),
		   "PARTIAL", "the verdict");
	json_decref(root);
	free(text);
	sample_free(s);
}

/* -------- tables -------- */

static void
test_table(void)
{
	static const char *const headers[] = {"name", "time"};
	ReportTable *table = report_table_new(2, headers, "Lr");
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	report_table_add(table, "\u00E9t\u00E9", "1.0 s");
	report_table_add(table, "\u65E5\u672C", "10.0 s");
	report_table_add(table, "a\tb", NULL);
	report_table_print(out, table, 80);
	fclose(out);
	is_str(text,
		   "  name    time\n"
		   "  \u00E9t\u00E9    1.0 s\n"
		   "  \u65E5\u672C  10.0 s\n"
		   "  a?b\n",
		   "columns are aligned by width");
	free(text);
	report_table_add(table, "0123456789012345678901234567890", "1 s");
	out = open_memstream(&text, &len);
	report_table_print(out, table, 20);
	fclose(out);
	ok(strstr(text, "  0123456789     1 s\n") != NULL, "a column is cut");
	free(text);
	report_table_free(table);
}

int
main(void)
{
	test_durations();
	test_golden();
	test_other_glyphs();
	test_widths();
	test_many();
	test_verdicts();
	test_json();
	test_table();
	return done_testing();
}
