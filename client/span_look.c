/*
 * span_look.c
 *	  What a Spans knows in the midst of a run.
 *
 * It walks over the tasks that are live, which costs as much as there are of
 * them: whoever looks decides how often.
 */
#include "span_look.h"

#include <string.h>

#include "span_fold.h"

#define UNKNOWN_REST_NS (3600 * INT64_C(1000000000))

/* Of the steps that run together the first that has not ended tells. */
static const LiveSpan *
current_span(const LiveTask *task)
{
	const LiveSpan *waiting = NULL;

	for (int i = task->group; i < task->nspans && task->nlive > 0; i++)
	{
		const LiveSpan *live = &task->spans[i];

		if (live->has_ended)
			continue;
		if (live->has_started)
			return live;
		if (waiting == NULL)
			waiting = live;
	}
	return waiting;
}

static Class
class_of_waiting(const LiveSpan *live)
{
	const Span *span = &live->span;

	if (live->backoff_until_ns == INT64_MAX)
		return CLASS_BACKOFF;
	if (live->wait == CLASS_QUEUED && live->granted_ns == INT64_MAX)
		return CLASS_QUEUED;
	if (span->step->kind == STEP_SQL && span->conn == 0)
		return CLASS_POOL;
	return span->call == CALL_THREAD ? CLASS_THREAD : CLASS_CLIENT;
}

static Class
class_now(const LiveTask *task, const LiveSpan *live)
{
	if (live == NULL)
		return task->nspans == 0 ? CLASS_QUEUED : CLASS_CLIENT;
	if (!live->has_started)
		return class_of_waiting(live);
	return live->has_arrived ? CLASS_CLIENT
							 : class_of_kind(live->span.step->kind);
}

/* Of the time until now, as far as nobody has given it to a class yet. */
static Class
add_pending(const SpanFold *fold, const LiveTask *task, Class class,
			SpansLook *look)
{
	int64_t pending_ns = look->time_ns - task->folded_ns;
	int64_t held_ns = fold->held_ns - task->held_ns;

	if (pending_ns <= 0)
		return class;
	/* ready, but another task's call held the loop: see fold_until */
	if (class != CLASS_CLIENT && class != CLASS_QUEUED)
		held_ns = 0;
	if (held_ns > pending_ns)
		held_ns = pending_ns;
	look->class_ns[CLASS_LOOP] += held_ns;
	look->class_ns[class] += pending_ns - held_ns;
	return held_ns > pending_ns / 2 ? CLASS_LOOP : class;
}

/* How long the step took until now, on average; 0: it has not ended yet. */
static int64_t
usual_ns(const Spans *spans, const LiveSpan *live)
{
	return (int64_t) histogram_mean_ns(
		&spans->steps[live->span.step->index].own);
}

static int64_t
doing_since_ns(const LiveSpan *live)
{
	if (live->has_started)
		return live->span.started_ns;
	return live->granted_ns != INT64_MAX ? live->granted_ns
										 : live->span.queued_ns;
}

static void
add_oldest(const Spans *spans, SpansLook *look, const LiveTask *task,
		   const LiveSpan *live, Class class)
{
	int at = look->noldest;
	LookTask *place;

	if (at == LOOK_OLDEST && task->begun_ns >= look->oldest[at - 1].begun_ns)
		return;
	if (at < LOOK_OLDEST)
		look->noldest++;
	else
		at--;
	for (; at > 0 && look->oldest[at - 1].begun_ns > task->begun_ns; at--)
		look->oldest[at] = look->oldest[at - 1];
	place = &look->oldest[at];
	place->number = task->number;
	memcpy(place->name, task->name, sizeof(place->name));
	place->begun_ns = task->begun_ns;
	place->seen_ns = look->time_ns;
	place->class = class;
	place->step = live != NULL ? live->span.step : NULL;
	place->attempt = live != NULL ? live->span.attempt : 1;
	place->usual_ns =
		live != NULL && live->has_started ? usual_ns(spans, live) : 0;
	place->since_ns = live == NULL ? task->folded_ns : doing_since_ns(live);
}

/* What a step that is under way has still to do; far more if nobody knows. */
static int64_t
rest_ns(const Spans *spans, const LiveSpan *live, int64_t now_ns)
{
	int64_t usual = usual_ns(spans, live);
	int64_t until_ns = live->span.started_ns + usual;

	if (usual == 0)
		return UNKNOWN_REST_NS;
	return until_ns > now_ns ? until_ns - now_ns : 0;
}

static void
add_task(const Spans *spans, const LiveTask *task, SpansLook *look)
{
	const SpanFold *fold = spans->fold;
	const LiveSpan *live = current_span(task);
	Class class = class_now(task, live);

	for (int i = 0; i < CLASSES; i++)
		look->class_ns[i] += task->class_ns[i];
	class = add_pending(fold, task, class, look);
	look->in_class[class]++;
	look->nlive++;
	if (live != NULL && live->has_started && !live->has_arrived)
		look->rest_ns[class] += rest_ns(spans, live, look->time_ns);
	add_oldest(spans, look, task, live, class);
}

void
spans_look(const Spans *spans, int64_t now_ns, SpansLook *look)
{
	const SpanFold *fold = spans->fold;

	look->time_ns = now_ns;
	memcpy(look->class_ns, spans->class_ns, sizeof(look->class_ns));
	look->retried = spans->retried;
	look->nlive = 0;
	memset(look->in_class, 0, sizeof(look->in_class));
	memset(look->rest_ns, 0, sizeof(look->rest_ns));
	look->noldest = 0;
	for (int i = 0; i < fold->nchains; i++)
		for (const LiveTask *task = fold->chains[i]; task != NULL;
			 task = task->next)
			add_task(spans, task, look);
	look->nfailures = spans->nfailures;
	memcpy(look->failures, spans->failures, sizeof(look->failures));
	histogram_copy(&look->latency, &spans->latency);
}

void
spans_look_clear(SpansLook *look)
{
	histogram_clear(&look->latency);
	memset(look, 0, sizeof(*look));
}
