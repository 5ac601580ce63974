/*
 * ledger.h
 *	  Exactly once: a task's mark, in the transaction of the task's own SQL.
 *
 * A ledger is a table with one row for each task that was done.  The mark is
 * the transaction's first act, so that whoever does the same row at the same
 * time waits for it and then finds it there (23505), with nothing done.  BEGIN
 * and the mark ride in front of the task's first statement.  When that is the
 * last one, too, all is one implicit transaction and one flush; otherwise
 * COMMIT rides behind the last statement where nothing can fail after it, or
 * is a step of its own at the end (plan_add_ledger).
 *
 * The Ledger belongs to the Run and does not change; all shards share it.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "task.h"

typedef struct Ledger Ledger;

/*
 * table is an SQL name, with or without a schema: NULL and err when it is
 * none.  plan: the fingerprint its marks are under.
 */
extern Ledger *ledger_new(const char *table, RowHash plan, int statement_id,
						  Err *err);
extern void ledger_free(Ledger *ledger);

/* The statements that make, check and read the table (conn_ledger.c). */
extern const char *ledger_table(const Ledger *ledger);
extern const char *ledger_plan(const Ledger *ledger); /* as a uuid */

/* A uuid's text, as the server writes it, as a hash. */
extern bool ledger_read_uuid(const char *text, RowHash *hash);

/* -------- for task.c and step_sql.c; without a ledger they do nothing ---- */

/* The statement of this step is about to be sent: what rides with it. */
extern void ledger_ride(const Step *step, ConnRequest *request);

/*
 * It was answered; false: the task was done before, by whomever, and its end
 * is all that is left to do.
 */
extern bool ledger_answered(const Step *step, bool has_failed);

/* All has been sent, COMMIT included: it may have been committed. */
extern bool ledger_may_be_done(const Task *task);

/* It turned out that it was; what is left is what follows the COMMIT. */
extern void ledger_settle(Task *task);

/* The next step is the ledger's COMMIT and there is nothing to commit. */
extern bool ledger_skips(const Task *task, const PlanStep *next);

/* The task begins, or goes back to where its transaction began. */
extern void ledger_restart(Task *task);
extern void ledger_forget(Task *task); /* it is freed */

#endif /* LEDGER_H */
