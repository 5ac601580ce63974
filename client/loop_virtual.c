/*
 * loop_virtual.c
 *	  The loop on a virtual clock: time passes only by jumping.
 *
 * When no job is ready the clock moves to the next deadline.  There are no
 * descriptors, threads or signals here; asking for one ends the program
 * (real_loop in loop.c).
 */
#include "loop_impl.h"

#include <stdlib.h>

#include "mem.h"

typedef struct VirtualLoop
{
	Loop base;
	int64_t now_ns;
} VirtualLoop;

static int64_t
virtual_now_ns(Loop *loop)
{
	return ((VirtualLoop *) loop)->now_ns;
}

static void
virtual_wait(Loop *loop, bool may_block)
{
	VirtualLoop *self = (VirtualLoop *) loop;
	int64_t next_ns = queue_earliest_ns(loop);

	/* without jobs a loop that is alive has a timer */
	if (may_block && next_ns > self->now_ns)
		self->now_ns = next_ns;
}

static bool
virtual_is_alive(const Loop *loop)
{
	(void) loop;
	return false;
}

static void
virtual_free(Loop *loop)
{
	queue_clear(loop);
	free(loop);
}

Loop *
loop_new_virtual(void)
{
	static const LoopOps ops = {
		.now_ns = virtual_now_ns,
		.wait = virtual_wait,
		.is_alive = virtual_is_alive,
		.free = virtual_free,
	};
	VirtualLoop *self = mem_alloc(sizeof(*self));

	queue_init(&self->base, &ops);
	self->base.is_virtual = true;
	return &self->base;
}

/* Timers that this passes are due, in their order, at the next turn. */
void
loop_virtual_hold(Loop *loop, int64_t duration_ns)
{
	VirtualLoop *self = (VirtualLoop *) loop;

	if (!loop->is_virtual)
		loop_die("loop_virtual_hold called on a real loop");
	loop->was_held = true;
	if (duration_ns > 0)
		self->base.recent_ns = self->now_ns += duration_ns;
}
