/*
 * test_http.c
 *		Transfers on the real loop and calls that block, against a server in
 *		this program; name lookups are made up here (getaddrinfo below).
 */
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

static void
on_done(HttpRequest *request)
{
	ok(request->private == NULL, "on_done: the request is free again");
	if (++ndone >= nwanted)
		loop_stop(loop);
}

static void
on_done_quiet(HttpRequest *request)
{
	(void) request;
	if (++ndone >= nwanted)
		loop_stop(loop);
}

static void
on_too_long(void *arg)
{
	printf("Bail out! %s took more than 30 s\n", (const char *) arg);
	exit(1);
}

static void
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

static const char *
url_of(const char *path)
{
	static char url[4][512];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(url[turn], sizeof(url[turn]), "http://127.0.0.1:%d%s", port,
			 path);
	return url[turn];
}

static void
request_init(HttpRequest *request, const char *url)
{
	http_request_init(request);
	request->url = url;
	request->on_done = on_done;
}

/* One request from beginning to end. */
static void
get(HttpRequest *request)
{
	http_start(http, request);
	ok(ndone == 0, "on_done does not come inside http_start");
	run_loop(1, request->url);
}

static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* -------- tests -------- */

static void
test_answer(void)
{
	HttpRequest request;
	int before = server_connections;

	request_init(&request, url_of("/ok"));
	get(&request);
	is_i64(request.err.kind, ERR_NONE, "a GET works");
	is_i64(request.status, 200, "its status");
	is_str(request.answer.data, "hello", "its body");
	is_str(request.content_type, "text/plain", "its type");
	is_i64(request.retry_after_s, -1, "no Retry-After");
	ok(!request.reused, "the first one connects");
	ok(request.started_ns <= request.arrived_ns &&
		   request.arrived_ns <= request.ended_ns,
	   "times are in order");
	get(&request);
	ok(request.reused, "the second one uses the connection again");
	is_str(request.answer.data, "hello", "and reads its own body");
	is_i64(server_connections - before, 1, "one connection for both");
	http_request_clear(&request);
}

static void
test_empty_and_binary(void)
{
	HttpRequest request;

	request_init(&request, url_of("/size?0"));
	get(&request);
	is_str(request.answer.data, "", "an empty body is a text");
	request.url = url_of("/nul");
	get(&request);
	is_i64((int64_t) request.answer.len, 3, "a NUL is kept");
	ok(memcmp(request.answer.data, "a\0b", 3) == 0, "with what follows it");
	request.url = url_of("/until-the-end");
	get(&request);
	is_str(request.answer.data, "until the end", "a body without a length");
	http_request_clear(&request);
}

/* The loop does not run here: what is warm must have left all the same. */
static void
test_leaves_at_once(void)
{
	HttpRequest request;
	int before;

	request_init(&request, url_of("/ok"));
	get(&request);
	before = server_requests;
	http_start(http, &request);
	for (int i = 0; i < 1000 && server_requests == before; i++)
		server_sleep_ms(5);
	is_i64(server_requests - before, 1,
		   "a warm request leaves before the loop runs");
	run_loop(1, "the warm request");
	http_request_clear(&request);
}

static LoopJob hold_job;

static void
hold_the_loop(void *arg)
{
	LoopCall call = {.deadline_ns = LOOP_NEVER, .holds_loop = true};

	(void) arg;
	loop_call_begin(loop, &call);
	server_sleep_ms(400);
	loop_call_end(loop, &call);
}

static void
test_arrival_while_held(void)
{
	HttpRequest request;
	int64_t arrived_ms;
	int64_t ended_ms;

	request_init(&request, url_of("/slow?50"));
	get(&request); /* connects */
	hold_job.fn = hold_the_loop;
	loop_push(loop, &hold_job);
	get(&request);
	arrived_ms = (request.arrived_ns - request.started_ns) / NS_PER_MS;
	ended_ms = (request.ended_ns - request.started_ns) / NS_PER_MS;
	ok(arrived_ms >= 50, "it did not arrive before it was sent");
	ok(ended_ms >= 400, "it was seen when the loop was free");
	ok(arrived_ms < 350, "it is known to have arrived earlier");
	ok(request.phase_ns[PHASE_WAIT] + request.phase_ns[PHASE_RECEIVE] <=
		   request.arrived_ns - request.started_ns,
	   "the phases end where it arrived");
	ok(request.phase_ns[PHASE_WAIT] >= 50 * NS_PER_MS,
	   "the waiting is in its phase");
	http_request_clear(&request);
}

