/*
 * predict.h
 *	  What a plan should take, and what it would take if …
 *
 * Runs the real task, lease, pool and ready-queue code on a virtual clock,
 * with steps that take the times that were measured (or given).  There is no
 * second scheduler that could drift.  Locks and cores are outside it.
 */
#ifndef PREDICT_H
#define PREDICT_H

#include "plan.h"

/* One step of a script: its kind and call as run, and the time it takes. */
typedef struct ScriptStep
{
	const PlanStep *step;
	Call call;
	int64_t own_ns;		/* started to arrived, but for connecting */
	int64_t connect_ns; /* HTTP: what a new connection adds to it */
	bool is_cold;		/* HTTP: it had a new one when it was measured */
	int origin;			/* HTTP: whose connections it uses; 0: its own */
	int gather_end;		/* a gather: index after its last child */
} ScriptStep;

/* A connection that is made faster than that is there at the next turn. */
#define PREDICT_NEAR_NS INT64_C(1000000)

/*
 * A web server, whose idle connections async steps hand on.  One that finds
 * none makes a new one, and then leaves with a later turn of the loop.
 */
typedef struct ScriptOrigin
{
	int idle;	  /* connections that were warm before */
	bool keeps;	  /* a connection outlives its request */
	bool is_near; /* one is there before the loop looks again */
} ScriptOrigin;

typedef struct Script
{
	ScriptStep *steps;
	int nsteps;
} Script;

typedef struct PredictInput
{
	Script *tasks; /* in order of admission */
	int ntasks;
	ScriptOrigin *origins; /* by ScriptStep.origin; NULL: there are none */
	int norigins;
	int concurrency;  /* 0: all at once */
	int connections;  /* 0: one a task */
	int workers;	  /* for thread steps; 0: no limit */
	int per_host;	  /* HTTP requests at a time; 0: no limit */
	double http_rate; /* and a second; 0: no limit */
	Hold hold;
} PredictInput;

/* What a call that blocks takes, which has its connection to itself. */
static inline int64_t
script_step_ns(const ScriptStep *step)
{
	return step->own_ns + (step->is_cold ? step->connect_ns : 0);
}

typedef enum FixKind
{
	FIX_NONE,
	FIX_STEP_ASYNC,	 /* this step async */
	FIX_STEP_THREAD, /* this step on a thread */
	FIX_CONNECTIONS, /* a larger pool */
	FIX_CONCURRENCY, /* more tasks at once */
	FIX_HOLD,		 /* hold the lease shorter */
	FIX_PER_HOST,	 /* more HTTP requests at once */
	FIX_MODE		 /* every step as the plan marks it */
} FixKind;

typedef struct Prediction
{
	int64_t predicted_ns;
	int64_t low_ns;			  /* where ties could come out differently: the */
	int64_t high_ns;		  /* range; both predicted_ns when they do not */
	int64_t best_ns;		  /* all async, no limits */
	int64_t worst_ns;		  /* one after another */
	FixKind fix;			  /* the single change that gains most */
	const PlanStep *fix_step; /* for the FIX_STEP ones */
	int fix_value;			  /* connections, concurrency, Hold, requests */
	int64_t fix_ns;			  /* predicted with it; where ties could come */
	int64_t fix_low_ns;		  /* out differently: the most, and the least */
} Prediction;

/* The total time of an input. */
extern int64_t predict_total_ns(const PredictInput *input);

/* Everything in Prediction; tries each single change. */
extern void predict(const PredictInput *input, Prediction *prediction);

/* An input from what was measured (struct Spans), and its end. */
struct Spans;
extern void predict_input_from_spans(const struct Spans *spans,
									 PredictInput *input);
extern void predict_input_clear(PredictInput *input);

#endif /* PREDICT_H */
