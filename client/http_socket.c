/*
 * http_socket.c
 *	  libcurl's sockets, watched on the loop.
 *
 * An HttpSocket exists while its descriptor is watched; http->sockets finds
 * it by number.  libcurl's callbacks are here; none of them calls libcurl to
 * act.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_private.h"
#include "mem.h"

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

static HttpSocket *
socket_find(const Http *http, curl_socket_t fd)
{
	return fd < http->sockets_cap ? http->sockets[fd] : NULL;
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
 * May it stay watched until the next request?  Only if libcurl is sure to
 * tell when it closes it (http_on_close_socket).  It is not while connecting,
 * TLS included (7.88); an answer from it shows that this is over.
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

/* Refusing in http_on_want_socket would end every transfer there is. */
static void
socket_fail(CURL *curl, int why)
{
	Transfer *transfer = NULL;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &transfer);
	err_set(&transfer->easy.request->err, ERR_IO,
			"could not watch a socket: %s", strerror(why));
	transfer_end(transfer, CURLE_OK);
}

int
http_on_want_socket(CURL *curl, curl_socket_t fd, int what, void *arg,
					void *known)
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

int
http_on_close_socket(void *arg, curl_socket_t fd)
{
	socket_free(socket_find(arg, fd));
	return close(fd);
}
