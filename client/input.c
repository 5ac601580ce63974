/*
 * input.c
 *	  The rows of the job: from a file, standard input or a query.
 *
 * input_open reads what names the columns on the caller's thread; from
 * input_start on everything but the queue belongs to the reader's thread.  A
 * bad record travels in the queue like a row, numbered 0, its message and
 * hint in place of values, so that it is told where it stood.
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conn_cursor.h"
#include "input_text.h"
#include "mem.h"
#include "row_queue.h"

#define FETCHED_ROWS 256 /* of a query at a time */
#define BAD_BEFORE_FIRST 100

struct Input
{
	const InputOptions *options;
	InputFormat format;
	InputRecord (*read)(InputText *text, Row *row);
	InputText text;
	ConnCursor *cursor; /* NULL: a text */
	RowColumns columns;
	RowQueue *queue;
	int stop_pipe[2];
	pthread_t thread;
	bool has_thread;
	bool hashes; /* the format leaves that to us */
	int64_t nrows;
};

/* -------- names of columns -------- */

static bool
check_names(const Input *input, Err *err)
{
	const RowColumns *columns = &input->columns;

	for (int i = 0; i < columns->count; i++)
	{
		const char *name = columns->names[i];
		int twin = row_columns_find(columns, name, strlen(name));

		if (name[0] == '\0')
			err_set(err, ERR_USAGE, "column %d has no name", i + 1);
		else if (twin != i)
			err_set(err, ERR_USAGE, "columns %d and %d are both named \"%s\"",
					twin + 1, i + 1, name);
		else
			continue;
		if (input->cursor != NULL)
			err_hint(err, "give it a name of its own with AS in the query");
		else if (input->options->columns != NULL)
			err_prefix(err, "--input-columns: ");
		else
			err_hint(err, "name all columns with --input-columns a,b,...; "
						  "with --input-header yes in place of the header");
		return false;
	}
	return true;
}

static void
add_listed_names(Input *input)
{
	const char *at = input->options->columns;

	row_columns_clear(&input->columns);
	for (;;)
	{
		size_t len = strcspn(at, ",");

		row_columns_add(&input->columns, at, len);
		if (at[len] == '\0')
			return;
		at += len + 1;
	}
}

/* Into err, which is about the input's first line. */
static void
place_first_line(const Input *input, Err *err)
{
	snprintf(err->file, sizeof(err->file), "%s", input->text.name);
	err->line = 1;
}

static bool
read_header(Input *input, Err *err)
{
	Row *row = row_new();
	InputRecord found;

	row_reset(row, 0);
	input->text.learns = true;
	found = input->read(&input->text, row);
	input->text.learns = false;
	if (found == RECORD_END)
	{
		err_set(err, ERR_USAGE, "the input is empty: there is no header line");
		err_hint(err, "--input-header no reads an input without one");
		place_first_line(input, err);
	}
	else if (found != RECORD_ROW)
	{
		*err = input->text.err;
		err->kind = ERR_USAGE;
		if (found == RECORD_BAD)
			err_prefix(err, "the header: ");
	}
	else
		for (int i = 0; i < row->nfields; i++)
		{
			size_t len;
			const char *name = row_text(row, i, &len);

			row_columns_add(&input->columns, name != NULL ? name : "", len);
		}
	row_free(row);
	return found == RECORD_ROW;
}

/* The header's names give way to those of --input-columns. */
static bool
rename_columns(Input *input, Err *err)
{
	int count = input->columns.count;

	add_listed_names(input);
	if (input->columns.count == count)
		return true;
	err_set(err, ERR_USAGE,
			"the header has %d columns, and --input-columns names %d", count,
			input->columns.count);
	err_hint(err, "name as many; --input-header no reads the first line as a "
				  "row");
	place_first_line(input, err);
	return false;
}

/* -------- records -------- */

static void
fill_bad_row(Input *input, Row *row)
{
	const Err *err = &input->text.err;

	row_reset(row, 2);
	row_append(row, err->message, strlen(err->message));
	row_set(row, 0, ROW_TEXT, 0);
	row->line = err->line;
	if (err->hint[0] != '\0')
	{
		size_t from = row->len;

		row_append(row, err->hint, strlen(err->hint));
		row_set(row, 1, ROW_TEXT, from);
	}
}

/* One record into the row, good or bad, numbered and hashed. */
static InputRecord
read_record(Input *input, Row *row)
{
	InputRecord found;

	row_reset(row, 0);
	found = input->read(&input->text, row);
	if (found == RECORD_BAD)
		fill_bad_row(input, row);
	else if (found == RECORD_ROW)
	{
		row->number = ++input->nrows;
		row->line = input->text.begun_line;
		if (input->hashes)
			row_hash(row, &input->columns);
	}
	return found;
}

/* column1, column2 ..., as VALUES names them. */
static void
number_columns(Input *input, const Row *row)
{
	char name[32];

	for (int i = 0; i < row->nfields; i++)
	{
		snprintf(name, sizeof(name), "column%d", i + 1);
		row_columns_add(&input->columns, name, strlen(name));
	}
}

