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
#include "http_fetch.h"
#include "http_log.h"
#include "http_settings.h"
#include "http_sockets.h"

/* Descriptors that a transfer may need at the same time. */
#define DESCRIPTORS_ADDRESS 1
#define DESCRIPTORS_NAME 2		/* IPv4 and IPv6 tried side by side */
#define DESCRIPTORS_RESOLVING 4 /* and the pair of the resolving thread */

/*
 * How long sockets may keep us busy before deadlines are looked at all the
 * same.  Until then they wait, so that what has arrived in time is delivered
 * however late the session comes to look.
 */
#define BUSY_MAX_NS (250 * NS_PER_MS)

/* A pause after which the session did something else in between. */
#define PAUSE_NS (100 * NS_PER_MS)

/* The longest single wait. */
#define WAIT_MAX_MS INT64CONST(3600000)

/* This session's fetches.  Only this file touches it. */
static struct
{
	dlist_head queue;	/* FETCH_QUEUED */
	dlist_head unnamed; /* FETCH_NAMING, until fewer are resolving */
	pairingheap *deadlines;
	int under_way;	   /* FETCH_QUEUED, _NAMING and _RUNNING */
	int running;	   /* FETCH_RUNNING */
	int transfers;	   /* inside libcurl, abandoned ones too */
	uint64 done_count; /* how many ever became FETCH_DONE */
	Transfer *resolvers[NAMES_MAX_RESOLVING];
	int nresolvers;
	int64 served_ns;
	int64 busy_since_ns;
	bool is_busy;
} session;

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

/* The heap has the greatest on top: the earliest is the greatest. */
static int
compare_due(const pairingheap_node *a, const pairingheap_node *b,
			void *arg pg_attribute_unused())
{
	const Fetch *x = pairingheap_const_container(Fetch, heap_node, a);
	const Fetch *y = pairingheap_const_container(Fetch, heap_node, b);

	return (x->due_ns < y->due_ns) - (x->due_ns > y->due_ns);
}

static void
init_session(void)
{
	MemoryContext caller;

	if (session.deadlines)
		return;
	dlist_init(&session.queue);
	dlist_init(&session.unnamed);
	caller = MemoryContextSwitchTo(TopMemoryContext);
	session.deadlines = pairingheap_allocate(compare_due, NULL);
	MemoryContextSwitchTo(caller);
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

	init_session();
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

/* Deadlines. */

static void
schedule(Fetch *fetch)
{
	int64 due_ns = Min(fetch->deadline_ns, fetch->connect_deadline_ns);

	if (fetch->in_heap && due_ns == fetch->due_ns)
		return;
	if (fetch->in_heap)
		pairingheap_remove(session.deadlines, &fetch->heap_node);
	fetch->due_ns = due_ns;
	fetch->in_heap = due_ns != NS_NEVER;
	if (fetch->in_heap)
		pairingheap_add(session.deadlines, &fetch->heap_node);
}

static void
unschedule(Fetch *fetch)
{
	fetch->deadline_ns = NS_NEVER;
	fetch->connect_deadline_ns = NS_NEVER;
	schedule(fetch);
}

/* Its turn has come: time counts from here, for the whole and for the hop. */
static void
start_clocks(Fetch *fetch, int64 now_ns)
{
	if (fetch->started_ns == 0)
	{
		fetch->started_ns = now_ns;
		fetch->started_at = GetCurrentTimestamp();
		fetch->deadline_ns = now_ns + fetch->request.timeout_ms * NS_PER_MS;
	}
	if (fetch->connect_deadline_ns == NS_NEVER)
		fetch->connect_deadline_ns =
			now_ns + fetch->connect_timeout_ms * NS_PER_MS;
	schedule(fetch);
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
	unschedule(fetch);
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

/* Names that are being resolved. */

static void
requeue(Fetch *fetch, int64 now_ns)
{
	dlist_delete(&fetch->node);
	fetch->result.dns_ms += ms_since(fetch->naming_ns, now_ns);
	set_state(fetch, FETCH_QUEUED);
	dlist_push_tail(&session.queue, &fetch->node);
}

static void
fail_unnamed(Fetch *fetch)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);

	dlist_delete(&fetch->node);
	failure_set(
		&fetch->failure, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
		"could not resolve the host of %s: the name was not found for another request",
		url_shown(fetch->request.url));
	MemoryContextSwitchTo(caller);
	log_hop(fetch->role, &fetch->request, fetch->hop, 0, &fetch->failure, "");
	finish(fetch);
}

