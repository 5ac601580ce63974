/*
 * task.h
 *	  Task and Step: the state machines at the heart of the client.
 *
 *	Task: READY <-> WAITING      Step: PENDING -> QUEUED -> RUNNING -> OK
 *	        |          |                  |        ^ |         +----> FAILED
 *	        +-> DRAINING                  |        | +---------+----> CANCELED
 *	               |                      |     BACKOFF <------+
 *	              DONE                    +-> SKIPPED
 *
 * Three rules.  Advance or return: task_advance, called only from the ready
 * queue, goes as far as it can without waiting.  One door: only
 * task_set_state and step_set_state write states; they check the move and
 * emit the event.  Never re-enter: callbacks record and call step_wake or
 * step_done, which push the task on the ready queue.
 *
 * The machine knows no step kind by name: a kind is one row of StepOps.
 */
#ifndef TASK_H
#define TASK_H

#include "conn.h"
#include "http.h"
#include "pool.h"
#include "retry.h"
#include "rowset.h"

typedef struct Engine Engine;
typedef struct Task Task;

typedef struct Step
{
	Task *task;
	const PlanStep *plan;
	StepState state;
	Call call; /* the plan's mark, or what the mode makes of it */
	int slot;
	bool wants_resume; /* step_wake was called */
	bool is_canceled;  /* somebody asked for its end */
	bool timed_out;
	bool has_extra_lease; /* gather: a lease of its own */
	bool shares;		  /* --pipeline: a turn on a shared connection */
	bool is_ahead;		  /* pipeline: the task does not wait for it */
	bool in_pipeline;	  /* so that it is not tried again alone */
	PoolMember *lease;	  /* borrowed while the step needs it */
	int64_t queued_ns;
	int64_t deadline_ns; /* LOOP_NEVER: none */
	LoopTimer timeout;

	/* Attempts (attempt.c).  The kind fills in what it knows of a failure. */
	int attempt;		   /* from 1 */
	const PlanStep *again; /* BACKOFF: what to begin */
	bool in_transaction;   /* one was open when it was sent */
	RetryFailure failure;

	/* What each kind keeps between uses; freed by its ops->forget. */
	struct SqlWork *sql;
	struct HttpWork *http;
	struct SleepWork *sleep;
	struct VirtualWork *virtual;
	struct PipelineWork *pipeline;
	PoolWaiter waiter;
} Step;

typedef struct StepOps
{
	/* Begin.  May end the step at once through step_done. */
	void (*start)(Step *step);

	/* Go on after step_wake, in the task's turn.  NULL: never woken. */
	void (*resume)(Step *step);

	/* Somebody wants it to end: ask; step_done must follow.  NULL: instant. */
	void (*cancel)(Step *step);

	/* Free what the kind keeps in the step.  NULL: nothing. */
	void (*forget)(Step *step);
} StepOps;

struct Task
{
	Engine *engine;
	const Body *body;
	uint64_t number;
	TaskState state;
	int pc;			/* next index into body->steps */
	int inflight;	/* live steps that the task waits for */
	int nahead;		/* and those that it does not, in a pipeline */
	bool advancing; /* task_advance is on the stack */
	bool failed;
	bool is_canceled;
	bool was_cut;		 /* a step was canceled */
	bool was_done;		 /* the ledger had it: its steps are skipped */
	bool has_batch;		 /* statements of it have no sync behind them */
	bool in_transaction; /* after the last statement on it */
	bool must_rollback;	 /* before the lease's next statement */
	Step *steps; /* live slots: own, or as many as the gather is wide */
	int nsteps;
	int steps_cap;
	LoopJob job;
	const PlanStep *failed_step;
	const PlanStep *gather;	  /* the one whose children are live */
	const PlanStep *pipeline; /* its \startpipeline; NULL: in none */
	PoolMember *lease;		  /* the task's own */
	Step *lease_user;		  /* the step that is using it now, if any */
	Hold hold;
	int retries; /* of its steps and transactions */
	Vars vars;
	RandomState random;
	Step own;	   /* near, since most tasks have one step at a time */
	int client_id; /* slot it runs in, from 0 */
	char name[64];
	int64_t scheduled_ns; /* --rate: when it should have started */
	int64_t begun_ns;
	Task *next; /* the engine's list of live tasks */
	Task *prev;
	RowKey key;					   /* by which a later run knows it again */
	Buf emit;					   /* rows waiting to be written */
	struct LedgerWork *ledger;	   /* ledger.c's; NULL: none */
	struct AttemptState *attempts; /* attempt.c's; NULL: none yet */
	Err err; /* the first failure in file order; last, because it is long */
};

