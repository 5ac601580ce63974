/*
 * span_fold.c
 *	  Every nanosecond of a task to exactly one class.
 *
 * A task's time is folded in order, by a cursor (folded_ns) that only moves
 * on: what it passes over is given away once, so that the classes add up.
 *
 *	begun	 -> first queued	queued
 *	queued	 -> its turn		backoff, when it is tried again
 *	turn	 -> granted			pool, connect, thread; queued at a limit of
 *ours granted	 -> started			client
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

#define MARKS_A_SPAN 8

static void
fold_until(SpanFold *fold, LiveTask *task, int64_t until_ns, Class class)
{
	int64_t held_ns = 0;

	if (until_ns <= task->folded_ns)
		return;
	if (class == CLASS_CLIENT || class == CLASS_QUEUED)
		held_ns = hold_charge(fold, task, until_ns);
	task->class_ns[CLASS_LOOP] += held_ns;
	task->class_ns[class] += until_ns - task->folded_ns - held_ns;
	task->folded_ns = until_ns;
}

void
fold_gap(SpanFold *fold, LiveTask *task, int64_t until_ns)
{
	fold_until(fold, task, until_ns,
			   task->nspans == 0 ? CLASS_QUEUED : CLASS_CLIENT);
	task->held_ns = fold->held_ns;
}

/* Then it waited for that one, though nothing was lent anew. */
bool
fold_followed(const LiveTask *task, const LiveSpan *live)
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

	if (live->wait != CLASS_CLIENT || live->backoff_until_ns == INT64_MAX)
		return;
	if (span->step->kind == STEP_SQL &&
		((span->conn == 0 && !live->has_started) || fold_followed(task, live)))
		live->wait = CLASS_POOL;
	else if (span->call == CALL_THREAD)
		live->wait = CLASS_THREAD;
}

/* Of the stretch that begins at from_ns and holds no mark. */
static Class
class_of_span(const LiveSpan *live, int64_t from_ns)
{
	const Span *span = &live->span;

	if (live->has_started && from_ns >= span->started_ns)
		return from_ns < span->arrived_ns ? class_of_kind(span->step->kind)
										  : CLASS_CLIENT;
	if (from_ns < live->backoff_until_ns)
		return CLASS_BACKOFF;
	if (from_ns >= live->granted_ns)
		return span->call == CALL_THREAD && span->step->kind == STEP_HTTP
				   ? CLASS_THREAD
				   : CLASS_CLIENT;
	return from_ns >= live->connect_begun_ns &&
				   from_ns < live->connect_ended_ns
			   ? CLASS_CONNECT
			   : live->wait;
}

/* The moments at which the answer of class_of_span may change, in order. */
static void
span_marks(const LiveSpan *live, int64_t marks[MARKS_A_SPAN])
{
	const Span *span = &live->span;

	marks[0] = span->queued_ns;
	marks[1] = live->backoff_until_ns < span->started_ns
				   ? live->backoff_until_ns
				   : span->started_ns;
	marks[2] = live->connect_begun_ns;
	marks[3] = live->connect_ended_ns;
	marks[4] = live->granted_ns < span->started_ns ? live->granted_ns
												   : span->started_ns;
	marks[5] = span->started_ns;
	marks[6] = span->arrived_ns;
	marks[7] = span->ended_ns;
}

/* It began at once on this thread, and nobody ever held the loop. */
static bool
is_plain(const SpanFold *fold, const LiveSpan *live)
{
	return fold->nrecent == 0 && live->has_started &&
		   live->wait == CLASS_CLIENT && live->granted_ns == INT64_MAX &&
		   live->connect_ended_ns == 0 && live->backoff_until_ns == 0 &&
		   live->span.call != CALL_THREAD;
}

static void
give(LiveTask *task, int64_t until_ns, Class class)
{
	if (until_ns <= task->folded_ns)
		return;
	task->class_ns[class] += until_ns - task->folded_ns;
	task->folded_ns = until_ns;
}

/* What fold_single comes to for most spans there are. */
static void
fold_plain(LiveTask *task, const LiveSpan *live, int64_t until_ns)
{
	const Span *span = &live->span;

	give(task, span->started_ns, CLASS_CLIENT);
	if (until_ns == span->started_ns)
		return;
	give(task, span->arrived_ns, class_of_kind(span->step->kind));
	give(task, span->ended_ns, CLASS_CLIENT);
}

/* One span alone, as far as until_ns: when it has started, or has ended. */
static void
fold_single(SpanFold *fold, LiveTask *task, LiveSpan *live, int64_t until_ns)
{
	int64_t marks[MARKS_A_SPAN];

	if (is_plain(fold, live))
	{
		fold_plain(task, live, until_ns);
		return;
	}
	span_explain_wait(task, live);
	span_marks(live, marks);
	for (int i = 0; i < MARKS_A_SPAN && task->folded_ns < until_ns; i++)
		if (marks[i] > task->folded_ns)
			fold_until(fold, task, marks[i] < until_ns ? marks[i] : until_ns,
					   class_of_span(live, task->folded_ns));
}

void
fold_start(SpanFold *fold, LiveTask *task, LiveSpan *live)
{
	fold_single(fold, task, live, live->span.started_ns);
	task->held_ns = fold->held_ns;
}

static int
compare_marks(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

static int
group_marks(SpanFold *fold, const LiveTask *task)
{
	int need = (task->nspans - task->group) * MARKS_A_SPAN;
	int n = 0;

	if (need > fold->marks_cap)
	{
		fold->marks =
			mem_realloc(fold->marks, (size_t) need * sizeof(int64_t));
		fold->marks_cap = need;
	}
	for (int i = task->group; i < task->nspans; i++, n += MARKS_A_SPAN)
		span_marks(&task->spans[i], fold->marks + n);
	qsort(fold->marks, (size_t) n, sizeof(int64_t), compare_marks);
	return n;
}

/*
 * In a pipeline all but one wait for others of the same task: what counts is
 * the one that runs.
 */
static bool
pipeline_class(const SpanFold *fold, const LiveTask *task, int64_t from_ns,
			   Class *class)
{
	const PlanStep *first = task->spans[task->group].span.step;
	bool found = false;

	if (fold->gathers[first->index] == NULL ||
		fold->gathers[first->index]->kind != STEP_PIPELINE)
		return false;
	for (int i = task->group; i < task->nspans; i++)
	{
		const LiveSpan *live = &task->spans[i];

		if (!live->has_started || live->span.started_ns > from_ns ||
			live->span.arrived_ns <= from_ns)
			continue;
		*class = class_of_kind(live->span.step->kind);
		found = true;
	}
	return found;
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

static void
fold_together(SpanFold *fold, LiveTask *task)
{
	int n = group_marks(fold, task);

	for (int i = task->group; i < task->nspans; i++)
		span_explain_wait(task, &task->spans[i]);
	for (int i = 0; i < n; i++)
		if (fold->marks[i] > task->folded_ns)
		{
			Class class;

			if (!pipeline_class(fold, task, task->folded_ns, &class))
				class = group_class(task, task->folded_ns);
			fold_until(fold, task, fold->marks[i], class);
		}
}

void
fold_group(SpanFold *fold, LiveTask *task)
{
	LiveSpan *first = &task->spans[task->group];

	if (task->nspans - task->group == 1)
		fold_single(fold, task, first, first->span.ended_ns);
	else
		fold_together(fold, task);
	task->held_ns = fold->held_ns;
	task->group = task->nspans;
}
