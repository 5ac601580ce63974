/*
 * report_load_tasks.c
 *	  Of a saved run, what happened: kept tasks, holds, the slowest, failures.
 */
#include <string.h>

#include "mem.h"
#include "report_load_private.h"

static const char *
outcome_word(int outcome)
{
	static const char *const words[] = {"ok", "failed", "canceled", "skipped"};

	return words[outcome];
}

static const char *
class_word(int class)
{
	return class_name((Class) class);
}

static const char *
state_word(int state)
{
	return step_state_name((StepState) state);
}

static void
read_span(JsonIn *in, const SavedRun *saved, json_t *from, Span *span,
		  int number)
{
	span->step = load_step_number(in, saved, from, "step");
	span->call =
		(Call) json_in_word(in, from, "call", load_call_word, CALL_THREAD + 1);
	span->outcome = (StepState) json_in_word(in, from, "outcome", state_word,
											 STEP_BACKOFF + 1);
	span->queued_ns = json_in_ns(in, from, "queued");
	span->started_ns = json_in_ns(in, from, "started");
	span->arrived_ns = json_in_ns(in, from, "arrived");
	span->ended_ns = json_in_ns(in, from, "ended");
	span->attempt = (int) json_in_count_or(in, from, "attempt", INT32_MAX, 1);
	span->backoff_ns = json_in_ns_or(in, from, "backoff", 0);
	span->gather = (int) json_in_count_or(in, from, "gather", number, -1);
	span->conn = (int) json_in_count_or(in, from, "connection", INT32_MAX, 0);
	span->pid = (int) json_in_count_or(in, from, "pid", INT32_MAX, 0);
	span->lease_from =
		(uint64_t) json_in_count_or(in, from, "lease_from", INT64_MAX, 0);
	load_phases(in, from, "phases", span->phase_ns);
}

static void
read_task(JsonIn *in, const SavedRun *saved, json_t *from, TaskSpans *task)
{
	json_t *list = json_in_array(in, from, "spans");
	size_t outer = strlen(in->place);
	size_t i;
	json_t *one;

	task->number = (uint64_t) json_in_count(in, from, "number", INT64_MAX);
	snprintf(task->name, sizeof(task->name), "%s",
			 json_in_string(in, from, "name"));
	task->outcome = json_in_word(in, from, "outcome", outcome_word, 4);
	task->begun_ns = json_in_ns(in, from, "begun");
	task->ended_ns = json_in_ns(in, from, "ended");
	task->error =
		(char *) (uintptr_t) json_in_string_or_none(in, from, "error");
	load_classes(in, from, task->class_ns);
	task->spans = mem_alloc(json_array_size(list) * sizeof(Span) + 1);
	json_array_foreach(list, i, one)
	{
		snprintf(in->place + outer, sizeof(in->place) - outer, ".spans[%zu]",
				 i);
		if (!in->failed)
			read_span(in, saved, one, &task->spans[task->nspans++], (int) i);
	}
	in->place[outer] = '\0';
}

void
load_tasks(JsonIn *in, SavedRun *saved)
{
	json_t *list = json_in_array(in, saved->root, "tasks");
	Spans *spans = &saved->spans;
	size_t i;
	json_t *one;

	spans->tasks = mem_alloc(json_array_size(list) * sizeof(TaskSpans) + 1);
	json_array_foreach(list, i, one)
	{
		snprintf(in->place, sizeof(in->place), "tasks[%zu]", i);
		if (!in->failed)
			read_task(in, saved, one, &spans->tasks[spans->ntasks++]);
	}
	in->place[0] = '\0';
	spans->max_tasks = spans->ntasks;
}

void
load_holds(JsonIn *in, SavedRun *saved)
{
	json_t *list = json_in_array_or_none(in, saved->root, "holds");
	Spans *spans = &saved->spans;
	size_t i;
	json_t *one;

	spans->holds = mem_alloc(json_array_size(list) * sizeof(HoldSpan) + 1);
	json_array_foreach(list, i, one)
	{
		HoldSpan *hold = &spans->holds[spans->nholds++];
		json_t *step = json_object_get(one, "step");

		snprintf(in->place, sizeof(in->place), "holds[%zu]", i);
		hold->task = (uint64_t) json_in_count(in, one, "task", INT64_MAX);
		if (!json_is_integer(step) || json_integer_value(step) != -1)
			hold->step = load_step_number(in, saved, one, "step");
		hold->begun_ns = json_in_ns(in, one, "begun");
		hold->ended_ns = json_in_ns(in, one, "ended");
		hold->cost_ns = json_in_ns_or(in, one, "cost", 0);
	}
	in->place[0] = '\0';
}

void
load_slowest(JsonIn *in, SavedRun *saved)
{
	json_t *list = json_in_array_or_none(in, saved->root, "slowest");
	Spans *spans = &saved->spans;
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		SlowTask *slow = &spans->slowest[spans->nslowest];

		if (spans->nslowest == SLOWEST_KEPT)
			break;
		snprintf(in->place, sizeof(in->place), "slowest[%zu]", i);
		slow->number = (uint64_t) json_in_count(in, one, "number", INT64_MAX);
		snprintf(slow->name, sizeof(slow->name), "%s",
				 json_in_string(in, one, "name"));
		slow->took_ns = json_in_ns(in, one, "time");
		slow->mostly =
			(Class) json_in_word(in, one, "mostly", class_word, CLASSES);
		spans->nslowest++;
	}
	in->place[0] = '\0';
}

void
load_failures(JsonIn *in, SavedRun *saved)
{
	json_t *list = json_in_array_or_none(in, saved->root, "errors");
	Spans *spans = &saved->spans;
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		if (spans->nfailures == FAILURES_KEPT)
			break;
		snprintf(in->place, sizeof(in->place), "errors[%zu]", i);
		spans->failures[spans->nfailures].message =
			(char *) (uintptr_t) json_in_string(in, one, "message");
		spans->failures[spans->nfailures++].count =
			json_in_count(in, one, "count", INT64_MAX);
	}
	in->place[0] = '\0';
}
