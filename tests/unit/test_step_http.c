/*
 * test_step_http.c
 *		\http: what is asked, what becomes of the answer, in each way to call.
 */
#include "http_server.h"
#include "step_engine.h"

static int port;
static Loop *loop;
static Http *http;
static HttpLane *lane;

/* %d in the plan is the server's port; up to four of them. */
static void
open_plan(TestEngine *engine, const char *format)
{
	char text[2000];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, port, port, port, port);
#pragma GCC diagnostic pop
	engine_open(engine, loop, text);
	engine->engine.http = http;
	engine->engine.lane = lane;
}

/* What the plan says; what its task fails with, or NULL. */
static void
says(const char *plan, const char *said, const char *message)
{
	TestEngine engine;
	char wanted[600] = "";

	if (message != NULL)
	{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(wanted, sizeof(wanted), message, port);
#pragma GCC diagnostic pop
	}
	open_plan(&engine, plan);
	engine_run(&engine);
	is_str(engine.said.data != NULL ? engine.said.data : "", said,
		   "%s: what it says", one_line(plan));
	is_str(engine.tasks[0]->failed ? engine.tasks[0]->err.message : NULL,
		   message != NULL ? wanted : NULL, "%s: its error", one_line(plan));
	engine_close(&engine);
}

static void
test_answers(void)
{
	says("\\http q GET http://127.0.0.1:%d/ok\n"
		 "\\emit :q_status :q_body :q_type\n",
		 "row 200 hello text/plain|", NULL);
	says("\\http q GET http://127.0.0.1:%d/size?0\n"
		 "\\emit :q_status :q_body :q_type\n",
		 "row 200  null|", NULL);
	says("\\http q GET http://127.0.0.1:%d/price\n\\json v q_body /value\n"
		 "\\set w :v * 2\n\\echo :w\n",
		 "600|", NULL);
	says("\\http q GET http://127.0.0.1:%d/slow?50\n"
		 "\\assert :q_time >= 0.05 and :q_time < 30\n",
		 "", NULL);
	says("\\http q GET http://127.0.0.1:%d/redirect?1 follow=5\n"
		 "\\echo :q_status :q_body\n",
		 "200 hello|", NULL);
	says("\\http q GET http://127.0.0.1:%d/redirect?1\n"
		 "\\echo :q_status\n",
		 "302|", NULL);
}

static void
test_statuses(void)
{
	says("\\http q GET http://127.0.0.1:%d/status?404\n", "",
		 "GET http://127.0.0.1:%d/status?… answered 404: sorry");
	says("\\http q GET http://127.0.0.1:%d/status?503 expect=any\n"
		 "\\echo :q_status :q_body\n",
		 "503 sorry|", NULL);
	says("\\http q GET http://127.0.0.1:%d/status?404 expect=404\n"
		 "\\echo :q_status\n",
		 "404|", NULL);
	says("\\http q GET http://127.0.0.1:%d/ok expect=404\n", "",
		 "GET http://127.0.0.1:%d/ok answered 200: hello");
	says("\\http q GET http://127.0.0.1:%d/redirect?1 expect=2xx\n", "",
		 "GET http://127.0.0.1:%d/redirect?… answered 302");
}

/* A body that is no text is only an error for those who want it as text. */
static void
test_bodies(void)
{
	says("\\http q GET http://127.0.0.1:%d/nul\n\\echo :q_status\n", "200|",
		 NULL);
	says("\\http q GET http://127.0.0.1:%d/nul\n\\echo :q_body\n", "",
		 "the body of \"q\" is no text: byte 2 is a NUL");
	says("\\http q GET http://127.0.0.1:%d/latin1\n\\echo :q_body\n", "",
		 "the body of \"q\" is no text: byte 4 is not UTF-8");
	says("\\http q GET http://127.0.0.1:%d/size?2000 max_body=1kB\n", "",
		 "the body from 127.0.0.1:%d is larger than 1024 bytes");
	says("\\http q GET http://127.0.0.1:%d/size?100000\n"
		 "\\http r GET http://127.0.0.1:%d/ok\n"
		 "\\set same :q_body = :r_body\n\\echo :same :r_body\n",
		 "false hello|", NULL);
}

