/*
 * span_hold.c
 *	  When the loop was held, by whom, and what that cost the others.
 *
 * The loop has one thread: holds follow each other and never overlap, so
 * that the recent ones, newest first, are also the latest first.  A task may
 * have waited for more holds than are remembered one by one: what these took
 * together is known from a running sum (held_ns), only not what each cost.
 */
#include "span_fold.h"

#include <stdlib.h>

#include "mem.h"

static RecentHold *
hold_at(SpanFold *fold, int64_t number)
{
	return &fold->recent[number % HOLDS_RECENT];
}

static int
cheapest_kept(Spans *spans)
{
	SpanFold *fold = spans->fold;

	if (fold->cheapest >= 0)
		return fold->cheapest;
	fold->cheapest = 0;
	for (int i = 1; i < spans->nholds; i++)
		if (spans->holds[i].cost_ns < spans->holds[fold->cheapest].cost_ns)
			fold->cheapest = i;
	return fold->cheapest;
}

/* Keep it if it cost more than the cheapest of those that are kept. */
static void
hold_keep(Spans *spans, const HoldSpan *hold)
{
	if (spans->holds == NULL)
		spans->holds = mem_alloc(HOLDS_KEPT * sizeof(HoldSpan));
	if (spans->nholds < HOLDS_KEPT)
		spans->holds[spans->nholds++] = *hold;
	else if (hold->cost_ns > spans->holds[cheapest_kept(spans)].cost_ns)
		spans->holds[spans->fold->cheapest] = *hold;
	else
		return;
	spans->fold->cheapest = -1;
}

/* Nobody will be charged for it any more. */
static void
hold_forget(Spans *spans, RecentHold *recent)
{
	SpanFold *fold = spans->fold;
	HoldSpan *hold = &recent->span;
	int64_t took_ns = hold->ended_ns - hold->begun_ns;
	StepStats *stats;

	fold->forgotten_ns += took_ns;
	fold->waiting += recent->waiting_delta;
	hold->cost_ns += fold->waiting * took_ns;
	hold_keep(spans, hold);
	if (hold->step == NULL)
		return;
	stats = &spans->steps[hold->step->index];
	stats->holds++;
	stats->held_ns += took_ns;
	stats->cost_ns += hold->cost_ns;
}

void
hold_begin(Spans *spans, const Event *event)
{
	SpanFold *fold = spans->fold;
	LiveTask *task = live_find(fold, event->task);
	RecentHold *recent;

	hold_end(spans, event->time_ns);
	if (task != NULL)
		task->last_hold = fold->nrecent;
	recent = hold_at(fold, fold->nrecent);
	if (fold->nrecent >= HOLDS_RECENT)
		hold_forget(spans, recent);
	recent->span = (HoldSpan){.task = event->task,
							  .step = event->step,
							  .begun_ns = event->time_ns,
							  .ended_ns = INT64_MAX};
	recent->before_ns = fold->held_ns;
	recent->waiting_delta = 0;
	fold->nrecent++;
	fold->is_held = true;
}

void
hold_end(Spans *spans, int64_t time_ns)
{
	SpanFold *fold = spans->fold;
	HoldSpan *hold;

	if (!fold->is_held)
		return;
	fold->is_held = false;
	hold = &hold_at(fold, fold->nrecent - 1)->span;
	hold->ended_ns = time_ns > hold->begun_ns ? time_ns : hold->begun_ns;
	fold->held_ns += hold->ended_ns - hold->begun_ns;
}

/*
 * What holds that are no longer remembered took since the task was folded;
 * first_ns is where the remembered ones begin.  Too much for an answer that
 * arrived after some of them, and waited for over a thousand more to be seen.
 */
static int64_t
held_before(const SpanFold *fold, const LiveTask *task, int64_t first_ns)
{
	int64_t held_ns = fold->forgotten_ns - task->held_ns;
	int64_t most_ns = first_ns - task->folded_ns;

	if (held_ns <= 0 || most_ns <= 0)
		return 0;
	return held_ns < most_ns ? held_ns : most_ns;
}

