/*
 * conn_private.h
 *	  What the files of a connection (conn*.c) share; nobody else includes it.
 *
 * A Conn belongs to the loop's thread.  While it is CONN_AWAY its PGconn
 * belongs to the thread that runs the call.  What the control thread reads is
 * either constant while the connection is open or guarded by target->lock.
 */
#ifndef CONN_PRIVATE_H
#define CONN_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <libpq-fe.h>

#include "buf.h"
#include "conn.h"
#include "loop_resolve.h"

typedef struct ConnOpening ConnOpening;
typedef struct ConnCancel ConnCancel;
typedef struct ConnCall ConnCall;

/* -------- conn_target.c -------- */

typedef struct ConnHost
{
	char *host; /* as given, for TLS and .pgpass; NULL: none */
	char *port;
	bool is_socket;	  /* host is a folder: nothing to look up */
	char **addresses; /* numeric; never changes once set */
	int naddresses;
	bool is_known;		 /* addresses can be used (or it is a socket) */
	LoopResolve *lookup; /* under way; NULL: none */
	ConnTarget *target;
	Err lookup_err;
} ConnHost;

/* The slots of the parameter arrays that differ between attempts. */
typedef enum ConnSlot
{
	SLOT_HOST,
	SLOT_HOSTADDR,
	SLOT_PORT,
	SLOT_SESSION_ATTRS,
	SLOT_OPTIONS,
	SLOT_END
} ConnSlot;

struct ConnTarget
{
	char *text;
	const char **keywords; /* the slots first, NULL-terminated */
	const char **values;
	int nparams;
	ConnHost *hosts;
	int nhosts;
	char *session_attrs; /* target_session_attrs, never prefer-standby */
	bool prefer_standby; /* two passes: standby, any */
	bool random_order;	 /* load_balance_hosts */
	char *user_options;	 /* "options" as the user gave it; NULL: none */
	char *all_options;	 /* with ours */
	bool has_password;
	bool is_pooler; /* nothing prepared: another server process may answer
					 * each transaction */
	int64_t connect_timeout_ns; /* for each address; LOOP_NEVER: none */

	/* What connecting has taught. */
	bool skip_options; /* ours are refused, or not to be tried */
	bool options_refused;
	bool refused_by_pooler;
	int server_version;	  /* 0: not yet known */
	Buf untold;			  /* a notice nobody was there to hear */
	ConnOpening *waiting; /* for names to be looked up */

	/* Open connections, for the lock watchdog. */
	pthread_mutex_t lock;
	struct Conn *conns;
};

/*
 * Parameters of one attempt, in arrays of target->nparams + 1 that the caller
 * gives.
 */
extern void conn_target_params(const ConnTarget *target, const ConnHost *host,
							   const char *address, const char *session_attrs,
							   bool with_options, const char **values);

/* Look all names up that are not known; false: wait, conn_open_resolved. */
extern bool conn_target_resolve(ConnTarget *target, Loop *loop,
								ConnOpening *opening);
extern void conn_target_stop_waiting(ConnTarget *target, ConnOpening *opening);

/* -------- the connection -------- */

struct Conn
{
	/* What each statement touches stands first, and close together. */
	Loop *loop;
	Trace *trace;
	PGconn *pg;
	ConnTarget *target;
	LoopWatch *watch;
	ConnState state;

	/* Requests: a FIFO whose first nsent have left. */
	int nsent;
	int low_water; /* above it no CONN_SHARED ones leave */
	int nested;	   /* callbacks of ours on the stack */
	ConnRequest *first;
	ConnRequest *last;
	ConnRequest *unsent;	/* the first that has not left; NULL: none */
	ConnRequest *unflushed; /* the first that is not written; NULL: none */
	ConnOpening *opening;
	ConnCancel *cancel; /* under way; NULL: none */
	void *ssl;			/* NULL: not TLS, or nothing is known of it */

	/* Prepared statements: one bit a statement of the plan. */
	unsigned char *prepared;
	int prepared_bytes;
	int generation;			 /* part of their names, so that old ones that
							  * may still be there do no harm */
	const char *lost_hook;	 /* undone with the statement it rode with */
	int64_t cancel_until_ns; /* grace ends; LOOP_NEVER: none asked */
	bool batch_ended; /* what comes before the next CONN_SYNC is aborted */
	bool must_poll;	  /* encrypted by something that hides what is left in
					   * its buffer */
	bool is_held;	  /* the request ended, the cancel has not */
	bool may_retry;	  /* its error is cured by preparing anew */
	bool is_broken;
	bool must_digest; /* libpq would not send: see from the job */
	bool must_send;	  /* what was submitted in this turn */
	bool must_flush;  /* what was sent is still to be written */
	bool is_useless;  /* it is half sent: nothing more can be */
	bool is_closing;  /* freed when no callback is on the stack */

	ConnRequest *ended; /* before they left, oldest first */
	ConnRequest *ended_last;
	LoopJob job;			 /* tells of those, and of failed openings */
	LoopTimer timer;		 /* opening deadline, cancel grace, re-poll */
	int64_t cancel_ended_ns; /* the last one */
	int (*ssl_pending)(const void *ssl);
	Err *err;		/* of the first request, if it has_failed */
	Err *farewell;	/* what the server said last, when fatal */
	ConnCall *call; /* made by the first call, kept */

