/*
 * report_svg.c
 *	  The timeline as a picture of its own: a row a task, one for the loop.
 *
 * One SVG file that needs nothing else.  Many tasks share rows, one for each
 * place in flight.  What a bar means is told by its
 * pattern as well as by its colour.  Bars that lie so near each other that
 * nobody could tell them apart become one, and rows end where the picture
 * would have too many bars, so that its size is bounded.
 */
#include "report_bars.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_put.h"
#include "report_verdict.h"
#include "svg_out.h"

#define WIDTH 1200
#define MARGIN 24
#define TOP 78			  /* of the first row */
#define MAX_BARS 30000	  /* about 4 MB */
#define SAME_PX 0.35	  /* nearer than that is the same place */
#define CHARACTER_PX 7.3  /* of text of 12 px, a little generous */
#define ROWS_OF_TASKS 100 /* more have a row for each place in flight */
#define MAX_NAME 20		  /* characters */

typedef struct Svg
{
	FILE *out;
	const RunResult *result;
	double left_px; /* where the run begins */
	double ns_px;
	double row_px;
	double y_px;
	int names_every; /* rows */
	int nbars;
	Bar pending; /* to_ns 0: none */
	bool occurs[BAR_KINDS];
} Svg;

static const char *const classes[BAR_KINDS] = {[BAR_BLOCKING] = "b",
											   [BAR_ASYNC] = "a",
											   [BAR_THREAD] = "t",
											   [BAR_HELD] = "h",
											   [BAR_POOL] = "p"};

/* Colours, and patterns for those who do not see or print them. */
static const char head[] =
	"<style>\n"
	"svg{--paper:#fff;--ink:#1d2329;--faint:#5b6670;--line:#d8dde2;"
	"--b:#b8401a;--a:#0a7d5c;--af:#bfe3d6;--t:#2563a8;--tf:#c3daf3;"
	"--h:#8a6100;--hf:#fbeecb;--p:#8b3f86;--pf:#f0dcee;"
	"font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\n"
	"@media(prefers-color-scheme:dark){svg{--paper:#14181c;--ink:#e4e8ec;"
	"--faint:#9aa5af;--line:#333b43;--b:#e8683a;--a:#3fc495;--af:#15483a;"
	"--t:#7ab2f0;--tf:#1f3b5b;--h:#e0b040;--hf:#3d3212;--p:#d68fd0;"
	"--pf:#42273f}}\n"
	".paper{fill:var(--paper)}text{fill:var(--ink)}"
	".faint{fill:var(--faint)}.title{font-size:17px;font-weight:600}"
	".tick{stroke:var(--line);stroke-width:1}"
	".b{fill:var(--b)}.a{fill:url(#pa);stroke:var(--a)}"
	".t{fill:url(#pt);stroke:var(--t)}"
	".h{fill:url(#ph)}.p{fill:url(#pp);stroke:var(--p)}"
	".a,.t,.p{stroke-width:.8}"
	".on{text-anchor:middle;fill:#fff}"
	"@media(prefers-color-scheme:dark){.on{fill:#14181c}}"
	".in{text-anchor:middle;paint-order:stroke;stroke:var(--paper);"
	"stroke-width:3px;stroke-linejoin:round}\n"
	"</style>\n"
	"<defs>"
	"<pattern id=\"pa\" width=\"6\" height=\"6\" "
	"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	"<rect width=\"6\" height=\"6\" style=\"fill:var(--af)\"/>"
	"<rect width=\"1.6\" height=\"6\" style=\"fill:var(--a)\"/></pattern>"
	"<pattern id=\"pt\" width=\"6\" height=\"6\" "
	"patternUnits=\"userSpaceOnUse\">"
	"<rect width=\"6\" height=\"6\" style=\"fill:var(--tf)\"/>"
	"<path d=\"M0 3H6M3 0V6\" style=\"stroke:var(--t)\"/></pattern>"
	"<pattern id=\"ph\" width=\"5\" height=\"5\" "
	"patternUnits=\"userSpaceOnUse\">"
	"<rect width=\"5\" height=\"5\" style=\"fill:var(--hf)\"/>"
	"<circle cx=\"2.5\" cy=\"2.5\" r=\"1\" style=\"fill:var(--h)\"/></pattern>"
	"<pattern id=\"pp\" width=\"4\" height=\"4\" "
	"patternUnits=\"userSpaceOnUse\">"
	"<rect width=\"4\" height=\"4\" style=\"fill:var(--pf)\"/>"
	"<rect width=\"1\" height=\"4\" style=\"fill:var(--p)\"/></pattern>"
	"</defs>\n";

