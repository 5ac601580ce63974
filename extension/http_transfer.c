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

#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "clock.h"
#include "http_explain.h"
#include "http_settings.h"
#include "http_sockets.h"
#include "http_transfer.h"

/* How many that are not in use are kept in a pool. */
#define SPARES_MAX 100

/* A transfer with what only this file knows. */
typedef struct Exchange
{
	Transfer pub; /* must be first */
	CURL *easy;
	struct curl_slist *fields;
	HttpResult *result; /* NULL once abandoned */
	const char *host;
	bool in_multi;
	uint64 added_at;   /* the pool's timer_runs then */
	bool asked_socket; /* so its name has been resolved */
	bool opened_socket;
	bool decodes;	 /* compressed bodies */
	bool has_secret; /* user info of a URL is still in it */
	bool is_get;	 /* set up for a GET without a body */
	char *agent;
	int connect_timeout_ms;
	int idle_timeout_s;
	CURLcode code;
	struct sockaddr_storage refused;
	char error[CURL_ERROR_SIZE];
} Exchange;

static dlist_head finished = DLIST_STATIC_INIT(finished);

/* libcurl's callbacks. */

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	Exchange *exchange = arg;

	if (exchange->result && result_add_line(exchange->result, line, size * n))
		return size * n;
	return 0;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	Exchange *exchange = arg;

	if (size * n == 0)
		return 0;
	if (exchange->result && result_add_body(exchange->result, bytes, size * n))
		return size * n;
	return 0;
}

/* Which sockets may be opened; libcurl tries the next address on refusal. */
static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose pg_attribute_unused(),
			   struct curl_sockaddr *address)
{
	Exchange *exchange = arg;
	Pool *pool = exchange->pub.pool;
	int fd;

	exchange->asked_socket = true;
	if (exchange->result == NULL)
		return CURL_SOCKET_BAD;
	if (address->family != AF_INET && address->family != AF_INET6)
		return CURL_SOCKET_BAD;
	if (pool->proxy_host == NULL &&
		!guard_check_address(pool->policy, exchange->host, &address->addr))
	{
		memcpy(&exchange->refused, &address->addr,
			   Min(address->addrlen, sizeof(exchange->refused)));
		exchange->pub.refused = (struct sockaddr *) &exchange->refused;
		return CURL_SOCKET_BAD;
	}
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
				address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	exchange->opened_socket = true;
	return fd;
}

/* Setting a transfer up. */

static void
exchange_destroy(Exchange *exchange)
{
	curl_easy_cleanup(exchange->easy);
	curl_slist_free_all(exchange->fields);
	if (exchange->agent)
		pfree(exchange->agent);
	pfree(exchange);
}

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

/* Remember the first option that libcurl did not take. */
#define SET(exchange, option, value)                           \
	do                                                         \
	{                                                          \
		CURLcode set_code =                                    \
			curl_easy_setopt((exchange)->easy, option, value); \
		if ((exchange)->code == CURLE_OK)                      \
			(exchange)->code = set_code;                       \
	} while (0)

