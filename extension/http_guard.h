/*
 * http_guard.h
 *		Who may be contacted: what a policy says of a host and an address.
 *
 * Pure functions of their arguments, which never throw: libcurl's callbacks
 * may call them.
 */
#ifndef ASYNCDEMO_HTTP_GUARD_H
#define ASYNCDEMO_HTTP_GUARD_H

#include "http_policy.h"

typedef enum GuardVerdict
{
	GUARD_REFUSED,
	GUARD_ALLOWED,
	GUARD_BY_ADDRESS /* depends on what the name resolves to */
} GuardVerdict;

/*
 * May this host be asked for at this port?  The host is in lower case, without
 * brackets or a final dot.  An address in any spelling is judged at once.
 * Behind a proxy, names are resolved there, so that no address will ever be
 * seen: what would depend on it is then judged by the name alone.
 */
extern GuardVerdict guard_check_host(const HttpPolicy *policy,
									 const char *host, int port,
									 bool behind_proxy);

/* May a socket for this host be opened to this address? */
extern bool guard_check_address(const HttpPolicy *policy, const char *host,
								const struct sockaddr *address);

#endif /* ASYNCDEMO_HTTP_GUARD_H */
