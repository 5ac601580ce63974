/*
 * expr_operators.c
 *	  What the operators of an expression do with their values.
 *
 * Integers stay integers, overflow is an error; one double makes it a
 * computation with doubles, as in pgbench.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "buf.h"
#include "expr_node.h"

const char *
expr_operator_text(ExprOp op)
{
	switch (op)
	{
		case EXPR_OR:
			return "OR";
		case EXPR_AND:
			return "AND";
		case EXPR_NOT:
			return "NOT";
		case EXPR_IS_NULL:
			return "IS NULL";
		case EXPR_IS_TRUE:
			return "IS TRUE";
		case EXPR_IS_FALSE:
			return "IS FALSE";
		case EXPR_EQ:
			return "=";
		case EXPR_NE:
			return "<>";
		case EXPR_LT:
			return "<";
		case EXPR_LE:
			return "<=";
		case EXPR_GT:
			return ">";
		case EXPR_GE:
			return ">=";
		case EXPR_BIT_OR:
			return "|";
		case EXPR_BIT_AND:
			return "&";
		case EXPR_BIT_XOR:
			return "#";
		case EXPR_BIT_NOT:
			return "~";
		case EXPR_SHIFT_LEFT:
			return "<<";
		case EXPR_SHIFT_RIGHT:
			return ">>";
		case EXPR_CONCAT:
			return "||";
		case EXPR_ADD:
			return "+";
		case EXPR_SUB:
		case EXPR_NEG:
			return "-";
		case EXPR_MUL:
			return "*";
		case EXPR_DIV:
			return "/";
		case EXPR_MOD:
			return "%";
		case EXPR_CONST:
		case EXPR_VARIABLE:
		case EXPR_CALL:
		case EXPR_CASE:
			break;
	}
	return "";
}

/* Less, equal or greater: -1, 0, 1; 2 when a not-a-number is among them. */
static int
compare_doubles(double a, double b)
{
	return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
}

static int
compare_texts(const Value *a, const Value *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len > 0 ? memcmp(a->text, b->text, len) : 0;

	if (order == 0)
		order = (a->len > b->len) - (a->len < b->len);
	return order < 0 ? -1 : order > 0;
}

static bool
spells_number(const Value *value)
{
	int64_t integer;
	double number;

	return value_read_number(value->text != NULL ? value->text : "",
							 value->len, &integer, &number) != VALUE_TEXT;
}

/*
 * Two texts are compared as texts (byte by byte), unless both came from
 * variables and both spell a number: pgbench knows no texts, so -D a=10 is
 * more than -D b=9.
 */
static bool
is_text_comparison(const ExprCall *call)
{
	const Value *a = call->args[0];
	const Value *b = call->args[1];

	if (a->kind != VALUE_TEXT || b->kind != VALUE_TEXT)
		return false;
	return call->expr->args[0]->op != EXPR_VARIABLE ||
		   call->expr->args[1]->op != EXPR_VARIABLE || !spells_number(a) ||
		   !spells_number(b);
}

static bool
compare(const ExprCall *call, int *order)
{
	const Value *a = call->args[0];
	const Value *b = call->args[1];
	Number x;
	Number y;

	if (is_text_comparison(call))
		*order = compare_texts(a, b);
	else if (a->kind == VALUE_BOOL || b->kind == VALUE_BOOL)
	{
		bool p;
		bool q;

		if (!expr_boolean(call, a, &p) || !expr_boolean(call, b, &q))
			return false;
		*order = (int) p - (int) q;
	}
	else if (!expr_number(call, a, &x) || !expr_number(call, b, &y))
		return false;
	else if (x.is_double || y.is_double)
		*order = compare_doubles(x.number, y.number);
	else
		*order = (x.integer > y.integer) - (x.integer < y.integer);
	return true;
}

static bool
apply_comparison(const ExprCall *call, Value *out)
{
	ExprOp op = call->expr->op;
	int order;

	if (!compare(call, &order))
		return false;
	value_set_bool(out, op == EXPR_EQ	? order == 0
						: op == EXPR_NE ? order != 0
						: op == EXPR_LT ? order == -1
						: op == EXPR_LE ? order == -1 || order == 0
						: op == EXPR_GT ? order == 1
										: order == 1 || order == 0);
	return true;
}