static void
test_many(void)
{
	enum
	{
		AT_ONCE = 100
	};
	static HttpRequest requests[AT_ONCE];
	int good = 0;
	int before = server_connections;

	for (int i = 0; i < AT_ONCE; i++)
	{
		request_init(&requests[i], url_of("/slow?20"));
		requests[i].url = strdup(requests[i].url);
		requests[i].on_done = on_done_quiet;
	}
	for (int round = 0; round < 3; round++)
	{
		for (int i = 0; i < AT_ONCE; i++)
			http_start(http, &requests[i]);
		run_loop(AT_ONCE, "many at once");
		for (int i = 0; i < AT_ONCE; i++)
			good += requests[i].status == 200 &&
					strcmp(requests[i].answer.data, "slow") == 0;
	}
	is_i64(good, 3 * AT_ONCE, "100 at once, three times");
	ok(server_connections - before <= AT_ONCE,
	   "their connections stay warm (%d made)", server_connections - before);
	for (int i = 0; i < AT_ONCE; i++)
	{
		free((char *) requests[i].url);
		http_request_clear(&requests[i]);
	}
}

static void
test_per_host_limit(void)
{
	Http *limited = http_new(loop, 2);
	HttpRequest requests[6];
	int before = server_connections;
	const char *url = strdup(url_of("/slow?20"));
	int good = 0;

	for (int i = 0; i < 6; i++)
	{
		request_init(&requests[i], url);
		requests[i].on_done = on_done_quiet;
		http_start(limited, &requests[i]);
	}
	run_loop(6, "the limit per host");
	for (int i = 0; i < 6; i++)
	{
		good += requests[i].status == 200;
		http_request_clear(&requests[i]);
	}
	is_i64(good, 6, "two at a time: all are answered");
	is_i64(server_connections - before, 2, "on two connections");
	http_free(limited);
	free((char *) url);
}

/* -------- requests as they are sent -------- */

static bool
sent(const HttpRequest *request, const char *text)
{
	bool found = strcasestr(request->answer.data, text) != NULL;

	if (!found)
		tap_show("sent", request->answer.data);
	return found;
}

static void
test_methods(void)
{
	static const char *const no_body[] = {"GET", "DELETE", "OPTIONS"};
	HttpRequest request;

	request_init(&request, url_of("/echo"));
	request.body = "some text";
	request.body_len = 9;
	for (int i = 0; i < 3; i++)
	{
		static const char *const methods[] = {"POST", "PUT", "REPORT"};
		char line[64];

		request.method = methods[i];
		get(&request);
		snprintf(line, sizeof(line), "%s /echo HTTP/1.1", methods[i]);
		ok(sent(&request, line), "%s is sent", methods[i]);
		ok(sent(&request, "Content-Length: 9"), "with a length");
		ok(sent(&request, "\r\n\r\nsome text"), "with its body");
		ok(!strcasestr(request.answer.data, "Content-Type"),
		   "with no type that nobody asked for");
	}
	request.body = NULL;
	for (int i = 0; i < 3; i++)
	{
		char line[64];

		request.method = no_body[i];
		get(&request);
		snprintf(line, sizeof(line), "%s /echo HTTP/1.1", no_body[i]);
		ok(sent(&request, line), "after them %s is sent", no_body[i]);
		ok(!strcasestr(request.answer.data, "Content-Length"),
		   "without a body");
	}
	request.method = "POST";
	get(&request);
	ok(sent(&request, "Content-Length: 0"), "POST without a body says so");
	request.method = "HEAD";
	request.url = url_of("/size?5000");
	request.max_body_bytes = 100;
	get(&request);
	is_i64(request.status, 200, "HEAD of a body that would be too large");
	is_i64((int64_t) request.answer.len, 0, "it has none");
	request.method = "GET";
	request.url = url_of("/ok");
	get(&request);
	is_str(request.answer.data, "hello", "a GET after HEAD has its body");
	http_request_clear(&request);
}

