/*
 * span_live.c
 *	  The tasks that are live, found by number.
 *
 * Memory is taken for as many tasks as are ever live at once, and each keeps
 * its array of spans for the next task.
 */
#include "span_fold.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define FIRST_CHAINS 64

/* Numbers are given in turn, so that their low bits spread by themselves. */
static LiveTask **
chain_of(const SpanFold *fold, uint64_t number)
{
	return &fold->chains[number & (uint64_t) (fold->nchains - 1)];
}

/* Events of one task come one after the other. */
LiveTask *
live_find(SpanFold *fold, uint64_t number)
{
	LiveTask *task = fold->last;

	if (task != NULL && task->number == number)
		return task;
	if (fold->nchains == 0)
		return NULL;
	task = *chain_of(fold, number);
	while (task != NULL && task->number != number)
		task = task->next;
	if (task != NULL)
		fold->last = task;
	return task;
}

static void
chain_add(SpanFold *fold, LiveTask *task)
{
	LiveTask **chain = chain_of(fold, task->number);

	task->next = *chain;
	*chain = task;
}

static void
chains_grow(SpanFold *fold)
{
	LiveTask **old = fold->chains;
	int nold = fold->nchains;

	fold->nchains = nold == 0 ? FIRST_CHAINS : nold * 2;
	fold->chains = mem_alloc((size_t) fold->nchains * sizeof(LiveTask *));
	for (int i = 0; i < nold; i++)
		for (LiveTask *task = old[i], *next; task != NULL; task = next)
		{
			next = task->next;
			chain_add(fold, task);
		}
	free(old);
}

LiveTask *
live_add(SpanFold *fold, uint64_t number)
{
	LiveTask *task = fold->unused;
	LiveSpan *spans;
	int spans_cap = 1;

	if (fold->nlive >= fold->nchains)
		chains_grow(fold);
	if (task == NULL)
	{
		task = mem_alloc(sizeof(LiveTask));
		spans = &task->own;
	}
	else
	{
		fold->unused = task->next;
		spans = task->spans;
		spans_cap = task->spans_cap;
	}
	memset(task, 0, offsetof(LiveTask, own));
	task->spans = spans;
	task->spans_cap = spans_cap;
	task->number = number;
	task->kept = -1;
	task->last_hold = -1;
	chain_add(fold, task);
	fold->last = task;
	fold->nlive++;
	return task;
}

void
live_remove(SpanFold *fold, LiveTask *task)
{
	LiveTask **link = chain_of(fold, task->number);

	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
	if (fold->last == task)
		fold->last = NULL;
	task->next = fold->unused;
	fold->unused = task;
	fold->nlive--;
}

static void
spans_grow(LiveTask *task)
{
	bool has_own = task->spans == &task->own;

	task->spans_cap = task->spans_cap * 4;
	task->spans = mem_realloc(has_own ? NULL : task->spans,
							  (size_t) task->spans_cap * sizeof(LiveSpan));
	if (has_own)
		task->spans[0] = task->own;
}

LiveSpan *
live_add_span(LiveTask *task)
{
	LiveSpan *span;

	if (task->nspans == task->spans_cap)
		spans_grow(task);
	span = &task->spans[task->nspans++];
	memset(span, 0, sizeof(*span));
	return span;
}

static void
live_free(LiveTask *task)
{
	while (task != NULL)
	{
		LiveTask *next = task->next;

		if (task->spans != &task->own)
			free(task->spans);
		free(task);
		task = next;
	}
}

void
live_free_all(SpanFold *fold)
{
	for (int i = 0; i < fold->nchains; i++)
		live_free(fold->chains[i]);
	live_free(fold->unused);
	free(fold->chains);
}
