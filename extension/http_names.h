/*
 * http_names.h
 *		Host names that were resolved lately or are being resolved.
 *
 * libcurl keeps the addresses; this table only knows that it has them, so that
 * a hundred requests to one host resolve its name once, and so that no more
 * than a few names are being resolved at a time: each costs a thread.
 */
#ifndef ASYNCDEMO_HTTP_NAMES_H
#define ASYNCDEMO_HTTP_NAMES_H

#include "lib/ilist.h"

#include "http_url.h"

/* Names being resolved at the same time, abandoned ones included. */
#define NAMES_MAX_RESOLVING 16

/* How long libcurl keeps addresses; we trust it for a little less. */
#define NAMES_CACHE_S 60
#define NAMES_TRUST_S 50

typedef struct NameKey
{
	int owner; /* each owner has a cache of its own */
	int port;
	char host[HOST_MAX_BYTES + 1];
} NameKey;

typedef struct HostName
{
	NameKey key;
	bool resolving;
	int64 trusted_until_ns;
	dlist_head waiters; /* the caller's, while it is resolved */
} HostName;

/* Its entry, made if there is none; stays until names_forget. */
extern HostName *name_find(int owner, const char *host, int port);

/* Does libcurl know its addresses? */
extern bool name_is_known(const HostName *name);

/* Resolving begins; the caller has seen that names_may_resolve(). */
extern void name_begin(HostName *name);

/* Resolving has ended.  The waiters are the caller's to move. */
extern void name_end(HostName *name, bool found);

extern bool names_may_resolve(void);

/* Forget all names of an owner; none may be resolving or waited for. */
extern void names_forget(int owner);

#endif /* ASYNCDEMO_HTTP_NAMES_H */
