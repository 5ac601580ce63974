/*
 * report_sweep_json.c
 *	  What a sweep says to programs: JSON with all of it, and a table.
 *
 * Times are seconds, those of classes a task's on average.
 */
#include "report_sweep.h"

#include "report_csv.h"
#include "report_json.h"

#define CSV_VERSION 1

/* -------- JSON -------- */

static void
put_rates(JsonOut *json, const Sample *rate)
{
	json_out_real(json, "rate", sample_mean(rate));
	json_out_real(json, "rate_stddev", sample_stddev(rate));
	json_out_open(json, "rates", '[');
	for (int i = 0; i < rate->count; i++)
		json_out_real(json, NULL, rate->values[i]);
	json_out_close(json, ']');
}

static void
put_classes(JsonOut *json, const double *class_ns)
{
	json_out_open(json, "classes", '{');
	for (Class class = 0; class < CLASSES; class ++)
		json_out_seconds(json, class_name(class), (int64_t) class_ns[class]);
	json_out_close(json, '}');
}

static void
put_point(JsonOut *json, const Sweep *sweep, int i)
{
	const SweepPoint *point = &sweep->points[i];
	char reason[200];

	sweep_reason(sweep, i, reason, sizeof(reason));
	json_out_open(json, NULL, '{');
	json_out_int(json, "value", point->value);
	put_rates(json, &point->rate);
	report_json_histogram(json, "latency", &point->latency);
	if (sweep->slo.is_set)
		json_out_seconds(json, "slo", point->slo_ns);
	put_classes(json, point->class_ns);
	json_out_real(json, "in_flight", point->in_flight);
	json_out_real(json, "cpu", point->cpu);
	json_out_int(json, "loops", point->loops);
	json_out_real(json, "trend", point->trend);
	json_out_int(json, "tasks", point->tasks);
	json_out_int(json, "failed", point->failed);
	json_out_bool(json, "steady", point->is_steady);
	json_out_bool(json, "client_bound", point->is_client_bound);
	json_out_bool(json, "holds_slo", point->holds_slo);
	json_out_string(json, "mark", sweep_mark(sweep, i));
	json_out_string(json, "reason", reason);
	json_out_close(json, '}');
}

static void
put_value_at(JsonOut *json, const char *key, const Sweep *sweep, int i)
{
	if (i >= 0)
		json_out_int(json, key, sweep->points[i].value);
	else
		json_out_string(json, key, NULL);
}

static void
put_fit(JsonOut *json, const Sweep *sweep)
{
	const Usl *fit = &sweep->fit;

	if (!sweep->has_fit)
	{
		json_out_string(json, "fit", NULL);
		return;
	}
	json_out_open(json, "fit", '{');
	json_out_real(json, "lambda", fit->lambda);
	json_out_real(json, "sigma", fit->sigma);
	json_out_real(json, "kappa", fit->kappa);
	json_out_real(json, "r_squared", fit->r_squared);
	json_out_real(json, "peak_n", fit->peak_n);
	json_out_real(json, "peak_rate", fit->peak_x);
	json_out_string(json, "trust", sweep_trust(sweep));
	json_out_close(json, '}');
}

static void
put_slo(JsonOut *json, const SweepSlo *slo)
{
	if (!slo->is_set)
		return;
	json_out_open(json, "slo", '{');
	json_out_string(json, "of", slo->name);
	json_out_seconds(json, "limit", slo->limit_ns);
	json_out_close(json, '}');
}

static void
put_settings(JsonOut *json, const Sweep *sweep)
{
	report_json_head(json, SWEEP_SCHEMA, SWEEP_VERSION);
	json_out_string(json, "plan", sweep->plan);
	json_out_string(json, "over", sweep_over_name(sweep->over));
	json_out_int(json, "from", sweep->from);
	json_out_int(json, "to", sweep->to);
	json_out_int(json, "rounds", sweep->rounds);
	json_out_real(json, "point_time", sweep->point_s);
	put_slo(json, &sweep->slo);
	json_out_bool(json, "interrupted", sweep->interrupted);
}

static void
put_judgement(JsonOut *json, const Sweep *sweep)
{
	double share;
	Class most = sweep_bottleneck(sweep, &share);
	Findings findings = {0};

	put_value_at(json, "best", sweep, sweep->best);
	put_value_at(json, "knee", sweep, sweep->knee);
	put_value_at(json, "peak", sweep, sweep->peak);
	json_out_string(json, "bottleneck",
					most < CLASSES ? class_name(most) : NULL);
	put_fit(json, sweep);
	sweep_findings(sweep, &findings);
	findings_json(json, &findings);
	findings_clear(&findings);
}

void
report_sweep_json_as(FILE *out, const Sweep *sweep, bool in_html)
{
	JsonOut json;

	json_out_begin(&json, out, in_html);
	json_out_open(&json, NULL, '{');
	put_settings(&json, sweep);
	put_judgement(&json, sweep);
	json_out_open(&json, "points", '[');
	for (int i = 0; i < sweep->npoints; i++)
		put_point(&json, sweep, i);
	json_out_close(&json, ']');
	json_out_close(&json, '}');
	json_out_end(&json);
}

void
report_sweep_json(FILE *out, const void *sweep)
{
	report_sweep_json_as(out, sweep, false);
	fputc('\n', out);
}

/* -------- a table -------- */

static void
put_row(FILE *out, const Sweep *sweep, int i)
{
	const SweepPoint *point = &sweep->points[i];

	fprintf(out, "%d", CSV_VERSION);
	csv_text(out, sweep_over_name(sweep->over));
	csv_int(out, point->value);
	csv_text(out, sweep_mark(sweep, i));
	csv_int(out, point->rate.count);
	csv_int(out, point->tasks);
	csv_int(out, point->failed);
	csv_real(out, sample_mean(&point->rate));
	csv_real(out, sample_stddev(&point->rate));
	csv_histogram(out, &point->latency);
	csv_real(out, point->in_flight);
	csv_real(out, point->cpu);
	csv_int(out, point->is_steady);
	csv_int(out, point->is_client_bound);
	csv_int(out, point->holds_slo);
	for (Class class = 0; class < CLASSES; class ++)
		csv_seconds(out, (int64_t) point->class_ns[class]);
	fputs("\r\n", out);
}

void
report_sweep_csv(FILE *out, const void *what)
{
	const Sweep *sweep = what;

	fputs("version,over,value,mark,rounds,tasks,failed,rate,rate_stddev,"
		  "mean,p50,p90,p95,p99,p99_9,max,in_flight,cpu,steady,client_bound,"
		  "holds_slo",
		  out);
	for (Class class = 0; class < CLASSES; class ++)
		csv_text(out, class_name(class));
	fputs("\r\n", out);
	for (int i = 0; i < sweep->npoints; i++)
		put_row(out, sweep, i);
}
