/*
 * http_sql.c
 *		The SQL face: arguments in, rows out.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#include "clock.h"
#include "http_arguments.h"
#include "http_batch.h"
#include "http_response.h"
#include "http_settings.h"

/* How many at a time when nobody says. */
#define CONCURRENCY_DEFAULT 10

PG_FUNCTION_INFO_V1(asyncdemo_http_fetch);
PG_FUNCTION_INFO_V1(asyncdemo_http_get);
PG_FUNCTION_INFO_V1(asyncdemo_http_head);
PG_FUNCTION_INFO_V1(asyncdemo_http_delete);
PG_FUNCTION_INFO_V1(asyncdemo_http_post);
PG_FUNCTION_INFO_V1(asyncdemo_http_put);
PG_FUNCTION_INFO_V1(asyncdemo_http_patch);
PG_FUNCTION_INFO_V1(asyncdemo_http_fetch_all);
PG_FUNCTION_INFO_V1(asyncdemo_http_fetch_requests);

/* One request. */

static void
build_or_raise(Fetch *fetch, const RequestArguments *args)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);

	if (!request_build(&fetch->request, args, &fetch->failure))
		failure_raise(&fetch->failure, NULL);
	MemoryContextSwitchTo(caller);
}

static Datum
response_datum(const ResponseType *type, Fetch *fetch)
{
	HttpRow row;

	if (fetch->failure.sqlstate != 0)
		failure_raise(&fetch->failure, NULL);
	row_init(&row, type->desc);
	if (!response_fill(&type->shape, &row, fetch, &fetch->failure))
		failure_raise(&fetch->failure, NULL);
	return row_datum(&row);
}

static Datum
fetch_one(FunctionCallInfo fcinfo, const RequestArguments *args)
{
	const ResponseType *type = response_type_returned(fcinfo);
	Fetch *fetch = fetch_new();
	Datum response = 0;
	dlist_head done;

	dlist_init(&done);
	PG_TRY();
	{
		build_or_raise(fetch, args);
		fetch_start(fetch, &done);
		while (fetch->state != FETCH_DONE)
			fetches_turn(NS_NEVER);
		response = response_datum(type, fetch);
	}
	PG_FINALLY();
	{
		fetch_release(fetch);
	}
	PG_END_TRY();
	return response;
}

Datum
asyncdemo_http_fetch(PG_FUNCTION_ARGS)
{
	RequestArguments args;

	arguments_get(fcinfo, &args);
	return fetch_one(fcinfo, &args);
}

static Datum
fetch_plain(FunctionCallInfo fcinfo, const char *method)
{
	RequestArguments args;

	arguments_get_plain(fcinfo, &args);
	args.method = cstring_to_text(method);
	return fetch_one(fcinfo, &args);
}

static Datum
fetch_with_body(FunctionCallInfo fcinfo, const char *method)
{
	RequestArguments args;

	arguments_get_body(fcinfo, &args);
	args.method = cstring_to_text(method);
	return fetch_one(fcinfo, &args);
}

Datum
asyncdemo_http_get(PG_FUNCTION_ARGS)
{
	return fetch_plain(fcinfo, "GET");
}

Datum
asyncdemo_http_head(PG_FUNCTION_ARGS)
{
	return fetch_plain(fcinfo, "HEAD");
}

Datum
asyncdemo_http_delete(PG_FUNCTION_ARGS)
{
	return fetch_with_body(fcinfo, "DELETE");
}

Datum
asyncdemo_http_post(PG_FUNCTION_ARGS)
{
	return fetch_with_body(fcinfo, "POST");
}

Datum
asyncdemo_http_put(PG_FUNCTION_ARGS)
{
	return fetch_with_body(fcinfo, "PUT");
}

Datum
asyncdemo_http_patch(PG_FUNCTION_ARGS)
{
	return fetch_with_body(fcinfo, "PATCH");
}

/*
 * Sets.  Rows are sorted back into the order of the input, on disk if need be,
 * so that only the bodies in flight are in memory.
 */
typedef struct SetCall
{
	/* input */
	Datum *elements;
	bool *nulls;
	bool are_urls;
	int64 timeout_ms; /* of each, or 0 */

	/* output */
	HttpRow row;
	ResponseShape shape;
	int ordinal;
	int error_code;
	int error;
	Tuplesortstate *sort;
	TupleTableSlot *slot;
	MemoryContext row_cxt;
} SetCall;

static bool
on_build(void *arg, int i, HttpRequest *request, HttpFailure *failure)
{
	SetCall *call = arg;
	RequestArguments args = {0};

	if (call->nulls[i])
		return failure_set(failure, ERRCODE_NULL_VALUE_NOT_ALLOWED,
						   call->are_urls ? "url must not be null"
										  : "request must not be null");
	if (call->are_urls)
		args.url = DatumGetTextPP(call->elements[i]);
	else
		arguments_from_datum(call->elements[i], &args);
	if (!request_build(request, &args, failure))
		return false;
	if (args.timeout == NULL && call->timeout_ms > 0)
		request->timeout_ms = call->timeout_ms;
	return true;
}

