/*
 * conn_open.c
 *	  Opening a connection: one address after the other, each with a deadline.
 *
 * libpq is given one numeric address at a time, so that it never waits for a
 * name server and never moves on by itself; several hosts, several addresses
 * of a host, target_session_attrs and load_balance_hosts are seen to here.
 *
 * A ConnOpening lives from conn_open until the connection is open or has
 * failed for good.  Around every PQconnectPoll the socket is taken from the
 * loop and watched afresh: libpq may close it and get another one with the
 * same number (https://www.postgresql.org/docs/current/libpq-connect.html).
 */
#include "conn_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define MAX_FAILURES_BYTES 480 /* reasons, one an address, in the message */

struct ConnOpening
{
	Conn *conn;
	ConnOpening *next; /* target->waiting */

	/* Which address is tried: pass, host within order, address of it. */
	int pass;
	int ihost;
	int iaddress; /* -1: none of this host yet */
	int *order;	  /* of hosts; NULL: as given */
	int rotation; /* of a host's addresses */
	bool with_options;
	bool stop; /* the server's answer ends the search */

	Phase phase;
	int64_t phase_begun_ns;
	int64_t phase_ns[PHASES];

	int nfailures;
	Buf failures;
	char sqlstate[6];
	const char *hint;
};

ConnOpening **
conn_opening_next(ConnOpening *opening)
{
	return &opening->next;
}

void
conn_open_free(Conn *conn)
{
	ConnOpening *opening = conn->opening;

	if (opening == NULL)
		return;
	conn_target_stop_waiting(conn->target, opening);
	buf_free(&opening->failures);
	free(opening->order);
	free(opening);
	conn->opening = NULL;
}

/* -------- phases -------- */

static void
phase_change(Conn *conn, Phase phase)
{
	ConnOpening *opening = conn->opening;
	int64_t now_ns = loop_now_ns(conn->loop);

	opening->phase_ns[opening->phase] += now_ns - opening->phase_begun_ns;
	opening->phase_begun_ns = now_ns;
	opening->phase = phase;
}

static void
phases_emit(Conn *conn)
{
	ConnOpening *opening = conn->opening;

	for (int phase = 0; phase < PHASES; phase++)
	{
		Event event = {.kind = EVENT_CONN_PHASE, .value = phase};

		if (opening->phase_ns[phase] == 0)
			continue;
		event.time_ns = opening->phase_begun_ns;
		event.amount = opening->phase_ns[phase];
		event.other = (uint64_t) conn->number;
		trace_emit(conn->trace, &event);
	}
}

static Phase
status_phase(ConnStatusType status)
{
	switch (status)
	{
		case CONNECTION_NEEDED:
		case CONNECTION_STARTED:
			return PHASE_CONNECT;
		case CONNECTION_SSL_STARTUP:
		case CONNECTION_GSS_STARTUP:
			return PHASE_TLS;
		default:
			return PHASE_AUTH;
	}
}

/* -------- what went wrong -------- */

/*
 * With PQERRORS_VERBOSE the SQLSTATE stands between severity and message,
 * "FATAL:  28P01: password ...", the only place where libpq tells it.
 */
