/*
 * http_transfer.h
 *		One HTTP exchange inside libcurl.
 *
 * Nothing here waits.  Who begins a transfer ends it, with transfer_free or
 * with transfer_abandon.
 */
#ifndef ASYNCDEMO_HTTP_TRANSFER_H
#define ASYNCDEMO_HTTP_TRANSFER_H

#include "lib/ilist.h"

#include "http_names.h"
#include "http_pool.h"
#include "http_request.h"
#include "http_result.h"

typedef struct Transfer
{
	dlist_node node; /* on the list of finished ones, or of spares */

	/* for the owner, who alone writes them */
	void *owner;	 /* NULL once abandoned */
	HostName *name;	 /* whose resolution this is, or NULL */
	int descriptors; /* reserved for it */

	/* for the owner to read */
	Pool *pool;
	const struct sockaddr *refused; /* an address that the guard turned down
									 * when nothing else could be reached */
} Transfer;

/*
 * Begin an exchange: the answer goes into the result.  Request and result must
 * stay until it has ended or was abandoned.  NULL when there is no memory.
 */
extern Transfer *transfer_begin(Pool *pool, const HttpRequest *request,
								HttpResult *result, int connect_timeout_ms,
								void *owner);

/*
 * Do what can be done without waiting, and tell what there was to do.  What
 * has ended is then handed out one by one.
 */
#define RAN_SOCKETS 1 /* some had something to say, and may have more */
#define RAN_TIMERS 2  /* what was started or put off; sockets may answer */

extern int transfers_run(void);
extern Transfer *transfers_next_finished(void);

/* What is known of the name that must be resolved for it. */
typedef enum Resolution
{
	RESOLUTION_RUNS, /* or has yet to begin */
	RESOLUTION_FOUND,
	RESOLUTION_FOUND_NOTHING,
	RESOLUTION_UNKNOWN /* it ended for another reason */
} Resolution;

extern Resolution transfer_resolution(const Transfer *transfer);

/* Has the connection been made? */
extern bool transfer_is_connected(const Transfer *transfer);

/* Would transfer_abandon leave it where it is? */
extern bool transfer_must_stay(const Transfer *transfer);

/*
 * How a finished one ended: true, or false and the failure, which leaves out
 * what the guard refused.
 */
extern bool transfer_succeeded(const Transfer *transfer, const HttpUrl *url,
							   HttpFailure *failure);

/* Add its durations to the result, offset_ms after the request began. */
extern void transfer_add_times(const Transfer *transfer, double offset_ms);

/* The address it talked to, or "". */
extern const char *transfer_address(const Transfer *transfer);

/* Give a finished one back. */
extern void transfer_free(Transfer *transfer);

/*
 * End one that is under way.  True when it is gone.  Otherwise a thread is
 * still resolving its host, and to wait for that is what the caller must not
 * do: it stays, without an owner, until it is handed out as finished.
 */
extern bool transfer_abandon(Transfer *transfer);

/* Free what a pool keeps for transfers to come. */
extern void transfers_free_spares(Pool *pool);

#endif /* ASYNCDEMO_HTTP_TRANSFER_H */
