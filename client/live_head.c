/*
 * live_head.c
 *	  The live view's lines about the run as a whole.
 */
#include <math.h>
#include <string.h>

#include "live_items.h"
#include "progress.h"
#include "report_put.h"

#define MAX_BAR 60
#define CPU_LIMIT 0.9 /* of a core a loop: the client is the limit */

/* -------- how far -------- */

static int64_t
ended(const LiveNumbers *numbers)
{
	return numbers->done + numbers->failed + numbers->skipped;
}

/* Of the tasks, or of the time that they may begin in; below 0: unknown. */
static double
part_done(const LiveNumbers *numbers)
{
	double part = -1;

	if (numbers->total > 0)
		part = (double) ended(numbers) / (double) numbers->total;
	else if (numbers->duration_ns > 0)
		part = (double) numbers->elapsed_ns / (double) numbers->duration_ns;
	return part > 1 ? 1 : part;
}

static const char *
stage_text(const LiveNumbers *numbers, bool is_short)
{
	switch (numbers->stage)
	{
		case LIVE_DRAINING:
			return is_short ? "stopping"
							: "stopping: Ctrl-C again cancels what runs";
		case LIVE_CANCELING:
			return is_short ? "canceling"
							: "canceling: Ctrl-C again leaves at once";
		case LIVE_RUNNING:
			break;
	}
	return NULL;
}

static void
add_done(LiveItems *items, const LiveNumbers *numbers)
{
	double part = part_done(numbers);

	if (part >= 0)
		live_item(items, 4, "%d %%", (int) (100 * part));
	if (numbers->total <= 0)
	{
		live_item(items, 0, "%lld done", (long long) ended(numbers));
		return;
	}
	live_item(items, 0, "%lld/%lld", (long long) ended(numbers),
			  (long long) numbers->total);
	/* what has no room as it is has it in short */
	if (report_put_width(items->items[items->count - 1].text) > 19)
		snprintf(items->items[items->count - 1].text,
				 sizeof(items->items[0].text), "%lld done",
				 (long long) ended(numbers));
}

static void
add_time_left(LiveItems *items, const LiveNumbers *numbers)
{
	double left_s = progress_time_left(numbers->total, numbers->duration_ns,
									   ended(numbers), numbers->elapsed_ns);
	int64_t seconds = (int64_t) ceil(left_s);

	if (numbers->stage != LIVE_RUNNING || left_s < 0 || left_s > 1e7)
		return;
	if (seconds < 3600)
		live_item(items, 2, "ETA %d:%02d", (int) (seconds / 60),
				  (int) (seconds % 60));
	else
		live_item(items, 2, "ETA %d:%02d:%02d", (int) (seconds / 3600),
				  (int) (seconds / 60 % 60), (int) (seconds % 60));
}

static void
put_progress(FILE *out, const LiveNumbers *numbers, const ReportStyle *style,
			 bool is_alone)
{
	double part = part_done(numbers);
	LiveItems items = {0};
	ReportStyle rest = *style;
	int bar = style->columns - 36;
	char clock[32];

	bar = bar > MAX_BAR ? MAX_BAR : bar;
	if (part >= 0 && bar >= 4)
	{
		fputs(style->ascii ? "[" : "\u2595", out);
		report_put_bar(out, part, bar, style->ascii);
		fputs(style->ascii ? "]  " : "\u258f  ", out);
		rest.columns -= bar + 4;
	}
	add_done(&items, numbers);
	add_time_left(&items, numbers);
	if (is_alone)
		live_item(&items, 5, "%s",
				  live_clock(numbers->elapsed_ns, clock, sizeof(clock)));
	live_put_items(out, &items, &rest);
}

/* -------- how fast -------- */

static int
rate_digits(double rate)
{
	return rate < 9.995 ? 2 : rate < 99.5 ? 1 : 0;
}

