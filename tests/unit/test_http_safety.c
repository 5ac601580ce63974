/*
 * test_http_safety.c
 *		What must not be sent twice, and what must not be sent elsewhere.
 */
#include "http_helper.h"
#include "http_hop.h"

static HttpLane *lane;
static bool is_blocking;

static void
ask(HttpRequest *request, const char *method, const char *url)
{
	request->method = method;
	request->url = url;
	request->on_done = on_done_quiet;
	if (is_blocking)
	{
		http_perform(lane, request, NULL);
		return;
	}
	http_start(http, request);
	run_loop(1, url);
}

static const char *
how(void)
{
	return is_blocking ? "blocking" : "async";
}

/* -------- sending once -------- */

/*
 * The server closes a connection that was kept open without a byte of an
 * answer.  How often has it got the request?
 */
static void
is_sent(const char *method, const char *body, const char *path, int times)
{
	HttpRequest request;
	int before;

	http_request_init(&request);
	ask(&request, "GET", url_of("/ok"));
	is_i64(request.status, 200, "%s: a connection to use again", how());
	before = atomic_load(&server_requests);
	request.body = body;
	request.body_len = body != NULL ? strlen(body) : 0;
	ask(&request, method, url_of(path));
	is_i64(request.err.kind, ERR_HTTP, "%s: %s fails", how(), method);
	is_i64(request.fault, RETRY_FAULT_LOST, "%s: it may have been done",
		   how());
	ok(strstr(request.err.message, "without an answer") != NULL ||
		   strstr(request.err.message, "broke the connection") != NULL,
	   "%s: %s", how(), request.err.message);
	if (times > 0)
		is_i64(atomic_load(&server_requests) - before, times,
			   "%s: %s %s is sent %d time%s", how(), method, path, times,
			   times > 1 ? "s" : "");
	else
		ok(atomic_load(&server_requests) - before > 1,
		   "%s: %s %s may be sent again", how(), method, path);

	/* the next one is not disturbed */
	request.body = NULL;
	ask(&request, "GET", url_of("/ok"));
	is_i64(request.status, 200, "%s: and the next works", how());
	http_request_clear(&request);
}

static void
test_sent_once(void)
{
	char *large = malloc(4001);

	memset(large, 'x', 4000);
	large[4000] = '\0';
	is_sent("POST", "body", "/close", 1);
	is_sent("POST", NULL, "/close", 1);
	is_sent("POST", large, "/close", 1);
	is_sent("PATCH", "body", "/close", 1);
	is_sent("LOCK", NULL, "/close", 1);
	is_sent("POST", "body", "/reset", 1);
	is_sent("GET", NULL, "/close", 0);
	is_sent("PUT", "body", "/close", 0);
	free(large);
}

/* Connections are used again by requests that are sent once, too. */
static void
test_kept_open(void)
{
	HttpRequest request;
	int before;
	int opened;

	http_request_init(&request);
	ask(&request, "GET", url_of("/ok"));
	before = atomic_load(&server_connections);
	request.body = "x";
	request.body_len = 1;
	for (int i = 0; i < 5; i++)
		ask(&request, "POST", url_of("/echo"));
	is_i64(request.status, 200, "%s: POSTs in a row", how());
	/* an older libcurl needs one for each, see http_send.c */
	opened = atomic_load(&server_connections) - before;
	ok(opened == 0 || opened == 5, "%s: %d new connections for them", how(),
	   opened);
	http_request_clear(&request);
}

/* Nobody listens: nothing was sent, so that a POST may be tried again. */
static void
test_nothing_sent(void)
{
	HttpRequest request;

	http_request_init(&request);
	ask(&request, "POST", "http://127.0.0.1:1/");
	is_i64(request.fault, RETRY_FAULT_CONNECT, "%s: refused", how());
	ask(&request, "POST", "http://no-such-host.invalid/");
	is_i64(request.fault, RETRY_FAULT_CONNECT, "%s: no such name", how());
	request.timeout_ns = 50 * NS_PER_MS;
	ask(&request, "POST", url_of("/hang"));
	is_i64(request.fault, RETRY_FAULT_TIMEOUT, "%s: no answer in time", how());
	http_request_clear(&request);
}

/* -------- redirects -------- */

static const char *const headers[] = {
	"Authorization: Bearer hunter2", "X-Api-Key: hunter2", "Cookie: hunter2",
	"Accept-Language: de", "Content-Type: text/x-mine"};

