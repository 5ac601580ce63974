/*
 * pool.c
 *	  Connections lent to tasks: leases, a FIFO of waiters, replacement.
 *
 * A member's state is written by member_set_state alone, which also keeps
 * the idle list and the counts, so that they cannot disagree.  As long as
 * somebody waits no member is idle; members are opened for waiters, but
 * whichever becomes free first serves the first of them.
 */
#include "pool_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* -------- the one door -------- */

static void
list_append(MemberList *list, PoolMember *member)
{
	member->next = NULL;
	member->prev = list->last;
	if (list->last != NULL)
		list->last->next = member;
	else
		list->first = member;
	list->last = member;
}

static void
list_remove(MemberList *list, PoolMember *member)
{
	if (member->prev != NULL)
		member->prev->next = member->next;
	else
		list->first = member->next;
	if (member->next != NULL)
		member->next->prev = member->prev;
	else
		list->last = member->prev;
	member->next = member->prev = NULL;
}

/* Move it to the end of that list, out of the one that it is in. */
void
member_enlist(PoolMember *member, MemberList *list)
{
	if (member->list != NULL)
		list_remove(member->list, member);
	member->list = list;
	if (list != NULL)
		list_append(list, member);
}

static bool
move_is_legal(MemberState from, MemberState to)
{
	switch (to)
	{
		case MEMBER_EMPTY:
			return from != MEMBER_EMPTY;
		case MEMBER_OPENING:
			return from == MEMBER_EMPTY;
		case MEMBER_IDLE:
			return from == MEMBER_OPENING || from == MEMBER_RESETTING;
		case MEMBER_LEASED:
		case MEMBER_SHARED:
			return from == MEMBER_IDLE;
		case MEMBER_RESETTING:
			return from == MEMBER_LEASED || from == MEMBER_SHARED;
	}
	return false;
}

void
member_set_state(PoolMember *member, MemberState state)
{
	Pool *pool = member->pool;

	assert(move_is_legal(member->state, state));
	pool->count[member->state]--;
	member->state = state;
	pool->count[state]++;
	if (pool->share != NULL && state != MEMBER_IDLE)
		share_relist(member);
	else
		member_enlist(member, state == MEMBER_IDLE ? &pool->idle : NULL);
}

static int
live_count(const Pool *pool)
{
	return pool->nmembers - pool->count[MEMBER_EMPTY];
}

/* -------- waiters -------- */

static void
waiter_append(Pool *pool, PoolWaiter *waiter)
{
	waiter->is_waiting = true;
	waiter->next = NULL;
	waiter->prev = pool->waiting_last;
	if (pool->waiting_last != NULL)
		pool->waiting_last->next = waiter;
	else
		pool->waiting_first = waiter;
	pool->waiting_last = waiter;
	pool->nwaiting++;
	pool->nwaiting_alone += !waiter->shares;
}

static void
waiter_remove(Pool *pool, PoolWaiter *waiter)
{
	if (waiter->prev != NULL)
		waiter->prev->next = waiter->next;
	else
		pool->waiting_first = waiter->next;
	if (waiter->next != NULL)
		waiter->next->prev = waiter->prev;
	else
		pool->waiting_last = waiter->prev;
	waiter->next = waiter->prev = NULL;
	waiter->is_waiting = false;
	pool->nwaiting--;
	pool->nwaiting_alone -= !waiter->shares;
}

static void
waiter_answer(PoolWaiter *waiter)
{
	if (!waiter->is_acquiring)
		waiter->on_granted(waiter);
}

static void
member_lend(PoolMember *member, uint64_t task, uint64_t *held_before_by)
{
	*held_before_by = member->holder;
	member->holder = task;
	member->is_fresh = true;
	member->is_lost = false;
	member_set_state(member, MEMBER_LEASED);
}

void
waiter_grant(Pool *pool, PoolWaiter *waiter, PoolMember *member)
{
	waiter_remove(pool, waiter);
	if (!waiter->shares)
		member_lend(member, waiter->task, &waiter->held_before_by);
	waiter->member = member;
	waiter_answer(waiter);
}

/* Idle members to waiters, first to first. */
void
pool_serve(Pool *pool)
{
	if (pool->share != NULL)
	{
		if (pool->nwaiting > 0)
			share_serve(pool);
		return;
	}
	while (pool->waiting_first != NULL && pool->idle.first != NULL)
		waiter_grant(pool, pool->waiting_first, pool->idle.first);
}

