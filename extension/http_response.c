/*
 * http_response.c
 *		The answer to a request as columns.
 *
 * A body that is valid text in the database encoding becomes the column as it
 * lies in the receive buffer, without a copy.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat.h"
#include "http_charset.h"
#include "http_response.h"

/* Room in a row for everything but body and headers. */
#define ROW_SLACK_BYTES (1024 * 1024)

void
response_shape(ResponseShape *shape, TupleDesc desc)
{
	bool by_value;

	shape->url = column_find(desc, "url");
	shape->status = column_find(desc, "status");
	shape->headers = column_find(desc, "headers");
	shape->content_type = column_find(desc, "content_type");
	shape->body = column_find(desc, "body");
	shape->body_bytes = column_find(desc, "body_bytes");
	shape->started_at = column_find(desc, "started_at");
	shape->finished_at = column_find(desc, "finished_at");
	shape->dns_ms = column_find(desc, "dns_ms");
	shape->connect_ms = column_find(desc, "connect_ms");
	shape->tls_ms = column_find(desc, "tls_ms");
	shape->first_byte_ms = column_find(desc, "first_byte_ms");
	shape->total_ms = column_find(desc, "total_ms");

	shape->header_type =
		get_element_type(TupleDescAttr(desc, shape->headers)->atttypid);
	shape->header_desc = lookup_rowtype_tupdesc_copy(shape->header_type, -1);
	BlessTupleDesc(shape->header_desc);
	shape->header_name = column_find(shape->header_desc, "name");
	shape->header_value = column_find(shape->header_desc, "value");
	get_typlenbyvalalign(shape->header_type, &shape->header_length, &by_value,
						 &shape->header_align);
}

static uint64
descriptor_id(Oid type)
{
	return lookup_type_cache(type, TYPECACHE_TUPDESC)->tupDesc_identifier;
}

/*
 * To find the columns costs more than to fill them, so that it is done once a
 * session, and again when a type has changed: an identifier is never used for
 * two descriptors.
 */
