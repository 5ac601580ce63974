/*
 * report_trace.h
 *	  A run as a Chrome trace, written as its events come: for
 *	  ui.perfetto.dev, chrome://tracing and their like.
 *
 * Process 1 is the client (and with several loops each further one another):
 * a thread for the loop, one for each place of a running task, further ones
 * for the steps of a gather.  Process 2 is the server: a thread for each
 *backend, with its leases and statements.  A flow leads from a step to its
 *statement.  Memory grows with the number of tasks in flight, not with that of
 *all.
 *
 * The file is an array that lacks nothing but its last bracket while the run
 * goes on, so that what a killed run leaves can be opened too.
 */
#ifndef REPORT_TRACE_H
#define REPORT_TRACE_H

#include <stdio.h>

#include "activity.h"
#include "trace.h"

typedef struct TraceFile TraceFile;

/*
 * Stream and plan must outlive it; the stream stays the caller's.  zero_ns:
 * where the trace's time begins, on the loops' clock.
 */
extern TraceFile *trace_file_new(FILE *out, const Plan *plan, int64_t zero_ns);

/* Have it told of a loop's events: RunOptions.add_sinks. */
extern void trace_file_add(void *trace_file, Trace *trace, int loop);

/* A look at the server, on whatever one thread: RunOptions.on_look. */
extern void trace_file_look(void *trace_file, int64_t time_ns,
							const int counts[ACTIVITY_KINDS]);

/* Write what is left, and free; 0, or errno of the first failed write. */
extern int trace_file_end(TraceFile *file);

#endif /* REPORT_TRACE_H */
