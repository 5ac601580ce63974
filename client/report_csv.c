/*
 * report_csv.c
 *	  A table of numbers for spreadsheets and scripts: a row for the run, one
 *	  for each class of time, one for each step.
 *
 * RFC 4180, UTF-8, times in seconds.  A cell that has no meaning in its row is
 * empty.  The version grows when a column changes its meaning or its place;
 * new columns come last.
 */
#include "report_csv.h"
#include "report.h"

#include <string.h>

#include "activity.h"

#define CSV_VERSION 1

void
csv_text(FILE *out, const char *text)
{
	fputc(',', out);
	if (text[strcspn(text, ",\"\r\n")] == '\0')
	{
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void
csv_seconds(FILE *out, int64_t ns)
{
	char text[40];

	fprintf(out, ",%s", report_seconds(ns, text, sizeof(text)));
}

void
csv_int(FILE *out, int64_t number)
{
	fprintf(out, ",%lld", (long long) number);
}

/* Nine digits, no zeros behind them. */
void
csv_real(FILE *out, double number)
{
	char text[48];
	int len = snprintf(text, sizeof(text), ",%.9g", number);

	for (int i = 1; i < len; i++)
		if (strchr("0123456789+-e", text[i]) == NULL)
			text[i] = '.';
	fputs(text, out);
}

void
csv_empty(FILE *out, int cells)
{
	while (cells-- > 0)
		fputc(',', out);
}

void
csv_histogram(FILE *out, const Histogram *histogram)
{
	static const double fractions[] = {0.5, 0.9, 0.95, 0.99, 0.999, 1};

	if (histogram->count == 0)
	{
		csv_empty(out, 7);
		return;
	}
	csv_seconds(out, (int64_t) histogram_mean_ns(histogram));
	for (size_t i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++)
		csv_seconds(out, histogram_percentile(histogram, fractions[i]));
}

/* What the server told, or was seen to do; sums NULL: nothing. */
static void
put_server(FILE *out, const StepStats *stats, const ActivitySums *sums)
{
	if (stats != NULL && stats->told > 0)
	{
		csv_seconds(out, stats->phase_ns[PHASE_SERVER]);
		csv_seconds(out, stats->phase_ns[PHASE_REST]);
	}
	else
		csv_empty(out, 2);
	if (sums == NULL || sums->samples == 0)
	{
		csv_empty(out, 1 + ACTIVITY_KINDS);
		return;
	}
	csv_int(out, sums->samples);
	for (ActivityKind kind = 0; kind < ACTIVITY_KINDS; kind++)
		csv_seconds(out, activity_ns(sums, kind));
}

static void
put_run(FILE *out, const RunResult *result)
{
	const Spans *spans = result->spans;
	ActivitySums total = {0};

	fprintf(out, "%d,run,", CSV_VERSION);
	csv_text(out,
			 result->plan->nsources > 0 ? result->plan->sources[0].name : "");
	csv_empty(out, 1);
	csv_text(out, result->mode != NULL ? result->mode : "");
	csv_empty(out, 2);
	fprintf(out, ",%lld,%lld",
			(long long) (spans->done + spans->failed + spans->canceled),
			(long long) spans->failed);
	csv_seconds(out, result->wall_ns);
	csv_histogram(out, &spans->latency);
	csv_empty(out, 3);
	if (result->activity != NULL)
		activity_total(result->activity, &total);
	put_server(out, NULL, &total);
	fputs("\r\n", out);
}

static void
put_class(FILE *out, const RunResult *result, Class class)
{
	fprintf(out, "%d,class,,,", CSV_VERSION);
	csv_text(out, class_name(class));
	csv_empty(out, 4);
	csv_seconds(out, result->spans->class_ns[class]);
	csv_empty(out, 10);
	put_server(out, NULL, NULL);
	fputs("\r\n", out);
}

static void
put_step(FILE *out, const RunResult *result, const StepStats *stats)
{
	const PlanStep *step = stats->step;
	const Activity *activity = result->activity;
	bool is_seen = activity != NULL && step->index < activity->nsteps;

	fprintf(out, "%d,step,%d", CSV_VERSION, step->index);
	csv_text(out, result->plan->sources[step->place.file].name);
	fprintf(out, ",%d", step->place.line);
	csv_text(out, step->label);
	csv_text(out, step_kind_name(step->kind));
	csv_text(out, call_name(stats->call));
	fprintf(out, ",%lld,%lld", (long long) stats->count,
			(long long) stats->failed);
	csv_seconds(out, (int64_t) stats->own.sum_ns);
	csv_histogram(out, &stats->own);
	fprintf(out, ",%lld", (long long) stats->holds);
	csv_seconds(out, stats->held_ns);
	csv_seconds(out, stats->cost_ns);
	put_server(out, stats, is_seen ? &activity->steps[step->index] : NULL);
	fputs("\r\n", out);
}

void
report_csv(FILE *out, const RunResult *result)
{
	const Spans *spans = result->spans;

	fputs("version,scope,step,file,line,name,kind,call,count,failed,seconds,"
		  "mean,p50,p90,p95,p99,p99_9,max,holds,held,cost,server,rest,samples",
		  out);
	for (ActivityKind kind = 0; kind < ACTIVITY_KINDS; kind++)
		fprintf(out, ",%s", activity_name(kind));
	fputs("\r\n", out);
	put_run(out, result);
	for (Class class = 0; class < CLASSES; class ++)
		put_class(out, result, class);
	for (int i = 0; i < result->plan->nsteps; i++)
		if (spans->steps[i].step != NULL && spans->steps[i].count > 0)
			put_step(out, result, &spans->steps[i]);
}
