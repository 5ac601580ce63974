/*
 * test_http_lane.c
 *		Calls that block on an HTTP request, and how they are interrupted.
 */
#include "http_helper.h"

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

int
main(void)
{
	http_begin();
	test_blocking();
	test_lanes_are_lent();
	http_end();
	return done_testing();
}
