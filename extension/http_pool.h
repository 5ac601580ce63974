/*
 * http_pool.h
 *		The connections of this session, one pool for each policy.
 *
 * A pool has the connections that were opened under one policy, proxy and list
 * of authorities.  libcurl does not ask again before it uses an idle
 * connection, so that other settings must never see it.
 */
#ifndef ASYNCDEMO_HTTP_POOL_H
#define ASYNCDEMO_HTTP_POOL_H

#include "lib/ilist.h"

#include "http_guard.h"

#define POOLS_MAX 8

/* Written by http_pool.c, but for the spares, which are http_transfer.c's. */
typedef struct Pool
{
	int number;	 /* below POOLS_MAX */
	char *allow; /* the settings it is for */
	char *proxy;
	char *ca_file;
	HttpPolicy *policy;
	char *proxy_host; /* lower case; NULL without a proxy */
	void *multi;	  /* libcurl's */
	int idle_limit;
	int running;	   /* transfers inside the multi handle */
	int holders;	   /* who will need it again */
	uint64 timer_runs; /* each of them starts what was added */
	int64 timer_ns;	   /* when libcurl wants to be called */
	int64 used_ns;	   /* when it was asked for last */
	dlist_head spares;
	int nspares;
} Pool;

/*
 * The pool for the settings as they are now; made if there is none.  Raises
 * 53000 when descriptors are short and 53200 when memory is.
 */
extern Pool *pool_for_settings(void);

/* The one of that number, or NULL. */
extern Pool *pool_at(int number);

/* Keep it open while there is something that will need it. */
extern void pool_hold(Pool *pool);
extern void pool_let_go(Pool *pool);

/* A transfer has entered the multi handle (1) or left it (-1). */
extern void pool_count_running(Pool *pool, int change);

/* When libcurl wants to be called at the latest. */
extern int64 pools_timer_ns(void);

/* Close the pools that nobody is using or holding. */
extern void pools_close_idle(void);

/*
 * A thread that libcurl starts to resolve a name inherits the signal mask, and
 * must never run a handler of the server's.  A transfer that begins to look
 * one up says so from within libcurl, which blocks signals until the call has
 * returned and pools_unblock_signals is called; as long as it runs, so does
 * pools_block_signals before a call.  Both may be called when there is nothing
 * to do.
 */
extern void pools_count_lookups(int change);
extern void pools_block_signals(void);
extern void pools_unblock_signals(void);

#endif /* ASYNCDEMO_HTTP_POOL_H */
