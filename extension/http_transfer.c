/*
 * http_transfer.c
 *		One HTTP exchange inside libcurl.
 *
 * libcurl's callbacks record and return; none of them may throw, because a
 * longjmp through libcurl leaves it broken.  What they touch are the transfer
 * and its result.  The lists here are changed outside callbacks only.
 *
 * A transfer that is abandoned while a thread resolves its host stays in
 * libcurl: taking it out would wait for the thread, for as long as a dead name
 * server takes.  It has no result any more, and its callbacks refuse
 * everything.
 */
#include "postgres.h"

#include "clock.h"
#include "http_exchange.h"
#include "http_explain.h"
#include "http_sockets.h"
#include "http_transfer.h"

/* How many that are not in use are kept in a pool. */
#define SPARES_MAX 100

static dlist_head finished = DLIST_STATIC_INIT(finished);

/* Spares. */

void
transfers_free_spares(Pool *pool)
{
	while (!dlist_is_empty(&pool->spares))
	{
		dlist_node *node = dlist_pop_head_node(&pool->spares);

		exchange_destroy(dlist_container(Exchange, pub.node, node));
	}
	pool->nspares = 0;
}

/* One that was used before, or a new one; NULL without memory. */
static Exchange *
exchange_get(Pool *pool)
{
	if (dlist_is_empty(&pool->spares))
		return exchange_new(pool);
	pool->nspares--;
	return dlist_container(Exchange, pub.node,
						   dlist_pop_head_node(&pool->spares));
}

static void
exchange_put_back(Exchange *exchange)
{
	Pool *pool = exchange->pub.pool;

	exchange_reset(exchange);
	if (exchange->has_secret || pool->nspares >= SPARES_MAX)
	{
		exchange_destroy(exchange);
		return;
	}
	pool->nspares++;
	dlist_push_head(&pool->spares, &exchange->pub.node);
}

Transfer *
transfer_begin(Pool *pool, const HttpRequest *request, HttpResult *result,
			   int connect_timeout_ms, void *owner)
{
	Exchange *exchange = exchange_get(pool);

	if (exchange == NULL)
		return NULL;
	exchange->pub.owner = owner;
	exchange->pub.name = NULL;
	exchange->pub.descriptors = 0;
	exchange->pub.refused = NULL;
	exchange->result = result;
	if (exchange_set_up(exchange, request, connect_timeout_ms) &&
		curl_multi_add_handle(pool->multi, exchange->easy) != CURLM_OK)
		exchange->code = CURLE_OUT_OF_MEMORY;
	if (exchange->code != CURLE_OK)
	{
		exchange_reset(exchange);
		exchange_destroy(exchange); /* half set up */
		return NULL;
	}
	exchange->in_multi = true;
	exchange->added_at = pool->timer_runs;
	pool_count_running(pool, 1);
	return &exchange->pub;
}

/* Running. */

static void
leave_multi(Exchange *exchange)
{
	curl_multi_remove_handle(exchange->pub.pool->multi, exchange->easy);
	exchange->in_multi = false;
	pool_count_running(exchange->pub.pool, -1);
	if (exchange->looked_up)
		pools_count_lookups(-1);
	exchange->looked_up = false;
}

static void
collect_finished(Pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left)) != NULL)
	{
		char *private = NULL;
		Exchange *exchange;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		exchange = (Exchange *) private;
		exchange->code = message->data.result;
		if (exchange->opened_socket)
			exchange->pub.refused = NULL; /* it is not why this failed */
		leave_multi(exchange);
		dlist_push_tail(&finished, &exchange->pub.node);
	}
}

/* The running count that libcurl returns is stale after a removal. */
static void
run_socket(const SocketEvent *event)
{
	Pool *pool = pool_at(event->owner);
	int mask = (event->what & SOCKET_READ ? CURL_CSELECT_IN : 0) |
			   (event->what & SOCKET_WRITE ? CURL_CSELECT_OUT : 0) |
			   (event->what & SOCKET_ERROR ? CURL_CSELECT_ERR : 0);
	int unused;

	if (pool == NULL)
		return;
	curl_multi_socket_action(pool->multi, event->fd, mask, &unused);
	collect_finished(pool);
}

static void
run_timer(Pool *pool)
{
	int unused;

	pool->timer_ns = NS_NEVER;
	pool->timer_runs++;
	curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &unused);
	collect_finished(pool);
}

int
transfers_run(void)
{
	SocketEvent events[64];
	int nevents = sockets_poll(events, lengthof(events));
	int64 now_ns = clock_now_ns();
	int ran = nevents > 0 ? RAN_SOCKETS : 0;

	pools_block_signals();
	for (int i = 0; i < nevents; i++)
		run_socket(&events[i]);
	for (int i = 0; i < POOLS_MAX; i++)
	{
		Pool *pool = pool_at(i);

		if (pool && pool->timer_ns <= now_ns)
		{
			run_timer(pool);
			ran |= RAN_TIMERS;
		}
	}
	pools_unblock_signals();
	return ran;
}

Transfer *
transfers_next_finished(void)
{
	if (dlist_is_empty(&finished))
		return NULL;
	return dlist_container(Transfer, node, dlist_pop_head_node(&finished));
}