static void
contains(const char *plan, const char *text, bool wanted)
{
	TestEngine engine;
	bool found;

	open_plan(&engine, plan);
	engine_run(&engine);
	found = engine.said.data != NULL && strstr(engine.said.data, text) != NULL;
	ok(found == wanted, "%s: %s \"%.60s\"", one_line(plan),
	   wanted ? "sends" : "does not send", one_line(text));
	if (found != wanted)
		tap_show("said", engine.tasks[0]->failed ? engine.tasks[0]->err.message
												 : engine.said.data);
	engine_close(&engine);
}

static void
test_requests(void)
{
	contains("\\set v 'a b/c?d&é'\n"
			 "\\http q GET http://127.0.0.1:%d/echo/:v?x=:v\n"
			 "\\echo :q_body\n",
			 "GET /echo/a%20b%2Fc%3Fd%26%C3%A9?x=a%20b%2Fc%3Fd%26%C3%A9 HTTP",
			 true);
	contains("\\set base 'http://127.0.0.1:%d'\n"
			 "\\http q GET :base/echo\n\\echo :q_body\n",
			 "GET /echo HTTP", true);
	contains("\\set v 42\n\\http q GET http://127.0.0.1:%d/echo "
			 "header=\"X-One: :v\" header=\"X-Two: fixed\"\n\\echo :q_body\n",
			 "X-One: 42\r\nX-Two: fixed\r\n", true);
	contains("\\set v 42\n\\http q POST http://127.0.0.1:%d/echo "
			 "body=\"n is :v\"\n\\echo :q_body\n",
			 "\r\n\r\nn is 42", true);
	contains("\\http q POST http://127.0.0.1:%d/echo body=\"text\"\n"
			 "\\echo :q_body\n",
			 "Content-Type: text/plain; charset=utf-8\r\n", true);
	contains("\\set v 42\n\\http q POST http://127.0.0.1:%d/echo "
			 "json={\"n\": :v}\n\\echo :q_body\n",
			 "{\"n\": 42}", true);
	contains("\\http q PUT http://127.0.0.1:%d/echo json={\"n\": 1}\n"
			 "\\echo :q_body\n",
			 "Content-Type: application/json\r\n", true);
	contains("\\http q POST http://127.0.0.1:%d/echo json={\"n\": 1} "
			 "header=\"content-type: text/x-mine\"\n\\echo :q_body\n",
			 "application/json", false);
	says("\\set v NULL\n\\http q GET http://127.0.0.1:%d/echo?v=:v\n", "",
		 "variable \"v\" is null, which cannot stand in a URL");
}

/* The steps of one task, one after the other, use one slot: nothing stays. */
static void
test_slot_is_clean(void)
{
	contains("\\set one 'first'\n\\set two 'second'\n"
			 "\\http a POST http://127.0.0.1:%d/echo?:one body=\":one\" "
			 "header=\"X-First: :one\"\n"
			 "\\http b POST http://127.0.0.1:%d/echo?:two body=\":two\" "
			 "header=\"X-Second: :two\"\n\\echo :b_body\n",
			 "irst", false);
	contains("\\set one 'first'\n"
			 "\\http a POST http://127.0.0.1:%d/echo body=\":one\" "
			 "header=\"X-First: :one\"\n"
			 "\\http b GET http://127.0.0.1:%d/echo\n\\echo :b_body\n",
			 "irst", false);
}

/* -------- the three ways to call -------- */

