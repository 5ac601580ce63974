/*
 * report_sweep.c
 *	  What a sweep says: for people, and for programs.
 */
#include "sweep.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>

#include "report_put.h"
#include "report_table.h"

#define SWEEP_VERSION 1
#define LITTLE_OFF 0.1 /* Little's law does not hold: worth a sentence */
#define FIT_GOOD 0.95  /* R squared */
#define FIT_POINTS 6
#define IDLE 0.7 /* of its cores: the client itself is not the limit */
#define BAR_COLUMNS 16

typedef char Cell[48];

static const SweepPoint *
point_at(const Sweep *sweep, int i)
{
	return i >= 0 ? &sweep->points[i] : NULL;
}

static double
rate_of(const SweepPoint *point)
{
	return sample_mean(&point->rate);
}

/* -------- for people -------- */

static const char *
marks_of(const Sweep *sweep, int i)
{
	const SweepPoint *point = &sweep->points[i];

	if (point->is_client_bound)
		return "client-bound";
	if (i == sweep->best)
		return i == sweep->knee ? "best, knee" : "best";
	if (i == sweep->knee)
		return "knee";
	if (i == sweep->peak)
		return "peak";
	if (!point->holds_slo)
		return "misses SLO";
	return point->is_steady ? "" : "unsteady";
}

static void
put_number(Cell cell, double number)
{
	snprintf(cell, sizeof(Cell), number >= 1000 ? "%.0f" : "%.3g", number);
}

static void
add_row(ReportTable *table, const Sweep *sweep, int i, double peak,
		const ReportStyle *style)
{
	const SweepPoint *point = &sweep->points[i];
	Cell value;
	Cell rate;
	Cell spread;
	Cell p50;
	Cell p99;
	Cell cpu;
	char bar[BAR_COLUMNS * 3 + 1] = "";
	int columns = style->columns < 100 ? BAR_COLUMNS / 2 : BAR_COLUMNS;
	int full = peak > 0 ? (int) lround(columns * rate_of(point) / peak) : 0;

	for (int j = 0, at = 0; j < full && j < columns; j++)
		at += snprintf(bar + at, sizeof(bar) - (size_t) at, "%s",
					   style->ascii ? "#" : "\u2588");
	snprintf(value, sizeof(value), "%d", point->value);
	put_number(rate, rate_of(point));
	snprintf(spread, sizeof(spread), "\u00b1%.0f %%",
			 rate_of(point) > 0
				 ? 100 * sample_stddev(&point->rate) / rate_of(point)
				 : 0);
	report_duration(histogram_percentile(&point->latency, 0.5), p50,
					sizeof(p50));
	report_duration(histogram_percentile(&point->latency, 0.99), p99,
					sizeof(p99));
	snprintf(cpu, sizeof(cpu), "%.0f %%", 100 * point->cpu);
	report_table_add(table, value, rate, spread, p50, p99, cpu, bar,
					 marks_of(sweep, i));
}

static void
put_table(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	const char *const headers[] = {sweep_over_name(sweep->over),
								   "tasks/s",
								   "",
								   "p50",
								   "p99",
								   "cpu",
								   "",
								   ""};
	ReportTable *table = report_table_new(8, headers, "rrrrrrlL");
	double peak = 0;

	for (int i = 0; i < sweep->npoints; i++)
		if (rate_of(&sweep->points[i]) > peak)
			peak = rate_of(&sweep->points[i]);
	for (int i = 0; i < sweep->npoints; i++)
		add_row(table, sweep, i, peak, style);
	report_table_print_as(out, table, style->columns, style->ascii);
	report_table_free(table);
}

