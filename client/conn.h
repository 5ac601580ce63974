/*
 * conn.h
 *	  One asynchronous PostgreSQL connection.
 *
 * libpq lives here (conn.c, conn_*.c) and, for reading results, in
 * step_sql.c.  A Conn belongs to whoever opened it; conn_close frees it and
 * no callback runs afterwards.  All functions are for the loop's thread
 * unless they say otherwise.
 */
#ifndef CONN_H
#define CONN_H

#include "conn_request.h"
#include "conn_target.h"
#include "loop.h"
#include "trace.h"

typedef struct Conn Conn;

typedef void (*ConnOpenFn)(void *arg, Conn *conn, const Err *err);
typedef void (*ConnLostFn)(void *arg, Conn *conn, const Err *err);
typedef void (*ConnNoticeFn)(void *arg, const char *severity,
							 const char *text);

/*
 * Open; on_open is called once, from the loop: err NULL, or why no address
 * worked (then the conn is to be closed).  on_lost: it broke while it had no
 * request.
 */
extern Conn *conn_open(Loop *loop, Trace *trace, ConnTarget *target,
					   int number, ConnOpenFn on_open, ConnLostFn on_lost,
					   void *arg);
extern void conn_close(Conn *conn);
extern void conn_set_notice(Conn *conn, ConnNoticeFn fn, void *arg);
extern ConnState conn_state(const Conn *conn);
extern int conn_pid(const Conn *conn);
extern int conn_socket(const Conn *conn); /* to look at; -1: none */
extern int conn_server_version(const Conn *conn);
extern bool conn_in_transaction(const Conn *conn); /* also a failed one */
extern bool conn_is_usable(const Conn *conn);

/* Whose work it does now, for messages; the name must outlive the work. */
extern void conn_set_owner(Conn *conn, uint64_t task, const char *name);

/* The lease ended: an acquire hook that was undone is not sent again. */
extern void conn_forget_hook(Conn *conn);

/* So many CONN_SHARED requests it is to have at most: it sends in bursts. */
extern void conn_set_depth(Conn *conn, int depth);

extern void conn_submit(Conn *conn, ConnRequest *request);

/*
 * Ask the server to stop the request; on_done still comes, with the server's
 * error or, if it was too late, without.  A request not sent yet ends with
 * ERR_CANCEL from the loop.  A server that does not react within
 * CONN_CANCEL_GRACE_NS loses the connection.
 */
#define CONN_CANCEL_GRACE_NS (10 * NS_PER_S)
extern void conn_cancel(Conn *conn, ConnRequest *request);

/*
 * The same request as a call that really blocks (PQexec family, so all rows
 * are in memory at once).
 *
 *	conn_call_begin		loop's thread: takes the socket from the loop
 *	conn_call_run		any one thread: blocks; callbacks do not run here
 *	conn_call_end		loop's thread: on_result and on_done run, the socket is
 *						watched again; without conn_call_run: ERR_CANCEL
 *	conn_call_interrupt	any other thread, between begin and end: PQcancel
 *
 * holds_loop: it is about to run on the loop's thread.
 */
extern void conn_call_begin(Conn *conn, ConnRequest *request, bool holds_loop);
extern void conn_call_run(Conn *conn, ConnRequest *request);
extern void conn_call_end(Conn *conn, ConnRequest *request);
extern void conn_call_interrupt(Conn *conn);

#endif /* CONN_H */
