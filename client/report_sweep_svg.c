/*
 * report_sweep_svg.c
 *	  A sweep as a picture: throughput and times against the setting.
 *
 * Two charts share the setting's axis, which is logarithmic, as the points
 * are.  A hollow mark is a point that is left out or misses the SLO; it says
 * why to those who point at it.
 */
#include "report_sweep.h"

#include <math.h>
#include <string.h>

#include "chart.h"
#include "svg_out.h"

#define LEFT 92
#define RIGHT (CHART_WIDTH - 92)
#define TOP 100
#define RATE_BOTTOM (TOP + 250)
#define TIME_TOP (RATE_BOTTOM + 56)
#define TIME_BOTTOM (TIME_TOP + 190)
#define SENTENCES (TIME_BOTTOM + 96)
#define LABEL_PX 44 /* between two of the setting's axis */
#define LAW_STEPS 120
#define NAME_PX 15
#define CURVES 3

typedef struct SweepSvg
{
	FILE *out;
	const Sweep *sweep;
	ChartAxis x;
	ChartAxis rate;
	ChartAxis time;
	int ncurves; /* p50, p99, and what the SLO speaks of if that is another */
} SweepSvg;

/* -------- what is shown -------- */

static double
rate_of(const SweepPoint *point)
{
	return sample_mean(&point->rate);
}

/* Of a curve, by its number. */
static double
time_of(const SweepPoint *point, int curve)
{
	if (curve == 2)
		return (double) point->slo_ns;
	return (double) histogram_percentile(&point->latency,
										 curve == 0 ? 0.5 : 0.99);
}

static const char *
curve_name(const Sweep *sweep, int curve)
{
	return curve == 0 ? "p50" : curve == 1 ? "p99" : sweep->slo.name;
}

static bool
has_own_curve(const SweepSlo *slo)
{
	return slo->is_set && strcmp(slo->name, "p50") != 0 &&
		   strcmp(slo->name, "p99") != 0;
}

static bool
is_hollow(const SweepPoint *point)
{
	return point->is_client_bound || !point->holds_slo;
}

static const char *
dot_class(const SweepPoint *point)
{
	return is_hollow(point) ? "hollow" : point->is_steady ? "dot" : "doubt";
}

static void
say_point(const Sweep *sweep, int i, char *text, size_t bytes)
{
	const SweepPoint *point = &sweep->points[i];
	char p50[32];
	char p99[32];
	char reason[200];

	sweep_reason(sweep, i, reason, sizeof(reason));
	snprintf(text, bytes,
			 "%s %d: %.4g tasks/s \u00b1 %.2g, p50 %s, p99 %s%s%s",
			 sweep_over_name(sweep->over), point->value, rate_of(point),
			 sample_stddev(&point->rate),
			 report_duration((int64_t) time_of(point, 0), p50, sizeof(p50)),
			 report_duration((int64_t) time_of(point, 1), p99, sizeof(p99)),
			 reason[0] != '\0' ? "; " : "", reason);
}

/* -------- axes -------- */

static double
most_rate(const Sweep *sweep)
{
	double most = 0;
	double law = 0;

	for (int i = 0; i < sweep->npoints; i++)
		for (int j = 0; j < sweep->points[i].rate.count; j++)
			most = fmax(most, sweep->points[i].rate.values[j]);
	/* room for the law, unless it is far from what was measured */
	for (int i = 0; i < sweep->npoints && sweep->has_fit; i++)
		law = fmax(law, usl_at(&sweep->fit, sweep->points[i].value));
	if (sweep->has_fit && sweep->fit.peak_n > sweep->points[0].value &&
		sweep->fit.peak_n < sweep->points[sweep->npoints - 1].value)
		law = fmax(law, sweep->fit.peak_x);
	most = fmax(most, fmin(law, 1.3 * most));
	return most > 0 ? most : 1;
}

static void
make_axes(SweepSvg *svg)
{
	const Sweep *sweep = svg->sweep;
	double low = INFINITY;
	double high = 0;
	double first = sweep->points[0].value;
	double last = sweep->points[sweep->npoints - 1].value;

	svg->ncurves = has_own_curve(&sweep->slo) ? CURVES : CURVES - 1;
	for (int i = 0; i < sweep->npoints; i++)
		for (int curve = 0; curve < svg->ncurves; curve++)
		{
			double time = fmax(time_of(&sweep->points[i], curve), 1000);

			low = fmin(low, time);
			high = fmax(high, time);
		}
	if (sweep->slo.is_set)
	{
		low = fmin(low, (double) sweep->slo.limit_ns);
		high = fmax(high, (double) sweep->slo.limit_ns);
	}
	svg->x = (ChartAxis){first, last > first ? last : first * 2, true,
						 LEFT + 12, RIGHT - 12};
	svg->rate =
		(ChartAxis){0, most_rate(sweep) * 1.06, false, RATE_BOTTOM, TOP};
	svg->time =
		(ChartAxis){low * 0.8, high * 1.25, true, TIME_BOTTOM, TIME_TOP};
}

