/*
 * test_http.c
 *		Transfers on the loop.
 */
#include "http_helper.h"

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

int
main(void)
{
	http_begin();
	test_answer();
	test_empty_and_binary();
	test_leaves_at_once();
	test_arrival_while_held();
	test_many();
	test_per_host_limit();
	test_names();
	test_cancel();
	test_free_in_flight();
	http_end();
	return done_testing();
}
