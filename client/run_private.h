/*
 * run_private.h
 *	  The Run itself: for run*.c and shard.c only.
 *
 * A Run is what its shards share.  What is below "Shared" belongs to its
 * lock; the rest is the program's own thread's, and does not change while
 * other shards are at work.
 */
#ifndef RUN_PRIVATE_H
#define RUN_PRIVATE_H

#include "activity.h"
#include "activity_board.h"
#include "progress.h"
#include "run.h"
#include "shard.h"

typedef struct NoticeCount
{
	char *text;
	int64_t count;
} NoticeCount;

typedef struct Run
{
	const Plan *plan;
	const RunOptions *options;
	RunResult result;
	char run_id[24];
	uint64_t seed;
	bool uses_http; /* anywhere */
	bool uses_sql;
	bool tasks_use_sql; /* not only set-up and teardown */
	const char *hooks[HOOK_KINDS];
	Vars base; /* -D and what is always there */
	Job *job;  /* NULL: none */
	struct ConnLedger *conn_ledger;
	bool job_failed;	 /* what was to be kept of it could not be written */
	int *column_symbols; /* by column of the input; NULL: no input */
	Admission *admission;
	int workers;
	Shard *shards; /* the first one runs on the program's own thread */
	int nshards;
	int nmade;			 /* of these */
	int nstarted;		 /* threads, the program's own included */
	bool awaits_opening; /* of the other shards */
	LoopTimer timeout;	 /* --run-timeout */
	LoopTimer drain;	 /* looks whether the rows are written */
	bool is_draining;
	int interrupts;
	Progress progress;
	struct Live *live; /* NULL: no --live */
	LoopTimer progress_timer;
	int64_t progress_at_ns;

	/* --sample-server (run_sampler.c); board NULL: not asked for */
	ActivityBoard *board;
	Activity activity; /* the sampler's while there is one */
	struct ConnActivity *sampler;
	ConnTarget **sampled; /* the shards' */
	bool awaits_sampler;

	/* Set-up and teardown, on the first shard's loop (run_body.c) */
	Engine outside;
	Pool *control_pool; /* one connection */
	bool has_control;	/* it is open */
	Task *setup_task;	/* kept: its variables are the tasks' parent */
	Task *teardown_task;
	bool body_failed;
	bool setup_failed;
	Err err; /* what stopped the run before any task ran */

	/* Shared */
	pthread_mutex_t lock;
	pthread_cond_t may_go; /* go was set */
	int go;				   /* 0: wait, 1: run, -1: end */
	int nopened;		   /* shards that have tried */
	int nfinished;
	int64_t failures;
	int64_t assert_failures;
	int64_t bad_rows;  /* of the input, passed over */
	bool is_cut_short; /* input or output broke off */
	bool hit_limit;
	Err first_error;
	NoticeCount *notices;
	int nnotices;
	int64_t other_notices;
	atomic_bool is_given_up; /* before it ran: no need to open more */
} Run;

/* run.c */
extern Protocol run_protocol(const Run *run);
extern int run_pipeline(const Run *run);	 /* depth, 1: none */
extern int run_connections(const Run *run);	 /* asked for, of all shards */
extern bool run_is_given_up(const Run *run); /* any thread */

/* run_result.c: when all has ended; err is what stopped it, or becomes it */
extern void run_finish(Run *run, Err *err);

/* shard_tune.c: --connections auto */
extern void shard_tune_init(Shard *shard);
extern void shard_tune_begin(Shard *shard);
extern void shard_tune_end(Shard *shard);
extern void run_sum_tuning(const Run *run, Tuning *tuning);

/* run_threads.c: shards beside the first; any thread */
extern bool run_start_shards(Run *run);
extern bool run_open_shards(Run *run);
extern void run_release_shards(Run *run, bool may_run);
extern void run_join_shards(Run *run);
extern void run_shard_finished(Run *run, Shard *shard);
extern bool run_all_finished(Run *run);
extern void run_on_news(Run *run);

/* run_failure.c: what a task's end means; any thread */
extern void run_task_ended(Run *run, Task *task, const Ticket *ticket);
extern bool run_is_cut_short(Run *run);
extern void run_on_bad_row(void *arg, const Err *err);
extern void run_on_input_lost(void *arg, const Err *err);
extern void run_on_output_failed(void *arg, const Err *err);
extern void run_count_failure(Run *run, const Err *err);
extern void run_note_limit(Run *run); /* one was hit: exit 5 */
extern void run_ask_all(Run *run, ShardAsk what);
extern void run_cancel_all(Run *run);

/* run_body.c: what runs once, before and after the tasks */
extern bool run_open_control(Run *run);
extern bool run_setup(Run *run);
extern void run_teardown(Run *run);
extern void run_cancel_bodies(Run *run);
extern void run_free_bodies(Run *run);
extern bool body_uses(const Body *body, StepKind kind);
extern bool tasks_use(const Plan *plan, StepKind kind);
extern bool outside_uses(const Plan *plan, StepKind kind);

/* run_job.c: job log and ledger */
extern bool run_open_job(Run *run, Err *err);
extern bool run_open_ledger(Run *run); /* with the pool open */
/* NULL: logged, or nothing to log; else to be submitted with its rows. */
extern OutputReceipt *run_log_task(Run *run, const Task *task);
extern void run_write_log(Run *run);
extern void run_close_job(Run *run);
/* shard_count.c */
extern void slot_count_task(Slot *slot);
extern void slot_count_skip(Slot *slot);
extern bool shard_open_log(Shard *shard, Err *err);

/* run_progress.c */
extern void run_begin_progress(Run *run);
extern void run_end_progress(Run *run);

/* run_sampler.c */
extern void run_make_sampler(Run *run);
extern void run_open_sampler(Run *run); /* with the pool open; waits for it */
extern bool run_sampler_is_ready(const Run *run);
extern void run_begin_sampler(Run *run);
extern void run_end_sampler(Run *run);
extern void run_free_sampler(Run *run);

/* run_live.c */
extern void run_make_live(Run *run);
extern void run_begin_live(Run *run);
extern void run_end_live(Run *run);
extern void shard_live_begin(Shard *shard);
extern void shard_live_end(Shard *shard);

/* Around whatever is printed while tasks run; any thread. */
extern FILE *run_begin_message(Run *run);
extern void run_end_message(Run *run);

/* run_emit.c */
extern void run_on_emit(Engine *engine, Task *task, const PlanStep *step);

/* run_notice.c: each text once, with a count at the end; any thread */
extern void run_notice(Run *run, const char *severity, const char *whole);
extern void run_tell_notices(const Run *run);
extern void run_forget_notices(Run *run);

#endif /* RUN_PRIVATE_H */
