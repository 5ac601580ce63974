/*
 * report_many.c
 *	  The numbers of a run of many tasks, for people.
 */
#include "report_many.h"

#include <stdarg.h>
#include <stdlib.h>

#include "mem.h"
#include "report_parts.h"
#include "report_put.h"
#include "report_table.h"

#define MAX_BLOCKERS 5

typedef char Duration[32];
typedef char Number[24];

typedef struct ManyReport
{
	FILE *out;
	const RunResult *result;
	const Spans *spans;
	const ReportStyle *style;
	int64_t ntasks; /* all that ended */
} ManyReport;

static void
put_counts(const ManyReport *report)
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
	{
		double rate = (double) report->ntasks / wall_s;

		report_put_item(&items, "%.*f tasks/s",
						rate < 9.995  ? 2
						: rate < 99.5 ? 1
									  : 0,
						rate);
	}
	report_put_items_end(&items);
}

static const char *
put_percentile(const Histogram *histogram, double fraction, Duration buf)
{
	return report_duration(histogram_percentile(histogram, fraction), buf,
						   sizeof(Duration));
}

/* What was asked of the run, and how far it stayed behind. */
static void
put_schedule(const ManyReport *report)
{
	const RunResult *result = report->result;
	const Histogram *lag = &report->spans->lag;
	int64_t ended = report->spans->done + report->spans->failed;
	ReportItems items = {report->out, report->style, 0};
	Duration time;

	if (result->rate > 0)
	{
		report_put_item(&items, "%g tasks/s wanted (%s)", result->rate,
						schedule_name(result->schedule));
		report_put_item(&items, "began late: mean %s",
						report_duration((int64_t) histogram_mean_ns(lag), time,
										sizeof(time)));
		report_put_item(&items, "p99 %s", put_percentile(lag, 0.99, time));
		report_put_item(&items, "max %s", put_percentile(lag, 1.0, time));
		report_put_item(&items, "%lld skipped",
						(long long) result->counts.skipped);
	}
	if (result->latency_limit_ns > 0 && ended > 0)
		report_put_item(
			&items, "over the limit of %s: %lld (%.1f %%)",
			report_duration(result->latency_limit_ns, time, sizeof(time)),
			(long long) result->counts.late,
			100.0 * (double) result->counts.late / (double) ended);
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
put_latency(const ManyReport *report)
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
put_classes(const ManyReport *report)
{
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
			const char *color =
				report->style->color ? report_class_color(class) : NULL;

			if (color != NULL)
				fputs(color, report->out);
			report_put_bar(report->out, part, bar, report->style->ascii);
			fputs(color != NULL ? "\033[0m" : "", report->out);
		}
		fprintf(report->out, " %5.1f %%", 100.0 * part);
		if (report->style->columns >= 34)
			fprintf(
				report->out, " %12s",
				report_duration(spans->class_ns[class], time, sizeof(time)));
		fputc('\n', report->out);
	}
}

static const char *
put_number(int64_t number, Number buf)
{
	snprintf(buf, sizeof(Number), "%lld", (long long) number);
	return buf;
}

/* A table would be nothing but cut words: a sentence for each row. */
#define NARROW_COLUMNS 40

static bool
is_narrow(const ManyReport *report)
{
	return report->style->columns < NARROW_COLUMNS;
}

