/*
 * http_lane.c
 *	  HTTP calls that block: curl_easy_perform, with a way to end it.
 *
 * A lane belongs to the thread that makes a call on it.  libcurl looks at its
 * progress callback once a second when nothing moves, so somebody who wants
 * the call to end shuts its sockets down.  The lane keeps a duplicate of each
 * for that: a duplicate's number is ours alone, whatever libcurl closes and
 * the system gives away again.
 *
 * What is behind the lock may be used by the interrupting thread as well.
 */
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "http_easy.h"
#include "http_lookup.h"
#include "http_names.h"
#include "mem.h"

typedef struct LaneSocket
{
	curl_socket_t fd; /* libcurl's; may be another one's by now */
	int twin;		  /* ours */
} LaneSocket;

struct HttpLane
{
	HttpEasy easy;
	HttpNames names;
	bool is_open;
	int64_t no_event_ns; /* always 0 */
	LoopCall *call;		 /* under way; may be NULL */

	pthread_mutex_t lock;
	bool interrupted;
	HttpLookup *lookup; /* under way; else NULL */
	LaneSocket *sockets;
	int nsockets;
	int sockets_cap;
};

/* -------- sockets -------- */

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	HttpLane *lane = arg;
	LaneSocket added = {CURL_SOCKET_BAD, -1};

	(void) purpose;
	pthread_mutex_lock(&lane->lock);
	if (!lane->interrupted)
		added.fd = http_easy_socket(address);
	if (added.fd != CURL_SOCKET_BAD)
		added.twin = fcntl(added.fd, F_DUPFD_CLOEXEC, 0);
	if (added.twin < 0 && added.fd != CURL_SOCKET_BAD)
	{
		close(added.fd);
		added.fd = CURL_SOCKET_BAD;
	}
	if (added.fd != CURL_SOCKET_BAD)
	{
		if (lane->nsockets == lane->sockets_cap)
		{
			lane->sockets_cap = lane->sockets_cap * 2 + 4;
			lane->sockets =
				mem_realloc(lane->sockets, (size_t) lane->sockets_cap *
											   sizeof(*lane->sockets));
		}
		lane->sockets[lane->nsockets++] = added;
	}
	pthread_mutex_unlock(&lane->lock);
	return added.fd;
}

/* The lock is held. */
static void
lane_forget_socket(HttpLane *lane, int index)
{
	close(lane->sockets[index].twin);
	lane->sockets[index] = lane->sockets[--lane->nsockets];
}

static int
on_close_socket(void *arg, curl_socket_t fd)
{
	HttpLane *lane = arg;

	pthread_mutex_lock(&lane->lock);
	for (int i = lane->nsockets - 1; i >= 0; i--)
		if (lane->sockets[i].fd == fd)
			lane_forget_socket(lane, i);
	pthread_mutex_unlock(&lane->lock);
	return close(fd);
}

/*
 * libcurl (7.88) closes a socket that never connected without telling; its
 * twin would keep it open.
 */
static void
lane_drop_stale_twins(HttpLane *lane)
{
	pthread_mutex_lock(&lane->lock);
	for (int i = lane->nsockets - 1; i >= 0; i--)
	{
		struct stat theirs;
		struct stat ours;

		if (fstat(lane->sockets[i].fd, &theirs) != 0 ||
			fstat(lane->sockets[i].twin, &ours) != 0 ||
			theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev)
			lane_forget_socket(lane, i);
	}
	pthread_mutex_unlock(&lane->lock);
}

/* -------- interrupting -------- */

static int
on_progress(void *arg, curl_off_t down_total, curl_off_t down,
			curl_off_t up_total, curl_off_t up)
{
	HttpLane *lane = arg;

	(void) down_total;
	(void) down;
	(void) up_total;
	(void) up;
	return lane->call != NULL && atomic_load(&lane->call->interrupted) != 0;
}

void
http_lane_interrupt(HttpLane *lane)
{
	pthread_mutex_lock(&lane->lock);
	lane->interrupted = true;
	if (lane->lookup != NULL)
		http_lookup_interrupt(lane->lookup);
	for (int i = 0; i < lane->nsockets; i++)
		shutdown(lane->sockets[i].twin, SHUT_RDWR);
	pthread_mutex_unlock(&lane->lock);
}

/* -------- a lane -------- */

HttpLane *
http_lane_new(Http *http)
{
	HttpLane *lane = mem_alloc(sizeof(*lane));

	(void) http;
	pthread_mutex_init(&lane->lock, NULL);
	return lane;
}

static void
lane_open(HttpLane *lane)
{
	CURL *curl;

	http_library_begin();
	http_names_init(&lane->names);
	http_easy_open(&lane->easy, &lane->no_event_ns);
	curl = lane->easy.curl;
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, lane);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, lane);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, lane);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	lane->is_open = true;
}