static void
put_rate(FILE *out, const LiveNumbers *numbers, const ReportStyle *style,
		 bool is_alone)
{
	char spark[4 * LIVE_RATES + 1];
	LiveItems items = {0};
	int columns = style->columns - 40;

	(void) is_alone;
	live_item(&items, 0, "%.*f/s now", rate_digits(numbers->rate),
			  numbers->rate);
	live_item(&items, 1, "%.*f/s mean", rate_digits(numbers->rate_mean),
			  numbers->rate_mean);
	if (columns >= 10 && numbers->nrates > 0)
	{
		live_spark(spark, sizeof(spark), numbers->rates, numbers->nrates,
				   columns, style->ascii);
		live_item(&items, 2, "%s", spark);
		if (columns >= 24)
			live_item(&items, 3, "last %d s", numbers->nrates);
	}
	live_put_items(out, &items, style);
}

static void
put_latency(FILE *out, const LiveNumbers *numbers, const ReportStyle *style,
			bool is_alone)
{
	LiveItems items = {0};
	char time[32];

	(void) is_alone;
	if (numbers->failed > 0)
		live_item(&items, 0, "%lld failed", (long long) numbers->failed)
			->color = LIVE_BAD;
	if (numbers->retried > 0)
		live_item(&items, 3, "%lld retried", (long long) numbers->retried)
			->color = LIVE_CARE;
	if (numbers->skipped > 0)
		live_item(&items, 4, "%lld skipped", (long long) numbers->skipped)
			->color = LIVE_CARE;
	if (numbers->ended > 0)
	{
		live_item(&items, 1, "p50 %s",
				  report_duration(numbers->p50_ns, time, sizeof(time)));
		live_item(&items, 2, "p99 %s",
				  report_duration(numbers->p99_ns, time, sizeof(time)));
		live_item(&items, 5, "(%lld in the last %s)",
				  (long long) numbers->ended,
				  live_clock(numbers->ended_ns, time, sizeof(time)));
	}
	else
		live_item(&items, 1, "none ended in the last %s",
				  live_clock(numbers->ended_ns, time, sizeof(time)));
	live_put_items(out, &items, style);
}

/* -------- what is under way -------- */

static void
add_connections(LiveItems *items, const LiveNumbers *numbers)
{
	if (numbers->waiting > 0)
		live_item(items, 1, "%d waiting for the pool", numbers->waiting);
	if (numbers->connections == 0)
		return;
	live_item(items, 3, "%d/%d connections%s busy", numbers->busy,
			  numbers->connections, numbers->is_tuned ? " (auto)" : "");
	if (numbers->pipeline > 1)
		live_item(items, 4, "pipeline %d", numbers->pipeline);
}

static void
put_flight(FILE *out, const LiveNumbers *numbers, const ReportStyle *style,
		   bool is_alone)
{
	LiveItems items = {0};

	if (is_alone && numbers->stage != LIVE_RUNNING)
		live_item(&items, 0, "%s: %d left", stage_text(numbers, true),
				  numbers->running)
			->color = LIVE_CARE;
	else
		live_item(&items, 0, "%d/%d running", numbers->running,
				  numbers->concurrency);
	add_connections(&items, numbers);
	if (numbers->shards > 1)
		live_item(&items, 6, "%d loops", numbers->shards);
	if (numbers->cpu >= 0)
	{
		bool is_limit = numbers->cpu > CPU_LIMIT * numbers->shards;

		live_item(&items, is_limit ? 2 : 5, "client cpu %.0f %%",
				  100 * numbers->cpu)
			->color = is_limit ? LIVE_BAD : NULL;
	}
	live_put_items(out, &items, style);
}

static void
put_title(FILE *out, const LiveNumbers *numbers, const ReportStyle *style,
		  bool is_alone)
{
	const char *stage = stage_text(numbers, style->columns < 70);
	LiveItems items = {0};
	char clock[32];

	(void) is_alone;
	live_item(&items, 0, "%s",
			  live_clock(numbers->elapsed_ns, clock, sizeof(clock)));
	if (stage != NULL)
		live_item(&items, 0, "%s", stage)->color = LIVE_CARE;
	live_item(&items, 1, "%s", numbers->title)->color = LIVE_STRONG;
	if (numbers->server != NULL)
		live_item(&items, 2, "%s", numbers->server);
	live_put_items(out, &items, style);
}

const LiveHeadFn live_heads[LIVE_HEADS] = {put_progress, put_rate, put_flight,
										   put_latency, put_title};
