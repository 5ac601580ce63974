/*
 * http_exchange.c
 *		An easy handle of libcurl's, set up for one request after the other.
 *
 * libcurl's callbacks record and return; none of them may throw, because a
 * longjmp through libcurl leaves it broken.  What they touch are the exchange
 * and its result.
 *
 * Setting up costs as much as all else that is done for a small page, so that
 * what is as the last time is left alone, and what libcurl would format anew
 * for every request is handed over ready.
 */
#include "postgres.h"

#include <unistd.h>

#include "utils/memutils.h"

#include "http_exchange.h"
#include "http_settings.h"

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

/* It may start a thread when this returns. */
static int
on_lookup(void *resolver pg_attribute_unused(),
		  void *reserved pg_attribute_unused(), void *arg)
{
	Exchange *exchange = arg;

	if (!exchange->looked_up)
		pools_count_lookups(1);
	exchange->looked_up = true;
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

/* Setting it up. */

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
	SET(exchange, CURLOPT_RESOLVER_START_FUNCTION, on_lookup);
	SET(exchange, CURLOPT_RESOLVER_START_DATA, (void *) exchange);
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
	{
		SET(exchange, CURLOPT_CAINFO, pool->ca_file);
		SET(exchange, CURLOPT_PROXY_CAINFO, pool->ca_file);
	}
}

Exchange *
exchange_new(Pool *pool)
{
	Exchange *exchange = MemoryContextAllocExtended(
		GetMemoryChunkContext(pool), sizeof(Exchange),
		MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO);

	if (exchange == NULL)
		return NULL;
	exchange->pub.pool = pool;
	exchange->idle_timeout_s = -1;
	exchange->easy = curl_easy_init();
	exchange->parts = curl_url();
	if (exchange->easy)
		set_constants(exchange);
	if (exchange->easy == NULL || exchange->parts == NULL ||
		exchange->code != CURLE_OK)
	{
		exchange_destroy(exchange);
		return NULL;
	}
	return exchange;
}

/* Memory that lives as long as the pool; NULL, and the code, without. */
static char *
allocate(Exchange *exchange, size_t size)
{
	char *memory = MemoryContextAllocExtended(GetMemoryChunkContext(exchange),
											  size, MCXT_ALLOC_NO_OOM);

	if (memory == NULL)
		exchange->code = CURLE_OUT_OF_MEMORY;
	return memory;
}

/* Keep a copy of a text in place of an older one. */
static void
replace(Exchange *exchange, char **kept, const char *text)
{
	if (*kept)
		pfree(*kept);
	*kept = allocate(exchange, strlen(text) + 1);
	if (*kept)
		strcpy(*kept, text);
}

/*
 * libcurl would parse the text for every transfer and write it down again.
 * Given in parts that stay, it does neither; the text is for its messages.
 */
static void
set_url(Exchange *exchange, const HttpUrl *url)
{
	bool understood;

	exchange->has_secret = url->full != url->plain;
	if (exchange->url && strcmp(exchange->url, url->full) == 0)
		return;
	replace(exchange, &exchange->url, url->full);
	understood = curl_url_set(exchange->parts, CURLUPART_URL, url->full, 0) ==
				 CURLUE_OK;
	SET(exchange, CURLOPT_URL, url->full);
	SET(exchange, CURLOPT_CURLU, understood ? exchange->parts : NULL);
}

