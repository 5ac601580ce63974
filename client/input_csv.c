/*
 * input_csv.c
 *	  Records of CSV as RFC 4180 describes it.
 *
 * A field in quotes may hold line breaks, the delimiter, and quotes written
 * twice; lines end with LF or CRLF; the last one may lack its end.  A field
 * that is empty and not in quotes is NULL.  What the RFC does not allow (a
 * quote inside an unquoted field, text behind a closing quote, a lone CR) is
 * a bad record rather than a guess, and reading goes on with the next line.
 * Empty lines are skipped.
 *
 * A record is one walk of a small machine over the buffer; each state takes
 * as many bytes as it can.
 */
#include <string.h>

#include "input_text.h"

#define MOST_COLUMNS 4096

typedef enum CsvState
{
	CSV_FIELD,	/* at a field's first byte */
	CSV_PLAIN,	/* in a field without quotes */
	CSV_QUOTED, /* between quotes */
	CSV_QUOTE,	/* behind a quote that ends the field or is the first of two */
	CSV_RETURN, /* behind a CR that must be followed by LF */
	CSV_SKIP,	/* what is left of a line that is wrong */
	CSV_DONE
} CsvState;

typedef struct Csv
{
	InputText *text;
	Row *row;
	size_t from; /* where the field's bytes begin in the row */
	int nfields;
	int64_t quote_line; /* where the quote stands that was opened last */
	bool is_quoted;
	bool is_bad;
} Csv;

/* The first thing that is wrong is the one that is told. */
static void
csv_bad(Csv *csv, const char *what, const char *hint)
{
	if (csv->is_bad)
		return;
	input_text_bad(csv->text, "column %d: %s", csv->nfields + 1, what);
	err_hint(&csv->text->err, "%s", hint);
	csv->is_bad = true;
}

static void
csv_append(Csv *csv, const char *bytes, size_t len)
{
	if (csv->is_bad)
		return;
	if (csv->row->len + len > csv->text->max_row_bytes)
	{
		input_text_too_large(csv->text);
		csv->is_bad = true;
		return;
	}
	row_append(csv->row, bytes, len);
}

static void
csv_end_field(Csv *csv)
{
	const InputText *text = csv->text;
	int most = text->learns ? MOST_COLUMNS : text->columns->count;
	bool has_text = csv->is_quoted || csv->row->len > csv->from;

	if (!csv->is_bad && csv->nfields < most)
		row_set(csv->row, csv->nfields, has_text ? ROW_TEXT : ROW_NULL,
				csv->from);
	csv->nfields++;
	csv->from = csv->row->len;
	csv->is_quoted = false;
}

/* The byte behind a field: the delimiter or a line's end. */
static CsvState
csv_separator(Csv *csv, char c)
{
	csv->text->at++;
	if (c == '\r')
		return CSV_RETURN;
	csv_end_field(csv);
	if (c != '\n')
		return CSV_FIELD;
	csv->text->line++;
	return CSV_DONE;
}

static CsvState
csv_field(Csv *csv)
{
	InputText *text = csv->text;

	if (text->data[text->at] != '"')
		return CSV_PLAIN;
	text->at++;
	csv->is_quoted = true;
	csv->quote_line = text->line;
	return CSV_QUOTED;
}

static CsvState
csv_plain(Csv *csv)
{
	InputText *text = csv->text;
	const char *begin = text->data + text->at;
	const char *end = text->data + text->end;
	const char *at = begin;

	while (at < end && *at != text->delimiter && *at != '\n' && *at != '\r' &&
		   *at != '"')
		at++;
	csv_append(csv, begin, (size_t) (at - begin));
	text->at += (size_t) (at - begin);
	if (at == end)
		return CSV_PLAIN;
	if (*at != '"')
		return csv_separator(csv, *at);
	csv_bad(csv, "a quote inside a field that does not begin with one",
			"put the whole field in quotes, and write each quote twice");
	return CSV_SKIP;
}

static CsvState
csv_quoted(Csv *csv)
{
	InputText *text = csv->text;
	const char *begin = text->data + text->at;
	size_t len = text->end - text->at;
	const char *quote = memchr(begin, '"', len);
	const char *end = quote != NULL ? quote : begin + len;
	const char *at = begin;

	while ((at = memchr(at, '\n', (size_t) (end - at))) != NULL)
	{
		text->line++;
		at++;
	}
	csv_append(csv, begin, (size_t) (end - begin));
	text->at += (size_t) (end - begin) + (quote != NULL ? 1 : 0);
	return quote != NULL ? CSV_QUOTE : CSV_QUOTED;
}

