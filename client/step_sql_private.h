/*
 * step_sql_private.h
 *	  An SQL statement: what the parts of its step share.
 */
#ifndef STEP_SQL_PRIVATE_H
#define STEP_SQL_PRIVATE_H

#include "conn.h"
#include "conn_span.h"
#include "step_call.h"
#include "task.h"

typedef enum SqlPhase
{
	SQL_WAITING, /* for the lease */
	SQL_SENT,
	SQL_ANSWERED
} SqlPhase;

typedef struct SqlWork
{
	SqlPhase phase;
	bool waited; /* in the pool's queue */
	ConnRequest request;
	StepCall call;
	Buf text; /* where it is not the plan's own */
	const char **params;
	char (*scratch)[VALUE_SCRATCH]; /* numbers as text */
	int params_cap;
	bool has_failed;
	Err *err; /* made by the first failure */
	ConnSpan span;

	/* \gset: of the last result that has rows */
	struct pg_result *row; /* its first row */
	bool has_rows;
	bool in_rows; /* they come one by one, and more follow */
	int64_t nrows;
} SqlWork;

/* The work's own error, to be filled: the first failure's. */
extern Err *sql_work_err(SqlWork *work);

/* -------- step_sql_rows.c -------- */

/* For each result: rows become variables, and may tell the server's time. */
extern void sql_on_result(ConnRequest *request, struct pg_result *result);

/* The same where nobody asked for variables. */
extern void sql_on_span_result(ConnRequest *request, struct pg_result *result);

/* \gset, after the last result: false when it was not exactly one row. */
extern bool sql_apply_gset(Step *step, Err *err);

/* Forget the row that was kept for \gset, if there is one. */
extern void sql_drop_row(SqlWork *work);

/* -------- step_sql_error.c -------- */

/* Add what to do and where to a failed statement's error. */
extern void sql_explain(const Step *step, Err *err);

#endif /* STEP_SQL_PRIVATE_H */
