/*
 * http_handles.c
 *		Requests that outlive the statement that sent them.
 *
 * The table belongs to the session: neither errors nor rollbacks touch it.  A
 * handle belongs to the role that sent it; for every other role it is not
 * there, but to use its number is an error of its own.  Numbers are never used
 * twice in a session.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "clock.h"
#include "http_arguments.h"
#include "http_fetch.h"
#include "http_handles.h"
#include "http_response.h"
#include "http_settings.h"

/* How often http_ready looks for more that has arrived. */
#define READY_LOOKS 16

PG_FUNCTION_INFO_V1(asyncdemo_http_send);
PG_FUNCTION_INFO_V1(asyncdemo_http_ready);
PG_FUNCTION_INFO_V1(asyncdemo_http_wait);
PG_FUNCTION_INFO_V1(asyncdemo_http_wait_any);
PG_FUNCTION_INFO_V1(asyncdemo_http_cancel);
PG_FUNCTION_INFO_V1(asyncdemo_http_pending);
PG_FUNCTION_INFO_V1(asyncdemo_http_reset);

typedef struct Handle
{
	int64 id; /* the key */
	Oid role;
	Fetch *fetch;
} Handle;

static HTAB *handles = NULL;
static int64 last_id = 0;

/* Of all handles that are done, in the order in which they became so. */
static dlist_head done = DLIST_STATIC_INIT(done);

static ProcessUtility_hook_type next_utility_hook = NULL;

static void
init_table(void)
{
	HASHCTL control;

	if (handles)
		return;
	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(int64);
	control.entrysize = sizeof(Handle);
	control.hcxt = TopMemoryContext;
	handles = hash_create("asyncdemo handles", 128, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static int64
get_id(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("id must not be null")));
	return PG_GETARG_INT64(0);
}

static Handle *
find_handle(int64 id)
{
	Handle *handle;

	init_table();
	handle = hash_search(handles, &id, HASH_FIND, NULL);
	if (handle == NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("request " INT64_FORMAT " does not exist", id),
			 errhint(
				 "It was never sent in this session, or has been waited for or cancelled already.")));
	if (handle->role != GetUserId())
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("request " INT64_FORMAT " was sent by another role", id)));
	return handle;
}

/* Take it out of the table; the fetch is the caller's. */
static Fetch *
remove_handle(Handle *handle)
{
	Fetch *fetch = handle->fetch;

	hash_search(handles, &handle->id, HASH_REMOVE, NULL);
	return fetch;
}

/* End the handles of a role, or with InvalidOid all; how many there were. */
static int
end_handles(Oid role)
{
	HASH_SEQ_STATUS scan;
	Handle *handle;
	int n = 0;

	if (handles == NULL)
		return 0;
	hash_seq_init(&scan, handles);
	while ((handle = hash_seq_search(&scan)) != NULL)
	{
		if (OidIsValid(role) && handle->role != role)
			continue;
		fetch_release(remove_handle(handle));
		n++;
	}
	return n;
}

/* Sending. */

static void
check_may_send(void)
{
	if (InSecurityRestrictedOperation())
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg(
				 "cannot send a request within a security-restricted operation")));
	if (IsInParallelMode() || IsParallelWorker())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot send a request during a parallel operation")));
	init_table();
	if (hash_get_num_entries(handles) >= http_max_handles)
		ereport(
			ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("cannot hold more than %d requests", http_max_handles),
			 errhint(
				 "Wait for some with http_wait, or raise asyncdemo.http_max_handles.")));
}

/* Until it has begun to be sent, or failed, or could do neither in time. */
static void
wait_until_sent(Fetch *fetch)
{
	int64 wake_ns = clock_now_ns() + http_connect_timeout_ms * NS_PER_MS;

	for (;;)
	{
		fetches_serve(); /* a turn would wait for the answer */
		if (fetch_is_sent(fetch) || clock_now_ns() >= wake_ns)
			return;
		fetches_turn(wake_ns);
	}
}

static int64
add_handle(Fetch *fetch)
{
	int64 id = last_id + 1;
	Handle *handle = hash_search(handles, &id, HASH_ENTER, NULL);

	handle->role = GetUserId();
	handle->fetch = fetch;
	last_id = id;
	return id;
}

