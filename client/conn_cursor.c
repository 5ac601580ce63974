/*
 * conn_cursor.c
 *	  A query's rows, a few at a time, from a cursor on a connection of its
 *	  own.
 *
 * The cursor lives in a transaction that stays open while its rows are worked
 * on, idle most of the time: the server's own limits on that are lifted in
 * it.  Rows arrive singly, so that memory holds one, however many are fetched
 * at once.
 */
#include "conn_cursor.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "conn.h"
#include "conn_type.h"
#include "mem.h"

struct ConnCursorRow
{
	const PGresult *result;
	int index;
};

struct ConnCursor
{
	Loop *loop;
	ConnTarget *target;
	Conn *conn;
	LoopWatch *stop_watch;
	ConnRequest request;
	bool is_done;
	bool is_stopped;
	bool is_unwanted; /* fn has seen enough */
	Err err;		  /* of the last request; ERR_NONE: it worked */
	RowColumns *columns;
	ConnCursorFn fn;
	void *arg;
	int nrows;
};

/* -------- waiting -------- */

static void
on_stop(void *arg, unsigned events)
{
	ConnCursor *cursor = arg;

	(void) events;
	cursor->is_stopped = true;
	loop_stop(cursor->loop);
}

static void
cursor_end(ConnCursor *cursor, const Err *err)
{
	cursor->is_done = true;
	if (err != NULL)
		cursor->err = *err;
	else
		err_clear(&cursor->err);
	loop_stop(cursor->loop);
}

static void
on_open(void *arg, Conn *conn, const Err *err)
{
	(void) conn;
	cursor_end(arg, err);
}

static void
on_lost(void *arg, Conn *conn, const Err *err)
{
	(void) conn;
	cursor_end(arg, err);
}

static void
on_done(ConnRequest *request, const Err *err)
{
	cursor_end(request->arg, err);
}

static bool
cursor_wait(ConnCursor *cursor, Err *err)
{
	while (!cursor->is_done && !cursor->is_stopped)
		loop_run(cursor->loop);
	if (!cursor->is_done)
		return err_set(err, ERR_CANCEL, "the run is over");
	*err = cursor->err;
	return err->kind == ERR_NONE;
}

/* One statement to its end; rows go to on_result. */
static bool
cursor_run(ConnCursor *cursor, const char *sql,
		   void (*on_result)(ConnRequest *, PGresult *), Err *err)
{
	memset(&cursor->request, 0, sizeof(cursor->request));
	cursor->request.protocol = PROTOCOL_EXTENDED;
	cursor->request.sql = sql;
	cursor->request.on_result = on_result;
	cursor->request.on_done = on_done;
	cursor->request.arg = cursor;
	cursor->is_done = false;
	conn_submit(cursor->conn, &cursor->request);
	return cursor_wait(cursor, err);
}

/* -------- opening -------- */

static void
on_columns(ConnRequest *request, PGresult *result)
{
	ConnCursor *cursor = request->arg;

	if (cursor->columns->count > 0)
		return;
	for (int i = 0; i < PQnfields(result); i++)
	{
		const char *name = PQfname(result, i);

		row_columns_add(cursor->columns, name, strlen(name));
	}
}

static bool
cursor_connect(ConnCursor *cursor, int stop_fd, Err *err)
{
	cursor->loop = loop_new(err);
	if (cursor->loop == NULL)
		return false;
	cursor->stop_watch =
		loop_watch(cursor->loop, stop_fd, LOOP_READ, on_stop, cursor);
	cursor->conn = conn_open(cursor->loop, NULL, cursor->target, 0, on_open,
							 on_lost, cursor);
	return cursor_wait(cursor, err);
}

