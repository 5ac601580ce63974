/*
 * report_trace.c
 *	  A run as a Chrome trace, written as its events come.
 *
 * A TraceFile belongs to its maker; each loop has a TraceLoop with a buffer of
 * its own, used on its thread only, and takes turns at writing to the file.
 */
#include <stdlib.h>

#include "mem.h"
#include "trace_file.h"

#define COUNTER_EVERY_NS 1000000
#define TELL_EVERY_NS INT64_C(200000000)
#define LONG_NS INT64_C(50000000) /* what is older may go on for long */

/* -------- counters -------- */

static void
put_counter(TraceLoop *trace, int64_t time_ns)
{
	TracePut *put = &trace->put;

	trace->counted_ns = time_ns;
	trace_put_begin(put, &trace->counters, 'C', time_ns);
	TRACE_PUT(put, ",\"name\":\"in flight\",\"args\":{\"tasks\":");
	trace_put_uint(put, (uint64_t) trace->ntasks);
	TRACE_PUT(put, ",\"steps\":");
	trace_put_uint(put, (uint64_t) trace->nsteps);
	TRACE_PUT(put, "}");
	trace_put_end(put);
}

void
trace_count(TraceLoop *trace, int *counter, int by, int64_t time_ns)
{
	*counter += by;
	if (time_ns - trace->counted_ns >= COUNTER_EVERY_NS)
		put_counter(trace, time_ns);
}

/* -------- tasks, the loop, the run -------- */

static void
put_task_about(TraceLoop *trace, const Lane *lane)
{
	TracePut *put = &trace->put;

	TRACE_PUT(put, ",\"cat\":\"task\",\"name\":\"");
	trace_put_name(put, &lane->name);
	TRACE_PUT(put, "\"");
}

/* The braces are closed by the caller. */
static void
put_task_number(TraceLoop *trace, const Lane *lane)
{
	TRACE_PUT(&trace->put, ",\"args\":{\"number\":");
	trace_put_uint(&trace->put, lane->task);
}

static void
task_begin(TraceLoop *trace, const Event *event)
{
	Lane *lane = trace_lane_take(trace, event->task);

	lane->name.len = trace_escape(
		lane->name.text, event->text != NULL ? event->text : "", TRACE_NAME);
	lane->begun_ns =
		trace_track_begin(trace_track(trace, lane, 0), event->time_ns);
	trace_count(trace, &trace->ntasks, 1, event->time_ns);
}

/* Where a part of its time, or its last step, is told it must be known. */
static void
task_tell(TraceLoop *trace, Lane *lane)
{
	lane->is_told = true;
	trace_put_begin(&trace->put, &lane->tracks[0].head, 'B', lane->begun_ns);
	put_task_about(trace, lane);
	if (lane->task < TRACE_SETUP)
	{
		put_task_number(trace, lane);
		TRACE_PUT(&trace->put, "}");
	}
	trace_put_end(&trace->put);
}

static void
put_task_outcome(TracePut *put, const Lane *lane, uint64_t outcome)
{
	bool has_args = !lane->is_told && lane->task < TRACE_SETUP;

	if (outcome != 0)
	{
		if (has_args)
			TRACE_PUT(put, ",\"outcome\":\"");
		else
			TRACE_PUT(put, ",\"args\":{\"outcome\":\"");
		trace_put_text(put, outcome == 1 ? "failed" : "canceled");
		TRACE_PUT(put, "\"");
	}
	if (has_args || outcome != 0)
		TRACE_PUT(put, "}");
}

static void
task_end(TraceLoop *trace, Lane *lane, const Event *event)
{
	TracePut *put = &trace->put;
	Track *track = trace_track(trace, lane, 0);
	int64_t ended_ns;

	trace_end_steps(trace, lane, event->time_ns);
	ended_ns = trace_track_end(track, event->time_ns);
	if (lane->is_told)
		trace_put_begin(put, &track->head, 'E', ended_ns);
	else
	{
		trace_put_slice(put, &track->head, lane->begun_ns, ended_ns);
		put_task_about(trace, lane);
		if (lane->task < TRACE_SETUP)
			put_task_number(trace, lane);
	}
	put_task_outcome(put, lane, event->other);
	trace_put_end(put);
	trace_count(trace, &trace->ntasks, -1, event->time_ns);
	trace_lane_give(trace, lane);
}

