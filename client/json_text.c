/*
 * json_text.c
 *	  Where the tokens of a JSON text begin and end (RFC 8259).
 */
#include "json_text.h"

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
