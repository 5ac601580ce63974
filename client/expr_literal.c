/*
 * expr_literal.c
 *	  The leaves of an expression: numbers and strings as they are written.
 */
#include "expr_reader.h"

#include <string.h>

#include "arena.h"

Expr *
expr_fail_at(ExprReader *p, size_t pos, const char *problem,
			 const char *remedy)
{
	lex_error(p->lex, pos, p->err, "%s", problem);
	if (remedy != NULL)
		err_hint(p->err, "%s", remedy);
	return NULL;
}

Expr *
expr_new_node(ExprReader *p, ExprOp op, size_t pos)
{
	Expr *expr = arena_alloc(p->plan->arena, sizeof(Expr));
	Place place = lex_place(p->lex, pos);

	expr->op = op;
	expr->line = place.line;
	expr->column = place.column;
	expr->depth = 1;
	return expr;
}

Expr *
expr_constant_null(ExprReader *p, size_t pos)
{
	return expr_new_node(p, EXPR_CONST, pos);
}

Expr *
expr_constant_bool(ExprReader *p, bool boolean, size_t pos)
{
	Expr *expr = expr_new_node(p, EXPR_CONST, pos);

	value_set_bool(&expr->value, boolean);
	return expr;
}

Expr *
expr_constant_int(ExprReader *p, int64_t integer, size_t pos)
{
	Expr *expr = expr_new_node(p, EXPR_CONST, pos);

	value_set_int(&expr->value, integer);
	return expr;
}

Expr *
expr_constant_double(ExprReader *p, double number, size_t pos)
{
	Expr *expr = expr_new_node(p, EXPR_CONST, pos);

	value_set_double(&expr->value, number);
	return expr;
}

bool
expr_begins_number(const Lexer *lex)
{
	char c = lex_peek(lex, lex_peek(lex, 0) == '.' ? 1 : 0);

	return c >= '0' && c <= '9';
}

/* Length of the number at pos: digits [. digits] [e [sign] digits]. */
static size_t
number_len(ExprReader *p)
{
	Lexer *lex = p->lex;
	size_t n = 0;
	size_t e;

	while (lex_peek(lex, n) >= '0' && lex_peek(lex, n) <= '9')
		n++;
	if (lex_peek(lex, n) == '.')
		n++;
	while (lex_peek(lex, n) >= '0' && lex_peek(lex, n) <= '9')
		n++;
	if (lex_peek(lex, n) != 'e' && lex_peek(lex, n) != 'E')
		return n;
	e = n + 1;
	if (lex_peek(lex, e) == '+' || lex_peek(lex, e) == '-')
		e++;
	if (lex_peek(lex, e) < '0' || lex_peek(lex, e) > '9')
		return n;
	while (lex_peek(lex, e) >= '0' && lex_peek(lex, e) <= '9')
		e++;
	return e;
}

/* The minus in front belongs to it, so that the least integer can be said. */
Expr *
expr_read_number(ExprReader *p, bool negative, size_t start)
{
	char text[512] = "-";
	size_t len = number_len(p);
	int64_t integer = 0;
	double number = 0;
	ValueKind kind = VALUE_TEXT;

	if (len < sizeof(text) - 1)
	{
		memcpy(text + 1, p->lex->text + p->lex->pos, len);
		text[len + 1] = '\0';
		kind = value_read_number(negative ? text : text + 1,
								 negative ? len + 1 : len, &integer, &number);
	}
	if (kind == VALUE_DOUBLE && strpbrk(text, ".eE") == NULL)
		return expr_fail_at(
			p, start, "the number does not fit into an integer",
			"integers go from -9223372036854775808 to 9223372036854775807; add .0 for a double");
	if (kind == VALUE_TEXT)
		return expr_fail_at(p, start, "the number is too large",
							"doubles go up to about 1.8e308");
	p->lex->pos += len;
	return kind == VALUE_INT ? expr_constant_int(p, integer, start)
							 : expr_constant_double(p, number, start);
}

Expr *
expr_read_string(ExprReader *p)
{
	Lexer *lex = p->lex;
	size_t start = lex->pos;
	Buf buf = {0};
	Expr *expr = NULL;

	lex->pos++;
	while (!lex_is_line_end(lex, lex->pos))
	{
		size_t skip = lex_continuation(lex, lex->pos);

		if (skip > 0)
			lex->pos += skip;
		else if (lex_peek(lex, 0) != '\'')
			buf_putc(&buf, lex->text[lex->pos++]);
		else if (lex_peek(lex, 1) == '\'')
		{
			buf_putc(&buf, '\'');
			lex->pos += 2;
		}
		else
		{
			lex->pos++;
			expr = expr_new_node(p, EXPR_CONST, start);
			expr->value.kind = VALUE_TEXT;
			expr->value.text = arena_text(p->plan->arena, buf.data, buf.len);
			expr->value.len = buf.len;
			break;
		}
	}
	buf_free(&buf);
	if (expr == NULL)
		expr_fail_at(p, start,
					 "the string that begins here does not end on its line",
					 "add the closing quote; a quote inside is written twice");
	return expr;
}
