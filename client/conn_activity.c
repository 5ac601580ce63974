/*
 * conn_activity.c
 *	  The sampler: asks the server, over a connection of its own, what the
 *	  backends of a run are doing.
 *
 * Everything but start, go and end runs on the sampler's thread.  A look:
 * note which backends there are and what their connections are at, ask, and
 * hold the answer against what was noted.  A look that takes long makes the
 * next one wait, so that looking takes a tenth of the time at most.
 */
#include "conn_activity.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "activity_look.h"
#include "conn_private.h"
#include "loop_post.h"
#include "mem.h"

/* A look may take this part of the time. */
#define LOOK_PART 10

/*
 * A pooler gives numbers of its own for those of backends: then the first one
 * we know of, ours, is already wrong.
 */
static const char who_sql[] =
	"SELECT pg_catalog.pg_backend_pid(),"
	" pg_catalog.current_setting('track_activities')";

/* A pooler would give a session that is set up so to somebody else. */
static const char path_sql[] = "SET search_path = pg_catalog";

/* The columns: activity_look.h.  A hidden row has no state. */
static const char look_sql[] =
	"SELECT a.pid, a.state, a.wait_event_type, a.wait_event,"
	" (1000 * EXTRACT(epoch FROM clock_timestamp() - a.state_change))::int8,"
	" w.pid, COALESCE(NULLIF(b.application_name, ''),"
	" NULLIF(b.backend_type, 'client backend')), b.state,"
	" (1000 * EXTRACT(epoch FROM clock_timestamp() - b.xact_start))::int8"
	" FROM pg_stat_activity AS a"
	" LEFT JOIN LATERAL (SELECT (pg_blocking_pids(a.pid))[1] AS pid"
	" WHERE a.wait_event_type = 'Lock') AS w ON true"
	" LEFT JOIN pg_stat_activity AS b ON b.pid = w.pid"
	" WHERE a.pid = ANY ($1::int4[])";

struct ConnActivity
{
	ConnActivityOptions options;
	Activity *activity;
	pthread_t thread;
	Loop *loop;
	ConnTarget *target;
	Conn *conn;
	LoopPost post;
	LoopTimer timer;
	ConnRequest request;
	const char *params[1];
	Buf pids;
	ActivityLook *look;
	int64_t asked_ns;
	int64_t looked_ns; /* until when samples stand for the time */
	bool has_begun;	   /* the clock runs */
	bool is_over;	   /* no more looks */
	atomic_bool is_ready;
	atomic_bool may_go;
	atomic_bool must_end;
};

/* -------- the end -------- */

static void
tell_ready(ConnActivity *self)
{
	if (!atomic_exchange(&self->is_ready, true))
		self->options.on_ready(self->options.arg);
}

/* The run goes on without. */
static void
give_up(ConnActivity *self, const char *why)
{
	if (self->is_over)
		return;
	self->is_over = true;
	loop_timer_clear(self->loop, &self->timer);
	snprintf(self->activity->problem, sizeof(self->activity->problem), "%s",
			 why);
	self->options.on_problem(self->options.arg, self->activity->problem);
	tell_ready(self);
}

static void
give_up_for(ConnActivity *self, const Err *err)
{
	give_up(self, err->message);
}

static void
on_lost(void *arg, Conn *conn, const Err *err)
{
	(void) conn;
	give_up_for(arg, err);
}

/* -------- whom to ask about -------- */

/* Several hosts are several servers, where the same pid is somebody else. */
static bool
is_same_server(const Conn *a, const Conn *b)
{
	const char *x = a->address != NULL ? a->address : "";
	const char *y = b->address != NULL ? b->address : "";
	const char *x_host = a->host->host != NULL ? a->host->host : "";
	const char *y_host = b->host->host != NULL ? b->host->host : "";

	return strcmp(x, y) == 0 && strcmp(x_host, y_host) == 0 &&
		   strcmp(a->host->port, b->host->port) == 0;
}

