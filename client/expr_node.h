/*
 * expr_node.h
 *	  What an expression is made of.  Private to the expr_*.c files.
 *
 * Nodes live in the plan's arena and never change.  A tree is at most
 * EXPR_MAX_DEPTH deep, so that walking it by recursion is safe.
 */
#ifndef EXPR_NODE_H
#define EXPR_NODE_H

#include "expr.h"

#define EXPR_MAX_DEPTH 256
#define EXPR_MAX_ARGS 64 /* of a function */

typedef enum ExprOp
{
	EXPR_CONST,	   /* value */
	EXPR_VARIABLE, /* symbol */
	EXPR_CALL,	   /* function of args */
	EXPR_CASE,	   /* WHEN, THEN, WHEN, THEN, ... and maybe ELSE */
	EXPR_OR,
	EXPR_AND,
	EXPR_NOT,
	EXPR_IS_NULL,
	EXPR_IS_TRUE,
	EXPR_IS_FALSE,
	EXPR_EQ,
	EXPR_NE,
	EXPR_LT,
	EXPR_LE,
	EXPR_GT,
	EXPR_GE,
	EXPR_BIT_OR,
	EXPR_BIT_AND,
	EXPR_BIT_XOR,
	EXPR_BIT_NOT,
	EXPR_SHIFT_LEFT,
	EXPR_SHIFT_RIGHT,
	EXPR_CONCAT,
	EXPR_ADD,
	EXPR_SUB,
	EXPR_MUL,
	EXPR_DIV,
	EXPR_MOD,
	EXPR_NEG
} ExprOp;

struct Expr
{
	ExprOp op;
	int line; /* where it stands in its file */
	int column;
	int depth;	 /* 1 for a leaf */
	Value value; /* its text, if any, is the arena's */
	int symbol;
	const struct ExprFunction *function; /* see below */
	Expr **args;
	int nargs;
};

/* What the operators and functions may use. */
typedef struct ExprCall
{
	const Expr *expr;		  /* whose place errors get */
	const Value *const *args; /* evaluated */
	int nargs;
	RandomState *random;
	Err *err;
} ExprCall;

typedef bool (*ExprFn)(const ExprCall *call, Value *out);

typedef struct ExprFunction
{
	const char *name;
	int min_args;
	int max_args;
	bool takes_null; /* otherwise any null argument gives null */
	ExprFn fn;
	const char *usage; /* "random(lo, hi)" */
} ExprFunction;

/* expr_functions.c: NULL when there is none; names for "did you mean". */
extern const ExprFunction *expr_function(const char *name, size_t len);
extern int expr_function_names(const char *names[], int max);

/* expr_operators.c: what AND, OR, CASE do not decide themselves. */
extern bool expr_apply(const ExprCall *call, Value *out);
extern const char *expr_operator_text(ExprOp op);

/* expr_coerce.c: one value as what an operator needs; false sets call->err. */
typedef struct Number
{
	bool is_double;
	int64_t integer;
	double number; /* filled in both cases */
} Number;

extern bool expr_number(const ExprCall *call, const Value *value, Number *out);
extern bool expr_integer(const ExprCall *call, const Value *value,
						 int64_t *out);
extern bool expr_double(const ExprCall *call, const Value *value, double *out);
extern bool expr_boolean(const ExprCall *call, const Value *value, bool *out);

/* Is it a boolean, or a text that spells one?  Then which? */
extern bool expr_is_boolean(const Value *value, bool *out);

/* Like expr_boolean, but a number is true when it is not 0, null is false. */
extern bool expr_truth(const ExprCall *call, const Value *value, bool *out);

/* err_set, with the expression's place; returns false. */
extern bool expr_fail(const ExprCall *call, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Calls fn for every variable in the tree, from left to right. */
typedef void (*ExprVariableFn)(void *arg, int symbol, int line, int column);
extern void expr_variables(const Expr *expr, ExprVariableFn fn, void *arg);

#endif /* EXPR_NODE_H */
