/*
 * clock.c
 *	  What time it is.
 */
#include "clock.h"

#include <time.h>

static int64_t
clock_read_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		return 0;
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t
clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

int64_t
clock_unix_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

int64_t
clock_cpu_ns(void)
{
	return clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
clock_thread_cpu_ns(void)
{
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}