/*
 * No connection is left that could ever serve those who wait now.  They are
 * taken off first: one that comes anew while they are told may try again.
 */
static void
pool_fail_waiters(Pool *pool, const Err *err)
{
	PoolWaiter *last = pool->waiting_last;
	Err copy = *err;
	bool is_last = last == NULL;

	while (!is_last && pool->waiting_first != NULL)
	{
		PoolWaiter *waiter = pool->waiting_first;

		is_last = waiter == last;
		waiter_remove(pool, waiter);
		waiter->member = NULL;
		waiter->err = copy;
		waiter_answer(waiter);
	}
}

/* -------- opening -------- */

static PoolMember *
find_empty(Pool *pool)
{
	for (int i = 0; i < pool->nmembers; i++)
		if (pool->members[i].state == MEMBER_EMPTY)
			return &pool->members[i];
	return NULL;
}

static void
member_begin_open(PoolMember *member)
{
	member_set_state(member, MEMBER_OPENING);
	member->pool->ops->open(member->pool->ops_arg, member);
}

/*
 * A connection for each waiter that has none coming, as far as there is room;
 * one that cannot be had is not tried again at once.
 */
static void
pool_open_for_waiters(Pool *pool)
{
	int wanted = pool->nwaiting - pool->count[MEMBER_OPENING] -
				 pool->count[MEMBER_RESETTING];

	for (; wanted > 0 && live_count(pool) < pool->size; wanted--)
	{
		PoolMember *member = find_empty(pool);

		if (member == NULL)
			return;
		member_begin_open(member);
	}
}

/* pool_open: keep "parallel" of them under way; done when none is. */
static void
pool_open_more(Pool *pool)
{
	while (!pool->stop_opening && live_count(pool) < pool->size &&
		   pool->count[MEMBER_OPENING] < pool->parallel)
	{
		PoolMember *member = find_empty(pool);

		if (member == NULL)
			break;
		member_begin_open(member);
	}
	if (pool->parallel > 0 && pool->count[MEMBER_OPENING] == 0)
	{
		pool->parallel = 0;
		loop_push(pool->loop, &pool->opened_job);
	}
}

static void
on_opened_job(void *arg)
{
	Pool *pool = arg;
	bool failed = live_count(pool) == 0 && pool->open_err.kind != ERR_NONE;

	pool->on_opened(pool->on_opened_arg, failed ? &pool->open_err : NULL);
}

/* The server has no room for more than there are now. */
static void
pool_shrink(Pool *pool)
{
	if (live_count(pool) > 0 && live_count(pool) < pool->size)
		pool->size = live_count(pool);
}

static void
member_empty(PoolMember *member)
{
	Pool *pool = member->pool;

	member_set_state(member, MEMBER_EMPTY);
	pool->ops->close(pool->ops_arg, member);
}

static void
open_failed(PoolMember *member, const Err *given)
{
	Pool *pool = member->pool;
	Err err = *given; /* it may belong to what is closed now */

	member_empty(member);
	if (strcmp(err.sqlstate, "53300") == 0)
		pool_shrink(pool);
	if (pool->parallel > 0 && !pool->stop_opening)
	{
		pool->stop_opening = true;
		pool->open_err = err;
	}
	if (live_count(pool) == 0)
		pool_fail_waiters(pool, &err);
}

void
pool_member_opened(PoolMember *member, const Err *err)
{
	Pool *pool = member->pool;

	if (err != NULL)
		open_failed(member, err);
	else
	{
		member_set_state(member, MEMBER_IDLE);
		pool_serve(pool);
	}
	if (pool->parallel > 0)
		pool_open_more(pool);
}

void
pool_open(Pool *pool, int parallel,
		  void (*on_opened)(void *arg, const Err *err), void *arg)
{
	assert(pool->parallel == 0 && parallel > 0);
	pool->on_opened = on_opened;
	pool->on_opened_arg = arg;
	pool->stop_opening = false;
	pool->open_err.kind = ERR_NONE;
	pool->parallel = parallel;
	pool_open_more(pool);
}

/* -------- borrowing -------- */

