/*
 * http_fetch.c
 *		A request on its way from the first URL to the last response.
 *
 * The queue is our own, in front of libcurl's, because what waits inside
 * libcurl uses up its time-out.  A fetch leaves it when there are descriptors
 * for it.  They are reserved here and given back here, when the transfer ends;
 * libcurl's own opening and closing is not watched, since it does not tell of
 * all of it.
 *
 * Nothing here runs inside a callback of libcurl's.  The state of a fetch is
 * written by set_state, and changes in this file only.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "clock.h"
#include "compat.h"
#include "http_deadlines.h"
#include "http_explain.h"
#include "http_fetch.h"
#include "http_log.h"
#include "http_lookups.h"
#include "http_redirect.h"
#include "http_settings.h"
#include "http_sockets.h"

/* Descriptors that a transfer may need at the same time. */
#define DESCRIPTORS_ADDRESS 1
#define DESCRIPTORS_NAME 2		/* IPv4 and IPv6 tried side by side */
#define DESCRIPTORS_RESOLVING 4 /* and the pair of the resolving thread */

/* The longest single wait. */
#define WAIT_MAX_MS INT64CONST(3600000)

/* This session's fetches.  Only this file touches it. */
static struct
{
	dlist_head queue;  /* FETCH_QUEUED */
	int under_way;	   /* FETCH_QUEUED, _NAMING and _RUNNING */
	int running;	   /* FETCH_RUNNING */
	int transfers;	   /* inside libcurl, abandoned ones too */
	uint64 done_count; /* how many ever became FETCH_DONE */
} session = {.queue = DLIST_STATIC_INIT(session.queue)};

static uint32
http_wait_event(void)
{
#if PG_VERSION_NUM >= 170000
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("AsyncdemoHttp");
	return wait_event;
#else
	return PG_WAIT_EXTENSION;
#endif
}

static void
set_state(Fetch *fetch, FetchState state)
{
	bool was = fetch->state != FETCH_NEW && fetch->state != FETCH_DONE;
	bool is = state != FETCH_NEW && state != FETCH_DONE;

	Assert(fetch->state != FETCH_DONE);
	Assert(state != FETCH_RUNNING || fetch->transfer != NULL);
	session.under_way += is - was;
	session.running +=
		(state == FETCH_RUNNING) - (fetch->state == FETCH_RUNNING);
	fetch->state = state;
}

Fetch *
fetch_new(void)
{
	MemoryContext cxt;
	Fetch *fetch;

	cxt = AllocSetContextCreate(TopMemoryContext, "asyncdemo fetch",
								ALLOCSET_DEFAULT_SIZES);
	fetch = MemoryContextAllocZero(cxt, sizeof(Fetch));
	fetch->cxt = cxt;
	fetch->state = FETCH_NEW;
	fetch->result.cxt = cxt;
	fetch->result.tls_ms = -1;
	fetch->deadline_ns = NS_NEVER;
	fetch->connect_deadline_ns = NS_NEVER;
	return fetch;
}

static double
ms_since(int64 then_ns, int64 now_ns)
{
	return (double) (now_ns - then_ns) / NS_PER_MS;
}

static void
let_pool_go(Fetch *fetch)
{
	if (fetch->pool)
		pool_let_go(fetch->pool);
	fetch->pool = NULL;
}

/* The end of a fetch, whatever it was; it is on no list and in no transfer. */
static void
finish(Fetch *fetch)
{
	deadline_end(fetch);
	let_pool_go(fetch);
	fetch->finished_at = GetCurrentTimestamp();
	if (fetch->started_ns != 0)
		fetch->result.total_ms = ms_since(fetch->started_ns, clock_now_ns());
	if (fetch->failure.sqlstate != 0)
		result_clear(&fetch->result);
	else
		Assert(fetch->result.status != 0);
	set_state(fetch, FETCH_DONE);
	session.done_count++;
	dlist_push_tail(fetch->done, &fetch->done_node);
}

Fetch *
fetch_take_done(dlist_head *done)
{
	Fetch *fetch;

	if (dlist_is_empty(done))
		return NULL;
	fetch = dlist_container(Fetch, done_node, dlist_pop_head_node(done));
	fetch->done = NULL;
	return fetch;
}

/* The queue. */

static void
fail(Fetch *fetch, int sqlstate, const char *message)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);

	failure_set(&fetch->failure, sqlstate, "%s", message);
	MemoryContextSwitchTo(caller);
	finish(fetch);
}

/* Hand it to libcurl; the descriptors have been reserved. */
static void
run(Fetch *fetch, HostName *resolves, int descriptors)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);
	Transfer *transfer;
	int64 now_ns = clock_now_ns();

	result_begin(&fetch->result);
	fetch->hop_started_ns = now_ns;
	transfer = transfer_begin(fetch->pool, &fetch->request, &fetch->result,
							  fetch->connect_timeout_ms, fetch);
	MemoryContextSwitchTo(caller);
	if (transfer == NULL)
	{
		descriptors_release(descriptors);
		fail(fetch, ERRCODE_OUT_OF_MEMORY, "out of memory for a request");
		return;
	}
	session.transfers++;
	transfer->descriptors = descriptors;
	if (resolves)
		lookup_begin(transfer, resolves);
	fetch->transfer = transfer;
	set_state(fetch, FETCH_RUNNING);
	deadline_start(fetch, now_ns);
}