static void
requeue_all(dlist_head *waiters, int64 now_ns)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, waiters)
		requeue(dlist_container(Fetch, node, iter.cur), now_ns);
}

/* Those who waited for this name, or for any to be done, have their turn. */
static void
end_resolution(Transfer *transfer, Resolution how)
{
	HostName *name = transfer->name;
	int64 now_ns = clock_now_ns();
	dlist_mutable_iter iter;

	for (int i = 0; i < session.nresolvers; i++)
	{
		if (session.resolvers[i] == transfer)
			session.resolvers[i] = session.resolvers[--session.nresolvers];
	}
	transfer->name = NULL;
	name_end(name, how == RESOLUTION_FOUND);
	if (how != RESOLUTION_FOUND_NOTHING)
		requeue_all(&name->waiters, now_ns);
	else
	{
		dlist_foreach_modify(iter, &name->waiters)
			fail_unnamed(dlist_container(Fetch, node, iter.cur));
	}
	requeue_all(&session.unnamed, now_ns);
}

static void
check_resolutions(void)
{
	for (int i = session.nresolvers - 1; i >= 0; i--)
	{
		Transfer *transfer = session.resolvers[i];
		Resolution how = transfer_resolution(transfer);

		if (how != RESOLUTION_RUNS)
			end_resolution(transfer, how);
	}
}

static void
wait_for_name(Fetch *fetch, HostName *name)
{
	int64 now_ns = clock_now_ns();

	start_clocks(fetch, now_ns);
	fetch->naming_ns = now_ns;
	set_state(fetch, FETCH_NAMING);
	dlist_push_tail(name->resolving ? &name->waiters : &session.unnamed,
					&fetch->node);
}

/* The name that must be resolved before this can run, or NULL. */
static HostName *
needed_name(const Fetch *fetch)
{
	const char *proxy = fetch->pool->proxy_host;
	const HttpUrl *url = fetch->request.url;
	HttpAddress address;

	if (proxy == NULL)
		return url->is_address
				   ? NULL
				   : name_find(fetch->pool->number, url->host, url->port);
	if (address_parse(proxy, &address))
		return NULL;
	return name_find(fetch->pool->number, proxy, 0);
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
	{
		transfer->name = resolves;
		name_begin(resolves);
		session.resolvers[session.nresolvers++] = transfer;
	}
	fetch->transfer = transfer;
	set_state(fetch, FETCH_RUNNING);
	start_clocks(fetch, now_ns);
}

/* False when it must stay on the queue. */
static bool
try_run(Fetch *fetch)
{
	HostName *name = needed_name(fetch);
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
serve_queue(void)
{
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

/* The guard. */

static void
set_refused(Fetch *fetch, const char *address)
{
	HttpUrl *url = fetch->request.url;
	char *host = failure_make_printable(pstrdup(url->host));

	failure_set(&fetch->failure, ERRCODE_INSUFFICIENT_PRIVILEGE,
				"request to %s is not allowed by asyncdemo.http_allow",
				url_shown(url));
	if (address)
		failure_set_detail(
			&fetch->failure,
			"Host \"%s\" at address %s, port %d, is on no item of the list.",
			host, address, url->port);
	else
		failure_set_detail(&fetch->failure,
						   "Host \"%s\", port %d, is on no item of the list.",
						   host, url->port);
	failure_set_hint(
		&fetch->failure,
		"A superuser can add it to the setting asyncdemo.http_allow.");
}

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
	set_refused(fetch, url->is_address ? url->host : NULL);
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
	set_state(fetch, FETCH_QUEUED);
	dlist_push_tail(&session.queue, &fetch->node);
	serve_queue();
}

/* Redirects. */

static bool
wants_redirect(const Fetch *fetch)
{
	int status = fetch->result.status;

	return fetch->result.follow &&
		   (status == 301 || status == 302 || status == 303 || status == 307 ||
			status == 308);
}

/* Turn it into its own next hop, or leave a failure. */
static bool
next_hop(Fetch *fetch, const char *location)
{
	HttpUrl *url = fetch->request.url;
	HttpUrl *next;

	if (fetch->redirects_left == 0)
		return failure_set(
			&fetch->failure, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			"redirect from %s is one more than asyncdemo.http_max_redirects",
			url_shown(url));
	next = url_follow(url, location, &fetch->failure);
	if (next == NULL)
		return false;
	if (url->tls && !next->tls)
		return failure_set(
			&fetch->failure, ERRCODE_INSUFFICIENT_PRIVILEGE,
			"redirect from %s to %s refused: it leads from https to http",
			url_shown(url), url_shown(next));
	request_redirect(&fetch->request, next, fetch->result.status);
	if (next->tls && fetch->result.tls_ms < 0)
		fetch->result.tls_ms = 0;
	fetch->redirects_left--;
	fetch->hop++;
	fetch->connect_deadline_ns = NS_NEVER;
	return true;
}

/* True when another hop was queued. */
static bool
follow(Fetch *fetch)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);
	char *location = result_header(&fetch->result, "location");
	bool followed = location && next_hop(fetch, location);

	MemoryContextSwitchTo(caller);
	if (location && !followed)
		log_hop(fetch->role, &fetch->request, fetch->hop, 0, &fetch->failure,
				"");
	if (!followed || !check_url(fetch))
		return false;
	set_state(fetch, FETCH_QUEUED);
	dlist_push_tail(&session.queue, &fetch->node);
	return true;
}

