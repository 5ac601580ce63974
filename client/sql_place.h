/*
 * sql_place.h
 *	  From a position in the SQL that was sent to its place in the plan.
 */
#ifndef SQL_PLACE_H
#define SQL_PLACE_H

#include "plan.h"

/*
 * position counts characters of the statement's fixed text from 1, as servers
 * do.  False: it cannot be told, for the text depends on variables.
 */
extern bool sql_place_find(const Plan *plan, const PlanStep *step,
						   int position, Place *place);

#endif /* SQL_PLACE_H */