/* What tasks run in: the real one belongs to a Run, predict has its own. */
struct Engine
{
	Loop *loop;
	Trace *trace; /* may be NULL */
	const Plan *plan;
	Pool *pool;
	Http *http;
	const StepOps *ops; /* by StepKind */
	Hold hold;
	bool shares; /* --pipeline: statements share connections */
	Protocol protocol;
	bool has_call; /* --mode: call replaces every mark */
	Call call;
	int64_t step_timeout_ns;	  /* -1: none */
	int64_t run_deadline_ns;	  /* --run-timeout; 0: none */
	int64_t statement_timeout_ns; /* 0: none; from when it is sent */
	int retries;				  /* where no \retry says more */
	RetryBudget *budget;		  /* NULL: none, all is allowed */
	int64_t connect_timeout_ns;
	const struct Ledger *ledger; /* NULL: none */
	unsigned char *span_columns; /* by PlanStep.index: step_sql.c's */
	Vars *globals;				 /* parent of every task's variables */
	HttpLane *lane;				 /* for blocking http steps */
	struct HttpGate *gate;		 /* NULL: no limits for http */
	void *owner;				 /* Run or Predict */

	void (*on_task_done)(Engine *engine, Task *task);
	void (*on_emit)(Engine *engine, Task *task, const PlanStep *step);
	void (*on_echo)(Engine *engine, const char *text);
	void (*on_notice)(Engine *engine, const char *text);
	Task *tasks; /* live */
};

/* -------- tasks -------- */

extern Task *task_new(Engine *engine);
extern void task_free(Task *task); /* not live */

/* Begin: resets the task for this body and pushes it on the ready queue. */
extern void task_begin(Task *task, const Body *body, uint64_t number,
					   const char *name);

/* Its work was done before: nothing more starts. */
extern void task_skip_rest(Task *task);

/* Ask it to end: nothing more starts, live steps are cancelled. */
extern void task_cancel(Task *task);

/* The time, without a look at the clock where the task's turn had one. */
extern int64_t task_now_ns(const Task *task);

/* -------- for step kinds -------- */

/* QUEUED -> RUNNING: the request has left, the call begins. */
extern void step_started(Step *step);

/* The same, at a time that has passed: a worker took it then. */
extern void step_started_at(Step *step, int64_t started_ns);

/* It has to end by then, if it had not to end earlier anyway. */
extern void step_limit(Step *step, int64_t deadline_ns);

/* The answer was there at that time (it is seen later). */
extern void step_arrived(Step *step, int64_t arrived_ns);

/* It waits at one of our own limits (HTTP); its turn there has come. */
extern void step_limited(Step *step, bool has_turn);

/* Have ops->resume called in the task's next turn. */
extern void step_wake(Step *step);

/*
 * The only way a started step ends.  err NULL: it worked.  A step that was
 * asked to end and failed is CANCELED, one whose time was up is FAILED with
 * ERR_TIMEOUT.
 */
extern void step_done(Step *step, const Err *err);

/*
 * In a pipeline: the request is under way and the task goes on.  step_done
 * still comes.  The step that ends the pipeline has the task wait for all.
 */
extern void step_go_ahead(Step *step);
extern void task_end_pipeline(Task *task);

/* Around a blocking call on the loop's thread: emits HOLD and HOLD_END. */
extern void step_hold_begin(Step *step);
extern void step_hold_end(Step *step);
extern void step_phase(Step *step, Phase phase, int64_t duration_ns);

/* -------- leases (lease.c) -------- */

/*
 * Have a connection for this step: true, and step->lease is set; or false:
 * the step waits in the pool's queue and will be resumed (then step->lease is
 * set, or step->waiter.err says why not).
 */
extern bool lease_take(Step *step);

/*
 * The statement is over; in_transaction: one is open.  Keeps the lease or
 * gives it back, as \hold says.
 */
extern void lease_end_statement(Step *step, bool in_transaction);
extern void lease_stop_waiting(Step *step);

/*
 * A turn on a connection that is shared, for one statement: as lease_take;
 * then it has begun, waited: later than it could have; then it is over,
 * own_ns: how long it had the connection for itself, -1: never.
 */
extern bool lease_share(Step *step);
extern void lease_turn_begun(Step *step, int64_t begun_ns, bool waited);
extern void lease_turn_end(Step *step, int64_t own_ns, bool is_usable);
extern void lease_drop(Task *task); /* \release, end of the task */

/* -------- the kinds -------- */

extern const StepOps step_sql_ops;
extern const StepOps step_http_ops;
extern const StepOps step_sleep_ops;
extern const StepOps step_variable_ops; /* set, json, emit, assert, echo, … */
extern const StepOps step_shell_ops;	/* \shell, \setshell */
extern const StepOps step_pipeline_ops; /* \syncpipeline, \endpipeline */

#endif /* TASK_H */