static const char *
find_sqlstate(const char *line, char sqlstate[6])
{
	const char *p = strstr(line, ":  ");

	if (p == NULL)
		return NULL;
	p += 3;
	if (strspn(p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 || p[5] != ':')
		return NULL;
	memcpy(sqlstate, p, 5);
	sqlstate[5] = '\0';
	return p + 7;
}

/*
 * The one line that tells most.  With sslmode=prefer or allow there may be
 * two attempts; "no pg_hba.conf entry" (28000) of one hides the real reason
 * of the other.
 */
static void
reason_of(const char *message, char *out, size_t size, char sqlstate[6])
{
	bool found = false;

	out[0] = '\0';
	while (*message != '\0')
	{
		char line[400];
		char state[6] = "";
		const char *text = line;
		const char *after;

		conn_text_line(line, sizeof(line), message);
		message += strcspn(message, "\n");
		message += strspn(message, "\n");
		if (strstr(line, "LOCATION:") == line)
			continue;
		after = strstr(line, " failed: ");
		if (after != NULL)
			text = after + strlen(" failed: ");
		after = find_sqlstate(line, state);
		if (after != NULL)
			text = after;
		if (found && (state[0] == '\0' || strcmp(state, "28000") == 0))
			continue;
		snprintf(out, size, "%s", text);
		memcpy(sqlstate, state, sizeof(state));
		found = true;
	}
}

static const char *
hint_for_sqlstate(const char *sqlstate)
{
	if (strcmp(sqlstate, "28P01") == 0)
		return "give the right password by PGPASSWORD, a .pgpass file or -W";
	if (strncmp(sqlstate, "28", 2) == 0)
		return "the server's pg_hba.conf says who may connect, from where and how";
	if (strcmp(sqlstate, "3D000") == 0)
		return "name an existing database with -d, or create it with createdb";
	if (strcmp(sqlstate, "53300") == 0)
		return "end other sessions, raise max_connections, or use fewer --connections";
	if (strcmp(sqlstate, "57P03") == 0)
		return "the server is starting or stopping: try again in a moment";
	return NULL;
}

/* The server gave no reason, libpq did. */
static const char *
hint_for_phase(Phase phase)
{
	switch (phase)
	{
		case PHASE_CONNECT:
			return "is a server running there? name another one with -h and -p, or with -d";
		case PHASE_TLS:
			return "sslmode and sslrootcert say what is asked of the server's certificate";
		default:
			return "does target_session_attrs ask for another kind of server, or is it no PostgreSQL server?";
	}
}

/* "localhost (127.0.0.1) port 5432" */
static void
place_text(const ConnHost *host, const char *address, Buf *out)
{
	if (host->is_socket)
		buf_printf(out, "socket %s/.s.PGSQL.%s", host->host, host->port);
	else if (host->host == NULL || address == NULL ||
			 strcmp(host->host, address) == 0)
		buf_printf(out, "%s port %s",
				   host->host != NULL ? host->host : address, host->port);
	else
		buf_printf(out, "%s (%s) port %s", host->host, address, host->port);
}

static void
record_failure(Conn *conn, const ConnHost *host, const char *address,
			   const char *reason)
{
	ConnOpening *opening = conn->opening;
	Buf one = {0};

	place_text(host, address, &one);
	buf_printf(&one, ": %s", reason);
	if (opening->nfailures++ > 0)
		buf_puts(&opening->failures, "; ");
	buf_puts(&opening->failures, one.data);
	buf_free(&one);
}

/* Nothing is left to be tried: on_open is told from the ready queue. */
static void
open_fail(Conn *conn)
{
	phase_change(conn, PHASE_CONNECT);
	phases_emit(conn);
	loop_timer_clear(conn->loop, &conn->timer);
	conn->is_broken = true;
	conn_set_state(conn, CONN_CLOSED);
	loop_push(conn->loop, &conn->job);
}

void
conn_open_tell_failure(Conn *conn)
{
	ConnOpening *opening = conn->opening;
	Err err;

	err_set(&err, ERR_CONNECT, "could not connect to %s: %s%s",
			conn->target->text,
			opening->failures.len > 0 ? opening->failures.data : "no address",
			opening->failures.overflow ? " …" : "");
	memcpy(err.sqlstate, opening->sqlstate, sizeof(err.sqlstate));
	if (opening->hint != NULL)
		err_hint(&err, "%s", opening->hint);
	conn_open_free(conn);
	conn->on_open(conn->arg, conn, &err);
}

/* -------- which address -------- */

static ConnHost *
current_host(const Conn *conn)
{
	const ConnOpening *opening = conn->opening;

	return &conn->target
				->hosts[opening->order != NULL ? opening->order[opening->ihost]
											   : opening->ihost];
}

static const char *
current_address(const Conn *conn)
{
	const ConnHost *host = current_host(conn);

	if (host->is_socket)
		return NULL;
	return host
		->addresses[(conn->opening->iaddress + conn->opening->rotation) %
					host->naddresses];
}

/* Move on to the next address; false: there is none. */
static bool
advance_address(Conn *conn)
{
	ConnOpening *opening = conn->opening;
	ConnTarget *target = conn->target;

	for (;;)
	{
		if (opening->ihost < target->nhosts)
		{
			const ConnHost *host = current_host(conn);

			if (opening->iaddress < 0 && !host->is_known)
			{
				char why[200];

				snprintf(why, sizeof(why), "%.190s",
						 host->lookup != NULL
							 ? "looking its name up takes too long"
							 : host->lookup_err.message);
				record_failure(conn, host, NULL, why);
				opening->hint = "check the spelling of the host name";
			}
			else if (++opening->iaddress <
					 (host->is_socket ? 1 : host->naddresses))
				return true;
			opening->iaddress = -1;
			opening->ihost++;
			continue;
		}
		if (!target->prefer_standby || opening->pass > 0)
			return false;
		opening->pass++;
		opening->ihost = 0;
		buf_reset(&opening->failures); /* the second pass tells all again */
		opening->nfailures = 0;
	}
}

/* load_balance_hosts=random: hosts and each host's addresses, shuffled. */
static void
shuffle(Conn *conn)
{
	ConnOpening *opening = conn->opening;
	int n = conn->target->nhosts;
	unsigned seed = (unsigned) loop_now_ns(conn->loop) ^
					(unsigned) conn->number * 2654435761u;

	opening->order = mem_alloc((size_t) n * sizeof(int));
	for (int i = 0; i < n; i++)
	{
		int j = rand_r(&seed) % (i + 1);

		opening->order[i] = opening->order[j];
		opening->order[j] = i;
	}
	opening->rotation = rand_r(&seed) % 1024;
}

/* -------- one attempt -------- */

static void
tell_refused(Conn *conn, const char *sqlstate, const char *reason)
{
	ConnTarget *target = conn->target;
	Buf text = {0};

	target->skip_options = true;
	if (target->options_refused)
		return;
	target->options_refused = true;
	target->refused_by_pooler = strcmp(sqlstate, "08P01") == 0;
	target->is_pooler |= target->refused_by_pooler;
	buf_printf(
		&text,
		"start-up options are refused (%s): going on without, so that a statement may run on when this client is killed",
		reason);
	if (conn->on_notice != NULL)
		conn_tell(conn, "NOTICE", text.data);
	else
		buf_puts(&target->untold, text.data);
	buf_free(&text);
}

/* Why the server does not take our options, if that is it. */
static bool
refuses_options(const char *sqlstate)
{
	return strcmp(sqlstate, "08P01") == 0 || /* a pooler */
		   strcmp(sqlstate, "42704") == 0 || /* older than version 14 */
		   strcmp(sqlstate, "22023") == 0 || /* its system cannot do it */
		   strcmp(sqlstate, "42501") == 0;
}

static void
attempt_end(Conn *conn)
{
	conn_unwatch(conn);
	PQfinish(conn->pg);
	conn->pg = NULL;
}

/* Digest a failed attempt; true: the same address is to be tried again. */
static bool
attempt_failed(Conn *conn, const char *message)
{
	ConnOpening *opening = conn->opening;
	ConnTarget *target = conn->target;
	char reason[400];
	char sqlstate[6] = "";

	reason_of(message, reason, sizeof(reason), sqlstate);
	if (PQconnectionNeedsPassword(conn->pg) && !target->has_password)
	{
		opening->stop = true;
		opening->hint = hint_for_sqlstate("28P01");
		snprintf(reason, sizeof(reason),
				 "the server asks for a password, and there is none");
	}
	attempt_end(conn);
	if (opening->with_options && refuses_options(sqlstate))
	{
		tell_refused(conn, sqlstate, reason);
		return true;
	}
	record_failure(conn, current_host(conn), current_address(conn), reason);
	if (sqlstate[0] != '\0')
	{
		/* as libpq does: only "cannot connect now" makes it look elsewhere */
		memcpy(opening->sqlstate, sqlstate, sizeof(sqlstate));
		opening->stop |= strcmp(sqlstate, "57P03") != 0;
		opening->hint = hint_for_sqlstate(sqlstate);
	}
	else if (opening->hint == NULL)
		opening->hint = hint_for_phase(opening->phase);
	return false;
}

static void on_connecting(void *arg, unsigned events);

static void
watch_attempt(Conn *conn, unsigned events)
{
	conn_watch(conn, events, on_connecting);
}

/* True: it is under way.  False: it failed at once. */
static bool
attempt_begin(Conn *conn)
{
	ConnOpening *opening = conn->opening;
	ConnTarget *target = conn->target;
	const char *values[target->nparams + 1];

	opening->with_options = !target->skip_options;
	conn_target_params(target, current_host(conn), current_address(conn),
					   opening->pass > 0 ? "any" : target->session_attrs,
					   opening->with_options, values);
	phase_change(conn, PHASE_CONNECT);
	conn->pg = PQconnectStartParams(target->keywords, values, 0);
	if (conn->pg == NULL)
		return false; /* out of memory */
	PQsetNoticeReceiver(conn->pg, conn_on_notice, conn);
	PQsetErrorVerbosity(conn->pg, PQERRORS_VERBOSE);
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		return false;
	if (target->connect_timeout_ns != LOOP_NEVER)
		loop_timer_set(conn->loop, &conn->timer,
					   loop_now_ns(conn->loop) + target->connect_timeout_ns);
	watch_attempt(conn, LOOP_WRITE); /* libpq's rule for the first wait */
	return true;
}

/* Try the same address again or the next ones, until one is under way. */
static void
open_next(Conn *conn, bool again)
{
	for (;;)
	{
		if (!again && (conn->opening->stop || !advance_address(conn)))
		{
			open_fail(conn);
			return;
		}
		if (attempt_begin(conn))
			return;
		again = attempt_failed(conn, PQerrorMessage(conn->pg));
	}
}

static void
open_succeed(Conn *conn)
{
	phase_change(conn, PHASE_CONNECT);
	phases_emit(conn);
	loop_timer_clear(conn->loop, &conn->timer);
	conn->host = current_host(conn);
	conn->address = current_address(conn);
	conn_open_free(conn);
	PQsetErrorVerbosity(conn->pg, PQERRORS_DEFAULT);
	conn_serve(conn);
	conn_enter(conn);
	if (conn->target->untold.len > 0 && conn->on_notice != NULL)
	{
		conn_tell(conn, "NOTICE", conn->target->untold.data);
		buf_reset(&conn->target->untold);
	}
	conn->on_open(conn->arg, conn, NULL);
	if (!conn_leave(conn))
		return;
	if (conn->state == CONN_CONFIGURING && conn->first == NULL)
		conn_set_state(conn, CONN_IDLE);
}

static void
on_connecting(void *arg, unsigned events)
{
	Conn *conn = arg;
	PostgresPollingStatusType status;

	(void) events;
	conn_unwatch(conn);
	status = PQconnectPoll(conn->pg);
	if (status != PGRES_POLLING_FAILED)
		phase_change(conn, status_phase(PQstatus(conn->pg)));
	switch (status)
	{
		case PGRES_POLLING_READING:
			watch_attempt(conn, LOOP_READ);
			break;
		case PGRES_POLLING_WRITING:
			watch_attempt(conn, LOOP_WRITE);
			break;
		case PGRES_POLLING_OK:
			open_succeed(conn);
			break;
		default:
			open_next(conn, attempt_failed(conn, PQerrorMessage(conn->pg)));
			break;
	}
}

/* -------- from outside -------- */

void
conn_open_on_timer(Conn *conn)
{
	char message[80];

	if (conn->state == CONN_RESOLVING)
	{
		conn_target_stop_waiting(conn->target, conn->opening);
		conn_open_resolved(conn->opening);
		return;
	}
	snprintf(message, sizeof(message), "no answer within %.3g s",
			 (double) conn->target->connect_timeout_ns / NS_PER_S);
	if (conn->opening->hint == NULL)
		conn->opening->hint =
			"is the address right, and does a firewall let it through? --connect-timeout allows more time";
	open_next(conn, attempt_failed(conn, message));
}

void
conn_open_resolved(ConnOpening *opening)
{
	Conn *conn = opening->conn;

	phase_change(conn, PHASE_CONNECT);
	conn_set_state(conn, CONN_CONNECTING);
	if (conn->target->random_order)
		shuffle(conn);
	open_next(conn, false);
}

Conn *
conn_open(Loop *loop, Trace *trace, ConnTarget *target, int number,
		  ConnOpenFn on_open, ConnLostFn on_lost, void *arg)
{
	Conn *conn = mem_alloc(sizeof(*conn));
	ConnOpening *opening = mem_alloc(sizeof(*opening));

	conn->loop = loop;
	conn->trace = trace;
	conn->target = target;
	conn->number = number;
	conn->on_open = on_open;
	conn->on_lost = on_lost;
	conn->arg = arg;
	conn_init(conn);
	conn->opening = opening;
	opening->conn = conn;
	opening->iaddress = -1;
	buf_init(&opening->failures, MAX_FAILURES_BYTES);
	opening->phase = PHASE_DNS;
	opening->phase_begun_ns = loop_now_ns(loop);
	conn_set_state(conn, CONN_RESOLVING);
	if (conn_target_resolve(target, loop, opening))
	{
		opening->phase = PHASE_CONNECT; /* nothing had to be looked up */
		conn_open_resolved(opening);
	}
	else if (target->connect_timeout_ns != LOOP_NEVER)
		loop_timer_set(loop, &conn->timer,
					   opening->phase_begun_ns + target->connect_timeout_ns);
	return conn;
}
