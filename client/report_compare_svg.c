/*
 * report_compare_svg.c
 *	  A comparison as a picture: each variant's rounds, and its ratio.
 *
 * A row for each variant.  To the left its rounds as dots, the mean and its
 * interval; to the right the ratio to the first one and its interval, hollow
 * where the difference may be chance.
 */
#include "report_compare.h"

#include <math.h>

#include "chart.h"
#include "report_put.h"
#include "svg_out.h"

#define TOP 96
#define ROW_PX 56
#define NAMES_MOST 220
#define CHARACTER_PX 7.4
#define RATIO_LEFT 640
#define RATIO_RIGHT (CHART_WIDTH - CHART_MARGIN - 12)
#define TIMES_RIGHT (RATIO_LEFT - 60)

typedef struct CompareSvg
{
	FILE *out;
	const Compare *compare;
	double bottom;
	double names_px;
	ChartAxis time; /* seconds */
	ChartAxis ratio;
} CompareSvg;

static double
row_y(int variant)
{
	return TOP + 14 + ROW_PX * (variant + 0.5);
}

/* -------- axes -------- */

static void
make_time_axis(CompareSvg *svg)
{
	double low = INFINITY;
	double high = 0;

	for (int i = 0; i < svg->compare->nvariants; i++)
	{
		const Sample *sample = compare_times(svg->compare, i);

		for (int j = 0; j < sample->count; j++)
		{
			low = fmin(low, sample->values[j]);
			high = fmax(high, sample->values[j]);
		}
	}
	if (!(low < INFINITY))
		low = high = 1;
	/* from nothing, unless that would press all of it into a corner */
	svg->time = (ChartAxis){low > 0.7 * high ? low - (high - low) * 0.3 : 0,
							high * 1.03, false, svg->names_px, TIMES_RIGHT};
	if (svg->time.low >= svg->time.high)
		svg->time.low = 0;
}

static void
make_ratio_axis(CompareSvg *svg)
{
	double low = 0.8;
	double high = 1.25;

	for (int i = 1; i < svg->compare->nvariants; i++)
	{
		const CompareVariant *variant = &svg->compare->variants[i];
		double least = variant->has_interval ? variant->low : variant->ratio;
		double most = variant->has_interval ? variant->high : variant->ratio;

		if (least > 0)
			low = fmin(low, least * 0.93);
		if (most > 0 && most < 1e6)
			high = fmax(high, most * 1.07);
	}
	svg->ratio = (ChartAxis){low, high, true, RATIO_LEFT, RATIO_RIGHT};
}

static void
put_axes(const CompareSvg *svg)
{
	char text[32];
	double one = chart_at(&svg->ratio, 1);

	for (double at = -1; chart_tick(&svg->time, 5, &at);)
	{
		double x = chart_at(&svg->time, at);

		chart_line(svg->out, "grid", x, TOP, x, svg->bottom);
		svg_label(svg->out, x, svg->bottom + 18, "faint", "middle",
				  at == 0
					  ? "0"
					  : report_duration(llround(at * 1e9), text, sizeof(text)),
				  16);
	}
	for (double at = -1; chart_tick(&svg->ratio, 8, &at);)
	{
		double x = chart_at(&svg->ratio, at);

		chart_line(svg->out, "grid", x, TOP, x, svg->bottom);
		snprintf(text, sizeof(text), "%.3g\u00d7", at);
		if (fabs(x - one) > 36)
			svg_label(svg->out, x, svg->bottom + 18, "faint", "middle", text,
					  16);
	}
	chart_line(svg->out, "axis", one, TOP - 4, one, svg->bottom);
	svg_label(svg->out, one, svg->bottom + 18, "strong", "middle", "1\u00d7",
			  4);
	svg_label(svg->out, svg->names_px, TOP - 10, "strong", NULL,
			  svg->compare->same_tasks ? "wall time" : "time per task", 40);
	svg_label(svg->out, RATIO_LEFT, TOP - 10, "strong", NULL,
			  "against the first", 60);
}

/* -------- a variant -------- */