const ResponseType *
response_type(Oid type)
{
	static ResponseType *known = NULL;
	static uint64 row_id = 0;
	static uint64 header_id = 0;
	MemoryContext cxt;
	MemoryContext caller;
	ResponseType *made;

	if (known && known->desc->tdtypeid == type &&
		descriptor_id(type) == row_id &&
		descriptor_id(known->shape.header_type) == header_id)
		return known;

	cxt = AllocSetContextCreate(CurrentMemoryContext, "asyncdemo response",
								ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(cxt);
	made = palloc0(sizeof(ResponseType));
	made->desc = lookup_rowtype_tupdesc_copy(type, -1);
	response_shape(&made->shape, made->desc);
	MemoryContextSwitchTo(caller);

	row_id = descriptor_id(type);
	header_id = descriptor_id(made->shape.header_type);
	MemoryContextSetParent(cxt, TopMemoryContext);
	if (known)
		MemoryContextDelete(GetMemoryChunkContext(known));
	known = made;
	return known;
}

const ResponseType *
response_type_returned(FunctionCallInfo fcinfo)
{
	Oid type = get_fn_expr_rettype(fcinfo->flinfo);

	if (!OidIsValid(type))
		type = get_func_rettype(fcinfo->flinfo->fn_oid);
	return response_type(type);
}

static Datum
headers_datum(const ResponseShape *shape, const HttpResult *result)
{
	Datum *elements = palloc(sizeof(Datum) * Max(result->nheaders, 1));
	int n = 0;
	size_t position = 0;
	const char *name;
	const char *value;
	size_t name_length;
	size_t value_length;
	HttpRow row;

	row_init(&row, shape->header_desc);
	while (result_next_header(result, &position, &name, &name_length, &value,
							  &value_length))
	{
		row_clear(&row);
		row_set(&row, shape->header_name,
				PointerGetDatum(charset_header_text(name, name_length)));
		row_set(&row, shape->header_value,
				PointerGetDatum(charset_header_text(value, value_length)));
		elements[n++] = row_datum(&row);
	}
	return PointerGetDatum(construct_array(elements, n, shape->header_type,
										   shape->header_length, false,
										   shape->header_align));
}

/* The receive buffer, made the varlena that it was to become. */
static Datum
body_in_place(HttpResult *result)
{
	SET_VARSIZE(result->body, VARHDRSZ + result->body_used);
	return PointerGetDatum(result->body);
}

static bool
too_large(HttpFailure *failure, const HttpUrl *url, const char *why)
{
	return failure_set(failure, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
					   "body of the response from %s is too large to %s",
					   url_shown(url), why);
}

static bool
fill_body(const ResponseShape *shape, HttpRow *row, Fetch *fetch,
		  const char *content_type, HttpFailure *failure)
{
	HttpResult *result = &fetch->result;
	int encoding = charset_of_type(content_type);
	const char *bytes = result->body ? VARDATA(result->body) : "";
	text *converted;

	if (result->body == NULL)
	{
		row_set(row, shape->body, PointerGetDatum(cstring_to_text("")));
		return true;
	}
	if (!charset_is_valid(encoding, bytes, result->body_used))
	{
		row_set(row, shape->body_bytes, body_in_place(result));
		return true;
	}
	if (!charset_is_converted(encoding))
	{
		row_set(row, shape->body, body_in_place(result));
		return true;
	}
	if (result->body_used > CHARSET_MAX_BYTES)
		return too_large(failure, fetch->request.url,
						 "be converted to the database encoding");
	converted = charset_convert(encoding, bytes, result->body_used);
	if (converted)
		row_set(row, shape->body, PointerGetDatum(converted));
	else
		row_set(row, shape->body_bytes, body_in_place(result));
	return true;
}

static void
fill_times(const ResponseShape *shape, HttpRow *row, const Fetch *fetch)
{
	const HttpResult *result = &fetch->result;

	if (fetch->started_ns == 0)
		return; /* it never began */
	row_set(row, shape->started_at, TimestampTzGetDatum(fetch->started_at));
	row_set(row, shape->finished_at, TimestampTzGetDatum(fetch->finished_at));
	row_set(row, shape->total_ms, Float8GetDatum(result->total_ms));
	if (fetch->failure.sqlstate != 0)
		return;
	row_set(row, shape->dns_ms, Float8GetDatum(result->dns_ms));
	row_set(row, shape->connect_ms, Float8GetDatum(result->connect_ms));
	row_set(row, shape->first_byte_ms, Float8GetDatum(result->first_byte_ms));
	if (result->tls_ms >= 0)
		row_set(row, shape->tls_ms, Float8GetDatum(result->tls_ms));
}

/* A tuple is one allocation, and has a limit. */
static bool
fits_in_row(const ResponseShape *shape, const HttpRow *row)
{
	Size size = ROW_SLACK_BYTES;

	if (!row->nulls[shape->body])
		size += VARSIZE_ANY(DatumGetPointer(row->values[shape->body]));
	if (!row->nulls[shape->body_bytes])
		size += VARSIZE_ANY(DatumGetPointer(row->values[shape->body_bytes]));
	if (!row->nulls[shape->headers])
		size += VARSIZE_ANY(DatumGetPointer(row->values[shape->headers]));
	return size < MaxAllocSize;
}

bool
response_fill(const ResponseShape *shape, HttpRow *row, Fetch *fetch,
			  HttpFailure *failure)
{
	char *type;

	if (fetch->request.url)
		row_set(row, shape->url,
				CStringGetTextDatum(fetch->request.url->plain));
	fill_times(shape, row, fetch);
	if (fetch->failure.sqlstate != 0)
		return true;

	row_set(row, shape->status, Int32GetDatum(fetch->result.status));
	row_set(row, shape->headers, headers_datum(shape, &fetch->result));
	type = result_header(&fetch->result, "content-type");
	if (type)
		row_set(row, shape->content_type,
				PointerGetDatum(charset_header_text(type, strlen(type))));
	if (!fill_body(shape, row, fetch, type, failure))
		return false;
	if (!fits_in_row(shape, row))
		return too_large(failure, fetch->request.url, "fit into a row");
	return true;
}