static void
test_headers(void)
{
	const char *two[] = {"X-One: 1", "Authorization: Bearer secret"};
	const char *other[] = {"X-Other:", "Content-Type: text/x-mine"};
	const char *bad[] = {"X-Bad: a\r\nX-Injected: yes"};
	const char *nameless[] = {"no colon in here"};
	HttpRequest request;

	request_init(&request, url_of("/echo"));
	request.headers = two;
	request.nheaders = 2;
	get(&request);
	ok(sent(&request, "X-One: 1\r\n"), "a header is sent");
	ok(sent(&request, "Bearer secret\r\n"), "and another");
	ok(sent(&request, "User-Agent: asyncdemo/"), "we say who we are");
	ok(sent(&request, "Accept-Encoding:"), "and what we can decode");
	request.headers = other;
	request.method = "POST";
	request.body = "x";
	request.body_len = 1;
	get(&request);
	ok(sent(&request, "\r\nX-Other:\r\n"), "an empty header is sent");
	ok(sent(&request, "Content-Type: text/x-mine\r\n"), "a type of their own");
	ok(!strcasestr(request.answer.data, "X-One"), "the old ones are gone");
	request.method = "GET";
	request.body = NULL;
	request.nheaders = 0;
	get(&request);
	ok(!strcasestr(request.answer.data, "X-Other"), "and so are these");
	request.headers = bad;
	request.nheaders = 1;
	get(&request);
	is_i64(request.err.kind, ERR_DATA, "a line end in a header is refused");
	is_str(request.err.message,
		   "the header \"X-Bad\" contains a control character", "with words");
	request.headers = nameless;
	get(&request);
	is_str(request.err.message, "a header without a name or a colon",
		   "so is one without a colon");
	request.nheaders = 0;
	request.method = "GE T";
	get(&request);
	is_str(request.err.message, "\"GE T\" is no HTTP method",
		   "and a method with a blank");
	http_request_clear(&request);
}

/* -------- what can go wrong -------- */

/* %d in "wanted" is the server's port. */
static void
fails(const char *path, ErrKind kind, const char *wanted)
{
	HttpRequest request;
	char message[512];

	request_init(&request, strstr(path, "://") != NULL ? path : url_of(path));
	request.max_body_bytes = 1000;
	get(&request);
	snprintf(message, sizeof(message), wanted, port);
	is_i64(request.err.kind, kind, "%s: the kind of error", path);
	is_str(request.err.message, message, "%s: its message", path);
	http_request_clear(&request);
}

/* The second one is from a URL that was kept as parsed. */
static void
test_same_again(void)
{
	char first[512];
	char url[600];
	HttpRequest request;

	snprintf(url, sizeof(url), "http://me:pass@127.0.0.1:%d/echo?a=%%20b&c=d",
			 port);
	request_init(&request, url);
	get(&request);
	ok(sent(&request, "GET /echo?a=%20b&c=d HTTP/1.1\r\n"),
	   "its query is sent");
	ok(sent(&request, "Authorization: Basic bWU6cGFzcw==\r\n"),
	   "and who asks");
	snprintf(first, sizeof(first), "%s", request.answer.data);
	for (int i = 0; i < 3; i++)
	{
		get(&request);
		is_str(request.answer.data, first, "the same once more");
	}
	request.url = url_of("/echo?other");
	get(&request);
	ok(sent(&request, "GET /echo?other HTTP/1.1\r\n"), "another one then");
	ok(!sent(&request, "Authorization:"), "and nobody in particular");
	request.url = url_of("/redirect?2");
	request.follow = 3;
	for (int i = 0; i < 3; i++)
	{
		get(&request);
		is_str(request.answer.data, "hello", "led on, each time");
	}
	http_request_clear(&request);
}

static void
test_errors(void)
{
	char refused[64];
	char text[128];
	int closed_port;

	close(server_listen(1, &closed_port));
	snprintf(refused, sizeof(refused), "http://127.0.0.1:%d/", closed_port);
	snprintf(text, sizeof(text),
			 "could not connect to 127.0.0.1:%d: "
			 "connection refused",
			 closed_port);
	fails(refused, ERR_HTTP, text);
	fails("/close", ERR_HTTP,
		  "127.0.0.1:%d closed the connection without an answer");
	fails("/truncate", ERR_HTTP, "127.0.0.1:%d closed after 10 of 100 bytes");
	fails("/size?1001", ERR_HTTP,
		  "the body from 127.0.0.1:%d is larger than 1000 bytes");
	fails("/endless", ERR_HTTP,
		  "the body from 127.0.0.1:%d is larger than 1000 bytes");
	fails("/away", ERR_NONE, "");
	fails("http://unknown.test/", ERR_HTTP,
		  "could not resolve host name \"unknown.test\": "
		  "Name or service not known");
	fails("ftp://127.0.0.1/", ERR_DATA,
		  "the URL \"ftp://127.0.0.1/\" is neither http:// nor https://");
	fails("http://127.0.0.1/a b", ERR_DATA,
		  "the URL \"http://127.0.0.1/a b\" contains a blank");
	fails("http://127.0.0.1:99999/", ERR_DATA,
		  "the URL \"http://…\" has a port that is no number from 1 to 65535");
	fails("http:///path", ERR_DATA, "the URL \"http:///path\" has no host");
}

