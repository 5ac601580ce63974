/*
 * expr_parse.c
 *	  Text to Expr: the expressions of \set, \if, \assert, \sleep.
 *
 * Precedence climbing.  The levels are those of pgbench's grammar, where all
 * bit operators share one and comparisons do not chain.
 */
#include "expr_parse.h"

#include <string.h>

#include "arena.h"
#include "expr_reader.h"

enum
{
	LEVEL_OR = 1,
	LEVEL_AND,
	LEVEL_NOT,
	LEVEL_IS,
	LEVEL_COMPARE,
	LEVEL_BITS,
	LEVEL_SUM,
	LEVEL_PRODUCT,
	LEVEL_SIGN
};

/* An operator's right side in parentheses is two calls deep. */
#define MAX_RECURSION (2 * EXPR_MAX_DEPTH + 16)

typedef struct Operator
{
	const char *text;
	ExprOp op;
	int level;
} Operator;

/* Longer ones first, so that "<=" is not read as "<". */
static const Operator operators[] = {
	{"<>", EXPR_NE, LEVEL_COMPARE},		 {"!=", EXPR_NE, LEVEL_COMPARE},
	{"<=", EXPR_LE, LEVEL_COMPARE},		 {">=", EXPR_GE, LEVEL_COMPARE},
	{"<<", EXPR_SHIFT_LEFT, LEVEL_BITS}, {">>", EXPR_SHIFT_RIGHT, LEVEL_BITS},
	{"||", EXPR_CONCAT, LEVEL_BITS},	 {"=", EXPR_EQ, LEVEL_COMPARE},
	{"<", EXPR_LT, LEVEL_COMPARE},		 {">", EXPR_GT, LEVEL_COMPARE},
	{"|", EXPR_BIT_OR, LEVEL_BITS},		 {"&", EXPR_BIT_AND, LEVEL_BITS},
	{"#", EXPR_BIT_XOR, LEVEL_BITS},	 {"+", EXPR_ADD, LEVEL_SUM},
	{"-", EXPR_SUB, LEVEL_SUM},			 {"*", EXPR_MUL, LEVEL_PRODUCT},
	{"/", EXPR_DIV, LEVEL_PRODUCT},		 {"%", EXPR_MOD, LEVEL_PRODUCT},
	{"or", EXPR_OR, LEVEL_OR},			 {"and", EXPR_AND, LEVEL_AND}};

#define NOPERATORS ((int) (sizeof(operators) / sizeof(operators[0])))

static Expr *parse_level(ExprReader *p, int level);

/* Give a node its branches; NULL when the tree becomes too deep. */
static Expr *
set_args(ExprReader *p, Expr *expr, Expr **args, int nargs, size_t pos)
{
	expr->args =
		arena_dup(p->plan->arena, args, (size_t) nargs * sizeof(Expr *));
	expr->nargs = nargs;
	for (int i = 0; i < nargs; i++)
	{
		if (args[i]->depth >= expr->depth)
			expr->depth = args[i]->depth + 1;
	}
	if (expr->depth > EXPR_MAX_DEPTH)
		return expr_fail_at(
			p, pos, "the expression is too long",
			"compute parts of it with \\set first: at most 256 operators may depend on each other");
	return expr;
}

/* The word at pos, not taken. */
static Slice
peek_word(ExprReader *p)
{
	Slice word;

	lex_blanks(p->lex);
	word = lex_name(p->lex);
	p->lex->pos -= word.len;
	return word;
}

static bool
take_word(ExprReader *p, const char *word)
{
	Slice next = peek_word(p);

	if (!lex_slice_is(next, word))
		return false;
	p->lex->pos += next.len;
	return true;
}

static bool
take_char(ExprReader *p, char c)
{
	lex_blanks(p->lex);
	if (lex_peek(p->lex, 0) != c || c == '\0')
		return false;
	p->lex->pos++;
	return true;
}

/* The operator at pos, not taken; NULL when there is none. */
static const Operator *
peek_operator(ExprReader *p)
{
	Slice word = peek_word(p);

	for (int i = 0; i < NOPERATORS; i++)
	{
		const char *text = operators[i].text;

		if (lex_is_name_start(text[0])
				? lex_slice_is(word, text)
				: lex_peek(p->lex, 0) == text[0] &&
					  (text[1] == '\0' || lex_peek(p->lex, 1) == text[1]))
			return &operators[i];
	}
	return NULL;
}

