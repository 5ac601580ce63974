/*
 * http.c
 *	  HTTP transfers on the loop: libcurl's multi interface.
 *
 * A Transfer is a request under way.  Everything here belongs to the loop's
 * thread.  libcurl's callbacks only note what it wants (a timer, a socket to
 * watch); it is called from http_start and from the loop's own callbacks,
 * never from one of its own.  http_private.h has the states of a transfer.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "http_private.h"
#include "mem.h"

/* Idle connections kept at most, where the limit of open files allows it. */
#define MAX_WARM 16384

static void on_ended_job(void *arg);
static void transfer_begin(Transfer *transfer);

/* -------- what libcurl asks for -------- */

static int
on_want_timer(CURLM *multi, long timeout_ms, void *arg)
{
	Http *http = arg;

	(void) multi;
	http->timer_ms = timeout_ms;
	http->timer_changed = true;
	return 0;
}

/* After every call of libcurl: what its last wish was. */
static void
http_apply_timer(Http *http)
{
	if (!http->timer_changed)
		return;
	http->timer_changed = false;
	if (http->timer_ms < 0)
		loop_timer_clear(http->loop, &http->timer);
	else
		loop_timer_set(http->loop, &http->timer,
					   http->timer_ms == 0 ? 0
										   : loop_now_ns(http->loop) +
												 http->timer_ms * NS_PER_MS);
}

/* -------- transfers: made, ended -------- */

static Transfer *
transfer_take(Http *http)
{
	Transfer *transfer = http->idle;

	if (transfer != NULL)
		http->idle = transfer->next;
	else
	{
		transfer = mem_alloc(sizeof(*transfer));
		http_easy_open(&transfer->easy, &http->event_ns);
		curl_easy_setopt(transfer->easy.curl, CURLOPT_PRIVATE, transfer);
		curl_easy_setopt(transfer->easy.curl, CURLOPT_CLOSESOCKETFUNCTION,
						 http_on_close_socket);
		curl_easy_setopt(transfer->easy.curl, CURLOPT_CLOSESOCKETDATA, http);
		transfer->http = http;
		transfer->all_next = http->all;
		http->all = transfer;
	}
	transfer->next = NULL;
	return transfer;
}

/* Its end is known: on_done comes from the loop. */
void
transfer_end(Transfer *transfer, CURLcode code)
{
	Http *http = transfer->http;

	if (transfer->state == TRANSFER_ENDED)
		return;
	transfer->state = TRANSFER_ENDED;
	transfer->code = code;
	transfer->next = NULL;
	*http->ended_tail = transfer;
	http->ended_tail = &transfer->next;
	if (!http->in_callback)
		loop_push(http->loop, &http->ended_job);
}

static void
transfer_finish(Transfer *transfer, int64_t now_ns)
{
	Http *http = transfer->http;
	HttpRequest *request = transfer->easy.request;

	if (transfer->in_multi)
	{
		curl_multi_remove_handle(http->multi, transfer->easy.curl);
		transfer->in_multi = false;
	}
	if (request->err.kind == ERR_NONE &&
		http_easy_follow(&transfer->easy, transfer->code, now_ns,
						 transfer->lookup_ns))
	{
		transfer_begin(transfer);
		return;
	}
	if (request->err.kind == ERR_NONE)
		http_easy_finish(&transfer->easy, transfer->code, now_ns,
						 transfer->lookup_ns);
	else
	{
		request->ended_ns = now_ns;
		request->arrived_ns = now_ns;
		transfer->easy.request = NULL;
	}
	transfer->state = TRANSFER_IDLE;
	transfer->next = http->idle;
	http->idle = transfer;
	request->private = NULL;
	request->on_done(request); /* the request may be gone afterwards */
}

/* Note what libcurl has finished. */
static void
http_collect(Http *http)
{
	CURLMsg *message;
	int nleft;

	while ((message = curl_multi_info_read(http->multi, &nleft)) != NULL)
	{
		Transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer_end(transfer, message->data.result);
	}
}

/* The one place where requests end. */
static void
http_deliver(Http *http)
{
	int64_t now_ns;

	if (http->ended_head == NULL)
		return;
	now_ns = loop_now_ns(http->loop);
	while (http->ended_head != NULL)
	{
		Transfer *transfer = http->ended_head;

		http->ended_head = transfer->next;
		if (http->ended_head == NULL)
			http->ended_tail = &http->ended_head;
		transfer_finish(transfer, now_ns);
	}
	http_apply_timer(http);
}

static void
on_ended_job(void *arg)
{
	http_deliver(arg);
}

/* libcurl reports a fault of the whole: nothing that is live can go on. */
static void
http_fail_all(Http *http, CURLMcode code)
{
	for (Transfer *t = http->all; t != NULL; t = t->all_next)
	{
		if (t->state != TRANSFER_LIVE)
			continue;
		err_set(&t->easy.request->err, ERR_HTTP, "libcurl failed: %s",
				curl_multi_strerror(code));
		transfer_end(t, CURLE_OK);
	}
}

static void
http_act(Http *http, curl_socket_t fd, int flags)
{
	int nrunning;
	CURLMcode code =
		curl_multi_socket_action(http->multi, fd, flags, &nrunning);

	if (code != CURLM_OK)
		http_fail_all(http, code);
	http_collect(http);
	http_apply_timer(http);
}

void
http_serve(Http *http, curl_socket_t fd, int flags)
{
	http->in_callback = true;
	http_act(http, fd, flags);
	http_deliver(http);
	http->in_callback = false;
}

