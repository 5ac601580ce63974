/*
 * span.c
 *	  Takes events, and keeps the spans of the tasks that are live.
 *
 * What cannot be (an event of a step that is not live, a time before the one
 * it follows) is left out or moved to the nearest time that can be, so that
 * the sums hold whatever the engine tells.
 */
#include "span.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activity_board.h"
#include "mem.h"
#include "span_fold.h"

#define CANCELED 2 /* TaskSpans.outcome */

/* -------- a Spans -------- */

static void
body_gathers(const Body *body, const PlanStep **gathers)
{
	for (int i = 0; i < body->nsteps; i++)
	{
		const PlanStep *step = &body->steps[i];
		bool is_pipeline = step->kind == STEP_PIPELINE;

		if (step->kind == STEP_GATHER || is_pipeline)
			for (int j = i + 1; j < step->end + is_pipeline; j++)
				gathers[body->steps[j].index] = step;
	}
}

Spans *
spans_new(const Plan *plan, int max_tasks)
{
	Spans *spans = mem_alloc(sizeof(Spans));
	SpanFold *fold = mem_alloc(sizeof(SpanFold));
	size_t nsteps = (size_t) plan->nsteps;

	spans->plan = plan;
	spans->max_tasks = max_tasks;
	spans->steps = mem_alloc(nsteps * sizeof(StepStats) + 1);
	spans->fold = fold;
	fold->cheapest = -1;
	fold->gathers = mem_alloc(nsteps * sizeof(PlanStep *) + 1);
	for (int i = 0; i < plan->nbodies; i++)
		body_gathers(&plan->bodies[i], fold->gathers);
	return spans;
}

void
spans_show(Spans *spans, ActivityBoard *board)
{
	spans->fold->board = board;
}

static void
fold_free(SpanFold *fold)
{
	live_free_all(fold);
	free(fold->gathers);
	free(fold->conns);
	free(fold->marks);
	free(fold);
}

void
spans_free(Spans *spans)
{
	if (spans == NULL)
		return;
	for (int i = 0; i < spans->ntasks; i++)
	{
		free(spans->tasks[i].spans);
		free(spans->tasks[i].error);
	}
	for (int i = 0; i < spans->plan->nsteps; i++)
	{
		histogram_clear(&spans->steps[i].own);
		histogram_clear(&spans->steps[i].whole);
	}
	for (int i = 0; i < spans->nfailures; i++)
		free(spans->failures[i].message);
	histogram_clear(&spans->latency);
	histogram_clear(&spans->lag);
	histogram_clear(&spans->connects);
	fold_free(spans->fold);
	free(spans->tasks);
	free(spans->steps);
	free(spans->holds);
	free(spans);
}

/* -------- connections -------- */

static LiveConn *
conn_at(SpanFold *fold, int64_t number)
{
	if (number >= fold->nconns)
	{
		int n = (int) number + 16;

		fold->conns = mem_realloc(fold->conns, (size_t) n * sizeof(LiveConn));
		for (int i = fold->nconns; i < n; i++)
			fold->conns[i] = (LiveConn){.opening_ns = -1};
		fold->nconns = n;
	}
	return &fold->conns[number];
}

/* Number 0 is the program's own, not one of the pool. */
static void
on_conn(Spans *spans, const Event *event)
{
	LiveConn *conn;

	if (event->amount <= 0)
		return;
	conn = conn_at(spans->fold, event->amount);
	conn->pid = (int) event->other;
	switch ((ConnState) event->value)
	{
		case CONN_CLOSED:
			conn->opening_ns = -1;
			break;
		case CONN_RESOLVING:
		case CONN_CONNECTING:
			if (conn->opening_ns < 0)
				conn->opening_ns = event->time_ns;
			break;
		case CONN_IDLE:
			if (conn->opening_ns < 0)
				break;
			spans->conns_opened++;
			spans->conns_late += spans->run_begun_ns != 0;
			histogram_add(&spans->connects, event->time_ns - conn->opening_ns);
			conn->begun_ns = conn->opening_ns;
			conn->ended_ns = event->time_ns;
			conn->opening_ns = -1;
			break;
		default:
			break;
	}
}

static int
conn_pid(SpanFold *fold, int number)
{
	return number > 0 ? conn_at(fold, number)->pid : 0;
}