static CsvState
csv_quote(Csv *csv)
{
	InputText *text = csv->text;
	char c = text->data[text->at];

	if (c == '"')
	{
		csv_append(csv, "\"", 1);
		text->at++;
		return CSV_QUOTED;
	}
	if (c == text->delimiter || c == '\n' || c == '\r')
		return csv_separator(csv, c);
	csv_bad(csv, "text behind the closing quote",
			"write each quote inside a field twice");
	return CSV_SKIP;
}

static CsvState
csv_return(Csv *csv)
{
	if (csv->text->data[csv->text->at] == '\n')
		return csv_separator(csv, '\n');
	csv_bad(csv, "a carriage return that no line feed follows",
			"put the field in quotes; lines end with LF or CRLF");
	return CSV_SKIP;
}

static CsvState
csv_skip(Csv *csv)
{
	InputText *text = csv->text;
	const char *begin = text->data + text->at;
	const char *end = memchr(begin, '\n', text->end - text->at);

	if (end == NULL)
	{
		text->at = text->end;
		return CSV_SKIP;
	}
	text->at += (size_t) (end - begin) + 1;
	text->line++;
	return CSV_DONE;
}

/* The input is over: in the middle of a record, or before one. */
static InputRecord
csv_at_end(Csv *csv, CsvState state)
{
	if (csv->text->failed)
		return RECORD_FAILED;
	if (state == CSV_FIELD && csv->nfields == 0)
		return RECORD_END;
	if (state == CSV_QUOTED)
	{
		input_text_bad(csv->text,
					   "column %d: the quote opened in line %lld "
					   "is never closed",
					   csv->nfields + 1, (long long) csv->quote_line);
		err_hint(&csv->text->err, "everything behind it was taken for one "
								  "field: no record of it was read");
		csv->is_bad = true;
	}
	else if (state == CSV_RETURN)
		csv_bad(csv, "a carriage return that no line feed follows",
				"lines end with LF or CRLF");
	csv_end_field(csv);
	return csv->is_bad ? RECORD_BAD : RECORD_ROW;
}

static InputRecord
csv_check(Csv *csv)
{
	InputText *text = csv->text;
	int wanted = text->learns ? csv->nfields : text->columns->count;

	if (csv->nfields > MOST_COLUMNS)
		return input_text_bad(text, "%d columns, more than %d", csv->nfields,
							  MOST_COLUMNS);
	if (csv->nfields != wanted)
	{
		input_text_bad(text, "%d column%s, where there should be %d",
					   csv->nfields, csv->nfields == 1 ? "" : "s", wanted);
		err_hint(&text->err,
				 csv->nfields > wanted
					 ? "is there a field that needs quotes?"
					 : "is there a line break in a field without quotes?");
		return RECORD_BAD;
	}
	return input_text_check(text, csv->row);
}

static InputRecord
csv_record(Csv *csv)
{
	static CsvState (*const steps[])(Csv *) = {
		[CSV_FIELD] = csv_field,   [CSV_PLAIN] = csv_plain,
		[CSV_QUOTED] = csv_quoted, [CSV_QUOTE] = csv_quote,
		[CSV_RETURN] = csv_return, [CSV_SKIP] = csv_skip};
	CsvState state = CSV_FIELD;

	while (state != CSV_DONE)
	{
		if (csv->text->at == csv->text->end && !input_text_fill(csv->text))
			return csv_at_end(csv, state);
		state = steps[state](csv);
	}
	return csv->is_bad ? RECORD_BAD : RECORD_ROW;
}

InputRecord
input_csv_read(InputText *text, Row *row)
{
	InputRecord found;

	for (;;)
	{
		Csv csv = {.text = text, .row = row};

		text->begun_line = text->line;
		found = csv_record(&csv);
		if (found != RECORD_ROW)
			return found;
		/* an empty line: not even a pair of quotes */
		if (csv.nfields != 1 || row->nfields == 0 ||
			row->fields[0].kind != ROW_NULL)
			return csv_check(&csv);
		row_reset(row, 0);
	}
}