static void
wait_for_name(Fetch *fetch, HostName *name)
{
	int64 now_ns = clock_now_ns();

	deadline_start(fetch, now_ns);
	fetch->naming_ns = now_ns;
	set_state(fetch, FETCH_NAMING);
	lookup_wait(fetch, name);
}

/* False when it must stay on the queue. */
static bool
try_run(Fetch *fetch)
{
	HostName *name = lookup_needed(fetch);
	bool known = name && name_is_known(name);
	int descriptors = DESCRIPTORS_ADDRESS;

	if (name && (name->resolving || (!known && !names_may_resolve())))
	{
		wait_for_name(fetch, name);
		return true;
	}
	if (name)
		descriptors = known ? DESCRIPTORS_NAME : DESCRIPTORS_RESOLVING;
	if (!descriptors_reserve(descriptors))
	{
		if (session.running > 0)
			return false; /* one of them will give some back */
		fail(fetch, ERRCODE_INSUFFICIENT_RESOURCES,
			 "no descriptor is left for an HTTP request");
		return true;
	}
	run(fetch, known ? NULL : name, descriptors);
	return true;
}

static void
enqueue(Fetch *fetch)
{
	set_state(fetch, FETCH_QUEUED);
	dlist_push_tail(&session.queue, &fetch->node);
}

static void
fail_unnamed(Fetch *fetch)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);

	failure_set(
		&fetch->failure, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
		"could not resolve the host of %s: the name was not found for another request",
		url_shown(fetch->request.url));
	MemoryContextSwitchTo(caller);
	log_hop(fetch->role, &fetch->request, fetch->hop, 0, &fetch->failure, "");
	finish(fetch);
}

static void
serve_waiters(void)
{
	Fetch *fetch;
	bool in_vain;

	while ((fetch = lookups_next_waiter(&in_vain)) != NULL)
	{
		fetch->result.dns_ms += ms_since(fetch->naming_ns, clock_now_ns());
		if (in_vain)
			fail_unnamed(fetch);
		else
			enqueue(fetch);
	}
}

static void
serve_queue(void)
{
	serve_waiters();
	while (!dlist_is_empty(&session.queue))
	{
		Fetch *fetch =
			dlist_container(Fetch, node, dlist_pop_head_node(&session.queue));

		if (!try_run(fetch))
		{
			dlist_push_head(&session.queue, &fetch->node);
			return;
		}
	}
}

/* Starting. */

/* May its URL be asked for, as far as can be told from the URL? */
static bool
check_url(Fetch *fetch)
{
	HttpUrl *url = fetch->request.url;
	MemoryContext caller;

	if (guard_check_host(fetch->pool->policy, url->host, url->port,
						 fetch->pool->proxy_host != NULL) != GUARD_REFUSED)
		return true;
	caller = MemoryContextSwitchTo(fetch->cxt);
	explain_refusal(url, url->is_address ? url->host : NULL, &fetch->failure);
	MemoryContextSwitchTo(caller);
	log_hop(fetch->role, &fetch->request, fetch->hop, 0, &fetch->failure,
			url->is_address ? url->host : "");
	return false;
}

void
fetch_start(Fetch *fetch, dlist_head *done)
{
	Assert(fetch->state == FETCH_NEW);
	fetch->done = done;
	if (fetch->failure.sqlstate != 0)
	{
		finish(fetch);
		return;
	}
	fetch->pool = pool_for_settings();
	pool_hold(fetch->pool);
	fetch->role = GetUserId();
	fetch->hop = 1;
	fetch->redirects_left = http_max_redirects;
	fetch->connect_timeout_ms = http_connect_timeout_ms;
	fetch->result.max_body_bytes = (int64) http_max_body_kb * 1024;
	fetch->result.without_body = strcmp(fetch->request.method, "HEAD") == 0;
	fetch->result.follow = http_max_redirects > 0;
	if (fetch->request.url->tls)
		fetch->result.tls_ms = 0;
	if (!check_url(fetch))
	{
		finish(fetch);
		return;
	}
	enqueue(fetch);
	serve_queue();
}

/* The end of a transfer. */

static void
explain(Fetch *fetch, Transfer *transfer)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);

	if (transfer->refused)
		explain_refusal(fetch->request.url, address_to_text(transfer->refused),
						&fetch->failure);
	else
		transfer_succeeded(transfer, fetch->request.url, &fetch->failure);
	MemoryContextSwitchTo(caller);
}

