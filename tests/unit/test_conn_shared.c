/*
 * test_conn_shared.c
 *	  Several requests at the same time on one connection.
 */
#include "conn_helper.h"

#define MANY 8

static char many_log[256]; /* which ended, how */
static int many_left;

static void
on_many_done(ConnRequest *request, const Err *err)
{
	size_t len = strlen(many_log);

	snprintf(many_log + len, sizeof(many_log) - len, "%d%s ",
			 *(int *) request->arg,
			 err == NULL				? ""
			 : request->is_aborted		? "-"
			 : err->sqlstate[0] != '\0' ? err->sqlstate
			 : err->kind == ERR_CANCEL	? "c"
			 : err->kind == ERR_LOST	? "lost"
										: "?");
	if (--many_left == 0)
		loop_stop(loop);
}

static const int many_numbers[MANY] = {0, 1, 2, 3, 4, 5, 6, 7};

static void
many_init(ConnRequest *request, int i, ConnFlow flow, const char *sql)
{
	memset(request, 0, sizeof(*request));
	request->flow = flow;
	request->protocol = PROTOCOL_PREPARED;
	request->statement_id = 100 + i;
	request->sql = sql;
	request->on_done = on_many_done;
	request->arg = (void *) (uintptr_t) &many_numbers[i];
}

static void
many_await(int n)
{
	many_left = n;
	many_log[0] = '\0';
	while (many_left > 0)
		loop_run(loop);
}

static void
test_shared(void)
{
	Conn *conn = open_one();
	ConnRequest r[MANY];
	static const char *const sql[] = {"SELECT 1",
									  "SELECT 1/0",
									  "SELECT pg_sleep(0.3)",
									  "SELECT nowhere.x",
									  "SELECT generate_series(1, 2000)",
									  "SELECT 2"};

	for (int i = 0; i < 6; i++)
		many_init(&r[i], i, CONN_SHARED, sql[i]);
	r[5].statement_id = r[0].statement_id;
	for (int i = 0; i < 6; i++)
		conn_submit(conn, &r[i]);
	many_await(6);
	is_str(many_log, "0 122012 2 342P01 4 5 ", "each has its own end");
	for (int i = 1; i < 6; i++)
		ok(r[i].started_ns == r[i - 1].arrived_ns ||
			   (r[i].started_ns > r[i - 1].arrived_ns &&
				r[i].started_ns == r[i].sent_ns),
		   "%d began when the one before was answered", i);
	ok(r[2].arrived_ns - r[2].started_ns >= 150 * NS_PER_MS,
	   "its time is its own: %lld ms",
	   (long long) ((r[2].arrived_ns - r[2].started_ns) / NS_PER_MS));
	is_i64(conn_state(conn), CONN_IDLE, "then it is idle");
	is_str(run(conn, PROTOCOL_SIMPLE, "SELECT 3; SELECT 4"), "4",
		   "a request that wants to be alone can follow");

	/* what is wrong with the statement's name is not the neighbour's fault */
	run(conn, PROTOCOL_SIMPLE, "DEALLOCATE ALL");
	for (int i = 0; i < 3; i++)
	{
		many_init(&r[i], 0, CONN_SHARED, "SELECT missing");
		r[i].arg = (void *) (uintptr_t) &many_numbers[i];
		conn_submit(conn, &r[i]);
	}
	many_await(3);
	is_str(many_log, "042703 142703 242703 ", "each learns what is wrong");
	conn_close(conn);
}

static Conn *cancel_conn;

static void
on_started_cancel(ConnRequest *request)
{
	conn_cancel(cancel_conn, request);
}

static void
on_cancel_second(void *arg)
{
	conn_cancel(cancel_conn, (ConnRequest *) arg + 1);
}

