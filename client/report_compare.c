/*
 * report_compare.c
 *	  What a comparison says to people on a terminal.
 */
#include "report_compare.h"

#include <math.h>

#include "report_put.h"
#include "report_table.h"

typedef char Cell[48];

/* -------- the table -------- */

static void
put_mean(Cell cell, const Sample *sample)
{
	Cell mean;
	Cell spread;

	report_duration((int64_t) (sample_mean(sample) * 1e9), mean, sizeof(mean));
	report_duration((int64_t) (sample_stddev(sample) * 1e9), spread,
					sizeof(spread));
	snprintf(cell, sizeof(Cell), "%.20s \u00b1 %.20s", mean, spread);
}

static void
put_rate(Cell cell, const CompareVariant *variant)
{
	double took_s = sample_mean(&variant->took_s);

	snprintf(cell, sizeof(Cell), "%.3g", took_s > 0 ? 1 / took_s : 0);
	if (took_s > 0 && 1 / took_s >= 1000)
		snprintf(cell, sizeof(Cell), "%.0f", 1 / took_s);
}

static void
put_p(Cell cell, double p)
{
	if (p < 0.001)
		snprintf(cell, sizeof(Cell), "p < 0.001");
	else
		snprintf(cell, sizeof(Cell), "p = %.2g", p);
}

static void
add_row(ReportTable *table, const Compare *compare, int i)
{
	const CompareVariant *variant = &compare->variants[i];
	Cell mean;
	Cell rate;
	Cell ratio = "";
	Cell range = "";
	Cell p = "";

	put_mean(mean, compare_times(compare, i));
	put_rate(rate, variant);
	if (i > 0)
	{
		snprintf(ratio, sizeof(ratio), "%.3g\u00d7", variant->ratio);
		put_p(p, variant->p);
	}
	if (i > 0 && variant->has_interval)
		snprintf(range, sizeof(range), "%.3g to %.3g", variant->low,
				 variant->high);
	report_table_add(table, variant->name, mean, rate, ratio, range, p);
}

/* -------- sentences -------- */

void
compare_say_ratio(const Compare *compare, int i, char *text, size_t bytes)
{
	const CompareVariant *variant = &compare->variants[i];

	text[0] = '\0';
	if (i == 0 || compare->rounds_done == 0)
		return;
	if (!variant->is_significant)
		snprintf(text, bytes, "%.3g\u00d7, not significant", variant->ratio);
	else if (variant->ratio < 1)
		snprintf(text, bytes, "%.3g\u00d7, %.3g times as fast", variant->ratio,
				 1 / variant->ratio);
	else
		snprintf(text, bytes, "%.3g\u00d7, slower", variant->ratio);
}

/* One sentence about a variant. */
static void
say_variant(Findings *findings, const Compare *compare,
			const CompareVariant *variant)
{
	const char *first = compare->variants[0].name;
	double percent = 100 * fabs(variant->ratio - 1);

	if (!variant->is_significant)
		findings_say(findings, "", "%.80s against %.80s: not significant%s.",
					 variant->name, first,
					 compare->rounds_done < 4
						 ? "; fewer than four rounds cannot tell (--rounds)"
						 : ", the difference may be chance");
	else if (variant->ratio < 1)
		findings_say(findings, "",
					 "%.80s takes %.3g %% less time than %.80s: %.3g times as "
					 "fast.",
					 variant->name, percent, first, 1 / variant->ratio);
	else
		findings_say(findings, "", "%.80s takes %.3g %% more time than %.80s.",
					 variant->name, percent, first);
}

static void
say_gate(Findings *findings, const Compare *compare)
{
	if (compare->fail_if_slower < 0)
		return;
	if (compare->slower < 0)
		findings_say(findings, "Passed",
					 "none is slower than %.80s by more than %.3g %%.",
					 compare->variants[0].name, compare->fail_if_slower);
	else
		findings_say(findings, "Failed",
					 "%.80s is slower than %.80s by more than %.3g %%.",
					 compare->variants[compare->slower].name,
					 compare->variants[0].name, compare->fail_if_slower);
}

void
compare_findings(const Compare *compare, Findings *findings)
{
	findings_say(findings, "", "%d round%s in turn, after one to warm up%s.",
				 compare->rounds_done, compare->rounds_done == 1 ? "" : "s",
				 compare->interrupted ? "; interrupted" : "");
	if (compare->rounds_done > 0)
		for (int i = 1; i < compare->nvariants; i++)
			say_variant(findings, compare, &compare->variants[i]);
	say_gate(findings, compare);
}

static void
compare_text(FILE *out, const void *what, const ReportStyle *style)
{
	const Compare *compare = what;
	const char *const headers[] = {
		"variant", compare->same_tasks ? "wall" : "time per task",
		"tasks/s", "time",
		"95 %",	   "chance"};
	ReportTable *table = report_table_new(6, headers, "Lrrrll");
	Findings findings = {0};

	for (int i = 0; i < compare->nvariants; i++)
		add_row(table, compare, i);
	report_table_print_as(out, table, style->columns, style->ascii);
	report_table_free(table);
	compare_findings(compare, &findings);
	findings_put(out, &findings, style);
	findings_clear(&findings);
}

const ReportForms report_compare_forms = {
	.about = "a comparison",
	.text = compare_text,
	.json = report_compare_json,
	.csv = report_compare_csv,
	.files =
		{[FILE_SVG] = report_compare_svg, [FILE_HTML] = report_compare_html},
};
