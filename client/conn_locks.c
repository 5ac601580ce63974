/*
 * conn_locks.c
 *	  The lock watchdog, on the control thread.
 *
 * Everything here but new and free runs on the control thread, which also
 * keeps deadlines: each look waits for the server a few milliseconds at most
 * and goes on at the next one.  The list of connections is read under
 * target->lock; what is cancelled is cancelled under it, so that the call
 * cannot end and another statement begin in between.
 */
#include "conn_locks.h"
#include "conn_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loop_call.h"
#include "mem.h"

#define LOOK_EVERY_MS 100
#define WAIT_MS 15				   /* for the server, in one look */
#define GIVE_UP_NS (10 * NS_PER_S) /* a connection that does not answer */
#define RETRY_NS (30 * NS_PER_S)
#define MAX_VICTIMS 256 /* looked at in one query */

typedef enum LocksState
{
	LOCKS_CLOSED,
	LOCKS_CONNECTING,
	LOCKS_IDLE,
	LOCKS_ASKING
} LocksState;

struct ConnLocks
{
	Loop *loop;
	ConnTarget *target;
	LocksState state;
	PGconn *pg;
	PostgresPollingStatusType wants;
	const ConnHost *host;  /* of the calls looked at last; they outlive */
	const char *address;   /* the connections */
	int64_t begun_ns;	   /* of what it is doing */
	int64_t not_before_ns; /* after a failure: rest until then */
	Buf pids;			   /* "{1,2}": whom the query asks about */
};

/*
 * Who waits, directly or behind others, for a transaction that is idle: only
 * its client could end that.
 */
static const char query[] =
	"WITH RECURSIVE waits(victim, pid) AS ("
	" SELECT v, b FROM pg_catalog.unnest($1::pg_catalog.int4[]) AS v,"
	" pg_catalog.unnest(pg_catalog.pg_blocking_pids(v)) AS b"
	" UNION SELECT waits.victim, b FROM waits,"
	" pg_catalog.unnest(pg_catalog.pg_blocking_pids(waits.pid)) AS b)"
	" SELECT waits.victim, waits.pid FROM waits"
	" JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) waits.pid"
	" WHERE a.state OPERATOR(pg_catalog.~~) 'idle in transaction%'";

static void
locks_close(ConnLocks *locks)
{
	PQfinish(locks->pg);
	locks->pg = NULL;
	locks->state = LOCKS_CLOSED;
}

static void
locks_fail(ConnLocks *locks, int64_t now_ns)
{
	locks_close(locks);
	locks->not_before_ns = now_ns + RETRY_NS;
}

/* -------- whom to ask about -------- */

/* Blocking calls that have run for long; false: there are none. */
static bool
collect_victims(ConnLocks *locks, int64_t now_ns)
{
	int n = 0;

	buf_reset(&locks->pids);
	for (Conn *c = locks->target->conns; c != NULL; c = c->next)
	{
		bool holds_loop = false;
		int64_t begun_ns = conn_call_begun_ns(c, &holds_loop);

		conn_call_interrupt_again(c, now_ns);
		if (n == MAX_VICTIMS || begun_ns == 0 || !holds_loop ||
			now_ns - begun_ns < CONN_LOCKS_AFTER_MS * NS_PER_MS)
			continue;
		buf_printf(&locks->pids, "%s%d", n++ > 0 ? "," : "{", c->pid);
		locks->host = c->host;
		locks->address = c->address;
	}
	if (n > 0)
		buf_putc(&locks->pids, '}');
	return n > 0;
}

static Conn *
find_pid(const ConnLocks *locks, const char *text)
{
	int pid = atoi(text);

	for (Conn *c = locks->target->conns; c != NULL; c = c->next)
		if (c->pid == pid)
			return c;
	return NULL;
}

/* -------- asking -------- */

static void
ignore_notice(void *arg, const PGresult *result)
{
	(void) arg;
	(void) result;
}

/* To the server of that connection; several hosts have several servers. */
static void
connect_begin(ConnLocks *locks, int64_t now_ns)
{
	const char *values[locks->target->nparams + 1];

	conn_target_params(locks->target, locks->host, locks->address, "any",
					   false, values);
	locks->pg = PQconnectStartParams(locks->target->keywords, values, 0);
	locks->begun_ns = now_ns;
	locks->wants = PGRES_POLLING_WRITING;
	locks->state = LOCKS_CONNECTING;
	if (locks->pg == NULL || PQstatus(locks->pg) == CONNECTION_BAD)
		locks_fail(locks, now_ns);
	else
		PQsetNoticeReceiver(locks->pg, ignore_notice, NULL);
}

