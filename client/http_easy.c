/*
 * http_easy.c
 *	  One libcurl handle: what is set on it, what came back through it.
 */
#include "http_easy.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"

/*
 * libcurl's own counting is thread-safe only from 7.84 on, and only where it
 * found atomics, so its calls are kept apart here.  The one lock that belongs
 * to the process, as libcurl's state does.
 */
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;

void
http_library_begin(void)
{
	CURLcode code;

	pthread_mutex_lock(&library_lock);
	code = curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_mutex_unlock(&library_lock);
	if (code != CURLE_OK)
	{
		fprintf(stderr, "asyncdemo: error: libcurl does not start: %s\n",
				curl_easy_strerror(code));
		abort();
	}
}

void
http_library_end(void)
{
	pthread_mutex_lock(&library_lock);
	curl_global_cleanup();
	pthread_mutex_unlock(&library_lock);
}

/* -------- receiving -------- */

static bool
easy_is_redirected(const HttpEasy *easy)
{
	long status = 0;

	if (easy->request->follow == 0)
		return false;
	curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status);
	return http_hop_is_redirect((int) status);
}

static size_t
on_data(char *data, size_t size, size_t count, void *arg)
{
	HttpEasy *easy = arg;
	Buf *answer = &easy->request->answer;
	size_t len = size * count;

	if (*easy->event_ns != 0)
		easy->data_ns = *easy->event_ns;
	buf_append(answer, data, len);
	if (answer->overflow && easy_is_redirected(easy))
		buf_reset(answer); /* nobody will see it */
	return answer->overflow ? 0 : len;
}

curl_socket_t
http_easy_socket(const struct curl_sockaddr *address)
{
#ifdef SOCK_CLOEXEC
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
				  address->protocol);
#else
	int fd = socket(address->family, address->socktype, address->protocol);

	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
#endif
}

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void) arg;
	(void) purpose;
	return http_easy_socket(address);
}

/* -------- a handle -------- */

/* What holds for every request; false when libcurl refused one of them. */
static bool
set_constants(HttpEasy *easy)
{
	CURL *curl = easy->curl;

#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
					 (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* taking a transfer back must not wait for a silent name server */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, easy->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, easy);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	http_send_once(easy);
	/* decode whatever it can; the header itself is among our own */
	return curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK;
}

void
http_easy_open(HttpEasy *easy, const int64_t *event_ns)
{
	memset(easy, 0, sizeof(*easy));
	easy->event_ns = event_ns;
	easy->curl = curl_easy_init();
	if (easy->curl == NULL || !set_constants(easy))
	{
		fputs("asyncdemo: error: out of memory\n", stderr);
		abort();
	}
}

void
http_easy_close(HttpEasy *easy)
{
	curl_easy_cleanup(easy->curl);
	curl_slist_free_all(easy->headers);
	curl_url_cleanup(easy->parsed_url);
	free(easy->cacert);
	free(easy->url);
	http_hop_clear(&easy->hop);
	memset(easy, 0, sizeof(*easy));
}

/* -------- the rest of a request -------- */

static long
whole_ms(int64_t ns)
{
	int64_t ms = (ns + NS_PER_MS - 1) / NS_PER_MS;

	return ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : (long) ms;
}

static void
set_limits(HttpEasy *easy, const HttpRequest *request)
{
	CURL *curl = easy->curl;
	HttpLimits limits = {
		.max_bytes = request->max_body_bytes,
		.timeout_ns = request->timeout_ns,
		.connect_timeout_ns = request->connect_timeout_ns,
	};

	/* the hops before have had their part */
	if (limits.timeout_ns > 0)
		limits.timeout_ns -= easy->hop.started_ns - request->started_ns;
	if (request->timeout_ns > 0 && limits.timeout_ns < 1)
		limits.timeout_ns = 1;

	/* a HEAD answer tells the length of a body that does not come */
	if (limits.max_bytes < 0 || strcmp(easy->hop.method, "HEAD") == 0)
		limits.max_bytes = 0;
	if (easy->has_limits &&
		memcmp(&limits, &easy->limits, sizeof(limits)) == 0)
		return;
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE,
					 (curl_off_t) limits.max_bytes);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
					 limits.timeout_ns < 0 ? 0L : whole_ms(limits.timeout_ns));
	/* zero would mean libcurl's own 300 s */
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
					 limits.connect_timeout_ns < 0
						 ? (long) INT32_MAX
						 : whole_ms(limits.connect_timeout_ns));
	easy->limits = limits;
	easy->has_limits = true;
}