bool
pool_acquire(Pool *pool, PoolWaiter *waiter)
{
	waiter->member = NULL;
	waiter->err.kind = ERR_NONE;
	if (pool->idle.first != NULL && pool->share == NULL)
	{
		/* then nobody waits */
		waiter->member = pool->idle.first;
		member_lend(waiter->member, waiter->task, &waiter->held_before_by);
		return true;
	}
	waiter_append(pool, waiter);
	waiter->is_acquiring = true;
	pool_serve(pool);
	pool_open_for_waiters(pool);
	waiter->is_acquiring = false;
	if (waiter->is_waiting)
		return false;
	if (waiter->member != NULL)
		return true;
	/* opening failed at once: that, too, is told by on_granted */
	waiter->on_granted(waiter);
	return false;
}

PoolMember *
pool_try(Pool *pool, uint64_t task, uint64_t *held_before_by)
{
	PoolMember *member = pool->idle.first;

	if (member != NULL)
		member_lend(member, task, held_before_by);
	return member;
}

void
pool_forget_waiter(Pool *pool, PoolWaiter *waiter)
{
	if (!waiter->is_waiting)
		return;
	waiter_remove(pool, waiter);
	pool_serve(pool); /* it may have kept a member from others */
}

void
pool_give(Pool *pool, PoolMember *member)
{
	assert(member->state == MEMBER_LEASED);
	pool->nended++;
	member_set_state(member, MEMBER_RESETTING);
	pool->ops->reset(pool->ops_arg, member);
}

void
pool_member_reset(PoolMember *member, const Err *err)
{
	Pool *pool = member->pool;

	if (err != NULL || member->is_lost || pool->is_single_use ||
		live_count(pool) > pool->size)
	{
		member_empty(member);
		pool_open_for_waiters(pool);
		return;
	}
	member_set_state(member, MEMBER_IDLE);
	pool_serve(pool);
}

void
pool_member_lost(PoolMember *member)
{
	if (member->state == MEMBER_LEASED || member->state == MEMBER_SHARED ||
		member->state == MEMBER_RESETTING)
	{
		member->is_lost = true;
		if (member->state == MEMBER_SHARED)
			share_relist(member); /* nobody is sent there any more */
	}
	else if (member->state == MEMBER_IDLE)
		member_empty(member);
}

/* -------- life -------- */

Pool *
pool_new(Loop *loop, Trace *trace, const PoolOps *ops, void *ops_arg, int size)
{
	Pool *pool = mem_alloc(sizeof(*pool));

	assert(size > 0);
	pool->loop = loop;
	(void) trace; /* members and borrowers have events, not we */
	pool->ops = ops;
	pool->ops_arg = ops_arg;
	pool->nmembers = size;
	pool->size = size;
	pool->count[MEMBER_EMPTY] = size;
	pool->members = mem_alloc((size_t) size * sizeof(PoolMember));
	pool->opened_job.fn = on_opened_job;
	pool->opened_job.arg = pool;
	for (int i = 0; i < size; i++)
	{
		pool->members[i].pool = pool;
		pool->members[i].number = i + 1;
	}
	return pool;
}

void
pool_use_once(Pool *pool)
{
	pool->is_single_use = true;
}

void
pool_number_from(Pool *pool, int first)
{
	for (int i = 0; i < pool->nmembers; i++)
		pool->members[i].number = first + i;
}

void
pool_free(Pool *pool)
{
	if (pool == NULL)
		return;
	loop_unpush(pool->loop, &pool->opened_job);
	for (int i = 0; i < pool->nmembers; i++)
		if (pool->members[i].state != MEMBER_EMPTY)
			member_empty(&pool->members[i]);
	if (pool->ops->free != NULL)
		pool->ops->free(pool->ops_arg);
	share_free(pool);
	free(pool->members);
	free(pool);
}

int
pool_size(const Pool *pool)
{
	return pool->size;
}

void
pool_set_size(Pool *pool, int size)
{
	assert(size > 0);
	pool->size = size < pool->nmembers ? size : pool->nmembers;
	while (live_count(pool) > pool->size && pool->idle.first != NULL)
		member_empty(pool->idle.first);
	pool_open_for_waiters(pool);
}

int64_t
pool_ended_count(const Pool *pool)
{
	return pool->nended;
}

int
pool_idle_count(const Pool *pool)
{
	return pool->count[MEMBER_IDLE];
}

int
pool_busy_count(const Pool *pool)
{
	return pool->count[MEMBER_LEASED] + pool->count[MEMBER_SHARED] +
		   pool->count[MEMBER_RESETTING];
}

int
pool_waiting_count(const Pool *pool)
{
	return pool->nwaiting;
}
