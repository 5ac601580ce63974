/*
 * report_text.c
 *	  What people read after a run, on a terminal.
 *
 * Few tasks are shown as a timeline, many as numbers; both end with what it
 * means.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_put.h"
#include "report_table.h"

#define TIMELINE_TASKS 12
#define TIMELINE_SPANS 200 /* of one task; more is no picture */
#define MAX_LISTED 5	   /* slowest tasks, blockers, errors */
#define CPU_LIMIT 0.9	   /* of a core: the client was the limit */

typedef char Duration[32];

typedef struct TextReport
{
	FILE *out;
	const RunResult *result;
	const Spans *spans;
	const ReportStyle *style;
	int64_t ntasks; /* all that ended */
} TextReport;

static bool
is_few(const TextReport *report)
{
	if (report->ntasks > TIMELINE_TASKS ||
		report->spans->ntasks < report->ntasks || report->spans->ntasks == 0)
		return false;
	for (int i = 0; i < report->spans->ntasks; i++)
		if (report->spans->tasks[i].nspans > TIMELINE_SPANS)
			return false;
	return true;
}

static void
put_summary(const TextReport *report, const Verdict *verdict)
{
	const RunResult *result = report->result;
	const Prediction *prediction = &result->prediction;
	ReportItems items = {report->out, report->style, 0};
	Duration time;

	report_put_item(&items, "wall %s",
					report_duration(result->wall_ns, time, sizeof(time)));
	if (result->wall_ns > 0)
		report_put_item(&items, "overlap %.2f\u00D7",
						(double) report->spans->own_ns /
							(double) result->wall_ns);
	if (result->has_prediction)
	{
		Duration high;

		if (prediction->low_ns < prediction->high_ns)
			report_put_item(
				&items, "predicted %s to %s",
				report_duration(prediction->low_ns, time, sizeof(time)),
				report_duration(prediction->high_ns, high, sizeof(high)));
		else
			report_put_item(
				&items, "predicted %s",
				report_duration(prediction->predicted_ns, time, sizeof(time)));
		report_put_item(
			&items, "best possible %s",
			report_duration(prediction->best_ns, time, sizeof(time)));
		report_put_item(
			&items, "one after another %s",
			report_duration(prediction->worst_ns, time, sizeof(time)));
	}
	report_put_item(&items, "%s", verdict->word);
	report_put_items_end(&items);
}

static void
put_counts(const TextReport *report)
{
	const Spans *spans = report->spans;
	ReportItems items = {report->out, report->style, 0};
	double wall_s = (double) report->result->wall_ns / 1e9;

	report_put_item(&items, "%lld task%s", (long long) report->ntasks,
					report->ntasks == 1 ? "" : "s");
	report_put_item(&items, "%lld ended well", (long long) spans->done);
	if (spans->failed > 0)
		report_put_item(&items, "%lld failed", (long long) spans->failed);
	if (spans->canceled > 0)
		report_put_item(&items, "%lld canceled", (long long) spans->canceled);
	if (wall_s > 0)
		report_put_item(&items, "%.4g tasks/s",
						(double) report->ntasks / wall_s);
	report_put_items_end(&items);
}

static const struct
{
	const char *name;
	double fraction;
	int64_t samples; /* fewer make it a matter of luck */
} percentiles[] = {{"p50", 0.5, 10},	   {"p90", 0.9, 50},
				   {"p95", 0.95, 100},	   {"p99", 0.99, 500},
				   {"p99.9", 0.999, 5000}, {"max", 1.0, 1}};

static void
put_latency(const TextReport *report)
{
	const Histogram *latency = &report->spans->latency;
	ReportItems items = {report->out, report->style, 0};
	Duration time;

	if (latency->count == 0)
		return;
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
		report_put_item(&items, "%s %s%s", percentiles[i].name,
						report_duration(histogram_percentile(
											latency, percentiles[i].fraction),
										time, sizeof(time)),
						latency->count < percentiles[i].samples ? "*" : "");
	report_put_items_end(&items);
	if (latency->count < 5000)
		report_put_wrapped(report->out, "  ",
						   "* too few tasks to be sure of "
						   "this percentile",
						   report->style);
}

static void
put_classes(const TextReport *report)
{
	static const char *const colors[CLASSES] = {
		[CLASS_LOOP] = "\033[33m",	 [CLASS_POOL] = "\033[35m",
		[CLASS_THREAD] = "\033[36m", [CLASS_SERVER] = "\033[32m",
		[CLASS_HTTP] = "\033[34m",	 [CLASS_CLIENT] = "\033[31m"};
	const Spans *spans = report->spans;
	int columns = report->style->columns - 11;

	if (spans->task_ns <= 0)
		return;
	columns = columns > 48 ? 48 : columns;
	report_put_wrapped(report->out, "",
					   "Where the tasks' time went:", report->style);
	for (Class class = 0; class < CLASSES; class ++)
	{
		double part =
			(double) spans->class_ns[class] / (double) spans->task_ns;
		Duration time;
		int bar = columns - 22;

		if (spans->class_ns[class] <= 0)
			continue;
		fprintf(report->out, "  %-8s ", class_name(class));
		if (bar >= 5)
		{
			bool color = report->style->color && colors[class] != NULL;

			if (color)
				fputs(colors[class], report->out);
			report_put_bar(report->out, part, bar, report->style->ascii);
			fputs(color ? "\033[0m" : "", report->out);
		}
		fprintf(report->out, " %5.1f %%", 100.0 * part);
		if (report->style->columns >= 34)
			fprintf(
				report->out, " %12s",
				report_duration(spans->class_ns[class], time, sizeof(time)));
		fputc('\n', report->out);
	}
}