static void
test_calls(const char *mark, bool overlaps, int nholds)
{
	TestEngine engine;
	char plan[400];

	snprintf(plan, sizeof(plan),
			 "\\task a\n%s\\http q GET http://127.0.0.1:%%d/slow?100\n"
			 "\\echo :q_body\n"
			 "\\task b\n%s\\http q GET http://127.0.0.1:%%d/slow?100\n"
			 "\\echo :q_body\n",
			 mark, mark);
	open_plan(&engine, plan);
	engine_run(&engine);
	is_str(engine.said.data, "slow|slow|", "%s: both are answered",
		   one_line(mark));
	ok((engine_time_ns(&engine, 2, STEP_RUNNING) <
		engine_time_ns(&engine, 1, STEP_OK)) == overlaps,
	   "%s: %s", one_line(mark),
	   overlaps ? "at the same time" : "one after the other");
	ok(engine_time_ns(&engine, 1, STEP_OK) -
			   engine_time_ns(&engine, 1, STEP_RUNNING) >=
		   100 * NS_PER_MS,
	   "%s: not before the answer", one_line(mark));
	is_i64(engine_count(&engine, EVENT_HOLD), nholds, "%s: who holds the loop",
		   one_line(mark));
	ok(engine_count(&engine, EVENT_STEP_PHASE) >= 2, "%s: phases are told",
	   one_line(mark));
	engine_close(&engine);
}

static void
test_timeout(const char *mark)
{
	TestEngine engine;
	char plan[200];
	int64_t took_ns;

	snprintf(plan, sizeof(plan),
			 "%s\\http q GET http://127.0.0.1:%%d/hang timeout=50ms\n", mark);
	open_plan(&engine, plan);
	engine_run(&engine);
	took_ns = engine_time_ns(&engine, 1, STEP_FAILED) -
			  engine_time_ns(&engine, 1, STEP_QUEUED);
	is_i64(engine.tasks[0]->err.kind, ERR_TIMEOUT, "%s: times out",
		   one_line(mark));
	ok(took_ns >= 50 * NS_PER_MS && took_ns < 15 * NS_PER_S,
	   "%s: at its time (%.1f ms)", one_line(mark), (double) took_ns / 1e6);
	engine_close(&engine);
}

static void
test_cancel(const char *mark)
{
	TestEngine engine;
	LoopTimer timer;
	char plan[200];

	snprintf(plan, sizeof(plan), "%s\\http q GET http://127.0.0.1:%%d/hang\n",
			 mark);
	open_plan(&engine, plan);
	engine.tasks[engine.ntasks++] = task_new(&engine.engine);
	loop_timer_init(&timer, engine_on_cancel, engine.tasks[0]);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 50 * NS_PER_MS);
	engine_run(&engine);
	ok(engine_time_ns(&engine, 1, STEP_CANCELED) >= 0, "%s: is canceled",
	   one_line(mark));
	engine_close(&engine);
}

/* All of a gather are under way together, each in a slot of its own. */
static void
test_gather(void)
{
	TestEngine engine;

	open_plan(&engine, "\\gather\n"
					   "\\http a GET http://127.0.0.1:%d/slow?100\n"
					   "\\http b GET http://127.0.0.1:%d/ok\n"
					   "\\end\n\\echo :a_body :b_body\n");
	engine_run(&engine);
	is_str(engine.said.data, "slow hello|", "two in a gather");
	engine_close(&engine);
}

int
main(void)
{
	Err err;

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	for (int kind = STEP_SET; kind <= STEP_JUMP; kind++)
		engine_ops[kind] = step_variable_ops;
	engine_ops[STEP_HTTP] = step_http_ops;
	port = server_start();
	loop = loop_new(&err);
	http = http_new(loop, 0);
	lane = http_lane_new(http);

	test_answers();
	test_statuses();
	test_bodies();
	test_requests();
	test_slot_is_clean();
	test_calls("", true, 0);
	test_calls("\\blocking\n", false, 2);
	test_calls("\\thread\n", true, 0);
	test_timeout("");
	test_timeout("\\blocking\n");
	test_timeout("\\thread\n");
	test_cancel("");
	test_cancel("\\thread\n");
	test_gather();

	http_lane_free(lane);
	http_free(http);
	loop_free(loop);
	server_stop();
	return done_testing();
}
