/*
 * conn_helper.h
 *		What the tests of connections share: a loop, requests that are waited
 *		for, and what the callbacks saw.
 *
 * The server is the one that PGHOST and friends name; without PGHOST
 * everything is skipped.  It must let the user connect without being asked
 * for a password and have room for a dozen connections.  Include it from the
 * file with main() only.
 */
#ifndef CONN_HELPER_H
#define CONN_HELPER_H

#include "conn.h"

#include <stdlib.h>
#include <unistd.h>

#include <libpq-fe.h>

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

static inline void
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

static inline void
on_lost(void *arg, Conn *conn, const Err *err)
{
	(void) arg;
	(void) conn;
	is_lost = true;
	lost_err = *err;
	loop_stop(loop);
}

static inline void
on_notice(void *arg, const char *severity, const char *text)
{
	(void) arg;
	nnotices++;
	snprintf(notice, sizeof(notice), "%s: %s", severity, text);
}

static inline void
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

static inline void
on_done(ConnRequest *request, const Err *err)
{
	(void) request;
	is_done = true;
	err_clear(&done_err);
	if (err != NULL)
		done_err = *err;
	loop_stop(loop);
}

static inline Conn *
open_target(ConnTarget *to)
{
	Conn *conn = conn_open(loop, NULL, to, 1, on_open, on_lost, NULL);

	conn_set_notice(conn, on_notice, NULL);
	opened = false;
	while (!opened)
		loop_run(loop);
	return conn;
}

static inline Conn *
open_one(void)
{
	return open_target(target);
}

static inline void
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

static inline void
await(void)
{
	while (!is_done)
		loop_run(loop);
}

static inline void
run_request(Conn *conn, ConnRequest *request)
{
	conn_submit(conn, request);
	await();
}

static inline const char *
run(Conn *conn, Protocol protocol, const char *sql)
{
	ConnRequest request;

	request_init(&request, protocol, sql);
	request.statement_id = 11;
	run_request(conn, &request);
	return value;
}

static inline void
is_fine(const char *what)
{
	ok(done_err.kind == ERR_NONE, "%s", what);
	if (done_err.kind != ERR_NONE)
		tap_show("error", done_err.message);
}

static inline ConnTarget *
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

static inline bool
can_connect(void)
{
	Conn *conn = open_one();
	bool can = ok(open_err.kind == ERR_NONE, "the server can be reached");

	if (!can)
		tap_show("error", open_err.message);
	conn_close(conn);
	return can;
}

/* False: there is no server, which has been said. */
static inline bool
conn_begin(void)
{
	Err err;

	if (getenv("PGHOST") == NULL)
	{
		skip(1, "no server: PGHOST is not set");
		return false;
	}
	alarm(300); /* what waits for ever has failed */
	loop = loop_new(&err);
	target = target_of(NULL, 10000);
	return can_connect();
}

static inline void
conn_end(void)
{
	conn_target_free(target);
	loop_free(loop);
}

#endif /* CONN_HELPER_H */
