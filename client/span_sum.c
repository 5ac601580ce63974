/*
 * span_sum.c
 *	  Sums up what ended: of all steps and tasks, in memory that does not grow.
 */
#include "span_fold.h"

#include <assert.h>
#include <string.h>

#include "mem.h"

static void
sum_phases(StepStats *stats, const Span *span)
{
	for (int i = 0; i < PHASES; i++)
		stats->phase_ns[i] += span->phase_ns[i];
	stats->told += span->phase_ns[PHASE_SERVER] > 0;
}

void
sum_span(Spans *spans, const LiveSpan *live)
{
	const Span *span = &live->span;
	StepStats *stats = &spans->steps[span->step->index];

	stats->step = span->step;
	stats->call = span->call;
	if (live->has_phases)
		sum_phases(stats, span);
	if (live->has_started)
		spans->own_ns += span->arrived_ns - span->started_ns;
	if (span->outcome == STEP_BACKOFF)
	{
		stats->retried++;
		spans->retried++;
		return;
	}
	stats->count++;
	if (span->outcome == STEP_FAILED)
		stats->failed++;
	histogram_add(&stats->whole,
				  span->ended_ns - span->queued_ns - span->backoff_ns);
	if (live->has_started)
		histogram_add(&stats->own, span->arrived_ns - span->started_ns);
}

static void
task_keep(TaskSpans *kept, const LiveTask *task, int outcome,
		  const char *error)
{
	kept->outcome = outcome;
	kept->ended_ns = task->folded_ns;
	memcpy(kept->class_ns, task->class_ns, sizeof(kept->class_ns));
	kept->nspans = task->nspans;
	if (task->nspans > 0)
		kept->spans = mem_alloc((size_t) task->nspans * sizeof(Span));
	for (int i = 0; i < task->nspans; i++)
		kept->spans[i] = task->spans[i].span;
	if (error != NULL)
		kept->error = mem_strdup(error);
}

static void
keep_slow(Spans *spans, const LiveTask *task, int64_t took_ns)
{
	SlowTask *slowest = spans->slowest;
	int at = spans->nslowest;

	if (at == SLOWEST_KEPT && took_ns <= slowest[at - 1].took_ns)
		return;
	if (at < SLOWEST_KEPT)
		spans->nslowest++;
	else
		at--;
	for (; at > 0 && slowest[at - 1].took_ns < took_ns; at--)
		slowest[at] = slowest[at - 1];
	slowest[at] = (SlowTask){.number = task->number, .took_ns = took_ns};
	memcpy(slowest[at].name, task->name, sizeof(task->name));
	for (Class class = 1; class < CLASSES; class ++)
		if (task->class_ns[class] > task->class_ns[slowest[at].mostly])
			slowest[at].mostly = class;
}

static void
count_failure(Spans *spans, const char *message)
{
	int at = 0;

	while (at < spans->nfailures &&
		   strcmp(spans->failures[at].message, message) != 0)
		at++;
	if (at == FAILURES_KEPT)
		return;
	if (at == spans->nfailures)
		spans->failures[spans->nfailures++].message = mem_strdup(message);
	spans->failures[at].count++;
}

void
sum_task(Spans *spans, const LiveTask *task, int outcome, const char *error)
{
	int64_t took_ns = task->folded_ns - task->begun_ns;
	int64_t sum_ns = 0;

	for (int i = 0; i < CLASSES; i++)
	{
		sum_ns += task->class_ns[i];
		spans->class_ns[i] += task->class_ns[i];
	}
	assert(sum_ns == took_ns);
	(void) sum_ns;
	keep_slow(spans, task, took_ns);
	if (outcome == 1 && error != NULL)
		count_failure(spans, error);
	spans->task_ns += took_ns;
	histogram_add(&spans->latency, took_ns);
	series_add(&spans->ended, task->folded_ns - spans->run_begun_ns);
	if (outcome == 0)
		spans->done++;
	else if (outcome == 1)
		spans->failed++;
	else if (outcome == 2)
		spans->canceled++;
	else
		spans->skipped++;
	if (task->kept >= 0)
		task_keep(&spans->tasks[task->kept], task, outcome, error);
}
