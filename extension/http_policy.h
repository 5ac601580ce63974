/*
 * http_policy.h
 *		The setting asyncdemo.http_allow, taken apart.
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
 *
 * Neither names nor catalogs are looked up, so that the check hook of the
 * setting can parse one.  What it means is for http_guard.c to say.
 */
#ifndef ASYNCDEMO_HTTP_POLICY_H
#define ASYNCDEMO_HTTP_POLICY_H

#include "http_address.h"

typedef enum ItemKind
{
	ITEM_PUBLIC,
	ITEM_HOST,
	ITEM_SUBDOMAINS,
	ITEM_NETWORK,
	ITEM_EVERYTHING
} ItemKind;

typedef struct PolicyItem
{
	ItemKind kind;
	bool web_ports; /* 80 and 443, no port was given */
	int low_port;
	int high_port;
	HttpAddress network;
	int prefix_bits;
	const char *host; /* points into the policy's copy of the text */
	size_t host_length;
} PolicyItem;

typedef struct HttpPolicy
{
	int nitems;
	PolicyItem items[FLEXIBLE_ARRAY_MEMBER];
} HttpPolicy;

/*
 * Parse a policy, in one piece of memory from the current context, to be given
 * back with pfree.  On a mistake, return NULL and a sentence that names the
 * item.
 */
extern HttpPolicy *policy_parse(const char *text, char **error);

/* Would it parse?  On false, *error is a sentence from the current context. */
extern bool policy_check(const char *text, char **error);

#endif /* ASYNCDEMO_HTTP_POLICY_H */
