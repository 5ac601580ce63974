/*
 * loop_arrivals.c
 *	  What came while a call held the loop, in the order in which it came.
 *
 * One poll brings all of it, in an order of the system's own, and timers that
 * were due meanwhile are in no poll.  Whoever came first goes on first: so
 * the arrivals of that poll are kept back, sorted by their times, which the
 * control thread has noted, and delivered with the timers between them.
 */
#include "loop_impl.h"

#include <stdlib.h>

#include "mem.h"

void
arrivals_add(RealLoop *loop, Arrival arrival)
{
	if (loop->narrivals == loop->arrivals_cap)
	{
		loop->arrivals_cap =
			loop->arrivals_cap > 0 ? loop->arrivals_cap * 2 : 64;
		loop->arrivals = mem_realloc(
			loop->arrivals, (size_t) loop->arrivals_cap * sizeof(Arrival));
	}
	arrival.order = loop->narrivals;
	loop->arrivals[loop->narrivals++] = arrival;
}

/* The watch is about to close: what it was to be told is void. */
void
arrivals_forget(RealLoop *loop, const LoopWatch *watch)
{
	for (int i = 0; i < loop->narrivals; i++)
		if (loop->arrivals[i].watch == watch)
			loop->arrivals[i].watch = NULL;
}

static int
compare_arrivals(const void *a, const void *b)
{
	const Arrival *x = a;
	const Arrival *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order - y->order;
}

/* What it wants to know may have changed since. */
static void
tell_watch(RealLoop *loop, const Arrival *arrival)
{
	unsigned events = arrival->events & arrival->watch->events;

	loop->event_ns = arrival->time_ns;
	if (events != 0)
		arrival->watch->fn(arrival->watch->arg, events);
	loop->event_ns = 0;
}

void
arrivals_deliver(RealLoop *loop)
{
	if (loop->narrivals > 1)
		qsort(loop->arrivals, (size_t) loop->narrivals, sizeof(Arrival),
			  compare_arrivals);
	for (int i = 0; i < loop->narrivals; i++)
	{
		queue_run_timers(&loop->base, loop->arrivals[i].time_ns);
		if (loop->arrivals[i].work != NULL)
			loop->arrivals[i].work->done(loop->arrivals[i].work);
		else if (loop->arrivals[i].watch != NULL)
			tell_watch(loop, &loop->arrivals[i]);
	}
	loop->narrivals = 0;
}