static void
note_backends(ConnActivity *self)
{
	int64_t elsewhere = 0;

	activity_look_begin(self->look);
	for (int i = 0; i < self->options.ntargets; i++)
	{
		ConnTarget *target = self->options.targets[i];

		pthread_mutex_lock(&target->lock);
		for (const Conn *c = target->conns; c != NULL; c = c->next)
			if (!is_same_server(c, self->conn))
				elsewhere++;
			else
				activity_look_note(self->look, c->pid, c->number);
		pthread_mutex_unlock(&target->lock);
	}
	if (elsewhere > self->activity->elsewhere)
		self->activity->elsewhere = elsewhere;
}

/* -------- a look -------- */

static void
tell_look(ConnActivity *self)
{
	int counts[ACTIVITY_KINDS];

	if (self->options.on_look == NULL)
		return;
	activity_look_count(self->look, counts);
	self->options.on_look(self->options.look_arg, self->asked_ns, counts);
}

static void
plan_next(ConnActivity *self, int64_t took_ns)
{
	int64_t wait_ns = took_ns * LOOK_PART;

	if (wait_ns < self->options.interval_ns)
		wait_ns = self->options.interval_ns;
	loop_timer_set(self->loop, &self->timer, self->asked_ns + wait_ns);
}

static const char *
column(const PGresult *result, int row, int n)
{
	return PQgetvalue(result, row, n);
}

static void
on_row(ConnRequest *request, PGresult *result)
{
	ConnActivity *self = request->arg;

	for (int i = 0; i < PQntuples(result); i++)
	{
		LookRow row = {
			.pid = atoi(column(result, i, 0)),
			.state = PQgetisnull(result, i, 1) ? NULL : column(result, i, 1),
			.wait_type = column(result, i, 2),
			.wait_event = column(result, i, 3),
			.state_ns = atoll(column(result, i, 4)) * NS_PER_MS,
			.is_blocked = !PQgetisnull(result, i, 5),
			.blocker_pid = atoi(column(result, i, 5)),
			.blocker_application = column(result, i, 6),
			.blocker_state =
				PQgetisnull(result, i, 7) ? NULL : column(result, i, 7),
			.blocker_ns = atoll(column(result, i, 8)) * NS_PER_MS};

		activity_look_row(self->look, &row);
	}
}

static void
on_answered(ConnRequest *request, const Err *err)
{
	ConnActivity *self = request->arg;
	int64_t now_ns = loop_now_ns(self->loop);
	int64_t took_ns = now_ns - self->asked_ns;

	if (self->is_over)
		return;
	if (err != NULL)
	{
		give_up_for(self, err);
		return;
	}
	activity_look_end(self->look, self->asked_ns - self->looked_ns);
	tell_look(self);
	self->looked_ns = self->asked_ns;
	self->activity->looks++;
	self->activity->took_ns += took_ns;
	plan_next(self, took_ns);
}

enum
{
	NO_PARAMS, /* once: not worth preparing */
	ONE_PARAM
};

static void
ask(ConnActivity *self, const char *sql, int nparams,
	void (*on_result)(ConnRequest *, PGresult *),
	void (*on_done)(ConnRequest *, const Err *))
{
	memset(&self->request, 0, sizeof(self->request));
	self->request.protocol =
		nparams > 0 ? PROTOCOL_PREPARED : PROTOCOL_EXTENDED;
	self->request.sql = sql;
	self->request.params = self->params;
	self->request.nparams = nparams;
	self->request.on_result = on_result;
	self->request.on_done = on_done;
	self->request.arg = self;
	conn_submit(self->conn, &self->request);
}

static void
on_timer(void *arg)
{
	ConnActivity *self = arg;

	self->asked_ns = loop_now_ns(self->loop);
	note_backends(self);
	if (!activity_look_pids(self->look, &self->pids))
	{
		self->looked_ns = self->asked_ns;
		plan_next(self, 0);
		return;
	}
	self->params[0] = self->pids.data;
	ask(self, look_sql, ONE_PARAM, on_row, on_answered);
}

/* -------- beginning -------- */

