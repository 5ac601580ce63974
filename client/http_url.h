/*
 * http_url.h
 *	  An HTTP URL taken apart, and a form of it that is safe to show.
 *
 * Only what the client must know about a URL itself: where it leads, and
 * what in it is secret.  Everything else is libcurl's work.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* Pointers lead into the URL that was parsed. */
typedef struct HttpUrl
{
	bool is_https;
	const char *host; /* without user info, with [ ] around IPv6 */
	size_t host_len;
	int port; /* the scheme's own when none is written */

	/*
	 * The host is a name for the resolver.  False for literal addresses, for
	 * localhost (libcurl knows it) and for spellings that only libcurl
	 * decodes (percent signs, international letters).
	 */
	bool is_name;
} HttpUrl;

/*
 * Take apart, refusing what cannot be sent: another scheme, blanks, control
 * characters, no host, a port that is none.  The error never shows user info
 * or the query.
 */
extern bool http_url_parse(const char *url, HttpUrl *parts, Err *err);

#endif /* HTTP_URL_H */
