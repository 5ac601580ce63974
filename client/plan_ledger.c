/*
 * plan_ledger.c
 *	  What a plan must be so that each task of it can be one transaction.
 */
#include <string.h>

#include "arena.h"
#include "plan_check.h"

static bool
refuse(const Plan *plan, const PlanStep *step, const char *hint, Err *err,
	   const char *message)
{
	err_set(err, ERR_PLAN, "%s", message);
	err_hint(err, "%s", hint);
	plan_place(plan, step->place, err);
	return false;
}

static bool
check_step(const Plan *plan, const PlanStep *step, Err *err)
{
	if (step->kind == STEP_SQL && step->sql.transaction != SQL_TX_SAME)
		return refuse(
			plan, step,
			"take it out, and its counterpart: all SQL of a task is one "
			"transaction already; or run without --ledger",
			err,
			"with --ledger a task cannot begin or end a transaction itself");
	if (step->kind == STEP_RELEASE)
		return refuse(plan, step,
					  "take it out: the connection is given back at the end "
					  "of the task",
					  err,
					  "with --ledger \\release cannot give back a "
					  "connection: a transaction is open on it");
	if (step->kind == STEP_PIPELINE)
		return refuse(plan, step,
					  "take it out: the first and the last statement of a "
					  "task are sent together with BEGIN and COMMIT",
					  err, "with --ledger there is no \\startpipeline");
	return true;
}

/* \\retry means the whole transaction, which must not do a thing twice. */
static bool
check_retries(const Plan *plan, const Body *body, Err *err)
{
	const PlanStep *asked = NULL;

	for (int i = 0; i < body->nsteps; i++)
	{
		const PlanStep *step = &body->steps[i];

		if (asked != NULL && plan_step_is_obstacle(step))
			return refuse(plan, step,
						  "move it in front of the task's first SQL, or take "
						  "\\retry away",
						  err,
						  "with --ledger \\retry does all again from the "
						  "task's first SQL on, and this would be done twice");
		if (step->kind == STEP_SQL && step->retry.max > 0)
			asked = step;
	}
	return true;
}

static bool
check_body(const Plan *plan, const Body *body, Err *err)
{
	bool has_sql = false;

	for (int i = 0; i < body->nsteps; i++)
	{
		if (!check_step(plan, &body->steps[i], err))
			return false;
		has_sql |= body->steps[i].kind == STEP_SQL;
	}
	if (has_sql)
		return check_retries(plan, body, err);
	err_set(err, ERR_PLAN,
			"task \"%s\" has no SQL that a ledger could belong to",
			body->name);
	err_hint(err, "the mark is made in the transaction of the task's own "
				  "SQL; use --joblog alone");
	plan_place(plan, body->place, err);
	return false;
}

/*
 * The task's transaction begins at its first SQL, whichever that is; from
 * there to the end all can be done again unless something stands there that
 * must not be done twice.
 */
static void
note_restarts(Body *body)
{
	bool may_restart = true;
	bool asks_restart = false;

	for (int i = body->nsteps; i-- > 0;)
	{
		PlanStep *step = &body->steps[i];

		if (plan_step_is_obstacle(step))
			may_restart = false;
		if (step->kind != STEP_SQL)
			continue;
		asks_restart |= step->retry.max > 0;
		step->sql.may_restart = may_restart;
		step->sql.asks_restart = asks_restart;
	}
}

/* As if the plan had written it behind its last step. */
static void
add_commit(Plan *plan, Body *body)
{
	size_t n = (size_t) body->nsteps;
	PlanStep *steps = arena_alloc(plan->arena, (n + 1) * sizeof(PlanStep));
	PlanStep *commit = &steps[n];

	memcpy(steps, body->steps, n * sizeof(PlanStep));
	commit->kind = STEP_SQL;
	commit->index = plan->nsteps++;
	commit->place = n > 0 ? steps[n - 1].place : body->place;
	commit->label = "commit";
	commit->timeout_ns = -1;
	commit->sql.text.is_fixed = true;
	commit->sql.text.fixed_text = "COMMIT";
	commit->sql.verb = "COMMIT";
	commit->sql.transaction = SQL_TX_END;
	commit->sql.id = plan->nstatements;
	commit->sql.takes_no_binds = true;
	commit->sql.is_ledger_end = true;
	body->steps = steps;
	body->nsteps++;
}

bool
plan_add_ledger(Plan *plan, Err *err)
{
	for (int i = 0; i < plan->nbodies; i++)
		if (!check_body(plan, &plan->bodies[i], err))
			return false;
	for (int i = 0; i < plan->nbodies; i++)
	{
		note_restarts(&plan->bodies[i]);
		add_commit(plan, &plan->bodies[i]);
	}
	plan->nstatements++;
	plan->ledger_id = plan->nstatements++;
	return true;
}
