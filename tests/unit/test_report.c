/*
 * test_report.c
 *	  What a run's reports say, from results made by hand and from events.
 */
#include <jansson.h>

#include "report_put.h"
#include "report_sample.h"
#include "report_table.h"
#include "utf8.h"

#include "plan_helper.h"

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

static const char golden_utf8[] = "  t1  ███http████▒▒▒▒sql▒▒▒▒▒\n"
								  "  t2  ···········▒▒▒http▒▒▒▒▒████sql████\n"
								  "loop  ████t1█████            ████t2█████\n"
								  "      0                          0.900 s\n"
								  "      █ blocking   ▒ async\n"
								  "      · ready, loop held by another task\n"
								  "  wall 0.900 s   overlap 1.33×\n"
								  "  predicted 0.900 s\n"
								  "  best possible 0.600 s\n"
								  "  one after another 1.20 s   PARTIAL\n"
								  "  Why: t2 could not start for 0.300 s:\n"
								  "       step 1 of t1 (http, line 4,\n"
								  "       blocking) held the loop.\n"
								  "  Fix: make step 1 of t1 (http, line 4)\n"
								  "       async → predicted 0.600 s\n"
								  "       (−33 %).\n";

static void
test_golden(void)
{
	Sample *s = sample_new();
	ReportStyle style = {.columns = 80, .ascii = true};
	char *text = text_of(report_text, &s->result, &style);

	is_str(text, golden, "the report of two tasks, in ASCII");
	free(text);
	style.ascii = false;
	style.columns = 40;
	text = text_of(report_text, &s->result, &style);
	is_str(text, golden_utf8, "in UTF-8, half as wide");
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
	ok(strstr(text, "  t2        77777  0.900 s  http\n") != NULL,
	   "the slowest, though it was not kept");
	ok(strstr(text, "  http        4     12  3.60 s       7.20 s\n") != NULL,
	   "what held the loop");
	ok(strstr(text, "  http     4  thread      1 ") != NULL,
	   "a step's call is how it ran, not how it is marked");
	ok(strstr(text, "Failed (1): bad ?[31m?thing?\n") != NULL,
	   "control and bidirectional characters are not passed on");
	ok(strstr(text, "  and 1 more\n") != NULL, "failures not kept");
	if (tap_failed > 0)
		tap_show("text", text);
	free(text);
	sample_free(s);
}

/* -------- from events to text -------- */

static void
tell(Spans *spans, EventKind kind, int64_t at_ms, uint64_t task,
	 const PlanStep *step, int value, uint64_t other, int64_t amount)
{
	char name[16];

	snprintf(name, sizeof(name), "row#%d", (int) task);
	spans_event(spans,
				&(Event){.kind = kind,
						 .time_ns = at_ms * MS,
						 .task = task,
						 .step = step,
						 .value = value,
						 .other = other,
						 .amount = amount,
						 .text = kind == EVENT_TASK && value == TASK_READY
									 ? name
									 : NULL});
}

/*
 * Twenty tasks over one connection: HTTP of 100 ms for all at once, then each
 * blocks with SQL for 10 ms, the next as soon as it has the connection.
 */
static Spans *
row_spans(const Plan *plan)
{
	const PlanStep *http = &plan->bodies[0].steps[0];
	const PlanStep *sql = &plan->bodies[0].steps[1];
	Spans *spans = spans_new(plan, 3);

	tell(spans, EVENT_RUN_BEGIN, 0, 0, NULL, 0, 0, 0);
	for (uint64_t i = 1; i <= 20; i++)
	{
		tell(spans, EVENT_TASK, 0, i, NULL, TASK_READY, 0, 0);
		tell(spans, EVENT_STEP, 0, i, http, STEP_QUEUED, CALL_ASYNC, 0);
		tell(spans, EVENT_STEP, 0, i, http, STEP_RUNNING, CALL_ASYNC, 0);
	}
	for (uint64_t i = 1; i <= 20; i++)
	{
		int64_t at = 90 + 10 * (int64_t) i;

		tell(spans, EVENT_STEP_ARRIVED, 100, i, http, 0, 0, 0);
		tell(spans, EVENT_STEP_PHASE, 100, i, http, PHASE_WAIT, 0, 99 * MS);
		tell(spans, EVENT_STEP, 100, i, http, STEP_OK, CALL_ASYNC, 0);
		tell(spans, EVENT_STEP, 100, i, sql, STEP_QUEUED, CALL_BLOCKING, 0);
		tell(spans, EVENT_LEASE, at, i, sql, i > 1, i - 1, 1);
		tell(spans, EVENT_STEP, at, i, sql, STEP_RUNNING, CALL_BLOCKING, 0);
		tell(spans, EVENT_HOLD, at, i, sql, 0, 0, 0);
		tell(spans, EVENT_HOLD_END, at + 10, i, sql, 0, 0, 0);
		tell(spans, EVENT_STEP, at + 10, i, sql, STEP_OK, CALL_BLOCKING, 0);
		tell(spans, EVENT_TASK, at + 10, i, NULL, TASK_DONE, 0, 0);
	}
	tell(spans, EVENT_RUN_END, 300, 0, NULL, 0, 0, 0);
	return spans;
}

