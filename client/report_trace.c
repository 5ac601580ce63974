/*
 * report_trace.c
 *	  A run as a Chrome trace, written as its events come.
 *
 * A TraceFile belongs to its maker; each loop has a TraceLoop with a buffer of
 * its own, used on its thread only, and takes turns at writing to the file.
 * Slices of the client and leases begin and end by events of their own (B,
 * E); a statement is written whole (X) when it ends.  Within a thread times
 * never go back, whatever the events say: viewers nest slices by their order.
 */
#include <stdlib.h>

#include "mem.h"
#include "trace_file.h"

#define COUNTER_EVERY_NS 1000000
#define MIN_WAIT_NS 5000 /* shorter waits are not shown apart */

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

static void
count(TraceLoop *trace, int *counter, int by, int64_t time_ns)
{
	*counter += by;
	if (time_ns - trace->counted_ns >= COUNTER_EVERY_NS)
		put_counter(trace, time_ns);
}

/* -------- steps -------- */

static OpenStep *
step_find(Lane *lane, const Event *event)
{
	for (int i = lane->nopen - 1; i >= 0; i--)
		if (lane->open[i].slot == event->slot)
			return &lane->open[i];
	return NULL;
}

static void
step_queued(TraceLoop *trace, Lane *lane, const Event *event)
{
	OpenStep *open;

	if (lane->nopen == lane->open_cap)
	{
		lane->open_cap = lane->open_cap * 2 + 2;
		lane->open = mem_realloc(lane->open,
								 (size_t) lane->open_cap * sizeof(OpenStep));
	}
	open = &lane->open[lane->nopen++];
	memset(open, 0, sizeof(*open));
	open->step = event->step;
	open->slot = event->slot;
	open->queued_ns = event->time_ns;
	trace_put_on_track(trace, lane, event->slot, 'B', event->time_ns);
	trace_put_about(trace, event->step, (Call) event->other);
	trace_put_end(&trace->put);
}

/* From when to when nothing went on, within a step. */
static void
put_wait(TraceLoop *trace, Lane *lane, const OpenStep *open, const char *what,
		 int64_t from_ns, int64_t until_ns)
{
	TracePut *put = &trace->put;

	if (until_ns - from_ns < MIN_WAIT_NS)
		return;
	trace_put_on_track(trace, lane, open->slot, 'X', from_ns);
	TRACE_PUT(put, ",\"dur\":");
	trace_put_us(put, until_ns - lane->tracks[open->slot].last_ns);
	TRACE_PUT(put, ",\"cat\":\"wait\",\"name\":\"");
	trace_put_text(put, what);
	TRACE_PUT(put, "\"");
	trace_put_end(put);
}

static void
put_flow(TraceLoop *trace, const OpenStep *open)
{
	TRACE_PUT(&trace->put, ",\"cat\":\"flow\",\"name\":\"sql\",\"id\":");
	trace_put_uint(&trace->put, open->flow);
}

static void
step_running(TraceLoop *trace, Lane *lane, OpenStep *open, int64_t time_ns)
{
	open->started_ns = time_ns;
	count(trace, &trace->nsteps, 1, time_ns);
	put_wait(trace, lane, open, "waits", open->queued_ns, time_ns);
	if (open->step->kind != STEP_SQL)
		return;
	if (open->conn == 0)
		open->conn = lane->conn;
	if (open->conn == 0)
		return;
	open->flow = (uint64_t) trace->number << 40 | ++trace->flows;
	trace_put_on_track(trace, lane, open->slot, 's', time_ns);
	put_flow(trace, open);
	trace_put_end(&trace->put);
}

/* What the backend did, as far as it can be seen from here. */
static void
put_statement(TraceLoop *trace, const Lane *lane, const OpenStep *open,
			  int64_t ended_ns)
{
	TraceConn *conn = trace_conn_at(trace, open->conn);
	TracePut *put = &trace->put;
	int64_t from_ns;

	trace_put_on_backend(trace, open->conn, 'X', open->started_ns);
	from_ns = conn->last_ns;
	TRACE_PUT(put, ",\"dur\":");
	trace_put_us(put, ended_ns - from_ns);
	trace_put_says(trace, open->step);
	trace_put_text(put, lane->name);
	TRACE_PUT(put, "\",\"line\":");
	trace_put_uint(put, (uint64_t) open->step->place.line);
	TRACE_PUT(put, "}");
	trace_put_end(put);
	trace_put_on_backend(trace, open->conn, 'f', from_ns);
	put_flow(trace, open);
	TRACE_PUT(put, ",\"bp\":\"e\"");
	trace_put_end(put);
	if (ended_ns > conn->last_ns)
		conn->last_ns = ended_ns;
}

