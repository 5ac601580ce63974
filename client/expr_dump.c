/*
 * expr_dump.c
 *	  An expression as canonical text, every operator in parentheses.
 */
#include <string.h>

#include "buf.h"
#include "expr_node.h"

static void
dump_const(const Value *value, Buf *out)
{
	char scratch[VALUE_SCRATCH];
	size_t len;
	const char *text = value_text(value, scratch, &len);

	if (value->kind == VALUE_NULL)
		buf_puts(out, "NULL");
	else if (value->kind == VALUE_BOOL)
		buf_puts(out, value->boolean ? "TRUE" : "FALSE");
	else if (value->kind == VALUE_TEXT)
	{
		buf_putc(out, '\'');
		for (size_t i = 0; i < len; i++)
		{
			if (text[i] == '\'')
				buf_putc(out, '\'');
			buf_putc(out, text[i]);
		}
		buf_putc(out, '\'');
	}
	else
	{
		buf_append(out, text, len);
		/* a double must read back as one */
		if (value->kind == VALUE_DOUBLE && strpbrk(text, ".e") == NULL)
			buf_puts(out, ".0");
	}
}

static void
dump_case(const Expr *expr, const Symbols *symbols, Buf *out)
{
	int i;

	buf_puts(out, "CASE");
	for (i = 0; i + 1 < expr->nargs; i += 2)
	{
		buf_puts(out, " WHEN ");
		expr_dump(expr->args[i], symbols, out);
		buf_puts(out, " THEN ");
		expr_dump(expr->args[i + 1], symbols, out);
	}
	if (i < expr->nargs)
	{
		buf_puts(out, " ELSE ");
		expr_dump(expr->args[i], symbols, out);
	}
	buf_puts(out, " END");
}

static void
dump_call(const Expr *expr, const Symbols *symbols, Buf *out)
{
	buf_printf(out, "%s(", expr->function->name);
	for (int i = 0; i < expr->nargs; i++)
	{
		if (i > 0)
			buf_puts(out, ", ");
		expr_dump(expr->args[i], symbols, out);
	}
	buf_putc(out, ')');
}

static void
dump_operator(const Expr *expr, const Symbols *symbols, Buf *out)
{
	const char *text = expr_operator_text(expr->op);
	bool is_postfix = expr->op == EXPR_IS_NULL || expr->op == EXPR_IS_TRUE ||
					  expr->op == EXPR_IS_FALSE;

	buf_putc(out, '(');
	if (expr->nargs == 1 && !is_postfix)
		buf_printf(out, "%s ", text);
	expr_dump(expr->args[0], symbols, out);
	if (expr->nargs > 1 || is_postfix)
		buf_printf(out, " %s", text);
	if (expr->nargs > 1)
	{
		buf_putc(out, ' ');
		expr_dump(expr->args[1], symbols, out);
	}
	buf_putc(out, ')');
}

void
expr_dump(const Expr *expr, const Symbols *symbols, Buf *out)
{
	if (expr->op == EXPR_CONST)
		dump_const(&expr->value, out);
	else if (expr->op == EXPR_VARIABLE)
		buf_printf(out, ":%s", symbols->names[expr->symbol]);
	else if (expr->op == EXPR_CASE)
		dump_case(expr, symbols, out);
	else if (expr->op == EXPR_CALL)
		dump_call(expr, symbols, out);
	else
		dump_operator(expr, symbols, out);
}
