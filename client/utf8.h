/*
 * utf8.h
 *	  Telling well-formed UTF-8 from bytes that only look like it.
 *
 * Too small for a library: one function, used wherever text from outside is
 * printed or encoded.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Length of the well-formed character at text (1 to 4), which has len bytes
 * left, and its code point in *code; 0 when there is none.  Overlong forms,
 * surrogates and values over U+10FFFF are not well-formed (RFC 3629).
 */
static inline int
utf8_decode(const char *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *) text;
	int n;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
	{
		*code = s[0];
		return 1;
	}
	n = s[0] >= 0xF8   ? 0
		: s[0] >= 0xF0 ? 4
		: s[0] >= 0xE0 ? 3
		: s[0] >= 0xC0 ? 2
					   : 0;
	if (n == 0 || (size_t) n > len)
		return 0;
	*code = s[0] & (0x7Fu >> n);
	for (int i = 1; i < n; i++)
	{
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3Fu);
	}
	if (*code < least[n] || *code > 0x10FFFF ||
		(*code >= 0xD800 && *code <= 0xDFFF))
		return 0;
	return n;
}

#endif /* UTF8_H */