/* -------- bars -------- */

static double
x_of(const Svg *svg, int64_t time_ns)
{
	return svg->left_px +
		   (double) (time_ns - svg->result->spans->run_begun_ns) * svg->ns_px;
}

/* "http, line 4, blocking: 0.300 s", for those who point at it. */
static void
put_tip(const Svg *svg, const Bar *bar)
{
	char time[32];

	fputs("<title>", svg->out);
	if (bar->span != NULL)
	{
		svg_text(svg->out, bar->span->step->label, 80);
		fprintf(svg->out, ", line %d, ", bar->span->step->place.line);
	}
	fprintf(svg->out, "%s: %s</title>", bar_meaning(bar->kind),
			report_duration(bar->to_ns - bar->from_ns, time, sizeof(time)));
}

static void
put_pending(Svg *svg)
{
	const Bar *bar = &svg->pending;
	double x = x_of(svg, bar->from_ns);
	double width = x_of(svg, bar->to_ns) - x;
	double height = svg->row_px >= 8 ? svg->row_px - 4 : svg->row_px - 0.5;
	int lanes = bar->lanes > 0 ? bar->lanes : 1;

	if (bar->to_ns == 0)
		return;
	svg->nbars++;
	svg->occurs[bar->kind] = true;
	fprintf(svg->out,
			"<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
			"height=\"%.2f\">",
			classes[bar->kind], x, svg->y_px + height / lanes * bar->lane,
			width < 0.5 ? 0.5 : width, height / lanes);
	if (width >= 2)
		put_tip(svg, bar);
	fputs("</rect>\n", svg->out);
	svg->pending.to_ns = 0;
}

static void
put_bar(Svg *svg, const Bar *bar)
{
	Bar *pending = &svg->pending;

	if (pending->to_ns != 0 && pending->kind == bar->kind &&
		pending->lanes == 0 && bar->lanes == 0 &&
		x_of(svg, bar->to_ns) - x_of(svg, bar->from_ns) < 2 * SAME_PX &&
		fabs(x_of(svg, bar->from_ns) - x_of(svg, pending->to_ns)) < SAME_PX)
	{
		if (bar->to_ns > pending->to_ns)
			pending->to_ns = bar->to_ns;
		return;
	}
	put_pending(svg);
	*pending = *bar;
}

static void
put_bar_label(const Svg *svg, const Bar *bar, const char *label)
{
	double x = x_of(svg, bar->from_ns);
	double width = x_of(svg, bar->to_ns) - x;
	int columns = report_put_width(label);

	if (svg->row_px >= 18 && bar->lanes <= 1 &&
		width > columns * CHARACTER_PX + 8)
		svg_label(svg->out, x + width / 2, svg->y_px + svg->row_px / 2 + 2,
				  bar->kind == BAR_BLOCKING ? "on" : "in", NULL, label,
				  columns);
}

/* -------- rows -------- */

static void
put_name(const Svg *svg, const char *name, int row)
{
	double middle = svg->row_px >= 8 ? (svg->row_px - 4) / 2 + 4.2 : 4;

	if (row % svg->names_every == 0)
		svg_label(svg->out, svg->left_px - 8, svg->y_px + middle, "faint",
				  "end", name, MAX_NAME);
}