static void
test_junk_and_reset(void)
{
	HttpRequest request;

	request_init(&request, url_of("/junk"));
	get(&request);
	ok(strstr(request.err.message, "answered something that is not HTTP"),
	   "an answer that is not HTTP: %s", request.err.message);
	request.url = url_of("/reset");
	get(&request);
	ok(strstr(request.err.message, "broke the connection") ||
		   strstr(request.err.message, "without an answer"),
	   "a reset: %s", request.err.message);
	http_request_clear(&request);
}

static void
test_size_limit(void)
{
	HttpRequest request;

	request_init(&request, url_of("/size?1000"));
	request.max_body_bytes = 1000;
	get(&request);
	is_i64(request.err.kind, ERR_NONE, "a body as large as allowed");
	is_i64((int64_t) request.answer.len, 1000, "is there as a whole");
	http_request_clear(&request);
}

static void
test_redirects(void)
{
	HttpRequest request;

	request_init(&request, url_of("/redirect?2"));
	get(&request);
	is_i64(request.status, 302, "redirects are not followed");
	request.follow = 3;
	get(&request);
	is_i64(request.status, 200, "unless asked for");
	is_str(request.answer.data, "hello", "to the end");
	request.follow = 2;
	get(&request);
	ok(strstr(request.err.message, "redirected more than 2 times") != NULL,
	   "no further than asked: %s", request.err.message);
	request.follow = 3;
	request.url = url_of("/away");
	get(&request);
	is_i64(request.err.kind, ERR_HTTP, "never to a file");
	ok(strstr(request.err.message,
			  "redirected to file:///etc/hostname, a URL that is not HTTP") !=
		   NULL,
	   "and it says so: %s", request.err.message);
	request.url = url_of("/status?503");
	get(&request);
	is_i64(request.status, 503, "a status is no error here");
	is_i64(request.retry_after_s, 7, "Retry-After");
	http_request_clear(&request);
}

static void
test_timeouts(void)
{
	HttpRequest request;
	char url[64];

	request_init(&request, url_of("/hang"));
	request.timeout_ns = 100 * NS_PER_MS;
	get(&request);
	is_i64(request.err.kind, ERR_TIMEOUT, "no answer in time");
	ok(strstr(request.err.message, "no complete answer from") != NULL,
	   "says so: %s", request.err.message);
	ok(request.ended_ns - request.started_ns >= 100 * NS_PER_MS,
	   "not before its time");
	request.timeout_ns = -1;
	request.connect_timeout_ns = 100 * NS_PER_MS;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", full_port);
	request.url = url;
	get(&request);
	is_i64(request.err.kind, ERR_TIMEOUT, "no connection in time");
	ok(strstr(request.err.message, "no connection to") != NULL, "says so: %s",
	   request.err.message);
	request.url = "http://silent.test/";
	get(&request);
	is_i64(request.err.kind, ERR_TIMEOUT, "no address in time");
	ok(strstr(request.err.message, "host name \"silent.test\" not resolved") !=
		   NULL,
	   "says so: %s", request.err.message);
	http_request_clear(&request);
}

static void
test_secrets(void)
{
	static const struct
	{
		const char *url;
		const char *shown;
	} cases[] = {
		{"http://u:pw@host:80/p?token=1#f", "http://host:80/p?…"},
		{"https://host", "https://host"},
		{"http://u:p@w@host/p", "http://host/p"},
		{"http://u:p/w@host/p", "http://…"},
		{"http://u:p?w@host/p", "http://…"},
		{"http://u@[::1]:8080/", "http://[::1]:8080/"},
		{"u:pw@host/p", "host/p"},
		{"", ""},
	};
	HttpRequest request;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Buf shown = {0};

		http_safe_url(cases[i].url, &shown);
		is_str(shown.data, cases[i].shown, "shown of %s", cases[i].url);
		buf_free(&shown);
	}
	request_init(&request, "http://user:hunter2@unknown.test/?key=hunter2");
	get(&request);
	ok(strstr(request.err.message, "hunter2") == NULL,
	   "no secret in a message: %s", request.err.message);
	http_request_clear(&request);
}

