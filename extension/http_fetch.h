/*
 * http_fetch.h
 *		A request on its way from the first URL to the last response: its turn,
 *		its time-outs, its redirects, and the wait for it.
 *
 * Fetches belong to the session, not to a statement: whoever made one releases
 * it, whatever happens.  Every function that waits moves all of them.
 */
#ifndef ASYNCDEMO_HTTP_FETCH_H
#define ASYNCDEMO_HTTP_FETCH_H

#include "lib/ilist.h"
#include "lib/pairingheap.h"

#include "http_transfer.h"

typedef enum FetchState
{
	FETCH_NEW,	   /* being filled in; on no list */
	FETCH_QUEUED,  /* on the queue, until there are descriptors */
	FETCH_NAMING,  /* until somebody else has resolved its host,
					* or may: on a list of waiters */
	FETCH_RUNNING, /* inside libcurl; on no list */
	FETCH_DONE	   /* on the list it was started with */
} FetchState;

typedef struct Fetch
{
	/* for everybody to read */
	FetchState state;	 /* written by set_state only */
	MemoryContext cxt;	 /* has all that belongs to it */
	HttpRequest request; /* to be built by its maker, in cxt */
	HttpResult result;	 /* of FETCH_DONE, if nothing failed */
	HttpFailure failure;
	TimestampTz started_at; /* when its time-out began to run */
	TimestampTz finished_at;
	dlist_node done_node;

	/* its maker's own */
	dlist_node member;
	int ordinal;

	/* http_fetch.c's own, with http_redirect.c */
	dlist_head *done;
	dlist_node node; /* with http_lookups.c */
	Pool *pool;
	Transfer *transfer;
	Oid role; /* on whose behalf, for the log */
	int hop;  /* 1 is the first */
	int redirects_left;
	int connect_timeout_ms;
	int64 naming_ns; /* when it began to wait for a name */
	int64 hop_started_ns;

	/* http_deadlines.c's own */
	int64 started_ns; /* 0 until then */
	int64 deadline_ns;
	int64 connect_deadline_ns;
	int64 due_ns; /* the earlier of the two, as in the heap */
	bool in_heap;
	pairingheap_node heap_node;
} Fetch;

/* A new one, all empty. */
extern Fetch *fetch_new(void);

/*
 * Begin, under the settings as they are now.  Once it is FETCH_DONE it has
 * been put at the end of the list, which must outlive it; if it has a failure
 * already, that is at once.  May raise: for want of memory or descriptors.
 */
extern void fetch_start(Fetch *fetch, dlist_head *done);

/* End one that was started, which becomes FETCH_DONE with that failure. */
extern void fetch_fail(Fetch *fetch, int sqlstate, const char *message);

/* The first of those that are done, taken off their list; NULL if none. */
extern Fetch *fetch_take_done(dlist_head *done);

/* Has its request begun to be sent? */
extern bool fetch_is_sent(const Fetch *fetch);

/* End it, in whatever state it is, and free it. */
extern void fetch_release(Fetch *fetch);

/* How many are under way, queued ones included. */
extern int fetches_under_way(void);

/*
 * Do what can be done without waiting; false when no socket had anything to
 * say and nothing ended.
 */
extern bool fetches_serve(void);

/*
 * The same, and if it was so wait until it is not, or until wake_ns at the
 * latest.  Checks for interrupts, so it may raise.
 */
extern void fetches_turn(int64 wake_ns);

/*
 * For others who wait on the latch: wait at most that long and reset it, and
 * move all fetches meanwhile.  Costs what WaitLatch costs when there are none.
 */
extern void fetches_wait_latch(long timeout_ms, uint32 wait_event);

#endif /* ASYNCDEMO_HTTP_FETCH_H */
