/*
 * http_gate.h
 *	  Our own limits for HTTP: so many requests a second, so many at a time
 *	  for each host.
 *
 * A request waits here, before libcurl knows of it: inside libcurl, waiting
 * for a connection would use up its time-outs.  First come, first served,
 * for each host; a host is what stands before the path of a URL.
 */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "loop.h"

typedef struct HttpGate HttpGate;
typedef struct HttpHost HttpHost;

/* One request on its way through the gate; zero bytes: none. */
typedef struct HttpTurn
{
	/* Its turn has come.  Called from anywhere, so only record and wake. */
	void (*on_turn)(struct HttpTurn *turn);
	void *arg;

	/* The gate's. */
	HttpHost *host;
	enum
	{
		TURN_NONE,
		TURN_AT_HOST, /* too many under way there */
		TURN_AT_RATE, /* counted as under way, but not yet begun */
		TURN_TAKEN
	} state;
	struct HttpTurn *next;
	struct HttpTurn *prev;
} HttpTurn;

/* rate, per_host: 0 is no limit.  http_gate_free is for when all have left. */
extern HttpGate *http_gate_new(Loop *loop, double rate, int per_host);
extern void http_gate_free(HttpGate *gate);

/* True: go on at once.  False: on_turn comes later. */
extern bool http_gate_enter(HttpGate *gate, HttpTurn *turn, const char *url);

/* The request is over, or gave up waiting.  Without a turn: nothing. */
extern void http_gate_leave(HttpGate *gate, HttpTurn *turn);
extern bool http_turn_is_waiting(const HttpTurn *turn);

#endif /* HTTP_GATE_H */
