/*
 * http_columns.h
 *		Composite values whose columns are known by name.
 *
 * A later version of the extension may append columns to its types, so the C
 * code never counts them.
 */
#ifndef ASYNCDEMO_HTTP_COLUMNS_H
#define ASYNCDEMO_HTTP_COLUMNS_H

#include "access/tupdesc.h"
#include "fmgr.h"
#include "utils/tuplestore.h"

/* A row that is being filled in; every column is NULL until it is set. */
typedef struct HttpRow
{
	TupleDesc desc;
	Datum *values;
	bool *nulls;
} HttpRow;

/* The arrays go into the current memory context. */
extern void row_init(HttpRow *row, TupleDesc desc);
extern void row_clear(HttpRow *row);

/* The number of the column of that name; an error if there is none. */
extern int column_find(TupleDesc desc, const char *name);

extern void row_set(HttpRow *row, int column, Datum value);

/* The row as a composite value. */
extern Datum row_datum(HttpRow *row);

/* The row type that the running function returns. */
extern TupleDesc row_result_type(FunctionCallInfo fcinfo);

/*
 * Begin to return a set in one piece: what is put into the store becomes the
 * result.  The descriptor lives as long as the query.
 */
extern Tuplestorestate *rows_begin(FunctionCallInfo fcinfo, TupleDesc *desc);

#endif /* ASYNCDEMO_HTTP_COLUMNS_H */
