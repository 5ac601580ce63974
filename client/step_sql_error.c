/*
 * step_sql_error.c
 *	  A failed SQL statement: what it means, what to do, and where it is.
 */
#include "step_sql_private.h"

#include <string.h>

#include "ledger.h"
#include "sql_place.h"

/* The server could not tell the type of a bound variable. */
static bool
is_about_types(const char *sqlstate)
{
	static const char *const states[] = {"22P02", "42725", "42883", "42P18"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(sqlstate, states[i]) == 0)
			return true;
	return false;
}

/* What the loss of the connection means for the transaction. */
static void
explain_loss(const Step *step, Err *err)
{
	const PlanSql *sql = &step->plan->sql;
	bool rolls_back =
		strcmp(sql->verb, "ROLLBACK") == 0 || strcmp(sql->verb, "ABORT") == 0;

	if (!step->in_transaction)
		return;
	if (ledger_may_be_done(step->task))
	{
		err_suffix(err, "; whether the task was committed is not known yet");
		err_hint(err, "the ledger knows: run the same again");
		return;
	}
	if (sql->transaction == SQL_TX_SAME || rolls_back)
	{
		err_hint(err, "the transaction was not committed: the server rolls "
					  "it back when it notices");
		return;
	}
	err_suffix(err, "; whether the transaction was committed is not known");
	err_hint(err,
			 "it was lost at %s: look at the data before the task is run "
			 "again",
			 sql->verb);
}

void
sql_explain(const Step *step, Err *err)
{
	const PlanSql *sql = &step->plan->sql;
	const Plan *plan = step->task->engine->plan;
	int position = step->sql->request.error_position;
	Place place = step->plan->place;

	if (err->kind == ERR_LOST)
		explain_loss(step, err);
	if (err->kind != ERR_SQL)
		return;
	if (sql->nbinds > 0 && is_about_types(err->sqlstate))
		err_hint(
			err,
			"a variable is sent without a type: write :%s::type, such as :%s::integer, to say which one is meant",
			plan->symbols.names[sql->bind_symbols[0]],
			plan->symbols.names[sql->bind_symbols[0]]);
	else if (strcmp(err->sqlstate, "42P01") == 0 &&
			 strstr(err->message, "pgbench_") != NULL)
		err_hint(err, "pgbench -i makes the tables of its scripts");
	else if (strcmp(err->sqlstate, "25P02") == 0)
		err_hint(err, "an earlier statement of this transaction failed");
	if (sql_place_find(plan, step->plan, position, &place))
		plan_place(plan, place, err);
}
