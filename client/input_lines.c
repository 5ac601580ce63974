/*
 * input_lines.c
 *	  Records that end with one byte: plain lines, NUL-separated items, TSV.
 *
 * TSV is what psql's \copy and jq's @tsv write: no quotes, a backslash
 * before what would otherwise end a field, \N for NULL.
 */
#include <string.h>

#include "input_text.h"

/* The line as the only column. */
static InputRecord
whole_line(InputText *text, Row *row)
{
	row_append(row, text->buf.data, text->buf.len);
	row_set(row, 0, ROW_TEXT, 0);
	return input_text_check(text, row);
}

InputRecord
input_lines_read(InputText *text, Row *row)
{
	InputRecord found = input_text_line(text, '\n');

	if (found != RECORD_ROW)
		return found;
	if (text->buf.len > 0 && text->buf.data[text->buf.len - 1] == '\r')
		text->buf.len--;
	return whole_line(text, row);
}

InputRecord
input_nul_read(InputText *text, Row *row)
{
	InputRecord found = input_text_line(text, '\0');

	return found == RECORD_ROW ? whole_line(text, row) : found;
}

/* What stands for the byte behind a backslash; 0: nothing known. */
static char
unescaped(char c)
{
	static const char codes[] = "tnrbfv\\";
	static const char bytes[] = "\t\n\r\b\f\v\\";
	const char *found = c != '\0' ? strchr(codes, c) : NULL;

	return found != NULL ? bytes[found - codes] : '\0';
}

/* One field, up to its tab or the end; false: a backslash nobody knows. */
static bool
tsv_field(Row *row, int column, const char *text, size_t len)
{
	size_t from = row->len;

	if (len == 2 && memcmp(text, "\\N", 2) == 0)
	{
		row_set(row, column, ROW_NULL, from);
		return true;
	}
	while (len > 0)
	{
		const char *escape = memchr(text, '\\', len);
		size_t plain = escape != NULL ? (size_t) (escape - text) : len;
		char byte;

		row_append(row, text, plain);
		text += plain;
		len -= plain;
		if (len == 0)
			break;
		byte = len > 1 ? unescaped(text[1]) : '\0';
		if (byte == '\0')
			return false;
		row_append(row, &byte, 1);
		text += 2;
		len -= 2;
	}
	row_set(row, column, ROW_TEXT, from);
	return true;
}

static InputRecord
tsv_columns(InputText *text, int nfields)
{
	int wanted = text->columns->count;

	if (text->learns || nfields == wanted)
		return RECORD_ROW;
	return input_text_bad(text, "%d column%s, where there should be %d",
						  nfields, nfields == 1 ? "" : "s", wanted);
}

static InputRecord
tsv_record(InputText *text, Row *row)
{
	const char *at = text->buf.data;
	const char *end = at + text->buf.len;
	int nfields = 0;

	for (bool more = true; more; nfields++)
	{
		const char *tab = memchr(at, '\t', (size_t) (end - at));
		const char *stop = tab != NULL ? tab : end;

		more = tab != NULL;
		if (!text->learns && nfields >= text->columns->count)
		{
			at = stop + 1;
			continue;
		}
		if (!tsv_field(row, nfields, at, (size_t) (stop - at)))
		{
			input_text_bad(text, "column %d: an unknown backslash sequence",
						   nfields + 1);
			err_hint(&text->err, "write \\\\ for a backslash, or read it with "
								 "--input-format csv --input-delimiter tab");
			return RECORD_BAD;
		}
		at = stop + 1;
	}
	if (tsv_columns(text, nfields) != RECORD_ROW)
		return RECORD_BAD;
	return input_text_check(text, row);
}

InputRecord
input_tsv_read(InputText *text, Row *row)
{
	for (;;)
	{
		InputRecord found = input_text_line(text, '\n');

		if (found != RECORD_ROW)
			return found;
		if (text->buf.len > 0 && text->buf.data[text->buf.len - 1] == '\r')
			text->buf.len--;
		if (text->buf.len > 0)
			return tsv_record(text, row);
	}
}