static Expr *
parse_variable(ExprReader *p)
{
	size_t start = p->lex->pos;
	Slice name = lex_variable(p->lex);
	Expr *expr;

	if (name.len == 0)
		return expr_fail_at(p, start,
							"a variable's name is expected behind the colon",
							"write :name, with a letter or _ first");
	expr = expr_new_node(p, EXPR_VARIABLE, start);
	expr->symbol = symbols_intern(&p->plan->symbols, name.text, name.len);
	return expr;
}

/* CASE WHEN condition THEN value ... [ELSE value] END, after CASE. */
static Expr *
parse_case(ExprReader *p, size_t start)
{
	Expr *args[EXPR_MAX_ARGS];
	int n = 0;

	while (take_word(p, "when"))
	{
		if (n + 3 > EXPR_MAX_ARGS)
			return expr_fail_at(p, start, "the CASE has too many WHEN parts",
								"use \\if and \\elif for more than 30");
		args[n] = parse_level(p, LEVEL_OR);
		if (args[n++] == NULL)
			return NULL;
		if (!take_word(p, "then"))
			return expr_fail_at(
				p, p->lex->pos, "THEN is expected here",
				"CASE WHEN condition THEN value ELSE value END");
		args[n] = parse_level(p, LEVEL_OR);
		if (args[n++] == NULL)
			return NULL;
	}
	if (n == 0)
		return expr_fail_at(p, p->lex->pos, "WHEN is expected here",
							"CASE WHEN condition THEN value ELSE value END");
	if (take_word(p, "else"))
	{
		args[n] = parse_level(p, LEVEL_OR);
		if (args[n++] == NULL)
			return NULL;
	}
	if (!take_word(p, "end"))
		return expr_fail_at(p, p->lex->pos,
							"WHEN, ELSE or END is expected here",
							"CASE WHEN condition THEN value ELSE value END");
	return set_args(p, expr_new_node(p, EXPR_CASE, start), args, n, start);
}

static Expr *
unknown_name(ExprReader *p, Slice name, size_t start, bool is_call)
{
	const char *names[64];
	const char *nearest;
	char word[64] = "";
	int shown = name.len > 60 ? 60 : (int) name.len;

	memcpy(word, name.text, (size_t) shown);
	nearest = err_nearest(word, names, expr_function_names(names, 64));
	if (!is_call)
	{
		lex_error(p->lex, start, p->err, "unexpected name \"%s\"", word);
		err_hint(
			p->err,
			"a variable is written :%s, a text '%s', a function with parentheses",
			word, word);
		return NULL;
	}
	lex_error(p->lex, start, p->err, "unknown function \"%s\"", word);
	if (nearest != NULL)
		err_hint(p->err, "did you mean \"%s\"?", nearest);
	else
		err_hint(
			p->err,
			"expressions have pgbench's functions, such as random, greatest, mod, hash");
	return NULL;
}

/* The seed that hash and permute use when none is given. */
static Expr *
default_seed(ExprReader *p, size_t start)
{
	Expr *seed = expr_new_node(p, EXPR_VARIABLE, start);

	seed->symbol = symbols_intern(&p->plan->symbols, "default_seed",
								  strlen("default_seed"));
	return seed;
}

static Expr *
wrong_count(ExprReader *p, const ExprFunction *fn, size_t start, int n)
{
	lex_error(p->lex, start, p->err, "%s is called with %d argument%s",
			  fn->name, n, n == 1 ? "" : "s");
	err_hint(p->err, "write %s", fn->usage);
	return NULL;
}

/* After the opening parenthesis. */
static Expr *
parse_call(ExprReader *p, const ExprFunction *fn, size_t start)
{
	Expr *args[EXPR_MAX_ARGS];
	Expr *expr;
	int n = 0;

	if (!take_char(p, ')'))
	{
		do
		{
			if (n == EXPR_MAX_ARGS)
				return wrong_count(p, fn, start, n + 1);
			args[n] = parse_level(p, LEVEL_OR);
			if (args[n++] == NULL)
				return NULL;
		} while (take_char(p, ','));
		if (!take_char(p, ')'))
			return expr_fail_at(
				p, p->lex->pos,
				"a comma or a closing parenthesis is expected here",
				fn->usage);
	}
	if (n < fn->min_args || n > fn->max_args)
		return wrong_count(p, fn, start, n);
	/* only hash and permute leave their last argument open */
	if (n == fn->min_args && fn->max_args == n + 1)
		args[n++] = default_seed(p, start);
	expr = expr_new_node(p, EXPR_CALL, start);
	expr->function = fn;
	return set_args(p, expr, args, n, start);
}

