/*
 * chart.h
 *	  Private to the reports: axes, curves and marks of charts as SVG.
 *
 * A chart is one SVG file that needs nothing else, light or dark as whoever
 * shows it; what a mark means is told by its form as well as by its colour.
 */
#ifndef CHART_H
#define CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "report_findings.h"

#define CHART_WIDTH 1000
#define CHART_MARGIN 24

typedef struct ChartAxis
{
	double low; /* at from_px */
	double high;
	bool is_log;
	double from_px;
	double to_px;
} ChartAxis;

extern double chart_at(const ChartAxis *axis, double value);

/*
 * The next round value on the axis that is above *value (for the first: below
 * axis->low); false after the last.  There are at most so many, but on a long
 * logarithmic axis, which has one for each power of ten.
 */
extern bool chart_tick(const ChartAxis *axis, int most, double *value);

/* The beginning of the file: size, title, style; then chart_end. */
extern void chart_begin(FILE *out, double height, const char *title,
						const char *subtitle);
extern void chart_end(FILE *out);

extern void chart_line(FILE *out, const char *class, double x1, double y1,
					   double x2, double y2);

/* A mark that tells about itself to those who point at it. */
extern void chart_dot(FILE *out, const char *class, double x, double y,
					  double radius, const char *tip);

/* A line of ticks with durations, from left to right across the chart. */
extern void chart_time_grid(FILE *out, const ChartAxis *y, double left,
							double right);

/* The sentences below; the y behind the last of them. */
extern double chart_findings(FILE *out, const Findings *findings, double y);

/* How high that will be. */
extern double chart_findings_height(const Findings *findings);

#endif /* CHART_H */
