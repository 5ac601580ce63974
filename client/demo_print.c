/*
 * demo_print.c
 *	  The table of outcomes, and what is to be said about each.
 */
#include <unistd.h>

#include "demo_private.h"
#include "report_put.h"
#include "report_table.h"

#define FILE_COLUMNS 100 /* of a table that no terminal shows */

int
demo_count(const Demo *demo, Status status)
{
	int n = 0;

	for (int i = 0; i < demo->noutcomes; i++)
		n += demo->outcomes[i].status == status;
	return n;
}

static void
add_row(ReportTable *table, const Outcome *outcome)
{
	static const char *const words[] = {"ok", "FAILED", "skipped", "-"};
	char expected[32] = "";
	char predicted[32] = "";
	char measured[32] = "";
	char added[32] = "";

	if (outcome->has_run)
	{
		report_duration(outcome->expected_ns, expected, sizeof(expected));
		report_duration(outcome->measured_ns, measured, sizeof(measured));
		snprintf(added, sizeof(added), "%+.1f ms",
				 (double) (outcome->measured_ns - outcome->expected_ns) /
					 (double) NS_PER_MS);
	}
	if (outcome->predicted_ns >= 0)
		report_duration(outcome->predicted_ns, predicted, sizeof(predicted));
	report_table_add(table, outcome->experiment->id,
					 outcome->experiment->title, expected, predicted, measured,
					 added, outcome->overlap, words[outcome->status]);
}

static void
print_table(const Demo *demo, int columns)
{
	static const char *const headers[] = {
		"#",		"experiment", "expected", "predicted",
		"measured", "added",	  "overlap",  "verdict"};
	ReportTable *table = report_table_new(8, headers, "rLrrrrll");

	for (int i = 0; i < demo->noutcomes; i++)
		add_row(table, &demo->outcomes[i]);
	putchar('\n');
	report_table_print(stdout, table, columns);
	report_table_free(table);
}

static void
print_causes(const Demo *demo, const ReportStyle *style)
{
	static const char *const words[] = {"", "FAILED: ", "skipped: ", ""};
	char prefix[32];

	putchar('\n');
	for (int i = 0; i < demo->noutcomes; i++)
	{
		const Outcome *outcome = &demo->outcomes[i];

		if (outcome->cause[0] == '\0')
			continue;
		snprintf(prefix, sizeof(prefix), "  %3s  %s", outcome->experiment->id,
				 words[outcome->status]);
		report_put_wrapped(stdout, prefix, outcome->cause, style);
	}
}

void
demo_print(const Demo *demo)
{
	ReportStyle style = report_style(stdout, demo->options.color);

	if (!isatty(STDOUT_FILENO) && style.columns < FILE_COLUMNS)
		style.columns = FILE_COLUMNS;
	print_table(demo, style.columns);
	print_causes(demo, &style);
	if (demo->timeline != NULL)
		printf("\nexperiment 11, the mixed case:\n\n%s", demo->timeline);
	printf("\n%d passed, %d failed, %d skipped, %d not judged%s\n",
		   demo_count(demo, PASSED), demo_count(demo, FAILED),
		   demo_count(demo, SKIPPED), demo_count(demo, UNJUDGED),
		   demo->interrupted ? "; interrupted" : "");
}