/* The end of a transfer. */

static void
explain(Fetch *fetch, Transfer *transfer)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);

	if (transfer->refused)
		set_refused(fetch, address_to_text(transfer->refused));
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
		end_resolution(transfer, transfer_resolution(transfer));
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
	if (fetch->failure.sqlstate != 0 || !wants_redirect(fetch) ||
		!follow(fetch))
		finish(fetch);
}

/* Take it out of libcurl, or leave there what has to stay. */
static void
abandon(Fetch *fetch)
{
	Transfer *transfer = fetch->transfer;
	int descriptors = transfer->descriptors;

	if (transfer->name && !transfer_must_stay(transfer))
		end_resolution(transfer, RESOLUTION_UNKNOWN);
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
		unschedule(fetch);
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
check_deadlines(void)
{
	int64 now_ns = clock_now_ns();

	while (!pairingheap_is_empty(session.deadlines))
	{
		Fetch *fetch = pairingheap_container(
			Fetch, heap_node, pairingheap_first(session.deadlines));

		if (fetch->due_ns > now_ns)
			return;
		if (fetch->deadline_ns <= now_ns)
			expire(fetch, false);
		else if (fetch->connect_deadline_ns > now_ns)
			schedule(fetch); /* it has been put off since */
		else if (fetch->transfer && transfer_is_connected(fetch->transfer))
		{
			fetch->connect_deadline_ns = NS_NEVER;
			schedule(fetch);
		}
		else
			expire(fetch, true);
	}
}

/* Deadlines are looked at when the sockets had nothing more to say. */
static bool
may_check_deadlines(bool moved)
{
	int64 now_ns = clock_now_ns();

	if (now_ns - session.served_ns > PAUSE_NS)
		session.is_busy = false;
	session.served_ns = now_ns;
	if (!moved)
		session.is_busy = false;
	else if (!session.is_busy)
	{
		session.is_busy = true;
		session.busy_since_ns = now_ns;
	}
	return !session.is_busy || now_ns - session.busy_since_ns > BUSY_MAX_NS;
}

bool
fetches_serve(void)
{
	uint64 before = session.done_count;
	Transfer *transfer;
	bool moved;

	if (session.transfers == 0 && session.under_way == 0)
		return false;
	moved = transfers_run();
	while ((transfer = transfers_next_finished()) != NULL)
		transfer_ended(transfer);
	check_resolutions();
	if (may_check_deadlines(moved))
		check_deadlines();
	serve_queue();
	return moved || session.done_count != before;
}

/* How long nothing will happen by itself; -1 is for ever. */
static long
idle_ms(int64 wake_ns)
{
	int64 now_ns;

	wake_ns = Min(wake_ns, pools_timer_ns());
	if (!pairingheap_is_empty(session.deadlines))
	{
		Fetch *first = pairingheap_container(
			Fetch, heap_node, pairingheap_first(session.deadlines));

		wake_ns = Min(wake_ns, first->due_ns);
	}
	if (wake_ns == NS_NEVER)
		return -1;
	now_ns = clock_now_ns();
	return (long) Min(clock_ms_until(wake_ns, now_ns), WAIT_MAX_MS);
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
