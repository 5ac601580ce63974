/*
 * test_conn.c
 *	  One connection and its requests, one after the other.
 */
#include "conn_helper.h"

#include <sys/socket.h>

#include "mem.h"

static void
test_queries(void)
{
	Conn *conn = open_one();
	const char *params[2] = {"41", NULL};
	ConnRequest request;

	ok(open_err.kind == ERR_NONE, "it opens");
	tap_show("target", conn_target_text(target));
	is_i64(conn_state(conn), CONN_IDLE, "and is idle");
	ok(conn_pid(conn) > 0, "it knows its server process");
	is_str(run(conn, PROTOCOL_SIMPLE, "SELECT 1; SELECT 2"), "2",
		   "simple: several statements");
	is_i64(nrows, 2, "a row of each");

	request_init(&request, PROTOCOL_EXTENDED,
				 "SELECT $1::int + 1, $2::text IS NULL");
	request.nparams = 2;
	request.params = params;
	run_request(conn, &request);
	is_str(value, "42", "extended: parameters are bound");

	for (int i = 0; i < 3; i++)
	{
		request_init(&request, PROTOCOL_PREPARED, "SELECT $1::int * 2");
		request.nparams = 1;
		request.params = params;
		request.statement_id = 9;
		run_request(conn, &request);
		is_str(value, "82", "prepared: execution %d", i + 1);
	}
	ok(request.sent_ns > 0 && request.arrived_ns >= request.sent_ns,
	   "it was sent, then the answer arrived");
	is_str(run(conn, PROTOCOL_EXTENDED,
			   "SELECT count(*) FROM pg_prepared_statements"),
		   "1", "it was prepared once");
	is_str(run(conn, PROTOCOL_EXTENDED, "SHOW client_encoding"), "UTF8",
		   "the encoding is UTF-8");
	if (conn_server_version(conn) >= 140000)
		is_str(run(conn, PROTOCOL_EXTENDED,
				   "SHOW client_connection_check_interval"),
			   "1s", "the server looks whether we are there");
	else
		skip(1, "this server has no client_connection_check_interval");
	run(conn, PROTOCOL_SIMPLE, "");
	is_fine("an empty statement is no error");
	conn_close(conn);
}

static void
test_errors(void)
{
	Conn *conn = open_one();
	ConnRequest request;

	for (int protocol = PROTOCOL_SIMPLE; protocol <= PROTOCOL_PREPARED;
		 protocol++)
	{
		request_init(&request, (Protocol) protocol, "SELECT 1 FROM nowhere");
		run_request(conn, &request);
		is_i64(done_err.kind, ERR_SQL, "protocol %d: an error", protocol);
		is_str(done_err.sqlstate, "42P01", "with its SQLSTATE");
		is_i64(request.error_position, 15, "and its position");
		is_i64(conn_state(conn), CONN_IDLE, "the connection goes on");
	}
	is_str(run(conn, PROTOCOL_PREPARED, "SELECT 7"), "7",
		   "a statement that failed to be prepared can be prepared");

	run(conn, PROTOCOL_SIMPLE, "BEGIN");
	ok(conn_in_transaction(conn), "BEGIN opens a transaction");
	run(conn, PROTOCOL_EXTENDED, "SELECT 1/0");
	is_str(done_err.sqlstate, "22012", "it fails");
	ok(conn_in_transaction(conn), "a failed one is open, too");
	run(conn, PROTOCOL_SIMPLE, "ROLLBACK");
	ok(!conn_in_transaction(conn), "ROLLBACK ends it");

	request_init(&request, PROTOCOL_EXTENDED, "SELECT 1");
	request.nparams = 70000;
	request.params = mem_alloc(70000 * sizeof(char *));
	run_request(conn, &request);
	is_i64(done_err.kind, ERR_SQL, "what libpq does not send is an error");
	free((void *) request.params);
	is_str(run(conn, PROTOCOL_EXTENDED, "SELECT 3"), "3", "of that one only");
	conn_close(conn);
}