/* -------- steps -------- */

static LiveSpan *
span_find(LiveTask *task, int slot)
{
	for (int i = task->nspans - 1; i >= task->group; i--)
		if (task->spans[i].span.slot == slot && !task->spans[i].has_ended)
			return &task->spans[i];
	return NULL;
}

/* For those who look on; only SQL has a connection. */
static void
show_begin(const Spans *spans, const LiveTask *task, const Span *span)
{
	if (spans->fold->board != NULL && span->conn > 0)
		activity_board_begin(spans->fold->board, span->conn, task->number,
							 span->step->index);
}

/* A worker tells only afterwards when it began. */
static void
show_thread(const Spans *spans, const LiveTask *task, const Span *span)
{
	if (span->call == CALL_THREAD)
		show_begin(spans, task, span);
}

/* A body runs a gather once: its children stand next to each other. */
static int
span_gather(const SpanFold *fold, const LiveTask *task, const PlanStep *step)
{
	const PlanStep *gather = fold->gathers[step->index];
	const Span *before;

	if (gather == NULL)
		return -1;
	if (task->nspans == 0)
		return 0;
	before = &task->spans[task->nspans - 1].span;
	return fold->gathers[before->step->index] == gather ? before->gather
														: task->nspans;
}

static LiveSpan *
span_begin(Spans *spans, LiveTask *task, const Event *event)
{
	int gather = span_gather(spans->fold, task, event->step);
	LiveSpan *live;
	Span *span;

	if (task->nlive == 0)
		fold_gap(spans->fold, task, event->time_ns);
	live = live_add_span(task);
	live->wait = CLASS_CLIENT;
	live->granted_ns = INT64_MAX;
	span = &live->span;
	span->step = event->step;
	span->call = (Call) event->other;
	span->slot = event->slot;
	span->outcome = STEP_QUEUED;
	span->queued_ns =
		event->time_ns > task->begun_ns ? event->time_ns : task->begun_ns;
	span->started_ns = span->queued_ns;
	span->gather = gather;
	span->attempt = 1;
	if (class_of_kind(event->step->kind) == CLASS_SERVER && task->conn != 0)
	{
		span->conn = task->conn;
		span->pid = conn_pid(spans->fold, span->conn);
		show_thread(spans, task, span);
	}
	task->nlive++;
	return live;
}

static void
span_start(Spans *spans, LiveTask *task, LiveSpan *live, int64_t time_ns)
{
	Span *span = &live->span;

	live->has_started = true;
	span->outcome = STEP_RUNNING;
	if (time_ns > span->queued_ns)
		span->started_ns = time_ns;
	if (span->step->kind == STEP_SQL && span->conn == 0)
	{
		span->conn = task->conn;
		span->pid = conn_pid(spans->fold, span->conn);
	}
	show_begin(spans, task, span);
	if (span->gather < 0)
		fold_start(spans->fold, task, live);
}

/* The answer of a call that holds the loop is seen when it is there. */
static int64_t
span_arrived_ns(const LiveSpan *live)
{
	const Span *span = &live->span;

	if (!live->has_arrived || !live->has_started ||
		span->call == CALL_BLOCKING || span->arrived_ns > span->ended_ns)
		return span->ended_ns;
	return span->arrived_ns < span->started_ns ? span->started_ns
											   : span->arrived_ns;
}

static void
span_end(Spans *spans, LiveTask *task, LiveSpan *live, StepState outcome,
		 int64_t time_ns)
{
	Span *span = &live->span;

	live->has_ended = true;
	span->outcome = outcome;
	span->ended_ns = time_ns > span->started_ns ? time_ns : span->started_ns;
	span->arrived_ns = span_arrived_ns(live);
	sum_span(spans, live);
	habit_count(spans, task, live);
	if (spans->fold->board != NULL)
		activity_board_end(spans->fold->board, span->conn, task->number,
						   span->step->index);
	task->nlive--;
	if (task->nlive == 0)
		fold_group(spans->fold, task);
}

/*
 * An attempt failed, and another one will be made: a span of its own, which
 * begins here and is put off.  It may be of another step: the BEGIN of the
 * transaction that is done again.
 */