/*
 * No header: the first record that can be read tells the columns.  It stays a
 * row, and is the first in the queue.
 */
static bool
learn_from_first(Input *input, Err *err)
{
	bool hashes = input->hashes;
	InputRecord found = RECORD_BAD;

	input->text.learns = true;
	input->hashes = false;
	for (int i = 0; found == RECORD_BAD && i < BAD_BEFORE_FIRST; i++)
	{
		Row *row = row_queue_spare(input->queue);

		found = read_record(input, row);
		if (found == RECORD_ROW && hashes)
		{
			number_columns(input, row);
			row_hash(row, &input->columns);
		}
		if (found == RECORD_ROW || found == RECORD_BAD)
			row_queue_put(input->queue, row);
		else
			row_free(row);
	}
	input->text.learns = false;
	input->hashes = hashes;
	if (found == RECORD_ROW || found == RECORD_END)
		return true;
	*err = input->text.err;
	err->kind = ERR_USAGE;
	if (found == RECORD_BAD)
		err_prefix(err, "the first %d records are all bad, the last one: ",
				   BAD_BEFORE_FIRST);
	return false;
}

/* -------- opening -------- */

static InputFormat
format_by_name(const char *file)
{
	static const struct
	{
		const char *ending;
		InputFormat format;
	} endings[] = {{".tsv", INPUT_TSV},		{".tab", INPUT_TSV},
				   {".jsonl", INPUT_JSONL}, {".ndjson", INPUT_JSONL},
				   {".json", INPUT_JSONL},	{".txt", INPUT_LINES}};
	size_t len = strlen(file);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
	{
		size_t n = strlen(endings[i].ending);

		if (len > n && strcasecmp(file + len - n, endings[i].ending) == 0)
			return endings[i].format;
	}
	return INPUT_CSV;
}

static bool
usage(Err *err, const char *message, const char *hint)
{
	err_set(err, ERR_USAGE, "%s", message);
	err_hint(err, "%s", hint);
	return false;
}

/* What goes with which format. */
static bool
check_options(const Input *input, Err *err)
{
	const InputOptions *options = input->options;
	bool is_table = input->format == INPUT_CSV || input->format == INPUT_TSV;

	if (options->header != INPUT_HEADER_AUTO && !is_table)
		return usage(err, "--input-header is for CSV and TSV only",
					 "is --input-format right?");
	if (options->delimiter != '\0' && input->format != INPUT_CSV)
		return usage(err, "--input-delimiter is for CSV only",
					 "--input-format csv reads fields with any delimiter");
	if (is_table || input->format == INPUT_JSONL || options->columns == NULL ||
		strchr(options->columns, ',') == NULL)
		return true;
	return usage(err, "an input of lines has one column only",
				 "--input-columns takes one name for it, or --input-format "
				 "csv reads more");
}

static bool
open_text(Input *input, Err *err)
{
	static InputRecord (*const readers[])(InputText *, Row *) = {
		[INPUT_CSV] = input_csv_read,	 [INPUT_TSV] = input_tsv_read,
		[INPUT_JSONL] = input_json_read, [INPUT_LINES] = input_lines_read,
		[INPUT_NUL] = input_nul_read,
	};
	const InputOptions *options = input->options;

	if (!check_options(input, err) ||
		!input_text_open(&input->text, options->file, input->stop_pipe[0],
						 err))
		return false;
	input->read = readers[input->format];
	input->hashes = input->format != INPUT_JSONL;
	input->text.columns = &input->columns;
	input->text.delimiter =
		options->delimiter != '\0' ? options->delimiter : ',';
	input->text.max_row_bytes =
		(size_t) (options->max_row_bytes > 0 ? options->max_row_bytes
											 : INPUT_MAX_ROW_BYTES);
	input_text_skip_mark(&input->text);
	return true;
}

static bool
name_text_columns(Input *input, Err *err)
{
	const InputOptions *options = input->options;
	bool is_table = input->format == INPUT_CSV || input->format == INPUT_TSV;

	if (is_table &&
		(options->header == INPUT_HEADER_YES ||
		 (options->header == INPUT_HEADER_AUTO && options->columns == NULL)))
		return read_header(input, err) &&
			   (options->columns == NULL || rename_columns(input, err));
	if (options->columns != NULL)
		add_listed_names(input);
	else if (is_table || input->format == INPUT_JSONL)
		return learn_from_first(input, err);
	else
		row_columns_add(&input->columns, "line", 4);
	return true;
}

static bool
open_query(Input *input, const ConnSettings *conn, Err *err)
{
	input->text.name = "--input-sql";
	input->cursor = conn_cursor_open(
		conn, input->options->sql, input->stop_pipe[0], &input->columns, err);
	if (input->cursor == NULL)
		err_prefix(err, "--input-sql: ");
	return input->cursor != NULL;
}

