/*
 * report_put.c
 *	  Text from outside on a terminal: made harmless, measured, cut, wrapped.
 *
 * Widths come from a short table of our own: wcwidth() answers by the locale,
 * and a report must not change its layout with it.
 */
#include "report_put.h"

#include <stdarg.h>
#include <string.h>

#include "utf8.h"

typedef struct Range
{
	uint32_t first;
	uint32_t last;
} Range;

static const Range hidden_ranges[] = {
	{0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD},  {0x061C, 0x061C},
	{0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},  {0x2060, 0x206F},
	{0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};

static const Range zero_ranges[] = {
	{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},
	{0x064B, 0x065F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
	{0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

static const Range wide_ranges[] = {
	{0x1100, 0x115F},	{0x231A, 0x231B},  {0x23E9, 0x23EC},
	{0x2614, 0x2615},	{0x2648, 0x2653},  {0x26A1, 0x26A1},
	{0x2705, 0x2705},	{0x274C, 0x274C},  {0x2753, 0x2755},
	{0x2E80, 0x303E},	{0x3041, 0xA4CF},  {0xA960, 0xA97C},
	{0xAC00, 0xD7A3},	{0xF900, 0xFAFF},  {0xFE30, 0xFE6F},
	{0xFF00, 0xFF60},	{0xFFE0, 0xFFE6},  {0x1F000, 0x1F9FF},
	{0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD}};

#define IN_RANGES(code, ranges) \
	in_ranges(code, ranges, sizeof(ranges) / sizeof((ranges)[0]))

static bool
in_ranges(uint32_t code, const Range *ranges, size_t nranges)
{
	for (size_t i = 0; i < nranges; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

/* What stands for a character in ASCII; one column each. */
static char
ascii_of(uint32_t code)
{
	switch (code)
	{
		case 0x00B5: /* micro */
			return 'u';
		case 0x00D7: /* times */
			return 'x';
		case 0x2248: /* about */
			return '~';
		case 0x2192: /* arrow to the right */
			return '>';
		case 0x2212: /* minus */
			return '-';
		case 0x2264: /* at most */
			return '<';
		case 0x2265: /* at least */
			return '>';
		case 0x2588: /* full block */
			return '#';
		default:
			return '?';
	}
}

/*
 * The next character of the text: its bytes in *bytes, its columns as the
 * answer.  What may not be shown becomes "?".
 */
static int
next_char(const char *text, size_t len, const char **shown, int *bytes,
		  int *shown_bytes)
{
	uint32_t code = 0;
	int n = utf8_decode(text, len, &code);

	*bytes = n > 0 ? n : 1;
	*shown = text;
	*shown_bytes = *bytes;
	if (n == 0 || IN_RANGES(code, hidden_ranges))
	{
		*shown = "?";
		*shown_bytes = 1;
		return 1;
	}
	if (code >= 0x300 && IN_RANGES(code, zero_ranges))
		return 0;
	return code >= 0x1100 && IN_RANGES(code, wide_ranges) ? 2 : 1;
}

/* Columns of the first len bytes, as far as they fit; *used: those bytes. */
static int
measure(const char *text, size_t len, int columns, size_t *used)
{
	const char *shown;
	int width = 0;
	size_t at = 0;

	while (at < len)
	{
		int bytes;
		int shown_bytes;
		int one = next_char(text + at, len - at, &shown, &bytes, &shown_bytes);

		if (one > columns - width)
			break;
		width += one;
		at += (size_t) bytes;
	}
	*used = at;
	return width;
}

int
report_put_width(const char *text)
{
	size_t used;

	return measure(text, strlen(text), INT32_MAX, &used);
}

static int
put_bytes(FILE *out, const char *text, size_t len, int columns, bool ascii)
{
	size_t used;
	int width = measure(text, len, columns, &used);
	size_t at = 0;

	while (at < used)
	{
		const char *shown;
		int bytes;
		int shown_bytes;
		int one = next_char(text + at, len - at, &shown, &bytes, &shown_bytes);
		uint32_t code = 0;

		if (ascii && (unsigned char) *shown >= 0x80)
		{
			utf8_decode(shown, (size_t) shown_bytes, &code);
			for (int i = 0; i < one; i++)
				fputc(ascii_of(code), out);
		}
		else
			fwrite(shown, 1, (size_t) shown_bytes, out);
		at += (size_t) bytes;
	}
	return width;
}

int
report_put_text(FILE *out, const char *text, int columns, bool ascii)
{
	return put_bytes(out, text, strlen(text), columns, ascii);
}

/*
 * A word, up to the next blank; a number takes its unit with it, so that no
 * line begins with one.
 */
static size_t
word_len(const char *text)
{
	static const char *const units[] = {"ns", "us", "ms", "s", "%"};
	size_t len = strcspn(text, " ");
	const char *unit = text + len + 1;

	if (len == 0 || text[len] == '\0' || text[len - 1] < '0' ||
		text[len - 1] > '9')
		return len;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
	{
		size_t unit_len = strlen(units[i]);

		if (strncmp(unit, units[i], unit_len) == 0 &&
			strchr(" .,;:)", unit[unit_len]) != NULL)
			return len + 1 + strcspn(unit, " ");
	}
	return len;
}

void
report_put_wrapped(FILE *out, const char *prefix, const char *text,
				   const ReportStyle *style)
{
	int indent = report_put_width(prefix);
	int column;

	if (indent > style->columns / 4)
		indent = 2;
	column = report_put_text(out, prefix, style->columns, style->ascii);
	while (*text != '\0')
	{
		size_t blanks = strspn(text, " ");
		size_t len = word_len(text + blanks);
		size_t used;
		int width;

		text += blanks;
		if (len == 0)
			break;
		width = measure(text, len, INT32_MAX, &used);
		blanks = column > indent && blanks > 0 ? 1 : 0;
		if (column + (int) blanks + width > style->columns && column > indent)
		{
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			blanks = 0;
		}
		/* a word longer than a line is cut where the line ends */
		width =
			measure(text, len, style->columns - column - (int) blanks, &used);
		if (used == 0)
			break;
		fprintf(out, "%*s", (int) blanks, "");
		put_bytes(out, text, used, width, style->ascii);
		column += (int) blanks + width;
		text += used;
	}
	fputc('\n', out);
}

void
report_put_bar(FILE *out, double fraction, int columns, bool ascii)
{
	int full = (int) (fraction * columns + 0.5);

	if (!(fraction > 0))
		full = 0;
	if (full > columns)
		full = columns;
	for (int i = 0; i < columns; i++)
		fputs(i >= full ? " " : ascii ? "#" : "\u2588", out);
}

void
report_put_item(ReportItems *items, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int width;
	int columns = items->style->columns;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	width = report_put_width(text);
	if (items->used > 0 && items->used + 3 + width > columns)
		report_put_items_end(items);
	if (width + 2 > columns)
	{
		report_put_wrapped(items->out, "  ", text, items->style);
		return;
	}
	fputs(items->used == 0 ? "  " : "   ", items->out);
	items->used += items->used == 0 ? 2 : 3;
	items->used +=
		report_put_text(items->out, text, columns, items->style->ascii);
}

void
report_put_items_end(ReportItems *items)
{
	if (items->used > 0)
		fputc('\n', items->out);
	items->used = 0;
}
