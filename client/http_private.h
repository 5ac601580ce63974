/*
 * http_private.h
 *	  Transfers and what they share: for http.c, http_socket.c and
 *	  http_wait.c only.
 *
 *	LOOKING_UP -> LIVE -> ENDED		(or straight to ENDED)
 *
 * LOOKING_UP: on the waiting list of a name.  LIVE: libcurl has it.  ENDED:
 * on http->ended; http_deliver takes it from there, the only way out.
 */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include "http_easy.h"
#include "http_names.h"

typedef enum TransferState
{
	TRANSFER_IDLE,
	TRANSFER_LOOKING_UP,
	TRANSFER_LIVE,
	TRANSFER_ENDED
} TransferState;

typedef struct Transfer
{
	HttpEasy easy;
	Http *http;
	TransferState state;
	bool in_multi;
	CURLcode code;	   /* ENDED, when the request has no error yet */
	int64_t lookup_ns; /* what looking up the name took */
	LoopTimer lookup_timeout;
	HttpName *name;			   /* LOOKING_UP: which one */
	struct Transfer *next;	   /* http->idle, a name's waiters, http->ended */
	struct Transfer *all_next; /* every transfer there is */
} Transfer;

struct Http
{
	Loop *loop;
	int max_per_host;
	CURLM *multi; /* NULL before the first request */
	HttpNames names;
	struct NameWait *name_waits;
	LoopTimer timer;
	long timer_ms; /* what libcurl asked for last; -1: none */
	bool timer_changed;
	int64_t event_ns; /* of the socket event being served; 0 */
	bool in_callback; /* the loop's: http_deliver comes at its end */
	LoopJob ended_job;
	Transfer *ended_head;
	Transfer **ended_tail;
	Transfer *idle;
	Transfer *all;
	struct HttpSocket **sockets; /* by descriptor; NULL: not watched */
	int sockets_cap;
	HttpLane **lanes; /* those not lent */
	int nlanes;
	int lanes_cap;
};

/* http.c: the transfer begins; a warm one has left when this returns. */
extern void transfer_add(Transfer *transfer, struct curl_slist *resolve);
/* Its end is known: on_done comes from the loop. */
extern void transfer_end(Transfer *transfer, CURLcode code);
/* Something happened at this socket: from the loop's callbacks only. */
extern void http_serve(Http *http, curl_socket_t fd, int flags);

/* http_socket.c: what libcurl calls to have a socket watched, and closed. */
extern int http_on_want_socket(CURL *curl, curl_socket_t fd, int what,
							   void *arg, void *known);
extern int http_on_close_socket(void *arg, curl_socket_t fd);

/* http_wait.c: until the name's address is known */
extern void transfer_wait_for_name(Transfer *transfer, HttpName *name);
/* The lookup itself goes on: its result may serve the next request. */
extern void transfer_stop_waiting(Transfer *transfer);
extern void http_forget_waits(Http *http);

#endif /* HTTP_PRIVATE_H */
