/*
 * plan_check.h
 *	  The checks of a plan.  Private to the plan_*.c files.
 */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "plan.h"

/* Steps that may not stand together or in that order. */
extern bool plan_check_order(const Plan *plan, Err *err);

/*
 * What \retry may stand at; notes which transactions can be tried again as a
 * whole and which steps cannot be tried again at all.
 */
extern bool plan_check_retry(Plan *plan, Err *err);

/* May it not stand in what is done again as a whole? */
extern bool plan_step_is_obstacle(const PlanStep *step);

/* Could one of these \gset prefixes and a column's name make this name? */
extern bool plan_prefix_matches(const Symbols *prefixes, const char *name);

/*
 * Whether a transaction is open, as far as the order of lines tells.  Zeroed
 * to begin a body; then one step after another.
 */
typedef struct TransactionWalk
{
	bool is_open;
	Place begun;		   /* where, when it is */
	int conditional_until; /* steps before it may be jumped over */
} TransactionWalk;

extern void transaction_walk(TransactionWalk *walk, const PlanStep *step,
							 int i);

#endif /* PLAN_CHECK_H */
