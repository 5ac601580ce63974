/*
 * chart.c
 *	  Axes, curves and marks of charts as SVG.
 */
#include "chart.h"

#include <math.h>
#include <string.h>

#include "svg_out.h"
#include "utf8.h"

#define LINE_PX 20
#define LINE_COLUMNS 132

static const char style[] =
	"<style>\n"
	"svg{--paper:#fff;--ink:#1d2329;--faint:#5b6670;--line:#e3e7ea;"
	"--a:#0b5cad;--b:#b8401a;--c:#8b3f86;--good:#0a7048;"
	"font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\n"
	"@media(prefers-color-scheme:dark){svg{--paper:#14181c;--ink:#e4e8ec;"
	"--faint:#9aa5af;--line:#2b333a;--a:#6db3f5;--b:#f08a5d;--c:#d68fd0;"
	"--good:#5fd3a2}}\n"
	".paper{fill:var(--paper)}text{fill:var(--ink)}"
	".faint{fill:var(--faint)}.title{font-size:17px;font-weight:600}"
	".strong{font-weight:600}"
	".ca{fill:var(--a)}.cb{fill:var(--b)}.cc{fill:var(--c)}"
	".grid{stroke:var(--line)}.axis{stroke:var(--faint)}"
	".guide{stroke:var(--faint);stroke-dasharray:4 4}"
	".best{stroke:var(--good);stroke-width:2}"
	".limit{stroke:var(--b);stroke-width:1.5;stroke-dasharray:8 4}"
	".curve{fill:none;stroke-width:2}"
	".la{stroke:var(--a)}.lb{stroke:var(--b);stroke-dasharray:7 4}"
	".lc{stroke:var(--c);stroke-dasharray:2 3}"
	".law{fill:none;stroke:var(--faint);stroke-width:1.5;"
	"stroke-dasharray:3 4}"
	".dot{fill:var(--a);stroke:var(--a);stroke-width:2}"
	".hollow{fill:var(--paper);stroke:var(--a);stroke-width:2}"
	".doubt{fill:var(--paper);stroke:var(--a);stroke-width:2;"
	"stroke-dasharray:2 2}"
	".round{fill:var(--a);fill-opacity:.35}"
	".range{stroke:var(--a);stroke-width:1.2}"
	".interval{stroke:var(--ink);stroke-width:2.5}"
	".mean{fill:var(--ink)}.unsure{fill:var(--paper);stroke:var(--ink);"
	"stroke-width:2}\n"
	"</style>\n";

/* -------- axes -------- */

double
chart_at(const ChartAxis *axis, double value)
{
	double part = axis->is_log
					  ? log(value / axis->low) / log(axis->high / axis->low)
					  : (value - axis->low) / (axis->high - axis->low);

	return axis->from_px + (axis->to_px - axis->from_px) * part;
}

/* 1, 2 or 5 times a power of ten, such that there are at most so many. */
static double
round_step(double length, int most)
{
	double power = pow(10, floor(log10(length / most)));
	static const int steps[] = {1, 2, 5};

	for (int i = 0; i < 3; i++)
		if (length / (steps[i] * power) <= most)
			return steps[i] * power;
	return 10 * power;
}

static double
next_log_tick(const ChartAxis *axis, int most, double value)
{
	double decades = log10(axis->high / axis->low);
	double power = pow(10, floor(log10(value * (1 + 1e-9))));

	if (3 * decades > most)
		return 10 * power;
	for (int i = 2; i <= 5; i += 3)
		if (value * (1 + 1e-9) < i * power)
			return i * power;
	return 10 * power;
}