/* The sentence, and what an error would have told as its detail. */
static char *
error_text(const HttpFailure *failure)
{
	if (failure->detail == NULL)
		return failure->message;
	return psprintf("%s: %.*s", failure->message,
					(int) strlen(failure->detail) - 1, failure->detail);
}

static void
on_done(void *arg, Fetch *fetch)
{
	SetCall *call = arg;
	HttpRow *row = &call->row;
	HttpFailure *failure = &fetch->failure;
	MemoryContext caller = MemoryContextSwitchTo(call->row_cxt);

	row_clear(row);
	if (!response_fill(&call->shape, row, fetch, failure))
	{
		row_clear(row);
		response_fill(&call->shape, row, fetch, failure);
	}
	row_set(row, call->ordinal, Int32GetDatum(fetch->ordinal));
	if (failure->sqlstate != 0)
	{
		row_set(row, call->error_code,
				CStringGetTextDatum(unpack_sql_state(failure->sqlstate)));
		row_set(row, call->error, CStringGetTextDatum(error_text(failure)));
	}

	ExecClearTuple(call->slot);
	memcpy(call->slot->tts_values, row->values,
		   row->desc->natts * sizeof(Datum));
	memcpy(call->slot->tts_isnull, row->nulls,
		   row->desc->natts * sizeof(bool));
	ExecStoreVirtualTuple(call->slot);
	MemoryContextSwitchTo(caller);
	tuplesort_puttupleslot(call->sort, call->slot);
	ExecClearTuple(call->slot);
	MemoryContextReset(call->row_cxt);
}

static void
begin_output(SetCall *call, TupleDesc desc)
{
	AttrNumber column;
	Oid less = Int4LessOperator;
	Oid collation = InvalidOid;
	bool nulls_first = false;

	row_init(&call->row, desc);
	response_shape(&call->shape, desc);
	call->ordinal = column_find(desc, "ordinal");
	call->error_code = column_find(desc, "error_code");
	call->error = column_find(desc, "error");
	column = call->ordinal + 1;
	call->sort = tuplesort_begin_heap(desc, 1, &column, &less, &collation,
									  &nulls_first, work_mem, NULL, 0);
	call->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	call->row_cxt = AllocSetContextCreate(
		CurrentMemoryContext, "asyncdemo row", ALLOCSET_DEFAULT_SIZES);
}

static void
end_output(SetCall *call, Tuplestorestate *store)
{
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(call->row.desc, &TTSOpsMinimalTuple);

	tuplesort_performsort(call->sort);
	while (tuplesort_gettupleslot(call->sort, true, false, slot, NULL))
	{
		tuplestore_puttupleslot(store, slot);
		CHECK_FOR_INTERRUPTS();
	}
	ExecDropSingleTupleTableSlot(slot);
	ExecDropSingleTupleTableSlot(call->slot);
	tuplesort_end(call->sort);
}

static int
get_concurrency(FunctionCallInfo fcinfo)
{
	int concurrency;

	if (PG_ARGISNULL(1))
		return Min(CONCURRENCY_DEFAULT, http_max_concurrency);
	concurrency = PG_GETARG_INT32(1);
	if (concurrency < 1 || concurrency > http_max_concurrency)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("concurrency %d is out of range: it is from 1 to %d",
					concurrency, http_max_concurrency),
			 errhint(
				 "The upper limit is the setting asyncdemo.http_max_concurrency.")));
	return concurrency;
}

static void
get_elements(ArrayType *array, SetCall *call, int *n)
{
	Oid type = ARR_ELEMTYPE(array);
	int16 length;
	bool by_value;
	char align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &call->elements,
					  &call->nulls, n);
}

static Datum
fetch_set(FunctionCallInfo fcinfo, bool are_urls)
{
	SetCall call = {0};
	Batch batch = {0};
	Tuplestorestate *store;
	TupleDesc desc;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("%s must not be null",
							   are_urls ? "urls" : "requests")));
	call.are_urls = are_urls;
	call.timeout_ms = argument_ms(fcinfo, 2, 1, 0, "timeout");
	batch.concurrency = get_concurrency(fcinfo);
	batch.deadline_ms = argument_ms(fcinfo, 3, 1, 0, "deadline");
	get_elements(PG_GETARG_ARRAYTYPE_P(0), &call, &batch.n);
	batch.build = on_build;
	batch.on_done = on_done;
	batch.arg = &call;

	store = rows_begin(fcinfo, &desc);
	begin_output(&call, desc);
	batch_run(&batch);
	end_output(&call, store);
	return (Datum) 0;
}

Datum
asyncdemo_http_fetch_all(PG_FUNCTION_ARGS)
{
	return fetch_set(fcinfo, true);
}

Datum
asyncdemo_http_fetch_requests(PG_FUNCTION_ARGS)
{
	return fetch_set(fcinfo, false);
}
