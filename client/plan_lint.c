/*
 * plan_lint.c
 *	  Things in a plan that are no error but surely a surprise.
 */
#include "plan_check.h"

#define MAX_LINTS 100 /* more of them are counted, not shown */

typedef struct Lints
{
	const Plan *plan;
	void (*fn)(void *arg, const Err *lint);
	void *arg;
	int count;
} Lints;

static void
tell(Lints *lints, Err *lint, Place place)
{
	if (lints->count++ >= MAX_LINTS)
		return;
	plan_place(lints->plan, place, lint);
	lints->fn(lints->arg, lint);
}

static void
lint_mentions(Lints *lints)
{
	for (int i = 0; i < lints->plan->nmentions; i++)
	{
		const PlanMention *mention = &lints->plan->mentions[i];
		Err lint;

		err_set(
			&lint, ERR_PLAN,
			"\":%s\" is inside a literal, where variables are not replaced",
			mention->name);
		err_hint(
			&lint,
			"end the literal before it and join with ||, or set the whole text with \\set and write :'name'");
		tell(lints, &lint, mention->place);
	}
}

/* A task that ends with its transaction open loses what it did. */
static void
lint_open_transaction(Lints *lints, const Body *body)
{
	TransactionWalk walk = {0};
	Err lint;

	for (int i = 0; body != NULL && i < body->nsteps; i++)
		transaction_walk(&walk, &body->steps[i], i);
	if (!walk.is_open)
		return;
	err_set(&lint, ERR_PLAN, "this transaction is never committed");
	err_hint(&lint,
			 "add COMMIT; what is open at the end of a task is rolled back, "
			 "and the task fails");
	tell(lints, &lint, walk.begun);
}

void
plan_lint(const Plan *plan, void (*fn)(void *arg, const Err *lint), void *arg)
{
	Lints lints = {.plan = plan, .fn = fn, .arg = arg};
	Err rest;

	lint_mentions(&lints);
	lint_open_transaction(&lints, plan->setup);
	for (int i = 0; i < plan->nbodies; i++)
		lint_open_transaction(&lints, &plan->bodies[i]);
	lint_open_transaction(&lints, plan->teardown);
	if (lints.count <= MAX_LINTS)
		return;
	err_set(&rest, ERR_PLAN, "%d more warnings like these are not shown",
			lints.count - MAX_LINTS);
	fn(arg, &rest);
}
