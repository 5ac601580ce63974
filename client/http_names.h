/*
 * http_names.h
 *	  Host names of a libcurl connection cache: which are known, since when.
 *
 * libcurl would look up names itself, with a thread for every transfer, and
 * wait for that thread when the transfer is taken back (measured: for as long
 * as the name server is silent).  So names are looked up before a transfer
 * begins, once for all that need the name, and handed over as
 * CURLOPT_RESOLVE; what is here remembers that libcurl has them.
 *
 * The table is small and lossy: a name it forgets is looked up again.
 */
#ifndef HTTP_NAMES_H
#define HTTP_NAMES_H

#include <curl/curl.h>
#include <stdint.h>

#include "http_url.h"

#define HTTP_NAME_SLOTS 256

typedef struct HttpName
{
	char *key;				/* "host:port"; NULL: a free slot */
	size_t host_len;		/* of the host in key */
	int64_t known_until_ns; /* 0: not known */
	struct curl_slist
		*resolve; /* for CURLOPT_RESOLVE; replaced when renewed */
	void *lookup; /* the owner's; not NULL: being looked up */
} HttpName;

typedef struct HttpNames
{
	HttpName *slots[HTTP_NAME_SLOTS];
	bool is_proxied; /* names are the proxy's business */
} HttpNames;

extern void http_names_init(HttpNames *names);
extern void http_names_clear(HttpNames *names);

/*
 * The name to look up before a transfer to this URL can begin; NULL: none,
 * begin at once.  now_ns decides whether a known one is still fresh.
 */
extern HttpName *http_names_find(HttpNames *names, const HttpUrl *url,
								 int64_t now_ns);

/* The lookup worked: name->resolve is made, fresh from now on. */
extern void http_name_known(HttpName *name, const char *const *addresses,
							int naddresses, int64_t now_ns);

#endif /* HTTP_NAMES_H */