void
http_lane_free(HttpLane *lane)
{
	if (lane == NULL)
		return;
	if (lane->is_open)
	{
		http_easy_close(&lane->easy); /* still calls on_close_socket */
		http_names_clear(&lane->names);
		http_library_end();
	}
	while (lane->nsockets > 0)
		lane_forget_socket(lane, 0);
	pthread_mutex_destroy(&lane->lock);
	free(lane->sockets);
	free(lane);
}

/* -------- a call -------- */

static void
lane_set_lookup(HttpLane *lane, HttpLookup *lookup)
{
	pthread_mutex_lock(&lane->lock);
	lane->lookup = lookup;
	if (lookup != NULL && lane->interrupted)
		http_lookup_interrupt(lookup);
	pthread_mutex_unlock(&lane->lock);
}

static void
lookup_timeout(const char *host, int64_t waited_ns, Err *err)
{
	err_set(err, ERR_TIMEOUT, "host name \"%s\" not resolved after %.3g s",
			host, (double) waited_ns / 1e9);
	err_hint(err, "check the name, and that this machine's name server "
				  "answers");
}

/* Look the name up; false: request->err says why there is no address. */
static bool
lane_look_up(HttpLane *lane, HttpName *name, HttpRequest *request)
{
	const char *const *addresses = NULL;
	int naddresses = 0;
	int64_t deadline_ns = LOOP_NEVER;
	char *host = mem_strndup(name->key, name->host_len);
	HttpLookup *lookup = http_lookup_start(host, &request->err);

	if (request->connect_timeout_ns >= 0)
		deadline_ns = lane->easy.hop.started_ns + request->connect_timeout_ns;
	if (lookup != NULL)
	{
		lane_set_lookup(lane, lookup);
		if (!http_lookup_wait(lookup, deadline_ns, &addresses, &naddresses,
							  &request->err))
			lookup_timeout(host, clock_now_ns() - lane->easy.hop.started_ns,
						   &request->err);
		lane_set_lookup(lane, NULL);
		if (naddresses > 0)
			http_name_known(name, addresses, naddresses, clock_now_ns());
		http_lookup_leave(lookup);
	}
	free(host);
	if (naddresses == 0)
		request->fault = lane->easy.hop.number == 0 ? RETRY_FAULT_CONNECT
													: RETRY_FAULT_LOST;
	return naddresses > 0;
}

/* One hop; true: another one follows.  request->err when it failed. */
static bool
lane_perform_hop(HttpLane *lane, HttpRequest *request)
{
	HttpEasy *easy = &lane->easy;
	int64_t lookup_ns = 0;
	HttpName *name;
	HttpUrl url;
	CURLcode code;

	if (!http_url_parse(easy->hop.url, &url, &request->err) ||
		!http_easy_prepare(easy, &url, &request->err))
		return false;
	name = http_names_find(&lane->names, &url, easy->hop.started_ns);
	if (name != NULL)
	{
		if (!lane_look_up(lane, name, request))
			return false;
		lookup_ns = clock_now_ns() - easy->hop.started_ns;
		curl_easy_setopt(easy->curl, CURLOPT_RESOLVE, name->resolve);
	}
	code = curl_easy_perform(easy->curl);
	if (name != NULL)
		curl_easy_setopt(easy->curl, CURLOPT_RESOLVE, NULL);
	lane_drop_stale_twins(lane);
	if (http_easy_follow(easy, code, clock_now_ns(), lookup_ns))
		return true;
	if (request->err.kind == ERR_NONE)
		http_easy_finish(easy, code, clock_now_ns(), lookup_ns);
	return false;
}

/* The call as such.  One that was interrupted stops between two hops, too. */
static void
lane_perform(HttpLane *lane, HttpRequest *request)
{
	while (lane_perform_hop(lane, request))
		if (lane->call != NULL && atomic_load(&lane->call->interrupted) != 0)
			return;
}

/*
 * An interrupted call may seem to have worked: a body without a length ends
 * where the socket was shut down.
 */
static void
lane_note_interrupt(HttpRequest *request, int why)
{
	if (why == 1 + LOOP_DEADLINE)
		err_set(&request->err, ERR_TIMEOUT, "timed out after %.3g s",
				(double) (request->ended_ns - request->started_ns) / 1e9);
	else
		err_set(&request->err, ERR_CANCEL, "canceled");
}

void
http_perform(HttpLane *lane, HttpRequest *request, LoopCall *call)
{
	int why = call != NULL ? atomic_load(&call->interrupted) : 0;

	if (!lane->is_open)
		lane_open(lane);
	lane->call = call;
	pthread_mutex_lock(&lane->lock);
	lane->interrupted = why != 0;
	pthread_mutex_unlock(&lane->lock);
	http_easy_begin(&lane->easy, request, clock_now_ns());
	if (why == 0)
		lane_perform(lane, request);
	if (request->err.kind != ERR_NONE)
		request->ended_ns = request->arrived_ns = clock_now_ns();
	lane->easy.request = NULL;
	why = call != NULL ? atomic_load(&call->interrupted) : 0;
	if (why != 0)
		lane_note_interrupt(request, why);
	lane->call = NULL;
}
