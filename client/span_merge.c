/*
 * span_merge.c
 *	  What several loops have seen, as if one had seen it all.
 *
 * Each loop keeps the first tasks that it admitted itself, so that together
 * they have the first ones of all.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "span_fold.h"

static void
task_free_spans(TaskSpans *task)
{
	free(task->spans);
	free(task->error);
}

static int
compare_number(const void *a, const void *b)
{
	uint64_t x = ((const TaskSpans *) a)->number;
	uint64_t y = ((const TaskSpans *) b)->number;

	return (x > y) - (x < y);
}

/* The first ones by number; both lists are moved into a new one. */
static void
merge_tasks(Spans *to, Spans *from)
{
	int n = to->ntasks + from->ntasks;
	TaskSpans *all = mem_alloc((size_t) n * sizeof(TaskSpans) + 1);

	if (to->ntasks > 0)
		memcpy(all, to->tasks, (size_t) to->ntasks * sizeof(TaskSpans));
	if (from->ntasks > 0)
		memcpy(all + to->ntasks, from->tasks,
			   (size_t) from->ntasks * sizeof(TaskSpans));
	qsort(all, (size_t) n, sizeof(TaskSpans), compare_number);
	while (n > to->max_tasks)
		task_free_spans(&all[--n]);
	free(to->tasks);
	to->tasks = all;
	to->ntasks = n;
	from->ntasks = 0;
}

static void
merge_steps(Spans *to, const Spans *from)
{
	for (int i = 0; i < to->plan->nsteps; i++)
	{
		StepStats *sum = &to->steps[i];
		const StepStats *add = &from->steps[i];

		if (add->step == NULL)
			continue;
		sum->step = add->step;
		sum->call = add->call;
		sum->count += add->count;
		sum->failed += add->failed;
		sum->retried += add->retried;
		sum->told += add->told;
		histogram_merge(&sum->own, &add->own);
		histogram_merge(&sum->whole, &add->whole);
		for (int phase = 0; phase < PHASES; phase++)
			sum->phase_ns[phase] += add->phase_ns[phase];
		sum->holds += add->holds;
		sum->held_ns += add->held_ns;
		sum->cost_ns += add->cost_ns;
		habit_merge(&sum->habits, &add->habits);
	}
}

static void
merge_holds(Spans *to, const Spans *from)
{
	if (from->nholds == 0)
		return;
	to->holds = mem_realloc(to->holds, (size_t) (to->nholds + from->nholds) *
										   sizeof(HoldSpan));
	memcpy(to->holds + to->nholds, from->holds,
		   (size_t) from->nholds * sizeof(HoldSpan));
	to->nholds += from->nholds;
	hold_sort(to);
}

static int
compare_took(const void *a, const void *b)
{
	int64_t x = ((const SlowTask *) a)->took_ns;
	int64_t y = ((const SlowTask *) b)->took_ns;

	return (x < y) - (x > y);
}

static void
merge_slowest(Spans *to, const Spans *from)
{
	SlowTask all[2 * SLOWEST_KEPT];
	int n = to->nslowest + from->nslowest;

	memcpy(all, to->slowest, sizeof(to->slowest));
	memcpy(all + to->nslowest, from->slowest,
		   (size_t) from->nslowest * sizeof(SlowTask));
	qsort(all, (size_t) n, sizeof(SlowTask), compare_took);
	to->nslowest = n < SLOWEST_KEPT ? n : SLOWEST_KEPT;
	memcpy(to->slowest, all, (size_t) to->nslowest * sizeof(SlowTask));
}

static FailureKind *
failure_find(Spans *spans, const char *message)
{
	for (int i = 0; i < spans->nfailures; i++)
		if (strcmp(spans->failures[i].message, message) == 0)
			return &spans->failures[i];
	return NULL;
}

static void
merge_failures(Spans *to, const Spans *from)
{
	for (int i = 0; i < from->nfailures; i++)
	{
		const FailureKind *add = &from->failures[i];
		FailureKind *known = failure_find(to, add->message);

		if (known != NULL)
			known->count += add->count;
		else if (to->nfailures < FAILURES_KEPT)
		{
			known = &to->failures[to->nfailures++];
			known->message = mem_strdup(add->message);
			known->count = add->count;
		}
	}
}

static void
merge_connects(Spans *to, const Spans *from)
{
	to->conns_opened += from->conns_opened;
	to->conns_late += from->conns_late;
	histogram_merge(&to->connects, &from->connects);
	for (int phase = 0; phase < PHASES; phase++)
		to->connect_phase_ns[phase] += from->connect_phase_ns[phase];
}

void
spans_merge(Spans *to, Spans *from)
{
	if (from->run_begun_ns != 0 &&
		(to->run_begun_ns == 0 || from->run_begun_ns < to->run_begun_ns))
		to->run_begun_ns = from->run_begun_ns;
	if (from->run_ended_ns > to->run_ended_ns)
		to->run_ended_ns = from->run_ended_ns;
	to->done += from->done;
	to->failed += from->failed;
	to->canceled += from->canceled;
	to->skipped += from->skipped;
	for (int class = 0; class < CLASSES; class ++)
		to->class_ns[class] += from->class_ns[class];
	to->task_ns += from->task_ns;
	to->own_ns += from->own_ns;
	to->retried += from->retried;
	histogram_merge(&to->latency, &from->latency);
	histogram_merge(&to->lag, &from->lag);
	series_merge(&to->ended, &from->ended);
	merge_tasks(to, from);
	merge_steps(to, from);
	merge_holds(to, from);
	merge_slowest(to, from);
	merge_failures(to, from);
	merge_connects(to, from);
}
