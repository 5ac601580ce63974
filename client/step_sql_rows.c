/*
 * step_sql_rows.c
 *	  An SQL statement's rows: variables of the task, the server's own time.
 */
#include "step_sql_private.h"

#include <stdio.h>

#include <libpq-fe.h>

#include "conn_pool.h"
#include "conn_type.h"
#include "lex.h"

static void
set_from_column(Value *value, const PGresult *result, int row, int column)
{
	const char *text = PQgetvalue(result, row, column);
	size_t len = (size_t) PQgetlength(result, row, column);

	if (PQgetisnull(result, row, column))
	{
		value_set_null(value);
		return;
	}
	switch (conn_type(PQftype(result, column)))
	{
		case CONN_TYPE_BOOL:
			value_set_bool(value, text[0] == 't');
			break;
		case CONN_TYPE_NUMBER:
			value_set_number(value, text, len);
			break;
		case CONN_TYPE_TEXT:
			value_set_text(value, text, len);
			break;
	}
}

static bool
refuse_column(const char *name, Err *err)
{
	err_set(err, ERR_DATA,
			"a column of the result is called \"%.80s\", which cannot be the "
			"name of a variable",
			name);
	err_hint(err, "give it one: SELECT ... AS name");
	return false;
}

/* Columns whose name, with the prefix, the plan never mentions are skipped. */
static bool
set_from_row(Step *step, const PGresult *result, int row, Err *err)
{
	const Symbols *symbols = step->task->vars.symbols;
	const char *prefix = step->plan->sql.gset_prefix;

	for (int i = 0; i < PQnfields(result); i++)
	{
		char name[256];
		int len =
			snprintf(name, sizeof(name), "%s%s", prefix, PQfname(result, i));
		int symbol;

		if (len < 0 || (size_t) len >= sizeof(name))
			return refuse_column(PQfname(result, i), err);
		symbol = symbols_find(symbols, name, (size_t) len);
		if (symbol < 0 && !lex_is_name(name, (size_t) len))
			return refuse_column(PQfname(result, i), err);
		if (symbol >= 0)
			set_from_column(vars_set(&step->task->vars, symbol), result, row,
							i);
	}
	return true;
}

void
sql_drop_row(SqlWork *work)
{
	PQclear(work->row);
	work->row = NULL;
	work->nrows = 0;
}

/* \gset: count the rows of the last result that has any, keep the first. */
static void
take_rows(SqlWork *work, PGresult *result)
{
	bool is_piece = PQresultStatus(result) != PGRES_TUPLES_OK;

	if (work->in_rows && !is_piece)
	{
		work->in_rows = false; /* the empty one behind the last row */
		return;
	}
	if (!work->in_rows)
		sql_drop_row(work);
	work->in_rows = is_piece;
	work->has_rows = true;
	work->nrows += PQntuples(result);
	if (work->row != NULL)
		return;
	work->row = result;
	work->request.keep_result = true;
}

/*
 * Does it tell how long the server was at it?  A step's first answer shows,
 * unless it is one of several.
 */
static void
look_for_span(const Step *step, const PGresult *result)
{
	unsigned char *columns =
		&step->task->engine->span_columns[step->plan->index];

	if (*columns == SPAN_COLUMNS_UNKNOWN)
	{
		if (conn_span_has_columns(result))
			*columns = SPAN_COLUMNS_THERE;
		else if (!step->plan->sql.is_compound)
			*columns = SPAN_COLUMNS_LACK;
	}
	if (*columns == SPAN_COLUMNS_THERE)
		conn_span_take(&step->sql->span, conn_pool_conn(step->lease), result);
}

void
sql_on_span_result(ConnRequest *request, PGresult *result)
{
	look_for_span(request->arg, result);
}

/* Rows, or where some could be: not what an INSERT answers. */
static bool
is_of_rows(const PGresult *result)
{
	switch (PQresultStatus(result))
	{
		case PGRES_TUPLES_OK:
		case PGRES_SINGLE_TUPLE:
#ifdef LIBPQ_HAS_CHUNK_MODE
		case PGRES_TUPLES_CHUNK:
#endif
			return true;
		default:
			return false;
	}
}

void
sql_on_result(ConnRequest *request, PGresult *result)
{
	Step *step = request->arg;

	if (!is_of_rows(result))
		return;
	look_for_span(step, result);
	if (step->plan->sql.has_gset)
		take_rows(step->sql, result);
	else if (PQntuples(result) > 0 && !step->sql->has_failed)
		step->sql->has_failed = !set_from_row(
			step, result, PQntuples(result) - 1, sql_work_err(step->sql));
}

bool
sql_apply_gset(Step *step, Err *err)
{
	SqlWork *work = step->sql;

	if (!work->has_rows)
	{
		err_set(err, ERR_DATA,
				"the statement returned no rows, \\gset needs exactly one");
		err_hint(
			err,
			"only statements such as SELECT, or with RETURNING, return rows");
		return false;
	}
	if (work->nrows != 1)
	{
		err_set(err, ERR_DATA,
				"the statement returned %lld rows, \\gset needs exactly one",
				(long long) work->nrows);
		err_hint(err, "%s",
				 work->nrows == 0
					 ? "\\aset takes none or more: variables stay as they are"
					 : "add LIMIT 1, or use \\aset for the last row");
		return false;
	}
	return set_from_row(step, work->row, 0, err);
}
