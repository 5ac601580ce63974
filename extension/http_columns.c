/*
 * http_columns.c
 *		Composite values whose columns are known by name.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "http_columns.h"

void
row_clear(HttpRow *row)
{
	memset(row->nulls, true, row->desc->natts * sizeof(bool));
}

void
row_init(HttpRow *row, TupleDesc desc)
{
	row->desc = desc;
	row->values = palloc0(desc->natts * sizeof(Datum));
	row->nulls = palloc(desc->natts * sizeof(bool));
	row_clear(row);
}

int
column_find(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (!column->attisdropped &&
			strcmp(NameStr(column->attname), name) == 0)
			return i;
	}
	ereport(
		ERROR,
		(errcode(ERRCODE_UNDEFINED_COLUMN),
		 errmsg("column \"%s\" is missing in a type of extension asyncdemo",
				name)));
	return -1;
}

void
row_set(HttpRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

Datum
row_datum(HttpRow *row)
{
	return HeapTupleGetDatum(
		heap_form_tuple(row->desc, row->values, row->nulls));
}

TupleDesc
row_result_type(FunctionCallInfo fcinfo)
{
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return BlessTupleDesc(desc);
}

Tuplestorestate *
rows_begin(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc own;
	MemoryContext caller;

	if (info == NULL || !IsA(info, ReturnSetInfo) ||
		!(info->allowedModes & SFRM_Materialize))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("a set cannot be returned here")));

	if (get_call_result_type(fcinfo, NULL, &own) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	/* the executor frees the one it is given, and nothing else of a call */
	caller = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	*desc = BlessTupleDesc(CreateTupleDescCopy(own));
	info->returnMode = SFRM_Materialize;
	info->setDesc = *desc;
	info->setResult = tuplestore_begin_heap(
		(info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	MemoryContextSwitchTo(caller);
	return info->setResult;
}