static void
redirected(const char *method, const char *body, const char *path,
		   const char *want_line, bool want_headers, bool want_body)
{
	HttpRequest request;
	const char *text;

	http_request_init(&request);
	request.follow = 5;
	request.headers = headers;
	request.nheaders = 5;
	request.body = body;
	request.body_len = body != NULL ? strlen(body) : 0;
	ask(&request, method, url_of(path));
	text = request.answer.data != NULL ? request.answer.data : "";
	is_i64(request.err.kind, ERR_NONE, "%s: %s %s: %s", how(), method, path,
		   request.err.message);
	ok(strncmp(text, want_line, strlen(want_line)) == 0,
	   "%s: %s %s becomes %.20s", how(), method, path, text);
	ok((strstr(text, "hunter2") != NULL) == want_headers,
	   "%s: its headers are %s", how(), want_headers ? "kept" : "dropped");
	ok(strstr(text, "Accept-Language: de") != NULL,
	   "%s: but not what tells nothing", how());
	ok((strstr(text, "\r\n\r\nbody") != NULL) == want_body &&
		   (strstr(text, "text/x-mine") != NULL) == want_body,
	   "%s: its body is %s", how(), want_body ? "kept" : "dropped");
	http_request_clear(&request);
}

static void
test_redirects(void)
{
	redirected("GET", NULL, "/send?302", "GET /echo ", true, false);
	redirected("GET", NULL, "/send-away?302", "GET /echo ", false, false);
	redirected("POST", "body", "/send?301", "GET /echo ", true, false);
	redirected("POST", "body", "/send?302", "GET /echo ", true, false);
	redirected("POST", "body", "/send?303", "GET /echo ", true, false);
	redirected("POST", "body", "/send?307", "POST /echo ", true, true);
	redirected("POST", "body", "/send?308", "POST /echo ", true, true);
	redirected("POST", "body", "/send-away?307", "GET /echo ", false, false);
	redirected("PUT", "body", "/send?302", "PUT /echo ", true, true);
	redirected("PUT", "body", "/send?303", "GET /echo ", true, false);
	redirected("DELETE", NULL, "/send?308", "DELETE /echo ", true, false);
}

/* A redirect's own body is nobody's: it may be larger than allowed. */
static void
test_redirect_body(void)
{
	HttpRequest request;

	http_request_init(&request);
	request.follow = 1;
	request.max_body_bytes = 5;
	ask(&request, "GET", url_of("/redirect?0"));
	is_i64(request.status, 200, "%s: a small answer behind it", how());
	is_i64((int64_t) request.answer.len, 5, "%s: is there", how());
	ok(request.phase_ns[PHASE_WAIT] > 0, "%s: its phases are summed", how());
	http_request_clear(&request);
}

typedef struct Follow
{
	const char *from;
	const char *location;
	const char *url; /* NULL: refused */
	int nheaders;	 /* of five */
} Follow;

static const Follow follows[] = {
	{"http://h/a", "http://h/b", "http://h/b", 4},
	{"http://h:80/a", "http://H/b", "http://H/b", 4},
	{"https://h/a", "https://h:443/b", "https://h:443/b", 4},
	{"http://h/a", "http://h:8080/b", "http://h:8080/b", 1},
	{"http://h/a", "https://h/b", "https://h/b", 1},
	{"http://h/a", "http://h.evil/b", "http://h.evil/b", 1},
	{"http://h/a", "http://h@evil/b", "http://h@evil/b", 1},
	{"http://user:pw@h/a", "http://h/b c\xc3\xa4", "http://h/b%20c%C3%A4", 4},
	{"https://h/a", "http://h/b", NULL, 0},
	{"http://h/a", "file:///etc/passwd", NULL, 0},
	{"http://h/a", "ftp://h/b", NULL, 0},
	{"http://h/a", "http:///b", NULL, 0},
	{"http://h/a", "http://h:99999/b", NULL, 0},
	{"http://h/a", "/b", NULL, 0},
	{"http://h/a", "", NULL, 0},
};

static void
test_hops(void)
{
	for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++)
	{
		const Follow *f = &follows[i];
		HttpRequest request;
		HttpHop hop = {0};
		Err err = {0};
		bool went;

		http_request_init(&request);
		request.url = f->from;
		request.headers = headers;
		request.nheaders = 5;
		http_hop_begin(&hop, &request, 0);
		went = http_hop_follow(&hop, 302, f->location, 7, &err);
		ok(went == (f->url != NULL), "from %s to %s: %s", f->from, f->location,
		   went ? "goes" : err.message);
		if (went)
		{
			is_str(hop.url, f->url, "the URL");
			is_i64(hop.nheaders, f->nheaders, "headers");
			is_i64(hop.number, 1, "hops");
		}
		http_hop_clear(&hop);
	}
}

int
main(void)
{
	http_begin();
	lane = http_lane_new(http);

	for (int i = 0; i < 2; i++)
	{
		is_blocking = i == 1;
		test_sent_once();
		test_kept_open();
		test_nothing_sent();
		test_redirects();
		test_redirect_body();
	}
	test_hops();

	http_lane_free(lane);
	http_end();
	return done_testing();
}
