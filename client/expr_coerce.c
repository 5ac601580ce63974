/*
 * expr_coerce.c
 *	  One value as the number or truth value that an operator needs.
 *
 * A text counts as the number that it spells, because CSV fields and -D
 * variables are text.  Booleans and numbers are never mixed up.
 */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "expr_node.h"

bool
expr_fail(const ExprCall *call, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	err_set(call->err, ERR_DATA, "%s", message);
	if (call->err != NULL)
	{
		call->err->line = call->expr->line;
		call->err->column = call->expr->column;
	}
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The text without blanks around it; it stays NUL-terminated or is refused. */
static ValueKind
read_text(const Value *value, Number *out)
{
	const char *text = value->text != NULL ? value->text : "";
	size_t len = value->len;
	char trimmed[400];

	while (len > 0 && is_blank(text[0]))
	{
		text++;
		len--;
	}
	if (len >= sizeof(trimmed))
		return VALUE_TEXT;
	if (len == 0 || !is_blank(text[len - 1]))
		return value_read_number(text, len, &out->integer, &out->number);
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	memcpy(trimmed, text, len);
	trimmed[len] = '\0';
	return value_read_number(trimmed, len, &out->integer, &out->number);
}

bool
expr_number(const ExprCall *call, const Value *value, Number *out)
{
	ValueKind kind = value->kind;

	if (kind == VALUE_INT)
		out->integer = value->integer;
	else if (kind == VALUE_DOUBLE)
		out->number = value->number;
	else if (kind == VALUE_TEXT)
		kind = read_text(value, out);
	if (kind != VALUE_INT && kind != VALUE_DOUBLE)
	{
		if (kind == VALUE_TEXT)
			expr_fail(call, "\"%.60s\" is not a number",
					  value->text != NULL ? value->text : "");
		else
			expr_fail(call, "a %s is not a number", value_kind_name(kind));
		return false;
	}
	out->is_double = kind == VALUE_DOUBLE;
	if (!out->is_double)
		out->number = (double) out->integer;
	return true;
}

bool
expr_integer(const ExprCall *call, const Value *value, int64_t *out)
{
	Number number;
	double whole;

	if (!expr_number(call, value, &number))
		return false;
	if (!number.is_double)
	{
		*out = number.integer;
		return true;
	}
	whole = rint(number.number);
	/* 2^63 is a double, the greatest integer below it is not */
	if (!(whole >= -0x1.0p63 && whole < 0x1.0p63))
		return expr_fail(call, "%g does not fit into an integer",
						 number.number);
	*out = (int64_t) whole;
	return true;
}

bool
expr_double(const ExprCall *call, const Value *value, double *out)
{
	Number number;

	if (!expr_number(call, value, &number))
		return false;
	*out = number.number;
	return true;
}

/* The words that PostgreSQL takes for a boolean; beginnings count but "o". */
static bool
read_boolean(const Value *value, bool *out)
{
	const char *text = value->text;
	size_t len = value->len;

	if (len == 0)
		return false;
	*out = strncasecmp(text, "true", len) == 0 ||
		   strncasecmp(text, "yes", len) == 0 || strcasecmp(text, "on") == 0;
	return *out || strncasecmp(text, "false", len) == 0 ||
		   strncasecmp(text, "no", len) == 0 ||
		   (len > 1 && strncasecmp(text, "off", len) == 0);
}

bool
expr_is_boolean(const Value *value, bool *out)
{
	if (value->kind == VALUE_BOOL)
		*out = value->boolean;
	else if (value->kind != VALUE_TEXT || !read_boolean(value, out))
		return false;
	return true;
}

bool
expr_boolean(const ExprCall *call, const Value *value, bool *out)
{
	if (expr_is_boolean(value, out))
		return true;
	expr_fail(call, "a boolean is needed here, not %s %s",
			  value->kind == VALUE_INT ? "an" : "a",
			  value_kind_name(value->kind));
	err_hint(call->err, "compare it, for example \":n <> 0\"");
	return false;
}

bool
expr_truth(const ExprCall *call, const Value *value, bool *out)
{
	Number number;

	if (value->kind == VALUE_NULL)
		*out = false;
	else if (expr_is_boolean(value, out))
		return true;
	else if (!expr_number(call, value, &number))
		return expr_fail(call, "\"%.60s\" is neither true nor false",
						 value->text != NULL ? value->text : "");
	else
		*out = number.number != 0;
	return true;
}