/*
 * What has gone on for a while is told by its begin, so that it can be seen
 * while it goes on, and when the run is killed.
 */
static void
tell_open(TraceLoop *trace, int64_t time_ns)
{
	int64_t before_ns = time_ns - LONG_NS;

	trace->told_ns = time_ns;
	for (int i = 0; i < trace->nlanes; i++)
	{
		Lane *lane = &trace->lanes[i];

		if (!lane->is_taken || lane->begun_ns >= before_ns)
			continue;
		if (!lane->is_told)
			task_tell(trace, lane);
		trace_tell_steps(trace, lane, before_ns);
	}
	trace_tell_leases(trace, before_ns);
	trace_put_flush(&trace->put);
}

static void
on_hold(TraceLoop *trace, const Event *event)
{
	Lane *lane = trace_lane_find(trace, event->task);
	TracePut *put = &trace->put;

	if (event->kind == EVENT_HOLD_END && !trace->is_held)
		return;
	trace->is_held = event->kind == EVENT_HOLD;
	if (event->time_ns > trace->loop_ns)
		trace->loop_ns = event->time_ns;
	trace_put_begin(put, &trace->loop, trace->is_held ? 'B' : 'E',
					trace->loop_ns);
	if (trace->is_held)
	{
		TRACE_PUT(put, ",\"cat\":\"hold\",\"name\":\"held by ");
		if (lane != NULL)
			trace_put_name(put, &lane->name);
		else
			TRACE_PUT(put, "a task");
		TRACE_PUT(put, "\"");
		if (event->step != NULL)
		{
			TRACE_PUT(put, ",\"args\":{\"line\":");
			trace_put_uint(put, (uint64_t) event->step->place.line);
			TRACE_PUT(put, "}");
		}
	}
	trace_put_end(put);
}

static void
on_clock(TraceLoop *trace, const Event *event)
{
	TracePut *put = &trace->put;

	put_counter(trace, event->time_ns);
	trace_put_begin(put, &trace->loop, 'i', event->time_ns);
	if (event->kind == EVENT_RUN_BEGIN)
		TRACE_PUT(put, ",\"s\":\"g\",\"name\":\"the clock starts\"");
	else
		TRACE_PUT(put, ",\"s\":\"g\",\"name\":\"the clock stops\"");
	trace_put_end(put);
}

static void
on_task_event(TraceLoop *trace, Lane *lane, const Event *event)
{
	switch (event->kind)
	{
		case EVENT_STEP:
		case EVENT_STEP_ARRIVED:
		case EVENT_STEP_PHASE:
			trace_on_step(trace, lane, event);
			break;
		case EVENT_LEASE:
			trace_on_lease(trace, lane, event);
			break;
		case EVENT_TASK:
			if (event->value == TASK_DONE)
				task_end(trace, lane, event);
			break;
		default:
			break;
	}
}

static void
on_event(void *arg, const Event *event)
{
	TraceLoop *trace = arg;
	Lane *lane;

	if (event->time_ns - trace->told_ns >= TELL_EVERY_NS)
		tell_open(trace, event->time_ns);
	switch (event->kind)
	{
		case EVENT_RUN_BEGIN:
		case EVENT_RUN_END:
			on_clock(trace, event);
			return;
		case EVENT_HOLD:
		case EVENT_HOLD_END:
			on_hold(trace, event);
			return;
		case EVENT_CONN:
			trace_on_conn(trace, event);
			return;
		case EVENT_CONN_PHASE:
			return;
		default:
			break;
	}
	lane = trace_lane_find(trace, event->task);
	if (event->kind == EVENT_LEASE_END)
		trace_on_lease_end(trace, lane, event);
	else if (lane != NULL)
		on_task_event(trace, lane, event);
	else if (event->kind == EVENT_TASK && event->value == TASK_READY)
		task_begin(trace, event);
}

/* -------- the file -------- */

