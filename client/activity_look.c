/*
 * activity_look.c
 *	  One look at the server, held against what the client was at.
 *
 * An answer says of a backend what it does, not which statement of ours that
 * is.  It is the one that was under way when we asked, or, if there was none,
 * the one that was when the answer came, or else the latest one.
 */
#include "activity_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

typedef struct Backend
{
	int pid;
	int conn;
	ActivityView before;
	bool is_seen;			/* the server knows it, and we may see it: */
	bool is_in_transaction; /* idle, and not for a moment */
	ActivityKind kind;
	char event[32];
	int64_t state_ns;
	bool is_blocked;
	ActivityLock wait; /* by whom it is blocked, if it is */
} Backend;

/* By connection, across looks: one wait is as long as its statement lasts. */
typedef struct LockSince
{
	uint64_t turn;
	int64_t waited_ns; /* 0: it does not wait */
} LockSince;

struct ActivityLook
{
	Activity *activity;
	const ActivityBoard *board;
	Backend *backends;
	int nbackends;
	int cap;
	int nhidden;
	LockSince *since; /* by number of connection */
	int nsince;
};

ActivityLook *
activity_look_new(Activity *activity, const ActivityBoard *board)
{
	ActivityLook *look = mem_alloc(sizeof(*look));

	look->activity = activity;
	look->board = board;
	return look;
}

void
activity_look_free(ActivityLook *look)
{
	if (look == NULL)
		return;
	free(look->backends);
	free(look->since);
	free(look);
}

/* -------- whom to ask about -------- */

void
activity_look_begin(ActivityLook *look)
{
	look->nbackends = 0;
	look->nhidden = 0;
}

void
activity_look_note(ActivityLook *look, int pid, int conn)
{
	Backend backend = {.pid = pid, .conn = conn};

	if (pid <= 0 || !activity_board_read(look->board, conn, &backend.before))
		return;
	if (look->nbackends == look->cap)
	{
		look->cap = look->cap == 0 ? 16 : look->cap * 2;
		look->backends =
			mem_realloc(look->backends, (size_t) look->cap * sizeof(Backend));
	}
	look->backends[look->nbackends++] = backend;
}

static int
compare_pids(const void *a, const void *b)
{
	int x = ((const Backend *) a)->pid;
	int y = ((const Backend *) b)->pid;

	return (x > y) - (x < y);
}

bool
activity_look_pids(ActivityLook *look, Buf *pids)
{
	if (look->nbackends == 0)
		return false;
	qsort(look->backends, (size_t) look->nbackends, sizeof(Backend),
		  compare_pids);
	buf_reset(pids);
	for (int i = 0; i < look->nbackends; i++)
		buf_printf(pids, "%s%d", i > 0 ? "," : "{", look->backends[i].pid);
	buf_putc(pids, '}');
	return true;
}

static Backend *
find_backend(const ActivityLook *look, int pid)
{
	Backend wanted = {.pid = pid};

	if (look->nbackends == 0)
		return NULL;
	return bsearch(&wanted, look->backends, (size_t) look->nbackends,
				   sizeof(Backend), compare_pids);
}

/* -------- the answer -------- */

static void
note_blocker(ActivityLock *wait, const LookRow *row)
{
	memset(wait, 0, sizeof(*wait));
	snprintf(wait->event, sizeof(wait->event), "%s", row->wait_event);
	wait->blocker_pid = row->blocker_pid;
	wait->blocker = row->blocker_pid == 0		 ? BLOCKER_PREPARED
					: row->blocker_state == NULL ? BLOCKER_HIDDEN
												 : BLOCKER_OTHER;
	if (wait->blocker != BLOCKER_OTHER)
		return;
	snprintf(wait->application, sizeof(wait->application), "%s",
			 row->blocker_application);
	snprintf(wait->state, sizeof(wait->state), "%s", row->blocker_state);
	wait->blocker_ns = row->blocker_ns;
}