/* Does it announce a body, be it an empty one? */
static bool
is_sending(const HttpRequest *request)
{
	return request->body || strcmp(request->method, "POST") == 0 ||
		   strcmp(request->method, "PUT") == 0 ||
		   strcmp(request->method, "PATCH") == 0;
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

/* Headers. */

/* The encodings that this libcurl can decode, or "". */
static const char *
encodings(void)
{
	static char list[64];
	int features;

	if (*list)
		return list;
	features = curl_version_info(CURLVERSION_NOW)->features;
	snprintf(list, sizeof(list), "%s%s%s",
			 features & CURL_VERSION_LIBZ ? "gzip, deflate" : "",
			 features & CURL_VERSION_BROTLI ? ", br" : "",
			 features & CURL_VERSION_ZSTD ? ", zstd" : "");
	return list;
}

static void
add_line(Exchange *exchange, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	else
		exchange->code = CURLE_OUT_OF_MEMORY;
}

/* libcurl's spelling: "Name;" sends an empty value, "Name:" sends none. */
static void
add_field(Exchange *exchange, struct curl_slist **list, const char *name,
		  const char *value)
{
	size_t size = strlen(name) + (value ? strlen(value) : 0) + 3;
	char *line = allocate(exchange, size);

	if (line == NULL)
		return;
	if (value == NULL)
		snprintf(line, size, "%s:", name);
	else if (*value == '\0')
		snprintf(line, size, "%s;", name);
	else
		snprintf(line, size, "%s: %s", name, value);
	add_line(exchange, list, line);
	pfree(line);
}

static bool
has_field(const HttpRequest *request, const char *name)
{
	for (int i = 0; i < request->nfields; i++)
	{
		if (pg_strcasecmp(request->fields[i].name, name) == 0)
			return true;
	}
	return false;
}

/* What is sent if the caller does not say otherwise. */
static void
add_usual(Exchange *exchange, struct curl_slist **list,
		  const HttpRequest *request)
{
	if (*exchange->agent && !has_field(request, "User-Agent"))
		add_field(exchange, list, "User-Agent", exchange->agent);
	if (*encodings() && !has_field(request, "Accept-Encoding"))
		add_field(exchange, list, "Accept-Encoding", encodings());
}

/* A list of their own for requests with headers or a body. */
static void
set_fields(Exchange *exchange, const HttpRequest *request)
{
	bool sends_body = is_sending(request);
	bool decodes = !has_field(request, "Accept-Encoding");

	if (request->nfields > 0 || sends_body)
	{
		add_usual(exchange, &exchange->fields, request);
		for (int i = 0; i < request->nfields; i++)
			add_field(exchange, &exchange->fields, request->fields[i].name,
					  request->fields[i].value);
		if (sends_body && !has_field(request, "Content-Type"))
			add_line(exchange, &exchange->fields, "Content-Type:");
		if (sends_body)
			add_line(exchange, &exchange->fields, "Expect:");
		SET(exchange, CURLOPT_HTTPHEADER, exchange->fields);
		exchange->sends_usual = false;
	}
	else if (!exchange->sends_usual)
	{
		SET(exchange, CURLOPT_HTTPHEADER, exchange->usual);
		exchange->sends_usual = true;
	}

	/* who asks for an encoding gets it as it is */
	if (decodes != exchange->decodes)
		SET(exchange, CURLOPT_ACCEPT_ENCODING, decodes ? "" : NULL);
	exchange->decodes = decodes;
}

/* Settings, which seldom change between two requests. */

/*
 * libcurl formats what it is told by CURLOPT_USERAGENT for every request; a
 * proxy is told in no other way.
 */
static void
set_agent(Exchange *exchange)
{
	static const HttpRequest plain = {0};

	if (exchange->agent && strcmp(exchange->agent, http_user_agent) == 0)
		return;
	replace(exchange, &exchange->agent, http_user_agent);
	if (exchange->agent == NULL)
		return;
	curl_slist_free_all(exchange->usual);
	exchange->usual = NULL;
	exchange->sends_usual = false;
	add_usual(exchange, &exchange->usual, &plain);
	if (exchange->pub.pool->proxy_host)
		SET(exchange, CURLOPT_USERAGENT,
			*exchange->agent ? exchange->agent : NULL);
}

static void
set_settings(Exchange *exchange, int connect_timeout_ms)
{
	set_agent(exchange);
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

bool
exchange_set_up(Exchange *exchange, const HttpRequest *request,
				int connect_timeout_ms)
{
	exchange->host = request->url->host;
	exchange->asked_socket = false;
	exchange->opened_socket = false;
	exchange->code = CURLE_OK;
	exchange->error[0] = '\0';

	set_url(exchange, request->url);
	set_method(exchange, request);
	set_settings(exchange, connect_timeout_ms);
	if (exchange->code == CURLE_OK)
		set_fields(exchange, request);
	return exchange->code == CURLE_OK;
}

bool
exchange_has_old_connection(CURL *easy)
{
	char *private = NULL;
	Exchange *exchange;

	/* libcurl has handles of its own, for connections that it closes */
	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) != CURLE_OK ||
		private == NULL)
		return false;
	exchange = (Exchange *) private;
	return !exchange->looked_up && !exchange->asked_socket;
}

void
exchange_reset(Exchange *exchange)
{
	curl_slist_free_all(exchange->fields);
	exchange->fields = NULL;
	exchange->result = NULL;
	exchange->host = NULL;
	exchange->pub.owner = NULL;
}

void
exchange_destroy(Exchange *exchange)
{
	curl_easy_cleanup(exchange->easy);
	curl_url_cleanup(exchange->parts);
	curl_slist_free_all(exchange->fields);
	curl_slist_free_all(exchange->usual);
	if (exchange->url)
		pfree(exchange->url);
	if (exchange->agent)
		pfree(exchange->agent);
	pfree(exchange);
}
