/*
 * http_exchange.h
 *		An easy handle of libcurl's, set up for one request after the other.
 *
 * For http_transfer.c, which puts it into the pool's multi handle, takes it
 * out, and is the only one to change what is not said to be otherwise.
 */
#ifndef ASYNCDEMO_HTTP_EXCHANGE_H
#define ASYNCDEMO_HTTP_EXCHANGE_H

#include <sys/socket.h>

#include <curl/curl.h>

#include "http_transfer.h"

typedef struct Exchange
{
	Transfer pub; /* must be first */
	CURL *easy;
	HttpResult *result; /* NULL once abandoned */
	const char *host;
	bool in_multi;
	uint64 added_at; /* the pool's timer_runs then */
	CURLcode code;	 /* how it ended, or why it could not be set up */

	/* written by its callbacks */
	bool looked_up;	   /* its name was not at hand */
	bool asked_socket; /* so its name has been resolved */
	bool opened_socket;
	struct sockaddr_storage refused;
	char error[CURL_ERROR_SIZE];

	/* what was set last, so that only what differs is set again */
	CURLU *parts;
	char *url;				   /* in parts */
	struct curl_slist *fields; /* beside defaults the caller's own, or NULL */
	struct curl_slist *usual;  /* sent when the caller gives no headers */
	bool sends_usual;
	bool decodes;	 /* compressed bodies */
	bool has_secret; /* user info of a URL is still in it */
	bool is_get;	 /* a GET without a body */
	char *agent;
	int connect_timeout_ms;
	int idle_timeout_s;
} Exchange;

/* A new one for a pool; NULL when there is no memory. */
extern Exchange *exchange_new(Pool *pool);

/*
 * Set it up for a request, which must stay until it has ended.  False, and the
 * reason in code, when libcurl has no memory; never throws.
 */
extern bool exchange_set_up(Exchange *exchange, const HttpRequest *request,
							int connect_timeout_ms);

/*
 * Does the one of that easy handle use a connection that an earlier one has
 * made?  Then every descriptor it has is one of that connection's.
 */
extern bool exchange_has_old_connection(CURL *easy);

/* Forget the request, once it is out of the multi handle. */
extern void exchange_reset(Exchange *exchange);

extern void exchange_destroy(Exchange *exchange);

#endif /* ASYNCDEMO_HTTP_EXCHANGE_H */