	int number;
	int pid;
	int server_version;
	const ConnHost *host; /* where it is connected to */
	const char *address;  /* NULL: a socket */
	ConnOpenFn on_open;
	ConnLostFn on_lost;
	void *arg;
	ConnNoticeFn on_notice;
	void *notice_arg;

	uint64_t owner; /* task, 0 none */
	const char *owner_name;
	Conn *next; /* target->conns */
	Conn *prev;
};

/* conn.c */
extern void conn_init(Conn *conn);
extern void conn_set_state(Conn *conn, ConnState state);
extern void conn_watch(Conn *conn, unsigned events, LoopFdFn fn);
extern void conn_unwatch(Conn *conn);
extern void conn_enter(Conn *conn);
extern bool conn_leave(Conn *conn); /* false: it is gone */
extern void conn_serve(Conn *conn); /* watch it as an open connection */
extern bool conn_is_lost(const Conn *conn); /* libpq says so */
extern void conn_lose(Conn *conn); /* read what is left, then conn_break */
extern void conn_break(Conn *conn, const Err *reason);
extern void conn_arm_repoll(Conn *conn);
extern void conn_on_ready(void *arg, unsigned events);
extern void conn_on_timer(void *arg);
extern void conn_on_notice(void *arg, const PGresult *result);
extern void conn_tell(Conn *conn, const char *severity, const char *text);
extern Err *conn_err(Conn *conn); /* where the first request's error goes */

/* conn_send.c */

/* Parts of a request, in the order in which they leave and are answered. */
#define PART_HOOK 0x01u
#define PART_BEGIN 0x02u
#define PART_PREPARE_MARK 0x04u
#define PART_MARK 0x08u
#define PART_PREPARE 0x10u
#define PART_STATEMENT 0x20u
#define PART_COMMIT 0x40u
#define PART_SYNC 0x80u
#define PART_LATER 0x100u /* the rest leaves when these are answered */

extern void conn_send_next(Conn *conn);
extern void conn_send_now(Conn *conn);
extern void conn_send_again(Conn *conn, ConnRequest *request);
extern void conn_send_rest(Conn *conn, ConnRequest *request);
extern void conn_take_rows_singly(PGconn *pg);
extern bool conn_flush(Conn *conn); /* false: the connection broke */
extern void conn_digest_later(Conn *conn);
extern void conn_begin_first(Conn *conn, int64_t time_ns); /* its turn came */
extern void conn_end_unsent(Conn *conn, ConnRequest *request);

/* conn_receive.c */
extern void conn_take_results(Conn *conn);
extern bool conn_take_result(Conn *conn, ConnRequest *request,
							 PGresult *result);
extern void conn_request_answered(Conn *conn, ConnRequest *request);

/* conn_result.c: what results and broken connections mean */
extern bool conn_result_failed(const PGresult *result);
extern void conn_result_err(const PGresult *result, Err *err, int *position);
extern void conn_aborted_err(Err *err);
extern void conn_lost_err(const Conn *conn, Err *err);
extern void conn_text_line(char *out, size_t size, const char *text);
extern bool conn_result_forgets(const PGresult *result);
extern bool conn_retry_helps(const PGresult *result);
extern void conn_refuse_copy(PGconn *pg);

/* conn_prepared.c: which statements this connection has prepared */
#define STATEMENT_NAME_MAX 32
extern bool conn_is_prepared(const Conn *conn, int statement_id);
extern void conn_mark_prepared(Conn *conn, int statement_id, bool prepared);
extern void conn_forget_prepared(Conn *conn);
extern void conn_statement_name(const Conn *conn, int statement_id,
								char name[STATEMENT_NAME_MAX]);

/* conn_open.c */
extern void conn_open_resolved(ConnOpening *opening);
extern void conn_open_on_timer(Conn *conn);
extern void conn_open_tell_failure(Conn *conn);
extern void conn_open_free(Conn *conn);
extern ConnOpening **conn_opening_next(ConnOpening *opening);

/* conn_cancel.c */
extern void conn_cancel_first(Conn *conn, int64_t delay_ns);
extern void conn_cancel_on_timer(Conn *conn);
extern void conn_cancel_abandon(Conn *conn);

/* conn_call.c */
extern void conn_call_free(Conn *conn);
extern void conn_call_notice(Conn *conn, const char *severity,
							 const char *text);

/* The rest: control thread, target->lock held.  0: no call runs. */
extern int64_t conn_call_begun_ns(const Conn *conn, bool *holds_loop);
extern bool conn_call_is_away(const Conn *conn);
extern void conn_call_interrupt_again(Conn *conn, int64_t now_ns);

/* Cancel the call, remembering whom it waits for in vain. */
extern void conn_call_break_lock(Conn *conn, int blocker_number,
								 int blocker_pid);

#endif /* CONN_PRIVATE_H */