static void
span_put_off(Spans *spans, LiveTask *task, LiveSpan *live, const Event *event)
{
	int attempt = live->span.attempt;

	span_end(spans, task, live, STEP_BACKOFF, event->time_ns);
	live = span_begin(spans, task, event);
	live->span.attempt = attempt + 1;
	live->backoff_until_ns = INT64_MAX;
}

static void
span_turn(SpanFold *fold, LiveTask *task, LiveSpan *live, const Event *event)
{
	Span *span = &live->span;

	live->backoff_until_ns =
		event->time_ns > span->queued_ns ? event->time_ns : span->queued_ns;
	span->backoff_ns = live->backoff_until_ns - span->queued_ns;
	span->started_ns = live->backoff_until_ns;
	span->step = event->step;
	span->call = (Call) event->other;
	span->conn = 0;
	span->pid = 0;
	if (event->step->kind == STEP_SQL && task->conn != 0)
	{
		span->conn = task->conn;
		span->pid = conn_pid(fold, span->conn);
	}
}

static void
span_queue(Spans *spans, LiveTask *task, LiveSpan *live, const Event *event)
{
	if (live != NULL && live->backoff_until_ns == INT64_MAX)
		span_turn(spans->fold, task, live, event);
	else
		span_begin(spans, task, event);
}

static void
on_step(Spans *spans, LiveTask *task, const Event *event)
{
	LiveSpan *live = span_find(task, event->slot);

	switch ((StepState) event->value)
	{
		case STEP_QUEUED:
			span_queue(spans, task, live, event);
			break;
		case STEP_BACKOFF:
			if (live != NULL)
				span_put_off(spans, task, live, event);
			break;
		case STEP_RUNNING:
			if (live != NULL)
				span_start(spans, task, live, event->time_ns);
			break;
		case STEP_FAILED:
			if (live == NULL) /* a variable's: not told until it failed */
				live = span_begin(spans, task, event);
			/* FALLTHROUGH */
		case STEP_OK:
		case STEP_CANCELED:
			if (live != NULL)
				span_end(spans, task, live, (StepState) event->value,
						 event->time_ns);
			break;
		case STEP_PENDING:
		case STEP_SKIPPED:
			break;
	}
}

/*
 * What was waited for: that its holder gives it back, that it is opened, or
 * one after the other.  It may be lent in the midst of becoming idle for the
 * first time.
 */
static void
span_granted(SpanFold *fold, LiveSpan *live, const Event *event)
{
	const LiveConn *conn = conn_at(fold, event->amount);
	bool is_opening = conn->opening_ns >= 0;
	int64_t begun_ns = is_opening ? conn->opening_ns : conn->begun_ns;
	int64_t ended_ns = is_opening ? event->time_ns : conn->ended_ns;
	int64_t held_ns = event->time_ns - live->span.queued_ns;

	live->wait = CLASS_POOL;
	live->granted_ns = event->time_ns;
	if (begun_ns < live->span.queued_ns)
		begun_ns = live->span.queued_ns;
	if (ended_ns > begun_ns)
	{
		live->connect_begun_ns = begun_ns;
		live->connect_ended_ns = ended_ns;
		held_ns -= ended_ns - begun_ns;
	}
	/* whoever had it before it was opened anew may be no reason any more */
	if (2 * held_ns > event->time_ns - live->span.queued_ns)
		live->span.lease_from = event->other;
}

static void
on_lease(Spans *spans, LiveTask *task, const Event *event)
{
	LiveSpan *live = span_find(task, event->slot);

	if (task->conn == 0)
		task->conn = (int) event->amount;
	if (live == NULL)
		return;
	live->span.conn = (int) event->amount;
	live->span.pid = conn_pid(spans->fold, live->span.conn);
	show_thread(spans, task, &live->span);
	if (event->value == 1)
		span_granted(spans->fold, live, event);
}

/* -------- tasks -------- */

/* Not by snprintf: a task may be over in ten microseconds. */
static void
task_name(LiveTask *task, const char *name)
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len >= sizeof(task->name))
		len = sizeof(task->name) - 1;
	if (len > 0)
		memcpy(task->name, name, len);
	task->name[len] = '\0';
}

