/*
 * report_sample.h
 *		A run's result made by hand, for the tests of reports.
 *
 * Include it from the file with main() only.
 */
#ifndef REPORT_SAMPLE_H
#define REPORT_SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_verdict.h"
#include "tap.h"

#define MS INT64_C(1000000)
#define MAX_TASKS 40

static inline char *
text_of(void (*write)(FILE *, const RunResult *, const ReportStyle *),
		const RunResult *result, const ReportStyle *style)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	write(out, result, style);
	fclose(out);
	return text;
}

/* A plan of two bodies, each http then sql, and a run of it. */
typedef struct Sample
{
	PlanStep steps[4];
	Body bodies[2];
	PlanSource source;
	Plan plan;
	Span spans[MAX_TASKS][2];
	TaskSpans tasks[MAX_TASKS];
	HoldSpan holds[2];
	StepStats stats[4];
	Spans all;
	RunResult result;
} Sample;

static inline void
sample_span(Sample *s, int task, int at, int step, int64_t queued_ms,
			int64_t started_ms, int64_t arrived_ms)
{
	Span *span = &s->spans[task][at];

	*span = (Span){.step = &s->steps[step],
				   .call = s->steps[step].call,
				   .outcome = STEP_OK,
				   .queued_ns = queued_ms * MS,
				   .started_ns = started_ms * MS,
				   .arrived_ns = arrived_ms * MS,
				   .ended_ns = arrived_ms * MS,
				   .gather = -1};
	s->tasks[task].nspans = at + 1;
	s->tasks[task].ended_ns = arrived_ms * MS;
	s->stats[step].step = &s->steps[step];
	s->stats[step].count++;
	histogram_add(&s->stats[step].own, (arrived_ms - started_ms) * MS);
	histogram_add(&s->stats[step].whole, (arrived_ms - queued_ms) * MS);
	s->all.own_ns += (arrived_ms - started_ms) * MS;
}

static inline void
sample_plan(Sample *s)
{
	static const Call calls[] = {CALL_BLOCKING, CALL_ASYNC, CALL_ASYNC,
								 CALL_BLOCKING};

	for (int i = 0; i < 4; i++)
		s->steps[i] = (PlanStep){.kind = i % 2 == 0 ? STEP_HTTP : STEP_SQL,
								 .call = calls[i],
								 .index = i,
								 .place = {.line = 4 + i},
								 .label = i % 2 == 0 ? "http" : "sql"};
	s->bodies[0] = (Body){.name = "t1", .steps = s->steps, .nsteps = 2};
	s->bodies[1] = (Body){.name = "t2", .steps = s->steps + 2, .nsteps = 2};
	s->source = (PlanSource){.name = "mixed.sql"};
	s->plan = (Plan){.sources = &s->source,
					 .nsources = 1,
					 .bodies = s->bodies,
					 .nbodies = 2,
					 .nsteps = 4};
}

/* sa beside as, as the front page of the manual shows it. */
static inline Sample *
sample_new(void)
{
	Sample *s = calloc(1, sizeof(*s));

	sample_plan(s);
	s->all = (Spans){.plan = &s->plan,
					 .run_ended_ns = 900 * MS,
					 .tasks = s->tasks,
					 .ntasks = 2,
					 .done = 2,
					 .holds = s->holds,
					 .nholds = 2,
					 .steps = s->stats,
					 .task_ns = 1500 * MS};
	for (int i = 0; i < 2; i++)
	{
		s->tasks[i].number = (uint64_t) i + 1;
		s->tasks[i].spans = s->spans[i];
		snprintf(s->tasks[i].name, sizeof(s->tasks[i].name), "t%d", i + 1);
	}
	sample_span(s, 0, 0, 0, 0, 0, 300);
	sample_span(s, 0, 1, 1, 300, 300, 600);
	sample_span(s, 1, 0, 2, 300, 300, 600);
	sample_span(s, 1, 1, 3, 600, 600, 900);
	s->holds[0] = (HoldSpan){1, &s->steps[0], 0, 300 * MS, 300 * MS};
	s->holds[1] = (HoldSpan){2, &s->steps[3], 600 * MS, 900 * MS, 0};
	s->tasks[1].class_ns[CLASS_LOOP] = 300 * MS;
	s->all.class_ns[CLASS_LOOP] = 300 * MS;
	s->all.class_ns[CLASS_HTTP] = 600 * MS;
	s->all.class_ns[CLASS_SERVER] = 600 * MS;
	histogram_add(&s->all.latency, 600 * MS);
	histogram_add(&s->all.latency, 900 * MS);
	s->result = (RunResult){.plan = &s->plan,
							.spans = &s->all,
							.run_id = "r1",
							.mode = "plan",
							.concurrency = 2,
							.connections = 2,
							.wall_ns = 900 * MS,
							.loop_idle_ns = -1,
							.has_prediction = true,
							.prediction = {.predicted_ns = 900 * MS,
										   .low_ns = 900 * MS,
										   .high_ns = 900 * MS,
										   .best_ns = 600 * MS,
										   .worst_ns = 1200 * MS,
										   .fix = FIX_STEP_ASYNC,
										   .fix_step = &s->steps[0],
										   .fix_ns = 600 * MS,
										   .fix_low_ns = 600 * MS}};
	return s;
}

static inline void
sample_free(Sample *s)
{
	for (int i = 0; i < 4; i++)
	{
		histogram_clear(&s->stats[i].own);
		histogram_clear(&s->stats[i].whole);
	}
	histogram_clear(&s->all.latency);
	free(s);
}

static inline void
sample_make_many(Sample *s)
{
	for (int i = 0; i < MAX_TASKS; i++)
	{
		s->tasks[i] = s->tasks[i % 2];
		s->tasks[i].number = (uint64_t) i + 1;
	}
	s->all.ntasks = MAX_TASKS;
	s->all.done = 99998;
	s->all.failed = 2;
	s->all.failures[0] =
		(FailureKind){(char *) "bad \033[31m\xE2\x80\xAEthing\n", 1};
	s->all.nfailures = 1;
	s->all.slowest[0] = (SlowTask){.number = 77777,
								   .name = "t2",
								   .took_ns = 900 * MS,
								   .mostly = CLASS_HTTP};
	s->all.nslowest = 1;
	s->stats[0].call = CALL_THREAD; /* --mode threads */
	s->stats[0].holds = 12;
	s->stats[0].held_ns = 3600 * MS;
	s->stats[0].cost_ns = 7200 * MS;
}

#endif /* REPORT_SAMPLE_H */
