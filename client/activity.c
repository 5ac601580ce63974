/*
 * activity.c
 *	  What the server said that its backends did while statements ran.
 *
 * The server's view and ours are not of the same moment: a statement of ours
 * that takes less time than a look may be another one when the server looks.
 * So both are summed up apart: how long statements were under way as we see
 * it, and how long backends were at work as the server sees it.  Over many
 * samples the difference of the two is what the server was idle for, although
 * no single pair can be trusted.
 */
#include "activity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Steps of tasks that are told apart; a power of two. */
#define TASKS_KEPT 4096

void
activity_init(Activity *activity, int nsteps)
{
	memset(activity, 0, sizeof(*activity));
	activity->is_given = true;
	activity->nsteps = nsteps;
	activity->steps = mem_alloc((size_t) (nsteps + 1) * sizeof(ActivitySums));
	activity->idle.step = -1;
}

void
activity_clear(Activity *activity)
{
	free(activity->steps);
	free(activity->tasks);
	free(activity->chains);
	activity->steps = NULL;
	activity->tasks = NULL;
	activity->chains = NULL;
	activity->nsteps = activity->ntasks = 0;
}

/* -------- tasks -------- */

/* An open hash of places in tasks, from 1, with room to spare. */
static int *
task_slot(Activity *activity, uint64_t task, int step)
{
	uint64_t at = (task * 31 + (uint64_t) step) * UINT64_C(0x9E3779B97F4A7C15);
	int n;

	if (activity->chains == NULL)
		activity->chains = mem_alloc(2 * TASKS_KEPT * sizeof(int));
	for (at >>= 32;; at++)
	{
		at %= 2 * TASKS_KEPT;
		n = activity->chains[at];
		if (n == 0 || (activity->tasks[n - 1].task == task &&
					   activity->tasks[n - 1].step == step))
			return &activity->chains[at];
	}
}

/* NULL: there is no room for one more. */
static ActivitySums *
task_sums(Activity *activity, uint64_t task, int step)
{
	int *slot = task_slot(activity, task, step);
	ActivityOfTask *one;

	if (*slot > 0)
		return &activity->tasks[*slot - 1].sums;
	if (activity->ntasks == TASKS_KEPT)
		return NULL;
	/* at powers of two */
	if ((activity->ntasks & (activity->ntasks - 1)) == 0)
		activity->tasks =
			mem_realloc(activity->tasks, (size_t) (activity->ntasks * 2 + 1) *
											 sizeof(ActivityOfTask));
	one = &activity->tasks[activity->ntasks++];
	*one = (ActivityOfTask){.task = task, .step = step};
	*slot = activity->ntasks;
	return &one->sums;
}

/* -------- adding -------- */

static bool
is_step(const Activity *activity, int step)
{
	return step >= 0 && step < activity->nsteps;
}

void
activity_flight(Activity *activity, uint64_t task, int step, int64_t ns)
{
	ActivitySums *sums;

	if (!is_step(activity, step))
		return;
	activity->steps[step].samples++;
	activity->steps[step].flight_ns += ns;
	sums = task_sums(activity, task, step);
	if (sums == NULL)
		return;
	sums->samples++;
	sums->flight_ns += ns;
}

/*
 * The event that has most of the time stays, if it has more than half of it
 * (Boyer and Moore's vote); else one of those that have much.
 */
static void
vote(ActivitySums *sums, const char *event, int64_t ns)
{
	if (strcmp(sums->event, event) == 0)
		sums->event_ns += ns;
	else if (sums->event_ns >= ns)
		sums->event_ns -= ns;
	else
	{
		snprintf(sums->event, sizeof(sums->event), "%s", event);
		sums->event_ns = ns - sums->event_ns;
	}
}

static void
sums_add(ActivitySums *sums, ActivityKind kind, const char *event, int64_t ns)
{
	sums->ns[kind] += ns;
	if (event[0] != '\0')
		vote(sums, event, ns);
}

void
activity_add(Activity *activity, uint64_t task, int step, ActivityKind kind,
			 const char *event, int64_t ns)
{
	ActivitySums *sums;

	if (!is_step(activity, step) || kind == ACTIVITY_IDLE)
		return;
	sums_add(&activity->steps[step], kind, event, ns);
	sums = task_sums(activity, task, step);
	if (sums != NULL)
		sums_add(sums, kind, event, ns);
}

static ActivityLock *
find_lock(Activity *activity, const ActivityLock *wait)
{
	for (int i = 0; i < activity->nlocks; i++)
		if (activity_lock_is_same(&activity->locks[i], wait))
			return &activity->locks[i];
	if (activity->nlocks == ACTIVITY_LOCKS)
		return NULL;
	activity->locks[activity->nlocks] = *wait;
	activity->locks[activity->nlocks].ns = 0;
	activity->locks[activity->nlocks].samples = 0;
	return &activity->locks[activity->nlocks++];
}