static bool
wait_socket(const ConnLocks *locks, short events)
{
	struct pollfd fd = {.fd = PQsocket(locks->pg), .events = events};

	return poll(&fd, 1, WAIT_MS) > 0;
}

static void
connect_go_on(ConnLocks *locks, int64_t now_ns)
{
	while (wait_socket(locks, locks->wants == PGRES_POLLING_READING ? POLLIN
																	: POLLOUT))
	{
		locks->wants = PQconnectPoll(locks->pg);
		if (locks->wants == PGRES_POLLING_OK)
		{
			PQsetnonblocking(locks->pg, 1);
			locks->state = LOCKS_IDLE;
			return;
		}
		if (locks->wants == PGRES_POLLING_FAILED)
		{
			locks_fail(locks, now_ns);
			return;
		}
	}
}

static void
ask(ConnLocks *locks, int64_t now_ns)
{
	const char *params[1] = {locks->pids.data};

	locks->begun_ns = now_ns;
	if (!PQsendQueryParams(locks->pg, query, 1, NULL, params, NULL, NULL, 0))
		locks_fail(locks, now_ns);
	else
		locks->state = LOCKS_ASKING;
}

/*
 * Cancel the calls that wait for one of our own.  They may have ended since
 * the question was asked, so only one that runs since before is touched.  A
 * blocker that a worker is about to use may yet go on by itself.
 */
static void
judge(ConnLocks *locks, const PGresult *result)
{
	pthread_mutex_lock(&locks->target->lock);
	for (int i = 0; i < PQntuples(result); i++)
	{
		Conn *victim = find_pid(locks, PQgetvalue(result, i, 0));
		const Conn *blocker = find_pid(locks, PQgetvalue(result, i, 1));
		bool holds_loop = false;
		int64_t begun_ns;

		if (victim == NULL || blocker == NULL || conn_call_is_away(blocker))
			continue;
		begun_ns = conn_call_begun_ns(victim, &holds_loop);
		if (begun_ns != 0 && begun_ns <= locks->begun_ns && holds_loop)
			conn_call_break_lock(victim, blocker->number, blocker->pid);
	}
	pthread_mutex_unlock(&locks->target->lock);
}

static void
answer_go_on(ConnLocks *locks, int64_t now_ns)
{
	PGresult *result;

	PQflush(locks->pg);
	while (PQisBusy(locks->pg))
	{
		if (!wait_socket(locks, POLLIN))
			return;
		if (!PQconsumeInput(locks->pg))
		{
			locks_fail(locks, now_ns);
			return;
		}
	}
	result = PQgetResult(locks->pg);
	if (result == NULL)
	{
		locks->state = LOCKS_IDLE;
		return;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		judge(locks, result);
	else
		locks->not_before_ns = now_ns + RETRY_NS;
	PQclear(result);
}

/* -------- one look -------- */

static void
locks_go_on(ConnLocks *locks, int64_t now_ns)
{
	if (locks->state == LOCKS_CLOSED)
		connect_begin(locks, now_ns);
	if (locks->state == LOCKS_CONNECTING)
		connect_go_on(locks, now_ns);
	if (locks->state == LOCKS_IDLE)
		ask(locks, now_ns);
	if (locks->state == LOCKS_ASKING)
		answer_go_on(locks, now_ns);
	if ((locks->state == LOCKS_CONNECTING || locks->state == LOCKS_ASKING) &&
		now_ns - locks->begun_ns > GIVE_UP_NS)
		locks_fail(locks, now_ns);
}

static void
on_look(void *arg)
{
	ConnLocks *locks = arg;
	int64_t now_ns = loop_now_ns(locks->loop);
	bool found;

	pthread_mutex_lock(&locks->target->lock);
	found = collect_victims(locks, now_ns);
	pthread_mutex_unlock(&locks->target->lock);
	if (found && now_ns >= locks->not_before_ns)
		locks_go_on(locks, now_ns);
}

ConnLocks *
conn_locks_new(Loop *loop, ConnTarget *target)
{
	ConnLocks *locks = mem_alloc(sizeof(*locks));

	locks->loop = loop;
	locks->target = target;
	loop_set_watchdog(loop, on_look, locks, LOOK_EVERY_MS);
	return locks;
}

void
conn_locks_free(ConnLocks *locks)
{
	if (locks == NULL)
		return;
	locks_close(locks);
	buf_free(&locks->pids);
	free(locks);
}
