/*
 * http_glance.c
 *		A look at a socket before the wait for it, where that pays.
 *
 * The processor is offered to others before each look: the server that is
 * waited for may need this very one.
 */
#include "postgres.h"

#include <poll.h>
#include <sched.h>

#include "miscadmin.h"
#include "storage/latch.h"

#include "clock.h"
#include "http_glance.h"

/*
 * How long a look may take.  On two virtual processors a page from a server
 * beside it is there 50 us after it was asked for, and 130 us if we slept.
 */
#define GLANCE_NS (100 * NS_PER_US)

/* Who sleeps longer than this is not made faster by being awake. */
#define SLEEP_WORTH_NS (500 * NS_PER_US)

/* After so many looks in vain the pause between two grows no more. */
#define MISSES_MAX 8

static bool
is_readable(int fd)
{
	struct pollfd one = {fd, POLLIN, 0};

	return poll(&one, 1, 0) > 0;
}

/* One that came back late, because others had the processor, is in vain too.
 */
static void
note_miss(Glance *glance)
{
	glance->misses = Min(glance->misses + 1, MISSES_MAX);
	glance->pause = (1 << glance->misses) - 1;
}

/* Until it is readable, the time is over or the latch is set. */
static bool
look(int fd, int64 end_ns)
{
	do
	{
		sched_yield();
		if (is_readable(fd))
			return true;
	} while (clock_now_ns() < end_ns && !MyLatch->is_set);
	return false;
}

bool
glance_at(Glance *glance, int fd)
{
	int64 end_ns;
	bool is_ready;

	if (glance->pause > 0)
	{
		glance->pause--;
		return false;
	}
	if (glance->slept_ns > SLEEP_WORTH_NS || MyLatch->is_set)
		return false;
	end_ns = clock_now_ns() + GLANCE_NS;
	is_ready = look(fd, end_ns);
	if (clock_now_ns() >= end_ns)
		note_miss(glance);
	else if (is_ready)
		glance->misses = 0;
	return is_ready;
}

void
glance_slept(Glance *glance, int64 ns)
{
	glance->slept_ns = ns;
}
