/*
 * expr_functions.c
 *	  The functions of an expression: pgbench's, by their names.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "expr_node.h"
#include "hash.h"

static bool
call_abs(const ExprCall *call, Value *out)
{
	Number x;

	if (!expr_number(call, call->args[0], &x))
		return false;
	if (x.is_double)
		value_set_double(out, fabs(x.number));
	else if (x.integer == INT64_MIN)
		return expr_fail(call, "integer out of range: abs(%" PRId64 ")",
						 x.integer);
	else
		value_set_int(out, x.integer < 0 ? -x.integer : x.integer);
	return true;
}

/*
 * The one place beside main and the reports that prints: to print is what
 * this function is for, and its form is the one that pgbench's readers know.
 */
static bool
call_debug(const ExprCall *call, Value *out)
{
	char scratch[VALUE_SCRATCH];
	size_t len;
	const char *text = value_text(call->args[0], scratch, &len);

	if (text == NULL)
		fprintf(stderr, "debug(line=%d): null\n", call->expr->line);
	else
		fprintf(stderr, "debug(line=%d): %s %s\n", call->expr->line,
				call->args[0]->kind == VALUE_INT
					? "int"
					: value_kind_name(call->args[0]->kind),
				text);
	value_copy(out, call->args[0]);
	return true;
}

static bool
call_double(const ExprCall *call, Value *out)
{
	double x;

	if (!expr_double(call, call->args[0], &x))
		return false;
	value_set_double(out, x);
	return true;
}

static bool
call_int(const ExprCall *call, Value *out)
{
	int64_t x;

	if (!expr_integer(call, call->args[0], &x))
		return false;
	value_set_int(out, x);
	return true;
}

/* exp, ln and sqrt: a double to a double, out of range gives inf or NaN */
static bool
call_real(const ExprCall *call, double (*fn)(double), Value *out)
{
	double x;

	if (!expr_double(call, call->args[0], &x))
		return false;
	value_set_double(out, fn(x));
	return true;
}

static bool
call_exp(const ExprCall *call, Value *out)
{
	return call_real(call, exp, out);
}

static bool
call_ln(const ExprCall *call, Value *out)
{
	return call_real(call, log, out);
}

static bool
call_sqrt(const ExprCall *call, Value *out)
{
	return call_real(call, sqrt, out);
}

static bool
call_pi(const ExprCall *call, Value *out)
{
	(void) call;
	value_set_double(out, M_PI);
	return true;
}

static bool
call_pow(const ExprCall *call, Value *out)
{
	double x;
	double y;

	if (!expr_double(call, call->args[0], &x) ||
		!expr_double(call, call->args[1], &y))
		return false;
	value_set_double(out, pow(x, y));
	return true;
}

static bool
call_mod(const ExprCall *call, Value *out)
{
	int64_t a;
	int64_t b;

	if (!expr_integer(call, call->args[0], &a) ||
		!expr_integer(call, call->args[1], &b))
		return false;
	if (b == 0)
		return expr_fail(call, "division by zero");
	value_set_int(out, b == -1 ? 0 : a % b);
	return true;
}

/* One double among the arguments makes the result a double. */
static bool
pick(const ExprCall *call, bool greatest, Value *out)
{
	Number best = {0};

	for (int i = 0; i < call->nargs; i++)
	{
		Number x;
		bool any_double;
		bool better;

		if (!expr_number(call, call->args[i], &x))
			return false;
		any_double = best.is_double || x.is_double;
		if (any_double)
			better =
				greatest ? x.number > best.number : x.number < best.number;
		else
			better =
				greatest ? x.integer > best.integer : x.integer < best.integer;
		if (i == 0 || better)
			best = x;
		best.is_double = best.is_double || (i > 0 && any_double);
	}
	if (best.is_double)
		value_set_double(out, best.number);
	else
		value_set_int(out, best.integer);
	return true;
}

static bool
call_greatest(const ExprCall *call, Value *out)
{
	return pick(call, true, out);
}

static bool
call_least(const ExprCall *call, Value *out)
{
	return pick(call, false, out);
}

static bool
call_hash(const ExprCall *call, int64_t (*fn)(int64_t, uint64_t), Value *out)
{
	int64_t x;
	int64_t seed;

	if (!expr_integer(call, call->args[0], &x) ||
		!expr_integer(call, call->args[1], &seed))
		return false;
	value_set_int(out, fn(x, (uint64_t) seed));
	return true;
}

static bool
call_hash_fnv1a(const ExprCall *call, Value *out)
{
	return call_hash(call, hash_fnv1a, out);
}

static bool
call_hash_murmur2(const ExprCall *call, Value *out)
{
	return call_hash(call, hash_murmur2, out);
}

static bool
call_permute(const ExprCall *call, Value *out)
{
	int64_t x;
	int64_t size;
	int64_t seed;

	if (!expr_integer(call, call->args[0], &x) ||
		!expr_integer(call, call->args[1], &size) ||
		!expr_integer(call, call->args[2], &seed))
		return false;
	if (size < 1)
		return expr_fail(
			call, "the size of permute must be at least 1, not %" PRId64,
			size);
	value_set_int(out, hash_permute(x, size, seed));
	return true;
}

