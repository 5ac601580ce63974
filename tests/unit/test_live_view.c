/*
 * test_live_view.c
 *		What --live shows: that it fits into any terminal, and what is in it.
 */
#include "live_view.h"

#include <stdlib.h>
#include <string.h>

#include "report_put.h"

#include "plan_helper.h"
#include "tap.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)

static Plan *plan;
static char *shown;

static const char *
view(const LiveNumbers *numbers, int columns, int lines, bool ascii,
	 bool color)
{
	ReportStyle style = {.columns = columns, .ascii = ascii, .color = color};
	size_t len;
	FILE *out;

	free(shown);
	out = open_memstream(&shown, &len);
	live_view(out, numbers, lines, &style);
	fclose(out);
	return shown;
}

static bool
says(const char *text)
{
	return strstr(shown, text) != NULL;
}

static int
count_lines(const char *text)
{
	int count = 1;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

/* The widest line, without colours. */
static int
widest(const char *text)
{
	char line[2048];
	int most = 0;

	while (*text != '\0')
	{
		size_t len = 0;
		int width;

		for (; *text != '\0' && *text != '\n'; text++)
			if (*text == '\033')
				text += strcspn(text, "m");
			else
				line[len++] = *text;
		line[len] = '\0';
		width = report_put_width(line);
		most = width > most ? width : most;
		text += *text == '\n';
	}
	return most;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char) *text >= 0x80)
			return false;
	return true;
}

static LookTask
task(uint64_t number, const char *name, const PlanStep *step, Class class)
{
	LookTask made = {
		.number = number, .step = step, .class = class, .attempt = 1};

	snprintf(made.name, sizeof(made.name), "%s", name);
	return made;
}

/* A run in full swing, of which everything is told that there is. */
static LiveNumbers
busy(void)
{
	const PlanStep *steps = plan->bodies[0].steps;
	LiveNumbers numbers = {.plan = plan,
						   .title = "test.sql",
						   .server = "postgres@localhost:5432/demo",
						   .elapsed_ns = 125 * SECOND,
						   .total = 100000,
						   .done = 24300,
						   .failed = 7,
						   .skipped = 3,
						   .retried = 12,
						   .running = 50,
						   .concurrency = 50,
						   .waiting = 40,
						   .connections = 10,
						   .busy = 9,
						   .pipeline = 4,
						   .is_tuned = true,
						   .shards = 2,
						   .cpu = 0.34,
						   .rate = 1234.5,
						   .rate_mean = 194.4,
						   .nrates = 60,
						   .ended = 6000,
						   .ended_ns = 5 * SECOND,
						   .p50_ns = 12345678,
						   .p99_ns = 45 * MS,
						   .held = 0.5,
						   .held_ns = 300 * MS,
						   .holds = &steps[1],
						   .holder = 4711,
						   .nfailures = 2,
						   .nmessages = 1};

	for (int i = 0; i < LIVE_RATES; i++)
		numbers.rates[i] = i * 20;
	numbers.now[CLASS_SERVER] = 0.62;
	numbers.all[CLASS_SERVER] = 0.58;
	numbers.now[CLASS_POOL] = 0.3;
	numbers.all[CLASS_POOL] = 0.31;
	numbers.now[CLASS_LOOP] = 0.08;
	numbers.all[CLASS_LOOP] = 0.11;
	numbers.has_class[CLASS_SERVER] = true;
	numbers.has_class[CLASS_POOL] = true;
	numbers.has_class[CLASS_LOOP] = true;
	numbers.oldest[0] = task(7, "t#7", &steps[0], CLASS_SERVER);
	numbers.oldest[1] = task(8, "t#3", &steps[0], CLASS_POOL);
	numbers.oldest[2] = task(9, "u#9", NULL, CLASS_CLIENT);
	numbers.oldest[1].attempt = 3;
	numbers.noldest = 3;
	for (int i = 0; i < 3; i++)
	{
		numbers.ran_ns[i] = (3 - i) * SECOND;
		numbers.since_ns[i] = (3 - i) * 400 * MS;
	}
	numbers.failures[0] =
		(FailureKind){(char *) (uintptr_t) "late\033[2J\nnews", 5};
	numbers.failures[1] = (FailureKind){(char *) (uintptr_t) "old", 2};
	numbers.messages[0] = "a notice";
	return numbers;
}

/* -------- it fits -------- */

static void
test_fits(void)
{
	static const int columns[] = {1, 5, 19, 20, 39, 79, 80, 199, 499};
	static const int lines[] = {1, 2, 3, 4, 5, 6, 9, 10, 12, 14, 24, 50, 300};
	LiveNumbers all[3] = {busy(), busy(), {.plan = plan, .title = ""}};

	all[1].done = INT64_C(1000000000);
	all[1].total = INT64_C(1000000000000);
	all[1].elapsed_ns = 1000000 * SECOND;
	all[1].running = all[1].concurrency = all[1].waiting = 100000;
	all[1].rate = 1e7;
	all[1].cpu = 199.9;
	all[1].server = "a server with a name that is \u4E2D\u6587 and long";
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
	{
		bool fits = true;
		bool is_plain = true;

		for (size_t j = 0; j < sizeof(lines) / sizeof(lines[0]); j++)
			for (int k = 0; k < 12; k++)
			{
				view(&all[k % 3], columns[i], lines[j], k % 2 == 0, k > 5);
				if (widest(shown) > columns[i] ||
					count_lines(shown) > lines[j])
				{
					fits = false;
					printf("# %d x %d: %s\n", columns[i], lines[j], shown);
				}
				is_plain = is_plain &&
						   (k > 5 || strchr(shown, '\033') == NULL) &&
						   (k % 2 != 0 || is_ascii(shown));
			}
		ok(fits, "%d columns: it fits into any number of lines", columns[i]);
		ok(is_plain, "%d columns: no colour and ASCII only, if so asked",
		   columns[i]);
	}
}