static void
on_admitted(Spans *spans, const Event *event)
{
	LiveTask *task = live_add(spans->fold, event->task);
	TaskSpans *kept;

	task->begun_ns = event->time_ns - event->amount;
	task->folded_ns = event->time_ns;
	task->class_ns[CLASS_QUEUED] = event->amount;
	if (event->other == 1)
		histogram_add(&spans->lag, event->amount);
	task->held_ns = spans->fold->held_ns;
	task_name(task, event->text);
	if (spans->ntasks >= spans->max_tasks)
		return;
	/* at powers of two */
	if ((spans->ntasks & (spans->ntasks - 1)) == 0)
		spans->tasks =
			mem_realloc(spans->tasks,
						sizeof(TaskSpans) * (size_t) (spans->ntasks * 2 + 1));
	task->kept = spans->ntasks++;
	kept = &spans->tasks[task->kept];
	memset(kept, 0, sizeof(*kept));
	kept->number = event->task;
	kept->begun_ns = task->begun_ns;
	kept->ended_ns = event->time_ns;
	memcpy(kept->name, task->name, sizeof(kept->name));
}

static void
task_end(Spans *spans, LiveTask *task, int outcome, int64_t time_ns,
		 const char *error)
{
	for (int i = task->group; i < task->nspans && task->nlive > 0; i++)
		if (!task->spans[i].has_ended)
			span_end(spans, task, &task->spans[i], STEP_CANCELED, time_ns);
	fold_gap(spans->fold, task, time_ns);
	sum_task(spans, task, outcome, error);
	live_remove(spans->fold, task);
}

static void
on_task(Spans *spans, LiveTask *task, const Event *event)
{
	if (task == NULL && event->value == TASK_READY)
		on_admitted(spans, event);
	else if (task != NULL && event->value == TASK_DONE)
		task_end(spans, task, (int) event->other, event->time_ns, event->text);
}

/* -------- the run -------- */

static void
on_run_end(Spans *spans, int64_t time_ns)
{
	SpanFold *fold = spans->fold;

	spans->run_ended_ns = time_ns;
	hold_end(spans, time_ns);
	for (int i = 0; i < fold->nchains; i++)
		while (fold->chains[i] != NULL)
			task_end(spans, fold->chains[i], CANCELED, time_ns, NULL);
	hold_finish(spans, time_ns);
}

/* Of a task that is live. */
static void
on_task_event(Spans *spans, LiveTask *task, const Event *event)
{
	LiveSpan *live;

	switch (event->kind)
	{
		case EVENT_STEP:
			on_step(spans, task, event);
			break;
		case EVENT_STEP_ARRIVED:
			live = span_find(task, event->slot);
			if (live == NULL)
				break;
			live->has_arrived = true;
			live->span.arrived_ns = event->time_ns;
			break;
		case EVENT_STEP_LIMIT:
			live = span_find(task, event->slot);
			if (live == NULL)
				break;
			live->wait = CLASS_QUEUED;
			live->granted_ns = event->value == 1 ? event->time_ns : INT64_MAX;
			break;
		case EVENT_STEP_PHASE:
			live = span_find(task, event->slot);
			if (live == NULL)
				break;
			live->has_phases = true;
			live->span.phase_ns[event->value] += event->amount;
			break;
		case EVENT_LEASE:
			on_lease(spans, task, event);
			break;
		case EVENT_LEASE_END:
			if (task->conn != event->amount)
				break;
			task->conn = 0;
			task->in_transaction = false;
			break;
		default:
			break;
	}
}

void
spans_event(void *arg, const Event *event)
{
	Spans *spans = arg;
	LiveTask *task;

	if (event->task >= TRACE_SETUP)
		return;
	switch (event->kind)
	{
		case EVENT_RUN_BEGIN:
			spans->run_begun_ns = event->time_ns;
			return;
		case EVENT_RUN_END:
			on_run_end(spans, event->time_ns);
			return;
		case EVENT_HOLD:
			hold_begin(spans, event);
			return;
		case EVENT_HOLD_END:
			hold_end(spans, event->time_ns);
			return;
		case EVENT_CONN:
			on_conn(spans, event);
			return;
		case EVENT_CONN_PHASE:
			if (event->other > 0)
				spans->connect_phase_ns[event->value] += event->amount;
			return;
		default:
			break;
	}
	task = live_find(spans->fold, event->task);
	if (event->kind == EVENT_TASK)
		on_task(spans, task, event);
	else if (task != NULL)
		on_task_event(spans, task, event);
}
