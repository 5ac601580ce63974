/*
 * fingerprint.h
 *	  What makes two runs runs of the same job.
 *
 * The plan's canonical text (so comments and blanks do not count, and neither
 * do secrets, which it does not show) without \option and \expect, which say
 * how it is run and not what is done, and the variables set from outside, in
 * whatever order.  Not the input: a row is known by its content, and a file
 * may grow.
 */
#ifndef FINGERPRINT_H
#define FINGERPRINT_H

#include "row.h"
#include "run_options.h"

/* has_rows: tasks are rows of an input, not numbers. */
extern RowHash fingerprint(const Plan *plan, const RunVariable *variables,
						   int nvariables, bool has_rows);

#endif /* FINGERPRINT_H */