static void
begin(ConnActivity *self)
{
	if (self->has_begun || self->is_over || !atomic_load(&self->is_ready) ||
		!atomic_load(&self->may_go))
		return;
	self->has_begun = true;
	self->asked_ns = self->looked_ns = loop_now_ns(self->loop);
	plan_next(self, 0);
}

static void
on_who_row(ConnRequest *request, PGresult *result)
{
	ConnActivity *self = request->arg;

	if (PQntuples(result) == 0)
		return;
	if (atoi(column(result, 0, 0)) != conn_pid(self->conn))
		give_up(self, "a connection pooler such as PgBouncer stands between "
					  "the client and the server, so which backend runs what "
					  "cannot be told from here; connect to the server itself "
					  "to sample it");
	else if (strcmp(column(result, 0, 1), "on") != 0)
		give_up(self, "track_activities is off for this role, so the server "
					  "does not tell what its backends do");
}

static void
on_path_done(ConnRequest *request, const Err *err)
{
	ConnActivity *self = request->arg;

	if (err != NULL)
		give_up_for(self, err);
	tell_ready(self);
	begin(self);
}

static void
on_who_done(ConnRequest *request, const Err *err)
{
	ConnActivity *self = request->arg;

	if (err != NULL)
		give_up_for(self, err);
	if (!self->is_over)
		ask(self, path_sql, NO_PARAMS, NULL, on_path_done);
}

static void
on_open(void *arg, Conn *conn, const Err *err)
{
	ConnActivity *self = arg;

	self->conn = conn;
	if (err != NULL)
		give_up_for(self, err);
	else
		ask(self, who_sql, NO_PARAMS, on_who_row, on_who_done);
}

static void
on_post(void *arg)
{
	ConnActivity *self = arg;

	if (atomic_load(&self->must_end))
		loop_stop(self->loop);
	else
		begin(self);
}

static void *
sampler_main(void *arg)
{
	ConnActivity *self = arg;

	self->conn =
		conn_open(self->loop, NULL, self->target, 0, on_open, on_lost, self);
	loop_run(self->loop);
	self->is_over = true;
	conn_close(self->conn);
	return NULL;
}

/* -------- from outside -------- */

static void
sampler_free(ConnActivity *self)
{
	if (self->loop != NULL)
	{
		loop_post_close(&self->post);
		loop_free(self->loop);
	}
	conn_target_free(self->target);
	activity_look_free(self->look);
	buf_free(&self->pids);
	free(self);
}

/* Signals are for the first loop. */
static bool
start_thread(ConnActivity *self, Err *err)
{
	sigset_t all;
	sigset_t old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&self->thread, NULL, sampler_main, self);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc == 0 ||
		   err_set(err, ERR_IO, "could not start a thread: %s", strerror(rc));
}

ConnActivity *
conn_activity_start(const ConnActivityOptions *options, Activity *activity,
					Err *err)
{
	ConnActivity *self = mem_alloc(sizeof(*self));

	self->options = *options;
	self->activity = activity;
	activity->interval_ns = options->interval_ns;
	self->look = activity_look_new(activity, options->board);
	loop_timer_init(&self->timer, on_timer, self);
	self->target = conn_target_new(options->settings, err);
	if (self->target != NULL)
		self->loop = loop_new(err);
	if (self->loop != NULL)
	{
		loop_post_open(self->loop, &self->post, on_post, self);
		if (start_thread(self, err))
			return self;
	}
	sampler_free(self);
	return NULL;
}

bool
conn_activity_is_ready(const ConnActivity *self)
{
	return atomic_load(&self->is_ready);
}

void
conn_activity_go(ConnActivity *self)
{
	atomic_store(&self->may_go, true);
	loop_post(&self->post);
}

void
conn_activity_end(ConnActivity *self)
{
	if (self == NULL)
		return;
	atomic_store(&self->must_end, true);
	loop_post(&self->post);
	pthread_join(self->thread, NULL);
	activity_sort(self->activity);
	sampler_free(self);
}
