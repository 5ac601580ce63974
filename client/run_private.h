/*
 * run_private.h
 *	  The Run itself: for run.c, run_admit.c and run_notice.c only.
 */
#ifndef RUN_PRIVATE_H
#define RUN_PRIVATE_H

#include "run.h"

typedef struct NoticeCount
{
	char *text;
	int64_t count;
} NoticeCount;

struct Run
{
	const Plan *plan;
	const RunOptions *options;
	RunResult result;
	char run_id[24];
	uint64_t seed;

	/* Wiring */
	Loop *loop;
	Trace *trace;
	Spans *spans;
	Http *http;
	HttpLane *lane;
	ConnTarget *target; /* NULL: no SQL */
	struct ConnLocks *locks;
	Pool *control_pool; /* one connection, for set-up and teardown */
	Pool *pool;
	const char *hooks[HOOK_KINDS];
	const char *no_hooks[HOOK_KINDS];
	StepOps ops[STEP_KINDS];
	Engine engine;	  /* the tasks' */
	Engine outside;	  /* set-up's and teardown's */
	Vars base;		  /* -D and what is always there */
	Task *setup_task; /* kept: its variables are the tasks' parent */
	Task *teardown_task;

	/* Opening */
	bool is_opened;
	bool open_failed;
	bool has_control; /* the control connection is open */
	bool body_failed;
	bool setup_failed;
	Err err; /* what stopped the run before any task ran */

	/* Admission */
	int concurrency;
	int workers;
	int64_t total; /* INT64_MAX: until the time is up */
	int64_t admitted;
	int64_t counts_sum; /* of the bodies' counts */
	Task **tasks;		/* by slot */
	int live;
	bool is_clock_running;
	bool stop_admitting;
	LoopTimer duration;
	int interrupts;

	/* Failures */
	int64_t failures;
	int64_t assert_failures;
	bool hit_limit;
	Err first_error;

	NoticeCount *notices;
	int nnotices;
	int64_t other_notices;
};

/* run_admit.c */
extern void run_count_slots(Run *run);
extern void run_admit(Run *run);
extern void run_prepare_task(Run *run, Task *task, int64_t number, int slot);
extern void run_on_task_done(Engine *engine, Task *task);
extern void run_on_emit(Engine *engine, Task *task, const PlanStep *step);
extern void run_count_failure(Run *run, const Err *err);
extern void run_cancel_all(Run *run);
extern void run_stop_if_idle(Run *run);
extern void run_free_tasks(Run *run);

/* run_notice.c: each text once, with a count at the end */
extern void run_notice(Run *run, const char *severity, const char *whole);
extern void run_tell_notices(const Run *run);
extern void run_forget_notices(Run *run);

#endif /* RUN_PRIVATE_H */