void
activity_lock(Activity *activity, const ActivityLock *wait)
{
	ActivityLock *known = find_lock(activity, wait);
	int64_t ns;
	int64_t samples;
	bool varies;

	if (known == NULL)
	{
		activity->other_locks_ns += wait->ns;
		return;
	}
	ns = known->ns + wait->ns;
	samples = known->samples + 1;
	varies =
		known->blocker_varies || (wait->blocker == BLOCKER_OWN &&
								  (wait->blocker_task != known->blocker_task ||
								   wait->blocker_step != known->blocker_step));
	/* whoever waited longest stands for all */
	if (wait->longest_ns >= known->longest_ns)
		*known = *wait;
	known->ns = ns;
	known->samples = samples;
	known->blocker_varies = varies;
}

void
activity_idle(Activity *activity, uint64_t task, int step, int64_t ns,
			  int64_t since_ns)
{
	ActivityIdle *idle = &activity->idle;

	idle->samples++;
	idle->ns += ns;
	if (since_ns < idle->longest_ns)
		return;
	idle->longest_ns = since_ns;
	idle->task = task;
	idle->step = is_step(activity, step) ? step : -1;
}

/* -------- reading -------- */

static int
compare_tasks(const void *a, const void *b)
{
	const ActivityOfTask *x = a;
	const ActivityOfTask *y = b;

	if (x->task != y->task)
		return x->task < y->task ? -1 : 1;
	return (x->step > y->step) - (x->step < y->step);
}

static int
compare_locks(const void *a, const void *b)
{
	const ActivityLock *x = a;
	const ActivityLock *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

void
activity_sort(Activity *activity)
{
	free(activity->chains);
	activity->chains = NULL;
	if (activity->ntasks > 0)
		qsort(activity->tasks, (size_t) activity->ntasks,
			  sizeof(ActivityOfTask), compare_tasks);
	qsort(activity->locks, (size_t) activity->nlocks, sizeof(ActivityLock),
		  compare_locks);
}

const ActivitySums *
activity_of_task(const Activity *activity, uint64_t task, int step)
{
	ActivityOfTask wanted = {.task = task, .step = step};
	const ActivityOfTask *found = NULL;

	if (activity->ntasks > 0)
		found = bsearch(&wanted, activity->tasks, (size_t) activity->ntasks,
						sizeof(ActivityOfTask), compare_tasks);
	return found != NULL ? &found->sums : NULL;
}

void
activity_sums_add(ActivitySums *to, const ActivitySums *from)
{
	to->samples += from->samples;
	to->flight_ns += from->flight_ns;
	for (int kind = 0; kind < ACTIVITY_IDLE; kind++)
		to->ns[kind] += from->ns[kind];
	if (from->event[0] != '\0')
		vote(to, from->event, from->event_ns);
}

void
activity_sums_told(ActivitySums *sums, double part)
{
	double seen_ns = 0;
	double told_ns = part * (double) sums->flight_ns;

	for (int kind = 0; kind < ACTIVITY_IDLE; kind++)
		seen_ns += (double) sums->ns[kind];
	if (seen_ns <= 0 || seen_ns >= told_ns)
		return;
	for (int kind = 0; kind < ACTIVITY_IDLE; kind++)
		sums->ns[kind] =
			(int64_t) ((double) sums->ns[kind] * (told_ns / seen_ns));
}

void
activity_total(const Activity *activity, ActivitySums *total)
{
	memset(total, 0, sizeof(*total));
	for (int i = 0; i < activity->nsteps; i++)
		activity_sums_add(total, &activity->steps[i]);
}

int64_t
activity_ns(const ActivitySums *sums, ActivityKind kind)
{
	int64_t idle_ns = sums->flight_ns;

	if (kind != ACTIVITY_IDLE)
		return sums->ns[kind];
	for (int i = 0; i < ACTIVITY_IDLE; i++)
		idle_ns -= sums->ns[i];
	return idle_ns > 0 ? idle_ns : 0;
}

int64_t
activity_locks_ns(const Activity *activity)
{
	int64_t ns = activity->other_locks_ns;

	for (int i = 0; i < activity->nlocks; i++)
		ns += activity->locks[i].ns;
	return ns;
}

/* -------- words -------- */

const char *
activity_name(ActivityKind kind)
{
	static const char *const names[ACTIVITY_KINDS] = {"cpu", "lock",  "lwlock",
													  "io",	 "other", "idle"};

	return names[kind];
}

/*
 * The monitoring chapter of the manual, "Wait Event Types".  A backend that is
 * active and waits for its client has sent, or wants to read, what is ours to
 * take or to give.
 */
ActivityKind
activity_kind(const char *state, const char *wait_type)
{
	static const struct
	{
		const char *type;
		ActivityKind kind;
	} types[] = {{"", ACTIVITY_CPU},
				 {"Lock", ACTIVITY_LOCK},
				 {"LWLock", ACTIVITY_LWLOCK},
				 {"IO", ACTIVITY_IO},
				 {"Client", ACTIVITY_IDLE}};

	if (strcmp(state, "active") != 0 &&
		strcmp(state, "fastpath function call") != 0)
		return ACTIVITY_IDLE;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(wait_type, types[i].type) == 0)
			return types[i].kind;
	return ACTIVITY_OTHER;
}
