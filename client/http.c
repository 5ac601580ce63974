/*
 * http.c
 *	  HTTP transfers on the loop: libcurl's multi interface.
 *
 * A Transfer is a request under way.  Everything here belongs to the loop's
 * thread.  libcurl's callbacks only note what it wants (a timer, a socket to
 * watch); it is called from http_start and from the loop's own callbacks,
 * never from one of its own.
 *
 *	LOOKING_UP -> LIVE -> ENDED		(or straight to ENDED)
 *
 * LOOKING_UP: on the waiting list of a name.  LIVE: libcurl has it.  ENDED:
 * on http->ended; http_deliver takes it from there, the only way out.
 */
#include "http.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http_easy.h"
#include "http_names.h"
#include "mem.h"

/* Idle connections kept at most, where the limit of open files allows it. */
#define MAX_WARM 16384

typedef enum TransferState
{
	TRANSFER_IDLE,
	TRANSFER_LOOKING_UP,
	TRANSFER_LIVE,
	TRANSFER_ENDED
} TransferState;

typedef struct Transfer
{
	HttpEasy easy;
	Http *http;
	TransferState state;
	bool in_multi;
	CURLcode code;	   /* ENDED, when the request has no error yet */
	int64_t lookup_ns; /* what looking up the name took */
	LoopTimer lookup_timeout;
	HttpName *name;			   /* LOOKING_UP: which one */
	struct Transfer *next;	   /* http->idle, a name's waiters, http->ended */
	struct Transfer *all_next; /* every transfer there is */
} Transfer;

/* One name being looked up, and who waits for it. */
typedef struct NameWait
{
	Http *http;
	HttpName *name;
	LoopResolve *resolve;
	Transfer *waiters;
	Transfer **tail;
	struct NameWait *next;
	struct NameWait **prev;
} NameWait;

/*
 * A socket of libcurl's that is watched.  One whose request has ended stays
 * watched: taking it off epoll and putting it back for the next request would
 * be half of all system calls.
 */
typedef struct HttpSocket
{
	Http *http;
	curl_socket_t fd;
	unsigned wanted; /* 0: libcurl does not want to know now */
	LoopWatch *watch;
} HttpSocket;

struct Http
{
	Loop *loop;
	int max_per_host;
	CURLM *multi; /* NULL before the first request */
	HttpNames names;
	NameWait *name_waits;
	LoopTimer timer;
	long timer_ms; /* what libcurl asked for last; -1: none */
	bool timer_changed;
	int64_t event_ns; /* of the socket event being served; 0 */
	bool in_callback; /* the loop's: http_deliver comes at its end */
	LoopJob ended_job;
	Transfer *ended_head;
	Transfer **ended_tail;
	Transfer *idle;
	Transfer *all;
	HttpSocket **sockets; /* by descriptor; NULL: not watched */
	int sockets_cap;
	HttpLane **lanes; /* those not lent */
	int nlanes;
	int lanes_cap;
};

static void on_timer(void *arg);
static void on_ended_job(void *arg);
static void transfer_begin(Transfer *transfer);
static void transfer_end(Transfer *transfer, CURLcode code);

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

static void on_socket_event(void *arg, unsigned events);

static HttpSocket *
socket_find(const Http *http, curl_socket_t fd)
{
	return fd < http->sockets_cap ? http->sockets[fd] : NULL;
}

/* NULL: errno says why. */
static HttpSocket *
socket_new(Http *http, curl_socket_t fd, unsigned events)
{
	HttpSocket *sock = mem_alloc(sizeof(*sock));

	sock->http = http;
	sock->fd = fd;
	sock->watch = loop_watch(http->loop, fd, events, on_socket_event, sock);
	if (sock->watch == NULL)
	{
		free(sock);
		return NULL;
	}
	if (fd >= http->sockets_cap)
	{
		int cap = fd * 2 + 64;

		http->sockets =
			mem_realloc(http->sockets, (size_t) cap * sizeof(*http->sockets));
		memset(http->sockets + http->sockets_cap, 0,
			   (size_t) (cap - http->sockets_cap) * sizeof(*http->sockets));
		http->sockets_cap = cap;
	}
	http->sockets[fd] = sock;
	return sock;
}

