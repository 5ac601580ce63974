/*
 * json_text.c
 *	  Where the tokens of a JSON text begin and end (RFC 8259).
 */
#include "json_text.h"

#include <string.h>

static size_t
digits_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

size_t
json_number_len(const char *text, size_t len)
{
	size_t n = len > 0 && text[0] == '-' ? 1 : 0;
	size_t digits = digits_len(text + n, len - n);

	if (digits == 0 || (text[n] == '0' && digits > 1))
		return 0;
	n += digits;
	if (n < len && text[n] == '.')
	{
		digits = digits_len(text + n + 1, len - n - 1);
		if (digits == 0)
			return 0;
		n += 1 + digits;
	}
	if (n < len && (text[n] == 'e' || text[n] == 'E'))
	{
		size_t sign =
			n + 1 < len && (text[n + 1] == '+' || text[n + 1] == '-') ? 1 : 0;

		digits = digits_len(text + n + 1 + sign, len - n - 1 - sign);
		if (digits == 0)
			return 0;
		n += 1 + sign + digits;
	}
	return n;
}

size_t
json_string_len(const char *text, size_t len)
{
	for (size_t n = 1; n < len; n++)
	{
		if (text[n] == '"')
			return n + 1;
		if (text[n] == '\\')
			n++;
	}
	return 0;
}

size_t
json_blanks_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == ' ' || text[n] == '\t' || text[n] == '\n' ||
					   text[n] == '\r'))
		n++;
	return n;
}

size_t
json_value_len(const char *text, size_t len)
{
	size_t at = 0;
	int depth = 0;

	do
	{
		char c;

		at += json_blanks_len(text + at, len - at);
		if (at >= len)
			return len;
		c = text[at];
		if (c == '"')
		{
			size_t n = json_string_len(text + at, len - at);

			at += n > 0 ? n : len - at;
			continue;
		}
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		at++;
		while (strchr("{}[],:", c) == NULL && at < len &&
			   strchr(" \t\r\n{}[],:\"", text[at]) == NULL)
			at++;
	} while (depth > 0);
	return at;
}

void
json_compact(Buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;)
	{
		size_t n = text[i] == '"' ? json_string_len(text + i, len - i) : 1;

		if (n == 0)
			n = len - i; /* no JSON: the rest as it is */
		if (n > 1 || json_blanks_len(text + i, 1) == 0)
			buf_append(out, text + i, n);
		i += n;
	}
}
