/*
 * trace_step.c
 *	  Steps in a trace, and the statements of SQL on their backends' threads.
 *
 * A flow leads from a step to its statement: viewers bind it to the slices
 * that name it.  Within a step what it waited for is shown apart.
 */
#include "mem.h"
#include "trace_file.h"

/* Longer waits within a step are slices of their own, others numbers. */
#define LONG_WAIT_NS 100000
#define MIN_WAIT_NS 1000 /* shorter ones are nothing */

static OpenStep *
step_find(Lane *lane, int slot)
{
	for (int i = lane->nopen - 1; i >= 0; i--)
		if (lane->open[i].slot == slot)
			return &lane->open[i];
	return NULL;
}

static OpenStep *
step_add(Lane *lane)
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
	return open;
}

static void
step_queued(TraceLoop *trace, Lane *lane, const Event *event)
{
	OpenStep *open = step_add(lane);

	open->step = event->step;
	open->call = (Call) event->other;
	open->slot = event->slot;
	open->begun_ns = trace_track_begin(trace_track(trace, lane, event->slot),
									   event->time_ns);
	if (event->step->kind == STEP_SQL)
		open->flow = (uint64_t) trace->number << 40 | ++trace->flows;
}

/* From when to when nothing went on, within a step. */
static void
put_wait(TraceLoop *trace, Lane *lane, const OpenStep *open, const char *what,
		 int64_t from_ns, int64_t until_ns)
{
	TracePut *put = &trace->put;

	if (until_ns - from_ns < LONG_WAIT_NS)
		return;
	trace_put_slice(put, &trace_track(trace, lane, open->slot)->head,
					from_ns > open->begun_ns ? from_ns : open->begun_ns + 1,
					until_ns);
	TRACE_PUT(put, ",\"cat\":\"wait\",\"name\":\"");
	trace_put_text(put, what);
	TRACE_PUT(put, "\"");
	trace_put_end(put);
}

static void
step_running(TraceLoop *trace, Lane *lane, OpenStep *open, int64_t time_ns)
{
	open->started_ns = time_ns > open->begun_ns ? time_ns : open->begun_ns;
	trace_count(trace, &trace->nsteps, 1, time_ns);
	put_wait(trace, lane, open, "waits", open->begun_ns, open->started_ns);
	if (open->step->kind == STEP_SQL && open->conn == 0)
	{
		open->conn = lane->conn;
		open->leased_ns = lane->leased_ns;
	}
}

static void
put_flow(TracePut *put, const OpenStep *open)
{
	TRACE_PUT(put, ",\"bind_id\":\"");
	trace_put_uint(put, open->flow);
}

/* What the backend did, as far as it can be seen from here. */
static void
put_statement(TraceLoop *trace, const Lane *lane, const OpenStep *open,
			  int64_t ended_ns)
{
	const TraceHead *head = trace_backend(trace, open->conn);
	TraceConn *conn = trace_conn_at(trace, open->conn);
	TracePut *put = &trace->put;
	int64_t from_ns = open->started_ns;

	if (from_ns <= open->leased_ns)
		from_ns = open->leased_ns + 1;
	if (from_ns <= conn->said_ns)
		from_ns = conn->said_ns + 1;
	conn->said_ns = ended_ns > from_ns ? ended_ns : from_ns;
	trace_put_slice(put, head, from_ns, conn->said_ns);
	put_flow(put, open);
	TRACE_PUT(put, "\",\"flow_in\":true");
	trace_put_says(trace, open->step);
	trace_put_name(put, &lane->name);
	TRACE_PUT(put, "\"}");
	trace_put_end(put);
}

/* -------- the end -------- */

/* A further argument: the first needs the key in front of all of them. */
static void
put_key(TracePut *put, bool *any, const char *key)
{
	if (*any)
		TRACE_PUT(put, ",\"");
	else
		TRACE_PUT(put, ",\"args\":{\"");
	*any = true;
	trace_put_text(put, key);
}

static void
put_short_wait(TracePut *put, bool *any, const char *key, int64_t ns)
{
	if (ns < MIN_WAIT_NS || ns >= LONG_WAIT_NS)
		return;
	put_key(put, any, key);
	TRACE_PUT(put, "\":");
	trace_put_us(put, ns);
}