/* Statements that were prepared and are gone or have changed. */
static void
test_forgotten(void)
{
	static const char *const spoilers[] = {
		"DEALLOCATE ALL", "DISCARD ALL",
		"DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
		"ALTER TABLE conn_t ADD b int"};
	Conn *conn = open_one();

	run(conn, PROTOCOL_SIMPLE,
		"DROP TABLE IF EXISTS conn_t; CREATE TABLE conn_t AS SELECT 5 AS a");
	is_fine("a table");
	for (int i = 0; i < 4; i++)
	{
		is_str(run(conn, PROTOCOL_PREPARED, "SELECT * FROM conn_t"), "5",
			   "prepared");
		run(conn, PROTOCOL_SIMPLE, spoilers[i]);
		is_fine(spoilers[i]);
		is_str(run(conn, PROTOCOL_PREPARED, "SELECT * FROM conn_t"), "5",
			   "after it the statement is prepared anew");
		is_fine("without an error");
	}
	run(conn, PROTOCOL_SIMPLE, "ALTER TABLE conn_t ADD c int");
	run(conn, PROTOCOL_SIMPLE, "BEGIN");
	run(conn, PROTOCOL_PREPARED, "SELECT * FROM conn_t");
	is_str(done_err.sqlstate, "0A000",
		   "inside a transaction that cannot be done behind its back");
	run(conn, PROTOCOL_SIMPLE, "ROLLBACK; DROP TABLE conn_t");
	conn_close(conn);
}

static void
test_hook(void)
{
	Conn *conn = open_one();
	ConnRequest request;
	const char *show = "SELECT current_setting('my.hook', true)";

	for (int rides = 0; rides <= 1; rides++)
		for (int protocol = PROTOCOL_SIMPLE; protocol <= PROTOCOL_PREPARED;
			 protocol++)
		{
			run(conn, PROTOCOL_SIMPLE, "SET my.hook = 'none'");
			request_init(&request, (Protocol) protocol, show);
			request.statement_id = 5 + protocol;
			request.before_sql = "SET my.hook = 'set'";
			request.before_rides = rides != 0;
			run_request(conn, &request);
			is_fine("a statement with a hook in front");
			is_str(value, "set", "sees what the hook did (protocol %d, %s)",
				   protocol, rides ? "one flush" : "apart");
		}

	request_init(&request, PROTOCOL_EXTENDED, show);
	request.before_sql = "SET my.hook = 'a'; SET my.hook = 'b';";
	request.before_rides = true;
	run_request(conn, &request);
	is_str(value, "b", "a hook of several statements");

	for (int rides = 0; rides <= 1; rides++)
	{
		request_init(&request, PROTOCOL_PREPARED,
					 "SELECT set_config('my.ran', 'yes', false)");
		request.before_sql = "SET my.hook TO DEFAULT, nonsense";
		request.before_rides = rides != 0;
		request.statement_id = 30 + rides;
		run_request(conn, &request);
		ok(strncmp(done_err.message, "acquire hook: ", 14) == 0,
		   "a hook that fails says so");
		is_str(run(conn, PROTOCOL_EXTENDED, "SELECT 'x'"), "",
			   "it is sent again in front of the next, and fails again");
		conn_forget_hook(conn);
		is_str(run(conn, PROTOCOL_EXTENDED,
				   "SELECT current_setting('my.ran', true)"),
			   "", "and the statement behind it never ran");
	}

	run(conn, PROTOCOL_SIMPLE, "SET my.hook = 'none'");
	request_init(&request, PROTOCOL_EXTENDED, "SELECT 1/0");
	request.before_sql = "SET my.hook = 'set'";
	request.before_rides = true;
	run_request(conn, &request);
	is_str(done_err.sqlstate, "22012", "the statement fails, with its hook");
	is_i64(request.error_position, 0, "its position is not made up");
	is_str(run(conn, PROTOCOL_EXTENDED, show), "set",
		   "so that the hook is sent again with the next");
	run(conn, PROTOCOL_SIMPLE, "SET my.hook = 'none'");
	is_str(run(conn, PROTOCOL_EXTENDED, show), "none", "but not for ever");
	conn_close(conn);
}