static Expr *
parse_name(ExprReader *p)
{
	size_t start = p->lex->pos;
	Slice name = lex_name(p->lex);
	const ExprFunction *fn = expr_function(name.text, name.len);
	bool is_call;

	if (lex_slice_is(name, "null"))
		return expr_constant_null(p, start);
	if (lex_slice_is(name, "true"))
		return expr_constant_bool(p, true, start);
	if (lex_slice_is(name, "false"))
		return expr_constant_bool(p, false, start);
	if (lex_slice_is(name, "case"))
		return parse_case(p, start);
	is_call = take_char(p, '(');
	if (fn == NULL || !is_call)
		return unknown_name(p, name, start, is_call);
	return parse_call(p, fn, start);
}

static Expr *
nothing_here(ExprReader *p)
{
	Lexer *lex = p->lex;
	char c = lex_peek(lex, 0);

	if (lex_is_line_end(lex, lex->pos))
		return expr_fail_at(
			p, lex->pos, "the expression ends too early",
			"a value is missing here: a number, 'text', :name, a function or parentheses");
	if (c == '"')
		return expr_fail_at(p, lex->pos,
							"a text is written in single quotes here",
							"for example 'text'");
	if (c == '=')
		return expr_fail_at(p, lex->pos,
							"a value is expected here, not an equals sign",
							"\\set takes none: \\set name value");
	return expr_fail_at(
		p, lex->pos, "a value is expected here",
		"that is a number, 'text', :name, a function or parentheses");
}

static Expr *
parse_primary(ExprReader *p)
{
	Lexer *lex = p->lex;
	size_t start;
	Expr *expr;
	char c;

	lex_blanks(lex);
	start = lex->pos;
	c = lex_peek(lex, 0);
	if (c == '(')
	{
		lex->pos++;
		expr = parse_level(p, LEVEL_OR);
		if (expr == NULL || take_char(p, ')'))
			return expr;
		return expr_fail_at(p, lex->pos,
							"a closing parenthesis is expected here", NULL);
	}
	if (c == '\'')
		return expr_read_string(p);
	if (c == ':')
		return parse_variable(p);
	if (expr_begins_number(lex))
		return expr_read_number(p, false, start);
	if (lex_is_name_start(c))
		return parse_name(p);
	return nothing_here(p);
}

/* -x of a number known already is a number. */
static Expr *
make_negative(ExprReader *p, Expr *arg, size_t start)
{
	if (arg->op == EXPR_CONST && arg->value.kind == VALUE_INT &&
		arg->value.integer != INT64_MIN)
		return expr_constant_int(p, -arg->value.integer, start);
	if (arg->op == EXPR_CONST && arg->value.kind == VALUE_DOUBLE)
		return expr_constant_double(p, 0 - arg->value.number, start);
	return set_args(p, expr_new_node(p, EXPR_NEG, start), &arg, 1, start);
}

static Expr *
parse_sign(ExprReader *p, size_t start)
{
	Expr *arg;

	lex_blanks(p->lex);
	if (expr_begins_number(p->lex))
		return expr_read_number(p, true, start);
	arg = parse_level(p, LEVEL_SIGN);
	return arg == NULL ? NULL : make_negative(p, arg, start);
}

static Expr *
parse_prefix(ExprReader *p)
{
	size_t start;
	Expr *arg;
	ExprOp op = EXPR_NOT;

	lex_blanks(p->lex);
	start = p->lex->pos;
	if (take_char(p, '-'))
		return parse_sign(p, start);
	if (take_char(p, '+'))
		return parse_level(p, LEVEL_SIGN);
	if (take_char(p, '~'))
	{
		op = EXPR_BIT_NOT;
		arg = parse_level(p, LEVEL_BITS + 1);
	}
	else if (take_word(p, "not"))
		arg = parse_level(p, LEVEL_NOT);
	else
		return parse_primary(p);
	return arg == NULL
			   ? NULL
			   : set_args(p, expr_new_node(p, op, start), &arg, 1, start);
}