void
activity_look_row(ActivityLook *look, const LookRow *row)
{
	Backend *backend = find_backend(look, row->pid);

	if (backend == NULL)
		return;
	if (row->state == NULL)
	{
		look->nhidden++;
		return;
	}
	backend->is_seen = true;
	backend->kind = activity_kind(row->state, row->wait_type);
	backend->state_ns = row->state_ns;
	snprintf(backend->event, sizeof(backend->event), "%s", row->wait_event);
	backend->is_in_transaction =
		strncmp(row->state, "idle in transaction", 19) == 0 &&
		row->state_ns >= ACTIVITY_PAUSE_NS;
	backend->is_blocked = row->is_blocked && backend->kind == ACTIVITY_LOCK;
	if (backend->is_blocked)
		note_blocker(&backend->wait, row);
}

/* -------- what it comes to -------- */

/*
 * Those that wait for one that waits itself stand in a line: whom they all
 * wait for is at its head.  A deadlock is a ring, and any of it will do.
 */
static const Backend *
head_of_line(const ActivityLook *look, const Backend *backend,
			 const Backend **head)
{
	*head = NULL;
	for (int i = 0; i < look->nbackends; i++)
	{
		const Backend *next = find_backend(look, backend->wait.blocker_pid);

		*head = next;
		if (next == NULL || !next->is_blocked)
			break;
		backend = next;
	}
	return backend; /* the last one that waits; *head: for us, else NULL */
}

static LockSince *
since_of(ActivityLook *look, int conn)
{
	if (conn >= look->nsince)
	{
		int n = conn + 16;

		look->since = mem_realloc(look->since, (size_t) n * sizeof(LockSince));
		memset(look->since + look->nsince, 0,
			   (size_t) (n - look->nsince) * sizeof(LockSince));
		look->nsince = n;
	}
	return &look->since[conn];
}

/* How long this statement has waited until now, as far as was seen. */
static int64_t
waited_ns(ActivityLook *look, const Backend *backend, uint64_t turn,
		  int64_t ns)
{
	LockSince *since = since_of(look, backend->conn);

	if (!backend->is_blocked)
		since->waited_ns = 0;
	else if (since->turn != turn)
		since->waited_ns = ns;
	else
		since->waited_ns += ns;
	since->turn = turn;
	return since->waited_ns;
}

static void
add_lock(ActivityLook *look, const Backend *backend, const ActivityView *view,
		 int64_t ns)
{
	const Backend *head;
	const Backend *last = head_of_line(look, backend, &head);
	ActivityLock wait = last->wait;

	memcpy(wait.event, backend->wait.event, sizeof(wait.event));
	wait.task = view->task;
	wait.step = view->step;
	wait.ns = ns;
	wait.longest_ns = waited_ns(look, backend, view->turn, ns);
	if (head != NULL)
	{
		wait.blocker = BLOCKER_OWN;
		wait.blocker_task = head->before.task;
		wait.blocker_step = head->before.step;
		wait.blocker_is_idle = head->is_in_transaction;
	}
	activity_lock(look->activity, &wait);
}

static void
add_backend(ActivityLook *look, const Backend *backend, int64_t ns)
{
	ActivityView after = backend->before;
	const ActivityView *view = &backend->before;

	activity_board_read(look->board, backend->conn, &after);
	if (!view->is_busy && after.is_busy)
		view = &after;
	if (backend->before.is_busy)
		activity_flight(look->activity, view->task, view->step, ns);
	if (!backend->is_blocked)
		waited_ns(look, backend, view->turn, ns);
	if (backend->kind != ACTIVITY_IDLE)
		activity_add(look->activity, view->task, view->step, backend->kind,
					 backend->event, ns);
	if (backend->is_blocked)
		add_lock(look, backend, view, ns);
	else if (backend->is_in_transaction && !view->is_busy)
		activity_idle(look->activity, view->task, view->step, ns,
					  backend->state_ns);
}

void
activity_look_count(const ActivityLook *look, int counts[ACTIVITY_KINDS])
{
	memset(counts, 0, ACTIVITY_KINDS * sizeof(int));
	for (int i = 0; i < look->nbackends; i++)
		if (look->backends[i].is_seen)
			counts[look->backends[i].kind]++;
}

/* Of a backend that is gone, or hidden, nothing is known. */
void
activity_look_end(ActivityLook *look, int64_t ns)
{
	look->activity->covered_ns += ns;
	if (look->nhidden > look->activity->hidden)
		look->activity->hidden = look->nhidden;
	for (int i = 0; i < look->nbackends; i++)
		if (look->backends[i].is_seen)
			add_backend(look, &look->backends[i], ns);
}
