/*
 * http_response.h
 *		The answer to a request as columns.
 */
#ifndef ASYNCDEMO_HTTP_RESPONSE_H
#define ASYNCDEMO_HTTP_RESPONSE_H

#include "http_columns.h"
#include "http_fetch.h"

/* Where the columns of a response stand in a row type. */
typedef struct ResponseShape
{
	int url;
	int status;
	int headers;
	int content_type;
	int body;
	int body_bytes;
	int started_at;
	int finished_at;
	int dns_ms;
	int connect_ms;
	int tls_ms;
	int first_byte_ms;
	int total_ms;
	Oid header_type;
	TupleDesc header_desc;
	int header_name;
	int header_value;
	int16 header_length;
	char header_align;
} ResponseShape;

/* Look them up; what is allocated goes into the current memory context. */
extern void response_shape(ResponseShape *shape, TupleDesc desc);

/* The type http_response, as it is now; stays until it is asked for again. */
typedef struct ResponseType
{
	TupleDesc desc;
	ResponseShape shape;
} ResponseType;

extern const ResponseType *response_type(Oid type);

/* The same for the running function, which returns it. */
extern const ResponseType *response_type_returned(FunctionCallInfo fcinfo);

/*
 * Set the columns of a fetch that is done.  If it failed, only those that are
 * known.  The row points into the fetch, which must outlive it.  False and a
 * failure when the response does not fit into a row.
 */
extern bool response_fill(const ResponseShape *shape, HttpRow *row,
						  Fetch *fetch, HttpFailure *failure);

#endif /* ASYNCDEMO_HTTP_RESPONSE_H */