/* What stays the same for every request of a pool. */
static void
set_constants(Exchange *exchange)
{
	Pool *pool = exchange->pub.pool;

	SET(exchange, CURLOPT_PRIVATE, (void *) exchange);
	SET(exchange, CURLOPT_HEADERFUNCTION, on_header);
	SET(exchange, CURLOPT_HEADERDATA, (void *) exchange);
	SET(exchange, CURLOPT_WRITEFUNCTION, on_body);
	SET(exchange, CURLOPT_WRITEDATA, (void *) exchange);
	SET(exchange, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(exchange, CURLOPT_OPENSOCKETDATA, (void *) exchange);
	SET(exchange, CURLOPT_ERRORBUFFER, exchange->error);
	SET(exchange, CURLOPT_NOSIGNAL, 1L);
	SET(exchange, CURLOPT_FOLLOWLOCATION, 0L);
	SET(exchange, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(exchange, CURLOPT_DNS_CACHE_TIMEOUT, (long) NAMES_CACHE_S);
	SET(exchange, CURLOPT_HTTP09_ALLOWED, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(exchange, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(exchange, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	SET(exchange, CURLOPT_QUICK_EXIT, 1L);
#endif

	/* an empty proxy, unlike none, keeps the environment's out */
	SET(exchange, CURLOPT_PROXY, pool->proxy);
	SET(exchange, CURLOPT_NOPROXY, "");
	if (*pool->ca_file)
		SET(exchange, CURLOPT_CAINFO, pool->ca_file);
}

/* A transfer that was used before, or a new one; NULL without memory. */
static Exchange *
exchange_get(Pool *pool)
{
	Exchange *exchange;

	if (!dlist_is_empty(&pool->spares))
	{
		pool->nspares--;
		return dlist_container(Exchange, pub.node,
							   dlist_pop_head_node(&pool->spares));
	}
	exchange = MemoryContextAllocExtended(GetMemoryChunkContext(pool),
										  sizeof(Exchange),
										  MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO);
	if (exchange == NULL)
		return NULL;
	exchange->pub.pool = pool;
	exchange->idle_timeout_s = -1;
	exchange->easy = curl_easy_init();
	if (exchange->easy)
		set_constants(exchange);
	if (exchange->easy == NULL || exchange->code != CURLE_OK)
	{
		exchange_destroy(exchange);
		return NULL;
	}
	return exchange;
}

static void
add_line(Exchange *exchange, const char *line)
{
	struct curl_slist *longer = curl_slist_append(exchange->fields, line);

	if (longer)
		exchange->fields = longer;
	else
		exchange->code = CURLE_OUT_OF_MEMORY;
}

/* Does it announce a body, be it an empty one? */
static bool
is_sending(const HttpRequest *request)
{
	return request->body || strcmp(request->method, "POST") == 0 ||
		   strcmp(request->method, "PUT") == 0 ||
		   strcmp(request->method, "PATCH") == 0;
}

/* libcurl's spelling: "Name;" sends an empty value, "Name:" sends none. */
static void
set_fields(Exchange *exchange, const HttpRequest *request)
{
	bool decodes = true;
	bool has_type = false;
	bool sends_body = is_sending(request);
	StringInfoData line;

	initStringInfo(&line);
	for (int i = 0; i < request->nfields; i++)
	{
		const HttpField *field = &request->fields[i];

		resetStringInfo(&line);
		if (field->value == NULL)
			appendStringInfo(&line, "%s:", field->name);
		else if (*field->value == '\0')
			appendStringInfo(&line, "%s;", field->name);
		else
			appendStringInfo(&line, "%s: %s", field->name, field->value);
		add_line(exchange, line.data);
		if (pg_strcasecmp(field->name, "Accept-Encoding") == 0)
			decodes = false;
		if (pg_strcasecmp(field->name, "Content-Type") == 0)
			has_type = true;
	}
	pfree(line.data);

	if (sends_body && !has_type)
		add_line(exchange, "Content-Type:");
	if (sends_body)
		add_line(exchange, "Expect:");
	SET(exchange, CURLOPT_HTTPHEADER, exchange->fields);

	/* who asks for an encoding gets it as it is */
	if (decodes != exchange->decodes)
		SET(exchange, CURLOPT_ACCEPT_ENCODING, decodes ? "" : NULL);
	exchange->decodes = decodes;
}

static void
set_method(Exchange *exchange, const HttpRequest *request)
{
	const char *method = request->method;
	const char *natural = "GET";
	bool is_get = !is_sending(request) && strcmp(method, "GET") == 0;

	if (is_get && exchange->is_get)
		return; /* as the last time */
	exchange->is_get = is_get;
	SET(exchange, CURLOPT_NOBODY, 0L);
	SET(exchange, CURLOPT_HTTPGET, 1L);
	if (is_sending(request))
	{
		SET(exchange, CURLOPT_POST, 1L);
		SET(exchange, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t) (request->body ? request->body_bytes : 0));
		SET(exchange, CURLOPT_POSTFIELDS, request->body ? request->body : "");
		natural = "POST";
	}
	else if (strcmp(method, "HEAD") == 0)
	{
		SET(exchange, CURLOPT_NOBODY, 1L);
		natural = "HEAD";
	}
	SET(exchange, CURLOPT_CUSTOMREQUEST,
		strcmp(method, natural) == 0 ? NULL : method);
}

/* What follows from settings, which seldom change between two requests. */
static void
set_settings(Exchange *exchange, int connect_timeout_ms)
{
	if (exchange->agent == NULL ||
		strcmp(exchange->agent, http_user_agent) != 0)
	{
		if (exchange->agent)
			pfree(exchange->agent);
		exchange->agent = MemoryContextStrdup(GetMemoryChunkContext(exchange),
											  http_user_agent);
		SET(exchange, CURLOPT_USERAGENT,
			*http_user_agent ? http_user_agent : NULL);
	}
	if (exchange->connect_timeout_ms != connect_timeout_ms)
	{
		/*
		 * The owner keeps the time, because libcurl would wait for the thread
		 * that resolves a name.  It still has to know how long it may try one
		 * of several addresses: half of what it believes is left.
		 */
		exchange->connect_timeout_ms = connect_timeout_ms;
		SET(exchange, CURLOPT_CONNECTTIMEOUT_MS,
			(long) connect_timeout_ms + connect_timeout_ms / 2 + 1000);
	}
	if (exchange->idle_timeout_s != http_idle_timeout_s)
	{
		exchange->idle_timeout_s = http_idle_timeout_s;
		SET(exchange, CURLOPT_FORBID_REUSE,
			http_idle_timeout_s == 0 ? 1L : 0L);
		SET(exchange, CURLOPT_FRESH_CONNECT,
			http_idle_timeout_s == 0 ? 1L : 0L);
		SET(exchange, CURLOPT_MAXAGE_CONN, (long) Max(http_idle_timeout_s, 1));
	}
}

static void
exchange_put_back(Exchange *exchange)
{
	Pool *pool = exchange->pub.pool;

	curl_slist_free_all(exchange->fields);
	exchange->fields = NULL;
	exchange->result = NULL;
	exchange->host = NULL;
	exchange->pub.owner = NULL;
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
	exchange->host = request->url->host;
	exchange->asked_socket = false;
	exchange->opened_socket = false;
	exchange->has_secret = request->url->full != request->url->plain;
	exchange->code = CURLE_OK;
	exchange->error[0] = '\0';

	SET(exchange, CURLOPT_URL, request->url->full);
	set_method(exchange, request);
	set_fields(exchange, request);
	set_settings(exchange, connect_timeout_ms);

	if (exchange->code == CURLE_OK &&
		curl_multi_add_handle(pool->multi, exchange->easy) != CURLM_OK)
		exchange->code = CURLE_OUT_OF_MEMORY;
	if (exchange->code != CURLE_OK)
	{
		exchange->has_secret = true; /* do not keep what is half set up */
		exchange_put_back(exchange);
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

bool
transfers_run(void)
{
	SocketEvent events[64];
	int nevents = sockets_poll(events, lengthof(events));
	int64 now_ns = clock_now_ns();
	bool moved = nevents > 0;
	sigset_t before;

	pools_block_signals(&before);
	for (int i = 0; i < nevents; i++)
		run_socket(&events[i]);
	for (int i = 0; i < POOLS_MAX; i++)
	{
		Pool *pool = pool_at(i);

		if (pool && pool->timer_ns <= now_ns)
		{
			run_timer(pool);
			moved = true;
		}
	}
	pools_unblock_signals(&before);
	return moved;
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

/* libcurl has a limit of its own for a line, and no code of its own for it. */
static bool
is_endless_line(const Exchange *exchange)
{
	if (exchange->result->head_state == HEAD_DONE ||
		info_ms(exchange, CURLINFO_STARTTRANSFER_TIME_T) == 0)
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
	sigset_t before;

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
	pools_block_signals(&before);
	leave_multi(exchange);
	pools_unblock_signals(&before);
	exchange_put_back(exchange);
	return true;
}