/*
 * Before the descriptor is closed: its number may come back as that of
 * another one.
 */
static void
socket_free(HttpSocket *sock)
{
	if (sock == NULL)
		return;
	sock->http->sockets[sock->fd] = NULL;
	loop_unwatch(sock->watch);
	free(sock);
}

/*
 * May it stay watched until the next request?  Only if libcurl is sure to
 * tell when it closes it (on_close_socket).  It is not while connecting, TLS
 * included (7.88); an answer from it shows that this is over.
 */
static bool
socket_may_stay(const HttpSocket *sock, CURL *curl)
{
	Transfer *transfer = NULL;
	long status = 0;

	if (sock->wanted != LOOP_READ)
		return false;
	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &transfer);
	if (transfer == NULL || transfer->easy.request == NULL)
		return false; /* libcurl's own */
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status > 0;
}

/* Refusing in on_want_socket would end every transfer there is. */
static void
socket_fail(CURL *curl, int why)
{
	Transfer *transfer = NULL;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &transfer);
	err_set(&transfer->easy.request->err, ERR_IO,
			"could not watch a socket: %s", strerror(why));
	transfer_end(transfer, CURLE_OK);
}

static int
on_want_socket(CURL *curl, curl_socket_t fd, int what, void *arg, void *known)
{
	Http *http = arg;
	HttpSocket *sock = socket_find(http, fd);
	unsigned events = (what & CURL_POLL_IN ? LOOP_READ : 0) |
					  (what & CURL_POLL_OUT ? LOOP_WRITE : 0);

	(void) known;
	if (what == CURL_POLL_REMOVE)
	{
		if (sock != NULL && socket_may_stay(sock, curl))
			sock->wanted = 0;
		else
			socket_free(sock);
		return 0;
	}
	if (sock != NULL)
		loop_watch_set(sock->watch, events);
	else
		sock = socket_new(http, fd, events);
	if (sock != NULL)
		sock->wanted = events;
	else
		socket_fail(curl, errno);
	return 0;
}

static int
on_close_socket(void *arg, curl_socket_t fd)
{
	socket_free(socket_find(arg, fd));
	return close(fd);
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
						 on_close_socket);
		curl_easy_setopt(transfer->easy.curl, CURLOPT_CLOSESOCKETDATA, http);
		transfer->http = http;
		transfer->all_next = http->all;
		http->all = transfer;
	}
	transfer->next = NULL;
	return transfer;
}

/* Its end is known: on_done comes from the loop. */
static void
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

static void
http_serve(Http *http, curl_socket_t fd, int flags)
{
	http->in_callback = true;
	http_act(http, fd, flags);
	http_deliver(http);
	http->in_callback = false;
}