/* A tick a doubling; a label where there is room. */
static void
put_setting_axis(const SweepSvg *svg)
{
	double labelled = -INFINITY;

	for (double at = svg->x.low; at <= svg->x.high * 1.0001; at *= 2)
	{
		double x = chart_at(&svg->x, at);
		char text[24];

		chart_line(svg->out, "grid", x, TOP, x, RATE_BOTTOM);
		chart_line(svg->out, "grid", x, TIME_TOP, x, TIME_BOTTOM);
		if (x - labelled < LABEL_PX)
			continue;
		snprintf(text, sizeof(text), "%.0f", at);
		svg_label(svg->out, x, TIME_BOTTOM + 20, "faint", "middle", text, 12);
		labelled = x;
	}
	svg_label(svg->out, (LEFT + RIGHT) / 2, TIME_BOTTOM + 42, "faint",
			  "middle", sweep_over_name(svg->sweep->over), 40);
}

static void
put_rate_axis(const SweepSvg *svg)
{
	for (double at = -1; chart_tick(&svg->rate, 6, &at);)
	{
		double y = chart_at(&svg->rate, at);
		char text[24];

		chart_line(svg->out, "grid", LEFT, y, RIGHT, y);
		snprintf(text, sizeof(text), at >= 1000 ? "%.0f" : "%.4g", at);
		svg_label(svg->out, LEFT - 10, y + 4.5, "faint", "end", text, 16);
	}
	svg_label(svg->out, LEFT, TOP - 10, "strong", NULL, "tasks/s", 20);
	chart_time_grid(svg->out, &svg->time, LEFT, RIGHT);
	svg_label(svg->out, LEFT, TIME_TOP - 10, "strong", NULL, "time of a task",
			  40);
}

/* -------- curves and marks -------- */

static void
put_guide(const SweepSvg *svg, int i, const char *class, const char *word,
		  int row)
{
	double x;

	if (i < 0)
		return;
	x = chart_at(&svg->x, svg->sweep->points[i].value);
	chart_line(svg->out, class, x, TOP - 4, x, RATE_BOTTOM);
	chart_line(svg->out, class, x, TIME_TOP, x, TIME_BOTTOM);
	svg_label(svg->out, x, TOP - 8 - 16 * row, "strong", "middle", word, 40);
}

static void
put_guides(const SweepSvg *svg)
{
	const Sweep *sweep = svg->sweep;
	char text[64];

	if (sweep->best >= 0)
		snprintf(text, sizeof(text), "%s %d",
				 sweep->best == sweep->knee ? "best and knee:" : "best:",
				 sweep->points[sweep->best].value);
	put_guide(svg, sweep->best, "best", text, 0);
	if (sweep->knee == sweep->best || sweep->knee < 0)
		return;
	snprintf(text, sizeof(text), "knee: %d", sweep->points[sweep->knee].value);
	/* above the other when the two would touch */
	put_guide(svg, sweep->knee, "guide", text,
			  sweep->best >= 0 &&
				  fabs(chart_at(&svg->x, sweep->points[sweep->knee].value) -
					   chart_at(&svg->x, sweep->points[sweep->best].value)) <
					  110);
}

static void
put_law(const SweepSvg *svg)
{
	const Sweep *sweep = svg->sweep;
	const char *move = "M";

	if (!sweep->has_fit)
		return;
	fputs("<path class=\"law\" d=\"", svg->out);
	for (int i = 0; i <= LAW_STEPS; i++)
	{
		double n =
			svg->x.low * pow(svg->x.high / svg->x.low, (double) i / LAW_STEPS);
		double rate = usl_at(&sweep->fit, n);

		if (rate > svg->rate.high)
			move = "M"; /* it leaves the chart */
		else
		{
			fprintf(svg->out, "%s%.1f %.1f", move, chart_at(&svg->x, n),
					chart_at(&svg->rate, rate));
			move = "L";
		}
	}
	fputs("\"/>\n", svg->out);
}

static void
put_rates(const SweepSvg *svg)
{
	const Sweep *sweep = svg->sweep;
	char text[400];

	fputs("<path class=\"curve la\" d=\"", svg->out);
	for (int i = 0; i < sweep->npoints; i++)
		fprintf(svg->out, "%s%.1f %.1f", i > 0 ? "L" : "M",
				chart_at(&svg->x, sweep->points[i].value),
				chart_at(&svg->rate, rate_of(&sweep->points[i])));
	fputs("\"/>\n", svg->out);
	for (int i = 0; i < sweep->npoints; i++)
	{
		const SweepPoint *point = &sweep->points[i];
		double x = chart_at(&svg->x, point->value);

		for (int j = 0; j < point->rate.count; j++)
			chart_line(svg->out, "range", x - 6,
					   chart_at(&svg->rate, point->rate.values[j]), x + 6,
					   chart_at(&svg->rate, point->rate.values[j]));
		say_point(sweep, i, text, sizeof(text));
		chart_dot(svg->out, dot_class(point), x,
				  chart_at(&svg->rate, rate_of(point)), 5, text);
	}
}