static void
put_steps(const TextReport *report)
{
	static const char *const headers[] = {"step",	 "line",	 "call",
										  "count",	 "failed",	 "own p50",
										  "own p99", "whole p99"};
	ReportTable *table = report_table_new(8, headers, "Lrlrrrrr");
	const Spans *spans = report->spans;
	bool any = false;

	for (int i = 0; i < report->result->plan->nsteps; i++)
	{
		const StepStats *stats = &spans->steps[i];
		char line[16];
		char count[24];
		char failed[24];
		Duration own50;
		Duration own99;
		Duration whole99;

		if (stats->step == NULL || stats->count == 0 ||
			stats->step->kind > STEP_SHELL)
			continue;
		any = true;
		snprintf(line, sizeof(line), "%d", stats->step->place.line);
		snprintf(count, sizeof(count), "%lld", (long long) stats->count);
		snprintf(failed, sizeof(failed), "%lld", (long long) stats->failed);
		report_table_add(
			table, stats->step->label, line, call_name(stats->step->call),
			count, failed,
			report_duration(histogram_percentile(&stats->own, 0.5), own50,
							sizeof(own50)),
			report_duration(histogram_percentile(&stats->own, 0.99), own99,
							sizeof(own99)),
			report_duration(histogram_percentile(&stats->whole, 0.99), whole99,
							sizeof(whole99)));
	}
	if (any)
		report_table_print_as(report->out, table, report->style->columns,
							  report->style->ascii);
	report_table_free(table);
}

static int
by_length(const void *a, const void *b)
{
	const TaskSpans *x = *(const TaskSpans *const *) a;
	const TaskSpans *y = *(const TaskSpans *const *) b;
	int64_t x_ns = x->ended_ns - x->begun_ns;
	int64_t y_ns = y->ended_ns - y->begun_ns;

	return x_ns < y_ns ? 1 : x_ns > y_ns ? -1 : 0;
}

static void
put_slowest(const TextReport *report)
{
	static const char *const headers[] = {"task", "number", "time", "mostly"};
	const Spans *spans = report->spans;
	const TaskSpans **sorted;
	ReportTable *table;
	char title[80];

	if (spans->ntasks == 0)
		return;
	sorted = mem_alloc((size_t) spans->ntasks * sizeof(*sorted));
	for (int i = 0; i < spans->ntasks; i++)
		sorted[i] = &spans->tasks[i];
	qsort(sorted, (size_t) spans->ntasks, sizeof(*sorted), by_length);
	table = report_table_new(4, headers, "Lrrl");
	for (int i = 0; i < spans->ntasks && i < MAX_LISTED; i++)
	{
		char number[24];
		Duration time;
		Class most = 0;

		for (Class class = 1; class < CLASSES; class ++)
			if (sorted[i]->class_ns[class] > sorted[i]->class_ns[most])
				most = class;
		snprintf(number, sizeof(number), "%llu",
				 (unsigned long long) sorted[i]->number);
		report_table_add(
			table, sorted[i]->name, number,
			report_duration(sorted[i]->ended_ns - sorted[i]->begun_ns, time,
							sizeof(time)),
			class_name(most));
	}
	if (spans->ntasks < report->ntasks)
		snprintf(title, sizeof(title),
				 "Slowest of the first %d tasks:", spans->ntasks);
	else
		snprintf(title, sizeof(title), "Slowest tasks:");
	report_put_wrapped(report->out, "", title, report->style);
	report_table_print_as(report->out, table, report->style->columns,
						  report->style->ascii);
	report_table_free(table);
	free(sorted);
}

static int
by_cost(const void *a, const void *b)
{
	const HoldSpan *x = *(const HoldSpan *const *) a;
	const HoldSpan *y = *(const HoldSpan *const *) b;

	return x->cost_ns < y->cost_ns ? 1 : x->cost_ns > y->cost_ns ? -1 : 0;
}

