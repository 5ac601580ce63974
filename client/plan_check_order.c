/*
 * plan_check_order.c
 *	  Steps that may not stand together or in that order.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "plan_check.h"
#include "plan_symbols.h"

static bool
fail_at(const Plan *plan, Place place, Err *err, const char *hint,
		const char *message)
{
	err_set(err, ERR_PLAN, "%s", message);
	err_hint(err, "%s", hint);
	plan_place(plan, place, err);
	return false;
}

/*
 * What stands in a branch of an \if may not run: after it nothing is known,
 * and what is not known is no error.
 */
void
transaction_walk(TransactionWalk *walk, const PlanStep *step, int i)
{
	if ((step->kind == STEP_IF || step->kind == STEP_JUMP) &&
		step->end > walk->conditional_until)
		walk->conditional_until = step->end;
	if (step->kind != STEP_SQL || step->sql.transaction == SQL_TX_SAME)
		return;
	walk->is_open =
		step->sql.transaction == SQL_TX_BEGIN && i >= walk->conditional_until;
	walk->begun = step->place;
}

/* -------- \gather -------- */

typedef struct GatherCheck
{
	const Plan *plan;
	const Body *body;
	int *set_in;	  /* by symbol: the gather that sets it */
	int gather;		  /* 1 + index of the gather under way */
	Symbols prefixes; /* of its \gset and \aset */
	const PlanStep *step;
	Err *err;
	bool failed;
} GatherCheck;

static void
note_set(void *arg, int symbol)
{
	GatherCheck *check = arg;

	check->set_in[symbol] = check->gather;
}

static void
check_read(void *arg, int symbol, int line, int column)
{
	GatherCheck *check = arg;
	const char *name = check->plan->symbols.names[symbol];
	Place place = {check->step->place.file, line, column};

	if (check->failed || (check->set_in[symbol] != check->gather &&
						  !plan_prefix_matches(&check->prefixes, name)))
		return;
	check->failed = true;
	err_set(
		check->err, ERR_PLAN,
		"variable \"%s\" is set in this same \\gather, whose steps run at the same time",
		name);
	err_hint(check->err, "use it behind the \\end of the \\gather");
	plan_place(check->plan, place, check->err);
}

/* Two requests at the same time would set the same variables. */
static bool
check_name_once(GatherCheck *check, Symbols *names)
{
	const char *name = check->step->http.name;

	if (symbols_find(names, name, strlen(name)) < 0)
	{
		symbols_intern(names, name, strlen(name));
		return true;
	}
	return fail_at(
		check->plan, check->step->place, check->err,
		"give each request its own name: they run at the same time and set NAME_body and its like",
		"another request of this \\gather has the same name");
}

static bool
check_names(GatherCheck *check, int from, int to)
{
	Symbols names = {0};
	int conditional_until = 0;
	bool fine = true;

	for (int i = from; fine && i < to; i++)
	{
		const PlanStep *step = check->step = &check->body->steps[i];

		if ((step->kind == STEP_IF || step->kind == STEP_JUMP) &&
			step->end > conditional_until)
			conditional_until = step->end;
		if (step->kind == STEP_HTTP && i >= conditional_until)
			fine = check_name_once(check, &names);
	}
	symbols_free(&names);
	return fine;
}

static bool
check_gather(GatherCheck *check, int gather)
{
	const PlanStep *steps = check->body->steps;
	int end = steps[gather].end;

	check->gather = steps[gather].index + 1;
	symbols_free(&check->prefixes);
	for (int i = gather + 1; i < end; i++)
	{
		const PlanSql *sql = &steps[i].sql;

		step_sets(&steps[i], note_set, check);
		if (steps[i].kind == STEP_SQL && (sql->has_gset || sql->has_aset) &&
			sql->gset_prefix[0] != '\0')
			symbols_intern(&check->prefixes, sql->gset_prefix,
						   strlen(sql->gset_prefix));
	}
	for (int i = gather + 1; i < end && !check->failed; i++)
	{
		check->step = &steps[i];
		step_reads(check->step, check_read, check);
	}
	return !check->failed && check_names(check, gather + 1, end);
}

/* -------- transactions -------- */

