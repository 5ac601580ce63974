/*
 * input.h
 *	  The rows of the job: from a file, standard input or a query.
 *
 * An Input has a thread that reads ahead, a bounded number of rows and bytes,
 * so that a slow pipe or server never holds a loop.  Rows are pulled, from
 * any thread, in the order of the input.
 */
#ifndef INPUT_H
#define INPUT_H

#include "conn_target.h"
#include "row.h"

typedef enum InputFormat
{
	INPUT_AUTO, /* as the file's name ends: .csv .tsv .jsonl .txt, else CSV */
	INPUT_CSV,
	INPUT_TSV,
	INPUT_JSONL,
	INPUT_LINES,
	INPUT_NUL
} InputFormat;

typedef enum InputHeader
{
	INPUT_HEADER_AUTO, /* yes, unless the columns are named */
	INPUT_HEADER_YES,
	INPUT_HEADER_NO
} InputHeader;

#define INPUT_MAX_ROW_BYTES (INT64_C(16) << 20) /* unless set otherwise */

/* Zero bytes: no input. */
typedef struct InputOptions
{
	const char *file; /* "-": standard input; NULL: none */
	const char *sql;  /* NULL: none */
	InputFormat format;
	InputHeader header;
	char delimiter;		   /* of CSV; 0: a comma */
	const char *columns;   /* "a,b,c"; NULL: not named */
	int64_t max_row_bytes; /* 0: INPUT_MAX_ROW_BYTES; below 1 GB */
} InputOptions;

typedef struct Input Input;

typedef enum InputState
{
	INPUT_ROW,
	INPUT_BAD,	 /* a record that is no row was passed over */
	INPUT_WAIT,	 /* nothing yet: on_more will be called */
	INPUT_END,	 /* that was all */
	INPUT_FAILED /* reading broke off; what came before was whole */
} InputState;

/*
 * Open it, and read as far as the names of the columns, which may wait for a
 * pipe.  The options' texts must outlive the input; conn is for a query only.
 * NULL: err (ERR_USAGE, for a query also ERR_CONNECT, ERR_SQL) says why.
 */
extern Input *input_open(const InputOptions *options, const ConnSettings *conn,
						 Err *err);
extern void input_free(Input *input); /* also in the middle */

/* Its columns, never to change; none: an empty input of JSON lines. */
extern const RowColumns *input_columns(const Input *input);

/* File name, "<stdin>" or "--input-sql", for messages. */
extern const char *input_name(const Input *input);

/* End the reader; on_more will not be called any more.  Twice is fine. */
extern void input_stop(Input *input);

/*
 * Begin to read ahead; to be called once, before the first pull.  on_more runs
 * on the reader's thread, once after each INPUT_WAIT.
 */
extern void input_start(Input *input, void (*on_more)(void *arg), void *arg);

/*
 * The next row, the caller's until it gives it back.  Never waits.  For
 * INPUT_BAD and INPUT_FAILED err says what and where.
 */
extern InputState input_pull(Input *input, Row **row, Err *err);
extern void input_give_back(Input *input, Row *row);

#endif /* INPUT_H */