static void
loop_begin(TraceLoop *trace)
{
	TracePut *put = &trace->put;
	char name[48] = "asyncdemo";

	trace_head_make(&trace->loop, trace->pid, TRACE_THREAD);
	trace_head_make(&trace->counters, trace->pid, 0);
	trace->told_ns = put->out->zero_ns;
	if (trace->number > 0)
		snprintf(name, sizeof(name), "asyncdemo, loop %d", trace->number + 1);
	trace_put_process_name(put, trace->pid, name);
	trace_put_thread_name(put, trace->pid, TRACE_THREAD, "loop");
}

void
trace_file_add(void *trace_file, Trace *to, int loop)
{
	TraceFile *file = trace_file;
	const Plan *plan = file->plan;
	TraceLoop *trace = mem_alloc(sizeof(*trace));

	file->loops = mem_realloc(file->loops, (size_t) (file->nloops + 1) *
											   sizeof(*file->loops));
	file->loops[file->nloops++] = trace;
	trace->file = file;
	trace->put.out = &file->out;
	trace->plan = plan;
	trace->number = loop;
	trace->pid = loop == 0 ? TRACE_CLIENT : TRACE_LOOPS + loop;
	trace->free_lane = -1;
	trace->nchains = 64;
	trace->chains = mem_alloc((size_t) trace->nchains * sizeof(int));
	for (int i = 0; i < trace->nchains; i++)
		trace->chains[i] = -1;
	trace->about =
		mem_alloc((size_t) plan->nsteps * 3 * sizeof(TraceText) + 1);
	trace->says = mem_alloc((size_t) plan->nsteps * sizeof(TraceText) + 1);
	loop_begin(trace);
	trace_add_sink(to, on_event, trace);
}

/* There are few: each is written at once. */
void
trace_file_look(void *trace_file, int64_t time_ns,
				const int counts[ACTIVITY_KINDS])
{
	TraceFile *file = trace_file;
	TraceHead head;
	TracePut *put;

	if (file->looks == NULL)
	{
		file->looks = mem_alloc(sizeof(TracePut));
		file->looks->out = &file->out;
	}
	put = file->looks;
	trace_head_make(&head, TRACE_SERVER, 0);
	trace_put_begin(put, &head, 'C', time_ns);
	TRACE_PUT(put, ",\"name\":\"backends\",\"args\":{");
	for (ActivityKind kind = 0; kind < ACTIVITY_KINDS; kind++)
	{
		trace_put_text(put, kind > 0 ? "," : "");
		TRACE_PUT(put, "\"");
		trace_put_bytes(put, activity_name(kind), strlen(activity_name(kind)));
		TRACE_PUT(put, "\":");
		trace_put_uint(put, (uint64_t) counts[kind]);
	}
	TRACE_PUT(put, "}");
	trace_put_end(put);
	trace_put_flush(put);
}

/* The array's first element: everything after it begins with a comma. */
TraceFile *
trace_file_new(FILE *out, const Plan *plan, int64_t zero_ns)
{
	TraceFile *file = mem_alloc(sizeof(*file));

	file->out.file = out;
	file->out.zero_ns = zero_ns;
	file->plan = plan;
	pthread_mutex_init(&file->out.lock, NULL);
	/* our buffers leave in one piece: who is killed leaves whole events */
	setvbuf(out, NULL, _IONBF, 0);
	fputs("[\n{\"ph\":\"M\",\"pid\":2,\"tid\":0,\"ts\":0,\"name\":"
		  "\"process_name\",\"args\":{\"name\":\"PostgreSQL\"}}",
		  out);
	return file;
}

static void
loop_end(TraceLoop *trace)
{
	trace_put_flush(&trace->put);
	for (int i = 0; i < trace->plan->nsteps; i++)
		free(trace->says[i].text);
	for (int i = 0; i < trace->plan->nsteps * 3; i++)
		free(trace->about[i].text);
	for (int i = 0; i < trace->nlanes; i++)
	{
		free(trace->lanes[i].open);
		free(trace->lanes[i].tracks);
	}
	free(trace->says);
	free(trace->about);
	free(trace->lanes);
	free(trace->chains);
	free(trace->conns);
	free(trace);
}

int
trace_file_end(TraceFile *file)
{
	int error;

	for (int i = 0; i < file->nloops; i++)
		loop_end(file->loops[i]);
	fputs("\n]\n", file->out.file);
	error = file->out.error;
	pthread_mutex_destroy(&file->out.lock);
	free(file->loops);
	free(file->looks);
	free(file);
	return error;
}
