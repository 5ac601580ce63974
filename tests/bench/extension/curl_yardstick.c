/*
 * The least that libcurl needs for what the extension does: GETs over a curl
 * multi handle on one epoll descriptor, or one after the other on one easy
 * handle.  No PostgreSQL, no checks but that each answer was a 200.
 *
 * usage: curl_yardstick multi|easy URL COUNT CONCURRENCY [HEADER]...
 *
 * Each line on standard input runs the work once; connections stay open in
 * between.  Each run prints its seconds, answers with status 200, and bytes.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONCURRENCY 1000
#define EVENTS_A_TURN 64

typedef struct Bench
{
	CURLM *multi;
	int epoll_fd;
	long timeout_ms; /* what libcurl asked for, -1 for none */
	const char *url;
	struct curl_slist *headers; /* none unless asked for */
	int count;
	int concurrency;
	int started;
	int ended;
	int good;
	size_t bytes;
	CURL *easy[MAX_CONCURRENCY];
} Bench;

static void
die(const char *what)
{
	fprintf(stderr, "curl_yardstick: %s\n", what);
	exit(1);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	Bench *bench = arg;

	(void) data;
	bench->bytes += size * n;
	return size * n;
}

static CURL *
easy_new(Bench *bench)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		die("out of memory");
	curl_easy_setopt(easy, CURLOPT_URL, bench->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, bench->headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, bench);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	return easy;
}

static void
count_answer(Bench *bench, CURL *easy, CURLcode result)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	bench->ended++;
	if (result == CURLE_OK && status == 200)
		bench->good++;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	Bench *bench = arg;

	(void) multi;
	bench->timeout_ms = timeout_ms;
	return 0;
}

/* The mark that says whether epoll knows the socket already. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	Bench *bench = arg;
	struct epoll_event event;

	(void) easy;
	memset(&event, 0, sizeof event);
	event.data.fd = fd;
	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(bench->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) |
				   (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	epoll_ctl(bench->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
			  &event);
	curl_multi_assign(bench->multi, fd, bench);
	return 0;
}

static void
start_one(Bench *bench, CURL *easy)
{
	if (bench->started >= bench->count)
		return;
	bench->started++;
	if (curl_multi_add_handle(bench->multi, easy) != CURLM_OK)
		die("cannot add a transfer");
}

static void
drain(Bench *bench)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(bench->multi, &left)) != NULL)
	{
		CURL *easy = message->easy_handle;

		if (message->msg != CURLMSG_DONE)
			continue;
		count_answer(bench, easy, message->data.result);
		curl_multi_remove_handle(bench->multi, easy);
		start_one(bench, easy);
	}
}

static void
turn(Bench *bench)
{
	struct epoll_event events[EVENTS_A_TURN];
	long wait_ms = bench->timeout_ms < 0 ? 1000 : bench->timeout_ms;
	int running;
	int n = epoll_wait(bench->epoll_fd, events, EVENTS_A_TURN, (int) wait_ms);

	if (n <= 0)
	{
		bench->timeout_ms = -1;
		curl_multi_socket_action(bench->multi, CURL_SOCKET_TIMEOUT, 0,
								 &running);
	}
	for (int i = 0; i < n; i++)
	{
		int mask = 0;

		if (events[i].events & (EPOLLIN | EPOLLHUP))
			mask |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			mask |= CURL_CSELECT_OUT;
		if (events[i].events & EPOLLERR)
			mask |= CURL_CSELECT_ERR;
		curl_multi_socket_action(bench->multi, events[i].data.fd, mask,
								 &running);
	}
	drain(bench);
}

static void
run_multi(Bench *bench)
{
	int running;

	for (int i = 0; i < bench->concurrency; i++)
		start_one(bench, bench->easy[i]);
	curl_multi_socket_action(bench->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain(bench);
	while (bench->ended < bench->count)
		turn(bench);
}

static void
run_easy(Bench *bench)
{
	for (int i = 0; i < bench->count; i++)
		count_answer(bench, bench->easy[0], curl_easy_perform(bench->easy[0]));
}

static void
bench_init(Bench *bench)
{
	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		die("cannot initialise libcurl");
	bench->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	bench->multi = curl_multi_init();
	if (bench->epoll_fd < 0 || bench->multi == NULL)
		die("out of memory or descriptors");
	curl_multi_setopt(bench->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(bench->multi, CURLMOPT_SOCKETDATA, bench);
	curl_multi_setopt(bench->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(bench->multi, CURLMOPT_TIMERDATA, bench);
	for (int i = 0; i < bench->concurrency; i++)
		bench->easy[i] = easy_new(bench);
}

int
main(int argc, char **argv)
{
	static Bench bench;
	char line[64];
	bool multi;

	if (argc < 5)
		die("usage: curl_yardstick multi|easy URL COUNT CONCURRENCY "
			"[HEADER]...");
	multi = strcmp(argv[1], "multi") == 0;
	bench.url = argv[2];
	bench.count = atoi(argv[3]);
	bench.concurrency = multi ? atoi(argv[4]) : 1;
	if (bench.count < 1 || bench.concurrency < 1 ||
		bench.concurrency > MAX_CONCURRENCY)
		die("COUNT and CONCURRENCY must be positive, at most 1000 at once");
	for (int i = 5; i < argc; i++)
		bench.headers = curl_slist_append(bench.headers, argv[i]);
	bench.timeout_ms = -1;
	bench_init(&bench);
	while (fgets(line, sizeof line, stdin) != NULL)
	{
		double began = now_s();

		bench.started = bench.ended = bench.good = 0;
		bench.bytes = 0;
		if (multi)
			run_multi(&bench);
		else
			run_easy(&bench);
		printf("%.6f %d %zu\n", now_s() - began, bench.good, bench.bytes);
		fflush(stdout);
	}
	return 0;
}