/* -------- what is in it -------- */

static void
test_whole(void)
{
	LiveNumbers numbers = busy();

	view(&numbers, 130, 40, false, false);
	ok(says("2:05  test.sql  postgres@localhost:5432/demo\n"), "the title");
	ok(says("24 %  24310/100000  ETA 6:30"), "how far it is");
	ok(says("1234/s now  194/s mean  "), "how fast");
	ok(says("\u2581") && says("\u2588  last 60 s"), "over the last minute");
	ok(says("50/50 running  40 waiting for the pool  "
			"9/10 connections (auto) busy  pipeline 4"),
	   "what is under way");
	ok(says("2 loops  client cpu 34 %"), "the client itself");
	ok(says("7 failed  12 retried  3 skipped  p50 12.3 ms  p99 45.0 ms  "
			"(6000 in the last 5.0 s)"),
	   "how well");
	ok(says("Loop held 25 % of the last second by line 3, sleep, task 4711, "
			"0.300 s"),
	   "who holds the loop");
	ok(says("last 1 s   so far\n"), "two columns");
	ok(says("  server  \u2588"), "a bar for each class");
	ok(says("62 %     58 %"), "in percent");
	ok(strstr(shown, "  loop") < strstr(shown, "  pool") &&
		   strstr(shown, "  pool") < strstr(shown, "  server"),
	   "in the usual order");
	ok(says("3.00 s  t#7     line 1, sql: under way 1.20 s\n"),
	   "a task, where it is, since when");
	ok(says("2.00 s  t#3 #8  line 1, sql: waits for a connection 0.800 s, "
			"attempt 3\n"),
	   "another one, with its number and attempt");
	ok(says("u#9     between two steps 0.400 s"), "or nowhere");
	ok(says("Errors, the newest first\n       5 x  late?[2J news\n"
			"       2 x  old"),
	   "errors, made harmless");
	ok(says("  a notice"), "messages");
}

static void
test_small(void)
{
	LiveNumbers numbers = busy();

	view(&numbers, 39, 12, false, false);
	ok(says("2:05  test.sql\n"), "40 columns: title");
	ok(says("24 %  24310/100000  ETA 6:30\n"), "40 columns: no bar");
	ok(says("Loop held 25 % by line 3, sleep"), "40 columns: the loop");
	ok(says("  server ") && says(" 62 %\n"), "40 columns: a class");
	numbers.stage = LIVE_DRAINING;
	view(&numbers, 19, 5, true, false);
	is_i64(count_lines(shown), 5, "20 x 5: all lines are used");
	ok(says("stopping: 50 left\n"), "20 x 5: that it stops");
	ok(says("1234/s now\n"), "20 x 5: how fast");
	ok(says("  server  ##   62 %"), "20 x 5: where most time goes");
	view(&numbers, 79, 1, true, false);
	ok(says("24310/100000") && !says("\n"), "one line");
}

static void
test_stages(void)
{
	LiveNumbers numbers = busy();

	numbers.stage = LIVE_DRAINING;
	view(&numbers, 79, 24, true, false);
	ok(says("stopping: Ctrl-C again cancels what runs"), "the first Ctrl-C");
	ok(!says("ETA"), "nobody knows how long that takes");
	numbers.stage = LIVE_CANCELING;
	view(&numbers, 79, 24, true, false);
	ok(says("canceling: Ctrl-C again leaves at once"), "the second");
}

static void
test_unknown(void)
{
	LiveNumbers numbers = {
		.plan = plan, .title = "x", .shards = 1, .cpu = -1, .concurrency = 3};

	view(&numbers, 79, 24, true, false);
	ok(says("0 done\n"), "nothing has ended, and nobody knows how many");
	ok(!says("%") && !says("ETA") && !says("nan") && !says("connections"),
	   "nothing is divided by nothing: %s", shown);
	ok(says("none ended in the last 0.0 s"), "no percentiles");
	numbers.duration_ns = 100 * SECOND;
	numbers.elapsed_ns = 25 * SECOND;
	view(&numbers, 79, 24, true, false);
	ok(says("[###########"), "a time: a bar");
	ok(says("]  25 %  0 done  ETA 1:15\n"), "and how long it is to go");
	numbers.held = 0;
	numbers.holds = &plan->bodies[0].steps[1];
	view(&numbers, 79, 24, true, false);
	ok(says("Loop not held, before by line 3, sleep"), "a loop set free");
}

static void
test_color(void)
{
	LiveNumbers numbers = busy();
	char *plain;

	numbers.cpu = 1.95;
	plain = strdup(view(&numbers, 79, 24, true, false));
	view(&numbers, 79, 24, true, true);
	ok(says("\033[31m7 failed\033[0m"), "failures are red");
	ok(says("\033[31mclient cpu 195 %\033[0m"), "and a client at its limit");
	ok(says("\033[32m#"), "a class has the colour that it has in reports");
	ok(strcmp(plain, shown) != 0 && widest(plain) == widest(shown),
	   "colours take no room");
	free(plain);
}

int
main(void)
{
	Err err;

	plan =
		plan_from("SELECT pg_sleep(1);\n\\blocking\n\\sleep 1\n", false, &err);
	if (plan == NULL)
		return 1;
	test_fits();
	test_whole();
	test_small();
	test_stages();
	test_unknown();
	test_color();
	free(shown);
	plan_free(plan);
	return done_testing();
}