static bool
check_gathered_sql(const Plan *plan, const PlanStep *step, bool in_transaction,
				   Err *err)
{
	if (step->sql.transaction != SQL_TX_SAME)
		return fail_at(
			plan, step->place, err,
			"begin and end the transaction outside; SQL inside a \\gather may use several connections",
			"a transaction cannot begin or end in a \\gather");
	if (in_transaction)
		return fail_at(
			plan, step->place, err,
			"a transaction has one connection, which runs one statement at a time: COMMIT before the \\gather, or take the SQL out of it",
			"SQL in a \\gather cannot run inside a transaction");
	return true;
}

static bool
check_steps(GatherCheck *check)
{
	const Body *body = check->body;
	TransactionWalk walk = {0};
	int gather_end = 0;
	int pipeline_end = 0;
	bool fine = true;

	for (int i = 0; fine && i < body->nsteps; i++)
	{
		const PlanStep *step = &body->steps[i];

		if (step->kind == STEP_PIPELINE)
			pipeline_end = step->end;
		if (i < pipeline_end && step->kind == STEP_SQL &&
			strcmp(step->sql.verb, "COPY") == 0)
			return fail_at(check->plan, step->place, check->err,
						   "move it out of the pipeline",
						   "COPY cannot stand in a pipeline");

		if (step->kind == STEP_GATHER)
		{
			gather_end = step->end;
			fine = check_gather(check, i);
		}
		else if (step->kind == STEP_SQL && i < gather_end)
			fine = check_gathered_sql(check->plan, step, walk.is_open,
									  check->err);
		else if (step->kind == STEP_RELEASE && walk.is_open)
			fine = fail_at(
				check->plan, step->place, check->err,
				"COMMIT or ROLLBACK before it",
				"\\release cannot give back a connection inside a transaction");
		transaction_walk(&walk, step, i);
	}
	return fine;
}

bool
plan_check_order(const Plan *plan, Err *err)
{
	GatherCheck check = {.plan = plan, .err = err};
	bool fine = true;

	check.set_in = mem_alloc((size_t) plan->symbols.count * sizeof(int));
	check.body = plan->setup;
	if (plan->setup != NULL)
		fine = check_steps(&check);
	for (int i = 0; fine && i < plan->nbodies; i++)
	{
		check.body = &plan->bodies[i];
		fine = check_steps(&check);
	}
	check.body = plan->teardown;
	if (fine && plan->teardown != NULL)
		fine = check_steps(&check);
	free(check.set_in);
	symbols_free(&check.prefixes);
	return fine;
}

/* -------- the protocol -------- */

static bool
check_step_protocol(const Plan *plan, const PlanStep *step, bool simple,
					Err *err)
{
	const PlanSql *sql = &step->sql;

	if (step->kind == STEP_PIPELINE && simple)
		return fail_at(plan, step->place, err,
					   "run it with -M prepared or -M extended",
					   "a pipeline is not possible with the simple protocol");
	if (step->kind != STEP_SQL || simple)
		return true;
	if (sql->is_compound)
		return fail_at(
			plan, step->place, err,
			"end each with a semicolon of its own, or run the plan with -M simple",
			"statements joined by \\; can only be sent with the simple protocol");
	if (sql->takes_no_binds && sql->nbinds > 0)
	{
		const char *name = plan->symbols.names[sql->bind_symbols[0]];

		err_set(err, ERR_PLAN,
				"%s takes no bind parameters, so :%s cannot stand here",
				sql->verb[0] != '\0' ? sql->verb : "this statement", name);
		err_hint(err,
				 "write :'%s' for a quoted text or :\"%s\" for an identifier",
				 name, name);
		plan_place(plan, sql->bind_place, err);
		return false;
	}
	return true;
}

static bool
check_body_protocol(const Plan *plan, const Body *body, bool simple, Err *err)
{
	for (int i = 0; body != NULL && i < body->nsteps; i++)
	{
		if (!check_step_protocol(plan, &body->steps[i], simple, err))
			return false;
	}
	return true;
}

bool
plan_check_protocol(const Plan *plan, bool simple, Err *err)
{
	if (!check_body_protocol(plan, plan->setup, simple, err))
		return false;
	for (int i = 0; i < plan->nbodies; i++)
	{
		if (!check_body_protocol(plan, &plan->bodies[i], simple, err))
			return false;
	}
	return check_body_protocol(plan, plan->teardown, simple, err);
}
