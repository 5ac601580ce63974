/*
 * trace_name.c
 *	  What the threads and slices of a trace are called.
 */
#include <stdlib.h>

#include "buf.h"
#include "mem.h"
#include "secret.h"
#include "trace_file.h"

#define MAX_NAME 60 /* bytes of a statement as a name */

static void
put_metadata(TracePut *put, int pid, uint64_t tid, const char *what)
{
	TraceHead head;

	trace_head_make(&head, pid, tid);
	trace_put_begin(put, &head, 'M', put->out->zero_ns);
	TRACE_PUT(put, ",\"name\":\"");
	trace_put_text(put, what);
	TRACE_PUT(put, "\",\"args\":{");
}

void
trace_put_thread_name(TracePut *put, int pid, uint64_t tid, const char *name)
{
	put_metadata(put, pid, tid, "thread_name");
	TRACE_PUT(put, "\"name\":\"");
	trace_put_text(put, name);
	TRACE_PUT(put, "\"}");
	trace_put_end(put);
	put_metadata(put, pid, tid, "thread_sort_index");
	TRACE_PUT(put, "\"sort_index\":");
	trace_put_uint(put, tid);
	TRACE_PUT(put, "}");
	trace_put_end(put);
}

void
trace_put_process_name(TracePut *put, int pid, const char *name)
{
	put_metadata(put, pid, 0, "process_name");
	TRACE_PUT(put, "\"name\":\"");
	trace_put_text(put, name);
	TRACE_PUT(put, "\"}");
	trace_put_end(put);
}

/* The line where the statement begins, without secrets and cut. */
static char *
statement_name(const Plan *plan, const PlanStep *step)
{
	const PlanSource *source = &plan->sources[step->place.file];
	const char *at = source->text;
	const char *end = source->text + source->len;
	Buf masked = {0};
	char *name;
	size_t len;

	for (int line = 1; line < step->place.line && at < end; at++)
		line += *at == '\n';
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	len = strcspn(at, "\r\n");
	secret_append(&masked, at, len);
	len = masked.len;
	if (len > MAX_NAME)
		for (len = MAX_NAME; (masked.data[len] & 0xC0) == 0x80;)
			len--;
	name = len > 0 ? mem_strndup(masked.data, len) : mem_strdup(step->label);
	buf_free(&masked);
	return name;
}

static void
keep_text(TraceText *kept, TracePut *scratch)
{
	kept->text = mem_strndup(scratch->data, scratch->len);
	kept->len = scratch->len;
	free(scratch);
}

static void
make_says(const TraceLoop *trace, const PlanStep *step, TraceText *says)
{
	TracePut *scratch = mem_alloc(sizeof(*scratch));
	char *name = statement_name(trace->plan, step);

	TRACE_PUT(scratch, ",\"cat\":\"statement\",\"name\":\"");
	trace_put_text(scratch, name);
	TRACE_PUT(scratch, "\",\"args\":{\"line\":");
	trace_put_uint(scratch, (uint64_t) step->place.line);
	TRACE_PUT(scratch, ",\"task\":\"");
	keep_text(says, scratch);
	free(name);
}

void
trace_put_says(TraceLoop *trace, const PlanStep *step)
{
	TraceText *says = &trace->says[step->index];

	if (says->text == NULL)
		make_says(trace, step, says);
	trace_put_bytes(&trace->put, says->text, says->len);
}

static void
make_about(const TraceLoop *trace, const PlanStep *step, Call call,
		   TraceText *about)
{
	TracePut *scratch = mem_alloc(sizeof(*scratch));
	const Plan *plan = trace->plan;

	TRACE_PUT(scratch, ",\"name\":\"");
	trace_put_text(scratch, step->label);
	TRACE_PUT(scratch, "\",\"cat\":\"");
	trace_put_text(scratch, step_kind_name(step->kind));
	TRACE_PUT(scratch, "\",\"args\":{\"call\":\"");
	trace_put_text(scratch, call_name(call));
	if (plan->nsources > 1)
	{
		TRACE_PUT(scratch, "\",\"file\":\"");
		trace_put_text(scratch, plan->sources[step->place.file].name);
	}
	TRACE_PUT(scratch, "\",\"line\":");
	trace_put_uint(scratch, (uint64_t) step->place.line);
	keep_text(about, scratch);
}

void
trace_put_about(TraceLoop *trace, const PlanStep *step, Call call)
{
	TraceText *about = &trace->about[step->index * 3 + (int) call];

	if (about->text == NULL)
		make_about(trace, step, call, about);
	trace_put_bytes(&trace->put, about->text, about->len);
}
