/*
 * http_easy.h
 *	  One libcurl handle: what is set on it, what came back through it.
 *
 * Shared by the transfers on the loop (http.c) and the calls that block
 * (http_lane.c).  A handle is used for one request at a time and for many
 * after another; resetting it would cost more than setting it.
 */
#ifndef HTTP_EASY_H
#define HTTP_EASY_H

#include <curl/curl.h>

#include "http_hop.h"
#include "http_url.h"

/* All of one size, so that two can be compared as bytes. */
typedef struct HttpLimits
{
	int64_t max_bytes;
	int64_t timeout_ns;
	int64_t connect_timeout_ns;
} HttpLimits;

typedef struct HttpEasy
{
	CURL *curl;
	HttpRequest *request;		/* NULL between requests */
	HttpHop hop;				/* what is asked of whom now */
	int nsent;					/* times that libcurl began to send it */
	bool refused_resend;		/* and wanted to once more */
	struct curl_slist *headers; /* as set; kept while they are the same */
	int nheaders;				/* of the request, without our own */
	bool is_plain_get;			/* set for GET without body or headers */
	bool has_post_headers;
	bool has_limits;
	HttpLimits limits; /* as set */
	char *cacert;	   /* as set */
	char *url;		   /* as set */
	CURLU *parsed_url; /* the same, once it was asked for again */
	bool insecure;
	bool pipewait;

	/* When the socket event came that is being served; 0: none is. */
	const int64_t *event_ns;
	int64_t data_ns; /* the same, of the last bytes */
	char error[CURL_ERROR_SIZE];
} HttpEasy;

/*
 * libcurl itself, counted; any thread.  The first one in initialises it, the
 * last one out cleans up.
 */
extern void http_library_begin(void);
extern void http_library_end(void);

extern void http_easy_open(HttpEasy *easy, const int64_t *event_ns);
extern void http_easy_close(HttpEasy *easy);

/* A request comes: forget what came back for it the last time. */
extern void http_easy_begin(HttpEasy *easy, HttpRequest *request,
							int64_t now_ns);

/*
 * Set the handle for the request's hop.  False: it is not one that can be
 * sent, err says why.  Nothing of it is used any more after http_easy_finish.
 */
extern bool http_easy_prepare(HttpEasy *easy, const HttpUrl *url, Err *err);

/*
 * It has ended: is there another hop to be made?  Then the handle has to be
 * prepared again.  False: http_easy_finish comes next.
 */
extern bool http_easy_follow(HttpEasy *easy, CURLcode code, int64_t now_ns,
							 int64_t lookup_ns);

/*
 * Read what came back into the request: status, type, phases, or the error.
 * ended_ns: now; lookup_ns: what looking up the name took beforehand.
 */
extern void http_easy_finish(HttpEasy *easy, CURLcode code, int64_t ended_ns,
							 int64_t lookup_ns);

/* A socket that a child process does not inherit, or CURL_SOCKET_BAD. */
extern curl_socket_t http_easy_socket(const struct curl_sockaddr *address);

/* http_send.c: for every request of a handle, and for the hop it has now. */
extern void http_send_once(HttpEasy *easy);
extern bool http_send_prepare(HttpEasy *easy, Err *err);

/* http_error.c: what a failed transfer is called, and what kind it is. */
extern void http_error(const HttpEasy *easy, CURLcode code, Err *err);
extern bool http_sent_nothing(const HttpEasy *easy);
extern RetryFault http_fault(const HttpEasy *easy, CURLcode code);

#endif /* HTTP_EASY_H */
