/*
 * expr_parse.h
 *	  Text to Expr: the expressions of \set, \if, \assert, \sleep.
 */
#ifndef EXPR_PARSE_H
#define EXPR_PARSE_H

#include "expr.h"
#include "lex.h"

/*
 * Read the longest expression from lex->pos on, which moves to the token
 * behind it: the caller decides whether that may follow.  Nodes go into the
 * plan's arena, names into its symbols.  NULL on error.
 */
extern Expr *expr_parse(Lexer *lex, Plan *plan, Err *err);

/* A constant of the caller's making, at this place. */
extern Expr *expr_make_double(Plan *plan, double number, Place place);

/* left / right. */
extern Expr *expr_make_quotient(Plan *plan, Expr *left, Expr *right);

/* Is it a number known when the plan is read?  Then which? */
extern bool expr_is_constant(const Expr *expr, double *number);

#endif /* EXPR_PARSE_H */