static bool
open_columns(Input *input, const ConnSettings *conn, Err *err)
{
	bool fine;

	if (pipe(input->stop_pipe) != 0 ||
		fcntl(input->stop_pipe[0], F_SETFD, FD_CLOEXEC) < 0 ||
		fcntl(input->stop_pipe[1], F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_IO, "cannot make a pipe: %s", strerror(errno));
	fine = input->options->sql != NULL
			   ? open_query(input, conn, err)
			   : open_text(input, err) && name_text_columns(input, err);
	if (!fine || check_names(input, err))
		return fine;
	if (input->cursor == NULL && input->options->columns == NULL)
		place_first_line(input, err);
	return false;
}

Input *
input_open(const InputOptions *options, const ConnSettings *conn, Err *err)
{
	Input *input = mem_alloc(sizeof(Input));

	input->options = options;
	input->text.fd = -1;
	input->stop_pipe[0] = -1;
	input->stop_pipe[1] = -1;
	input->queue = row_queue_new();
	input->format = options->format;
	if (options->file != NULL && input->format == INPUT_AUTO)
		input->format = format_by_name(options->file);
	if (open_columns(input, conn, err))
		return input;
	input_free(input);
	return NULL;
}

const RowColumns *
input_columns(const Input *input)
{
	return &input->columns;
}

const char *
input_name(const Input *input)
{
	return input->text.name;
}

/* -------- the reader's thread -------- */

static void
read_text(Input *input)
{
	for (;;)
	{
		Row *row = row_queue_spare(input->queue);
		InputRecord found = read_record(input, row);

		if (found == RECORD_ROW || found == RECORD_BAD)
		{
			if (!row_queue_put(input->queue, row))
				return;
			continue;
		}
		row_free(row);
		row_queue_end(input->queue,
					  found == RECORD_FAILED ? &input->text.err : NULL);
		return;
	}
}

static bool
on_query_row(void *arg, const ConnCursorRow *from)
{
	Input *input = arg;
	Row *row = row_queue_spare(input->queue);

	conn_cursor_fill(from, row);
	row->number = ++input->nrows;
	row_hash(row, &input->columns);
	return row_queue_put(input->queue, row);
}

static void
read_query(Input *input)
{
	int fetched = 0;
	Err err;

	do
	{
		if (!conn_cursor_fetch(input->cursor, FETCHED_ROWS, on_query_row,
							   input, &fetched, &err))
		{
			err_prefix(&err, "--input-sql: ");
			row_queue_end(input->queue, &err);
			return;
		}
	} while (fetched == FETCHED_ROWS);
	row_queue_end(input->queue, NULL);
}

static void *
reader_main(void *arg)
{
	Input *input = arg;

	if (input->cursor != NULL)
		read_query(input);
	else
		read_text(input);
	return NULL;
}

/* Signals are for the main thread. */
void
input_start(Input *input, void (*on_more)(void *arg), void *arg)
{
	sigset_t all;
	sigset_t old;

	row_queue_set_on_more(input->queue, on_more, arg);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	input->has_thread =
		pthread_create(&input->thread, NULL, reader_main, input) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!input->has_thread)
	{
		Err err;

		err_set(&err, ERR_IO, "cannot start a thread to read the input");
		row_queue_end(input->queue, &err);
	}
}

void
input_stop(Input *input)
{
	row_queue_stop(input->queue);
	if (input->stop_pipe[1] >= 0)
		close(input->stop_pipe[1]); /* now the other end can be read */
	input->stop_pipe[1] = -1;
	if (input->has_thread)
		pthread_join(input->thread, NULL);
	input->has_thread = false;
}

void
input_free(Input *input)
{
	if (input == NULL)
		return;
	input_stop(input);
	conn_cursor_close(input->cursor);
	if (input->stop_pipe[0] >= 0)
		close(input->stop_pipe[0]);
	if (input->cursor == NULL)
		input_text_close(&input->text);
	row_queue_free(input->queue);
	row_columns_clear(&input->columns);
	free(input);
}

/* -------- pulling -------- */

static void
bad_row_err(const Input *input, const Row *row, Err *err)
{
	size_t len;
	const char *hint;

	err_set(err, ERR_DATA, "%s", row_text(row, 0, &len));
	hint = row_text(row, 1, &len);
	if (hint != NULL)
		err_hint(err, "%s", hint);
	snprintf(err->file, sizeof(err->file), "%s", input->text.name);
	err->line = (int) row->line;
}

InputState
input_pull(Input *input, Row **row, Err *err)
{
	switch (row_queue_take(input->queue, row, err))
	{
		case ROW_QUEUE_EMPTY:
			return INPUT_WAIT;
		case ROW_QUEUE_ENDED:
			return err->kind == ERR_NONE ? INPUT_END : INPUT_FAILED;
		case ROW_QUEUE_ROW:
			break;
	}
	if ((*row)->number > 0)
		return INPUT_ROW;
	bad_row_err(input, *row, err);
	row_queue_give_back(input->queue, *row);
	*row = NULL;
	return INPUT_BAD;
}

void
input_give_back(Input *input, Row *row)
{
	row_queue_give_back(input->queue, row);
}
