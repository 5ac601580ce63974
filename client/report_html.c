/*
 * report_html.c
 *	  The pages: of a run, a sweep, a comparison, two saved runs.
 */
#include "report_compare.h"
#include "report_json.h"
#include "report_page.h"
#include "report_pair.h"
#include "report_sweep.h"
#include "report_verdict.h"

/* Of the data.  With the scripts, a page stays well below 5 MB. */
#define DATA_BYTES ((size_t) 4 << 20)

static void
put_findings(FILE *out, const Findings *findings)
{
	for (int i = 0; i < findings->count; i++)
	{
		report_page_text(out, findings->list[i].head);
		fputs(findings->list[i].head[0] != '\0' ? ": " : "", out);
		report_page_text(out, findings->list[i].text);
		fputc(' ', out);
	}
}

/* -------- a run -------- */

static void
run_summary(FILE *out, const void *what)
{
	const RunResult *result = what;
	Verdict verdict;
	char time[32];

	report_verdict(result, &verdict);
	fprintf(out, "wall %s, %s. ",
			report_duration(result->wall_ns, time, sizeof(time)),
			verdict.word);
	report_page_text(out, verdict.why);
	fputc(' ', out);
	report_page_text(out, verdict.fix);
}

static void
run_data(FILE *out, const void *what)
{
	report_json_limited(out, what, true, DATA_BYTES);
}

void
report_html(FILE *out, const RunResult *result)
{
	static const char *const scripts[] = {"summary.js", "timeline.js",
										  "tables.js",	"percentiles.js",
										  "plan.js",	NULL};
	const ReportPage page = {.title = result->plan->nsources > 0
										  ? result->plan->sources[0].name
										  : "",
							 .scripts = scripts,
							 .summary = run_summary,
							 .data = run_data};

	report_page(out, &page, result);
}

/* -------- a sweep -------- */

static void
sweep_summary(FILE *out, const void *what)
{
	Findings findings = {0};

	sweep_findings(what, &findings);
	put_findings(out, &findings);
	findings_clear(&findings);
}

static void
sweep_data(FILE *out, const void *what)
{
	report_sweep_json_as(out, what, true);
}

void
report_sweep_html(FILE *out, const void *what)
{
	static const char *const scripts[] = {"chart.js", "sweep.js", NULL};
	const Sweep *sweep = what;
	const ReportPage page = {.title = sweep->plan,
							 .scripts = scripts,
							 .summary = sweep_summary,
							 .data = sweep_data};

	report_page(out, &page, sweep);
}

/* -------- a comparison -------- */

static void
comparison_summary(FILE *out, const void *what)
{
	Findings findings = {0};

	compare_findings(what, &findings);
	put_findings(out, &findings);
	findings_clear(&findings);
}

static void
comparison_data(FILE *out, const void *what)
{
	report_compare_json_as(out, what, true);
}

void
report_compare_html(FILE *out, const void *what)
{
	static const char *const scripts[] = {"chart.js", "compare.js", NULL};
	const Compare *compare = what;
	const ReportPage page = {.title = compare->plan,
							 .scripts = scripts,
							 .summary = comparison_summary,
							 .data = comparison_data};

	report_page(out, &page, compare);
}

/* -------- two saved runs -------- */

static void
pair_summary(FILE *out, const void *what)
{
	Findings findings = {0};

	pair_findings(what, &findings);
	put_findings(out, &findings);
	findings_clear(&findings);
}

static void
pair_data(FILE *out, const void *what)
{
	report_pair_json_as(out, what, true);
}

void
report_pair_html(FILE *out, const void *what)
{
	static const char *const scripts[] = {"chart.js", "pair.js", NULL};
	const ReportPair *pair = what;
	char title[600];
	const ReportPage page = {.title = title,
							 .scripts = scripts,
							 .summary = pair_summary,
							 .data = pair_data};

	snprintf(title, sizeof(title), "%.250s, %.250s", pair->names[0],
			 pair->names[1]);
	report_page(out, &page, pair);
}
