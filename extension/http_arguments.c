/*
 * http_arguments.c
 *		The arguments of the SQL functions that describe a request.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "utils/builtins.h"

#include "http_arguments.h"

static text *
text_argument(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : PG_GETARG_TEXT_PP(number);
}

static Jsonb *
jsonb_argument(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : PG_GETARG_JSONB_P(number);
}

static Interval *
interval_argument(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : PG_GETARG_INTERVAL_P(number);
}

static void
get_bodies(FunctionCallInfo fcinfo, int first, RequestArguments *args)
{
	args->body = text_argument(fcinfo, first);
	args->body_json = jsonb_argument(fcinfo, first + 1);
	args->body_bytes =
		PG_ARGISNULL(first + 2) ? NULL : PG_GETARG_BYTEA_PP(first + 2);
	args->content_type = text_argument(fcinfo, first + 3);
	args->timeout = interval_argument(fcinfo, first + 4);
}

void
arguments_get(FunctionCallInfo fcinfo, RequestArguments *args)
{
	args->url = text_argument(fcinfo, 0);
	args->method = text_argument(fcinfo, 1);
	args->headers = jsonb_argument(fcinfo, 2);
	args->params = jsonb_argument(fcinfo, 3);
	get_bodies(fcinfo, 4, args);
}

void
arguments_get_plain(FunctionCallInfo fcinfo, RequestArguments *args)
{
	memset(args, 0, sizeof(*args));
	args->url = text_argument(fcinfo, 0);
	args->headers = jsonb_argument(fcinfo, 1);
	args->params = jsonb_argument(fcinfo, 2);
	args->timeout = interval_argument(fcinfo, 3);
}

void
arguments_get_body(FunctionCallInfo fcinfo, RequestArguments *args)
{
	memset(args, 0, sizeof(*args));
	args->url = text_argument(fcinfo, 0);
	args->headers = jsonb_argument(fcinfo, 1);
	args->params = jsonb_argument(fcinfo, 2);
	get_bodies(fcinfo, 3, args);
}

/* A column of a composite value, detoasted, or NULL. */
static struct varlena *
varlena_column(HeapTupleHeader tuple, const char *name)
{
	bool is_null;
	Datum value = GetAttributeByName(tuple, name, &is_null);

	return is_null ? NULL : PG_DETOAST_DATUM(value);
}

void
arguments_from_datum(Datum request, RequestArguments *args)
{
	HeapTupleHeader tuple = DatumGetHeapTupleHeader(request);
	bool is_null;
	Datum timeout = GetAttributeByName(tuple, "timeout", &is_null);

	args->url = varlena_column(tuple, "url");
	args->method = varlena_column(tuple, "method");
	args->headers = (Jsonb *) varlena_column(tuple, "headers");
	args->params = (Jsonb *) varlena_column(tuple, "params");
	args->body = varlena_column(tuple, "body");
	args->body_json = (Jsonb *) varlena_column(tuple, "body_json");
	args->body_bytes = varlena_column(tuple, "body_bytes");
	args->content_type = varlena_column(tuple, "content_type");
	args->timeout = is_null ? NULL : DatumGetIntervalP(timeout);
}

int64
argument_ms(FunctionCallInfo fcinfo, int number, int64 least_ms,
			int64 missing_ms, const char *what)
{
	HttpFailure failure = {0};
	int64 ms;

	if (PG_ARGISNULL(number))
		return missing_ms;
	ms =
		interval_to_ms(PG_GETARG_INTERVAL_P(number), least_ms, what, &failure);
	if (failure.sqlstate != 0)
		failure_raise(&failure, NULL);
	return ms;
}