static bool
apply_bits(const ExprCall *call, Value *out)
{
	int64_t a;
	int64_t b = 0;

	if (!expr_integer(call, call->args[0], &a) ||
		(call->nargs > 1 && !expr_integer(call, call->args[1], &b)))
		return false;
	switch (call->expr->op)
	{
		case EXPR_BIT_OR:
			value_set_int(out, a | b);
			break;
		case EXPR_BIT_AND:
			value_set_int(out, a & b);
			break;
		case EXPR_BIT_XOR:
			value_set_int(out, a ^ b);
			break;
		case EXPR_SHIFT_LEFT:
			/* the low six bits of the distance count, as on the hardware */
			value_set_int(out, (int64_t) ((uint64_t) a << (b & 63)));
			break;
		case EXPR_SHIFT_RIGHT:
			value_set_int(out, a >> (b & 63));
			break;
		default:
			value_set_int(out, ~a);
			break;
	}
	return true;
}

static bool
apply_concat(const ExprCall *call, Value *out)
{
	Buf joined = {0};

	for (int i = 0; i < 2; i++)
	{
		char scratch[VALUE_SCRATCH];
		size_t len;
		const char *text = value_text(call->args[i], scratch, &len);

		buf_append(&joined, text, len);
	}
	value_set_text(out, joined.data != NULL ? joined.data : "", joined.len);
	buf_free(&joined);
	return true;
}

/* C's division traps on the one quotient that does not fit. */
static bool
divide(const ExprCall *call, int64_t a, int64_t b, Value *out)
{
	bool wants_rest = call->expr->op == EXPR_MOD;

	if (b == 0)
		return expr_fail(call, "division by zero");
	if (b == -1 && !wants_rest && a == INT64_MIN)
		return expr_fail(call, "integer out of range: %" PRId64 " / -1", a);
	if (b == -1)
		value_set_int(out, wants_rest ? 0 : -a);
	else
		value_set_int(out, wants_rest ? a % b : a / b);
	return true;
}

static bool
apply_integers(const ExprCall *call, int64_t a, int64_t b, Value *out)
{
	ExprOp op = call->expr->op;
	int64_t result = 0;
	bool overflow;

	if (op == EXPR_DIV || op == EXPR_MOD)
		return divide(call, a, b, out);
	if (op == EXPR_ADD)
		overflow = __builtin_add_overflow(a, b, &result);
	else if (op == EXPR_MUL)
		overflow = __builtin_mul_overflow(a, b, &result);
	else
		overflow = __builtin_sub_overflow(a, b, &result);
	if (overflow)
		return expr_fail(call, "integer out of range: %" PRId64 " %s %" PRId64,
						 a, expr_operator_text(op), b);
	value_set_int(out, result);
	return true;
}

static bool
apply_arithmetic(const ExprCall *call, Value *out)
{
	ExprOp op = call->expr->op;
	Number a = {0};
	Number b = {0};
	int64_t i;
	int64_t j;

	if (op == EXPR_MOD) /* of integers only, as in pgbench */
		return expr_integer(call, call->args[0], &i) &&
			   expr_integer(call, call->args[1], &j) &&
			   divide(call, i, j, out);
	if (op == EXPR_NEG)
	{
		if (!expr_number(call, call->args[0], &b))
			return false;
	}
	else if (!expr_number(call, call->args[0], &a) ||
			 !expr_number(call, call->args[1], &b))
		return false;
	if (!a.is_double && !b.is_double)
		return apply_integers(call, a.integer, b.integer, out);
	value_set_double(out, op == EXPR_ADD   ? a.number + b.number
						  : op == EXPR_MUL ? a.number * b.number
						  : op == EXPR_DIV ? a.number / b.number
										   : a.number - b.number);
	return true;
}

bool
expr_apply(const ExprCall *call, Value *out)
{
	bool truth;

	switch (call->expr->op)
	{
		case EXPR_NOT:
			if (!expr_boolean(call, call->args[0], &truth))
				return false;
			value_set_bool(out, !truth);
			return true;
		case EXPR_EQ:
		case EXPR_NE:
		case EXPR_LT:
		case EXPR_LE:
		case EXPR_GT:
		case EXPR_GE:
			return apply_comparison(call, out);
		case EXPR_BIT_OR:
		case EXPR_BIT_AND:
		case EXPR_BIT_XOR:
		case EXPR_BIT_NOT:
		case EXPR_SHIFT_LEFT:
		case EXPR_SHIFT_RIGHT:
			return apply_bits(call, out);
		case EXPR_CONCAT:
			return apply_concat(call, out);
		default:
			return apply_arithmetic(call, out);
	}
}
