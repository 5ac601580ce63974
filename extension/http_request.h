/*
 * http_request.h
 *		What is asked for: plain data, checked when it is built.
 */
#ifndef ASYNCDEMO_HTTP_REQUEST_H
#define ASYNCDEMO_HTTP_REQUEST_H

#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "http_failure.h"
#include "http_url.h"

/* A header to send; without a value, a default header to leave out. */
typedef struct HttpField
{
	char *name;
	char *value;
	bool is_default; /* not the caller's own */
} HttpField;

typedef struct HttpRequest
{
	HttpUrl *url;
	const char *method;
	HttpField *fields;
	int nfields;
	const char *body; /* NULL: none */
	size_t body_bytes;
	int64 timeout_ms;
} HttpRequest;

/* What a caller gave; a NULL pointer stands for a NULL argument. */
typedef struct RequestArguments
{
	text *url;
	text *method;
	Jsonb *headers;
	Jsonb *params;
	text *body;
	Jsonb *body_json;
	bytea *body_bytes;
	text *content_type;
	Interval *timeout;
} RequestArguments;

/*
 * Check the arguments and build a request from them in the current memory
 * context.  A body that needs no conversion stays where the argument is, which
 * must outlive the request.  False and a failure when an argument is wrong.
 */
extern bool request_build(HttpRequest *request, const RequestArguments *args,
						  HttpFailure *failure);

/* Copy the body, for a request that outlives its statement. */
extern void request_keep_body(HttpRequest *request);

/*
 * Turn it into the request that a redirect with that status leads to.
 * What only the first origin was to see is left out elsewhere.
 */
extern void request_redirect(HttpRequest *request, HttpUrl *next, int status);

/* A query string such as a=1&b=2 from an object or an array of pairs. */
extern char *query_from_jsonb(Jsonb *params, HttpFailure *failure);

/*
 * Milliseconds of a time-out argument, from least_ms to a day; -1 and a
 * failure otherwise.  "what" is the argument's name.
 */
extern int64 interval_to_ms(Interval *span, int64 least_ms, const char *what,
							HttpFailure *failure);

/* Percent-encode all but letters, digits and -._~ of some UTF-8. */
extern void append_percent_encoded(StringInfo out, const char *utf8);

#endif /* ASYNCDEMO_HTTP_REQUEST_H */