Datum
asyncdemo_http_send(PG_FUNCTION_ARGS)
{
	RequestArguments args;
	MemoryContext caller;
	Fetch *fetch;
	int64 id = 0;

	check_may_send();
	arguments_get(fcinfo, &args);
	fetch = fetch_new();
	PG_TRY();
	{
		caller = MemoryContextSwitchTo(fetch->cxt);
		if (!request_build(&fetch->request, &args, &fetch->failure))
			failure_raise(&fetch->failure, NULL);
		request_keep_body(&fetch->request);
		MemoryContextSwitchTo(caller);
		fetch_start(fetch, &done);
		wait_until_sent(fetch);
		id = add_handle(fetch);
	}
	PG_CATCH();
	{
		fetch_release(fetch);
		PG_RE_THROW();
	}
	PG_END_TRY();
	PG_RETURN_INT64(id);
}

/* Waiting. */

static Datum
take_response(Handle *handle, const ResponseType *type)
{
	char *who = psprintf("request " INT64_FORMAT, handle->id);
	Fetch *fetch;
	HttpRow row;
	Datum response = 0;

	row_init(&row, type->desc);
	fetch = remove_handle(handle);
	PG_TRY();
	{
		if (fetch->failure.sqlstate != 0 ||
			!response_fill(&type->shape, &row, fetch, &fetch->failure))
			failure_raise(&fetch->failure, who);
		response = row_datum(&row);
	}
	PG_FINALLY();
	{
		fetch_release(fetch);
	}
	PG_END_TRY();
	return response;
}

/* When a wait that begins now must end. */
static int64
get_wake_ns(FunctionCallInfo fcinfo, int number)
{
	int64 ms = argument_ms(fcinfo, number, 0, -1, "timeout");

	return ms < 0 ? NS_NEVER : clock_now_ns() + ms * NS_PER_MS;
}

Datum
asyncdemo_http_wait(PG_FUNCTION_ARGS)
{
	int64 id = get_id(fcinfo);
	int64 wake_ns = get_wake_ns(fcinfo, 1);
	Handle *handle = find_handle(id);

	for (;;)
	{
		if (handle->fetch->state == FETCH_DONE)
			return take_response(handle, response_type_returned(fcinfo));
		fetches_turn(wake_ns);
		if (handle->fetch->state != FETCH_DONE && clock_now_ns() >= wake_ns)
			PG_RETURN_NULL();
	}
}

/* The first that is done of those that belong to the current role. */
static Handle *
find_done(bool *has_any)
{
	HASH_SEQ_STATUS scan;
	Handle *handle;
	Handle *first = NULL;
	dlist_iter iter;

	*has_any = false;
	init_table();
	hash_seq_init(&scan, handles);
	while ((handle = hash_seq_search(&scan)) != NULL)
	{
		if (handle->role == GetUserId())
		{
			*has_any = true;
			handle->fetch->ordinal = 1;
		}
		else
			handle->fetch->ordinal = 0;
	}
	dlist_foreach(iter, &done)
	{
		Fetch *fetch = dlist_container(Fetch, done_node, iter.cur);

		if (fetch->ordinal == 0)
			continue;
		hash_seq_init(&scan, handles);
		while ((handle = hash_seq_search(&scan)) != NULL)
		{
			if (handle->fetch == fetch)
				first = handle;
		}
		break;
	}
	return first;
}

Datum
asyncdemo_http_wait_any(PG_FUNCTION_ARGS)
{
	int64 wake_ns = get_wake_ns(fcinfo, 0);
	bool has_any;
	Handle *handle;
	TupleDesc desc;
	HttpRow row;
	int response;

	while ((handle = find_done(&has_any)) == NULL)
	{
		if (!has_any || clock_now_ns() >= wake_ns)
			PG_RETURN_NULL();
		fetches_turn(wake_ns);
	}
	desc = row_result_type(fcinfo);
	row_init(&row, desc);
	response = column_find(desc, "response");
	row_set(&row, column_find(desc, "id"), Int64GetDatum(handle->id));
	row_set(
		&row, response,
		take_response(handle,
					  response_type(TupleDescAttr(desc, response)->atttypid)));
	PG_RETURN_DATUM(row_datum(&row));
}

/* Looking and ending. */