static void
test_large(void)
{
	Conn *conn = open_one();
	size_t len = 20 * 1024 * 1024;
	char *sql = mem_alloc(len + 64);
	ConnRequest request;
	size_t at = (size_t) sprintf(sql, "SELECT length('");

	memset(sql + at, 'x', len);
	strcpy(sql + at + len, "')");
	request_init(&request, PROTOCOL_EXTENDED, sql);
	run_request(conn, &request);
	is_str(value, "20971520", "a statement of 20 MB is sent in pieces");

	request_init(&request, PROTOCOL_EXTENDED,
				 "SELECT repeat('y', 1000) FROM generate_series(1, 30000)");
	request.on_result = NULL;
	run_request(conn, &request);
	is_fine("30 MB of rows that nobody takes");
	free(sql);
	is_str(run(conn, PROTOCOL_EXTENDED,
			   "SELECT g FROM generate_series(1, 1000) AS g"),
		   "1000", "all rows are seen");
	is_i64(nrows, 1000, "each once");
	conn_close(conn);
}

static void
test_copy(void)
{
	Conn *conn = open_one();

	run(conn, PROTOCOL_SIMPLE, "CREATE TEMP TABLE copied (a int)");
	for (int protocol = PROTOCOL_SIMPLE; protocol <= PROTOCOL_EXTENDED;
		 protocol++)
	{
		run(conn, (Protocol) protocol, "COPY copied FROM STDIN");
		is_i64(done_err.kind, ERR_SQL, "COPY FROM STDIN is an error");
		ok(strstr(done_err.message, "COPY") != NULL, "that names it");
		is_str(run(conn, PROTOCOL_EXTENDED, "SELECT count(*) FROM copied"),
			   "0", "and the connection goes on");
		run(conn, (Protocol) protocol,
			"COPY (SELECT generate_series(1, 50000)) TO STDOUT");
		is_fine("COPY TO STDOUT: rows are dropped");
	}
	conn_close(conn);
}

