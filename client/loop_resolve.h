/*
 * loop_resolve.h
 *	  Host names to addresses, off the loop.
 */
#ifndef LOOP_RESOLVE_H
#define LOOP_RESOLVE_H

#include "loop.h"

/*
 * Name resolution off the loop (threads that do nothing else; a lookup that
 * hangs delays neither loop_free nor the end of the program).  Literal
 * addresses are answered without a lookup.  The callback runs once, never
 * inside loop_resolve, and gets numeric addresses in getaddrinfo's order,
 * valid during the call only; naddresses 0 means err says why.  The handle is
 * gone when the callback has run.  loop_resolve_cancel: it will not run.
 */
typedef struct LoopResolve LoopResolve;
typedef void (*LoopResolveFn)(void *arg, const char *const *addresses,
							  int naddresses, const Err *err);
extern LoopResolve *loop_resolve(Loop *loop, const char *host,
								 LoopResolveFn fn, void *arg);
extern void loop_resolve_cancel(LoopResolve *resolve);

#endif /* LOOP_RESOLVE_H */