/* any: there are arguments already; true: there are now. */
static bool
put_outcome(TracePut *put, const OpenStep *open, StepState outcome, bool any,
			int64_t unseen_ns)
{
	put_short_wait(put, &any, "waited_us", open->started_ns - open->begun_ns);
	put_short_wait(put, &any, "unseen_us", unseen_ns);
	for (Phase phase = 0; phase < PHASES && open->has_phases; phase++)
	{
		if (open->phase_ns[phase] <= 0)
			continue;
		put_key(put, &any, phase_name(phase));
		TRACE_PUT(put, "_us\":");
		trace_put_us(put, open->phase_ns[phase]);
	}
	if (outcome != STEP_OK)
	{
		put_key(put, &any, "outcome");
		TRACE_PUT(put, "\":\"");
		trace_put_text(put, step_state_name(outcome));
		TRACE_PUT(put, "\"");
	}
	return any;
}

static void
put_flow_out(TracePut *put, const OpenStep *open)
{
	put_flow(put, open);
	TRACE_PUT(put, "\",\"flow_out\":true");
}

static void
put_step(TraceLoop *trace, const Track *track, const OpenStep *open,
		 StepState outcome, bool has_statement, int64_t unseen_ns)
{
	TracePut *put = &trace->put;

	if (open->is_told)
		trace_put_begin(put, &track->head, 'E', track->last_ns);
	else
	{
		trace_put_slice(put, &track->head, open->begun_ns, track->last_ns);
		if (has_statement)
			put_flow_out(put, open);
		trace_put_about(trace, open->step, open->call);
	}
	if (put_outcome(put, open, outcome, !open->is_told, unseen_ns))
		TRACE_PUT(put, "}");
	trace_put_end(put);
}

static void
step_end(TraceLoop *trace, Lane *lane, OpenStep *open, StepState outcome,
		 int64_t seen_ns)
{
	Track *track = trace_track(trace, lane, open->slot);
	bool has_statement = open->started_ns > 0 && open->conn > 0;
	int64_t ended_ns = trace_track_end(track, seen_ns);

	if (open->arrived_ns >= open->started_ns && open->arrived_ns < ended_ns &&
		open->started_ns > 0)
		ended_ns = open->arrived_ns;
	if (open->started_ns > 0)
		trace_count(trace, &trace->nsteps, -1, seen_ns);
	put_step(trace, track, open, outcome, has_statement,
			 track->last_ns - ended_ns);
	put_wait(trace, lane, open, "answered, not yet seen", ended_ns,
			 track->last_ns);
	if (has_statement)
		put_statement(trace, lane, open, ended_ns);
	lane->nopen--;
	memmove(open, open + 1,
			(size_t) (&lane->open[lane->nopen] - open) * sizeof(*open));
}

void
trace_end_steps(TraceLoop *trace, Lane *lane, int64_t time_ns)
{
	while (lane->nopen > 0)
		step_end(trace, lane, &lane->open[lane->nopen - 1], STEP_CANCELED,
				 time_ns);
}

void
trace_tell_steps(TraceLoop *trace, Lane *lane, int64_t before_ns)
{
	TracePut *put = &trace->put;

	for (int i = 0; i < lane->nopen; i++)
	{
		OpenStep *open = &lane->open[i];

		if (open->is_told || open->begun_ns >= before_ns)
			continue;
		open->is_told = true;
		trace_put_begin(put, &trace_track(trace, lane, open->slot)->head, 'B',
						open->begun_ns);
		if (open->flow != 0)
			put_flow_out(put, open);
		trace_put_about(trace, open->step, open->call);
		TRACE_PUT(put, "}");
		trace_put_end(put);
	}
}

/* -------- events -------- */

static void
step_moved(TraceLoop *trace, Lane *lane, OpenStep *open, const Event *event)
{
	switch ((StepState) event->value)
	{
		case STEP_RUNNING:
			step_running(trace, lane, open, event->time_ns);
			break;
		case STEP_OK:
		case STEP_FAILED:
		case STEP_CANCELED:
		case STEP_BACKOFF: /* the next attempt is a slice of its own */
			if (open->step == event->step)
				step_end(trace, lane, open, (StepState) event->value,
						 event->time_ns);
			break;
		case STEP_QUEUED:
		case STEP_PENDING:
		case STEP_SKIPPED:
			break;
	}
}

void
trace_on_step(TraceLoop *trace, Lane *lane, const Event *event)
{
	OpenStep *open;

	if (event->kind == EVENT_STEP && event->value == STEP_QUEUED)
	{
		step_queued(trace, lane, event);
		return;
	}
	open = step_find(lane, event->slot);
	if (open == NULL)
		return;
	if (event->kind == EVENT_STEP)
		step_moved(trace, lane, open, event);
	else if (event->kind == EVENT_STEP_ARRIVED)
		open->arrived_ns = event->time_ns;
	else
	{
		open->has_phases = true;
		open->phase_ns[event->value] += event->amount;
	}
}
