/*
 * loop_queue.c
 *	  What both kinds of loop share: ready queue, timer heap, the turn.
 */
#include "loop_impl.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* heap_index of a timer that is in due[] at position i is DUE_AT(i) */
#define NOT_ARMED (-1)
#define DUE_AT(i) (-2 - (i))

void
queue_init(Loop *loop, const LoopOps *ops)
{
	loop->ops = ops;
	loop->ready_tail = &loop->ready_head;
}

void
queue_clear(Loop *loop)
{
	free(loop->heap);
	free(loop->due);
}

bool
loop_is_virtual(const Loop *loop)
{
	return loop->is_virtual;
}

int64_t
loop_now_ns(Loop *loop)
{
	return loop->ops->now_ns(loop);
}

int64_t
loop_look_ns(Loop *loop)
{
	return loop->recent_ns = loop->ops->now_ns(loop);
}

int64_t
loop_recent_ns(const Loop *loop)
{
	return loop->recent_ns;
}

void
loop_free(Loop *loop)
{
	if (loop != NULL)
		loop->ops->free(loop);
}

void
loop_push(Loop *loop, LoopJob *job)
{
	if (job->is_queued)
		return;
	job->is_queued = true;
	job->next = NULL;
	*loop->ready_tail = job;
	loop->ready_tail = &job->next;
	loop->nready++;
}

/* Take the job that *link points to out; it is the position-th of the queue.
 */
static void
take_job(Loop *loop, LoopJob **link, int position)
{
	LoopJob *job = *link;

	*link = job->next;
	if (loop->ready_tail == &job->next)
		loop->ready_tail = link;
	loop->nready--;
	if (position < loop->nbatch)
		loop->nbatch--;
	job->is_queued = false;
	job->next = NULL;
}

/* Rare (an owner goes away), so it may look through the queue. */
void
loop_unpush(Loop *loop, LoopJob *job)
{
	LoopJob **link = &loop->ready_head;

	if (!job->is_queued)
		return;
	for (int i = 0; *link != NULL; i++, link = &(*link)->next)
	{
		if (*link == job)
		{
			take_job(loop, link, i);
			return;
		}
	}
}

/*
 * What the next job is about is fetched while this one runs: with hundreds of
 * tasks none of it is in the processor's cache any more.
 */
#define CACHE_LINE 64
#define LINES_AHEAD 10 /* as far as a task is in use */

static void
fetch_ahead(const LoopJob *job)
{
	if (job == NULL)
		return;
	for (int i = 0; i < LINES_AHEAD; i++)
		__builtin_prefetch((const char *) job->arg + i * CACHE_LINE);
}

static void
run_batch(Loop *loop)
{
	loop->nbatch = loop->nready;
	while (loop->nbatch > 0 && !loop->stopping)
	{
		LoopJob *job = loop->ready_head;

		take_job(loop, &loop->ready_head, 0);
		fetch_ahead(loop->ready_head);
		job->fn(job->arg); /* the job may be gone afterwards */
	}
	loop->nbatch = 0;
}

void
loop_timer_init(LoopTimer *timer, void (*fn)(void *), void *arg)
{
	memset(timer, 0, sizeof(*timer));
	timer->fn = fn;
	timer->arg = arg;
	timer->heap_index = NOT_ARMED;
}

static inline bool
fires_before(const LoopTimer *a, const LoopTimer *b)
{
	if (a->deadline_ns != b->deadline_ns)
		return a->deadline_ns < b->deadline_ns;
	return a->order < b->order;
}

static inline void
heap_place(Loop *loop, LoopTimer *timer, int index)
{
	loop->heap[index] = timer;
	timer->heap_index = index;
}

/* Put timer at index or above, wherever the heap's order wants it. */
static void
sift_up(Loop *loop, LoopTimer *timer, int index)
{
	while (index > 0 && fires_before(timer, loop->heap[(index - 1) / 2]))
	{
		heap_place(loop, loop->heap[(index - 1) / 2], index);
		index = (index - 1) / 2;
	}
	heap_place(loop, timer, index);
}

