/*
 * outputs.h
 *	  Where a run's rows and reports go, or those of many: checked before it
 *	  starts, written when it has ended.
 *
 * outputs_open makes one, which is used for one report, and
 * outputs_close ends it, whatever happened in between.
 */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include "options.h"
#include "report_trace.h"

typedef struct Outputs
{
	const Options *options;
	const ReportForms *forms; /* of what will be told */
	OutputOptions settings;
	Output *rows;	   /* of \emit; NULL: there are none */
	FILE *text;		   /* the report for people; stderr when stdout has data */
	FILE *trace;	   /* NULL: none */
	TraceFile *tracer; /* for RunOptions.add_sinks; NULL: none */
} Outputs;

/*
 * Find out whether all that is asked for can be written, and is among the
 * forms of what will be told.  plan: whose rows will be written; NULL: none.
 * On false nothing is left open.
 */
extern bool outputs_open(Outputs *outputs, const Options *options,
						 const ReportForms *forms, const Plan *plan, Err *err);

/*
 * Write the reports of what the forms are for.  False: err tells the first
 * that failed; the others were written.  has_run: false when no task could
 * begin; then only metrics are written, for those who watch the exit code.
 */
extern bool outputs_report(Outputs *outputs, const void *what, bool has_run,
						   Err *err);

/* False: what was written before is not whole. */
extern bool outputs_close(Outputs *outputs, Err *err);

#endif /* OUTPUTS_H */
