/*
 * expr.c
 *	  Evaluating an expression: a walk over its tree.
 */
#include "expr.h"

#include "expr_node.h"
#include "mem.h"

/* What stays the same during one evaluation. */
typedef struct Walk
{
	const Vars *vars;
	RandomState *random;
	Err *err;
} Walk;

/* Most values on the way are numbers, which own nothing. */
static inline void
drop(Value *value)
{
	if (value->text != NULL)
		value_clear(value);
}

static bool eval(const Walk *walk, const Expr *expr, Value *out);

/*
 * The value of a branch: constants and variables where they are, anything
 * else computed into scratch.  NULL when it failed.
 */
static const Value *
operand(const Walk *walk, const Expr *expr, Value *scratch)
{
	const Value *value;

	if (expr->op == EXPR_CONST)
		return &expr->value;
	if (expr->op != EXPR_VARIABLE)
		return eval(walk, expr, scratch) ? scratch : NULL;
	value = vars_get(walk->vars, expr->symbol);
	if (value == NULL)
	{
		vars_undefined(walk->vars, expr->symbol, walk->err);
		if (walk->err != NULL)
		{
			walk->err->line = expr->line;
			walk->err->column = expr->column;
		}
	}
	return value;
}

static ExprCall
make_call(const Walk *walk, const Expr *expr)
{
	return (ExprCall){.expr = expr, .random = walk->random, .err = walk->err};
}

/*
 * AND and OR look at the right side only when the left one does not decide.
 * A null on the left gives null, as in pgbench.
 */
static bool
eval_logic(const Walk *walk, const Expr *expr, Value *out)
{
	ExprCall call = make_call(walk, expr);
	Value scratch = {0};
	bool decides = expr->op == EXPR_OR;
	bool is_null = false;
	bool truth = false;
	bool fine = true;

	for (int i = 0; i < 2; i++)
	{
		const Value *value = operand(walk, expr->args[i], &scratch);

		fine = value != NULL;
		is_null = fine && value->kind == VALUE_NULL;
		if (fine && !is_null)
			fine = expr_boolean(&call, value, &truth);
		if (!fine || is_null || truth == decides)
			break;
	}
	drop(&scratch);
	if (fine && is_null)
		value_set_null(out);
	else if (fine)
		value_set_bool(out, truth);
	return fine;
}

static bool
eval_into(const Walk *walk, const Expr *expr, Value *out)
{
	Value scratch = {0};
	const Value *value = operand(walk, expr, &scratch);

	if (value != NULL)
		value_copy(out, value);
	drop(&scratch);
	return value != NULL;
}

static bool
eval_case(const Walk *walk, const Expr *expr, Value *out)
{
	ExprCall call = make_call(walk, expr);
	int i;

	for (i = 0; i + 1 < expr->nargs; i += 2)
	{
		Value scratch = {0};
		const Value *value = operand(walk, expr->args[i], &scratch);
		bool truth = false;
		bool fine = value != NULL && expr_truth(&call, value, &truth);

		drop(&scratch);
		if (!fine)
			return false;
		if (truth)
			return eval_into(walk, expr->args[i + 1], out);
	}
	if (i < expr->nargs)
		return eval_into(walk, expr->args[i], out);
	value_set_null(out);
	return true;
}

static bool
eval_is(const Walk *walk, const Expr *expr, Value *out)
{
	Value scratch = {0};
	const Value *value = operand(walk, expr->args[0], &scratch);
	bool fine = value != NULL;
	bool truth;

	if (fine && expr->op == EXPR_IS_NULL)
		value_set_bool(out, value->kind == VALUE_NULL);
	else if (fine)
		value_set_bool(out, expr_is_boolean(value, &truth) &&
								truth == (expr->op == EXPR_IS_TRUE));
	drop(&scratch);
	return fine;
}

/* Everything that needs all its arguments: operators, functions. */
static bool
eval_call(const Walk *walk, const Expr *expr, Value *out)
{
	ExprCall call = make_call(walk, expr);
	Value scratch[EXPR_MAX_ARGS];
	const Value *args[EXPR_MAX_ARGS];
	bool any_null = false;
	bool fine = true;
	int n;

	for (n = 0; n < expr->nargs && fine; n++)
	{
		scratch[n] = (Value){0};
		args[n] = operand(walk, expr->args[n], &scratch[n]);
		fine = args[n] != NULL;
		any_null = any_null || (fine && args[n]->kind == VALUE_NULL);
	}
	call.args = args;
	call.nargs = n;
	if (fine && any_null &&
		(expr->op != EXPR_CALL || !expr->function->takes_null))
		value_set_null(out);
	else if (fine)
		fine = expr->op == EXPR_CALL ? expr->function->fn(&call, out)
									 : expr_apply(&call, out);
	while (n-- > 0)
		drop(&scratch[n]);
	return fine;
}

static bool
eval(const Walk *walk, const Expr *expr, Value *out)
{
	switch (expr->op)
	{
		case EXPR_CONST:
		case EXPR_VARIABLE:
			return eval_into(walk, expr, out);
		case EXPR_AND:
		case EXPR_OR:
			return eval_logic(walk, expr, out);
		case EXPR_CASE:
			return eval_case(walk, expr, out);
		case EXPR_IS_NULL:
		case EXPR_IS_TRUE:
		case EXPR_IS_FALSE:
			return eval_is(walk, expr, out);
		default:
			return eval_call(walk, expr, out);
	}
}

bool
expr_eval(const Expr *expr, const Vars *vars, RandomState *random, Value *out,
		  Err *err)
{
	Walk walk = {.vars = vars, .random = random, .err = err};
	Value result = {0};
	bool fine;

	if (expr->op == EXPR_CONST || expr->op == EXPR_VARIABLE)
		return eval_into(&walk, expr, out);

	/* "\set x :x + 1": out may be the very variable that is read */
	fine = eval(&walk, expr, &result);
	if (fine)
		value_copy(out, &result);
	drop(&result);
	return fine;
}

bool
expr_eval_bool(const Expr *expr, const Vars *vars, RandomState *random,
			   bool *out, Err *err)
{
	Walk walk = {.vars = vars, .random = random, .err = err};
	ExprCall call = make_call(&walk, expr);
	Value scratch = {0};
	const Value *value = operand(&walk, expr, &scratch);
	bool fine = value != NULL && expr_truth(&call, value, out);

	drop(&scratch);
	return fine;
}

void
expr_variables(const Expr *expr, ExprVariableFn fn, void *arg)
{
	if (expr->op == EXPR_VARIABLE)
		fn(arg, expr->symbol, expr->line, expr->column);
	for (int i = 0; i < expr->nargs; i++)
		expr_variables(expr->args[i], fn, arg);
}

typedef struct SymbolFn
{
	void (*fn)(void *arg, int symbol);
	void *arg;
} SymbolFn;

static void
pass_symbol(void *arg, int symbol, int line, int column)
{
	const SymbolFn *pass = arg;

	(void) line;
	(void) column;
	pass->fn(pass->arg, symbol);
}

void
expr_symbols(const Expr *expr, void (*fn)(void *arg, int symbol), void *arg)
{
	SymbolFn pass = {.fn = fn, .arg = arg};

	expr_variables(expr, pass_symbol, &pass);
}