/* -------- names -------- */

static void
test_names(void)
{
	enum
	{
		AT_ONCE = 50
	};
	static HttpRequest requests[AT_ONCE];
	char url[64];
	int before = lookups;
	int good = 0;

	snprintf(url, sizeof(url), "http://slow.test:%d/ok", port);
	for (int i = 0; i < AT_ONCE; i++)
	{
		request_init(&requests[i], url);
		requests[i].on_done = on_done_quiet;
		http_start(http, &requests[i]);
	}
	run_loop(AT_ONCE, "names");
	for (int i = 0; i < AT_ONCE; i++)
		good += requests[i].status == 200;
	is_i64(good, AT_ONCE, "50 requests to a host name");
	is_i64(lookups - before, 1, "it is looked up once for all");
	ok(requests[0].phase_ns[PHASE_DNS] >= 100 * NS_PER_MS,
	   "which is in their phases");
	requests[0].on_done = on_done;
	get(&requests[0]);
	is_i64(lookups - before, 1, "and not again for the next one");
	ok(requests[0].phase_ns[PHASE_DNS] < 100 * NS_PER_MS,
	   "nor is it in its phases");
	for (int i = 0; i < AT_ONCE; i++)
		http_request_clear(&requests[i]);
}

/* -------- cancel -------- */

static HttpRequest *to_cancel;

static void
cancel_it(void *arg)
{
	(void) arg;
	http_cancel(http, to_cancel);
	http_cancel(http, to_cancel); /* twice does no harm */
}

static void
canceled(const char *url, const char *what)
{
	HttpRequest request;
	LoopTimer timer;

	request_init(&request, url);
	to_cancel = &request;
	loop_timer_init(&timer, cancel_it, NULL);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 50 * NS_PER_MS);
	get(&request);
	is_i64(request.err.kind, ERR_CANCEL, "canceled while %s", what);
	printf("# canceled while %s: %.1f ms after it was asked for\n", what,
		   (double) (request.ended_ns - timer.deadline_ns) / 1e6);
	ok(request.ended_ns - request.started_ns < 2500 * NS_PER_MS,
	   "without waiting for what it waited for");
	http_request_clear(&request);
}

static void
test_cancel(void)
{
	HttpRequest request;
	char url[64];

	canceled(url_of("/hang"), "waiting for an answer");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", full_port);
	canceled(url, "connecting");
	canceled("http://silent.test:1/", "resolving the name");

	/* one that has ended by itself keeps its result */
	request_init(&request, "no URL");
	http_start(http, &request);
	http_cancel(http, &request);
	run_loop(1, "an ended request");
	is_i64(request.err.kind, ERR_DATA, "an ended one is not canceled");
	http_request_clear(&request);
}

/* -------- calls that block -------- */

static HttpLane *lane;

static void
on_interrupt(LoopCall *call, LoopInterrupt why)
{
	(void) call;
	(void) why;
	http_lane_interrupt(lane);
}

/* How long after its time it ended; the lane is used again afterwards. */
static int64_t
interrupt_once(const char *url, const char *what)
{
	HttpRequest request;
	LoopCall call = {.interrupt = on_interrupt};

	request_init(&request, url);
	call.deadline_ns = loop_now_ns(loop) + 300 * NS_PER_MS;
	loop_call_begin(loop, &call);
	http_perform(lane, &request, &call);
	loop_call_end(loop, &call);
	is_i64(request.err.kind, ERR_TIMEOUT, "interrupted while %s", what);
	ok(request.ended_ns >= call.deadline_ns, "not before its time");
	http_request_clear(&request);
	return request.ended_ns - call.deadline_ns;
}

/*
 * libcurl looks up once a second when nothing moves.  The best of a few, so
 * that a busy machine does not matter.
 */
static void
interrupted(const char *url, const char *what)
{
	int64_t best_ns = INT64_MAX;

	for (int i = 0; i < 3; i++)
	{
		int64_t late_ns = interrupt_once(url, what);

		if (late_ns < best_ns)
			best_ns = late_ns;
	}
	ok(best_ns < 400 * NS_PER_MS, "%s: %.1f ms after its time", what,
	   (double) best_ns / 1e6);
}

