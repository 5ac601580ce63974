/*
 * expr.h
 *	  Expressions of \set, \if, \assert: parsed once, evaluated many times.
 */
#ifndef EXPR_H
#define EXPR_H

#include "err.h"
#include "random.h"
#include "vars.h"

typedef struct Expr Expr; /* in the plan's memory */

/*
 * Evaluate into out (an initialised Value).  Integer overflow, division by
 * zero, a text that is no number and an unset variable are errors whose
 * place is the expression's.
 */
extern bool expr_eval(const Expr *expr, const Vars *vars, RandomState *random,
					  Value *out, Err *err);

/* Three-valued truth for \if and \assert: null counts as false. */
extern bool expr_eval_bool(const Expr *expr, const Vars *vars,
						   RandomState *random, bool *out, Err *err);

/* The symbols an expression reads: calls fn for each. */
extern void expr_symbols(const Expr *expr, void (*fn)(void *arg, int symbol),
						 void *arg);

/* Canonical text, fully parenthesised, for the dump. */
struct Buf;
extern void expr_dump(const Expr *expr, const Symbols *symbols,
					  struct Buf *out);

#endif /* EXPR_H */