static void
test_notices(void)
{
	Conn *conn = open_one();

	nnotices = 0;
	run(conn, PROTOCOL_SIMPLE, "DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
	is_i64(nnotices, 1, "a notice is told");
	is_str(notice, "NOTICE: hello", "with its severity");
	conn_close(conn);
}

static void
test_fifo(void)
{
	Conn *conn = open_one();
	ConnRequest requests[3];

	for (int i = 0; i < 3; i++)
	{
		request_init(&requests[i], PROTOCOL_PREPARED,
					 i == 0 ? "SELECT pg_sleep(0.1)" : "SELECT 1");
		requests[i].statement_id = i;
		conn_submit(conn, &requests[i]);
	}
	conn_cancel(conn, &requests[1]);
	await();
	is_i64(done_err.kind, ERR_CANCEL,
		   "a request that has not left is cancelled at once");
	is_done = false;
	await();
	is_fine("the first one ends by itself");
	is_done = false;
	await();
	is_str(value, "1", "the third one follows");
	ok(requests[2].sent_ns >= requests[0].arrived_ns,
	   "it was sent when the first was answered");
	conn_close(conn);
}

/* -------- what the trace tells -------- */

static char states[256];
static int64_t phase_ns[PHASES];

static void
on_event(void *arg, const Event *event)
{
	size_t len = strlen(states);

	(void) arg;
	if (event->kind == EVENT_CONN)
		snprintf(states + len, sizeof(states) - len, "%s ",
				 conn_state_name((ConnState) event->value));
	else if (event->kind == EVENT_CONN_PHASE)
		phase_ns[event->value] += event->amount;
}

static void
test_trace(void)
{
	Trace *trace = trace_new();
	Conn *conn;
	ConnRequest request;
	int64_t begun_ns = loop_now_ns(loop);
	char want[256];

	trace_add_sink(trace, on_event, NULL);
	trace_want_moves(trace);
	conn = conn_open(loop, trace, target, 7, on_open, on_lost, NULL);
	opened = false;
	while (!opened)
		loop_run(loop);
	ok(phase_ns[PHASE_CONNECT] > 0 && phase_ns[PHASE_AUTH] > 0,
	   "opening takes time to connect, and to be let in");
	ok(phase_ns[PHASE_CONNECT] + phase_ns[PHASE_AUTH] + phase_ns[PHASE_TLS] <=
		   loop_now_ns(loop) - begun_ns,
	   "no more than it took");
	run(conn, PROTOCOL_EXTENDED, "SELECT 1");
	request_init(&request, PROTOCOL_EXTENDED, "SELECT pg_sleep(60)");
	conn_submit(conn, &request);
	conn_cancel(conn, &request);
	await();
	request_init(&request, PROTOCOL_EXTENDED, "SELECT 1");
	conn_call_begin(conn, &request, true);
	conn_call_run(conn, &request);
	conn_call_end(conn, &request);
	conn_close(conn);
	snprintf(want, sizeof(want), "%s %s %s %s %s %s %s %s %s %s %s %s ",
			 conn_state_name(CONN_RESOLVING), conn_state_name(CONN_CONNECTING),
			 conn_state_name(CONN_CONFIGURING), conn_state_name(CONN_IDLE),
			 conn_state_name(CONN_BUSY), conn_state_name(CONN_IDLE),
			 conn_state_name(CONN_BUSY), conn_state_name(CONN_CANCELING),
			 conn_state_name(CONN_IDLE), conn_state_name(CONN_AWAY),
			 conn_state_name(CONN_IDLE), conn_state_name(CONN_CLOSED));
	is_str(states, want, "every state is told, in order");
	trace_free(trace);
}

/* -------- lost connections -------- */

static void
kill_backend(int pid)
{
	Conn *conn = open_one();
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d)", pid);
	run(conn, PROTOCOL_SIMPLE, sql);
	conn_close(conn);
}

static void
test_lost(void)
{
	Conn *conn = open_one();
	ConnRequest request;

	is_lost = false;
	kill_backend(conn_pid(conn));
	while (!is_lost)
		loop_run(loop);
	is_i64(lost_err.kind, ERR_LOST, "an idle connection that breaks is told");
	is_str(lost_err.sqlstate, "57P01", "with what the server said");
	ok(!conn_is_usable(conn), "it cannot be used");
	run(conn, PROTOCOL_EXTENDED, "SELECT 1");
	is_i64(done_err.kind, ERR_LOST, "a request on it fails, from the loop");
	conn_close(conn);

	for (int protocol = PROTOCOL_SIMPLE; protocol <= PROTOCOL_PREPARED;
		 protocol++)
	{
		conn = open_one();
		is_lost = false;
		run(conn, (Protocol) protocol,
			"SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)");
		is_i64(done_err.kind, ERR_LOST, "protocol %d: lost in the middle",
			   protocol);
		is_str(done_err.sqlstate, "57P01", "the server's reason is told");
		ok(!is_lost, "once");
		conn_close(conn);
	}

	conn = open_one();
	request_init(&request, PROTOCOL_EXTENDED, "SELECT 1");
	shutdown(conn_socket(conn), SHUT_RDWR);
	run_request(conn, &request);
	is_i64(done_err.kind, ERR_LOST, "a socket that is gone");
	conn_close(conn);
}

int
main(void)
{
	if (!conn_begin())
		return done_testing();
	test_queries();
	test_errors();
	test_forgotten();
	test_hook();
	test_large();
	test_copy();
	test_notices();
	test_fifo();
	test_trace();
	test_lost();
	conn_end();
	return done_testing();
}
