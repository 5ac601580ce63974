/*
 * report_activity_json.c
 *	  What the server was seen to do, for programs.
 */
#include "report_activity.h"

static void
put_sums(JsonOut *json, const ActivitySums *sums)
{
	json_out_int(json, "samples", sums->samples);
	json_out_seconds(json, "flight", sums->flight_ns);
	for (ActivityKind kind = 0; kind < ACTIVITY_KINDS; kind++)
		json_out_seconds(json, activity_name(kind), activity_ns(sums, kind));
	if (sums->event[0] != '\0')
	{
		json_out_string(json, "event", sums->event);
		json_out_seconds(json, "event_lead", sums->event_ns);
	}
}

/* Of the kept ones, which are the first. */
static void
put_tasks(JsonOut *json, const Activity *activity, const Spans *spans)
{
	uint64_t last =
		spans->ntasks > 0 ? spans->tasks[spans->ntasks - 1].number : 0;

	json_out_open(json, "tasks", '[');
	for (int i = 0; i < activity->ntasks && activity->tasks[i].task <= last;
		 i++)
	{
		const ActivityOfTask *one = &activity->tasks[i];

		json_out_open(json, NULL, '{');
		json_out_int(json, "task", (int64_t) one->task);
		json_out_int(json, "step", one->step);
		put_sums(json, &one->sums);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}

static void
put_steps(JsonOut *json, const Activity *activity)
{
	json_out_open(json, "steps", '[');
	for (int i = 0; i < activity->nsteps; i++)
	{
		if (activity->steps[i].samples == 0)
			continue;
		json_out_open(json, NULL, '{');
		json_out_int(json, "step", i);
		put_sums(json, &activity->steps[i]);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}

static void
put_blocker(JsonOut *json, const ActivityLock *lock)
{
	json_out_string(json, "blocker", blocker_name(lock->blocker));
	json_out_int(json, "blocker_pid", lock->blocker_pid);
	if (lock->blocker == BLOCKER_OWN)
	{
		json_out_int(json, "blocker_task", (int64_t) lock->blocker_task);
		if (lock->blocker_step >= 0)
			json_out_int(json, "blocker_step", lock->blocker_step);
		json_out_bool(json, "blocker_idle", lock->blocker_is_idle);
		json_out_bool(json, "blocker_varies", lock->blocker_varies);
	}
	if (lock->blocker != BLOCKER_OTHER)
		return;
	json_out_string(json, "application", lock->application);
	json_out_string(json, "state", lock->state);
	json_out_seconds(json, "transaction", lock->blocker_ns);
}

static void
put_locks(JsonOut *json, const Activity *activity)
{
	json_out_open(json, "locks", '[');
	for (int i = 0; i < activity->nlocks; i++)
	{
		const ActivityLock *lock = &activity->locks[i];

		json_out_open(json, NULL, '{');
		json_out_int(json, "step", lock->step);
		json_out_int(json, "task", (int64_t) lock->task);
		json_out_string(json, "event", lock->event);
		put_blocker(json, lock);
		json_out_int(json, "samples", lock->samples);
		json_out_seconds(json, "time", lock->ns);
		json_out_seconds(json, "longest", lock->longest_ns);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
	json_out_seconds(json, "other_locks", activity->other_locks_ns);
}

static void
put_idle(JsonOut *json, const ActivityIdle *idle)
{
	json_out_open(json, "idle_in_transaction", '{');
	json_out_int(json, "samples", idle->samples);
	json_out_seconds(json, "time", idle->ns);
	json_out_seconds(json, "longest", idle->longest_ns);
	if (idle->step >= 0)
	{
		json_out_int(json, "task", (int64_t) idle->task);
		json_out_int(json, "step", idle->step);
	}
	json_out_close(json, '}');
}

void
report_activity_json(JsonOut *json, const RunResult *result)
{
	const Activity *activity = result->activity;

	if (activity == NULL)
		return;
	json_out_open(json, "server_samples", '{');
	json_out_seconds(json, "interval", activity->interval_ns);
	json_out_int(json, "looks", activity->looks);
	json_out_seconds(json, "covered", activity->covered_ns);
	json_out_seconds(json, "took", activity->took_ns);
	json_out_string(json, "problem",
					activity->problem[0] != '\0' ? activity->problem : NULL);
	json_out_int(json, "hidden", activity->hidden);
	json_out_int(json, "elsewhere", activity->elsewhere);
	put_steps(json, activity);
	put_tasks(json, activity, result->spans);
	put_locks(json, activity);
	put_idle(json, &activity->idle);
	json_out_close(json, '}');
}
