/*
 * span_habit.c
 *	  What steps cost that they need not: counted as they end.
 *
 * Of steps that run together (a gather) nobody can say which one a lease lies
 * idle for, so these are left out.
 */
#include "span_fold.h"

static int64_t
own_ns(const Span *span)
{
	return span->ended_ns - span->started_ns;
}

/* Its task had a connection that nothing was asked of. */
static void
count_unused(const LiveTask *task, const Span *span, StepHabits *habits)
{
	if (span->gather >= 0 || task->conn == 0 ||
		class_of_kind(span->step->kind) == CLASS_SERVER)
		return;
	if (task->in_transaction)
		habits->open_ns += own_ns(span);
	else
		habits->lent_ns += own_ns(span);
}

/* Only a connection that was made for it takes time to be made. */
static void
count_cold(const Span *span, StepHabits *habits)
{
	if (span->step->kind != STEP_HTTP || span->phase_ns[PHASE_CONNECT] <= 0)
		return;
	habits->cold++;
	habits->cold_ns += span->phase_ns[PHASE_DNS] +
					   span->phase_ns[PHASE_CONNECT] +
					   span->phase_ns[PHASE_TLS];
}

static void
count_connect(const LiveSpan *live, StepHabits *habits)
{
	int64_t until_ns = live->connect_ended_ns < live->span.started_ns
						   ? live->connect_ended_ns
						   : live->span.started_ns;

	if (until_ns > live->connect_begun_ns)
		habits->connect_ns += until_ns - live->connect_begun_ns;
}

static void
note_transaction(LiveTask *task, const Span *span)
{
	if (span->step->kind == STEP_SQL && span->outcome == STEP_OK &&
		span->step->sql.transaction != SQL_TX_SAME)
		task->in_transaction = span->step->sql.transaction == SQL_TX_BEGIN;
}

void
habit_count(Spans *spans, LiveTask *task, const LiveSpan *live)
{
	const Span *span = &live->span;
	StepHabits *habits = &spans->steps[span->step->index].habits;

	count_unused(task, span, habits);
	count_cold(span, habits);
	count_connect(live, habits);
	if (span->gather >= 0 && span->step->kind == STEP_SQL &&
		live->wait == CLASS_CLIENT && fold_followed(task, live))
		habits->follow_ns += span->started_ns - span->queued_ns;
	note_transaction(task, span);
}

void
habit_merge(StepHabits *to, const StepHabits *from)
{
	to->cold += from->cold;
	to->cold_ns += from->cold_ns;
	to->connect_ns += from->connect_ns;
	to->follow_ns += from->follow_ns;
	to->lent_ns += from->lent_ns;
	to->open_ns += from->open_ns;
}
