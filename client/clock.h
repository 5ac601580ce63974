/*
 * clock.h
 *	  What time it is; for any thread.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

extern int64_t clock_now_ns(void);	/* CLOCK_MONOTONIC, for intervals */
extern int64_t clock_unix_ns(void); /* since 1970; somebody may set it */
extern int64_t clock_cpu_ns(void);	/* used by the process, 0: not known */
extern int64_t clock_thread_cpu_ns(void); /* by the calling thread */

#endif /* CLOCK_H */
