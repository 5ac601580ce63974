/*
 * conn_request.h
 *	  One statement for one connection, and what happens to it.
 */
#ifndef CONN_REQUEST_H
#define CONN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct pg_result;

typedef enum Protocol
{
	PROTOCOL_SIMPLE,
	PROTOCOL_EXTENDED,
	PROTOCOL_PREPARED
} Protocol;

/*
 * What rides in front of a statement, so that both are done or neither is: in
 * the statement's own transaction or, when "begins", in one that stays open.
 */
typedef struct ConnMark
{
	const char *sql;
	int statement_id; /* prepared where the statement is */
	int nparams;
	const char *const *params;
	bool begins;	 /* BEGIN in front of it */
	bool is_refused; /* the answer: the mark is there already (23505), so
					  * nothing was done */
} ConnMark;

/*
 * What may be under way on the connection at the same time.  Those that are
 * sent ahead of others' answers leave through libpq's pipeline mode.
 */
typedef enum ConnFlow
{
	CONN_ALONE,	 /* nothing else */
	CONN_SHARED, /* others; a Sync of its own, so that its error is its own */
	CONN_BATCH,	 /* one transaction up to the next CONN_SYNC: after an error
				  * what follows is aborted */
	CONN_SYNC	 /* ends a batch; sql: a statement in front, or NULL */
} ConnFlow;

/*
 * A request: one statement (or, with PROTOCOL_SIMPLE, several).  The caller
 * owns it, zeroes it before the first use, and keeps it and all it points to
 * until on_done.  Requests of one connection run, and are done, in the order
 * they were submitted.
 *
 * Results come in pieces, so that memory holds a few rows only: first
 * PGRES_SINGLE_TUPLE (or PGRES_TUPLES_CHUNK), then an empty PGRES_TUPLES_OK;
 * after a blocking call in one PGRES_TUPLES_OK.  Without on_result rows are
 * dropped as they come.
 */
typedef struct ConnRequest
{
	ConnFlow flow;
	Protocol protocol; /* PROTOCOL_SIMPLE only with CONN_ALONE */
	const char *sql;
	int nparams;
	const char *const *params; /* text; NULL pointers are SQL NULL */
	int statement_id;		   /* PREPARED: the plan's number of it; Parse is
								* sent in front, in the same flush, when this
								* connection has not prepared it yet */
	const char *before_sql;	   /* acquire hook; NULL: none */
	bool before_rides;		   /* it may share the hook's transaction, so both
								* leave in one flush; BEGIN, COPY and utility
								* statements must not */
	bool is_copy;			   /* in no pipeline at all */
	ConnMark *mark;			   /* behind the hook; NULL: none */
	bool commits;			   /* COMMIT rides behind: not SIMPLE, no COPY */

	/* The server could begin: it was sent, and what is in front was answered.
	 * started_ns is when; may be NULL. */
	void (*on_started)(struct ConnRequest *request);
	void (*on_result)(struct ConnRequest *request,
					  struct pg_result *result); /* borrowed */
	void (*on_done)(struct ConnRequest *request, const Err *err);
	void *arg;

	int64_t sent_ns;
	int64_t started_ns; /* sent_ns, or when the one before was answered */
	int64_t arrived_ns; /* when the last of it was there to be read */
	int error_position; /* in sql, characters from 1; 0: none */
	bool keep_result;	/* set in on_result: the caller clears it */
	bool is_aborted;	/* never ran: an earlier one of its batch failed */
	bool is_silent;		/* its notices are not told */

	/* conn.c's */
	struct ConnRequest *next;
	int generation;	  /* of the names of prepared statements */
	unsigned parts;	  /* what was sent and is not answered yet */
	const char *hook; /* the one that was sent with it */
	bool needs_mark;  /* it is not answered yet */
	bool is_sent;
	bool has_failed;
	bool is_retry;
	bool needs_parse; /* once more, without a name */
	bool is_canceled;
	bool in_transaction; /* one was open when it was sent */
} ConnRequest;

#endif /* CONN_REQUEST_H */