static void say(FILE *out, const ReportStyle *style, const char *prefix,
				const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
say(FILE *out, const ReportStyle *style, const char *prefix, const char *fmt,
	...)
{
	char text[600];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report_put_wrapped(out, prefix, text, style);
}

static void
say_best(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	const SweepPoint *best = point_at(sweep, sweep->best);
	const SweepPoint *knee = point_at(sweep, sweep->knee);
	Cell limit;

	report_duration(sweep->slo.limit_ns, limit, sizeof(limit));
	if (best == NULL && sweep->slo.is_set && knee != NULL)
		say(out, style, "  Best: ", "no setting holds %s \u2264 %s.",
			sweep->slo.name, limit);
	else if (best == NULL)
		say(out, style, "  Best: ",
			"cannot be told: the client was the limit at every point; give it "
			"more loops (-j).");
	else if (sweep->slo.is_set)
		say(out, style,
			"  Best: ", "%s %d: the most tasks (%.0f/s) with %s \u2264 %s.",
			sweep_over_name(sweep->over), best->value, rate_of(best),
			sweep->slo.name, limit);
	else
		say(out, style,
			"  Best: ", "%s %d reaches %.0f tasks/s, %.0f %% of the peak.",
			sweep_over_name(sweep->over), best->value, rate_of(best),
			100 * rate_of(best) / rate_of(point_at(sweep, sweep->peak)));
	if (knee != NULL && sweep->over != OVER_RATE)
		say(out, style,
			"  Knee: ", "%d: behind it more in flight mostly waits.",
			knee->value);
	if (sweep->peak >= 0 && sweep->peak == sweep->npoints - 1)
		say(out, style,
			"  Note: ", "throughput still grew at %d; try a larger --to.",
			sweep->points[sweep->peak].value);
}

static void
say_bottleneck(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	static const char *const words[CLASSES] = {
		[CLASS_QUEUED] = "the client: tasks wait for their turn in it",
		[CLASS_LOOP] = "blocking steps: they hold the loop",
		[CLASS_POOL] = "the pool: tasks wait for a connection",
		[CLASS_THREAD] = "the threads: tasks wait for a worker",
		[CLASS_CONNECT] = "opening connections",
		[CLASS_SERVER] = "PostgreSQL: statements take longer",
		[CLASS_HTTP] = "the web server: requests take longer",
		[CLASS_SLEEP] = "the sleeps of the plan",
		[CLASS_BACKOFF] = "attempts that have to be made again",
		[CLASS_CLIENT] = "the client: answers wait for it"};
	double share;
	Class most = sweep_bottleneck(sweep, &share);
	const char *what;
	const SweepPoint *low;
	const SweepPoint *high;
	Cell before;
	Cell after;

	if (most == CLASSES || words[most] == NULL)
		return;
	low = &sweep->points[0];
	high = &sweep->points[sweep->npoints - 1];
	if (high->class_ns[most] < 1.2 * low->class_ns[most])
		return;
	what = words[most];
	if ((most == CLASS_QUEUED || most == CLASS_CLIENT) &&
		high->cpu < IDLE * high->loops)
		what = "the machine: the client waits for one of its cores";
	report_duration((int64_t) low->class_ns[most], before, sizeof(before));
	report_duration((int64_t) high->class_ns[most], after, sizeof(after));
	say(out, style, "  Limit: ",
		"%s, %s a task at %d and %s at %d, %.0f %% of what tasks take longer.",
		what, before, low->value, after, high->value, 100 * share);
}

/* What is in flight is what is asked for, if the client keeps up. */
static void
say_little(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	const SweepPoint *worst = NULL;
	double most = 0;

	if (sweep->over != OVER_CONCURRENCY)
		return;
	for (int i = 0; i < sweep->npoints; i++)
	{
		const SweepPoint *point = &sweep->points[i];
		double off = fabs(point->in_flight / point->value - 1);

		if (off > most)
		{
			most = off;
			worst = point;
		}
	}
	if (worst == NULL || most <= LITTLE_OFF)
		say(out, style, "  Little: ",
			"tasks/s \u00d7 time of a task is what was in flight, within "
			"%.1f %%.",
			100 * most);
	else
		say(out, style, "  Little: ",
			"at %d only %.1f were in flight (tasks/s \u00d7 time of a task): "
			"the client did not keep up, or tasks were too few.",
			worst->value, worst->in_flight);
}

static void
say_fit(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	const Usl *fit = &sweep->fit;
	int highest = sweep->points[sweep->npoints - 1].value;
	bool is_inside = fit->peak_n > 0 && fit->peak_n <= highest;
	char peak[96] = "no peak";

	if (!sweep->has_fit)
		return;
	if (fit->peak_n > 0)
		snprintf(peak, sizeof(peak), "peak %.0f/s at %.0f", fit->peak_x,
				 fit->peak_n);
	say(out, style, "  Law: ",
		"contention %.2g, coherency %.2g, %s (R\u00b2 %.3f over %d points): "
		"%s.",
		fit->sigma, fit->kappa, peak, fit->r_squared, sweep->npoints,
		fit->r_squared < FIT_GOOD ? "the law does not describe this work; do "
									"not extrapolate"
		: sweep->npoints < FIT_POINTS ? "too few points to rely on"
		: fit->peak_n > 0 && !is_inside
			? "the peak lies outside what was measured, and is a guess"
			: "good within what was measured");
}

static int
count_points(const Sweep *sweep, bool client_bound)
{
	int count = 0;

	for (int i = 0; i < sweep->npoints; i++)
		count += client_bound ? sweep->points[i].is_client_bound
							  : !sweep->points[i].is_steady;
	return count;
}

static void
say_doubts(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	int unsteady = count_points(sweep, false);
	int bound = count_points(sweep, true);
	int64_t failed = 0;

	for (int i = 0; i < sweep->npoints; i++)
		failed += sweep->points[i].failed;
	if (unsteady > 0)
		say(out, style, "  Note: ",
			"%d point%s not steady: throughput changed within a run or from "
			"round to round; a longer --point-time tells more.",
			unsteady, unsteady == 1 ? " was" : "s were");
	if (bound > 0)
		say(out, style, "  Note: ",
			"at %d point%s the client used its core%s to the full; more loops "
			"(-j) would show what the work can do.",
			bound, bound == 1 ? "" : "s",
			sweep->points[0].loops > 1 ? "s" : "");
	if (failed > 0)
		say(out, style, "  Note: ", "%lld tasks failed, and are not counted.",
			(long long) failed);
	if (sweep->interrupted)
		say(out, style, "  Note: ", "interrupted: points are missing.");
}

void
report_sweep_text(FILE *out, const Sweep *sweep, const ReportStyle *style)
{
	put_table(out, sweep, style);
	say_best(out, sweep, style);
	say_bottleneck(out, sweep, style);
	say_little(out, sweep, style);
	say_fit(out, sweep, style);
	say_doubts(out, sweep, style);
}

/* -------- for programs -------- */

static json_t *
json_classes(const SweepPoint *point)
{
	json_t *json = json_object();

	for (Class class = 0; class < CLASSES; class ++)
		json_object_set_new(json, class_name(class),
							json_real(point->class_ns[class] / 1e9));
	return json;
}

static json_t *
json_latency(const Histogram *latency)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "mean",
					 histogram_mean_ns(latency) / 1e9, "p50",
					 (double) histogram_percentile(latency, 0.5) / 1e9, "p90",
					 (double) histogram_percentile(latency, 0.9) / 1e9, "p95",
					 (double) histogram_percentile(latency, 0.95) / 1e9, "p99",
					 (double) histogram_percentile(latency, 0.99) / 1e9, "max",
					 (double) histogram_percentile(latency, 1) / 1e9);
}