/* Looking at a transfer. */

static double
info_ms(const Exchange *exchange, CURLINFO what)
{
	curl_off_t us = 0;

	curl_easy_getinfo(exchange->easy, what, &us);
	return us / 1000.0;
}

/*
 * Until then libcurl tells the times of what the handle was used for before.
 */
static bool
has_started(const Exchange *exchange)
{
	return exchange->pub.pool->timer_runs != exchange->added_at;
}

Resolution
transfer_resolution(const Transfer *transfer)
{
	const Exchange *exchange = (const Exchange *) transfer;

	if (exchange->in_multi && !has_started(exchange))
		return RESOLUTION_RUNS;
	if (!exchange->in_multi && (exchange->code == CURLE_COULDNT_RESOLVE_HOST ||
								exchange->code == CURLE_COULDNT_RESOLVE_PROXY))
		return RESOLUTION_FOUND_NOTHING;
	if (exchange->asked_socket)
		return RESOLUTION_FOUND;
	if (info_ms(exchange, CURLINFO_NAMELOOKUP_TIME_T) > 0 ||
		info_ms(exchange, CURLINFO_PRETRANSFER_TIME_T) > 0)
		return RESOLUTION_UNKNOWN; /* an open connection was at hand */
	if (exchange->in_multi)
		return RESOLUTION_RUNS;
	return RESOLUTION_UNKNOWN;
}

bool
transfer_must_stay(const Transfer *transfer)
{
	const Exchange *exchange = (const Exchange *) transfer;

	return exchange->in_multi && has_started(exchange) &&
		   transfer_resolution(transfer) == RESOLUTION_RUNS;
}

bool
transfer_is_connected(const Transfer *transfer)
{
	const Exchange *exchange = (const Exchange *) transfer;

	return has_started(exchange) &&
		   info_ms(exchange, CURLINFO_PRETRANSFER_TIME_T) > 0;
}

void
transfer_add_times(const Transfer *transfer, double offset_ms)
{
	const Exchange *exchange = (const Exchange *) transfer;
	HttpResult *result = exchange->result;
	double dns_ms = info_ms(exchange, CURLINFO_NAMELOOKUP_TIME_T);
	double connect_ms = info_ms(exchange, CURLINFO_CONNECT_TIME_T);
	double tls_ms = info_ms(exchange, CURLINFO_APPCONNECT_TIME_T);

	result->dns_ms += dns_ms;
	if (connect_ms > dns_ms)
		result->connect_ms += connect_ms - dns_ms;
	if (tls_ms > connect_ms)
		result->tls_ms = Max(result->tls_ms, 0) + tls_ms - connect_ms;
	result->first_byte_ms =
		offset_ms + info_ms(exchange, CURLINFO_STARTTRANSFER_TIME_T);
}

const char *
transfer_address(const Transfer *transfer)
{
	const Exchange *exchange = (const Exchange *) transfer;
	char *address = NULL;

	curl_easy_getinfo(exchange->easy, CURLINFO_PRIMARY_IP, &address);
	return address ? address : "";
}

/*
 * libcurl has limits of its own for header and trailer lines, and says that it
 * is out of memory when a server passes them.
 */
static bool
is_endless_line(const Exchange *exchange)
{
	if (info_ms(exchange, CURLINFO_STARTTRANSFER_TIME_T) == 0)
		return false;
#if LIBCURL_VERSION_NUM >= 0x080700
	if (exchange->code == CURLE_TOO_LARGE)
		return true;
#endif
	return exchange->code == CURLE_OUT_OF_MEMORY;
}

bool
transfer_succeeded(const Transfer *transfer, const HttpUrl *url,
				   HttpFailure *failure)
{
	const Exchange *exchange = (const Exchange *) transfer;
	HttpResult *result = exchange->result;

	if (result->stopped != RESULT_FINE)
		return explain_stop(result, url, failure);
	if (exchange->code == CURLE_OK)
		return true;
	if (is_endless_line(exchange))
		return failure_set(failure, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
						   "a header line of the response from %s is too long",
						   url_shown(url));
	return explain_code(exchange->code, exchange->error, url, failure);
}

/* Ending a transfer. */

void
transfer_free(Transfer *transfer)
{
	exchange_put_back((Exchange *) transfer);
}

bool
transfer_abandon(Transfer *transfer)
{
	Exchange *exchange = (Exchange *) transfer;

	if (!exchange->in_multi)
	{
		/* it has ended, and nobody has taken it yet */
		dlist_delete(&transfer->node);
		exchange_put_back(exchange);
		return true;
	}
	if (transfer_must_stay(transfer))
	{
		exchange->result = NULL;
		exchange->host = NULL;
		exchange->pub.owner = NULL;
		/* no time-out, which would wait for the thread after all */
		curl_easy_setopt(exchange->easy, CURLOPT_CONNECTTIMEOUT_MS, 86400000L);
		exchange->connect_timeout_ms = 0;
		return false;
	}
	pools_block_signals();
	leave_multi(exchange);
	pools_unblock_signals();
	exchange_put_back(exchange);
	return true;
}