/* x IS [NOT] NULL | TRUE | FALSE, after IS */
static Expr *
parse_is(ExprReader *p, Expr *left, size_t start)
{
	bool negated = take_word(p, "not");
	ExprOp op;
	Expr *expr;

	if (take_word(p, "null"))
		op = EXPR_IS_NULL;
	else if (take_word(p, "true"))
		op = EXPR_IS_TRUE;
	else if (take_word(p, "false"))
		op = EXPR_IS_FALSE;
	else
		return expr_fail_at(p, p->lex->pos,
							"NULL, TRUE or FALSE is expected behind IS",
							"compare other values with =");
	expr = set_args(p, expr_new_node(p, op, start), &left, 1, start);
	if (expr != NULL && negated)
		expr = set_args(p, expr_new_node(p, EXPR_NOT, start), &expr, 1, start);
	return expr;
}

/* IS, ISNULL or NOTNULL behind left: left itself when there is none. */
static Expr *
parse_postfix(ExprReader *p, Expr *left)
{
	size_t start;
	Expr *expr;

	lex_blanks(p->lex);
	start = p->lex->pos;
	if (take_word(p, "is"))
		return parse_is(p, left, start);
	if (take_word(p, "isnull"))
		return set_args(p, expr_new_node(p, EXPR_IS_NULL, start), &left, 1,
						start);
	if (!take_word(p, "notnull"))
		return left;
	expr = set_args(p, expr_new_node(p, EXPR_IS_NULL, start), &left, 1, start);
	return expr == NULL ? NULL
						: set_args(p, expr_new_node(p, EXPR_NOT, start), &expr,
								   1, start);
}

static Expr *
parse_binary(ExprReader *p, Expr *left, const Operator *operator)
{
	size_t start = p->lex->pos;
	Expr *args[2] = {left, NULL};

	p->lex->pos += strlen(operator->text);
	args[1] = parse_level(p, operator->level + 1);
	return args[1] == NULL ? NULL
						   : set_args(p, expr_new_node(p, operator->op, start),
									  args, 2, start);
}

/* Everything that binds at least as tightly as level. */
static Expr *
parse_operators(ExprReader *p, int level)
{
	Expr *left = parse_prefix(p);
	bool compared = false;

	while (left != NULL)
	{
		const Operator *operator= peek_operator(p);
		Expr *before = left;

		if (operator!= NULL && operator->level >= level)
		{
			if (operator->level == LEVEL_COMPARE && compared)
				return expr_fail_at(
					p, p->lex->pos, "comparisons cannot be chained",
					"write \"a < b and b < c\", or use parentheses");
			compared = operator->level == LEVEL_COMPARE;
			left = parse_binary(p, left, operator);
		}
		else if (operator== NULL && level <= LEVEL_IS)
		{
			left = parse_postfix(p, left);
			compared = false;
			if (left == before)
				break;
		}
		else
			break;
	}
	return left;
}

static Expr *
parse_level(ExprReader *p, int level)
{
	Expr *expr;

	if (p->depth == MAX_RECURSION)
		return expr_fail_at(p, p->lex->pos,
							"the expression is nested too deeply",
							"compute parts of it with \\set first");
	p->depth++;
	expr = parse_operators(p, level);
	p->depth--;
	return expr;
}

Expr *
expr_parse(Lexer *lex, Plan *plan, Err *err)
{
	ExprReader p = {.lex = lex, .plan = plan, .err = err};

	return parse_level(&p, LEVEL_OR);
}

Expr *
expr_make_double(Plan *plan, double number, Place place)
{
	Expr *expr = arena_alloc(plan->arena, sizeof(Expr));

	expr->op = EXPR_CONST;
	expr->line = place.line;
	expr->column = place.column;
	expr->depth = 1;
	value_set_double(&expr->value, number);
	return expr;
}

static Expr *
make_binary(Plan *plan, ExprOp op, Expr *left, Expr *right)
{
	Expr *expr = arena_alloc(plan->arena, sizeof(Expr));

	expr->op = op;
	expr->line = left->line;
	expr->column = left->column;
	expr->depth =
		1 + (left->depth > right->depth ? left->depth : right->depth);
	expr->args = arena_alloc(plan->arena, 2 * sizeof(Expr *));
	expr->args[0] = left;
	expr->args[1] = right;
	expr->nargs = 2;
	return expr;
}

Expr *
expr_make_quotient(Plan *plan, Expr *left, Expr *right)
{
	return make_binary(plan, EXPR_DIV, left, right);
}

bool
expr_is_constant(const Expr *expr, double *number)
{
	if (expr->op != EXPR_CONST)
		return false;
	if (expr->value.kind == VALUE_INT)
		*number = (double) expr->value.integer;
	else if (expr->value.kind == VALUE_DOUBLE)
		*number = expr->value.number;
	else
		return false;
	return true;
}
