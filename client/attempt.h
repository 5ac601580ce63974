/*
 * attempt.h
 *	  Attempts: what is tried again after a failure, and from where.
 *
 * Outside a transaction the unit is the step.  Inside one it is the whole
 * transaction, begun again at its BEGIN with variables, random state and
 * \emit rows as they were there; with a ledger it begins with the task's first
 * statement.  The policy is in retry.h; states and timers are task.c's.  All
 * of it belongs to the loop's thread.
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "task.h"

/*
 * A step has failed.  The step to begin next, after *delay_ns: itself, or the
 * BEGIN of its transaction, to which the task has been set back.  NULL: the
 * failure stays, and err may say in a few words more why.
 */
extern const PlanStep *attempt_next(Step *step, Err *err, int64_t *delay_ns);

/* The statement of this step is about to be sent on its lease. */
extern void attempt_statement_begins(Step *step, bool in_transaction);

/* It worked; in_transaction: one is open now. */
extern void attempt_statement_worked(Step *step, bool in_transaction);

/*
 * The ledger says that the task was done before.  True: it was this task,
 * whose answer to COMMIT was lost; it goes on behind it, as if it had come.
 */
extern bool attempt_was_committed(Task *task);

/* The task ends. */
extern void attempt_unmark(Task *task);
extern void attempt_forget(Task *task); /* the task is freed */

#endif /* ATTEMPT_H */
