/*
 * pool.h
 *	  Connections lent to tasks: leases, a FIFO of waiters, replacement.
 *
 * The pool knows no libpq: what a member really is, is behind PoolOps
 * (conn_pool.c lends PostgreSQL connections, predict.c lends virtual ones).
 * It never waits while lending and never lends to a later waiter first.  Of
 * several idle members it lends the one that is idle longest.
 *
 * With a depth above 1 waiters may say that they share: such a turn lasts for
 * one statement, and a member has up to "depth" of them (pool_share.c).
 */
#ifndef POOL_H
#define POOL_H

#include "loop.h"
#include "trace.h"

typedef struct Pool Pool;

typedef enum MemberState
{
	MEMBER_EMPTY, /* no connection yet, or it was lost */
	MEMBER_OPENING,
	MEMBER_IDLE, /* on the pool's idle list */
	MEMBER_LEASED,
	MEMBER_SHARED,	 /* "users" have a turn on it */
	MEMBER_RESETTING /* ROLLBACK or release hook under way */
} MemberState;

typedef struct PoolMember
{
	Pool *pool;
	MemberState state;
	int number;		 /* connection number, from 1 */
	void *conn;		 /* belongs to the PoolOps */
	uint64_t holder; /* task that has the lease, else the last one */
	bool is_fresh;	 /* lent just now: the acquire hook is still to
					  * be sent, in front of the first statement */
	bool is_lost;	 /* broke while lent: not lent again */

	/* Sharing. */
	int users;				 /* under way or behind it */
	int nlasting;			 /* of them, that may take long */
	bool is_stalled;		 /* its first one takes long */
	bool is_reserved;		 /* drains for one that does not share */
	int64_t begun_ns;		 /* since when the first one runs */
	struct MemberList *list; /* that it is in; NULL: none */
	struct PoolMember *next;
	struct PoolMember *prev;
} PoolMember;

typedef struct PoolWaiter
{
	uint64_t task;

	/*
	 * member is set, or err says why not.  Called from wherever a connection
	 * became free, so it must only record and push a job.
	 */
	void (*on_granted)(struct PoolWaiter *waiter);
	void *arg;
	PoolMember *member;
	uint64_t held_before_by; /* who had it until now; 0 none */
	bool is_waiting;
	bool is_acquiring; /* inside pool_acquire: told by its result */
	bool shares;	   /* the caller's wish, with a depth above 1 */
	int kind;		   /* which statement: they differ in how long they take */
	bool is_lasting;
	struct PoolWaiter *next;
	struct PoolWaiter *prev;
	Err err; /* last, because it is long and seldom touched */
} PoolWaiter;

/*
 * All of these are asynchronous unless said otherwise and answer through
 * pool_member_opened / pool_member_reset, possibly before they return.
 */
typedef struct PoolOps
{
	void (*open)(void *arg, PoolMember *member);
	void (*reset)(void *arg, PoolMember *member); /* lease ended */
	void (*close)(void *arg, PoolMember *member); /* at once */
	void (*free)(void *arg); /* by pool_free, last; may be NULL */
} PoolOps;

extern Pool *pool_new(Loop *loop, Trace *trace, const PoolOps *ops,
					  void *ops_arg, int size);
extern void pool_free(Pool *pool); /* closes every member */

/* Members are numbered from there, not from 1; before any is opened. */
extern void pool_number_from(Pool *pool, int first);

/* A member is closed when its lease ends, and opened anew for the next one. */
extern void pool_use_once(Pool *pool);

/*
 * Open all members, at most "parallel" at a time; on_opened is called once:
 * err is NULL when at least one opened.  Being refused for lack of room
 * (53300) makes the pool as large as what was opened: pool_size tells.
 * Without this call members open when they are first needed.
 */
extern void pool_open(Pool *pool, int parallel,
					  void (*on_opened)(void *arg, const Err *err), void *arg);
extern int pool_size(const Pool *pool);

/*
 * From now on so many, at most what pool_new was told.  Members that are
 * more are closed when they are idle; new ones open for those who wait.
 */
extern void pool_set_size(Pool *pool, int size);
extern int64_t pool_ended_count(const Pool *pool); /* leases and turns */
extern int pool_idle_count(const Pool *pool);
extern int pool_busy_count(const Pool *pool);	 /* lent, or being reset */
extern int pool_waiting_count(const Pool *pool); /* any thread */

/*
 * Borrow.  True: waiter->member is set already (on_granted is not called).
 * False: on_granted comes later.  The lease ends by pool_give.
 */
extern bool pool_acquire(Pool *pool, PoolWaiter *waiter);

/* Borrow only if one is idle right now; NULL otherwise. */
extern PoolMember *pool_try(Pool *pool, uint64_t task,
							uint64_t *held_before_by);
extern void pool_forget_waiter(Pool *pool, PoolWaiter *waiter);
extern void pool_give(Pool *pool, PoolMember *member);

/*
 * Sharing: before anything is borrowed.  A turn begins by pool_acquire; the
 * user tells when its statement has the connection for itself, and when it is
 * over: how long it had it (-1: not known), and whether the connection works.
 */
extern void pool_set_depth(Pool *pool, int depth);
extern int pool_depth(const Pool *pool);
extern void pool_share_begun(PoolMember *member, int64_t time_ns);
extern void pool_share_end(PoolWaiter *waiter, int64_t own_ns, bool is_usable);

/* Answers of the PoolOps; err NULL: it worked. */
extern void pool_member_opened(PoolMember *member, const Err *err);
extern void pool_member_reset(PoolMember *member, const Err *err);

/* The connection broke while idle or leased: replaced when it is given. */
extern void pool_member_lost(PoolMember *member);

#endif /* POOL_H */
