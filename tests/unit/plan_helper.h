/*
 * plan_helper.h
 *		Plans from strings, for the tests of the plan language.
 */
#ifndef PLAN_HELPER_H
#define PLAN_HELPER_H

#include <string.h>

#include "plan.h"

/* Read one text; undefined names are fine when any_name is set. */
static inline Plan *
plan_from(const char *text, bool any_name, Err *err)
{
	PlanSource source = {
		.name = "test.sql", .text = text, .len = strlen(text)};
	PlanContext context = {.any_name = any_name, .no_include = true};

	err_clear(err);
	return plan_parse(&source, 1, &context, err);
}

/* Give a variable of the plan a text. */
static inline void
set_text(const Plan *plan, Vars *vars, const char *name, const char *text)
{
	int symbol = symbols_find(&plan->symbols, name, strlen(name));

	if (symbol >= 0)
		value_set_text(vars_set(vars, symbol), text, strlen(text));
}

#endif /* PLAN_HELPER_H */