static double
end_of_curve(const SweepSvg *svg, int curve)
{
	const Sweep *sweep = svg->sweep;

	return chart_at(&svg->time,
					fmax(time_of(&sweep->points[sweep->npoints - 1], curve),
						 svg->time.low));
}

static void
put_times(const SweepSvg *svg, int curve)
{
	static const char *const lines[CURVES] = {"curve la", "curve lb",
											  "curve lc"};
	const Sweep *sweep = svg->sweep;

	fprintf(svg->out, "<path class=\"%s\" d=\"", lines[curve]);
	for (int i = 0; i < sweep->npoints; i++)
		fprintf(svg->out, "%s%.1f %.1f", i > 0 ? "L" : "M",
				chart_at(&svg->x, sweep->points[i].value),
				chart_at(&svg->time, fmax(time_of(&sweep->points[i], curve),
										  svg->time.low)));
	fputs("\"/>\n", svg->out);
}

/* Behind their ends, from the lowest up, apart where those are near. */
static void
put_curve_names(const SweepSvg *svg)
{
	static const char *const fills[CURVES] = {"ca", "cb", "cc"};
	const Sweep *sweep = svg->sweep;
	double x = chart_at(&svg->x, sweep->points[sweep->npoints - 1].value) + 18;
	double above = INFINITY;
	bool is_named[CURVES] = {false};

	for (int n = 0; n < svg->ncurves; n++)
	{
		int lowest = -1;

		for (int i = 0; i < svg->ncurves; i++)
			if (!is_named[i] && (lowest < 0 || end_of_curve(svg, i) >
												   end_of_curve(svg, lowest)))
				lowest = i;
		is_named[lowest] = true;
		above = fmin(end_of_curve(svg, lowest) + 4.5, above - NAME_PX);
		svg_label(svg->out, x, above, fills[lowest], NULL,
				  curve_name(sweep, lowest), 10);
	}
}

static void
put_slo(const SweepSvg *svg)
{
	const SweepSlo *slo = &svg->sweep->slo;
	double y;
	char limit[32];
	char text[80];

	if (!slo->is_set)
		return;
	y = chart_at(&svg->time, (double) slo->limit_ns);
	report_duration(slo->limit_ns, limit, sizeof(limit));
	snprintf(text, sizeof(text), "SLO: %s \u2264 %s", slo->name, limit);
	chart_line(svg->out, "limit", LEFT, y, RIGHT, y);
	svg_label(svg->out, LEFT + 8, y - 6, "cb", NULL, text, 60);
}

static void
put_legend(const SweepSvg *svg)
{
	double y = TIME_BOTTOM + 66;
	double x = LEFT;

	chart_dot(svg->out, "dot", x + 6, y - 4, 5, "measured");
	svg_label(svg->out, x + 18, y, "faint", NULL,
			  "measured; ticks are its rounds", 60);
	chart_dot(svg->out, "hollow", x + 246, y - 4, 5, "left out");
	svg_label(svg->out, x + 258, y, "faint", NULL,
			  svg->sweep->slo.is_set ? "left out, or misses the SLO"
									 : "left out",
			  60);
	chart_dot(svg->out, "doubt", x + 446, y - 4, 5, "not steady");
	svg_label(svg->out, x + 458, y, "faint", NULL, "not steady", 60);
	if (!svg->sweep->has_fit)
		return;
	chart_line(svg->out, "law", x + 546, y - 4, x + 576, y - 4);
	svg_label(svg->out, x + 584, y, "faint", NULL, "scalability law, fitted",
			  60);
}

void
report_sweep_svg(FILE *out, const void *what)
{
	const Sweep *sweep = what;
	SweepSvg svg = {.out = out, .sweep = sweep};
	Findings findings = {0};
	char title[300];
	char point[32];
	char subtitle[200];

	sweep_findings(sweep, &findings);
	make_axes(&svg);
	report_duration((int64_t) (sweep->point_s * 1e9), point, sizeof(point));
	snprintf(title, sizeof(title), "Throughput and time by %s: %.200s",
			 sweep_over_name(sweep->over), sweep->plan);
	snprintf(subtitle, sizeof(subtitle),
			 "%d points, %d round%s of %s each, in an order drawn anew",
			 sweep->npoints, sweep->rounds, sweep->rounds == 1 ? "" : "s",
			 point);
	chart_begin(out, SENTENCES + chart_findings_height(&findings) + 8, title,
				subtitle);
	put_setting_axis(&svg);
	put_rate_axis(&svg);
	put_guides(&svg);
	put_law(&svg);
	put_slo(&svg);
	for (int curve = 0; curve < svg.ncurves; curve++)
		put_times(&svg, curve);
	put_curve_names(&svg);
	put_rates(&svg);
	put_legend(&svg);
	chart_findings(out, &findings, SENTENCES);
	chart_end(out);
	findings_clear(&findings);
}
