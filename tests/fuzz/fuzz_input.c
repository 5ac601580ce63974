/*
 * fuzz_input.c
 *		Any bytes as an input: the first byte chooses format and header.
 *
 * Reading ends, every record is a row of all columns or is told as bad, lines
 * never run backwards, and the texts of a row are UTF-8 without NUL.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "input_text.h"
#include "utf8.h"

typedef InputRecord (*ReadFn)(InputText *text, Row *row);

static void
check_row(const Row *row, const RowColumns *columns, bool learns)
{
	MUST(learns || row->nfields == columns->count, "columns are missing");
	for (int i = 0; i < row->nfields; i++)
	{
		size_t len;
		const char *text = row_text(row, i, &len);

		MUST(text == NULL || text[len] == '\0', "a text that does not end");
		for (size_t at = 0; text != NULL && at < len;)
		{
			uint32_t code;
			int n = utf8_decode(text + at, len - at, &code);

			MUST(n > 0 && code != 0, "a text that is none");
			at += (size_t) n;
		}
	}
}

static void
read_all(InputText *text, ReadFn read_fn)
{
	InputRecord found;
	int64_t line = 0;
	Row *row = row_new();

	for (;;)
	{
		row_reset(row, 0);
		found = read_fn(text, row);
		if (found != RECORD_ROW && found != RECORD_BAD)
			break;
		MUST(text->begun_line >= line && text->line >= text->begun_line,
			 "lines run backwards");
		line = text->begun_line;
		if (found == RECORD_BAD)
			MUST(text->err.message[0] != '\0', "bad without a message");
		else
			check_row(row, text->columns, text->learns);
		MUST(row->len <= text->max_row_bytes + (size_t) row->nfields + 1,
			 "a row over the limit");
	}
	MUST(found == RECORD_END, "a file cannot fail");
	row_free(row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ReadFn formats[] = {input_csv_read, input_tsv_read,
									 input_json_read, input_lines_read,
									 input_nul_read};
	static char path[] = "/tmp/fuzz_input.XXXXXX";
	static int fd = -1;
	RowColumns columns = {0};
	InputText text;
	Err err;

	if (size < 1)
		return 0;
	if (fd < 0)
		fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, 0) != 0 ||
		pwrite(fd, data + 1, size - 1, 0) != (ssize_t) size - 1)
		abort();
	MUST(input_text_open(&text, path, -1, &err), "cannot open");
	text.delimiter = data[0] & 0x40 ? '\t' : ',';
	text.max_row_bytes = data[0] & 0x20 ? 16 : 1 << 20;
	text.columns = &columns;
	text.learns = data[0] & 0x80;
	row_columns_add(&columns, "line", 4);
	if (data[0] % 8 < 3 && data[0] & 0x10)
		row_columns_add(&columns, "b", 1);
	input_text_skip_mark(&text);
	read_all(&text, formats[data[0] % 8 % 5]);
	input_text_close(&text);
	row_columns_clear(&columns);
	return 0;
}