/* The last semicolon would end the DECLARE as well, but not two of them. */
static char *
declare_text(const char *sql)
{
	static const char begin[] =
		"DECLARE asyncdemo_input NO SCROLL CURSOR FOR ";
	size_t len = strlen(sql);
	char *text = mem_alloc(sizeof(begin) + len + 1);

	while (len > 0 && strchr("; \t\r\n", sql[len - 1]) != NULL)
		len--;
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + sizeof(begin) - 1, sql, len);
	/* the query may end with a comment */
	text[sizeof(begin) - 1 + len] = '\n';
	return text;
}

static bool
cursor_declare(ConnCursor *cursor, const char *sql, Err *err)
{
	char *text = declare_text(sql);
	bool fine = cursor_run(cursor, "BEGIN", NULL, err) &&
				cursor_run(cursor,
						   "SELECT set_config(name, '0', true) "
						   "FROM pg_catalog.pg_settings WHERE name IN "
						   "('idle_in_transaction_session_timeout', "
						   "'transaction_timeout')",
						   NULL, err) &&
				cursor_run(cursor, text, NULL, err);

	free(text);
	if (!fine && err->kind == ERR_SQL && err->hint[0] == '\0')
		err_hint(err, "--input-sql takes one SELECT or VALUES");
	return fine &&
		   cursor_run(cursor, "FETCH 0 FROM asyncdemo_input", on_columns, err);
}

ConnCursor *
conn_cursor_open(const ConnSettings *settings, const char *sql, int stop_fd,
				 RowColumns *columns, Err *err)
{
	ConnCursor *cursor = mem_alloc(sizeof(ConnCursor));

	cursor->columns = columns;
	cursor->target = conn_target_new(settings, err);
	if (cursor->target != NULL && cursor_connect(cursor, stop_fd, err) &&
		cursor_declare(cursor, sql, err))
		return cursor;
	conn_cursor_close(cursor);
	return NULL;
}

void
conn_cursor_close(ConnCursor *cursor)
{
	if (cursor == NULL)
		return;
	if (cursor->conn != NULL)
		conn_close(cursor->conn);
	if (cursor->stop_watch != NULL)
		loop_unwatch(cursor->stop_watch);
	if (cursor->loop != NULL)
		loop_free(cursor->loop);
	conn_target_free(cursor->target);
	free(cursor);
}

/* -------- rows -------- */

static void
on_rows(ConnRequest *request, PGresult *result)
{
	ConnCursor *cursor = request->arg;
	int count = PQntuples(result);

	cursor->nrows += count;
	for (int i = 0; i < count && !cursor->is_unwanted; i++)
	{
		ConnCursorRow row = {.result = result, .index = i};

		cursor->is_unwanted = !cursor->fn(cursor->arg, &row);
	}
}

bool
conn_cursor_fetch(ConnCursor *cursor, int count, ConnCursorFn fn, void *arg,
				  int *fetched, Err *err)
{
	char sql[64];
	bool fine;

	snprintf(sql, sizeof(sql), "FETCH %d FROM asyncdemo_input", count);
	cursor->fn = fn;
	cursor->arg = arg;
	cursor->nrows = 0;
	fine = cursor_run(cursor, sql, on_rows, err);
	*fetched = cursor->nrows;
	return fine;
}

static const RowKind kinds[] = {[CONN_TYPE_TEXT] = ROW_TEXT,
								[CONN_TYPE_BOOL] = ROW_BOOL,
								[CONN_TYPE_NUMBER] = ROW_NUMBER};

void
conn_cursor_fill(const ConnCursorRow *from, Row *row)
{
	const PGresult *result = from->result;

	row_reset(row, PQnfields(result));
	for (int i = 0; i < row->nfields; i++)
	{
		RowKind kind = kinds[conn_type(PQftype(result, i))];
		const char *text = PQgetvalue(result, from->index, i);
		size_t begin = row->len;

		if (PQgetisnull(result, from->index, i))
			continue;
		if (kind == ROW_BOOL)
			text = text[0] == 't' ? "true" : "false";
		row_append(row, text,
				   kind == ROW_BOOL
					   ? strlen(text)
					   : (size_t) PQgetlength(result, from->index, i));
		row_set(row, i, kind, begin);
	}
}
