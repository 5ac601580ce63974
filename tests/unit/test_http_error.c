/*
 * test_http_error.c
 *		What can go wrong with a transfer, and how that is said.
 */
#include "http_helper.h"

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

int
main(void)
{
	http_begin();
	test_errors();
	test_junk_and_reset();
	test_size_limit();
	test_redirects();
	test_timeouts();
	test_secrets();
	http_end();
	return done_testing();
}
