/*
 * http_lookups.h
 *		Fetches that wait until a host's name has been resolved, or may be.
 *
 * A name is resolved by the transfer that needs it first; the others wait, on
 * lists that http_lookups.c keeps.
 */
#ifndef ASYNCDEMO_HTTP_LOOKUPS_H
#define ASYNCDEMO_HTTP_LOOKUPS_H

#include "http_fetch.h"

/* The name that must be resolved before it can run, or NULL. */
extern HostName *lookup_needed(const Fetch *fetch);

/* Put a fetch on the list: of that name, or of those that await any end. */
extern void lookup_wait(Fetch *fetch, HostName *name);

/* A transfer resolves a name, and has done so. */
extern void lookup_begin(Transfer *transfer, HostName *name);
extern void lookup_end(Transfer *transfer, Resolution how);

/* Has one of those under way done so? */
extern void lookups_check(void);

/*
 * One whose wait is over, taken off its list, or NULL; *in_vain says that the
 * name was not found.
 */
extern Fetch *lookups_next_waiter(bool *in_vain);

#endif /* ASYNCDEMO_HTTP_LOOKUPS_H */