static json_t *
json_point(const SweepPoint *point)
{
	return json_pack(
		"{s:i, s:f, s:f, s:o, s:o, s:f, s:f, s:I, s:I, s:b, s:b, s:b}",
		"value", point->value, "rate", rate_of(point), "rate_stddev",
		sample_stddev(&point->rate), "latency", json_latency(&point->latency),
		"classes", json_classes(point), "in_flight", point->in_flight, "cpu",
		point->cpu, "tasks", (json_int_t) point->tasks, "failed",
		(json_int_t) point->failed, "steady", point->is_steady, "client_bound",
		point->is_client_bound, "holds_slo", point->holds_slo);
}

static json_t *
json_value_at(const Sweep *sweep, int i)
{
	return i >= 0 ? json_integer(sweep->points[i].value) : json_null();
}

static json_t *
json_fit(const Sweep *sweep)
{
	const Usl *fit = &sweep->fit;

	if (!sweep->has_fit)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "lambda", fit->lambda,
					 "sigma", fit->sigma, "kappa", fit->kappa, "r_squared",
					 fit->r_squared, "peak_n", fit->peak_n, "peak_rate",
					 fit->peak_x);
}

void
report_sweep_json(FILE *out, const Sweep *sweep)
{
	json_t *points = json_array();
	double share;
	Class most = sweep_bottleneck(sweep, &share);
	json_t *json;

	for (int i = 0; i < sweep->npoints; i++)
		json_array_append_new(points, json_point(&sweep->points[i]));
	json = json_pack(
		"{s:s, s:i, s:s, s:s, s:i, s:f, s:b, s:o, s:o, s:o, s:o, s:o}",
		"schema", "asyncdemo-sweep", "version", SWEEP_VERSION, "plan",
		sweep->plan, "over", sweep_over_name(sweep->over), "rounds",
		sweep->rounds, "point_time", sweep->point_s, "interrupted",
		sweep->interrupted, "best", json_value_at(sweep, sweep->best), "knee",
		json_value_at(sweep, sweep->knee), "peak",
		json_value_at(sweep, sweep->peak), "fit", json_fit(sweep), "points",
		points);
	json_object_set_new(json, "bottleneck",
						most < CLASSES ? json_string(class_name(most))
									   : json_null());
	if (sweep->slo.is_set)
		json_object_set_new(json, "slo",
							json_pack("{s:s, s:f}", "of", sweep->slo.name,
									  "limit",
									  (double) sweep->slo.limit_ns / 1e9));
	json_dumpf(json, out,
			   JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	fputc('\n', out);
	json_decref(json);
}