static void
test_blocking(void)
{
	HttpRequest request;
	char url[64];
	int before = server_connections;

	lane = http_lane_new(http);
	request_init(&request, url_of("/ok"));
	http_perform(lane, &request, NULL);
	is_i64(request.err.kind, ERR_NONE, "a blocking GET");
	is_str(request.answer.data, "hello", "has a body");
	is_i64(ndone, 0, "and no on_done");
	http_perform(lane, &request, NULL);
	ok(request.reused, "the lane keeps its connection");
	is_i64(server_connections - before, 1, "one for both");
	request.url = url_of("/close");
	http_perform(lane, &request, NULL);
	is_i64(request.err.kind, ERR_HTTP, "a failure is one");
	snprintf(url, sizeof(url), "http://slow.test:%d/ok", port);
	request.url = url;
	http_perform(lane, &request, NULL);
	is_i64(request.status, 200, "a blocking GET from a host name");
	ok(request.phase_ns[PHASE_DNS] >= 100 * NS_PER_MS, "its lookup is told");
	request.url = "http://unknown.test/";
	http_perform(lane, &request, NULL);
	ok(strstr(request.err.message, "could not resolve host name") != NULL,
	   "from one that does not exist: %s", request.err.message);
	request.url = "http://silent.test/";
	request.connect_timeout_ns = 100 * NS_PER_MS;
	http_perform(lane, &request, NULL);
	is_i64(request.err.kind, ERR_TIMEOUT, "no address in time");
	http_request_clear(&request);

	interrupted(url_of("/hang"), "waiting for an answer");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", full_port);
	interrupted(url, "connecting");
	interrupted("http://silent.test:1/", "resolving the name");
	before = open_descriptors();
	for (int i = 0; i < 5; i++)
	{
		request_init(&request, url);
		request.connect_timeout_ns = 20 * NS_PER_MS;
		http_perform(lane, &request, NULL);
		http_request_clear(&request);
	}
	is_i64(open_descriptors() - before, 0,
		   "sockets that never connected are closed");
	http_lane_free(lane);
}

static void
test_lanes_are_lent(void)
{
	HttpLane *first = http_lane_take(http);
	HttpLane *second = http_lane_take(http);

	ok(first != second, "two lanes at a time");
	http_lane_give(http, first);
	http_lane_give(http, second);
	ok(http_lane_take(http) == second, "the last one given is lent first");
	http_lane_give(http, second);
}

/* What is under way is abandoned: no callback, no leak. */
static void
test_free_in_flight(void)
{
	Http *doomed = http_new(loop, 0);
	HttpRequest requests[3];

	request_init(&requests[0], url_of("/hang"));
	request_init(&requests[1], "http://silent.test:2/");
	request_init(&requests[2], "no URL");
	for (int i = 0; i < 3; i++)
		http_start(doomed, &requests[i]);
	http_free(doomed);
	is_i64(ndone, 0, "nothing is called back");
	for (int i = 0; i < 3; i++)
		http_request_clear(&requests[i]);
}

/* A listener whose queue is full: further connections get no answer. */
static void
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

int
main(void)
{
	Err err;
	int descriptors;

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	port = server_start();
	make_full_listener();
	loop_free(loop_new(&err)); /* libuv keeps a pipe for the process */
	descriptors = open_descriptors();
	loop = loop_new(&err);
	http = http_new(loop, 0);

	test_answer();
	test_empty_and_binary();
	test_leaves_at_once();
	test_arrival_while_held();
	test_many();
	test_per_host_limit();
	test_methods();
	test_headers();
	test_same_again();
	test_errors();
	test_junk_and_reset();
	test_size_limit();
	test_redirects();
	test_timeouts();
	test_secrets();
	test_names();
	test_cancel();
	test_blocking();
	test_lanes_are_lent();
	test_free_in_flight();

	http_free(http);
	loop_free(loop);
	for (int i = 0; i < 500 && open_descriptors() > descriptors; i++)
		server_sleep_ms(10); /* the server's side closes, too */
	is_i64(open_descriptors(), descriptors, "every descriptor is closed");
	while (atomic_load(&silent) > 0)
		server_sleep_ms(10); /* threads that were left behind */
	server_stop();
	return done_testing();
}