/* A NULL would take away the authorities that libcurl was built with. */
static void
set_cacert(HttpEasy *easy, const char *cacert)
{
	const char *own = curl_version_info(CURLVERSION_NOW)->cainfo;

	if (cacert == easy->cacert ||
		(cacert && easy->cacert && strcmp(cacert, easy->cacert) == 0))
		return;
	free(easy->cacert);
	easy->cacert = cacert != NULL ? mem_strdup(cacert) : NULL;
	curl_easy_setopt(easy->curl, CURLOPT_CAINFO, cacert ? cacert : own);
}

static void
set_tls(HttpEasy *easy, const HttpRequest *request)
{
	set_cacert(easy, request->cacert);
	if (request->insecure == easy->insecure)
		return;
	curl_easy_setopt(easy->curl, CURLOPT_SSL_VERIFYPEER,
					 request->insecure ? 0L : 1L);
	curl_easy_setopt(easy->curl, CURLOPT_SSL_VERIFYHOST,
					 request->insecure ? 0L : 2L);
	easy->insecure = request->insecure;
}

/*
 * Where one connection can carry many requests (HTTP/2), wait to see whether
 * it does; a plain one never can, and would wait for the first answer.
 */
static void
set_pipewait(HttpEasy *easy, bool wait)
{
	if (wait == easy->pipewait)
		return;
	curl_easy_setopt(easy->curl, CURLOPT_PIPEWAIT, wait ? 1L : 0L);
	easy->pipewait = wait;
}

/*
 * libcurl takes a URL apart for every request, and makes a text of it again,
 * a tenth of what a request costs; one that was parsed before it only copies.
 */
static void
keep_parsed(HttpEasy *easy)
{
	easy->parsed_url = curl_url();
	if (easy->parsed_url == NULL)
		return;
	if (curl_url_set(easy->parsed_url, CURLUPART_URL, easy->url, 0) ==
			CURLUE_OK &&
		curl_easy_setopt(easy->curl, CURLOPT_CURLU, easy->parsed_url) ==
			CURLE_OK)
		return;
	/* libcurl itself will say what is wrong with it */
	curl_url_cleanup(easy->parsed_url);
	easy->parsed_url = NULL;
}

static void
set_url(HttpEasy *easy, const char *url)
{
	if (easy->url != NULL && strcmp(easy->url, url) == 0)
	{
		if (easy->parsed_url == NULL)
			keep_parsed(easy);
		return;
	}
	if (easy->parsed_url != NULL)
		curl_easy_setopt(easy->curl, CURLOPT_CURLU, NULL);
	curl_url_cleanup(easy->parsed_url);
	easy->parsed_url = NULL;
	free(easy->url);
	easy->url = mem_strdup(url);
	curl_easy_setopt(easy->curl, CURLOPT_URL, url);
}

void
http_easy_begin(HttpEasy *easy, HttpRequest *request, int64_t now_ns)
{
	easy->request = request;
	http_hop_begin(&easy->hop, request, now_ns);
	easy->data_ns = 0;
	easy->error[0] = '\0';
	request->err.kind = ERR_NONE;
	request->fault = RETRY_FAULT_NONE;
	request->status = 0;
	buf_reset(&request->answer);
	request->content_type[0] = '\0';
	request->retry_after_s = -1;
	request->reused = false;
	request->started_ns = now_ns;
	request->arrived_ns = now_ns;
	request->ended_ns = now_ns;
	memset(request->phase_ns, 0, sizeof(request->phase_ns));
}

bool
http_easy_prepare(HttpEasy *easy, const HttpUrl *url, Err *err)
{
	HttpRequest *request = easy->request;

	if (!http_send_prepare(easy, err))
		return false;
	set_url(easy, easy->hop.url);
	set_limits(easy, request);
	set_pipewait(easy, url->is_https);
	if (url->is_https)
		set_tls(easy, request);
	request->answer.max_bytes =
		request->max_body_bytes > 0 ? (size_t) request->max_body_bytes : 0;
	return true;
}

/* -------- what came back -------- */

static int64_t
time_ns(CURL *curl, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(curl, info, &us);
	return (int64_t) us * 1000;
}

static int64_t
at_least_zero(int64_t ns)
{
	return ns > 0 ? ns : 0;
}

/* Of a connection that was made for this request. */
static void
read_connect_phases(CURL *curl, int64_t phase_ns[PHASES])
{
	int64_t dns_ns = time_ns(curl, CURLINFO_NAMELOOKUP_TIME_T);
	int64_t tcp_ns = time_ns(curl, CURLINFO_CONNECT_TIME_T);
	int64_t tls_ns = time_ns(curl, CURLINFO_APPCONNECT_TIME_T);

	phase_ns[PHASE_DNS] += dns_ns;
	phase_ns[PHASE_CONNECT] = at_least_zero(tcp_ns - dns_ns);
	phase_ns[PHASE_TLS] = at_least_zero(tls_ns - tcp_ns);
}

