/*
 * report_compare.c
 *	  What a comparison says: for people, and for programs.
 */
#include "compare.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "report_put.h"
#include "report_table.h"

#define COMPARE_VERSION 1

typedef char Cell[48];

/* -------- for people -------- */

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

	put_mean(mean, compare->same_tasks ? &variant->wall_s : &variant->took_s);
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

/* One sentence about a variant. */
static void
say_variant(FILE *out, const Compare *compare, const CompareVariant *variant,
			const ReportStyle *style)
{
	const char *first = compare->variants[0].name;
	double percent = 100 * fabs(variant->ratio - 1);
	char text[512];

	if (!variant->is_significant)
		snprintf(text, sizeof(text), "%.80s against %.80s: not significant%s.",
				 variant->name, first,
				 compare->rounds_done < 4
					 ? "; fewer than four rounds cannot tell (--rounds)"
					 : ", the difference may be chance");
	else if (variant->ratio < 1)
		snprintf(text, sizeof(text),
				 "%.80s takes %.3g %% less time than %.80s: %.3g times as "
				 "fast.",
				 variant->name, percent, first, 1 / variant->ratio);
	else
		snprintf(text, sizeof(text),
				 "%.80s takes %.3g %% more time than %.80s.", variant->name,
				 percent, first);
	report_put_wrapped(out, "  ", text, style);
}

static void
say_gate(FILE *out, const Compare *compare, const ReportStyle *style)
{
	char text[256];

	if (compare->fail_if_slower < 0)
		return;
	if (compare->slower < 0)
		snprintf(text, sizeof(text),
				 "Passed: none is slower than %.80s by more than %.3g %%.",
				 compare->variants[0].name, compare->fail_if_slower);
	else
		snprintf(text, sizeof(text),
				 "Failed: %.80s is slower than %.80s by more than %.3g %%.",
				 compare->variants[compare->slower].name,
				 compare->variants[0].name, compare->fail_if_slower);
	report_put_wrapped(out, "  ", text, style);
}

void
report_compare_text(FILE *out, const Compare *compare,
					const ReportStyle *style)
{
	const char *const headers[] = {
		"variant", compare->same_tasks ? "wall" : "time per task",
		"tasks/s", "time",
		"95 %",	   "chance"};
	ReportTable *table = report_table_new(6, headers, "Lrrrll");

	for (int i = 0; i < compare->nvariants; i++)
		add_row(table, compare, i);
	report_table_print_as(out, table, style->columns, style->ascii);
	report_table_free(table);
	fprintf(out, "  %d round%s in turn, after one to warm up%s\n",
			compare->rounds_done, compare->rounds_done == 1 ? "" : "s",
			compare->interrupted ? "; interrupted" : "");
	if (compare->rounds_done > 0)
		for (int i = 1; i < compare->nvariants; i++)
			say_variant(out, compare, &compare->variants[i], style);
	say_gate(out, compare, style);
}

/* -------- for programs -------- */

static json_t *
json_sample(const Sample *sample)
{
	json_t *values = json_array();

	for (int i = 0; i < sample->count; i++)
		json_array_append_new(values, json_real(sample->values[i]));
	return json_pack("{s:f, s:f, s:o}", "mean", sample_mean(sample), "stddev",
					 sample_stddev(sample), "values", values);
}

static json_t *
json_variant(const Compare *compare, int i)
{
	const CompareVariant *variant = &compare->variants[i];
	json_t *json = json_pack("{s:s, s:I, s:o, s:o}", "name", variant->name,
							 "tasks", (json_int_t) variant->tasks, "wall",
							 json_sample(&variant->wall_s), "time_per_task",
							 json_sample(&variant->took_s));

	if (i == 0)
		return json;
	json_object_set_new(json, "ratio", json_real(variant->ratio));
	if (variant->has_interval)
		json_object_set_new(json, "interval",
							json_pack("[f, f]", variant->low, variant->high));
	json_object_set_new(json, "p", json_real(variant->p));
	json_object_set_new(json, "significant",
						json_boolean(variant->is_significant));
	return json;
}

void
report_compare_json(FILE *out, const Compare *compare)
{
	json_t *variants = json_array();
	json_t *json;

	for (int i = 0; i < compare->nvariants; i++)
		json_array_append_new(variants, json_variant(compare, i));
	json =
		json_pack("{s:s, s:i, s:s, s:i, s:b, s:o}", "schema",
				  "asyncdemo-compare", "version", COMPARE_VERSION, "plan",
				  compare->plan, "rounds", compare->rounds_done, "interrupted",
				  compare->interrupted, "variants", variants);
	if (compare->fail_if_slower >= 0)
	{
		json_object_set_new(json, "fail_if_slower",
							json_real(compare->fail_if_slower));
		json_object_set_new(json, "passed", json_boolean(compare->slower < 0));
	}
	json_dumpf(json, out,
			   JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	fputc('\n', out);
	json_decref(json);
}
