/*
 * report_compare_json.c
 *	  What a comparison says to programs: JSON with all of it, and a table.
 *
 * Times are seconds.
 */
#include "report_compare.h"

#include "report_csv.h"
#include "report_json.h"

#define CSV_VERSION 1

/* -------- JSON -------- */

static void
put_sample(JsonOut *json, const char *key, const Sample *sample)
{
	double low;
	double high;

	json_out_open(json, key, '{');
	json_out_real(json, "mean", sample_mean(sample));
	json_out_real(json, "stddev", sample_stddev(sample));
	if (sample_mean_interval(sample, &low, &high))
		json_out_interval(json, "interval", low, high);
	json_out_open(json, "values", '[');
	for (int i = 0; i < sample->count; i++)
		json_out_real(json, NULL, sample->values[i]);
	json_out_close(json, ']');
	json_out_close(json, '}');
}

static void
put_variant(JsonOut *json, const Compare *compare, int i)
{
	const CompareVariant *variant = &compare->variants[i];
	char verdict[80];

	json_out_open(json, NULL, '{');
	json_out_string(json, "name", variant->name);
	json_out_int(json, "tasks", variant->tasks);
	put_sample(json, "wall", &variant->wall_s);
	put_sample(json, "time_per_task", &variant->took_s);
	if (i > 0)
	{
		json_out_real(json, "ratio", variant->ratio);
		if (variant->has_interval)
			json_out_interval(json, "interval", variant->low, variant->high);
		json_out_real(json, "p", variant->p);
		json_out_bool(json, "significant", variant->is_significant);
		compare_say_ratio(compare, i, verdict, sizeof(verdict));
		json_out_string(json, "verdict", verdict);
	}
	json_out_close(json, '}');
}

void
report_compare_json_as(FILE *out, const Compare *compare, bool in_html)
{
	Findings findings = {0};
	JsonOut json;

	json_out_begin(&json, out, in_html);
	json_out_open(&json, NULL, '{');
	report_json_head(&json, COMPARE_SCHEMA, COMPARE_VERSION);
	json_out_string(&json, "plan", compare->plan);
	json_out_int(&json, "rounds", compare->rounds_done);
	json_out_bool(&json, "interrupted", compare->interrupted);
	json_out_bool(&json, "same_tasks", compare->same_tasks);
	if (compare->fail_if_slower >= 0)
	{
		json_out_real(&json, "fail_if_slower", compare->fail_if_slower);
		json_out_bool(&json, "passed", compare->slower < 0);
	}
	compare_findings(compare, &findings);
	findings_json(&json, &findings);
	findings_clear(&findings);
	json_out_open(&json, "variants", '[');
	for (int i = 0; i < compare->nvariants; i++)
		put_variant(&json, compare, i);
	json_out_close(&json, ']');
	json_out_close(&json, '}');
	json_out_end(&json);
}

void
report_compare_json(FILE *out, const void *compare)
{
	report_compare_json_as(out, compare, false);
	fputc('\n', out);
}

/* -------- a table -------- */

static void
put_variant_row(FILE *out, const Compare *compare, int i)
{
	const CompareVariant *variant = &compare->variants[i];

	fprintf(out, "%d,variant", CSV_VERSION);
	csv_text(out, variant->name);
	csv_empty(out, 1);
	csv_int(out, variant->tasks);
	csv_real(out, sample_mean(&variant->wall_s));
	csv_real(out, sample_stddev(&variant->wall_s));
	csv_real(out, sample_mean(&variant->took_s));
	csv_real(out, sample_stddev(&variant->took_s));
	if (i == 0)
		csv_empty(out, 5);
	else
	{
		csv_real(out, variant->ratio);
		if (variant->has_interval)
		{
			csv_real(out, variant->low);
			csv_real(out, variant->high);
		}
		else
			csv_empty(out, 2);
		csv_real(out, variant->p);
		csv_int(out, variant->is_significant);
	}
	fputs("\r\n", out);
}

static void
put_round_row(FILE *out, const CompareVariant *variant, int round)
{
	fprintf(out, "%d,round", CSV_VERSION);
	csv_text(out, variant->name);
	csv_int(out, round + 1);
	csv_empty(out, 1);
	csv_real(out, variant->wall_s.values[round]);
	csv_empty(out, 1);
	csv_real(out, variant->took_s.values[round]);
	csv_empty(out, 6);
	fputs("\r\n", out);
}

void
report_compare_csv(FILE *out, const void *what)
{
	const Compare *compare = what;

	fputs("version,scope,variant,round,tasks,wall,wall_stddev,time_per_task,"
		  "time_per_task_stddev,ratio,low,high,p,significant\r\n",
		  out);
	for (int i = 0; i < compare->nvariants; i++)
		put_variant_row(out, compare, i);
	for (int i = 0; i < compare->nvariants; i++)
		for (int round = 0; round < compare->rounds_done; round++)
			put_round_row(out, &compare->variants[i], round);
}
