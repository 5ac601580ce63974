/*
 * trace.c
 *	  Hands events to sinks, and names what events speak of.
 *
 * Sinks are added before the run begins and never change while it runs.
 */
#include "trace.h"

#include <stdlib.h>

#include "mem.h"

#define MAX_SINKS 8

struct Trace
{
	TraceSink sinks[MAX_SINKS];
	void *args[MAX_SINKS];
	int count;
	bool wants_moves;
};

Trace *
trace_new(void)
{
	return mem_alloc(sizeof(Trace));
}

void
trace_free(Trace *trace)
{
	free(trace);
}

void
trace_add_sink(Trace *trace, TraceSink sink, void *arg)
{
	if (trace->count == MAX_SINKS)
		abort(); /* a programming error: raise MAX_SINKS */
	trace->sinks[trace->count] = sink;
	trace->args[trace->count] = arg;
	trace->count++;
}

void
trace_want_moves(Trace *trace)
{
	trace->wants_moves = true;
}

bool
trace_wants_moves(const Trace *trace)
{
	return trace != NULL && trace->wants_moves;
}

void
trace_emit(Trace *trace, const Event *event)
{
	if (trace == NULL)
		return;
	for (int i = 0; i < trace->count; i++)
		trace->sinks[i](trace->args[i], event);
}

const char *
step_state_name(StepState state)
{
	static const char *const names[] = {"pending", "queued", "running",
										"ok",	   "failed", "canceled",
										"skipped", "backoff"};

	return names[state];
}

const char *
conn_state_name(ConnState state)
{
	static const char *const names[] = {
		"closed", "resolving", "connecting", "configuring",
		"idle",	  "busy",	   "away",		 "canceling"};

	return names[state];
}

const char *
phase_name(Phase phase)
{
	static const char *const names[PHASES] = {"dns",	 "connect", "tls",
											  "auth",	 "hook",	"wait",
											  "receive", "server",	"rest"};

	return names[phase];
}
