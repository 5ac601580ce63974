/*
 * report_bars.c
 *	  A task as bars on a line: what every picture of a run is made of.
 */
#include "report_bars.h"

#include "mem.h"

const char *
bar_meaning(BarKind kind)
{
	static const char *const meanings[BAR_KINDS] = {
		[BAR_BLOCKING] = "blocking",
		[BAR_ASYNC] = "async",
		[BAR_THREAD] = "thread",
		[BAR_HELD] = "ready, loop held by another task",
		[BAR_POOL] = "waiting for a connection"};

	return meanings[kind];
}

const char *
bar_short_meaning(BarKind kind)
{
	static const char *const meanings[BAR_KINDS] = {[BAR_BLOCKING] =
														"blocking",
													[BAR_ASYNC] = "async",
													[BAR_THREAD] = "thread",
													[BAR_HELD] = "loop held",
													[BAR_POOL] = "waits"};

	return meanings[kind];
}

static BarKind
call_bar(Call call)
{
	return call == CALL_BLOCKING ? BAR_BLOCKING
		   : call == CALL_THREAD ? BAR_THREAD
								 : BAR_ASYNC;
}

static bool
has_waited(const TaskSpans *task, const Span *span)
{
	return span->started_ns > span->queued_ns &&
		   (span->lease_from != 0 || (span->step->kind == STEP_SQL &&
									  task->class_ns[CLASS_CONNECT] > 0));
}

static void
add(Bar *bars, int *nbars, BarKind kind, int64_t from_ns, int64_t to_ns,
	const Span *span)
{
	if (to_ns > from_ns)
		bars[(*nbars)++] = (Bar){kind, from_ns, to_ns, span, 0, 0};
}

/* The steps of a gather, which stand next to each other, share the height. */
static void
share_height(Bar *bars, int nbars)
{
	for (int first = 0; first < nbars;)
	{
		int gather = bars[first].span != NULL ? bars[first].span->gather : -1;
		int end = first + 1;

		while (end < nbars && gather >= 0 && bars[end].span != NULL &&
			   bars[end].span->gather == gather)
			end++;
		for (int i = first; gather >= 0 && i < end; i++)
		{
			bars[i].lane = i - first;
			bars[i].lanes = end - first;
		}
		first = end;
	}
}

Bar *
report_bars(const RunResult *result, const TaskSpans *task, int *nbars)
{
	const Spans *spans = result->spans;
	Bar *bars = mem_alloc((size_t) (spans->nholds + 2 * task->nspans + 1) *
						  sizeof(Bar));

	int first_step;

	*nbars = 0;
	/* with several loops, holds of another one made no difference */
	for (int i = 0; i < spans->nholds && task->class_ns[CLASS_LOOP] > 0; i++)
	{
		const HoldSpan *hold = &spans->holds[i];

		if (hold->task != task->number)
			add(bars, nbars, BAR_HELD,
				hold->begun_ns > task->begun_ns ? hold->begun_ns
												: task->begun_ns,
				hold->ended_ns < task->ended_ns ? hold->ended_ns
												: task->ended_ns,
				NULL);
	}
	for (int i = 0; i < task->nspans; i++)
		if (has_waited(task, &task->spans[i]))
			add(bars, nbars, BAR_POOL,
				task->spans[i].queued_ns + task->spans[i].backoff_ns,
				task->spans[i].started_ns, &task->spans[i]);
	first_step = *nbars;
	for (int i = 0; i < task->nspans; i++)
		if (task->spans[i].step->kind != STEP_GATHER)
			add(bars, nbars, call_bar(task->spans[i].call),
				task->spans[i].started_ns, task->spans[i].arrived_ns,
				&task->spans[i]);
	share_height(bars + first_step, *nbars - first_step);
	return bars;
}

Bar *
report_loop_bars(const RunResult *result, int *nbars)
{
	const Spans *spans = result->spans;
	Bar *bars = mem_alloc((size_t) (spans->nholds + 1) * sizeof(Bar));

	*nbars = 0;
	for (int i = 0; i < spans->nholds; i++)
		add(bars, nbars, BAR_BLOCKING, spans->holds[i].begun_ns,
			spans->holds[i].ended_ns, NULL);
	return bars;
}

const char *
report_task_name(const Spans *spans, uint64_t number)
{
	for (int i = 0; i < spans->ntasks; i++)
		if (spans->tasks[i].number == number)
			return spans->tasks[i].name;
	return NULL;
}
