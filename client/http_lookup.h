/*
 * http_lookup.h
 *	  A host name looked up by a thread of its own that may be left behind.
 *
 * For calls that block: getaddrinfo cannot be interrupted, waiting for it
 * can.  (The loop has loop_resolve.)
 */
#ifndef HTTP_LOOKUP_H
#define HTTP_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

typedef struct HttpLookup HttpLookup;

/* NULL when no thread could be started. */
extern HttpLookup *http_lookup_start(const char *host, Err *err);

/*
 * Wait; false: interrupted, or that CLOCK_MONOTONIC time has come.  When true
 * the addresses are there until http_lookup_leave; none: err says why.
 */
extern bool http_lookup_wait(HttpLookup *lookup, int64_t deadline_ns,
							 const char *const **addresses, int *naddresses,
							 Err *err);

/* Any thread: make the wait return false now. */
extern void http_lookup_interrupt(HttpLookup *lookup);

/* Done with it, whether it has ended or not. */
extern void http_lookup_leave(HttpLookup *lookup);

#endif /* HTTP_LOOKUP_H */
