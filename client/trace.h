/*
 * trace.h
 *	  Events: what happened, when.  The engine emits, reports consume.
 *
 * This is the only place where the engine and the reports meet.  Events are
 * values; the pointers in them lead into the plan, which outlives the run.
 * Sinks are called at once, in the order they were added, on the loop's
 * thread.  An event's time may lie in the past (EVENT_STEP_ARRIVED).
 */
#ifndef TRACE_H
#define TRACE_H

#include "plan.h"

typedef enum TaskState
{
	TASK_READY,	   /* may start its next step; on the ready queue
					* or being advanced */
	TASK_WAITING,  /* steps are live; their end wakes it */
	TASK_DRAINING, /* nothing more to start */
	TASK_DONE
} TaskState;

typedef enum StepState
{
	STEP_PENDING,
	STEP_QUEUED,  /* its turn came: waits for a lease or worker */
	STEP_RUNNING, /* the request left, the call began */
	STEP_OK,
	STEP_FAILED,
	STEP_CANCELED,
	STEP_SKIPPED, /* never started */
	STEP_BACKOFF  /* an attempt failed; waits for the next one */
} StepState;

typedef enum ConnState
{
	CONN_CLOSED,
	CONN_RESOLVING,
	CONN_CONNECTING,
	CONN_CONFIGURING, /* connect hooks, session settings */
	CONN_IDLE,
	CONN_BUSY,
	CONN_AWAY,	   /* in a blocking or thread call, unwatched */
	CONN_CANCELING /* told to stop, reading on to the end */
} ConnState;

/*
 * Most events are told to every sink.  Moves are told only once somebody has
 * called trace_want_moves: those of a task between its admission and its end,
 * and those of an open connection between idle and busy.  They are half of
 * all events, and what they say follows from the others.
 */
typedef enum EventKind
{
	EVENT_RUN_BEGIN,	/* the clock starts */
	EVENT_RUN_END,		/* the clock stopped */
	EVENT_TASK,			/* value: TaskState.  The first one of a task
						 * (READY) is its admission: "other" is 1 when
						 * it had a time to begin at, "amount" how late
						 * that is; DONE: "other" is 0 ended well, 1
						 * failed, 2 canceled, 3 skipped: it was done
						 * before */
	EVENT_STEP,			/* value: StepState */
	EVENT_STEP_ARRIVED, /* time_ns: the answer was there (not yet seen) */
	EVENT_STEP_LIMIT,	/* value: 0 it waits at a limit of ours, 1 its turn
						 * has come */
	EVENT_STEP_PHASE,	/* value: Phase; amount: nanoseconds */
	EVENT_LEASE,		/* amount: connection number; other: the task
						 * that held it until now, 0 none; value: 1 the
						 * step had to wait for it */
	EVENT_LEASE_END,	/* amount: connection number */
	EVENT_HOLD,			/* a blocking call of this step begins to hold
						 * the loop */
	EVENT_HOLD_END,
	EVENT_CONN,		 /* value: ConnState; amount: connection number;
					  * other: backend pid or 0 */
	EVENT_CONN_PHASE /* value: Phase; amount: nanoseconds; other:
					  * connection number */
} EventKind;

typedef enum Phase
{
	PHASE_DNS,
	PHASE_CONNECT,
	PHASE_TLS,
	PHASE_AUTH,
	PHASE_HOOK,
	PHASE_WAIT,	   /* request sent to first byte */
	PHASE_RECEIVE, /* first byte to last */
	PHASE_SERVER,  /* SQL: the server was at it, as its own rows tell, */
	PHASE_REST,	   /* and what is left of the step's time */
	PHASES
} Phase;

typedef struct Event
{
	int64_t time_ns;
	EventKind kind;
	int value;
	uint64_t task;		  /* number from 1; 0: none.  Set-up and teardown
						   * bodies use TRACE_SETUP and TRACE_TEARDOWN */
	const PlanStep *step; /* NULL: none */
	int slot;			  /* which of the task's live steps: 0, or the
						   * place within a gather */
	const char *text;	  /* task name, error message: valid during the
						   * call only; NULL: none */
	int64_t amount;
	uint64_t other;
} Event;

#define TRACE_SETUP (UINT64_MAX - 1)
#define TRACE_TEARDOWN UINT64_MAX

typedef void (*TraceSink)(void *arg, const Event *event);
typedef struct Trace Trace;

extern Trace *trace_new(void);
extern void trace_free(Trace *trace);
extern void trace_add_sink(Trace *trace, TraceSink sink, void *arg);
extern void trace_want_moves(Trace *trace);
extern bool trace_wants_moves(const Trace *trace);		  /* NULL trace: no */
extern void trace_emit(Trace *trace, const Event *event); /* NULL trace: no */

extern const char *step_state_name(StepState state);
extern const char *conn_state_name(ConnState state);
extern const char *phase_name(Phase phase);

#endif /* TRACE_H */
