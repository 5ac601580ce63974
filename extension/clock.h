/*
 * clock.h
 *		The steady clock that every deadline of this extension counts on.
 *
 * Header-only: it is too small to deserve a file of its own.  The wall clock
 * may be set while we wait; this one may not.
 */
#ifndef ASYNCDEMO_CLOCK_H
#define ASYNCDEMO_CLOCK_H

#include <time.h>

#define NS_PER_S INT64CONST(1000000000)
#define NS_PER_MS INT64CONST(1000000)
#define NS_PER_US INT64CONST(1000)

/* A deadline that never comes. */
#define NS_NEVER PG_INT64_MAX

static inline int64
clock_read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64) now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Nanoseconds since an arbitrary moment; never goes back. */
static inline int64
clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* Whole milliseconds until end_ns, rounded up so that no wait ends early. */
static inline int64
clock_ms_until(int64 end_ns, int64 now_ns)
{
	if (end_ns <= now_ns)
		return 0;
	return (end_ns - now_ns - 1) / NS_PER_MS + 1;
}

#endif /* ASYNCDEMO_CLOCK_H */
