/*
 * admission.h
 *	  Which task comes next: bodies in turn or by weight, up to a number, a
 *	  time, a word, the end of the input.
 *
 * One Admission serves all shards of a run, so that a shard that is quicker
 * takes more: any thread may call.  A ticket is the right and the duty to run
 * one task.
 */
#ifndef ADMISSION_H
#define ADMISSION_H

#include "plan.h"
#include "job.h"
#include "run_options.h"

typedef struct Admission Admission;

typedef struct Ticket
{
	uint64_t number; /* of the task, from 1 */
	RowKey key;		 /* with a job: how it is known again */
	const Body *body;
	int64_t copy;		  /* of the body, from 1 */
	int64_t scheduled_ns; /* begin no earlier; 0: at once */
	Row *row;			  /* of the input, until the task begins; NULL: none */
	int64_t line;		  /* of that row; 0: none, or a query's */
} Ticket;

typedef enum Admit
{
	ADMIT_TASK, /* the ticket is filled */
	ADMIT_LATE, /* the ticket is filled, but it is too late to begin */
	ADMIT_WAIT, /* none now: on_more will be called when there may be */
	ADMIT_END	/* none now, and never again */
} Admit;

/* What it tells; any thread may be the one that does. */
typedef struct AdmissionHooks
{
	void (*on_more)(void *arg);						  /* after ADMIT_WAIT */
	void (*on_bad_row)(void *arg, const Err *err);	  /* it was passed over */
	void (*on_input_lost)(void *arg, const Err *err); /* no more rows */
	void *arg;
} AdmissionHooks;

/*
 * The plan and the options, with input and output if there are any, must
 * outlive it.  The seed is for the choice among bodies that have weights.
 * Tasks that the job does not want are passed over; NULL: it has no job.
 */
extern Admission *admission_new(const Plan *plan, const RunOptions *options,
								uint64_t seed, Job *job,
								const AdmissionHooks *hooks);
extern void admission_free(Admission *admission);

/* How many tasks may be in flight: never more than there will be. */
extern int admission_concurrency(const Admission *admission);

/* All of them; INT64_MAX: as many as time or input allow. */
extern int64_t admission_total(const Admission *admission);

/* So many tickets were given out, and neither returned nor too late. */
extern int64_t admission_count(Admission *admission);

/* Every task is one of the plan's own, so that a body's name tells which. */
extern bool admission_is_own(const Admission *admission);

/* With --rate the clock starts at the first call. */
extern Admit admission_next(Admission *admission, int64_t now_ns,
							Ticket *ticket);

/* The task has its variables: the row goes back. */
extern void admission_row_used(Admission *admission, Ticket *ticket);

/* A ticket whose task was never begun. */
extern void admission_return(Admission *admission, Ticket *ticket);

/* Give out no more. */
extern void admission_stop(Admission *admission);
extern bool admission_is_stopped(Admission *admission);

#endif /* ADMISSION_H */
