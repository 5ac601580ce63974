/*
 * value.c
 *	  One variable's value: null, boolean, integer, double or text.
 *
 * The text is always NUL-terminated once there is memory for it, so that it
 * can be handed to libraries that want C strings.
 */
#include "value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"
#include "mem.h"

static void
keep_no_text(Value *value)
{
	value->len = 0;
	if (value->text != NULL && value->cap > 0)
		value->text[0] = '\0';
}

static void
keep_text(Value *value, const char *text, size_t len)
{
	if (len >= value->cap)
	{
		size_t cap = value->cap > 0 ? value->cap : 16;

		while (cap <= len)
			cap *= 2;
		/* text may be this very value's text, so nothing is freed before */
		value->text = mem_realloc(value->text, cap);
		value->cap = cap;
	}
	if (len > 0)
		memmove(value->text, text, len);
	value->text[len] = '\0';
	value->len = len;
}

void
value_set_null(Value *value)
{
	value->kind = VALUE_NULL;
	keep_no_text(value);
}

void
value_set_bool(Value *value, bool boolean)
{
	value->kind = VALUE_BOOL;
	value->boolean = boolean;
	keep_no_text(value);
}

void
value_set_int(Value *value, int64_t integer)
{
	value->kind = VALUE_INT;
	value->integer = integer;
	keep_no_text(value);
}

void
value_set_double(Value *value, double number)
{
	value->kind = VALUE_DOUBLE;
	value->number = number;
	keep_no_text(value);
}

void
value_set_text(Value *value, const char *text, size_t len)
{
	value->kind = VALUE_TEXT;
	keep_text(value, text, len);
}

/* Digits from *at on; how many there were. */
static size_t
skip_digits(const char *text, size_t len, size_t *at)
{
	size_t from = *at;

	while (*at < len && text[*at] >= '0' && text[*at] <= '9')
		(*at)++;
	return *at - from;
}

/* [+-] digits [. digits] [e [+-] digits], nothing else, at least one digit. */
static bool
is_decimal(const char *text, size_t len, bool *is_integer)
{
	size_t at = 0;
	size_t digits;

	if (len > 0 && (text[0] == '+' || text[0] == '-'))
		at++;
	digits = skip_digits(text, len, &at);
	*is_integer = at == len;
	if (at < len && text[at] == '.')
	{
		at++;
		digits += skip_digits(text, len, &at);
	}
	if (digits == 0)
		return false;
	if (at < len && (text[at] == 'e' || text[at] == 'E'))
	{
		at++;
		if (at < len && (text[at] == '+' || text[at] == '-'))
			at++;
		if (skip_digits(text, len, &at) == 0)
			return false;
	}
	return at == len;
}

/* False when it does not fit into 64 bits. */
static bool
read_integer(const char *text, size_t len, int64_t *integer)
{
	bool negative = text[0] == '-';
	int64_t sum = 0;

	for (size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0; i < len; i++)
	{
		int digit = text[i] - '0';

		/* downwards, because the least integer has no positive twin */
		if (__builtin_mul_overflow(sum, (int64_t) 10, &sum) ||
			__builtin_sub_overflow(sum, (int64_t) digit, &sum))
			return false;
	}
	if (!negative && sum == INT64_MIN)
		return false;
	*integer = negative ? sum : -sum;
	return true;
}

/* The spellings that PostgreSQL gives to what is no decimal number. */
static bool
read_special(const char *text, size_t len, double *number)
{
	if (len == 3 && memcmp(text, "NaN", 3) == 0)
		*number = NAN;
	else if (len == 8 && memcmp(text, "Infinity", 8) == 0)
		*number = INFINITY;
	else if (len == 9 && memcmp(text, "-Infinity", 9) == 0)
		*number = -INFINITY;
	else
		return false;
	return true;
}

ValueKind
value_read_number(const char *text, size_t len, int64_t *integer,
				  double *number)
{
	bool is_integer;

	if (!is_decimal(text, len, &is_integer))
		return read_special(text, len, number) ? VALUE_DOUBLE : VALUE_TEXT;
	if (is_integer && read_integer(text, len, integer))
		return VALUE_INT;
	*number = strtod(text, NULL);
	return isinf(*number) ? VALUE_TEXT : VALUE_DOUBLE;
}

/* Would the integer print as exactly this text? */
static bool
is_plain_integer(const char *text, size_t len)
{
	if (text[0] == '-')
		return len > 1 && text[1] != '0';
	return text[0] != '+' && (text[0] != '0' || len == 1);
}

void
value_set_number(Value *value, const char *text, size_t len)
{
	int64_t integer = 0;
	double number = 0;

	keep_text(value, text, len);
	value->kind = value_read_number(value->text, len, &integer, &number);
	if (value->kind == VALUE_INT)
	{
		value->integer = integer;
		if (is_plain_integer(value->text, len))
			keep_no_text(value);
	}
	else if (value->kind == VALUE_DOUBLE)
		value->number = number;
}

void
value_copy(Value *to, const Value *from)
{
	if (to == from)
		return;
	to->kind = from->kind;
	if (from->kind == VALUE_BOOL)
		to->boolean = from->boolean;
	else if (from->kind == VALUE_INT)
		to->integer = from->integer;
	else if (from->kind == VALUE_DOUBLE)
		to->number = from->number;
	if (from->kind == VALUE_TEXT || from->len > 0)
		keep_text(to, from->text, from->len);
	else
		keep_no_text(to);
}

void
value_clear(Value *value)
{
	free(value->text);
	memset(value, 0, sizeof(*value));
}

/* The shortest of the three lengths that reads back as the same double. */
static void
print_double(double number, char scratch[VALUE_SCRATCH])
{
	if (isnan(number))
		strcpy(scratch, "NaN");
	else if (isinf(number))
		strcpy(scratch, number > 0 ? "Infinity" : "-Infinity");
	else
	{
		for (int digits = 15; digits <= 17; digits++)
		{
			snprintf(scratch, VALUE_SCRATCH, "%.*g", digits, number);
			if (strtod(scratch, NULL) == number)
				return;
		}
	}
}

size_t
value_int_text(int64_t integer, char scratch[VALUE_SCRATCH])
{
	uint64_t size = integer < 0 ? 0 - (uint64_t) integer : (uint64_t) integer;
	size_t len = 0;

	if (integer < 0)
		scratch[len++] = '-';
	len += digits_put(scratch + len, size);
	scratch[len] = '\0';
	return len;
}

const char *
value_text(const Value *value, char scratch[VALUE_SCRATCH], size_t *len)
{
	const char *text = scratch;

	if (value->kind == VALUE_TEXT ||
		(value->kind != VALUE_NULL && value->len > 0))
	{
		*len = value->len;
		return value->text != NULL ? value->text : "";
	}
	switch (value->kind)
	{
		case VALUE_NULL:
		case VALUE_TEXT:
			*len = 0;
			return NULL;
		case VALUE_BOOL:
			text = value->boolean ? "true" : "false";
			break;
		case VALUE_INT:
			*len = value_int_text(value->integer, scratch);
			return scratch;
		case VALUE_DOUBLE:
			print_double(value->number, scratch);
			break;
	}
	*len = strlen(text);
	return text;
}

const char *
value_kind_name(ValueKind kind)
{
	switch (kind)
	{
		case VALUE_NULL:
			return "null";
		case VALUE_BOOL:
			return "boolean";
		case VALUE_INT:
			return "integer";
		case VALUE_DOUBLE:
			return "double";
		case VALUE_TEXT:
			return "text";
	}
	return "unknown";
}
