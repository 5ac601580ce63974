/*
 * http.h
 *	  HTTP transfers: libcurl's multi interface on the loop.
 *
 * The only client file that sees libcurl is http.c (and http_*.c).  A
 * request belongs to its caller until on_done, which comes exactly once, from
 * the loop, never from inside http_start.  Set it up with http_request_init,
 * end it with http_request_clear; it may be used again and again.
 */
#ifndef HTTP_H
#define HTTP_H

#include "buf.h"
#include "loop.h"
#include "loop_call.h"
#include "retry.h"
#include "trace.h"

typedef struct Http Http;
typedef struct HttpLane HttpLane;

typedef struct HttpRequest
{
	/* What to ask; the strings must live until on_done. */
	const char *method;
	const char *url;
	const char *const *headers; /* "Name: value" */
	int nheaders;
	const char *body; /* NULL: none */
	size_t body_len;
	int follow; /* redirects followed at most */
	int64_t max_body_bytes;
	int64_t timeout_ns; /* -1: none */
	int64_t connect_timeout_ns;
	const char *cacert;
	bool insecure;

	void (*on_done)(struct HttpRequest *request);
	void *arg;

	/* What came back. */
	Err err;		  /* kind ERR_NONE: there is a status */
	RetryFault fault; /* of err: may it help to try again? */
	int status;
	Buf answer; /* the body, NUL-terminated */
	char content_type[128];
	int64_t retry_after_s; /* Retry-After in seconds; -1: none */
	bool reused;		   /* the connection was warm */
	int64_t started_ns;
	int64_t arrived_ns; /* when the last of it was there to be read */
	int64_t ended_ns;
	int64_t phase_ns[PHASES];

	void *private; /* http.c's */
} HttpRequest;

/*
 * No network and no libcurl initialisation happens before the first request.
 * http_free abandons what is under way (on_done does not come), frees the
 * lanes that were given back, and must come before loop_free.
 */
extern Http *http_new(Loop *loop, int max_per_host); /* 0: no limit */
extern void http_free(Http *http);

extern void http_request_init(HttpRequest *request);
extern void http_request_clear(HttpRequest *request);

/* Begin: with a warm connection the request has left when this returns. */
extern void http_start(Http *http, HttpRequest *request);

/* Ask to stop: on_done comes soon, with ERR_CANCEL if it had not ended. */
extern void http_cancel(Http *http, HttpRequest *request);

/*
 * The same as a call that really blocks (curl_easy_perform).  A lane is a
 * handle with a connection cache of its own: one for the loop's thread, one
 * for each worker.  http_perform blocks the calling thread and fills the
 * result fields; on_done is not called.  A call that was interrupted ends with
 * ERR_TIMEOUT or ERR_CANCEL, as call->interrupted says (call may be NULL).
 */
extern HttpLane *http_lane_new(Http *http);
extern void http_lane_free(HttpLane *lane);
extern void http_perform(HttpLane *lane, HttpRequest *request, LoopCall *call);

/*
 * Any thread: make the call on this lane end now, whatever it waits for.  For
 * LoopCall.interrupt: call->interrupted has been set before.
 */
extern void http_lane_interrupt(HttpLane *lane);

/* Take and return lanes kept for workers; loop's thread. */
extern HttpLane *http_lane_take(Http *http);
extern void http_lane_give(Http *http, HttpLane *lane);

/* The URL without user info, for messages; appended to out. */
extern void http_safe_url(const char *url, Buf *out);

#endif /* HTTP_H */
