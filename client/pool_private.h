/*
 * pool_private.h
 *	  The Pool itself: for pool.c and pool_share.c only.
 */
#ifndef POOL_PRIVATE_H
#define POOL_PRIVATE_H

#include <stdatomic.h>

#include "pool.h"

/* In order; a member is in one list at most. */
typedef struct MemberList
{
	PoolMember *first;
	PoolMember *last;
} MemberList;

struct Pool
{
	Loop *loop;
	const PoolOps *ops;
	void *ops_arg;
	PoolMember *members;
	int nmembers;
	int size; /* how many may be open; 53300 lowers it */
	int count[MEMBER_RESETTING + 1];

	MemberList idle; /* first the one idle longest */
	PoolWaiter *waiting_first;
	PoolWaiter *waiting_last;
	atomic_int nwaiting;
	int nwaiting_alone; /* of them, that do not share */
	bool is_single_use;
	int64_t nended;
	struct PoolShare *share; /* NULL: nobody does */

	/* pool_open, until on_opened was called */
	int parallel;	   /* 0: not opening all */
	bool stop_opening; /* an open failed */
	Err open_err;	   /* the first failure */
	void (*on_opened)(void *arg, const Err *err);
	void *on_opened_arg;
	LoopJob opened_job;
};

/* pool.c */
extern void member_enlist(PoolMember *member, MemberList *list); /* NULL: no */
extern void member_set_state(PoolMember *member, MemberState state);
extern void waiter_grant(Pool *pool, PoolWaiter *waiter, PoolMember *member);
extern void pool_serve(Pool *pool);

/* pool_share.c */
extern void share_serve(Pool *pool);
extern void share_relist(PoolMember *member); /* its state has changed */
extern void share_free(Pool *pool);

#endif /* POOL_PRIVATE_H */