static void
put_times(const CompareSvg *svg, int i)
{
	const Sample *sample = compare_times(svg->compare, i);
	double y = row_y(i);
	double x = chart_at(&svg->time, sample_mean(sample));
	double low;
	double high;
	char text[200];
	char time[32];

	for (int j = 0; j < sample->count; j++)
	{
		report_duration((int64_t) (sample->values[j] * 1e9), time,
						sizeof(time));
		snprintf(text, sizeof(text), "round %d: %s", j + 1, time);
		/* apart by their number, not by chance */
		chart_dot(svg->out, "round", chart_at(&svg->time, sample->values[j]),
				  y + 12 + (j % 3 - 1) * 3.5, 3.5, text);
	}
	if (sample->count == 0)
		return;
	if (sample_mean_interval(sample, &low, &high))
		chart_line(svg->out, "interval",
				   fmax(chart_at(&svg->time, low), svg->time.from_px), y - 5,
				   fmin(chart_at(&svg->time, high), svg->time.to_px + 20),
				   y - 5);
	report_duration((int64_t) (sample_mean(sample) * 1e9), time, sizeof(time));
	snprintf(text, sizeof(text), "mean %s", time);
	chart_dot(svg->out, "mean", x, y - 5, 4.5, text);
	svg_label(svg->out, x, y - 13, "strong", "middle", time, 16);
}

static void
put_ratio(const CompareSvg *svg, int i)
{
	const CompareVariant *variant = &svg->compare->variants[i];
	double y = row_y(i);
	double x;
	char text[120];
	char tip[200];

	if (i == 0 || svg->compare->rounds_done == 0 || variant->ratio <= 0)
		return;
	x = chart_at(&svg->ratio, variant->ratio);
	if (variant->has_interval && variant->low > 0 && variant->high < 1e6)
		chart_line(svg->out, "interval", chart_at(&svg->ratio, variant->low),
				   y + 4, chart_at(&svg->ratio, variant->high), y + 4);
	compare_say_ratio(svg->compare, i, text, sizeof(text));
	snprintf(tip, sizeof(tip), "%s; 95 %% interval %.3g to %.3g, p = %.2g",
			 text, variant->low, variant->high, variant->p);
	chart_dot(svg->out, variant->is_significant ? "mean" : "unsure", x, y + 4,
			  5, tip);
	svg_label(svg->out, x > (RATIO_LEFT + RATIO_RIGHT) / 2.0 ? x + 8 : x - 8,
			  y - 9, "", x > (RATIO_LEFT + RATIO_RIGHT) / 2.0 ? "end" : NULL,
			  text, 48);
}

static double
names_width(const Compare *compare)
{
	int columns = 8;

	for (int i = 0; i < compare->nvariants; i++)
		if (report_put_width(compare->variants[i].name) > columns)
			columns = report_put_width(compare->variants[i].name);
	return fmin(columns * CHARACTER_PX, NAMES_MOST) + CHART_MARGIN + 12;
}

static void
put_variant(const CompareSvg *svg, int i)
{
	if (i > 0)
		chart_line(svg->out, "grid", CHART_MARGIN, row_y(i) - ROW_PX / 2.0 - 4,
				   CHART_WIDTH - CHART_MARGIN, row_y(i) - ROW_PX / 2.0 - 4);
	svg_label(svg->out, CHART_MARGIN, row_y(i) + 4, "strong", NULL,
			  svg->compare->variants[i].name,
			  (int) ((svg->names_px - CHART_MARGIN - 12) / CHARACTER_PX));
	put_times(svg, i);
	put_ratio(svg, i);
}

void
report_compare_svg(FILE *out, const void *what)
{
	const Compare *compare = what;
	CompareSvg svg = {.out = out, .compare = compare};
	Findings findings = {0};
	char title[300];

	svg.names_px = names_width(compare);
	svg.bottom = TOP + 16 + ROW_PX * compare->nvariants;
	compare_findings(compare, &findings);
	make_time_axis(&svg);
	make_ratio_axis(&svg);
	snprintf(title, sizeof(title), "%d variants, %d round%s each: %.200s",
			 compare->nvariants, compare->rounds_done,
			 compare->rounds_done == 1 ? "" : "s", compare->plan);
	chart_begin(out, svg.bottom + 60 + chart_findings_height(&findings), title,
				"Dots are rounds; a filled disc and a line are a mean and its "
				"95 % interval; hollow is not significant");
	put_axes(&svg);
	for (int i = 0; i < compare->nvariants; i++)
		put_variant(&svg, i);
	chart_findings(out, &findings, svg.bottom + 54);
	chart_end(out);
	findings_clear(&findings);
}