static void
transfer_ended(Transfer *transfer)
{
	Fetch *fetch = transfer->owner;

	session.transfers--;
	descriptors_release(transfer->descriptors);
	if (transfer->name)
		lookup_end(transfer, transfer_resolution(transfer));
	if (fetch == NULL)
	{
		transfer_free(transfer);
		return;
	}

	explain(fetch, transfer);
	transfer_add_times(transfer,
					   ms_since(fetch->started_ns, fetch->hop_started_ns));
	if (log_wants(&fetch->failure))
		log_hop(fetch->role, &fetch->request, fetch->hop, fetch->result.status,
				&fetch->failure,
				transfer->refused ? address_to_text(transfer->refused)
								  : transfer_address(transfer));
	fetch->transfer = NULL;
	transfer_free(transfer);
	if (redirect_is_due(fetch) && redirect_follow(fetch) && check_url(fetch))
		enqueue(fetch);
	else
		finish(fetch);
}

/* Take it out of libcurl, or leave there what has to stay. */
static void
abandon(Fetch *fetch)
{
	Transfer *transfer = fetch->transfer;
	int descriptors = transfer->descriptors;

	if (transfer->name && !transfer_must_stay(transfer))
		lookup_end(transfer, RESOLUTION_UNKNOWN);
	if (transfer_abandon(transfer))
	{
		session.transfers--;
		descriptors_release(descriptors);
	}
	fetch->transfer = NULL;
}

static void
leave(Fetch *fetch)
{
	if (fetch->state == FETCH_QUEUED || fetch->state == FETCH_NAMING)
		dlist_delete(&fetch->node);
	else if (fetch->state == FETCH_RUNNING && fetch->transfer)
		abandon(fetch);
}

void
fetch_release(Fetch *fetch)
{
	leave(fetch);
	if (fetch->state == FETCH_DONE)
	{
		if (fetch->done)
			dlist_delete(&fetch->done_node);
	}
	else
	{
		deadline_end(fetch);
		let_pool_go(fetch);
		set_state(fetch, FETCH_DONE);
	}
	result_clear(&fetch->result);
	MemoryContextDelete(fetch->cxt);
}

void
fetch_fail(Fetch *fetch, int sqlstate, const char *message)
{
	if (fetch->state == FETCH_DONE)
		return;
	leave(fetch);
	fail(fetch, sqlstate, message);
}

/* Time. */

static void
expire(Fetch *fetch, bool connecting)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);
	const char *shown = url_shown(fetch->request.url);
	bool resolving = fetch->state == FETCH_NAMING ||
					 (fetch->transfer &&
					  transfer_resolution(fetch->transfer) == RESOLUTION_RUNS);

	if (!connecting)
		failure_set(&fetch->failure, ERRCODE_HTTP_TIMEOUT,
					"no complete response from %s within " INT64_FORMAT " ms",
					shown, fetch->request.timeout_ms);
	else
		failure_set(&fetch->failure,
					ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
					"could not %s %s within %d ms",
					resolving ? "resolve the host of" : "connect to", shown,
					fetch->connect_timeout_ms);
	MemoryContextSwitchTo(caller);
	log_hop(fetch->role, &fetch->request, fetch->hop, 0, &fetch->failure,
			fetch->transfer ? transfer_address(fetch->transfer) : "");
	leave(fetch);
	finish(fetch);
}

static void
expire_late(int64 now_ns)
{
	Fetch *fetch;
	bool connecting;

	while ((fetch = deadlines_late(now_ns, &connecting)) != NULL)
		expire(fetch, connecting);
}

bool
fetches_serve(void)
{
	uint64 before = session.done_count;
	Transfer *transfer;
	int64 now_ns;
	int ran;

	if (session.transfers == 0 && session.under_way == 0)
		return false;
	ran = transfers_run();
	while ((transfer = transfers_next_finished()) != NULL)
		transfer_ended(transfer);
	lookups_check();
	now_ns = clock_now_ns();
	if (deadlines_may_pass(now_ns, ran != 0))
		expire_late(now_ns);
	serve_queue();
	return (ran & RAN_SOCKETS) != 0 || session.done_count != before;
}

/* How long nothing will happen by itself; -1 is for ever. */
static long
idle_ms(int64 wake_ns)
{
	wake_ns = Min(wake_ns, Min(pools_timer_ns(), deadlines_first_ns()));
	if (wake_ns == NS_NEVER)
		return -1;
	return (long) Min(clock_ms_until(wake_ns, clock_now_ns()), WAIT_MAX_MS);
}

void
fetches_turn(int64 wake_ns)
{
	if (!fetches_serve())
	{
		long ms = idle_ms(wake_ns);

		if (ms != 0)
			sockets_wait(ms, http_wait_event());
	}
	CHECK_FOR_INTERRUPTS();
}

void
fetches_wait_latch(long timeout_ms, uint32 wait_event)
{
	int64 wake_ns = clock_now_ns() + timeout_ms * NS_PER_MS;

	if (session.under_way == 0)
	{
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 timeout_ms, wait_event);
		ResetLatch(MyLatch);
		return;
	}
	if (!fetches_serve())
		sockets_wait(idle_ms(wake_ns), wait_event);
}

bool
fetch_is_sent(const Fetch *fetch)
{
	return fetch->state == FETCH_DONE || fetch->hop > 1 ||
		   (fetch->transfer && transfer_is_connected(fetch->transfer));
}

int
fetches_under_way(void)
{
	return session.under_way;
}