static void
put_outcome(TracePut *put, const OpenStep *open, StepState outcome)
{
	bool any = false;

	for (Phase phase = 0; phase < PHASES; phase++)
	{
		if (open->phase_ns[phase] <= 0)
			continue;
		trace_put_bytes(put, any ? ",\"" : ",\"args\":{\"",
						any ? 2 : sizeof(",\"args\":{\"") - 1);
		trace_put_text(put, phase_name(phase));
		TRACE_PUT(put, "_us\":");
		trace_put_us(put, open->phase_ns[phase]);
		any = true;
	}
	if (outcome != STEP_OK)
	{
		trace_put_bytes(put, any ? ",\"" : ",\"args\":{\"",
						any ? 2 : sizeof(",\"args\":{\"") - 1);
		TRACE_PUT(put, "outcome\":\"");
		trace_put_text(put, step_state_name(outcome));
		TRACE_PUT(put, "\"");
		any = true;
	}
	if (any)
		TRACE_PUT(put, "}");
}

static void
step_end(TraceLoop *trace, Lane *lane, OpenStep *open, StepState outcome,
		 int64_t time_ns)
{
	int64_t seen_ns = time_ns;

	if (open->arrived_ns >= open->started_ns && open->arrived_ns < time_ns &&
		open->started_ns > 0)
		time_ns = open->arrived_ns;
	if (open->started_ns > 0)
		count(trace, &trace->nsteps, -1, seen_ns);
	if (open->flow != 0)
		put_statement(trace, lane, open, time_ns);
	put_wait(trace, lane, open, "answered, not yet seen", time_ns, seen_ns);
	trace_put_on_track(trace, lane, open->slot, 'E', seen_ns);
	put_outcome(&trace->put, open, outcome);
	trace_put_end(&trace->put);
	lane->nopen--;
	memmove(open, open + 1,
			(size_t) (&lane->open[lane->nopen] - open) * sizeof(*open));
}

static void
on_step(TraceLoop *trace, Lane *lane, const Event *event)
{
	OpenStep *open = step_find(lane, event);

	switch ((StepState) event->value)
	{
		case STEP_QUEUED:
			step_queued(trace, lane, event);
			break;
		case STEP_RUNNING:
			if (open != NULL)
				step_running(trace, lane, open, event->time_ns);
			break;
		case STEP_OK:
		case STEP_FAILED:
		case STEP_CANCELED:
		case STEP_BACKOFF: /* the next attempt is a slice of its own */
			if (open != NULL && open->step == event->step)
				step_end(trace, lane, open, (StepState) event->value,
						 event->time_ns);
			break;
		case STEP_PENDING:
		case STEP_SKIPPED:
			break;
	}
}

/* -------- tasks, the loop, the run -------- */

/* Not by snprintf: a task may be over in ten microseconds. */
static void
task_name(Lane *lane, const char *name)
{
	size_t len = strnlen(name, sizeof(lane->name) - 1);

	memcpy(lane->name, name, len);
	lane->name[len] = '\0';
}

static void
task_begin(TraceLoop *trace, const Event *event)
{
	Lane *lane = trace_lane_take(trace, event->task);
	TracePut *put = &trace->put;

	task_name(lane, event->text != NULL ? event->text : "");
	trace_put_on_track(trace, lane, 0, 'B', event->time_ns);
	TRACE_PUT(put, ",\"cat\":\"task\",\"name\":\"");
	trace_put_text(put, lane->name);
	if (event->task < TRACE_SETUP)
	{
		TRACE_PUT(put, "\",\"args\":{\"number\":");
		trace_put_uint(put, event->task);
		TRACE_PUT(put, "}");
	}
	else
		TRACE_PUT(put, "\"");
	trace_put_end(put);
	count(trace, &trace->ntasks, 1, event->time_ns);
}

static void
task_end(TraceLoop *trace, Lane *lane, const Event *event)
{
	TracePut *put = &trace->put;

	while (lane->nopen > 0)
		step_end(trace, lane, &lane->open[lane->nopen - 1], STEP_CANCELED,
				 event->time_ns);
	trace_put_on_track(trace, lane, 0, 'E', event->time_ns);
	if (event->other != 0)
	{
		TRACE_PUT(put, ",\"args\":{\"outcome\":\"");
		trace_put_text(put, event->other == 1 ? "failed" : "canceled");
		TRACE_PUT(put, "\"}");
	}
	trace_put_end(put);
	count(trace, &trace->ntasks, -1, event->time_ns);
	trace_lane_give(trace, lane);
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
		trace_put_text(put, lane != NULL ? lane->name : "a task");
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
	OpenStep *open;

	switch (event->kind)
	{
		case EVENT_STEP:
			on_step(trace, lane, event);
			break;
		case EVENT_STEP_ARRIVED:
			open = step_find(lane, event);
			if (open != NULL)
				open->arrived_ns = event->time_ns;
			break;
		case EVENT_STEP_PHASE:
			open = step_find(lane, event);
			if (open != NULL)
				open->phase_ns[event->value] += event->amount;
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
	put->flushed_ns = put->out->zero_ns;
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
	trace->about = mem_alloc((size_t) plan->nsteps * 3 * sizeof(char *) + 1);
	trace->says = mem_alloc((size_t) plan->nsteps * sizeof(char *) + 1);
	loop_begin(trace);
	trace_add_sink(to, on_event, trace);
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
		free(trace->says[i]);
	for (int i = 0; i < trace->plan->nsteps * 3; i++)
		free(trace->about[i]);
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
	free(file);
	return error;
}