static bool
random_range(const ExprCall *call, int64_t *lo, int64_t *hi)
{
	int64_t range;

	if (!expr_integer(call, call->args[0], lo) ||
		!expr_integer(call, call->args[1], hi))
		return false;
	if (*lo > *hi)
		return expr_fail(call,
						 "the range from %" PRId64 " to %" PRId64 " is empty",
						 *lo, *hi);
	if (__builtin_sub_overflow(*hi, *lo, &range) || range == INT64_MAX)
		return expr_fail(
			call, "the range from %" PRId64 " to %" PRId64 " is too large",
			*lo, *hi);
	return true;
}

static bool
call_random(const ExprCall *call, Value *out)
{
	int64_t lo;
	int64_t hi;

	if (!random_range(call, &lo, &hi))
		return false;
	value_set_int(out, random_uniform(call->random, lo, hi));
	return true;
}

static bool
call_random_exponential(const ExprCall *call, Value *out)
{
	int64_t lo;
	int64_t hi;
	double parameter;

	if (!random_range(call, &lo, &hi) ||
		!expr_double(call, call->args[2], &parameter))
		return false;
	if (!(parameter > 0))
		return expr_fail(
			call, "the exponential parameter must be more than 0, not %g",
			parameter);
	value_set_int(out, random_exponential(call->random, lo, hi, parameter));
	return true;
}

static bool
call_random_gaussian(const ExprCall *call, Value *out)
{
	int64_t lo;
	int64_t hi;
	double parameter;

	if (!random_range(call, &lo, &hi) ||
		!expr_double(call, call->args[2], &parameter))
		return false;
	if (!(parameter >= 2))
		return expr_fail(call,
						 "the gaussian parameter must be at least 2, not %g",
						 parameter);
	value_set_int(out, random_gaussian(call->random, lo, hi, parameter));
	return true;
}

static bool
call_random_zipfian(const ExprCall *call, Value *out)
{
	int64_t lo;
	int64_t hi;
	double parameter;

	if (!random_range(call, &lo, &hi) ||
		!expr_double(call, call->args[2], &parameter))
		return false;
	if (!(parameter >= 1.001 && parameter <= 1000))
		return expr_fail(
			call,
			"the zipfian parameter must be between 1.001 and 1000, not %g",
			parameter);
	value_set_int(out, random_zipfian(call->random, lo, hi, parameter));
	return true;
}

/* The parser adds the seed where hash and permute are called without one. */
static const ExprFunction functions[] = {
	{"abs", 1, 1, false, call_abs, "abs(x)"},
	{"debug", 1, 1, true, call_debug, "debug(x)"},
	{"double", 1, 1, false, call_double, "double(x)"},
	{"exp", 1, 1, false, call_exp, "exp(x)"},
	{"greatest", 1, EXPR_MAX_ARGS, false, call_greatest, "greatest(x, ...)"},
	{"hash", 1, 2, false, call_hash_murmur2, "hash(x [, seed])"},
	{"hash_fnv1a", 1, 2, false, call_hash_fnv1a, "hash_fnv1a(x [, seed])"},
	{"hash_murmur2", 1, 2, false, call_hash_murmur2,
	 "hash_murmur2(x [, seed])"},
	{"int", 1, 1, false, call_int, "int(x)"},
	{"least", 1, EXPR_MAX_ARGS, false, call_least, "least(x, ...)"},
	{"ln", 1, 1, false, call_ln, "ln(x)"},
	{"mod", 2, 2, false, call_mod, "mod(x, y)"},
	{"permute", 2, 3, false, call_permute, "permute(x, size [, seed])"},
	{"pi", 0, 0, false, call_pi, "pi()"},
	{"pow", 2, 2, false, call_pow, "pow(x, y)"},
	{"power", 2, 2, false, call_pow, "power(x, y)"},
	{"random", 2, 2, false, call_random, "random(lo, hi)"},
	{"random_exponential", 3, 3, false, call_random_exponential,
	 "random_exponential(lo, hi, parameter)"},
	{"random_gaussian", 3, 3, false, call_random_gaussian,
	 "random_gaussian(lo, hi, parameter)"},
	{"random_zipfian", 3, 3, false, call_random_zipfian,
	 "random_zipfian(lo, hi, parameter)"},
	{"sqrt", 1, 1, false, call_sqrt, "sqrt(x)"}};

#define NFUNCTIONS ((int) (sizeof(functions) / sizeof(functions[0])))

const ExprFunction *
expr_function(const char *name, size_t len)
{
	for (int i = 0; i < NFUNCTIONS; i++)
	{
		if (strncasecmp(functions[i].name, name, len) == 0 &&
			functions[i].name[len] == '\0')
			return &functions[i];
	}
	return NULL;
}

int
expr_function_names(const char *names[], int max)
{
	int n = 0;

	while (n < NFUNCTIONS && n < max)
	{
		names[n] = functions[n].name;
		n++;
	}
	return n;
}
