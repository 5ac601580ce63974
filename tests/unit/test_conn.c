/*
 * test_conn.c
 *	  Connections against the server that PGHOST and friends name.
 *
 * Without PGHOST everything is skipped.  The server must let the user connect
 * without being asked for a password and have room for a dozen connections.
 */
#include "conn.h"
#include "conn_locks.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "mem.h"
#include "tap.h"

static Loop *loop;
static ConnTarget *target;

/* What the callbacks saw last. */
static bool opened;
static bool is_done;
static bool is_lost;
static Err open_err;
static Err done_err;
static Err lost_err;
static char value[64]; /* first column of the last row */
static int nrows;
static int nnotices;
static char notice[256];

static void
on_open(void *arg, Conn *conn, const Err *err)
{
	(void) arg;
	(void) conn;
	opened = true;
	err_clear(&open_err);
	if (err != NULL)
		open_err = *err;
	loop_stop(loop);
}

static void
on_lost(void *arg, Conn *conn, const Err *err)
{
	(void) arg;
	(void) conn;
	is_lost = true;
	lost_err = *err;
	loop_stop(loop);
}

static void
on_notice(void *arg, const char *severity, const char *text)
{
	(void) arg;
	nnotices++;
	snprintf(notice, sizeof(notice), "%s: %s", severity, text);
}

static void
on_result(ConnRequest *request, PGresult *result)
{
	(void) request;
	if (PQnfields(result) == 0)
		return;
	nrows += PQntuples(result);
	if (PQntuples(result) > 0)
		snprintf(value, sizeof(value), "%s",
				 PQgetvalue(result, PQntuples(result) - 1, 0));
}

static void
on_done(ConnRequest *request, const Err *err)
{
	(void) request;
	is_done = true;
	err_clear(&done_err);
	if (err != NULL)
		done_err = *err;
	loop_stop(loop);
}

static Conn *
open_target(ConnTarget *to)
{
	Conn *conn = conn_open(loop, NULL, to, 1, on_open, on_lost, NULL);

	conn_set_notice(conn, on_notice, NULL);
	opened = false;
	while (!opened)
		loop_run(loop);
	return conn;
}

static Conn *
open_one(void)
{
	return open_target(target);
}

static void
request_init(ConnRequest *request, Protocol protocol, const char *sql)
{
	memset(request, 0, sizeof(*request));
	request->protocol = protocol;
	request->sql = sql;
	request->on_result = on_result;
	request->on_done = on_done;
	is_done = false;
	nrows = 0;
	value[0] = '\0';
	err_clear(&done_err);
}

static void
await(void)
{
	while (!is_done)
		loop_run(loop);
}

static void
run_request(Conn *conn, ConnRequest *request)
{
	conn_submit(conn, request);
	await();
}

static const char *
run(Conn *conn, Protocol protocol, const char *sql)
{
	ConnRequest request;

	request_init(&request, protocol, sql);
	request.statement_id = 11;
	run_request(conn, &request);
	return value;
}

static void
is_fine(const char *what)
{
	ok(done_err.kind == ERR_NONE, "%s", what);
	if (done_err.kind != ERR_NONE)
		tap_show("error", done_err.message);
}

/* -------- open connections -------- */

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

/* -------- cancel -------- */

