/*
 * report_text.c
 *	  What people read after a run, on a terminal.
 *
 * Few tasks are shown as a timeline, many as numbers; both end with what it
 * means.
 */
#include "report_activity.h"
#include "report_many.h"
#include "report_parts.h"
#include "report_put.h"
#include "report_tuning.h"
#include "report_verdict.h"

#define TIMELINE_TASKS 12
#define TIMELINE_SPANS 200 /* of one task; more is no picture */
#define MAX_LISTED 5	   /* kinds of failures */

typedef char Duration[32];

typedef struct TextReport
{
	FILE *out;
	const RunResult *result;
	const Spans *spans;
	const ReportStyle *style;
	int64_t ntasks; /* all that ended */
} TextReport;

static bool
is_few(const TextReport *report)
{
	if (report->ntasks > TIMELINE_TASKS ||
		report->spans->ntasks < report->ntasks || report->spans->ntasks == 0)
		return false;
	for (int i = 0; i < report->spans->ntasks; i++)
		if (report->spans->tasks[i].nspans > TIMELINE_SPANS)
			return false;
	return true;
}

static void
put_summary(const TextReport *report, const Verdict *verdict)
{
	const RunResult *result = report->result;
	const Prediction *prediction = &result->prediction;
	ReportItems items = {report->out, report->style, 0};
	Duration time;

	report_put_item(&items, "wall %s",
					report_duration(result->wall_ns, time, sizeof(time)));
	if (result->wall_ns > 0)
		report_put_item(&items, "overlap %.2f\u00D7",
						(double) report->spans->own_ns /
							(double) result->wall_ns);
	if (result->has_prediction)
	{
		Duration high;

		if (prediction->low_ns < prediction->high_ns)
			report_put_item(
				&items, "predicted %s to %s",
				report_duration(prediction->low_ns, time, sizeof(time)),
				report_duration(prediction->high_ns, high, sizeof(high)));
		else
			report_put_item(
				&items, "predicted %s",
				report_duration(prediction->predicted_ns, time, sizeof(time)));
		report_put_item(
			&items, "best possible %s",
			report_duration(prediction->best_ns, time, sizeof(time)));
		report_put_item(
			&items, "one after another %s",
			report_duration(prediction->worst_ns, time, sizeof(time)));
	}
	report_put_item(&items, "%s", verdict->word);
	report_put_items_end(&items);
}

/* Equal ones once, with their number. */
static void
put_failures(const TextReport *report)
{
	const Spans *spans = report->spans;
	int64_t others = spans->failed;
	char text[80];

	for (int i = 0; i < spans->nfailures && i < MAX_LISTED; i++)
	{
		snprintf(text, sizeof(text),
				 "  Failed (%lld): ", (long long) spans->failures[i].count);
		report_put_wrapped(report->out, text, spans->failures[i].message,
						   report->style);
		others -= spans->failures[i].count;
	}
	if (spans->nfailures == 0 && report->result->first_error != NULL)
		report_put_wrapped(report->out,
						   "  Failed: ", report->result->first_error->message,
						   report->style);
	else if (spans->nfailures > 0 && others > 0)
	{
		snprintf(text, sizeof(text), "and %lld more", (long long) others);
		report_put_wrapped(report->out, "  ", text, report->style);
	}
}

static void
put_retries(const TextReport *report)
{
	int64_t made = report->spans->retried;
	int64_t refused = report->result->retries_refused;
	char text[200];

	if (made == 0 && refused == 0)
		return;
	if (refused == 0)
		snprintf(text, sizeof(text), "%lld %s tried again", (long long) made,
				 made == 1 ? "attempt failed and was"
						   : "attempts failed and were");
	else
		snprintf(text, sizeof(text),
				 "%lld failed attempts were tried again, %lld more were not: "
				 "the budget for retries was used up (--retry-budget)",
				 (long long) made, (long long) refused);
	report_put_wrapped(report->out, "  Retries: ", text, report->style);
}

static void
put_skipped(const TextReport *report)
{
	int64_t skipped = report->spans->skipped + report->result->skipped;
	char text[80];

	if (skipped == 0)
		return;
	snprintf(text, sizeof(text), "%lld task%s done before",
			 (long long) skipped, skipped == 1 ? " that was" : "s that were");
	report_put_wrapped(report->out, "  Skipped: ", text, report->style);
}

static void
put_input(const TextReport *report)
{
	const RunResult *result = report->result;
	char text[400];

	if (result->input == NULL)
		return;
	snprintf(text, sizeof(text), "%.300s, %lld row%s, %lld bad record%s",
			 result->input, (long long) result->input_rows,
			 result->input_rows == 1 ? "" : "s", (long long) result->bad_rows,
			 result->bad_rows == 1 ? "" : "s");
	report_put_wrapped(report->out, "  Input: ", text, report->style);
}

/* Where the numbers above may mislead. */
static void
put_warnings(const TextReport *report)
{
	const RunResult *result = report->result;
	const Spans *spans = report->spans;
	char text[160];

	if (result->interrupted)
		report_put_wrapped(report->out, "  Note: ",
						   "the run was interrupted; "
						   "tasks that did not begin are not counted",
						   report->style);
	if (result->expect_failed)
	{
		snprintf(text, sizeof(text),
				 "expected %g s (%g to %g s), which was "
				 "not met",
				 result->plan->expect_s, result->plan->expect_lo_s,
				 result->plan->expect_hi_s);
		report_put_wrapped(report->out, "  Expect: ", text, report->style);
	}
	if (result->no_prediction != NULL)
	{
		snprintf(text, sizeof(text), "no prediction: %.130s",
				 result->no_prediction);
		report_put_wrapped(report->out, "  Note: ", text, report->style);
	}
	if (spans->failed > 0)
		report_put_wrapped(report->out, "  Note: ",
						   "failed tasks may be "
						   "shorter or longer than others; times include "
						   "them",
						   report->style);
	if (result->has_prediction &&
		(double) result->wall_ns > 1.1 * (double) result->prediction.high_ns)
		report_put_wrapped(
			report->out, "  Note: ",
			"slower than predicted: predictions know nothing of "
			"locks in the server, of busy cores and of "
			"connections that open meanwhile",
			report->style);
}

void
report_text(FILE *out, const RunResult *result, const ReportStyle *style)
{
	ReportStyle fitted = *style;
	TextReport report = {out, result, result->spans, &fitted,
						 result->spans->done + result->spans->failed +
							 result->spans->canceled};
	Verdict verdict;

	if (fitted.columns < 20)
		fitted.columns = 20;
	report_verdict(result, &verdict);
	if (is_few(&report))
	{
		report_timeline(out, result, &fitted);
		report_parts_told(out, result, &fitted);
	}
	else
		report_many(out, result, &fitted);
	report_activity(out, result, &fitted, is_few(&report));
	put_summary(&report, &verdict);
	put_failures(&report);
	put_input(&report);
	report_tuning(out, &result->tuning, &fitted);
	put_retries(&report);
	put_skipped(&report);
	put_warnings(&report);
	if (verdict.why[0] != '\0' && report.ntasks > 0)
		report_put_wrapped(out, "  Why: ", verdict.why, &fitted);
	if (verdict.fix[0] != '\0' && report.ntasks > 0)
		report_put_wrapped(out, "  Fix: ", verdict.fix, &fitted);
	for (int i = 0; i < verdict.nmistakes; i++)
		report_put_wrapped(out, "  Also: ", verdict.mistakes[i].text, &fitted);
}
