/*
 * serve_params.h
 *	  What a URL asks of the delay server.
 *
 *	  /?delay=S&jitter=S&value=V&status=N&size=BYTES&fail=close|reset|truncate
 *
 * Plain data, embedded in a request; serve_params_free gives back the value.
 */
#ifndef SERVE_PARAMS_H
#define SERVE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

#define SERVE_MAX_DELAY_S 3600
#define SERVE_MAX_BYTES 100000000

typedef enum ServeFail
{
	SERVE_ANSWER,  /* do not fail */
	SERVE_CLOSE,   /* close without an answer */
	SERVE_RESET,   /* the same with a TCP reset */
	SERVE_TRUNCATE /* announce the body, send half of it, close */
} ServeFail;

typedef struct ServeParams
{
	unsigned given; /* bits, to tell what is given twice */
	double delay_s;
	char delay_text[32]; /* as it was given */
	double jitter_s;	 /* adds 0 to this, evenly spread */
	Buf value;			 /* as JSON; empty: null */
	unsigned status;
	int64_t size_bytes; /* the body has at least these */
	ServeFail fail;
} ServeParams;

extern void serve_params_init(ServeParams *params);
extern void serve_params_free(ServeParams *params);

/* Take one parameter; the message of a false names it and its range. */
extern bool serve_params_set(ServeParams *params, const char *name,
							 const char *value, size_t len, Err *err);

/* The answer: {"value": 300, "delay": 3} */
extern void serve_params_body(const ServeParams *params, Buf *body);

#endif /* SERVE_PARAMS_H */
