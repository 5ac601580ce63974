/*
 * test_http_send.c
 *		Requests as they are sent: method, headers, body.
 */
#include "http_helper.h"

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

int
main(void)
{
	http_begin();
	test_methods();
	test_headers();
	test_same_again();
	http_end();
	return done_testing();
}
