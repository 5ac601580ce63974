/*
 * step_engine.h
 *		An engine for tests of step kinds: a plan's text, run as tasks.
 *
 * No server and no pool: kinds that need a connection do not work here.
 * Include it from the file with main() only.
 */
#ifndef STEP_ENGINE_H
#define STEP_ENGINE_H

#include <stdlib.h>

#include "mem.h"
#include "tap.h"
#include "task.h"

typedef struct TestEngine
{
	Engine engine;
	Plan *plan;
	Vars globals;
	Task *tasks[4];
	int ntasks;
	int nlive;
	Buf said; /* \echo lines, \emit rows, notices */
	Event events[200];
	int nevents;
} TestEngine;

static StepOps engine_ops[STEP_KINDS];

static inline void
engine_on_event(void *arg, const Event *event)
{
	TestEngine *self = arg;

	if (self->nevents < 200)
		self->events[self->nevents++] = *event;
}

static inline void
engine_on_task_done(Engine *engine, Task *task)
{
	TestEngine *self = engine->owner;

	(void) task;
	if (--self->nlive == 0)
		loop_stop(engine->loop);
}

/* For a timer, with the task. */
static inline void
engine_on_cancel(void *arg)
{
	task_cancel(arg);
}

static inline void
engine_on_echo(Engine *engine, const char *text)
{
	TestEngine *self = engine->owner;

	buf_printf(&self->said, "%s|", text);
}

static inline void
engine_on_emit(Engine *engine, Task *task, const PlanStep *step)
{
	TestEngine *self = engine->owner;

	buf_puts(&self->said, "row");
	for (int i = 0; i < step->emit.count; i++)
	{
		char scratch[VALUE_SCRATCH];
		size_t len;
		const char *text = value_text(
			vars_get(&task->vars, step->emit.symbols[i]), scratch, &len);

		buf_printf(&self->said, " %s", text != NULL ? text : "null");
	}
	buf_putc(&self->said, '|');
}

/* A plan's text as part of a test's name. */
static inline const char *
one_line(const char *text)
{
	static char line[512];

	snprintf(line, sizeof(line), "%s", text);
	for (char *p = line; *p != '\0'; p++)
		if (*p == '\n')
			*p = p[1] != '\0' ? ';' : '\0';
	return line;
}

/* Read the plan; "names" are variables it may use without setting them. */
static inline void
engine_open(TestEngine *self, Loop *loop, const char *text)
{
	static const char *const names[] = {"given"};
	PlanSource source = {.name = "test", .text = text, .len = strlen(text)};
	PlanContext context = {.known_names = names, .nknown = 1};
	Err err = {0};

	memset(self, 0, sizeof(*self));
	self->plan = plan_parse(&source, 1, &context, &err);
	if (self->plan == NULL)
	{
		err_print(stdout, "error", &err);
		exit(1);
	}
	vars_init(&self->globals, &self->plan->symbols, NULL);
	self->engine.loop = loop;
	self->engine.plan = self->plan;
	self->engine.trace = trace_new();
	trace_add_sink(self->engine.trace, engine_on_event, self);
	trace_want_moves(self->engine.trace);
	self->engine.ops = engine_ops;
	self->engine.step_timeout_ns = -1;
	self->engine.globals = &self->globals;
	self->engine.owner = self;
	self->engine.on_task_done = engine_on_task_done;
	self->engine.on_echo = engine_on_echo;
	self->engine.on_notice = engine_on_echo;
	self->engine.on_emit = engine_on_emit;
}

/* Run every body once, all at the same time; to be called again at will. */
static inline void
engine_run(TestEngine *self)
{
	self->nevents = 0;
	buf_reset(&self->said);
	self->nlive = self->plan->nbodies;
	for (int i = 0; i < self->plan->nbodies; i++)
	{
		if (i == self->ntasks)
			self->tasks[self->ntasks++] = task_new(&self->engine);
		random_seed(&self->tasks[i]->random, (uint64_t) i + 1);
		vars_forget(&self->tasks[i]->vars);
		task_begin(self->tasks[i], &self->plan->bodies[i], (uint64_t) i + 1,
				   self->plan->bodies[i].name ? self->plan->bodies[i].name
											  : "task");
	}
	loop_run(self->engine.loop);
}

static inline void
engine_close(TestEngine *self)
{
	for (int i = 0; i < self->ntasks; i++)
		task_free(self->tasks[i]);
	trace_free(self->engine.trace);
	vars_clear(&self->globals);
	plan_free(self->plan);
	buf_free(&self->said);
}

/* When that task's first step came into that state; -1: it did not. */
static inline int64_t
engine_time_ns(const TestEngine *self, uint64_t task, StepState state)
{
	for (int i = 0; i < self->nevents; i++)
		if (self->events[i].kind == EVENT_STEP &&
			self->events[i].task == task &&
			self->events[i].value == (int) state)
			return self->events[i].time_ns;
	return -1;
}

static inline int
engine_count(const TestEngine *self, EventKind kind)
{
	int n = 0;

	for (int i = 0; i < self->nevents; i++)
		n += self->events[i].kind == kind;
	return n;
}

#endif /* STEP_ENGINE_H */
