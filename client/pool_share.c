/*
 * pool_share.c
 *	  Which connection a statement shares, and who must not wait behind whom.
 *
 * A statement goes to a member that is idle, else to the one with the fewest
 * users.  Nobody is put behind a statement that may take long: one that
 * nobody has seen the end of yet, one that is known to take much longer than
 * the quickest do, and one that does so right now.  Those who find no place
 * wait in the pool's FIFO, and so get the first one that there is.
 *
 * A waiter that does not share needs a member of its own.  When none is idle
 * one is reserved for it, which then takes no more users.  Whoever comes
 * later never keeps one that came earlier from a member.
 */
#include "pool_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define LASTING_TIMES 4 /* as long as the quickest statement, and */
#define LASTING_NS (2 * NS_PER_MS)
#define SAMPLES 32	  /* that the mean is over */
#define LOOK_EVERY 64 /* samples, at which is the quickest */

/* How long a statement has the connection to itself, on the average. */
typedef struct Typical
{
	int64_t mean_ns;
	int count; /* up to SAMPLES; 0: not known */
} Typical;

typedef struct PoolShare
{
	int depth;
	MemberList *open; /* by users: members that take more */
	Typical *typical; /* by kind */
	int ntypical;
	int64_t quickest_ns;
	int nsamples;
	int nreserved;
} PoolShare;

void
pool_set_depth(Pool *pool, int depth)
{
	PoolShare *share;

	assert(pool->share == NULL && depth > 0);
	if (depth == 1)
		return;
	share = mem_alloc(sizeof(*share));
	share->depth = depth;
	share->open = mem_alloc((size_t) depth * sizeof(MemberList));
	pool->share = share;
}

int
pool_depth(const Pool *pool)
{
	return pool->share != NULL ? pool->share->depth : 1;
}

void
share_free(Pool *pool)
{
	if (pool->share == NULL)
		return;
	free(pool->share->open);
	free(pool->share->typical);
	free(pool->share);
	pool->share = NULL;
}

/* -------- how long statements take -------- */

static void
find_quickest(PoolShare *share)
{
	int64_t quickest_ns = INT64_MAX;

	for (int i = 0; i < share->ntypical; i++)
		if (share->typical[i].count > 0 &&
			share->typical[i].mean_ns < quickest_ns)
			quickest_ns = share->typical[i].mean_ns;
	share->quickest_ns = quickest_ns;
}

static void
learn(PoolShare *share, int kind, int64_t own_ns)
{
	Typical *typical;

	if (kind >= share->ntypical)
	{
		int n = kind + 16;

		share->typical =
			mem_realloc(share->typical, (size_t) n * sizeof(Typical));
		memset(share->typical + share->ntypical, 0,
			   (size_t) (n - share->ntypical) * sizeof(Typical));
		share->ntypical = n;
	}
	typical = &share->typical[kind];
	if (typical->count < SAMPLES)
		typical->count++;
	typical->mean_ns += (own_ns - typical->mean_ns) / typical->count;
	if (share->nsamples++ % LOOK_EVERY == 0 || typical->count == 1)
		find_quickest(share);
}

static int64_t
lasting_ns(const PoolShare *share)
{
	return LASTING_TIMES * share->quickest_ns + LASTING_NS;
}

static bool
may_last(const PoolShare *share, int kind)
{
	return kind >= share->ntypical || share->typical[kind].count == 0 ||
		   share->typical[kind].mean_ns > lasting_ns(share);
}

/* -------- places -------- */

/* By its state and its users: where it stands, if it takes more. */
void
share_relist(PoolMember *member)
{
	PoolShare *share = member->pool->share;
	bool is_open;

	if (member->is_reserved &&
		(member->state == MEMBER_EMPTY || member->state == MEMBER_LEASED))
	{
		member->is_reserved = false;
		share->nreserved--;
	}
	is_open = member->state == MEMBER_SHARED && member->users > 0 &&
			  member->users < share->depth && member->nlasting == 0 &&
			  !member->is_stalled && !member->is_reserved && !member->is_lost;

	member_enlist(member, is_open ? &share->open[member->users] : NULL);
}

