/*
 * plan_symbols.h
 *	  Which variables a step reads and which it sets.
 */
#ifndef PLAN_SYMBOLS_H
#define PLAN_SYMBOLS_H

#include "plan.h"

/* line and column are those of the variable, within the step's file. */
typedef void (*StepReadFn)(void *arg, int symbol, int line, int column);
typedef void (*StepSetFn)(void *arg, int symbol);

extern void step_reads(const PlanStep *step, StepReadFn fn, void *arg);

/* The columns that \gset and \aset will set are not known: see gset_prefix. */
extern void step_sets(const PlanStep *step, StepSetFn fn, void *arg);

#endif /* PLAN_SYMBOLS_H */
