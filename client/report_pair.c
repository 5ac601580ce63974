/*
 * report_pair.c
 *	  What two saved runs beside each other say to people on a terminal.
 *
 * One run each: what is said of chance is about the tasks within them, not
 * about how runs differ from one to the next; --compare tells that.
 */
#include "report_pair.h"

#include <math.h>

#include "report_put.h"
#include "report_table.h"

#define WORTH 0.01 /* of a task's time: a change of a class worth a row */

typedef char Cell[48];

int64_t
pair_tasks(const RunResult *result)
{
	const Spans *spans = result->spans;

	return spans->done + spans->failed + spans->canceled;
}

double
pair_rate(const RunResult *result)
{
	return result->wall_ns > 0
			   ? (double) pair_tasks(result) * 1e9 / (double) result->wall_ns
			   : 0;
}

/* Of a class, on average, for one task. */
double
pair_class_ns(const RunResult *result, Class class)
{
	int64_t tasks = pair_tasks(result);

	return tasks > 0 ? (double) result->spans->class_ns[class] / (double) tasks
					 : 0;
}

/*
 * The 95 % interval of the ratio of two means, by the delta method; false for
 * fewer than two values in either.
 */
bool
pair_ratio_interval(const Histogram *a, const Histogram *b, double *low,
					double *high)
{
	double mean_a = histogram_mean_ns(a);
	double mean_b = histogram_mean_ns(b);
	double rel_a;
	double rel_b;
	double off;

	if (a->count < 2 || b->count < 2 || mean_a <= 0 || mean_b <= 0)
		return false;
	rel_a = histogram_stddev_ns(a) / mean_a;
	rel_b = histogram_stddev_ns(b) / mean_b;
	off = 1.96 * sqrt(rel_a * rel_a / (double) a->count +
					  rel_b * rel_b / (double) b->count);
	*low = mean_b / mean_a * exp(-off);
	*high = mean_b / mean_a * exp(off);
	return true;
}

/* -------- for people -------- */

static void
add_row(ReportTable *table, const char *name, const char *first,
		const char *second, double a, double b)
{
	Cell ratio = "";

	if (a > 0 && b > 0)
		snprintf(ratio, sizeof(ratio), "%.3g\u00d7", b / a);
	report_table_add(table, name, first, second, ratio);
}

static void
add_number(ReportTable *table, const char *name, double a, double b)
{
	Cell first;
	Cell second;

	snprintf(first, sizeof(first), a >= 1000 ? "%.0f" : "%.3g", a);
	snprintf(second, sizeof(second), b >= 1000 ? "%.0f" : "%.3g", b);
	add_row(table, name, first, second, a, b);
}

static void
add_time(ReportTable *table, const char *name, double a_ns, double b_ns)
{
	Cell first;
	Cell second;

	report_duration((int64_t) a_ns, first, sizeof(first));
	report_duration((int64_t) b_ns, second, sizeof(second));
	add_row(table, name, first, second, a_ns, b_ns);
}

static void
add_percentile(ReportTable *table, const char *name, const Histogram *a,
			   const Histogram *b, double fraction)
{
	add_time(table, name, (double) histogram_percentile(a, fraction),
			 (double) histogram_percentile(b, fraction));
}

static void
add_classes(ReportTable *table, const ReportPair *pair)
{
	double mean_ns = histogram_mean_ns(&pair->results[0]->spans->latency);

	for (Class class = 0; class < CLASSES; class ++)
	{
		double a = pair_class_ns(pair->results[0], class);
		double b = pair_class_ns(pair->results[1], class);
		Cell name;

		if (a < WORTH * mean_ns && b < WORTH * mean_ns)
			continue;
		snprintf(name, sizeof(name), "  of it %s", class_name(class));
		add_time(table, name, a, b);
	}
}

/* The class that changed most, and by how much a task; CLASSES: none. */
static Class
changed_most(const ReportPair *pair, double *by_ns)
{
	Class most = CLASSES;

	*by_ns = 0;
	for (Class class = 0; class < CLASSES; class ++)
	{
		double by = pair_class_ns(pair->results[1], class) -
					pair_class_ns(pair->results[0], class);

		if (fabs(by) > fabs(*by_ns))
		{
			*by_ns = by;
			most = class;
		}
	}
	return most;
}

static void
say_change(Findings *findings, const ReportPair *pair)
{
	const Histogram *a = &pair->results[0]->spans->latency;
	const Histogram *b = &pair->results[1]->spans->latency;
	double low;
	double high;
	double by_ns;
	Class most = changed_most(pair, &by_ns);
	Cell by;

	if (!pair_ratio_interval(a, b, &low, &high))
	{
		findings_say(findings, "", "Too few tasks to compare their times.");
		return;
	}
	report_duration((int64_t) fabs(by_ns), by, sizeof(by));
	if (low <= 1 && high >= 1)
		findings_say(findings, "",
					 "Times of tasks: not significant (%.3g to %.3g times).",
					 low, high);
	else
		findings_say(findings, "",
					 "A task takes %.3g times as long (%.3g to %.3g); most of "
					 "the change is %s, %s%s a task.",
					 histogram_mean_ns(b) / histogram_mean_ns(a), low, high,
					 most < CLASSES ? class_name(most) : "spread",
					 by_ns < 0 ? "\u2212" : "+", by);
}

void
pair_findings(const ReportPair *pair, Findings *findings)
{
	const RunResult *a = pair->results[0];
	const RunResult *b = pair->results[1];

	say_change(findings, pair);
	if (a->plan->nsteps != b->plan->nsteps)
		findings_say(findings, "Note",
					 "the two runs are not of the same plan.");
	if (a->spans->failed + b->spans->failed > 0)
		findings_say(findings, "Note",
					 "tasks failed, and their times are in this.");
	findings_say(findings, "Note",
				 "one run each: how much runs differ from one to the next is "
				 "not in it; --compare tells.");
}

static void
pair_text(FILE *out, const void *what, const ReportStyle *style)
{
	const ReportPair *pair = what;
	const char *const headers[] = {"", pair->names[0], pair->names[1], ""};
	const RunResult *a = pair->results[0];
	const RunResult *b = pair->results[1];
	ReportTable *table = report_table_new(4, headers, "LRRr");
	Findings findings = {0};

	add_number(table, "tasks", (double) pair_tasks(a), (double) pair_tasks(b));
	add_number(table, "tasks/s", pair_rate(a), pair_rate(b));
	add_time(table, "wall", (double) a->wall_ns, (double) b->wall_ns);
	add_time(table, "client cpu", (double) a->client_cpu_ns,
			 (double) b->client_cpu_ns);
	add_time(table, "task, mean", histogram_mean_ns(&a->spans->latency),
			 histogram_mean_ns(&b->spans->latency));
	add_classes(table, pair);
	add_percentile(table, "task, p50", &a->spans->latency, &b->spans->latency,
				   0.5);
	add_percentile(table, "task, p99", &a->spans->latency, &b->spans->latency,
				   0.99);
	report_table_print_as(out, table, style->columns, style->ascii);
	report_table_free(table);
	pair_findings(pair, &findings);
	findings_put(out, &findings, style);
	findings_clear(&findings);
}

const ReportForms report_pair_forms = {
	.about = "a pair of saved runs",
	.text = pair_text,
	.json = report_pair_json,
	.csv = report_pair_csv,
	.files = {[FILE_SVG] = report_pair_svg, [FILE_HTML] = report_pair_html},
};