/*
 * libcurl's times are those at which it saw things.  When the loop was held,
 * the last phases look longer than they were: what lies behind the arrival is
 * cut off.  Those of all hops are summed.
 */
static void
read_phases(HttpEasy *easy, int64_t lookup_ns)
{
	CURL *curl = easy->curl;
	HttpRequest *request = easy->request;
	int64_t sent_ns = time_ns(curl, CURLINFO_PRETRANSFER_TIME_T);
	int64_t first_ns = time_ns(curl, CURLINFO_STARTTRANSFER_TIME_T);
	int64_t total_ns = time_ns(curl, CURLINFO_TOTAL_TIME_T);
	int64_t left_ns = request->arrived_ns - easy->hop.started_ns;
	int64_t phase_ns[PHASES] = {0};

	phase_ns[PHASE_DNS] = lookup_ns;
	if (!request->reused)
		read_connect_phases(curl, phase_ns);
	if (first_ns > 0)
	{
		phase_ns[PHASE_WAIT] = at_least_zero(first_ns - sent_ns);
		phase_ns[PHASE_RECEIVE] = at_least_zero(total_ns - first_ns);
	}
	else if (sent_ns > 0)
		phase_ns[PHASE_WAIT] = at_least_zero(total_ns - sent_ns);
	for (int i = 0; i < PHASES; i++)
	{
		if (phase_ns[i] > left_ns)
			phase_ns[i] = at_least_zero(left_ns);
		left_ns -= phase_ns[i];
		request->phase_ns[i] += phase_ns[i];
	}
}

static void
keep_type(HttpRequest *request, const char *type)
{
	size_t len = strnlen(type, sizeof(request->content_type) - 1);

	memcpy(request->content_type, type, len);
	request->content_type[len] = '\0';
}

static void
read_answer(HttpEasy *easy)
{
	CURL *curl = easy->curl;
	HttpRequest *request = easy->request;
	const char *type = NULL;
	curl_off_t retry_after_s = 0;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	request->status = (int) status;
	if (type != NULL)
		keep_type(request, type);
	if (status < 300)
		return;
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
	if (retry_after_s > 0)
		request->retry_after_s = (int64_t) retry_after_s;
}

/* When it was there to be seen, and how long what took. */
static void
read_times(HttpEasy *easy, CURLcode code, int64_t ended_ns, int64_t lookup_ns)
{
	HttpRequest *request = easy->request;
	long nconnects = 0;

	request->ended_ns = ended_ns;
	request->arrived_ns = *easy->event_ns != 0 ? *easy->event_ns
						  : code == CURLE_OK && easy->data_ns != 0
							  ? easy->data_ns
							  : ended_ns;
	curl_easy_getinfo(easy->curl, CURLINFO_NUM_CONNECTS, &nconnects);
	request->reused = nconnects == 0;
	read_phases(easy, lookup_ns);
}

bool
http_easy_follow(HttpEasy *easy, CURLcode code, int64_t now_ns,
				 int64_t lookup_ns)
{
	HttpRequest *request = easy->request;
	const char *location = NULL;
	long status = 0;

	if (code != CURLE_OK || !easy_is_redirected(easy))
		return false;
	curl_easy_getinfo(easy->curl, CURLINFO_REDIRECT_URL, &location);
	if (location == NULL)
		return false; /* a redirect to nowhere is an answer */
	if (easy->hop.number == request->follow)
	{
		http_error(easy, CURLE_TOO_MANY_REDIRECTS, &request->err);
		return false;
	}
	read_times(easy, code, now_ns, lookup_ns);
	curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!http_hop_follow(&easy->hop, (int) status, location, now_ns,
						 &request->err))
		return false;
	easy->data_ns = 0;
	easy->error[0] = '\0';
	buf_reset(&request->answer);
	return true;
}

void
http_easy_finish(HttpEasy *easy, CURLcode code, int64_t ended_ns,
				 int64_t lookup_ns)
{
	HttpRequest *request = easy->request;

	if (easy->refused_resend)
		code = CURLE_GOT_NOTHING;
	read_times(easy, code, ended_ns, lookup_ns);
	if (code == CURLE_OK)
	{
		if (request->answer.data == NULL)
			buf_append(&request->answer, "", 0);
		read_answer(easy);
	}
	else
	{
		http_error(easy, code, &request->err);
		request->fault = http_fault(easy, code);
	}
	easy->request = NULL;
}
