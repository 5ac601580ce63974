/*
 * http_url.h
 *		A URL that has been checked and taken apart.
 *
 * libcurl's own parser writes it down anew, and it is that text which is
 *judged here and used by the transfer.  Everything lives in the memory context
 *that was current when it was parsed.
 */
#ifndef ASYNCDEMO_HTTP_URL_H
#define ASYNCDEMO_HTTP_URL_H

#include "http_failure.h"

/* The longest host: RFC 1035 has 253, and a final dot. */
#define HOST_MAX_BYTES 254

/* libcurl sends no request whose head is larger than 1 MB. */
#define URL_MAX_BYTES (256 * 1024)

typedef struct HttpUrl
{
	bool tls;	/* https */
	char *host; /* lower case, no brackets, no final dot */
	int port;
	bool is_address; /* the host spells an address */
	char *full;		 /* all of it: a secret if it has user info */
	char *plain;	 /* without user info */
} HttpUrl;

/*
 * Parse what a caller wrote, in the database encoding, with a query string
 * (or NULL) added to its own.  NULL and a failure when it is no URL that can
 * be asked for.
 */
extern HttpUrl *url_parse(const char *text, const char *query,
						  HttpFailure *failure);

/* Where a Location header leads that came from base. */
extern HttpUrl *url_follow(const HttpUrl *base, const char *location,
						   HttpFailure *failure);

/* For messages, in the current context: no user info, and no query but ?… */
extern char *url_shown(const HttpUrl *url);

/* Same scheme, host and port? */
extern bool url_same_origin(const HttpUrl *a, const HttpUrl *b);

#endif /* ASYNCDEMO_HTTP_URL_H */
