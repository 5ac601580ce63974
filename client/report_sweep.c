/*
 * report_sweep.c
 *	  What a sweep says to people on a terminal.
 */
#include "report_sweep.h"

#include <math.h>

#include "report_put.h"
#include "report_table.h"

#define BAR_COLUMNS 16

typedef char Cell[48];

static double
rate_of(const SweepPoint *point)
{
	return sample_mean(&point->rate);
}

static void
put_number(Cell cell, double number)
{
	snprintf(cell, sizeof(Cell), number >= 1000 ? "%.0f" : "%.3g", number);
}

static void
add_row(ReportTable *table, const Sweep *sweep, int i, double peak,
		const ReportStyle *style)
{
	const SweepPoint *point = &sweep->points[i];
	Cell value;
	Cell rate;
	Cell spread = "";
	Cell p50;
	Cell p99;
	Cell cpu;
	char bar[BAR_COLUMNS * 3 + 1] = "";
	int columns = style->columns < 100 ? BAR_COLUMNS / 2 : BAR_COLUMNS;
	int full = peak > 0 ? (int) lround(columns * rate_of(point) / peak) : 0;

	for (int j = 0, at = 0; j < full && j < columns; j++)
		at += snprintf(bar + at, sizeof(bar) - (size_t) at, "%s",
					   style->ascii ? "#" : "\u2588");
	snprintf(value, sizeof(value), "%d", point->value);
	put_number(rate, rate_of(point));
	if (point->rate.count > 1 && rate_of(point) > 0)
		snprintf(spread, sizeof(spread), "\u00b1%.0f %%",
				 100 * sample_stddev(&point->rate) / rate_of(point));
	report_duration(histogram_percentile(&point->latency, 0.5), p50,
					sizeof(p50));
	report_duration(histogram_percentile(&point->latency, 0.99), p99,
					sizeof(p99));
	snprintf(cpu, sizeof(cpu), "%.0f %%", 100 * point->cpu);
	report_table_add(table, value, rate, spread, p50, p99, cpu, bar,
					 sweep_mark(sweep, i));
}

static void
put_table(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	const char *const headers[] = {sweep_over_name(sweep->over),
								   "tasks/s",
								   "",
								   "p50",
								   "p99",
								   "cpu",
								   "",
								   ""};
	ReportTable *table = report_table_new(8, headers, "rrrrrrlL");
	double peak = 0;

	for (int i = 0; i < sweep->npoints; i++)
		if (rate_of(&sweep->points[i]) > peak)
			peak = rate_of(&sweep->points[i]);
	for (int i = 0; i < sweep->npoints; i++)
		add_row(table, sweep, i, peak, style);
	report_table_print_as(out, table, style->columns, style->ascii);
	report_table_free(table);
}

static void
sweep_text(FILE *out, const void *what, const ReportStyle *style)
{
	Findings findings = {0};

	put_table(out, what, style);
	sweep_findings(what, &findings);
	findings_put(out, &findings, style);
	findings_clear(&findings);
}

const ReportForms report_sweep_forms = {
	.about = "a sweep",
	.text = sweep_text,
	.json = report_sweep_json,
	.csv = report_sweep_csv,
	.files = {[FILE_SVG] = report_sweep_svg, [FILE_HTML] = report_sweep_html},
};