static void
on_cancel_timer(void *arg)
{
	ConnRequest *request = arg;

	conn_cancel(request->arg, request);
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

/* -------- calls that block -------- */

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

/* -------- targets -------- */

static ConnTarget *
target_of(const char *conninfo, int64_t timeout_ms)
{
	ConnSettings settings = {.conninfo = conninfo,
							 .connect_timeout_ns = timeout_ms * NS_PER_MS,
							 .application_name = "test_conn"};
	Err err;
	ConnTarget *made = conn_target_new(&settings, &err);

	if (made == NULL)
		tap_show("error", err.message);
	return made;
}

static void
open_fails(const char *conninfo, int64_t timeout_ms)
{
	ConnTarget *to = target_of(conninfo, timeout_ms);
	Conn *conn = open_target(to);

	is_i64(open_err.kind, ERR_CONNECT, "cannot connect: %s", conninfo);
	tap_show("message", open_err.message);
	ok(open_err.hint[0] != '\0', "with a hint");
	conn_close(conn);
	conn_target_free(to);
}

static void
wrong(const char *conninfo, const char *want, const char *never)
{
	ConnSettings settings = {.conninfo = conninfo};
	Err err;
	ConnTarget *to = conn_target_new(&settings, &err);

	ok(to == NULL && err.kind == ERR_USAGE, "wrong settings are an error");
	ok(strstr(err.message, want) != NULL, "it says: %s", want);
	tap_show("message", err.message);
	ok(never == NULL || strstr(err.message, never) == NULL,
	   "and nothing secret");
	conn_target_free(to);
}

static void
test_settings(void)
{
	ConnSettings settings = {
		.host = "h1",
		.user = "me",
		.port = "1",
		.conninfo = "postgresql://you:secret@h2:2,h3/db?connect_timeout=3"};
	Err err;
	ConnTarget *to = conn_target_new(&settings, &err);

	is_str(conn_target_text(to), "you@h2:2,h3:5432/db",
		   "a URI wins over the other options; no password is shown");
	conn_target_free(to);
	settings.conninfo = "other";
	to = conn_target_new(&settings, &err);
	is_str(conn_target_text(to), "me@h1:1/other", "a name is a database");
	conn_target_free(to);
	unsetenv("PGHOST");
	settings.conninfo = "hostaddr=::1,127.0.0.1 port=7 dbname=d";
	settings.host = NULL;
	setenv("PGUSER", "env", 1);
	settings.user = NULL;
	to = conn_target_new(&settings, &err);
	ok(to != NULL && strncmp(conn_target_text(to), "env@", 4) == 0,
	   "the environment counts");
	conn_target_free(to);
	wrong("host=x password=my secret", "missing", "secret");
	wrong("postgresql://u:pa ss@[h/x", "settings", "pa ss");
	wrong("hots=x", "hots", NULL);
	wrong("sslmode=maybe", "maybe", NULL);
	wrong("host=a,b port=1,2,3", "port", NULL);
	wrong("target_session_attrs=any-one", "any-one", NULL);
	wrong("port=x", "\"x\"", NULL);
	wrong("connect_timeout=soon", "soon", NULL);
}

/* A port of the loopback where nobody answers: queued, never accepted. */
static int
open_silent_port(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(fd, 16) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		abort();
	*port = ntohs(address.sin_port);
	return fd;
}

static void
test_unreachable(void)
{
	int port;
	int fd = open_silent_port(&port);
	char conninfo[200];
	int64_t begun_ns = loop_now_ns(loop);

	snprintf(conninfo, sizeof(conninfo),
			 "host=127.0.0.1 port=%d sslmode=disable", port);
	open_fails(conninfo, 300);
	ok(strstr(open_err.message, "no answer within 0.3 s") != NULL,
	   "a server that does not answer is given up");
	ok(loop_now_ns(loop) - begun_ns >= 300 * NS_PER_MS, "not before its time");
	snprintf(conninfo, sizeof(conninfo),
			 "host=127.0.0.1 port=%d connect_timeout=1", port);
	open_fails(conninfo, 0);
	ok(strstr(open_err.message, "no answer within 1 s") != NULL,
	   "conninfo's own timeout counts where there is no other");
	close(fd);
	open_fails(conninfo, 1000);
	ok(strstr(open_err.message, "Connection refused") != NULL,
	   "nobody listens");
	open_fails("host=/nonexistent port=1", 1000);
	ok(strstr(open_err.message, "/nonexistent/.s.PGSQL.1") != NULL,
	   "the socket is named");
	open_fails("host=no-such-host.invalid", 10000);
	ok(strstr(open_err.message, "no-such-host.invalid") != NULL,
	   "a name that does not resolve is named");
	open_fails("dbname=no_such_database", 10000);
	is_str(open_err.sqlstate, "3D000", "a database that is not there");
	open_fails("user=no_such_user", 10000);
	ok(strncmp(open_err.sqlstate, "28", 2) == 0, "a user that is not there");
}

static void
opens(const char *conninfo, const char *sql, const char *want,
	  const char *what)
{
	ConnTarget *to = target_of(conninfo, 5000);
	Conn *conn = open_target(to);

	ok(open_err.kind == ERR_NONE, "%s", what);
	if (open_err.kind != ERR_NONE)
		tap_show("error", open_err.message);
	else
		is_str(run(conn, PROTOCOL_EXTENDED, sql), want, "%s = %s", sql, want);
	conn_close(conn);
	conn_target_free(to);
}

static void
test_several_hosts(void)
{
	const char *host = getenv("PGHOST");
	const char *port = getenv("PGPORT") != NULL ? getenv("PGPORT") : "5432";
	const char *none = "SELECT 'here'";
	char conninfo[512];

	snprintf(conninfo, sizeof(conninfo), "host=/nonexistent,%s port=%s", host,
			 port);
	opens(conninfo, none, "here", "the second host, when the first is dead");
	snprintf(conninfo, sizeof(conninfo),
			 "host=no-such-host.invalid,%s port=%s", host, port);
	opens(conninfo, none, "here", "when its name does not resolve");
	snprintf(conninfo, sizeof(conninfo),
			 "host=/nonexistent,%s port=%s target_session_attrs=read-write",
			 host, port);
	opens(conninfo, "SHOW transaction_read_only", "off", "read-write");
	snprintf(conninfo, sizeof(conninfo),
			 "target_session_attrs=prefer-standby");
	opens(conninfo, "SELECT pg_is_in_recovery()", "f",
		  "prefer-standby takes a primary when there is nothing else");
	opens("target_session_attrs=primary", none, "here", "primary");
	open_fails("target_session_attrs=standby", 5000);
	open_fails("target_session_attrs=read-only", 5000);
	opens(
		"options='-c default_transaction_read_only=on' target_session_attrs=read-only",
		"SHOW transaction_read_only", "on", "read-only");
	opens("options='-c geqo=off'", "SHOW geqo", "off",
		  "options of the user's own are kept");
	opens("application_name=mine", "SHOW application_name", "mine",
		  "as is the application's name");
	opens("", "SHOW application_name", "test_conn", "which we have, too");
}

static void
test_refused_options(void)
{
	ConnTarget *to = target_of("options='-c no_such_setting=1'", 5000);
	Conn *conn;
	bool is_pooler;

	nnotices = 0;
	conn = open_target(to);
	ok(conn_target_options_refused(to, &is_pooler), "options are refused");
	ok(!is_pooler, "by a server, not a pooler");
	is_i64(nnotices, 1, "which is said once");
	is_str(open_err.sqlstate, "42704", "the user's own are not left out");
	conn_close(conn);
	conn_target_free(to);
}

static bool
can_connect(void)
{
	Conn *conn = open_one();
	bool can = ok(open_err.kind == ERR_NONE, "the server can be reached");

	if (!can)
		tap_show("error", open_err.message);
	conn_close(conn);
	return can;
}

/* -------- several at the same time -------- */

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
	ok(r[1].arrived_ns - r[1].started_ns >= 100 * NS_PER_MS,
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
	ok(r[0].arrived_ns - r[0].started_ns >= 300 * NS_PER_MS,
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
	Err err;

	if (getenv("PGHOST") == NULL)
	{
		skip(1, "no server: PGHOST is not set");
		return done_testing();
	}
	alarm(300); /* what waits for ever has failed */
	loop = loop_new(&err);
	target = target_of(NULL, 10000);
	if (!can_connect())
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
	test_cancel();
	test_shared();
	test_shared_cancel();
	test_batch();
	test_lost();
	test_calls();
	test_locks();
	test_unreachable();
	test_several_hosts();
	test_refused_options();
	test_settings();
	conn_target_free(target);
	loop_free(loop);
	return done_testing();
}
