/*
 * test_conn_cancel.c
 *	  A statement is canceled, and nothing but that one.
 */
#include "conn_helper.h"

#include "loop_call.h"

static void
on_cancel_timer(void *arg)
{
	ConnRequest *request = arg;

	conn_cancel(request->arg, request);
}

static void
do_nothing(LoopWork *work)
{
	(void) work;
}

static void
on_work_done(LoopWork *work)
{
	(void) work;
	is_done = true;
}

/* What the control thread was asked to do before has been done, too. */
static void
await_control(void)
{
	LoopWork work = {.run = do_nothing, .done = on_work_done};

	is_done = false;
	loop_control(loop, &work);
	await();
}

static void
test_cancel(void)
{
	Conn *conn = open_one();
	ConnRequest request;
	LoopTimer timer;
	int64_t begun_ns = loop_now_ns(loop);

	request_init(&request, PROTOCOL_PREPARED, "SELECT pg_sleep(60)");
	request.arg = conn;
	request.statement_id = 1;
	loop_timer_init(&timer, on_cancel_timer, &request);
	loop_timer_set(loop, &timer, begun_ns + 100 * NS_PER_MS);
	run_request(conn, &request);
	is_str(done_err.sqlstate, "57014", "a cancelled statement says so");
	ok(loop_now_ns(loop) - begun_ns < 30 * NS_PER_S, "long before its time");
	is_i64(conn_state(conn), CONN_IDLE, "the connection is idle again");

	/* the cancel may be late: it must never hit the next statement */
	for (int i = 0; i < 30; i++)
	{
		request_init(&request, PROTOCOL_EXTENDED, "SELECT 1");
		request.arg = conn;
		conn_submit(conn, &request);
		conn_cancel(conn, &request);
		await();
		run(conn, PROTOCOL_EXTENDED, "SELECT pg_sleep(0.002)");
		if (done_err.kind != ERR_NONE)
			break;
	}
	is_fine("a cancel that comes too late hits nothing else");

	/* closing in the middle of a cancel leaves nothing behind */
	request_init(&request, PROTOCOL_EXTENDED, "SELECT pg_sleep(1)");
	conn_submit(conn, &request);
	conn_cancel(conn, &request);
	conn_close(conn);
	ok(!is_done, "a closed connection calls nobody");
	await_control();
}

int
main(void)
{
	if (!conn_begin())
		return done_testing();
	test_cancel();
	conn_end();
	return done_testing();
}
