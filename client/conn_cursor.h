/*
 * conn_cursor.h
 *	  A query's rows, a few at a time, from a cursor on a connection of its
 *	  own.
 *
 * For a thread that may wait: the functions return when the server has
 * answered.  A cursor has its own event loop and target, so that it meets no
 * other connection; one thread at a time may use it.
 */
#ifndef CONN_CURSOR_H
#define CONN_CURSOR_H

#include "conn_target.h"
#include "row.h"

typedef struct ConnCursor ConnCursor;
typedef struct ConnCursorRow ConnCursorRow;

/* false: no more rows are wanted; those under way are dropped. */
typedef bool (*ConnCursorFn)(void *arg, const ConnCursorRow *row);

/*
 * Connect, begin a transaction and declare the cursor; the names of its
 * columns go into columns.  The waits end when stop_fd can be read.  NULL:
 * err says why.
 */
extern ConnCursor *conn_cursor_open(const ConnSettings *settings,
									const char *sql, int stop_fd,
									RowColumns *columns, Err *err);

/*
 * The next rows, at most count of them, each told to fn; *fetched is how many
 * the server had.
 */
extern bool conn_cursor_fetch(ConnCursor *cursor, int count, ConnCursorFn fn,
							  void *arg, int *fetched, Err *err);

/* In fn: the row's values, their kinds those that \gset would give. */
extern void conn_cursor_fill(const ConnCursorRow *from, Row *row);

/* The server's side ends with the connection. */
extern void conn_cursor_close(ConnCursor *cursor);

#endif /* CONN_CURSOR_H */
