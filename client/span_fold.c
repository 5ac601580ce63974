/*
 * span_fold.c
 *	  Every nanosecond of a task to exactly one class.
 *
 * A task's time is folded in order, by a cursor (folded_ns) that only moves
 * on: what it passes over is given away once, so that the classes add up.
 *
 *	begun	 -> first queued	queued
 *	queued	 -> started			pool, thread, else client
 *	started	 -> arrived			server, http, sleep, by the step's kind
 *	arrived	 -> ended			client
 *	ended	 -> next queued		client
 *
 * Of what would be queued or client, the part during which another task held
 * the loop is loop.  Steps that run together (a group: the children of a
 * gather) share their time: each moment is that of the one that ends last,
 * since the task waits for it.
 */
#include "span_fold.h"

#include <stdlib.h>

#include "mem.h"

static void
fold_until(SpanFold *fold, LiveTask *task, int64_t until_ns, Class class)
{
	int64_t held_ns = 0;

	if (until_ns <= task->folded_ns)
		return;
	if (class == CLASS_CLIENT || class == CLASS_QUEUED)
		held_ns = hold_charge(fold, task->number, task->folded_ns, until_ns);
	task->class_ns[CLASS_LOOP] += held_ns;
	task->class_ns[class] += until_ns - task->folded_ns - held_ns;
	task->folded_ns = until_ns;
}

void
fold_gap(SpanFold *fold, LiveTask *task, int64_t until_ns)
{
	fold_until(fold, task, until_ns,
			   task->nspans == 0 ? CLASS_QUEUED : CLASS_CLIENT);
}

static Class
class_of_kind(StepKind kind)
{
	switch (kind)
	{
		case STEP_SQL:
			return CLASS_SERVER;
		case STEP_HTTP:
			return CLASS_HTTP;
		case STEP_SLEEP:
			return CLASS_SLEEP;
		default:
			return CLASS_CLIENT;
	}
}

/* Of the stretch that begins at from_ns and holds no mark. */
static Class
class_of_span(const LiveSpan *live, int64_t from_ns)
{
	const Span *span = &live->span;

	if (!live->has_started || from_ns < span->started_ns)
		return live->wait;
	if (from_ns < span->arrived_ns)
		return class_of_kind(span->step->kind);
	return CLASS_CLIENT;
}

/*
 * Did it follow another statement of its gather on the task's own connection?
 * Then it waited for that one, though nothing was lent anew.
 */
static bool
span_followed(const LiveTask *task, const LiveSpan *live)
{
	int64_t started_ns =
		live->has_started ? live->span.started_ns : live->span.ended_ns;

	for (int i = task->group; i < task->nspans; i++)
	{
		const Span *other = &task->spans[i].span;

		if (other != &live->span && other->step->kind == STEP_SQL &&
			other->conn == live->span.conn &&
			other->ended_ns > live->span.queued_ns &&
			other->ended_ns <= started_ns)
			return true;
	}
	return false;
}

/* One that gave up before it had a connection or a worker waited for it. */
static void
span_explain_wait(const LiveTask *task, LiveSpan *live)
{
	const Span *span = &live->span;

	if (live->wait != CLASS_CLIENT)
		return;
	if (span->step->kind == STEP_SQL &&
		((span->conn == 0 && !live->has_started) || span_followed(task, live)))
		live->wait = CLASS_POOL;
	else if (span->call == CALL_THREAD)
		live->wait = CLASS_THREAD;
}

static int
compare_marks(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* The moments at which the answer to "whose time is it" may change. */
static int
group_marks(SpanFold *fold, const LiveTask *task)
{
	int need = (task->nspans - task->group) * 4;
	int n = 0;

	if (need > fold->marks_cap)
	{
		fold->marks =
			mem_realloc(fold->marks, (size_t) need * sizeof(int64_t));
		fold->marks_cap = need;
	}
	for (int i = task->group; i < task->nspans; i++)
	{
		const Span *span = &task->spans[i].span;

		fold->marks[n++] = span->queued_ns;
		fold->marks[n++] = span->started_ns;
		fold->marks[n++] = span->arrived_ns;
		fold->marks[n++] = span->ended_ns;
	}
	if (n > 4)
		qsort(fold->marks, (size_t) n, sizeof(int64_t), compare_marks);
	return n;
}

/* Of those that end last together, one with a better reason than client. */
static Class
group_class(const LiveTask *task, int64_t from_ns)
{
	int64_t last_ns = INT64_MIN;
	Class class = CLASS_CLIENT;

	for (int i = task->group; i < task->nspans; i++)
	{
		const LiveSpan *live = &task->spans[i];

		if (live->span.queued_ns > from_ns || live->span.ended_ns <= from_ns ||
			live->span.ended_ns < last_ns ||
			(live->span.ended_ns == last_ns && class != CLASS_CLIENT))
			continue;
		last_ns = live->span.ended_ns;
		class = class_of_span(live, from_ns);
	}
	return class;
}

void
fold_group(SpanFold *fold, LiveTask *task)
{
	int n = group_marks(fold, task);

	for (int i = task->group; i < task->nspans; i++)
		span_explain_wait(task, &task->spans[i]);
	for (int i = 0; i < n; i++)
		if (fold->marks[i] > task->folded_ns)
			fold_until(fold, task, fold->marks[i],
					   group_class(task, task->folded_ns));
	task->group = task->nspans;
}
