/*
 * input_text.h
 *	  The bytes of an input file or pipe, a bufferful at a time.
 *
 * What every format that is a text has in common: bytes, lines, and what a
 * record that is wrong is said to be.  One thread reads.
 */
#ifndef INPUT_TEXT_H
#define INPUT_TEXT_H

#include "buf.h"
#include "err.h"
#include "row.h"

typedef enum InputRecord
{
	RECORD_ROW,
	RECORD_BAD, /* text->err says why; reading goes on behind it */
	RECORD_END,
	RECORD_FAILED /* text->err; nothing more can be read */
} InputRecord;

typedef struct InputText
{
	const char *name; /* for messages */
	int fd;
	int stop_fd; /* readable: somebody wants the reader to end */
	bool is_file;
	char *data; /* what was read and not yet used: at .. end */
	size_t at;
	size_t end;
	int64_t line;		/* of the byte at "at", from 1 */
	int64_t begun_line; /* of the record */
	bool ended;
	bool failed;
	size_t max_row_bytes;
	char delimiter;		 /* of CSV */
	RowColumns *columns; /* the input's */
	bool learns;		 /* what the next record has becomes columns */
	Buf buf;			 /* a line, for formats that need one */
	Err err;
} InputText;

/*
 * Open a file, "-" for standard input.  stop_fd is a pipe's end that ends a
 * wait for bytes when it can be read.
 */
extern bool input_text_open(InputText *text, const char *path, int stop_fd,
							Err *err);
extern void input_text_close(InputText *text);

/*
 * All bytes were used (at == end): get more, waiting for them.  False: there
 * are none any more (ended) or reading failed (failed, err).
 */
extern bool input_text_fill(InputText *text);

/* Over a byte order mark at the very beginning. */
extern void input_text_skip_mark(InputText *text);

/*
 * Bytes up to "end" or the end of the input into text->buf, "end" left out;
 * RECORD_BAD when they are too many: they are skipped.
 */
extern InputRecord input_text_line(InputText *text, char end);

/* text->err, with the record's place; RECORD_BAD. */
extern InputRecord input_text_bad(InputText *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
extern InputRecord input_text_too_large(InputText *text);

/* No NUL and nothing but UTF-8?  Else RECORD_BAD with what and where. */
extern InputRecord input_text_check(InputText *text, const Row *row);

/* The formats, each a record into a row that was reset. */
extern InputRecord input_csv_read(InputText *text, Row *row);
extern InputRecord input_tsv_read(InputText *text, Row *row);
extern InputRecord input_json_read(InputText *text, Row *row);
extern InputRecord input_lines_read(InputText *text, Row *row);
extern InputRecord input_nul_read(InputText *text, Row *row);

#endif /* INPUT_TEXT_H */