static void
put_task(Svg *svg, const TaskSpans *task)
{
	int nbars;
	Bar *bars = report_bars(svg->result, task, &nbars);

	for (int i = 0; i < nbars; i++)
		put_bar(svg, &bars[i]);
	put_pending(svg);
	for (int i = 0; i < nbars; i++)
		if (bars[i].kind <= BAR_THREAD)
			put_bar_label(svg, &bars[i], bars[i].span->step->label);
	free(bars);
}

/* Which row each task has: its own, or the first that is free when it begins.
 */
static int
assign_rows(const Spans *spans, bool by_slot, int *rows)
{
	int64_t *ended_ns =
		mem_alloc((size_t) spans->ntasks * sizeof(int64_t) + 1);
	int nrows = 0;

	for (int i = 0; i < spans->ntasks; i++)
	{
		int row = by_slot ? 0 : nrows;

		while (row < nrows && ended_ns[row] > spans->tasks[i].begun_ns)
			row++;
		nrows += row == nrows;
		ended_ns[row] = spans->tasks[i].ended_ns;
		rows[i] = row;
	}
	free(ended_ns);
	return nrows;
}

static void
put_loop(Svg *svg)
{
	const Spans *spans = svg->result->spans;
	int nbars;
	Bar *bars = report_loop_bars(svg->result, &nbars);

	if (nbars > 0)
	{
		svg->row_px = 24;
		svg->names_every = 1;
		svg->y_px += 6;
		put_name(svg, "loop", 0);
		for (int i = 0; i < nbars; i++)
			put_bar(svg, &bars[i]);
		put_pending(svg);
		for (int i = 0; i < nbars; i++)
		{
			const char *name = report_task_name(spans, spans->holds[i].task);

			if (name != NULL)
				put_bar_label(svg, &bars[i], name);
		}
		svg->y_px += svg->row_px;
	}
	free(bars);
}

/* -------- around them -------- */

/* 1, 2 or 5 times a power of ten, such that there are at most ten. */
static int64_t
tick_ns(int64_t length_ns)
{
	static const int steps[] = {1, 2, 5};

	for (int64_t power = 1; power < INT64_MAX / 100; power *= 10)
		for (int i = 0; i < 3; i++)
			if (length_ns / (power * steps[i]) <= 10)
				return power * steps[i];
	return length_ns;
}

static void
put_axis(const Svg *svg, int64_t length_ns, double bottom)
{
	int64_t step_ns = tick_ns(length_ns);
	int64_t begun_ns = svg->result->spans->run_begun_ns;
	char time[32];

	for (int64_t at = 0; at <= length_ns; at += step_ns)
	{
		double x = x_of(svg, begun_ns + at);

		fprintf(svg->out,
				"<line class=\"tick\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" "
				"y2=\"%.1f\"/>\n",
				x, x, TOP - 6, bottom);
		svg_label(svg->out, x, TOP - 12, "faint", "middle",
				  at == 0 ? "0" : report_duration(at, time, sizeof(time)), 16);
	}
}

static void
put_legend(Svg *svg)
{
	double x = svg->left_px;
	double y = svg->y_px + 14;

	for (BarKind kind = 0; kind < BAR_KINDS; kind++)
	{
		if (!svg->occurs[kind])
			continue;
		fprintf(svg->out,
				"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"22\" "
				"height=\"14\"/>\n",
				classes[kind], x, y);
		svg_label(svg->out, x + 28, y + 11.5, "faint", NULL, bar_meaning(kind),
				  60);
		x += 28 + (double) strlen(bar_meaning(kind)) * 6.4 + 24;
	}
}

static void
put_title(const Svg *svg, const Verdict *verdict)
{
	const RunResult *result = svg->result;
	char text[256];
	char wall[32];

	snprintf(text, sizeof(text), "%.120s: %s, overlap %.2f\u00D7, %s",
			 result->plan->nsources > 0 ? result->plan->sources[0].name : "",
			 report_duration(result->wall_ns, wall, sizeof(wall)),
			 result->wall_ns > 0
				 ? (double) result->spans->own_ns / (double) result->wall_ns
				 : 0.0,
			 verdict->word);
	fputs("<title>", svg->out);
	svg_text(svg->out, text, 250);
	fputs("</title>\n<desc>", svg->out);
	svg_text(svg->out, verdict->why, 500);
	fputs("</desc>\n", svg->out);
	fputs(head, svg->out);
	fputs("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
		  svg->out);
	svg_label(svg->out, MARGIN, 28, "title", NULL, text, 110);
	svg_label(svg->out, MARGIN, 48, "faint", NULL, verdict->why, 170);
}

