/*
 * test_conn_call.c
 *	  Calls that block on a connection.
 */
#include "conn_helper.h"

#include <pthread.h>

#include "conn_locks.h"
#include "loop_call.h"

typedef struct Watcher
{
	Conn *conn;
	int after_ms;
} Watcher;

static void *
interrupt_later(void *arg)
{
	Watcher *watcher = arg;

	usleep((useconds_t) watcher->after_ms * 1000);
	conn_call_interrupt(watcher->conn);
	return NULL;
}

static void
call(Conn *conn, ConnRequest *request)
{
	LoopCall guard = {.deadline_ns = LOOP_NEVER, .holds_loop = true};
	int before = nnotices;

	conn_call_begin(conn, request, true);
	is_i64(conn_state(conn), CONN_AWAY, "while it blocks it is away");
	loop_call_begin(loop, &guard);
	conn_call_run(conn, request);
	loop_call_end(loop, &guard);
	ok(!is_done && nnotices == before, "nothing is called back while it runs");
	conn_call_end(conn, request);
	ok(is_done, "the call has ended");
}

static void
test_calls(void)
{
	Conn *conn = open_one();
	const char *params[1] = {"20"};
	ConnRequest request;
	Watcher watcher = {conn, 200};
	pthread_t thread;

	for (int protocol = PROTOCOL_EXTENDED; protocol <= PROTOCOL_PREPARED;
		 protocol++)
	{
		request_init(&request, (Protocol) protocol, "SELECT $1::int + 1");
		request.nparams = 1;
		request.params = params;
		request.statement_id = 4;
		request.before_sql = "SET my.hook = 'called'";
		call(conn, &request);
		is_str(value, "21", "protocol %d: its result", protocol);
	}
	request_init(&request, PROTOCOL_SIMPLE,
				 "SELECT 1; SELECT current_setting('my.hook');");
	nnotices = 0;
	call(conn, &request);
	is_str(value, "called", "simple: several statements, after the hook");
	is_i64(nrows, 2, "all of them are told");

	request_init(&request, PROTOCOL_SIMPLE,
				 "DO $$ BEGIN RAISE WARNING 'blocked'; END $$");
	call(conn, &request);
	is_str(notice, "WARNING: blocked", "notices come afterwards");

	request_init(&request, PROTOCOL_SIMPLE, "COPY pg_class FROM STDIN");
	call(conn, &request);
	ok(strstr(done_err.message, "COPY") != NULL, "COPY FROM STDIN fails");

	request_init(&request, PROTOCOL_PREPARED, "SELECT 1 FROM nowhere");
	request.statement_id = 17;
	call(conn, &request);
	is_str(done_err.sqlstate, "42P01", "an error");
	is_i64(request.error_position, 15, "with its position");

	request_init(&request, PROTOCOL_EXTENDED, "SELECT pg_sleep(60)");
	pthread_create(&thread, NULL, interrupt_later, &watcher);
	call(conn, &request);
	pthread_join(thread, NULL);
	is_str(done_err.sqlstate, "57014", "it can be interrupted");
	is_str(run(conn, PROTOCOL_PREPARED, "SELECT 8"), "8",
		   "then the connection is the loop's again");

	request_init(&request, PROTOCOL_EXTENDED,
				 "SELECT pg_terminate_backend(pg_backend_pid())");
	call(conn, &request);
	is_i64(done_err.kind, ERR_LOST, "a connection lost in a call");
	ok(!conn_is_usable(conn), "is not used again");
	conn_close(conn);
}

/* The call waits for a lock of an idle transaction of this very program. */
static void
test_locks(void)
{
	ConnLocks *locks = conn_locks_new(loop, target);
	Conn *holder = open_one();
	Conn *waiter = conn_open(loop, NULL, target, 2, on_open, on_lost, NULL);
	ConnRequest request;

	opened = false;
	while (!opened)
		loop_run(loop);
	conn_set_owner(holder, 1, "AAPL");
	conn_set_owner(waiter, 2, "GOOG");
	run(holder, PROTOCOL_SIMPLE,
		"DROP TABLE IF EXISTS conn_l; CREATE TABLE conn_l AS SELECT 1 AS a");
	run(holder, PROTOCOL_SIMPLE, "BEGIN; UPDATE conn_l SET a = 2");

	request_init(&request, PROTOCOL_PREPARED, "UPDATE conn_l SET a = 3");
	call(waiter, &request);
	is_i64(done_err.kind, ERR_SQL, "a call that could never end is stopped");
	ok(strstr(done_err.message, "AAPL") != NULL &&
		   strstr(done_err.message, "GOOG") != NULL,
	   "both tasks are named");
	tap_show("message", done_err.message);
	is_str(done_err.sqlstate, "", "it is not the server's doing");

	run(holder, PROTOCOL_SIMPLE, "COMMIT");
	request_init(&request, PROTOCOL_EXTENDED, "SELECT pg_sleep(1)");
	call(waiter, &request);
	is_fine("a call that is only slow is left alone");
	run(holder, PROTOCOL_SIMPLE, "DROP TABLE conn_l");
	conn_close(holder);
	conn_close(waiter);
	loop_set_watchdog(loop, NULL, NULL, 100);
	conn_locks_free(locks);
}

int
main(void)
{
	if (!conn_begin())
		return done_testing();
	test_calls();
	test_locks();
	conn_end();
	return done_testing();
}