bool
chart_tick(const ChartAxis *axis, int most, double *value)
{
	double step;

	/* a short one is nearly a linear one */
	if (axis->is_log && axis->high >= 5 * axis->low)
	{
		if (*value < axis->low)
			*value = pow(10, floor(log10(axis->low)) - 1);
		do
			*value = next_log_tick(axis, most, *value);
		while (*value < axis->low * (1 - 1e-9));
		return *value <= axis->high * (1 + 1e-9);
	}
	step = round_step(axis->high - axis->low, most);
	*value = *value < axis->low ? ceil(axis->low / step - 1e-9) * step
								: (floor(*value / step + 1e-9) + 1) * step;
	*value += 0.0; /* no minus before nothing */
	return *value <= axis->high + step * 1e-9;
}

void
chart_time_grid(FILE *out, const ChartAxis *y, double left, double right)
{
	char time[32];

	for (double at = -1; chart_tick(y, 7, &at);)
	{
		chart_line(out, "grid", left, chart_at(y, at), right, chart_at(y, at));
		svg_label(out, left - 10, chart_at(y, at) + 4.5, "faint", "end",
				  at == 0 ? "0"
						  : report_duration(llround(at), time, sizeof(time)),
				  16);
	}
}

/* -------- what is on it -------- */

void
chart_begin(FILE *out, double height, const char *title, const char *subtitle)
{
	fprintf(out,
			"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d "
			"%.0f\" width=\"%d\" height=\"%.0f\" role=\"img\">\n<title>",
			CHART_WIDTH, height, CHART_WIDTH, height);
	svg_text(out, title, 250);
	fputs("</title>\n<desc>", out);
	svg_text(out, subtitle, 500);
	fputs("</desc>\n", out);
	fputs(style, out);
	fputs("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", out);
	svg_label(out, CHART_MARGIN, 30, "title", NULL, title, 100);
	svg_label(out, CHART_MARGIN, 52, "faint", NULL, subtitle, 140);
}

void
chart_end(FILE *out)
{
	fputs("</svg>\n", out);
}

void
chart_line(FILE *out, const char *class, double x1, double y1, double x2,
		   double y2)
{
	fprintf(out,
			"<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
			"y2=\"%.1f\"/>\n",
			class, x1, y1, x2, y2);
}

void
chart_dot(FILE *out, const char *class, double x, double y, double radius,
		  const char *tip)
{
	fprintf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">",
			class, x, y, radius);
	fputs("<title>", out);
	svg_text(out, tip, 400);
	fputs("</title></circle>\n", out);
}

/* -------- sentences -------- */

/* Bytes of the text that go into one line, which ends between words. */
static size_t
line_bytes(const char *text)
{
	size_t len = strlen(text);
	size_t at = 0;
	size_t blank = 0;

	for (int columns = 0; at < len && columns < LINE_COLUMNS; columns++)
	{
		uint32_t code;
		int n = utf8_decode(text + at, len - at, &code);

		if (text[at] == ' ')
			blank = at;
		at += n > 0 ? (size_t) n : 1;
	}
	return at < len && blank > 0 ? blank : at;
}

/* Write its lines, from y on, or only count them (out NULL). */
static int
put_finding(FILE *out, const Finding *finding, double y)
{
	char text[700];
	char line[700];
	const char *rest = text;
	int nlines = 0;

	snprintf(text, sizeof(text), "%s%s%s", finding->head,
			 finding->head[0] != '\0' ? ": " : "", finding->text);
	while (*rest != '\0')
	{
		size_t len = line_bytes(rest);

		snprintf(line, sizeof(line), "%.*s", (int) len, rest);
		if (out != NULL)
			svg_label(out, CHART_MARGIN + (nlines > 0 ? 16 : 0),
					  y + nlines * LINE_PX, "words", NULL, line,
					  LINE_COLUMNS + 1);
		nlines++;
		rest += len;
		rest += strspn(rest, " ");
	}
	return nlines;
}

double
chart_findings(FILE *out, const Findings *findings, double y)
{
	for (int i = 0; i < findings->count; i++)
		y += LINE_PX * put_finding(out, &findings->list[i], y);
	return y;
}

double
chart_findings_height(const Findings *findings)
{
	return chart_findings(NULL, findings, 0);
}
