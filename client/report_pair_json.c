/*
 * report_pair_json.c
 *	  What two saved runs beside each other say to programs.
 *
 * Times are seconds, those of classes a task's on average.
 */
#include "report_pair.h"

#include "report_csv.h"
#include "report_json.h"

#define CSV_VERSION 1

/* -------- JSON -------- */

static void
put_run(JsonOut *json, const ReportPair *pair, int i)
{
	const RunResult *result = pair->results[i];
	const Histogram *latency = &result->spans->latency;

	json_out_open(json, NULL, '{');
	json_out_string(json, "file", pair->names[i]);
	json_out_string(json, "run_id", result->run_id);
	json_out_string(json, "plan",
					result->plan->nsources > 0 ? result->plan->sources[0].name
											   : "");
	json_out_string(json, "mode", result->mode);
	json_out_int(json, "concurrency", result->concurrency);
	json_out_int(json, "connections", result->connections);
	json_out_int(json, "tasks", pair_tasks(result));
	json_out_int(json, "failed", result->spans->failed);
	json_out_real(json, "rate", pair_rate(result));
	json_out_seconds(json, "wall", result->wall_ns);
	json_out_seconds(json, "client_cpu", result->client_cpu_ns);
	json_out_seconds(json, "mean", (int64_t) histogram_mean_ns(latency));
	json_out_seconds(json, "p50", histogram_percentile(latency, 0.5));
	json_out_seconds(json, "p99", histogram_percentile(latency, 0.99));
	report_json_histogram(json, "latency", latency);
	json_out_open(json, "classes", '{');
	for (Class class = 0; class < CLASSES; class ++)
		json_out_seconds(json, class_name(class),
						 (int64_t) pair_class_ns(result, class));
	json_out_close(json, '}');
	json_out_close(json, '}');
}

static void
put_ratio(JsonOut *json, const ReportPair *pair)
{
	const Histogram *a = &pair->results[0]->spans->latency;
	const Histogram *b = &pair->results[1]->spans->latency;
	double low;
	double high;

	if (!pair_ratio_interval(a, b, &low, &high))
		return;
	json_out_real(json, "ratio", histogram_mean_ns(b) / histogram_mean_ns(a));
	json_out_interval(json, "interval", low, high);
	json_out_bool(json, "significant", low > 1 || high < 1);
}

void
report_pair_json_as(FILE *out, const ReportPair *pair, bool in_html)
{
	Findings findings = {0};
	JsonOut json;

	json_out_begin(&json, out, in_html);
	json_out_open(&json, NULL, '{');
	report_json_head(&json, PAIR_SCHEMA, PAIR_VERSION);
	json_out_open(&json, "runs", '[');
	put_run(&json, pair, 0);
	put_run(&json, pair, 1);
	json_out_close(&json, ']');
	put_ratio(&json, pair);
	pair_findings(pair, &findings);
	findings_json(&json, &findings);
	findings_clear(&findings);
	json_out_close(&json, '}');
	json_out_end(&json);
}

void
report_pair_json(FILE *out, const void *pair)
{
	report_pair_json_as(out, pair, false);
	fputc('\n', out);
}

/* -------- a table -------- */

static void
put_row(FILE *out, const ReportPair *pair, int i)
{
	const RunResult *result = pair->results[i];

	fprintf(out, "%d", CSV_VERSION);
	csv_text(out, pair->names[i]);
	csv_int(out, pair_tasks(result));
	csv_int(out, result->spans->failed);
	csv_real(out, pair_rate(result));
	csv_seconds(out, result->wall_ns);
	csv_seconds(out, result->client_cpu_ns);
	csv_histogram(out, &result->spans->latency);
	for (Class class = 0; class < CLASSES; class ++)
		csv_seconds(out, (int64_t) pair_class_ns(result, class));
	fputs("\r\n", out);
}

void
report_pair_csv(FILE *out, const void *pair)
{
	fputs("version,file,tasks,failed,rate,wall,client_cpu,mean,p50,p90,p95,"
		  "p99,p99_9,max",
		  out);
	for (Class class = 0; class < CLASSES; class ++)
		csv_text(out, class_name(class));
	fputs("\r\n", out);
	put_row(out, pair, 0);
	put_row(out, pair, 1);
}