static void
put_blockers(const TextReport *report)
{
	static const char *const headers[] = {"blocker", "line", "task", "held",
										  "cost others"};
	const Spans *spans = report->spans;
	const HoldSpan **sorted;
	ReportTable *table;

	if (spans->nholds == 0)
		return;
	sorted = mem_alloc((size_t) spans->nholds * sizeof(*sorted));
	for (int i = 0; i < spans->nholds; i++)
		sorted[i] = &spans->holds[i];
	qsort(sorted, (size_t) spans->nholds, sizeof(*sorted), by_cost);
	table = report_table_new(5, headers, "Lrrrr");
	for (int i = 0; i < spans->nholds && i < MAX_LISTED; i++)
	{
		const HoldSpan *hold = sorted[i];
		char line[16] = "";
		char task[24];
		Duration held;
		Duration cost;

		if (hold->step != NULL)
			snprintf(line, sizeof(line), "%d", hold->step->place.line);
		snprintf(task, sizeof(task), "%llu", (unsigned long long) hold->task);
		report_table_add(table, hold->step != NULL ? hold->step->label : "",
						 line, task,
						 report_duration(hold->ended_ns - hold->begun_ns, held,
										 sizeof(held)),
						 report_duration(hold->cost_ns, cost, sizeof(cost)));
	}
	report_table_print_as(report->out, table, report->style->columns,
						  report->style->ascii);
	report_table_free(table);
	free(sorted);
}

/* The kept tasks' errors, equal ones once; the first MAX_LISTED kinds. */
static void
put_errors(const TextReport *report)
{
	const Spans *spans = report->spans;
	const char *messages[MAX_LISTED] = {NULL};
	int64_t counts[MAX_LISTED] = {0};
	int nmessages = 0;
	int64_t others = spans->failed;

	for (int i = 0; i < spans->ntasks; i++)
	{
		const char *error = spans->tasks[i].error;
		int at = 0;

		if (error == NULL || spans->tasks[i].outcome != 1)
			continue;
		while (at < nmessages && strcmp(messages[at], error) != 0)
			at++;
		if (at == MAX_LISTED)
			continue;
		messages[at] = error;
		nmessages = at == nmessages ? nmessages + 1 : nmessages;
		counts[at]++;
		others--;
	}
	for (int i = 0; i < nmessages; i++)
	{
		char prefix[48];

		snprintf(prefix, sizeof(prefix),
				 "  Failed (%lld): ", (long long) counts[i]);
		report_put_wrapped(report->out, prefix, messages[i], report->style);
	}
	if (nmessages == 0 && report->result->first_error != NULL)
		report_put_wrapped(report->out,
						   "  Failed: ", report->result->first_error->message,
						   report->style);
	else if (nmessages > 0 && others > 0)
	{
		char text[80];

		snprintf(text, sizeof(text), "and %lld more", (long long) others);
		report_put_wrapped(report->out, "  ", text, report->style);
	}
}

/* Where the numbers above may mislead. */
static void
put_warnings(const TextReport *report)
{
	const RunResult *result = report->result;
	const Spans *spans = report->spans;
	char text[160];

	if (result->interrupted)
		report_put_wrapped(report->out, "  Note: ",
						   "the run was interrupted; "
						   "tasks that did not begin are not counted",
						   report->style);
	if (result->expect_failed)
	{
		snprintf(text, sizeof(text),
				 "expected %g s (%g to %g s), which was "
				 "not met",
				 result->plan->expect_s, result->plan->expect_lo_s,
				 result->plan->expect_hi_s);
		report_put_wrapped(report->out, "  Expect: ", text, report->style);
	}
	if (spans->failed > 0)
		report_put_wrapped(report->out, "  Note: ",
						   "failed tasks may be "
						   "shorter or longer than others; times include "
						   "them",
						   report->style);
	if (result->has_prediction &&
		(double) result->wall_ns > 1.1 * (double) result->prediction.high_ns)
		report_put_wrapped(report->out, "  Note: ",
						   "slower than predicted: "
						   "predictions know nothing of locks in the server "
						   "and of busy cores",
						   report->style);
	if ((double) result->client_cpu_ns > CPU_LIMIT * (double) result->wall_ns)
	{
		snprintf(text, sizeof(text),
				 "the client itself used %.0f %% of a "
				 "core: it may have been the limit",
				 100.0 * (double) result->client_cpu_ns /
					 (double) (result->wall_ns > 0 ? result->wall_ns : 1));
		report_put_wrapped(report->out, "  Note: ", text, report->style);
	}
}

void
report_text(FILE *out, const RunResult *result, const ReportStyle *style)
{
	ReportStyle fitted = *style;
	TextReport report = {out, result, result->spans, &fitted,
						 result->spans->done + result->spans->failed +
							 result->spans->canceled};
	Verdict verdict;

	if (fitted.columns < 20)
		fitted.columns = 20;
	report_verdict(result, &verdict);
	if (is_few(&report))
		report_timeline(out, result, &fitted);
	else
	{
		put_counts(&report);
		put_latency(&report);
		put_classes(&report);
		put_steps(&report);
		put_slowest(&report);
		put_blockers(&report);
	}
	put_summary(&report, &verdict);
	put_errors(&report);
	put_warnings(&report);
	if (verdict.why[0] != '\0' && report.ntasks > 0)
		report_put_wrapped(out, "  Why: ", verdict.why, &fitted);
	if (verdict.fix[0] != '\0' && report.ntasks > 0)
		report_put_wrapped(out, "  Fix: ", verdict.fix, &fitted);
}