static PoolMember *
find_shared(PoolShare *share, int64_t now_ns)
{
	for (int users = 1; users < share->depth; users++)
	{
		PoolMember *member;

		while ((member = share->open[users].first) != NULL)
		{
			if (now_ns - member->begun_ns <= lasting_ns(share))
				return member;
			member->is_stalled = true;
			share_relist(member);
		}
	}
	return NULL;
}

static bool
place(Pool *pool, PoolWaiter *waiter)
{
	PoolShare *share = pool->share;
	PoolMember *member = pool->idle.first;
	int64_t now_ns = loop_now_ns(pool->loop);

	if (member == NULL)
		member = find_shared(share, now_ns);
	if (member == NULL)
		return false;
	if (member->state == MEMBER_IDLE)
	{
		member->is_lost = member->is_fresh = false;
		member->begun_ns = now_ns;
		member_set_state(member, MEMBER_SHARED);
	}
	waiter->is_lasting = may_last(share, waiter->kind);
	member->nlasting += waiter->is_lasting;
	member->users++;
	share_relist(member);
	waiter_grant(pool, waiter, member);
	return true;
}

/* -------- members of one's own -------- */

/* The one that will be free first, as far as one can tell. */
static bool
reserve(Pool *pool)
{
	PoolMember *best = NULL;

	if (pool->count[MEMBER_SHARED] <= pool->share->nreserved)
		return false;
	for (int i = 0; i < pool->nmembers; i++)
	{
		PoolMember *member = &pool->members[i];

		if (member->state == MEMBER_SHARED && !member->is_reserved &&
			(best == NULL || member->users < best->users))
			best = member;
	}
	if (best == NULL)
		return false;
	best->is_reserved = true;
	pool->share->nreserved++;
	share_relist(best);
	return true;
}

static void
unreserve(PoolMember *member)
{
	member->is_reserved = false;
	member->pool->share->nreserved--;
	if (member->state == MEMBER_SHARED)
		share_relist(member);
}

/* Those who waited for them have gone, or got another one. */
static void
unreserve_some(Pool *pool)
{
	for (int i = 0;
		 i < pool->nmembers && pool->share->nreserved > pool->nwaiting_alone;
		 i++)
		if (pool->members[i].is_reserved)
			unreserve(&pool->members[i]);
}

static bool
lend_alone(Pool *pool, PoolWaiter *waiter)
{
	PoolMember *member = pool->idle.first;

	if (member == NULL)
		return false;
	if (member->is_reserved)
		unreserve(member);
	waiter_grant(pool, waiter, member);
	return true;
}

void
share_serve(Pool *pool)
{
	int wanted = 0;
	PoolWaiter *next;

	unreserve_some(pool);
	for (PoolWaiter *waiter = pool->waiting_first; waiter != NULL;
		 waiter = next)
	{
		next = waiter->next;
		if (waiter->shares)
		{
			if (!place(pool, waiter))
				break;
		}
		else if (!lend_alone(pool, waiter) &&
				 ++wanted > pool->share->nreserved && !reserve(pool))
			break;
	}
	unreserve_some(pool);
}

/* -------- a turn -------- */

void
pool_share_begun(PoolMember *member, int64_t time_ns)
{
	member->begun_ns = time_ns;
	if (!member->is_stalled)
		return;
	member->is_stalled = false;
	share_relist(member);
	pool_serve(member->pool);
}

void
pool_share_end(PoolWaiter *waiter, int64_t own_ns, bool is_usable)
{
	PoolMember *member = waiter->member;
	Pool *pool = member->pool;

	assert(member->state == MEMBER_SHARED && member->users > 0);
	pool->nended++;
	member->users--;
	member->nlasting -= waiter->is_lasting;
	if (own_ns >= 0)
		learn(pool->share, waiter->kind, own_ns);
	if (!is_usable)
		member->is_lost = true;
	if (member->users > 0)
	{
		share_relist(member);
		pool_serve(pool);
		return;
	}
	member->is_stalled = false;
	member_set_state(member, MEMBER_RESETTING);
	pool->ops->reset(pool->ops_arg, member);
}