static const char many_golden[] =
	"  20 tasks   20 ended well   66.7 tasks/s\n"
	"  p50 0.200 s   p90 0.279 s*   p95 0.292 s*   p99 0.300 s*   p99.9 0.300 s*\n"
	"  max 0.300 s\n"
	"  * too few tasks to be sure of this percentile\n"
	"Where the tasks' time went:\n"
	"  pool     ████████████                46.3 %       1.90 s\n"
	"  server   █                            4.9 %      0.200 s\n"
	"  http     █████████████               48.8 %       2.00 s\n"
	"  step  line  call      count  failed  own p50  own p99  whole p99\n"
	"  h        1  async        20       0  0.100 s  0.100 s    0.100 s\n"
	"  sql      3  blocking     20       0  10.0 ms  10.0 ms    0.200 s\n"
	"  each h of line 1: wait 99.0 ms\n"
	"  slowest  number     time  mostly\n"
	"  row#20       20  0.300 s  pool\n"
	"  row#19       19  0.290 s  pool\n"
	"  row#18       18  0.280 s  pool\n"
	"  row#17       17  0.270 s  pool\n"
	"  row#16       16  0.260 s  pool\n"
	"  blocker  line  times     held  cost others\n"
	"  sql         3     20  0.200 s         0 ns\n"
	"  wall 0.300 s   overlap 7.33×   PARTIAL\n"
	"  Why: row#3 waited 20.0 ms for a connection that row#2 had; in all they waited\n"
	"       1.90 s: the pool has 1 connection for 20 tasks in flight.\n"
	"  Fix: use more connections, if the server has room for it (--connections auto\n"
	"       finds out how many).\n";

static void
test_events_to_text(void)
{
	Err err;
	Plan *plan = plan_from("\\http h GET http://127.0.0.1:1/\n"
						   "\\blocking\nSELECT 1;\n",
						   true, &err);
	Spans *spans = row_spans(plan);
	RunResult result = {.plan = plan,
						.spans = spans,
						.mode = "plan",
						.concurrency = 20,
						.connections = 1,
						.wall_ns = 300 * MS,
						.loop_idle_ns = -1};
	ReportStyle style = {.columns = 80};
	char *text = text_of(report_text, &result, &style);

	is_str(text, many_golden, "the report of many tasks, from their events");
	free(text);
	spans_free(spans);
	plan_free(plan);
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
	s->tasks[1].error = (char *) "a\x01\xFF\xE2\x80\xAE\xC2\x9B\u00E9";
	s->all.failures[0] = (FailureKind){s->tasks[1].error, 3};
	s->all.nfailures = 1;
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
	is_str(json_string_value(json_object_get(task, "error")),
		   "a\x01\uFFFD\u202E\xC2\x9B\u00E9", "its error");
	ok(strstr(text, "\"a\\u0001\uFFFD\\u202e\\u009b\u00E9\"") != NULL,
	   "what could steer a terminal is escaped, letters are not");
	is_i64(json_integer_value(json_object_get(
			   json_array_get(json_object_get(root, "errors"), 0), "count")),
		   3, "failures are grouped");
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
	test_events_to_text();
	test_json();
	test_table();
	return done_testing();
}
