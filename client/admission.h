/*
 * admission.h
 *	  Which task comes next: bodies in turn or by weight, up to a number, a
 *	  time, a word.
 *
 * One Admission serves all shards of a run, so that a shard that is quicker
 * takes more: any thread may call.  A ticket is the right and the duty to run
 * one task.
 */
#ifndef ADMISSION_H
#define ADMISSION_H

#include "plan.h"
#include "job.h"
#include "run.h"

typedef struct Admission Admission;

typedef struct Ticket
{
	uint64_t number; /* of the task, from 1 */
	RowKey key;		 /* with a job: how it is known again */
	const Body *body;
	int64_t copy;		  /* of the body, from 1 */
	int64_t scheduled_ns; /* begin no earlier; 0: at once */
} Ticket;

typedef enum Admit
{
	ADMIT_TASK, /* the ticket is filled */
	ADMIT_LATE, /* the ticket is filled, but it is too late to begin */
	ADMIT_WAIT, /* none now: on_more will be called when there may be */
	ADMIT_END	/* none now, and never again */
} Admit;

/*
 * on_more may be called by any thread.  The plan and the options must outlive
 * it.  The seed is for the choice among bodies that have weights.  Tasks that
 * the job does not want are passed over; NULL: it has no job.
 */
extern Admission *admission_new(const Plan *plan, const RunOptions *options,
								uint64_t seed, Job *job,
								void (*on_more)(void *arg), void *arg);
extern void admission_free(Admission *admission);

/* How many tasks may be in flight: never more than there will be. */
extern int admission_concurrency(const Admission *admission);

/* All of them; INT64_MAX: as many as the time allows. */
extern int64_t admission_total(const Admission *admission);

/* So many tickets were given out, and neither returned nor too late. */
extern int64_t admission_count(Admission *admission);

/* Every task is one of the plan's own, so that a body's name tells which. */
extern bool admission_is_own(const Admission *admission);

/* With --rate the clock starts at the first call. */
extern Admit admission_next(Admission *admission, int64_t now_ns,
							Ticket *ticket);

/* A ticket whose task was never begun. */
extern void admission_return(Admission *admission, const Ticket *ticket);

/* Give out no more. */
extern void admission_stop(Admission *admission);
extern bool admission_is_stopped(Admission *admission);

#endif /* ADMISSION_H */
