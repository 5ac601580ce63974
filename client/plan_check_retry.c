/*
 * plan_check_retry.c
 *	  What can be tried again: steps, and transactions as a whole.
 *
 * A transaction is tried again from its BEGIN on, so nothing may stand in it
 * that would then have been done twice: a request whose method may not be
 * repeated, a command of the shell.
 */
#include "plan_check.h"
#include "retry.h"

/* From BEGIN to the statement that surely ends it, or to the body's end. */
typedef struct Region
{
	const Plan *plan;
	Body *body;
	int begin;
	int end; /* not part of it */
	const PlanStep *obstacle;
	const PlanStep *asked; /* the first with \retry */
	Err *err;
} Region;

bool
plan_step_is_obstacle(const PlanStep *step)
{
	return step->kind == STEP_SHELL ||
		   (step->kind == STEP_HTTP &&
			!retry_method_may_repeat(step->http.method));
}

static bool
step_asks(const PlanStep *step)
{
	return step->kind == STEP_SQL && step->retry.max > 0;
}

/* A COMMIT in a branch of an \if may not run. */
static void
region_find(Region *region)
{
	int conditional_until = 0;

	if (step_asks(&region->body->steps[region->begin]))
		region->asked = &region->body->steps[region->begin];
	for (int i = region->begin + 1; i < region->body->nsteps; i++)
	{
		const PlanStep *step = &region->body->steps[i];

		if ((step->kind == STEP_IF || step->kind == STEP_JUMP) &&
			step->end > conditional_until)
			conditional_until = step->end;
		if (region->obstacle == NULL && plan_step_is_obstacle(step))
			region->obstacle = step;
		if (region->asked == NULL && step_asks(step))
			region->asked = step;
		region->end = i + 1;
		if (step->kind == STEP_SQL && step->sql.transaction != SQL_TX_SAME &&
			i >= conditional_until)
			return;
	}
}

static bool
refuse_obstacle(const Region *region)
{
	const PlanStep *step = region->obstacle;

	if (step->kind == STEP_SHELL)
		err_set(
			region->err, ERR_PLAN,
			"a command of the shell may stand in the transaction that \\retry in line %d tries again: it would run twice",
			region->asked->place.line);
	else
		err_set(
			region->err, ERR_PLAN,
			"\\http %s may stand in the transaction that \\retry in line %d tries again: it would be sent twice",
			step->http.method, region->asked->place.line);
	err_hint(
		region->err,
		"move it in front of BEGIN or behind COMMIT, or take \\retry away");
	plan_place(region->plan, step->place, region->err);
	return false;
}

static bool
list_has_conflicts(const char *on)
{
	RetryFailure deadlock = {.sqlstate = "40P01"};
	RetryFailure serialization = {.sqlstate = "40001"};

	return retry_transaction_is_wanted(&deadlock, on) ||
		   retry_transaction_is_wanted(&serialization, on);
}

/* Inside, the statement alone cannot be tried again. */
static bool
check_reasons(const Region *region)
{
	for (int i = region->begin + 1; i < region->end; i++)
	{
		const PlanStep *step = &region->body->steps[i];

		if (step->kind != STEP_SQL)
			continue;
		if (step->retry.on == NULL || list_has_conflicts(step->retry.on))
		{
			if (step->sql.transaction != SQL_TX_SAME)
				return true; /* behind it nothing is known */
			continue;
		}
		err_set(
			region->err, ERR_PLAN,
			"inside a transaction only 40001 and 40P01 can be tried again, and on=%.100s has neither",
			step->retry.on);
		err_hint(region->err,
				 "leave on= out, or take the statement out of the "
				 "transaction");
		plan_place(region->plan, step->place, region->err);
		return false;
	}
	return true;
}

static bool
check_transaction(Region *region)
{
	PlanStep *begin = &region->body->steps[region->begin];

	region_find(region);
	begin->sql.may_restart = region->obstacle == NULL;
	begin->sql.asks_restart = region->asked != NULL;
	if (region->obstacle != NULL && region->asked != NULL)
		return refuse_obstacle(region);
	return check_reasons(region);
}

static bool
check_body(const Plan *plan, Body *body, Err *err)
{
	bool in_pipeline = false;

	for (int i = 0; body != NULL && i < body->nsteps; i++)
	{
		PlanStep *step = &body->steps[i];
		Region region = {
			.plan = plan, .body = body, .begin = i, .end = i + 1, .err = err};

		if (step->kind == STEP_PIPELINE || step->kind == STEP_ENDPIPELINE)
			in_pipeline = step->kind == STEP_PIPELINE;
		if (step->kind != STEP_SQL)
			continue;
		step->retry.is_barred = in_pipeline; /* what failed is all of it */
		if (!in_pipeline && step->sql.transaction == SQL_TX_BEGIN &&
			!check_transaction(&region))
			return false;
	}
	return true;
}

bool
plan_check_retry(Plan *plan, Err *err)
{
	if (!check_body(plan, plan->setup, err))
		return false;
	for (int i = 0; i < plan->nbodies; i++)
		if (!check_body(plan, &plan->bodies[i], err))
			return false;
	return check_body(plan, plan->teardown, err);
}
