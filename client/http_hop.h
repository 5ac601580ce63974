/*
 * http_hop.h
 *	  One hop of a request: what is asked, and where a redirect leads.
 *
 * Redirects are followed by our own code: libcurl hands a caller's headers on
 * to whatever host an answer names, all but Authorization and Cookie.  The
 * rules are those of the extension: to another scheme, host or port go only
 * headers that tell nothing about the caller, and no body; from https to http
 * nobody is followed; 301 and 302 turn POST into GET, 303 all but HEAD, 307
 * and 308 keep what was asked (RFC 9110, 15.4).
 */
#ifndef HTTP_HOP_H
#define HTTP_HOP_H

#include "http.h"

typedef struct HttpHop
{
	const char *method;
	const char *url;
	const char *body; /* NULL: none */
	size_t body_len;
	const char *const *headers;
	int nheaders;
	int number; /* redirects followed so far */
	int64_t started_ns;
	char *own_url; /* what a redirect made; freed by http_hop_clear */
	const char **own_headers;
} HttpHop;

/* The first one: the request itself, whose strings it points to. */
extern void http_hop_begin(HttpHop *hop, const HttpRequest *request,
						   int64_t now_ns);
extern void http_hop_clear(HttpHop *hop);

/* A status that may lead elsewhere, if there is a Location. */
extern bool http_hop_is_redirect(int status);

/*
 * On to this URL, as libcurl understood the Location.  False: it must not be
 * followed, and err (ERR_HTTP) says why.
 */
extern bool http_hop_follow(HttpHop *hop, int status, const char *location,
							int64_t now_ns, Err *err);

#endif /* HTTP_HOP_H */