Datum
asyncdemo_http_ready(PG_FUNCTION_ARGS)
{
	Handle *handle = find_handle(get_id(fcinfo));

	for (int i = 0; i < READY_LOOKS && handle->fetch->state != FETCH_DONE; i++)
		fetches_serve();
	PG_RETURN_BOOL(handle->fetch->state == FETCH_DONE);
}

Datum
asyncdemo_http_cancel(PG_FUNCTION_ARGS)
{
	Fetch *fetch = remove_handle(find_handle(get_id(fcinfo)));
	bool was_running = fetch->state != FETCH_DONE;

	fetch_release(fetch);
	PG_RETURN_BOOL(was_running);
}

static const char *
state_name(const Fetch *fetch)
{
	switch (fetch->state)
	{
		case FETCH_NEW:
		case FETCH_QUEUED:
			return "queued";
		case FETCH_NAMING:
			return "resolving";
		case FETCH_RUNNING:
			if (fetch->result.head_state == HEAD_DONE)
				return "receiving";
			return fetch_is_sent(fetch) ? "waiting" : "connecting";
		case FETCH_DONE:
			return fetch->failure.sqlstate == 0 ? "done" : "failed";
	}
	return "unknown";
}

static void
put_handle(const Handle *handle, HttpRow *row, Tuplestorestate *store)
{
	const Fetch *fetch = handle->fetch;
	TupleDesc desc = row->desc;

	row_clear(row);
	row_set(row, column_find(desc, "id"), Int64GetDatum(handle->id));
	row_set(row, column_find(desc, "url"),
			CStringGetTextDatum(fetch->request.url->plain));
	row_set(row, column_find(desc, "state"),
			CStringGetTextDatum(state_name(fetch)));
	row_set(row, column_find(desc, "role"),
			DirectFunctionCall1(namein, CStringGetDatum(GetUserNameFromId(
											handle->role, false))));
	if (fetch->started_ns != 0)
		row_set(row, column_find(desc, "started_at"),
				TimestampTzGetDatum(fetch->started_at));
	row_set(row, column_find(desc, "received"),
			Int64GetDatum((int64) fetch->result.body_used));
	tuplestore_putvalues(store, desc, row->values, row->nulls);
}

Datum
asyncdemo_http_pending(PG_FUNCTION_ARGS)
{
	HASH_SEQ_STATUS scan;
	Handle *handle;
	TupleDesc desc;
	Tuplestorestate *store = rows_begin(fcinfo, &desc);
	HttpRow row;

	row_init(&row, desc);
	init_table();
	fetches_serve();
	hash_seq_init(&scan, handles);
	while ((handle = hash_seq_search(&scan)) != NULL)
	{
		if (handle->role == GetUserId())
			put_handle(handle, &row, store);
	}
	return (Datum) 0;
}

Datum
asyncdemo_http_reset(PG_FUNCTION_ARGS)
{
	int n = end_handles(GetUserId());

	(void) fcinfo;
	pools_close_idle();
	PG_RETURN_INT32(n);
}

/* DISCARD ALL. */

#if PG_VERSION_NUM >= 140000
#define UTILITY_PARAMETERS                                          \
	PlannedStmt *statement, const char *query, bool read_only_tree, \
		ProcessUtilityContext context, ParamListInfo params,        \
		QueryEnvironment *environment, DestReceiver *dest,          \
		QueryCompletion *completion
#define UTILITY_ARGUMENTS                                                 \
	statement, query, read_only_tree, context, params, environment, dest, \
		completion
#else
#define UTILITY_PARAMETERS                                                    \
	PlannedStmt *statement, const char *query, ProcessUtilityContext context, \
		ParamListInfo params, QueryEnvironment *environment,                  \
		DestReceiver *dest, QueryCompletion *completion
#define UTILITY_ARGUMENTS \
	statement, query, context, params, environment, dest, completion
#endif

static void
on_utility(UTILITY_PARAMETERS)
{
	bool discards_all =
		IsA(statement->utilityStmt, DiscardStmt) &&
		castNode(DiscardStmt, statement->utilityStmt)->target == DISCARD_ALL;

	if (next_utility_hook)
		next_utility_hook(UTILITY_ARGUMENTS);
	else
		standard_ProcessUtility(UTILITY_ARGUMENTS);
	if (discards_all)
	{
		end_handles(InvalidOid);
		pools_close_idle();
	}
}

void
handles_install_hook(void)
{
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = on_utility;
}