static double
row_height(int rows)
{
	return rows <= 40 ? 26 : rows <= 100 ? 16 : rows <= 400 ? 8 : 4;
}

static int
name_columns(const Spans *spans)
{
	int columns = 4;

	for (int i = 0; i < spans->ntasks; i++)
		if (report_put_width(spans->tasks[i].name) > columns)
			columns = report_put_width(spans->tasks[i].name);
	return columns > MAX_NAME ? MAX_NAME + 1 : columns;
}

/* One row; the number of its tasks. */
static int
put_row(Svg *svg, int row, const int *rows, bool by_slot)
{
	const Spans *spans = svg->result->spans;
	char slot[32];
	int count = 0;

	snprintf(slot, sizeof(slot), "slot %d", row + 1);
	for (int i = by_slot ? 0 : row; i < spans->ntasks; i++)
	{
		if (rows[i] != row)
			continue;
		if (count++ == 0)
			put_name(svg, by_slot ? slot : spans->tasks[i].name, row);
		put_task(svg, &spans->tasks[i]);
		if (!by_slot)
			break;
	}
	svg->y_px += svg->row_px;
	return count;
}

/* All rows, and what stands below them. */
static void
put_rows(Svg *svg, const int *rows, int nrows, bool by_slot)
{
	const Spans *spans = svg->result->spans;
	int64_t all = spans->done + spans->failed + spans->canceled;
	int64_t shown = 0;
	char text[80];

	for (int row = 0; row < nrows && svg->nbars < MAX_BARS; row++)
		shown += put_row(svg, row, rows, by_slot);
	put_loop(svg);
	put_legend(svg);
	if (shown >= all)
		return;
	snprintf(text, sizeof(text), "%lld of %lld tasks", (long long) shown,
			 (long long) all);
	svg_label(svg->out, WIDTH - MARGIN, svg->y_px + 46, "faint", "end", text,
			  80);
}

void
report_svg(FILE *out, const RunResult *result)
{
	const Spans *spans = result->spans;
	int64_t length_ns = result->wall_ns > 0 ? result->wall_ns : 1;
	bool by_slot = spans->ntasks > ROWS_OF_TASKS;
	int *rows = mem_alloc((size_t) spans->ntasks * sizeof(int) + 1);
	int nrows = assign_rows(spans, by_slot, rows);
	Svg svg = {.result = result, .y_px = TOP};
	char *body = NULL;
	size_t bytes = 0;
	Verdict verdict;
	double height;

	report_verdict(result, &verdict);
	svg.left_px =
		MARGIN + (by_slot ? 9 : name_columns(spans)) * CHARACTER_PX + 8;
	svg.ns_px = (WIDTH - MARGIN - svg.left_px) / (double) length_ns;
	svg.row_px = row_height(nrows);
	svg.names_every = (int) ceil(12 / svg.row_px);

	/* how high it is shows when the rows are drawn, which come last */
	svg.out = open_memstream(&body, &bytes);
	if (svg.out != NULL)
	{
		put_rows(&svg, rows, nrows, by_slot);
		fclose(svg.out);
	}
	svg.out = out;
	height = svg.y_px + 60;
	fprintf(out,
			"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d "
			"%.0f\" width=\"%d\" height=\"%.0f\" role=\"img\">\n",
			WIDTH, height, WIDTH, height);
	put_title(&svg, &verdict);
	put_axis(&svg, length_ns, svg.y_px + 4);
	fwrite(body, 1, bytes, out);
	fputs("</svg>\n", out);
	free(body);
	free(rows);
}
