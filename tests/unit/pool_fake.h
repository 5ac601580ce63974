/*
 * pool_fake.h
 *		A pool of connections that are made up, for its tests.
 *
 * The fake's open answers at once, after a second of the virtual clock, or
 * with an error, as "fake" says; its reset likewise.  Include it from the
 * file with main() only.
 */
#ifndef POOL_FAKE_H
#define POOL_FAKE_H

#include "pool.h"

#include <stdlib.h>

#include "tap.h"

#define MAX_MEMBERS 16

typedef struct Fake
{
	const char *sqlstate; /* of failing opens; NULL: they work */
	int room;			  /* opens that work before they fail */
	bool is_slow;		  /* opens answer after a second */
	bool slow_reset;	  /* resets answer by finish_reset */
	bool reset_fails;
	int nopens;
	int ncloses;
	int nresets;
	int nopening;
	int most_opening;
	PoolMember *resetting;
	LoopTimer timers[MAX_MEMBERS];
	PoolMember *opening[MAX_MEMBERS];
	int is_open[MAX_MEMBERS + 1];
} Fake;

static Loop *loop;
static Pool *pool;
static Fake fake;
static char granted[256]; /* who, in which order */
static bool opened;
static Err opened_err;

static inline void
answer_open(PoolMember *member)
{
	Err err;

	fake.nopening--;
	if (fake.sqlstate != NULL && fake.room-- <= 0)
	{
		err_set(&err, ERR_CONNECT, "no");
		snprintf(err.sqlstate, sizeof(err.sqlstate), "%s", fake.sqlstate);
		pool_member_opened(member, &err);
		return;
	}
	fake.is_open[member->number] = 1;
	pool_member_opened(member, NULL);
}

static inline void
on_open_timer(void *arg)
{
	answer_open(*(PoolMember **) arg);
}

static inline void
fake_open(void *arg, PoolMember *member)
{
	int i = member->number - 1;

	(void) arg;
	fake.nopens++;
	if (++fake.nopening > fake.most_opening)
		fake.most_opening = fake.nopening;
	if (!fake.is_slow)
	{
		answer_open(member);
		return;
	}
	fake.opening[i] = member;
	loop_timer_init(&fake.timers[i], on_open_timer, &fake.opening[i]);
	loop_timer_set(loop, &fake.timers[i], loop_now_ns(loop) + NS_PER_S);
}

static inline void
finish_reset(void)
{
	PoolMember *member = fake.resetting;
	Err err;

	fake.resetting = NULL;
	err_set(&err, ERR_LOST, "lost");
	pool_member_reset(member, fake.reset_fails ? &err : NULL);
}

static inline void
fake_reset(void *arg, PoolMember *member)
{
	(void) arg;
	fake.nresets++;
	fake.resetting = member;
	if (!fake.slow_reset)
		finish_reset();
}

static inline void
fake_close(void *arg, PoolMember *member)
{
	(void) arg;
	fake.ncloses++;
	fake.is_open[member->number] = 0;
}

static const PoolOps fake_ops = {fake_open, fake_reset, fake_close, NULL};

static inline void
on_granted(PoolWaiter *waiter)
{
	size_t len = strlen(granted);

	snprintf(granted + len, sizeof(granted) - len, "%d%s ", (int) waiter->task,
			 waiter->member != NULL			   ? ""
			 : waiter->err.kind == ERR_CONNECT ? "!"
											   : "?");
}

static inline void
on_opened(void *arg, const Err *err)
{
	(void) arg;
	ok(!opened, "on_opened is called once");
	opened = true;
	if (err != NULL)
		opened_err = *err;
}

static inline void
start(int size)
{
	memset(&fake, 0, sizeof(fake));
	granted[0] = '\0';
	opened = false;
	err_clear(&opened_err);
	loop = loop_new_virtual();
	pool = pool_new(loop, NULL, &fake_ops, NULL, size);
}

static inline void
finish(void)
{
	int nopen = 0;

	pool_free(pool);
	for (int i = 0; i <= MAX_MEMBERS; i++)
		nopen += fake.is_open[i];
	is_i64(nopen, 0, "the pool closed what it had opened");
	loop_free(loop);
}

static inline bool
acquire(PoolWaiter *waiter, int task)
{
	memset(waiter, 0, sizeof(*waiter));
	waiter->task = (uint64_t) task;
	waiter->on_granted = on_granted;
	return pool_acquire(pool, waiter);
}

#endif /* POOL_FAKE_H */
