/*
 * http_helper.h
 *		What the tests of transfers share: requests that are waited for, a
 *		server in the same program (http_server.h), names made up here.
 *
 * Include it from the file with main() only.
 */
#ifndef HTTP_HELPER_H
#define HTTP_HELPER_H

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>

#include "http.h"
#include "http_server.h"
#include "tap.h"

static int port;	  /* of the server */
static int full_port; /* of a listener whose queue is full */
static Loop *loop;
static Http *http;

/* -------- names: *.test are ours -------- */

static atomic_int lookups;
static atomic_int silent; /* lookups under way that take long */

typedef int (*Getaddrinfo)(const char *, const char *, const struct addrinfo *,
						   struct addrinfo **);

int
getaddrinfo(const char *host, const char *service,
			const struct addrinfo *hints, struct addrinfo **found)
{
	Getaddrinfo real = (Getaddrinfo) dlsym(RTLD_NEXT, "getaddrinfo");

	if (host == NULL || strstr(host, ".test") == NULL)
		return real(host, service, hints, found);
	if (hints != NULL && (hints->ai_flags & AI_NUMERICHOST))
		return EAI_NONAME;
	atomic_fetch_add(&lookups, 1);
	if (strcmp(host, "silent.test") == 0)
	{
		atomic_fetch_add(&silent, 1);
		server_sleep_ms(3000);
		atomic_fetch_sub(&silent, 1);
	}
	if (strcmp(host, "slow.test") == 0)
		server_sleep_ms(100);
	if (strcmp(host, "unknown.test") == 0)
		return EAI_NONAME;
	return real("127.0.0.1", service, hints, found);
}

/* -------- running requests -------- */

static int ndone;
static int nwanted;

static inline void
on_done(HttpRequest *request)
{
	ok(request->private == NULL, "on_done: the request is free again");
	if (++ndone >= nwanted)
		loop_stop(loop);
}

static inline void
on_done_quiet(HttpRequest *request)
{
	(void) request;
	if (++ndone >= nwanted)
		loop_stop(loop);
}

static inline void
on_too_long(void *arg)
{
	printf("Bail out! %s took more than 30 s\n", (const char *) arg);
	exit(1);
}

static inline void
run_loop(int wanted, const char *what)
{
	LoopTimer guard;

	loop_timer_init(&guard, on_too_long, (void *) what);
	loop_timer_set(loop, &guard, loop_now_ns(loop) + 30 * NS_PER_S);
	nwanted = wanted;
	if (ndone < wanted)
		loop_run(loop);
	loop_timer_clear(loop, &guard);
	ndone = 0;
}

static inline const char *
url_of(const char *path)
{
	static char url[4][512];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(url[turn], sizeof(url[turn]), "http://127.0.0.1:%d%s", port,
			 path);
	return url[turn];
}

static inline void
request_init(HttpRequest *request, const char *url)
{
	http_request_init(request);
	request->url = url;
	request->on_done = on_done;
}

/* One request from beginning to end. */
static inline void
get(HttpRequest *request)
{
	http_start(http, request);
	ok(ndone == 0, "on_done does not come inside http_start");
	run_loop(1, request->url);
}

static inline int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static inline bool
sent(const HttpRequest *request, const char *text)
{
	bool found = strcasestr(request->answer.data, text) != NULL;

	if (!found)
		tap_show("sent", request->answer.data);
	return found;
}

/* A listener whose queue is full: further connections get no answer. */
static inline void
make_full_listener(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	server_listen(0, &full_port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t) full_port);
	for (int i = 0; i < 4; i++)
	{
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		connect(fd, (struct sockaddr *) &address, sizeof(address));
	}
}

static int open_before;

static inline void
http_begin(void)
{
	Err err;

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	port = server_start();
	make_full_listener();
	loop_free(loop_new(&err)); /* libuv keeps a pipe for the process */
	open_before = open_descriptors();
	loop = loop_new(&err);
	http = http_new(loop, 0);
}

static inline void
http_end(void)
{
	http_free(http);
	loop_free(loop);
	for (int i = 0; i < 500 && open_descriptors() > open_before; i++)
		server_sleep_ms(10); /* the server's side closes, too */
	is_i64(open_descriptors(), open_before, "every descriptor is closed");
	while (atomic_load(&silent) > 0)
		server_sleep_ms(10); /* threads that were left behind */
	server_stop();
}

#endif /* HTTP_HELPER_H */
