/*
 * http_result.h
 *		What a server answers, while it arrives: bounded buffers.
 *
 * The two functions that add to a result are called from libcurl's callbacks:
 * they never throw, and return false when receiving must stop, with the reason
 * in "stopped".
 */
#ifndef ASYNCDEMO_HTTP_RESULT_H
#define ASYNCDEMO_HTTP_RESULT_H

#include "utils/palloc.h"

/* All header lines of a request together, interim responses included. */
#define HEAD_MAX_BYTES (256 * 1024)

typedef enum ResultStop
{
	RESULT_FINE,
	RESULT_HEAD_TOO_LARGE,
	RESULT_HEAD_MALFORMED,
	RESULT_BODY_TOO_LARGE,
	RESULT_MEMORY_FULL, /* asyncdemo.http_max_memory */
	RESULT_OUT_OF_MEMORY,
	RESULT_BODY_NOT_WANTED /* of a redirect that is followed */
} ResultStop;

typedef enum HeadState
{
	HEAD_STATUS_LINE, /* the next line is a status line */
	HEAD_FIELDS,
	HEAD_DONE
} HeadState;

typedef struct HttpResult
{
	MemoryContext cxt; /* where the buffers live */
	int64 max_body_bytes;
	bool without_body; /* the answer to a HEAD */
	bool follow;	   /* a redirect's own body is not wanted */

	ResultStop stopped;
	HeadState head_state;
	int status;
	char *head; /* the lines of the last response, each ended
				 * by one newline, without the status line */
	size_t head_used;
	size_t head_size;
	int nheaders;		  /* in head */
	size_t head_total;	  /* counted over all responses */
	int64 content_length; /* as claimed, or -1 */

	struct varlena *body; /* becomes the text or bytea as it is */
	size_t body_used;	  /* without the varlena's header */
	size_t body_size;
	size_t body_skipped; /* of a redirect */

	/* durations, summed over the hops; tls_ms is negative without TLS */
	double dns_ms;
	double connect_ms;
	double tls_ms;
	double first_byte_ms; /* since the request began */
	double total_ms;
} HttpResult;

/* Prepare for one more response; what an earlier hop left is thrown away. */
extern void result_begin(HttpResult *result);

/* Take in one header line, or some bytes of a body. */
extern bool result_add_line(HttpResult *result, const char *line, size_t n);
extern bool result_add_body(HttpResult *result, const char *bytes, size_t n);

/* Free the buffers, once nobody needs the body any more. */
extern void result_clear(HttpResult *result);

/* Bytes of all bodies that this session holds at the moment. */
extern int64 result_held_bytes(void);

/* The first header of that name, trimmed, in the current context, or NULL. */
extern char *result_header(const HttpResult *result, const char *name);

/*
 * Walk over the headers: start with *position 0; false after the last.  The
 * pieces point into the buffer and are not terminated.
 */
extern bool result_next_header(const HttpResult *result, size_t *position,
							   const char **name, size_t *name_length,
							   const char **value, size_t *value_length);

#endif /* ASYNCDEMO_HTTP_RESULT_H */
