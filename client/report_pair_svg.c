/*
 * report_pair_svg.c
 *	  Two saved runs as a picture: where a task's time went in each.
 */
#include "report_pair.h"

#include <math.h>

#include "chart.h"
#include "svg_out.h"

#define LEFT 150
#define RIGHT (CHART_WIDTH - CHART_MARGIN - 60)
#define TOP 96
#define ROW_PX 44
#define BAR_PX 15
#define WORTH 0.005 /* of a task's time: worth a row */

typedef struct PairSvg
{
	FILE *out;
	const ReportPair *pair;
	ChartAxis time;
	double bottom;
	int row;
} PairSvg;

typedef struct PairRow
{
	const char *name;
	double ns[2];
} PairRow;

static PairRow
histogram_row(const ReportPair *pair, const char *name, double fraction)
{
	PairRow row = {.name = name};

	for (int i = 0; i < 2; i++)
	{
		const Histogram *latency = &pair->results[i]->spans->latency;

		row.ns[i] = fraction < 0
						? histogram_mean_ns(latency)
						: (double) histogram_percentile(latency, fraction);
	}
	return row;
}

/* The rows that are worth one, the task's first; their number. */
static int
find_rows(const ReportPair *pair, PairRow *rows)
{
	int n = 0;

	rows[n++] = histogram_row(pair, "task, mean", -1);
	for (Class class = 0; class < CLASSES; class ++)
	{
		PairRow row = {.name = class_name(class)};

		for (int i = 0; i < 2; i++)
			row.ns[i] = pair_class_ns(pair->results[i], class);
		if (fmax(row.ns[0], row.ns[1]) >
			WORTH * fmax(rows[0].ns[0], rows[0].ns[1]))
			rows[n++] = row;
	}
	rows[n++] = histogram_row(pair, "task, p50", 0.5);
	rows[n++] = histogram_row(pair, "task, p99", 0.99);
	return n;
}

static void
put_row(PairSvg *svg, const PairRow *row)
{
	double y = TOP + 8 + ROW_PX * svg->row++;
	char time[32];

	svg_label(svg->out, LEFT - 12, y + BAR_PX + 5, "strong", "end", row->name,
			  20);
	for (int i = 0; i < 2; i++)
	{
		double x = chart_at(&svg->time, row->ns[i]);

		fprintf(svg->out,
				"<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%d\"/>\n",
				i == 0 ? "ca" : "cb", LEFT, y + i * (BAR_PX + 1),
				fmax(x - LEFT, 1), BAR_PX);
		svg_label(svg->out, x + 6, y + i * (BAR_PX + 1) + 12, "faint", NULL,
				  report_duration((int64_t) row->ns[i], time, sizeof(time)),
				  16);
	}
}

static void
put_axis(const PairSvg *svg)
{
	char time[32];

	for (double at = -1; chart_tick(&svg->time, 7, &at);)
	{
		double x = chart_at(&svg->time, at);

		chart_line(svg->out, "grid", x, TOP, x, svg->bottom);
		svg_label(svg->out, x, svg->bottom + 18, "faint", "middle",
				  at == 0 ? "0"
						  : report_duration(llround(at), time, sizeof(time)),
				  16);
	}
}

static void
put_key(const PairSvg *svg)
{
	double x = LEFT;

	for (int i = 0; i < 2; i++)
	{
		fprintf(svg->out,
				"<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"14\" "
				"height=\"12\"/>\n",
				i == 0 ? "ca" : "cb", x, TOP - 26);
		svg_label(svg->out, x + 20, TOP - 16, "", NULL, svg->pair->names[i],
				  44);
		x += 420;
	}
}

void
report_pair_svg(FILE *out, const void *what)
{
	const ReportPair *pair = what;
	PairSvg svg = {.out = out, .pair = pair};
	PairRow rows[CLASSES + 3];
	int nrows = find_rows(pair, rows);
	Findings findings = {0};
	double most = 1;

	for (int i = 0; i < nrows; i++)
		most = fmax(most, fmax(rows[i].ns[0], rows[i].ns[1]));
	svg.time = (ChartAxis){0, most, false, LEFT, RIGHT};
	svg.bottom = TOP + 12 + ROW_PX * nrows;
	pair_findings(pair, &findings);
	chart_begin(out, svg.bottom + 60 + chart_findings_height(&findings),
				"Two runs: where the time of a task went",
				"On average, by class; then the percentiles of tasks");
	put_axis(&svg);
	put_key(&svg);
	for (int i = 0; i < nrows; i++)
		put_row(&svg, &rows[i]);
	chart_findings(out, &findings, svg.bottom + 54);
	chart_end(out);
	findings_clear(&findings);
}