static void
on_socket_event(void *arg, unsigned events)
{
	HttpSocket *sock = arg; /* may be gone after http_serve */
	Http *http = sock->http;

	if (sock->wanted == 0)
	{
		/* the server closes; libcurl sees it when it wants to use it */
		socket_free(sock);
		return;
	}
	http->event_ns = loop_event_ns(http->loop);
	http_serve(http, sock->fd,
			   (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
				   (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
	http->event_ns = 0;
}

static void
on_timer(void *arg)
{
	http_serve(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* -------- names -------- */

/* The transfer begins; a warm one has left when this returns. */
static void
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

/* No address: nothing was sent, at least not by this hop. */
static RetryFault
transfer_fault(const Transfer *transfer)
{
	return transfer->easy.hop.number == 0 ? RETRY_FAULT_CONNECT
										  : RETRY_FAULT_LOST;
}

static void
on_lookup_timeout(void *arg)
{
	Transfer *transfer = arg;
	HttpRequest *request = transfer->easy.request;

	request->fault = transfer_fault(transfer);
	err_set(&request->err, ERR_TIMEOUT,
			"host name \"%.*s\" not resolved "
			"after %.3g s",
			(int) transfer->name->host_len, transfer->name->key,
			(double) (loop_now_ns(transfer->http->loop) -
					  transfer->easy.hop.started_ns) /
				1e9);
	err_hint(&request->err, "check the name, and that this machine's name "
							"server answers");
	http_cancel(transfer->http, request);
}

static void
name_wait_free(NameWait *wait)
{
	*wait->prev = wait->next;
	if (wait->next != NULL)
		wait->next->prev = wait->prev;
	wait->name->lookup = NULL;
	free(wait);
}

/* Everybody who waits begins, or fails for the same reason. */
static void
on_resolved(void *arg, const char *const *addresses, int naddresses,
			const Err *err)
{
	NameWait *wait = arg;
	Http *http = wait->http;
	HttpName *name = wait->name;
	Transfer *transfer = wait->waiters;
	int64_t now_ns = loop_now_ns(http->loop);

	name_wait_free(wait);
	if (naddresses > 0)
		http_name_known(name, addresses, naddresses, now_ns);
	while (transfer != NULL)
	{
		Transfer *next = transfer->next;
		HttpRequest *request = transfer->easy.request;

		loop_timer_clear(http->loop, &transfer->lookup_timeout);
		transfer->lookup_ns = now_ns - transfer->easy.hop.started_ns;
		transfer->next = NULL;
		if (naddresses > 0)
			transfer_add(transfer, name->resolve);
		else
		{
			request->err = *err;
			request->err.kind = ERR_HTTP;
			request->fault = transfer_fault(transfer);
			transfer_end(transfer, CURLE_OK);
		}
		transfer = next;
	}
}

static NameWait *
name_wait_new(Http *http, HttpName *name)
{
	NameWait *wait = mem_alloc(sizeof(*wait));
	char *host = mem_strndup(name->key, name->host_len);

	wait->http = http;
	wait->name = name;
	wait->tail = &wait->waiters;
	wait->next = http->name_waits;
	wait->prev = &http->name_waits;
	if (wait->next != NULL)
		wait->next->prev = &wait->next;
	http->name_waits = wait;
	name->lookup = wait;
	wait->resolve = loop_resolve(http->loop, host, on_resolved, wait);
	free(host);
	return wait;
}

static void
transfer_wait_for_name(Transfer *transfer, HttpName *name)
{
	Http *http = transfer->http;
	HttpRequest *request = transfer->easy.request;
	NameWait *wait = name->lookup;

	if (wait == NULL)
		wait = name_wait_new(http, name);
	transfer->state = TRANSFER_LOOKING_UP;
	transfer->name = name;
	*wait->tail = transfer;
	wait->tail = &transfer->next;
	loop_timer_init(&transfer->lookup_timeout, on_lookup_timeout, transfer);
	if (request->connect_timeout_ns >= 0)
		loop_timer_set(http->loop, &transfer->lookup_timeout,
					   transfer->easy.hop.started_ns +
						   request->connect_timeout_ns);
}

/* The lookup itself goes on: its result may serve the next request. */
static void
transfer_stop_waiting(Transfer *transfer)
{
	NameWait *wait = transfer->name->lookup;
	Transfer **link = &wait->waiters;

	while (*link != transfer)
		link = &(*link)->next;
	*link = transfer->next;
	if (wait->tail == &transfer->next)
		wait->tail = link;
	loop_timer_clear(transfer->http->loop, &transfer->lookup_timeout);
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
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
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
	while (http->name_waits != NULL)
	{
		loop_resolve_cancel(http->name_waits->resolve);
		name_wait_free(http->name_waits);
	}
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
	curl_multi_cleanup(http->multi); /* may still call on_want_socket */
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