static void put_sentence(const ManyReport *report, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
put_sentence(const ManyReport *report, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report_put_wrapped(report->out, "  ", text, report->style);
}

static void
put_step(const ManyReport *report, ReportTable *table, const StepStats *stats,
		 bool is_wide)
{
	Number line;
	Number count;
	Number failed;
	Duration own50;
	Duration own99;
	Duration whole99;

	put_number(stats->step->place.line, line);
	put_number(stats->count, count);
	put_percentile(&stats->own, 0.5, own50);
	put_percentile(&stats->own, 0.99, own99);
	if (is_narrow(report))
		put_sentence(report, "%.64s, line %s: %s times, p50 %s, p99 %s",
					 stats->step->label, line, count, own50, own99);
	else if (is_wide)
		report_table_add(table, stats->step->label, line,
						 call_name(stats->call), count,
						 put_number(stats->failed, failed), own50, own99,
						 put_percentile(&stats->whole, 0.99, whole99));
	else
		report_table_add(table, stats->step->label, line, count, own50, own99);
}

static void
put_steps(const ManyReport *report)
{
	static const char *const wide[] = {"step",	  "line",	  "call",
									   "count",	  "failed",	  "own p50",
									   "own p99", "whole p99"};
	static const char *const few[] = {"step", "line", "count", "own p50",
									  "own p99"};
	bool is_wide = report->style->columns >= 68;
	ReportTable *table = is_wide ? report_table_new(8, wide, "Lrlrrrrr")
								 : report_table_new(5, few, "Lrrrr");
	bool any = false;

	for (int i = 0; i < report->result->plan->nsteps; i++)
	{
		const StepStats *stats = &report->spans->steps[i];

		if (stats->step == NULL || stats->count == 0 ||
			!step_kind_is_timed(stats->step->kind))
			continue;
		any = true;
		put_step(report, table, stats, is_wide);
	}
	if (any && !is_narrow(report))
		report_table_print_as(report->out, table, report->style->columns,
							  report->style->ascii);
	report_table_free(table);
}

static void
put_slowest(const ManyReport *report)
{
	static const char *const headers[] = {"slowest", "number", "time",
										  "mostly"};
	const Spans *spans = report->spans;
	ReportTable *table = report_table_new(4, headers, "Lrrl");

	for (int i = 0; i < spans->nslowest; i++)
	{
		const SlowTask *slow = &spans->slowest[i];
		Number number;
		Duration time;

		report_duration(slow->took_ns, time, sizeof(time));
		put_number((int64_t) slow->number, number);
		if (is_narrow(report))
			put_sentence(report, "slow: %s, %s, mostly %s", slow->name, time,
						 class_name(slow->mostly));
		else
			report_table_add(table, slow->name, number, time,
							 class_name(slow->mostly));
	}
	if (spans->nslowest > 0 && !is_narrow(report))
		report_table_print_as(report->out, table, report->style->columns,
							  report->style->ascii);
	report_table_free(table);
}

/* What cost others more first; what held the loop longer first. */
static int
by_cost(const void *a, const void *b)
{
	const StepStats *x = *(const StepStats *const *) a;
	const StepStats *y = *(const StepStats *const *) b;

	if (x->cost_ns != y->cost_ns)
		return x->cost_ns < y->cost_ns ? 1 : -1;
	return (x->held_ns < y->held_ns) - (x->held_ns > y->held_ns);
}

static void
put_blockers(const ManyReport *report)
{
	static const char *const headers[] = {"blocker", "line", "times", "held",
										  "cost others"};
	int nsteps = report->result->plan->nsteps;
	const StepStats **sorted =
		mem_alloc((size_t) nsteps * sizeof(*sorted) + 1);
	ReportTable *table = report_table_new(5, headers, "Lrrrr");
	int n = 0;

	for (int i = 0; i < nsteps; i++)
		if (report->spans->steps[i].holds > 0 &&
			report->spans->steps[i].step != NULL)
			sorted[n++] = &report->spans->steps[i];
	qsort(sorted, (size_t) n, sizeof(*sorted), by_cost);
	for (int i = 0; i < n && i < MAX_BLOCKERS; i++)
	{
		const StepStats *stats = sorted[i];
		Number line;
		Number times;
		Duration held;
		Duration cost;

		put_number(stats->step->place.line, line);
		put_number(stats->holds, times);
		report_duration(stats->held_ns, held, sizeof(held));
		report_duration(stats->cost_ns, cost, sizeof(cost));
		if (is_narrow(report))
			put_sentence(report,
						 "%.64s, line %s, held the loop %s times, %s; it cost "
						 "others %s",
						 stats->step->label, line, times, held, cost);
		else
			report_table_add(table, stats->step->label, line, times, held,
							 cost);
	}
	if (n > 0 && !is_narrow(report))
		report_table_print_as(report->out, table, report->style->columns,
							  report->style->ascii);
	report_table_free(table);
	free(sorted);
}

void
report_many(FILE *out, const RunResult *result, const ReportStyle *style)
{
	const Spans *spans = result->spans;
	ManyReport report = {out, result, spans, style,
						 spans->done + spans->failed + spans->canceled};

	put_counts(&report);
	put_schedule(&report);
	put_latency(&report);
	put_classes(&report);
	put_steps(&report);
	report_parts(out, result, style);
	put_slowest(&report);
	put_blockers(&report);
}
