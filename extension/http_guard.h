/*
 * http_guard.h
 *		Who may be contacted: the policy of asyncdemo.http_allow.
 *
 * Pure functions of their arguments: they look nothing up, neither names nor
 * catalogs, so that the check hook of the setting and libcurl's callbacks can
 * call them.
 *
 * A policy is a list of items separated by commas:
 *
 *		public			any name or address that is a public one
 *		HOST, *.HOST	that name, or every name below it, at public addresses
 *		ADDRESS/BITS	those addresses, by whatever name; IPv6 in brackets
 *		*				everything
 *
 * each with an optional :PORT, :LO-HI or :* after it.  Without one, the ports
 * are 80 and 443; of a bare "*", all.
 */
#ifndef ASYNCDEMO_HTTP_GUARD_H
#define ASYNCDEMO_HTTP_GUARD_H

struct sockaddr;

/* An IPv4 address stands in the first four bytes. */
typedef struct HttpAddress
{
	int bits; /* 32 or 128 */
	unsigned char bytes[16];
} HttpAddress;

typedef struct HttpPolicy HttpPolicy;

typedef enum GuardVerdict
{
	GUARD_REFUSED,
	GUARD_ALLOWED,
	GUARD_BY_ADDRESS /* depends on what the name resolves to */
} GuardVerdict;

/*
 * Parse a policy, in one piece of memory from the current context, to be given
 * back with pfree.  On a mistake, return NULL and a sentence that names the
 * item.
 */
extern HttpPolicy *policy_parse(const char *text, char **error);

/* Would it parse?  On false, *error is a sentence from the current context. */
extern bool policy_check(const char *text, char **error);

/*
 * May this host be asked for at this port?  The host is in lower case, without
 * brackets or a final dot.  An address in any spelling is judged at once.
 * Behind a proxy, names are resolved there, so that no address will ever be
 * seen: what would depend on it is then judged by the name alone.
 */
extern GuardVerdict guard_check_host(const HttpPolicy *policy,
									 const char *host, int port,
									 bool behind_proxy);

/* May a socket for this host be opened to this address?  Never throws. */
extern bool guard_check_address(const HttpPolicy *policy, const char *host,
								const struct sockaddr *address);

/*
 * The address that a host name spells, if it spells one: dotted, decimal,
 * octal, hexadecimal, or IPv6 without its brackets.
 */
extern bool address_parse(const char *host, HttpAddress *address);

/* Is it an address that anybody on the internet could be asked for? */
extern bool address_is_public(const HttpAddress *address);

/* Its usual spelling, in the current memory context. */
extern char *address_to_text(const struct sockaddr *address);

#endif /* ASYNCDEMO_HTTP_GUARD_H */