/* The first of those from low to high - 1 that ends after time_ns; or high. */
static int64_t
first_ending_after(SpanFold *fold, int64_t low, int64_t high, int64_t time_ns)
{
	while (low < high)
	{
		int64_t middle = low + (high - low) / 2;

		if (hold_at(fold, middle)->span.ended_ns > time_ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Charge one hold for what it has in common with a stretch of time. */
static int64_t
charge_one(HoldSpan *hold, int64_t from_ns, int64_t until_ns)
{
	if (from_ns < hold->begun_ns)
		from_ns = hold->begun_ns;
	if (until_ns > hold->ended_ns)
		until_ns = hold->ended_ns;
	if (until_ns <= from_ns)
		return 0;
	hold->cost_ns += until_ns - from_ns;
	return until_ns - from_ns;
}

/* All from first to end - 1, one by one, since some are the task's own. */
static int64_t
charge_others(SpanFold *fold, const LiveTask *task, int64_t first, int64_t end,
			  int64_t until_ns)
{
	int64_t held_ns = 0;

	for (int64_t i = first; i < end; i++)
	{
		HoldSpan *hold = &hold_at(fold, i)->span;

		if (hold->task != task->number)
			held_ns += charge_one(hold, task->folded_ns, until_ns);
	}
	return held_ns;
}

/* All from first to end - 1; whatever lies between the two is whole. */
static int64_t
charge_range(SpanFold *fold, const LiveTask *task, int64_t first, int64_t end,
			 int64_t until_ns)
{
	RecentHold *last = hold_at(fold, end - 1);
	int64_t held_ns =
		charge_one(&hold_at(fold, first)->span, task->folded_ns, until_ns);

	if (end - first == 1)
		return held_ns;
	held_ns += charge_one(&last->span, task->folded_ns, until_ns);
	if (end - first == 2)
		return held_ns;
	hold_at(fold, first + 1)->waiting_delta++;
	last->waiting_delta--;
	return held_ns + last->before_ns - hold_at(fold, first + 1)->before_ns;
}

int64_t
hold_charge(SpanFold *fold, const LiveTask *task, int64_t until_ns)
{
	int64_t oldest =
		fold->nrecent > HOLDS_RECENT ? fold->nrecent - HOLDS_RECENT : 0;
	int64_t end = fold->nrecent;
	int64_t first;
	int64_t held_ns = 0;

	if (end == 0 || hold_at(fold, end - 1)->span.ended_ns <= task->folded_ns)
		return 0;
	first = first_ending_after(fold, oldest, end, task->folded_ns);
	while (end > first && hold_at(fold, end - 1)->span.begun_ns >= until_ns)
		end--;
	if (first == oldest && oldest > 0)
		held_ns = held_before(fold, task, hold_at(fold, first)->span.begun_ns);
	if (end == first)
		return held_ns;
	return held_ns + (task->last_hold >= first
						  ? charge_others(fold, task, first, end, until_ns)
						  : charge_range(fold, task, first, end, until_ns));
}

static int
compare_begun(const void *a, const void *b)
{
	int64_t x = ((const HoldSpan *) a)->begun_ns;
	int64_t y = ((const HoldSpan *) b)->begun_ns;

	return (x > y) - (x < y);
}

void
hold_sort(Spans *spans)
{
	if (spans->nholds > 0)
		qsort(spans->holds, (size_t) spans->nholds, sizeof(HoldSpan),
			  compare_begun);
}

void
hold_finish(Spans *spans, int64_t time_ns)
{
	SpanFold *fold = spans->fold;
	int64_t first = fold->nrecent - HOLDS_RECENT;

	hold_end(spans, time_ns);
	for (int64_t i = first > 0 ? first : 0; i < fold->nrecent; i++)
		hold_forget(spans, hold_at(fold, i));
	fold->nrecent = 0;
	hold_sort(spans);
}
