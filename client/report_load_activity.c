/*
 * report_load_activity.c
 *	  Of a saved run, what the server was seen to do.
 */
#include <stdlib.h>

#include "mem.h"
#include "report_load_private.h"

static void
read_sums(JsonIn *in, json_t *from, ActivitySums *sums)
{
	sums->samples = json_in_count(in, from, "samples", INT64_MAX);
	sums->flight_ns = json_in_ns(in, from, "flight");
	for (ActivityKind kind = 0; kind < ACTIVITY_IDLE; kind++)
		sums->ns[kind] = json_in_ns_or(in, from, activity_name(kind), 0);
	if (json_in_string_or_none(in, from, "event") == NULL)
		return;
	snprintf(sums->event, sizeof(sums->event), "%s",
			 json_in_string(in, from, "event"));
	sums->event_ns = json_in_ns_or(in, from, "event_lead", 0);
}

static int
read_step(JsonIn *in, const SavedRun *saved, json_t *from, const char *key)
{
	const PlanStep *step = load_step_number(in, saved, from, key);

	return step != NULL ? step->index : 0;
}

static void
read_steps(JsonIn *in, SavedRun *saved, json_t *from)
{
	Activity *activity = &saved->activity;
	json_t *steps = json_in_array(in, from, "steps");
	json_t *tasks = json_in_array_or_none(in, from, "tasks");
	size_t i;
	json_t *one;

	json_array_foreach(steps, i, one)
	{
		snprintf(in->place, sizeof(in->place), "server_samples.steps[%zu]", i);
		if (!in->failed)
			read_sums(in, one,
					  &activity->steps[read_step(in, saved, one, "step")]);
	}
	activity->tasks =
		mem_alloc(json_array_size(tasks) * sizeof(ActivityOfTask) + 1);
	json_array_foreach(tasks, i, one)
	{
		ActivityOfTask *task = &activity->tasks[activity->ntasks++];

		snprintf(in->place, sizeof(in->place), "server_samples.tasks[%zu]", i);
		task->task = (uint64_t) json_in_count(in, one, "task", INT64_MAX);
		task->step = read_step(in, saved, one, "step");
		read_sums(in, one, &task->sums);
	}
}

static const char *
blocker_word(int kind)
{
	return blocker_name((BlockerKind) kind);
}

static void
read_lock(JsonIn *in, const SavedRun *saved, json_t *from, ActivityLock *lock)
{
	lock->step = read_step(in, saved, from, "step");
	lock->task = (uint64_t) json_in_count(in, from, "task", INT64_MAX);
	snprintf(lock->event, sizeof(lock->event), "%s",
			 json_in_string(in, from, "event"));
	lock->blocker = (BlockerKind) json_in_word(
		in, from, "blocker", blocker_word, BLOCKER_PREPARED + 1);
	lock->blocker_pid =
		(int) json_in_count_or(in, from, "blocker_pid", INT32_MAX, 0);
	lock->blocker_task =
		(uint64_t) json_in_count_or(in, from, "blocker_task", INT64_MAX, 0);
	lock->blocker_step =
		(int) json_in_count_or(in, from, "blocker_step", MAX_STEPS, -1);
	lock->blocker_is_idle = json_in_bool_or(in, from, "blocker_idle", false);
	lock->blocker_varies = json_in_bool_or(in, from, "blocker_varies", false);
	if (lock->blocker == BLOCKER_OTHER)
	{
		snprintf(lock->application, sizeof(lock->application), "%s",
				 json_in_string(in, from, "application"));
		snprintf(lock->state, sizeof(lock->state), "%s",
				 json_in_string(in, from, "state"));
	}
	lock->blocker_ns = json_in_ns_or(in, from, "transaction", 0);
	lock->samples = json_in_count(in, from, "samples", INT64_MAX);
	lock->ns = json_in_ns(in, from, "time");
	lock->longest_ns = json_in_ns_or(in, from, "longest", 0);
}

static void
read_locks(JsonIn *in, SavedRun *saved, json_t *from)
{
	Activity *activity = &saved->activity;
	json_t *list = json_in_array_or_none(in, from, "locks");
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		if (activity->nlocks == ACTIVITY_LOCKS)
			break;
		snprintf(in->place, sizeof(in->place), "server_samples.locks[%zu]", i);
		read_lock(in, saved, one, &activity->locks[activity->nlocks++]);
	}
	activity->other_locks_ns = json_in_ns_or(in, from, "other_locks", 0);
}

static void
read_idle(JsonIn *in, SavedRun *saved, json_t *from)
{
	ActivityIdle *idle = &saved->activity.idle;

	idle->step = -1;
	if (from == NULL)
		return;
	idle->samples = json_in_count(in, from, "samples", INT64_MAX);
	idle->ns = json_in_ns(in, from, "time");
	idle->longest_ns = json_in_ns_or(in, from, "longest", 0);
	idle->task = (uint64_t) json_in_count_or(in, from, "task", INT64_MAX, 0);
	if (json_object_get(from, "step") != NULL)
		idle->step = read_step(in, saved, from, "step");
}

/* Runs that were not sampled have none. */
void
load_activity(JsonIn *in, SavedRun *saved)
{
	json_t *from = json_in_object_or_none(in, saved->root, "server_samples");
	Activity *activity = &saved->activity;

	if (from == NULL || in->failed)
		return;
	activity_init(activity, saved->plan.nsteps);
	snprintf(in->place, sizeof(in->place), "server_samples");
	activity->interval_ns = json_in_ns(in, from, "interval");
	activity->looks = json_in_count(in, from, "looks", INT64_MAX);
	activity->covered_ns = json_in_ns_or(in, from, "covered", 0);
	activity->took_ns = json_in_ns_or(in, from, "took", 0);
	if (json_in_string_or_none(in, from, "problem") != NULL)
		snprintf(activity->problem, sizeof(activity->problem), "%s",
				 json_in_string(in, from, "problem"));
	activity->hidden = json_in_count_or(in, from, "hidden", INT64_MAX, 0);
	activity->elsewhere =
		json_in_count_or(in, from, "elsewhere", INT64_MAX, 0);
	read_steps(in, saved, from);
	read_locks(in, saved, from);
	read_idle(in, saved,
			  json_in_object_or_none(in, from, "idle_in_transaction"));
	in->place[0] = '\0';
	activity_sort(activity);
	saved->result.activity = activity;
}