static void
sift_down(Loop *loop, LoopTimer *timer, int index)
{
	for (;;)
	{
		int child = 2 * index + 1;

		if (child >= loop->heap_len)
			break;
		if (child + 1 < loop->heap_len &&
			fires_before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!fires_before(loop->heap[child], timer))
			break;
		heap_place(loop, loop->heap[child], index);
		index = child;
	}
	heap_place(loop, timer, index);
}

static void
heap_remove(Loop *loop, int index)
{
	LoopTimer *last = loop->heap[--loop->heap_len];

	loop->heap[index]->heap_index = NOT_ARMED;
	if (index == loop->heap_len)
		return;
	if (index > 0 && fires_before(last, loop->heap[(index - 1) / 2]))
		sift_up(loop, last, index);
	else
		sift_down(loop, last, index);
}

static void
grow(LoopTimer ***array, int *cap)
{
	*cap = *cap > 0 ? *cap * 2 : 64;
	*array = mem_realloc(*array, (size_t) *cap * sizeof(**array));
}

void
loop_timer_clear(Loop *loop, LoopTimer *timer)
{
	if (timer->heap_index >= 0)
		heap_remove(loop, timer->heap_index);
	else if (timer->heap_index != NOT_ARMED)
		loop->due[-2 - timer->heap_index] = NULL;
	timer->heap_index = NOT_ARMED;
}

void
loop_timer_set(Loop *loop, LoopTimer *timer, int64_t deadline_ns)
{
	loop_timer_clear(loop, timer);
	timer->deadline_ns = deadline_ns;
	if (deadline_ns == LOOP_NEVER)
		return;
	timer->order = loop->timer_order++;
	if (loop->heap_len == loop->heap_cap)
		grow(&loop->heap, &loop->heap_cap);
	sift_up(loop, timer, loop->heap_len++);
}

int64_t
queue_earliest_ns(const Loop *loop)
{
	return loop->heap_len > 0 ? loop->heap[0]->deadline_ns : LOOP_NEVER;
}

/*
 * Timers that are due are first collected, then run: one that sets itself to
 * a time already past must not trap the loop.
 */
void
queue_run_timers(Loop *loop, int64_t until_ns)
{
	while (loop->heap_len > 0 && loop->heap[0]->deadline_ns <= until_ns)
	{
		LoopTimer *timer = loop->heap[0];

		heap_remove(loop, 0);
		if (loop->due_len == loop->due_cap)
			grow(&loop->due, &loop->due_cap);
		timer->heap_index = DUE_AT(loop->due_len);
		loop->due[loop->due_len++] = timer;
	}
	for (int i = 0; i < loop->due_len; i++)
	{
		LoopTimer *timer = loop->due[i];

		if (timer == NULL)
			continue; /* cleared or set anew by an earlier one */
		timer->heap_index = NOT_ARMED;
		timer->fn(timer->arg);
	}
	loop->due_len = 0;
}

void
loop_set_prepare(Loop *loop, void (*fn)(void *), void *arg)
{
	loop->prepare = fn;
	loop->prepare_arg = arg;
}

static bool
something_can_happen(const Loop *loop)
{
	return loop->nready > 0 || loop->heap_len > 0 || loop->ops->is_alive(loop);
}

/*
 * A second batch for what the first one made ready: a task that ends makes
 * room for the next, which begins without another look at descriptors.  Not
 * when a call held the loop: then what arrived meanwhile comes first, in the
 * order in which it came.
 */
static void
run_turn(Loop *loop)
{
	loop->was_held = false;
	loop->has_arrivals = false;
	run_batch(loop);
	if (!loop->was_held)
		run_batch(loop);
	if (loop->has_arrivals)
		loop->ops->catch_up(loop);
	if (loop->heap_len > 0)
		queue_run_timers(loop, loop->ops->now_ns(loop));
	if (loop->prepare != NULL && !loop->stopping)
		loop->prepare(loop->prepare_arg);
	if (!loop->stopping && something_can_happen(loop) &&
		(!loop->has_arrivals || loop->nready == 0))
		loop->ops->wait(loop, loop->nready == 0);
}

void
loop_run(Loop *loop)
{
	loop->stopping = false;
	while (!loop->stopping && something_can_happen(loop))
		run_turn(loop);
	if (loop->ops->leave != NULL)
		loop->ops->leave(loop);
}

void
loop_stop(Loop *loop)
{
	loop->stopping = true;
}