static void
test_shared_cancel(void)
{
	Conn *conn = open_one();
	ConnRequest r[4] = {{0}};
	LoopTimer timer;

	/* the first is over before its cancel arrives, more often than not */
	cancel_conn = conn;
	for (int round = 0; round < 50 && !r[1].is_retry; round++)
	{
		many_init(&r[0], 0, CONN_SHARED, "SELECT 1");
		r[0].on_started = on_started_cancel;
		many_init(&r[1], 1, CONN_SHARED, "SELECT pg_sleep(0.1)");
		many_init(&r[2], 2, CONN_SHARED, "SELECT 2");
		for (int i = 0; i < 3; i++)
			conn_submit(conn, &r[i]);
		many_await(3);
		if (strstr(many_log, "157014") != NULL)
			break;
	}
	ok(r[1].is_retry, "a late cancel hit the neighbour");
	ok(strstr(many_log, "157014") == NULL, "which was sent again: %s",
	   many_log);
	ok(r[1].arrived_ns - r[1].started_ns >= 50 * NS_PER_MS,
	   "and ran to its end");

	/* one that is not the first waits for its turn; one unsent goes at once */
	many_init(&r[0], 0, CONN_SHARED, "SELECT pg_sleep(0.3)");
	many_init(&r[1], 1, CONN_SHARED, "SELECT pg_sleep(60)");
	many_init(&r[2], 2, CONN_SHARED, "SELECT 2");
	many_init(&r[3], 3, CONN_SHARED, "SELECT 3");
	for (int i = 0; i < 3; i++)
	{
		r[i].statement_id += 10;
		conn_submit(conn, &r[i]);
	}
	conn_submit(conn, &r[3]);
	conn_cancel(conn, &r[3]);
	ok(r[3].is_canceled && !r[3].is_sent, "one that has not left");
	loop_timer_init(&timer, on_cancel_second, r);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 100 * NS_PER_MS);
	many_await(4);
	is_str(many_log, "3c 0 157014 2 ",
		   "each cancel stops the one that it is for");
	/* not stopped after 100 ms; we may have been kept waiting behind the send
	 */
	ok(r[0].arrived_ns - r[0].started_ns >= 200 * NS_PER_MS,
	   "the one in front ran to its end");
	conn_close(conn);
}

static void
test_batch(void)
{
	Conn *conn = open_one();
	ConnRequest r[MANY];

	run(conn, PROTOCOL_SIMPLE, "CREATE TEMP TABLE batch (i int)");
	many_init(&r[0], 0, CONN_BATCH, "INSERT INTO batch VALUES (1)");
	many_init(&r[1], 1, CONN_BATCH, "SELECT 1/0");
	many_init(&r[2], 2, CONN_BATCH, "INSERT INTO batch VALUES (2)");
	many_init(&r[3], 3, CONN_SYNC, NULL);
	many_init(&r[4], 4, CONN_BATCH, "INSERT INTO batch VALUES (3)");
	many_init(&r[5], 5, CONN_SYNC, NULL);
	many_init(&r[6], 6, CONN_BATCH, "INSERT INTO batch VALUES (4)");
	many_init(&r[7], 7, CONN_SYNC, "ROLLBACK");
	r[7].protocol = PROTOCOL_EXTENDED;
	r[7].is_silent = true;
	nnotices = 0;
	for (int i = 0; i < MANY; i++)
		conn_submit(conn, &r[i]);
	many_await(MANY);
	is_str(many_log, "0 122012 2- 3 4 5 6 7 ",
		   "an error aborts the rest up to the sync");
	is_i64(nnotices, 0, "a silent ROLLBACK tells no notice");
	is_str(run(conn, PROTOCOL_EXTENDED,
			   "SELECT string_agg(i::text, ' ') FROM "
			   "batch"),
		   "3", "what was committed");
	ok(!conn_in_transaction(conn), "no transaction is left");

	/* the hook in front fails: nothing else is sent */
	many_init(&r[0], 0, CONN_BATCH, "INSERT INTO batch VALUES (5)");
	r[0].before_sql = "SELECT 1/0";
	many_init(&r[1], 1, CONN_BATCH, "INSERT INTO batch VALUES (6)");
	many_init(&r[2], 2, CONN_SYNC, NULL);
	for (int i = 0; i < 3; i++)
		conn_submit(conn, &r[i]);
	many_await(3);
	ok(strstr(many_log, "022012") != NULL && strstr(many_log, "1-") != NULL,
	   "a hook that fails aborts the batch: %s", many_log);
	conn_forget_hook(conn);
	is_str(run(conn, PROTOCOL_EXTENDED, "SELECT count(*) FROM batch"), "1",
		   "nothing was done");

	/* lost in the middle */
	many_init(&r[0], 0, CONN_BATCH, "SELECT 1");
	many_init(&r[1], 1, CONN_BATCH,
			  "SELECT pg_terminate_backend(pg_backend_pid())");
	many_init(&r[2], 2, CONN_BATCH, "SELECT 2");
	many_init(&r[3], 3, CONN_SYNC, NULL);
	for (int i = 0; i < 4; i++)
	{
		r[i].statement_id += 20; /* other statements than before */
		conn_submit(conn, &r[i]);
	}
	many_await(4);
	ok(strncmp(many_log, "0 1", 3) == 0 && strstr(many_log, "2") != NULL,
	   "a loss ends all of them: %s", many_log);
	ok(!conn_is_usable(conn), "and the connection");
	conn_close(conn);
}

int
main(void)
{
	if (!conn_begin())
		return done_testing();
	test_shared();
	test_shared_cancel();
	test_batch();
	conn_end();
	return done_testing();
}