static void
on_timer(void *arg)
{
	http_serve(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* -------- transfers: begun -------- */

/* The transfer begins; a warm one has left when this returns. */
void
transfer_add(Transfer *transfer, struct curl_slist *resolve)
{
	Http *http = transfer->http;
	CURL *curl = transfer->easy.curl;
	CURLMcode code;

	if (resolve != NULL)
		curl_easy_setopt(curl, CURLOPT_RESOLVE, resolve);
	transfer->state = TRANSFER_LIVE;
	code = curl_multi_add_handle(http->multi, curl);
	if (code != CURLM_OK)
	{
		err_set(&transfer->easy.request->err, ERR_HTTP, "libcurl failed: %s",
				curl_multi_strerror(code));
		transfer_end(transfer, CURLE_OK);
		return;
	}
	transfer->in_multi = true;
	http_act(http, CURL_SOCKET_TIMEOUT, 0);
	if (resolve != NULL)
		curl_easy_setopt(curl, CURLOPT_RESOLVE, NULL); /* it was read */
}

/* The request's hop: the first one, or where a redirect led. */
static void
transfer_begin(Transfer *transfer)
{
	Http *http = transfer->http;
	HttpEasy *easy = &transfer->easy;
	HttpName *name;
	HttpUrl url;

	transfer->state = TRANSFER_IDLE;
	transfer->lookup_ns = 0;
	if (!http_url_parse(easy->hop.url, &url, &easy->request->err) ||
		!http_easy_prepare(easy, &url, &easy->request->err))
	{
		transfer_end(transfer, CURLE_OK);
		return;
	}
	name = http_names_find(&http->names, &url, easy->hop.started_ns);
	if (name != NULL)
		transfer_wait_for_name(transfer, name);
	else
		transfer_add(transfer, NULL);
}

/* -------- front -------- */

void
http_request_init(HttpRequest *request)
{
	memset(request, 0, sizeof(*request));
	request->method = "GET";
	request->max_body_bytes = 16 * 1024 * 1024;
	request->timeout_ns = -1;
	request->connect_timeout_ns = -1;
	request->retry_after_s = -1;
}

void
http_request_clear(HttpRequest *request)
{
	assert(request->private == NULL);
	buf_free(&request->answer);
}

Http *
http_new(Loop *loop, int max_per_host)
{
	Http *http = mem_alloc(sizeof(*http));

	http->loop = loop;
	http->max_per_host = max_per_host;
	http->ended_tail = &http->ended_head;
	http->ended_job.fn = on_ended_job;
	http->ended_job.arg = http;
	loop_timer_init(&http->timer, on_timer, http);
	return http;
}

/* Half of the descriptors may be idle connections of ours. */
static long
max_warm(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
		limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur / 2 > MAX_WARM)
		return MAX_WARM;
	return (long) limit.rlim_cur / 2;
}

static void
http_open(Http *http)
{
	CURLM *multi;

	http_library_begin();
	multi = curl_multi_init();
	if (multi == NULL)
	{
		fputs("asyncdemo: error: out of memory\n", stderr);
		abort();
	}
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, http_on_want_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, max_warm());
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
					  (long) http->max_per_host);
	http_names_init(&http->names);
	http->multi = multi;
}

static void
http_close(Http *http)
{
	http_forget_waits(http);
	while (http->all != NULL)
	{
		Transfer *transfer = http->all;

		http->all = transfer->all_next;
		if (transfer->in_multi)
			curl_multi_remove_handle(http->multi, transfer->easy.curl);
		if (transfer->state == TRANSFER_LOOKING_UP)
			loop_timer_clear(http->loop, &transfer->lookup_timeout);
		if (transfer->easy.request != NULL)
			transfer->easy.request->private = NULL;
		http_easy_close(&transfer->easy);
		free(transfer);
	}
	curl_multi_cleanup(http->multi); /* may still call http_on_want_socket */
	http_names_clear(&http->names);
	http_library_end();
}

void
http_free(Http *http)
{
	if (http == NULL)
		return;
	if (http->multi != NULL)
		http_close(http);
	loop_timer_clear(http->loop, &http->timer);
	loop_unpush(http->loop, &http->ended_job);
	free(http->sockets);
	while (http->nlanes > 0)
		http_lane_free(http->lanes[--http->nlanes]);
	free(http->lanes);
	free(http);
}

void
http_start(Http *http, HttpRequest *request)
{
	Transfer *transfer;

	assert(request->private == NULL);
	if (http->multi == NULL)
		http_open(http);
	transfer = transfer_take(http);
	http_easy_begin(&transfer->easy, request, loop_now_ns(http->loop));
	request->private = transfer;
	transfer_begin(transfer);
}

void
http_cancel(Http *http, HttpRequest *request)
{
	Transfer *transfer = request->private;

	(void) http;
	if (transfer == NULL || transfer->state == TRANSFER_ENDED)
		return;
	if (transfer->state == TRANSFER_LOOKING_UP)
		transfer_stop_waiting(transfer);
	if (request->err.kind == ERR_NONE)
		err_set(&request->err, ERR_CANCEL, "canceled");
	transfer_end(transfer, CURLE_OK);
}

/* -------- lanes that are not in use -------- */

HttpLane *
http_lane_take(Http *http)
{
	if (http->nlanes == 0)
		return http_lane_new(http);
	return http->lanes[--http->nlanes];
}

void
http_lane_give(Http *http, HttpLane *lane)
{
	if (http->nlanes == http->lanes_cap)
	{
		http->lanes_cap = http->lanes_cap > 0 ? http->lanes_cap * 2 : 8;
		http->lanes = mem_realloc(http->lanes, (size_t) http->lanes_cap *
												   sizeof(*http->lanes));
	}
	http->lanes[http->nlanes++] = lane;
}
