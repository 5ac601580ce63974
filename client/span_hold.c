/*
 * span_hold.c
 *	  When the loop was held, by whom, and what that cost the others.
 *
 * The loop has one thread: holds follow each other and never overlap, so
 * that the recent ones, newest first, are also the latest first.
 */
#include "span_fold.h"

#include <stdlib.h>

#include "mem.h"

static HoldSpan *
hold_at(SpanFold *fold, int64_t number)
{
	return &fold->recent[number % HOLDS_RECENT];
}

/* Keep it if it cost more than the cheapest of those that are kept. */
static void
hold_keep(Spans *spans, const HoldSpan *hold)
{
	HoldSpan *cheapest;

	if (spans->holds == NULL)
		spans->holds = mem_alloc(HOLDS_KEPT * sizeof(HoldSpan));
	if (spans->nholds < HOLDS_KEPT)
	{
		spans->holds[spans->nholds++] = *hold;
		return;
	}
	cheapest = &spans->holds[0];
	for (int i = 1; i < spans->nholds; i++)
		if (spans->holds[i].cost_ns < cheapest->cost_ns)
			cheapest = &spans->holds[i];
	if (hold->cost_ns > cheapest->cost_ns)
		*cheapest = *hold;
}

void
hold_begin(Spans *spans, const Event *event)
{
	SpanFold *fold = spans->fold;
	HoldSpan *hold;

	hold_end(spans, event->time_ns);
	hold = hold_at(fold, fold->nrecent);
	if (fold->nrecent >= HOLDS_RECENT)
		hold_keep(spans, hold);
	fold->nrecent++;
	fold->is_held = true;
	hold->task = event->task;
	hold->step = event->step;
	hold->begun_ns = event->time_ns;
	hold->ended_ns = INT64_MAX;
	hold->cost_ns = 0;
}

void
hold_end(Spans *spans, int64_t time_ns)
{
	SpanFold *fold = spans->fold;
	HoldSpan *hold;

	if (!fold->is_held)
		return;
	fold->is_held = false;
	hold = hold_at(fold, fold->nrecent - 1);
	hold->ended_ns = time_ns > hold->begun_ns ? time_ns : hold->begun_ns;
}

int64_t
hold_charge(SpanFold *fold, uint64_t task, int64_t from_ns, int64_t until_ns)
{
	int64_t oldest = fold->nrecent - HOLDS_RECENT;
	int64_t held_ns = 0;

	for (int64_t i = fold->nrecent - 1; i >= 0 && i >= oldest; i--)
	{
		HoldSpan *hold = hold_at(fold, i);
		int64_t begin_ns = hold->begun_ns;
		int64_t end_ns = hold->ended_ns;

		if (end_ns <= from_ns)
			break;
		if (begin_ns < from_ns)
			begin_ns = from_ns;
		if (end_ns > until_ns)
			end_ns = until_ns;
		if (hold->task == task || end_ns <= begin_ns)
			continue;
		hold->cost_ns += end_ns - begin_ns;
		held_ns += end_ns - begin_ns;
	}
	return held_ns;
}

static int
compare_begun(const void *a, const void *b)
{
	int64_t x = ((const HoldSpan *) a)->begun_ns;
	int64_t y = ((const HoldSpan *) b)->begun_ns;

	return (x > y) - (x < y);
}

void
hold_finish(Spans *spans, int64_t time_ns)
{
	SpanFold *fold = spans->fold;
	int64_t first = fold->nrecent - HOLDS_RECENT;

	hold_end(spans, time_ns);
	for (int64_t i = first > 0 ? first : 0; i < fold->nrecent; i++)
		hold_keep(spans, hold_at(fold, i));
	fold->nrecent = 0;
	if (spans->nholds > 0)
		qsort(spans->holds, (size_t) spans->nholds, sizeof(HoldSpan),
			  compare_begun);
}
