/*
 * test_pool.c
 *	  Lending, waiting and replacing, with connections that are made up.
 *
 * The fake's open answers at once, after a second of the virtual clock, or
 * with an error, as "plan" says; its reset likewise.
 */
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

/* -------- the fake -------- */

static void
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

static void
on_open_timer(void *arg)
{
	answer_open(*(PoolMember **) arg);
}

static void
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

static void
finish_reset(void)
{
	PoolMember *member = fake.resetting;
	Err err;

	fake.resetting = NULL;
	err_set(&err, ERR_LOST, "lost");
	pool_member_reset(member, fake.reset_fails ? &err : NULL);
}

static void
fake_reset(void *arg, PoolMember *member)
{
	(void) arg;
	fake.nresets++;
	fake.resetting = member;
	if (!fake.slow_reset)
		finish_reset();
}

static void
fake_close(void *arg, PoolMember *member)
{
	(void) arg;
	fake.ncloses++;
	fake.is_open[member->number] = 0;
}

static const PoolOps fake_ops = {fake_open, fake_reset, fake_close, NULL};

static void
on_granted(PoolWaiter *waiter)
{
	size_t len = strlen(granted);

	snprintf(granted + len, sizeof(granted) - len, "%d%s ", (int) waiter->task,
			 waiter->member != NULL			   ? ""
			 : waiter->err.kind == ERR_CONNECT ? "!"
											   : "?");
}

static void
on_opened(void *arg, const Err *err)
{
	(void) arg;
	ok(!opened, "on_opened is called once");
	opened = true;
	if (err != NULL)
		opened_err = *err;
}

static void
start(int size)
{
	memset(&fake, 0, sizeof(fake));
	granted[0] = '\0';
	opened = false;
	err_clear(&opened_err);
	loop = loop_new_virtual();
	pool = pool_new(loop, NULL, &fake_ops, NULL, size);
}

static void
finish(void)
{
	int nopen = 0;

	pool_free(pool);
	for (int i = 0; i <= MAX_MEMBERS; i++)
		nopen += fake.is_open[i];
	is_i64(nopen, 0, "the pool closed what it had opened");
	loop_free(loop);
}

static bool
acquire(PoolWaiter *waiter, int task)
{
	memset(waiter, 0, sizeof(*waiter));
	waiter->task = (uint64_t) task;
	waiter->on_granted = on_granted;
	return pool_acquire(pool, waiter);
}

/* -------- tests -------- */

static void
test_lend_and_give(void)
{
	PoolWaiter a;
	PoolWaiter b;

	start(2);
	ok(acquire(&a, 1), "an empty pool opens on demand and lends at once");
	is_i64(a.member->number, 1, "connection 1");
	is_i64((int64_t) a.held_before_by, 0, "nobody had it before");
	ok(a.member->is_fresh, "the acquire hook is still to be sent");
	is_i64(fake.nopens, 1, "one connection was opened, not two");
	pool_give(pool, a.member);
	is_i64(fake.nresets, 1, "a given connection is reset");
	is_i64(pool_idle_count(pool), 1, "and idle again");
	a.member->is_fresh = false;
	ok(acquire(&b, 2), "it is lent again");
	ok(b.member == a.member, "the same one, no second is opened");
	is_i64((int64_t) b.held_before_by, 1, "task 1 had it before");
	ok(b.member->is_fresh, "with a hook to send again");
	is_str(granted, "", "nobody was called back");
	finish();
}

static void
test_fifo(void)
{
	PoolWaiter first;
	PoolWaiter w[4];
	PoolMember *member;

	start(1);
	ok(acquire(&first, 1), "the only connection is lent");
	member = first.member;
	for (int i = 0; i < 4; i++)
		ok(!acquire(&w[i], i + 2), "task %d waits", i + 2);
	is_i64(pool_waiting_count(pool), 4, "four wait");
	ok(pool_try(pool, 9, &w[0].held_before_by) == NULL,
	   "nobody gets past them");
	pool_give(pool, member);
	is_str(granted, "2 ", "the first waiter is first");
	is_i64((int64_t) w[0].held_before_by, 1, "it is told who had it");
	pool_forget_waiter(pool, &w[2]);
	is_i64(pool_waiting_count(pool), 2, "a waiter that is forgotten is gone");
	pool_forget_waiter(pool, &w[2]);
	pool_give(pool, member);
	pool_give(pool, member);
	is_str(granted, "2 3 5 ", "the others keep their order");
	pool_give(pool, member);
	is_i64(pool_idle_count(pool), 1, "nobody waits: idle");
	is_i64(fake.nopens, 1, "nothing else was opened");
	finish();
}

static void
test_idle_longest(void)
{
	PoolWaiter w[3];
	uint64_t before;

	start(3);
	for (int i = 0; i < 3; i++)
		ok(acquire(&w[i], i + 1), "task %d has a connection", i + 1);
	pool_give(pool, w[1].member);
	pool_give(pool, w[2].member);
	pool_give(pool, w[0].member);
	is_i64(pool_try(pool, 7, &before)->number, 2,
		   "the one that is idle longest is lent first");
	is_i64((int64_t) before, 2, "which task 2 had");
	is_i64(pool_try(pool, 7, &before)->number, 3, "then the next");
	is_i64(pool_try(pool, 7, &before)->number, 1, "then the last");
	ok(pool_try(pool, 7, &before) == NULL, "then there is none");
	finish();
}

static void
test_reset_before_lending(void)
{
	PoolWaiter a;
	PoolWaiter b;

	start(1);
	fake.slow_reset = true;
	acquire(&a, 1);
	acquire(&b, 2);
	pool_give(pool, a.member);
	is_str(granted, "", "a connection that is being reset is not lent");
	is_i64(a.member->state, MEMBER_RESETTING, "it is resetting");
	finish_reset();
	is_str(granted, "2 ", "only when that is over");

	fake.reset_fails = true;
	acquire(&a, 3);
	pool_give(pool, b.member);
	fake.slow_reset = false;
	finish_reset();
	is_str(granted, "2 3 ", "after a reset that fails the waiter is served");
	is_i64(fake.ncloses, 1, "for the connection was closed");
	is_i64(fake.nopens, 2, "and replaced");
	finish();
}

static void
test_lost(void)
{
	PoolWaiter a;
	PoolWaiter b;

	start(2);
	acquire(&a, 1);
	acquire(&b, 2);
	pool_give(pool, b.member);
	pool_member_lost(b.member);
	is_i64(pool_idle_count(pool), 0, "an idle connection that broke is gone");
	is_i64(fake.ncloses, 1, "and closed");
	is_i64(fake.nopens, 2, "but not replaced before it is needed");

	pool_member_lost(a.member);
	is_i64(fake.ncloses, 1, "a lent one stays until it is given");
	ok(acquire(&b, 3), "the lost one is replaced when needed");
	is_i64(fake.nopens, 3, "by a new connection");
	ok(!acquire(&b, 4), "another task waits");
	pool_give(pool, a.member);
	is_i64(fake.ncloses, 2, "what broke while lent is closed, not lent again");
	is_str(granted, "4 ", "and the waiter gets its replacement");
	finish();
}

static void
test_no_room(void)
{
	PoolWaiter w[5];

	start(8);
	fake.sqlstate = "53300";
	fake.room = 3;
	for (int i = 0; i < 3; i++)
		ok(acquire(&w[i], i + 1), "task %d has a connection", i + 1);
	ok(!acquire(&w[3], 4), "the fourth waits: the server has no room");
	is_i64(pool_size(pool), 3, "which is the pool's size from now on");
	ok(!acquire(&w[4], 5), "the fifth waits");
	is_i64(fake.nopens, 4, "without trying again");
	pool_give(pool, w[2].member);
	is_str(granted, "4 ", "and they are served by those that there are");
	finish();
}

static void
test_open_fails(void)
{
	PoolWaiter w[3];

	start(2);
	fake.sqlstate = "";
	fake.room = 1;
	acquire(&w[0], 1);
	ok(!acquire(&w[1], 2), "a second connection cannot be had");
	is_str(granted, "", "its waiter waits for the first one");
	pool_member_lost(w[0].member);
	pool_give(pool, w[0].member);
	is_str(granted, "2! ", "no connection left and none to be had: an error");
	ok(!acquire(&w[2], 3), "the next one tries again");
	is_str(granted, "2! 3! ", "and is told the same");
	is_i64(pool_waiting_count(pool), 0, "nobody waits for ever");
	fake.sqlstate = NULL;
	ok(acquire(&w[2], 4), "and when it works again it works");
	finish();
}

static void
test_slow_open(void)
{
	PoolWaiter w[3];

	start(2);
	fake.is_slow = true;
	for (int i = 0; i < 3; i++)
		ok(!acquire(&w[i], i + 1), "task %d waits for an opening", i + 1);
	is_i64(fake.nopens, 2, "as many are opened as there is room");
	pool_forget_waiter(pool, &w[0]);
	loop_run(loop);
	is_str(granted, "2 3 ", "connections serve whoever is first by then");
	is_i64(loop_now_ns(loop), NS_PER_S, "both at the same time");
	finish();
}

static void
test_open_all(void)
{
	start(7);
	fake.is_slow = true;
	pool_open(pool, 3, on_opened, NULL);
	ok(!opened, "opening all takes its time");
	loop_run(loop);
	ok(opened && opened_err.kind == ERR_NONE, "then it is told");
	is_i64(pool_idle_count(pool), 7, "all are open");
	is_i64(fake.most_opening, 3, "never more than three at a time");
	is_i64(loop_now_ns(loop), 3 * NS_PER_S, "so in three rounds");
	finish();
}

static void
test_open_all_no_room(void)
{
	start(10);
	fake.is_slow = true;
	fake.sqlstate = "53300";
	fake.room = 4;
	pool_open(pool, 3, on_opened, NULL);
	loop_run(loop);
	ok(opened && opened_err.kind == ERR_NONE, "some are better than none");
	is_i64(pool_idle_count(pool), 4, "as many as the server has room for");
	is_i64(pool_size(pool), 4, "are the pool");
	is_i64(fake.nopens, 7, "it stopped trying, but for those under way");
	finish();

	start(10);
	fake.sqlstate = "28P01";
	pool_open(pool, 3, on_opened, NULL);
	loop_run(loop);
	ok(opened, "a pool that cannot open any says so");
	is_str(opened_err.sqlstate, "28P01", "and why");
	is_i64(fake.nopens, 1, "after one attempt that failed at once");
	finish();
}

/* What runs when a waiter is told may ask the pool for more. */
static PoolWaiter again;

static void
on_granted_again(PoolWaiter *waiter)
{
	on_granted(waiter);
	if (!again.is_waiting && again.task == 0)
		acquire(&again, 9);
}

static void
test_reentry(void)
{
	PoolWaiter first;
	PoolWaiter second;
	PoolWaiter third;

	start(1);
	memset(&again, 0, sizeof(again));
	fake.sqlstate = "";
	fake.room = 1;
	acquire(&first, 1);
	acquire(&second, 2);
	second.on_granted = on_granted_again;
	acquire(&third, 3);
	pool_member_lost(first.member);
	pool_give(pool, first.member);
	is_str(granted, "2! 3! 9! ",
		   "a failure told to one does not lose or repeat the others");
	is_i64(pool_waiting_count(pool), 0, "nobody is left behind");
	finish();
}

/* -------- sharing -------- */

static bool
acquire_turn(PoolWaiter *waiter, int task, int kind)
{
	memset(waiter, 0, sizeof(*waiter));
	waiter->task = (uint64_t) task;
	waiter->on_granted = on_granted;
	waiter->shares = true;
	waiter->kind = kind;
	return pool_acquire(pool, waiter);
}

static void
start_shared(int size, int depth)
{
	start(size);
	pool_set_depth(pool, depth);
}

/* One statement, seen to take so long. */
static void
teach(int kind, int64_t own_ns)
{
	PoolWaiter waiter;

	acquire_turn(&waiter, 99, kind);
	pool_share_end(&waiter, own_ns, true);
}

static void
test_share(void)
{
	PoolWaiter w[8];

	start_shared(2, 3);
	pool_open(pool, 2, on_opened, NULL);
	ok(acquire_turn(&w[0], 1, 7), "the first has a member");
	ok(acquire_turn(&w[1], 2, 7), "the second, too");
	ok(w[0].member != w[1].member, "another one: it was idle");
	ok(!acquire_turn(&w[2], 3, 7),
	   "nobody is put behind a statement that was never seen to end");
	pool_share_end(&w[0], NS_PER_MS, true);
	is_str(granted, "3 ", "the next waits for the first that ends");
	pool_share_end(&w[1], NS_PER_MS, true);
	for (int i = 3; i < 8; i++)
		ok(acquire_turn(&w[i], i + 1, 7), "now %d share", i - 1);
	is_i64(w[2].member->users, 3, "three on the one");
	is_i64(w[3].member->users, 3, "three on the other");
	ok(w[2].member != w[3].member && w[4].member != w[5].member,
	   "the one with fewer was next");
	ok(!acquire_turn(&w[0], 8, 7), "the seventh waits");
	for (int i = 2; i < 8; i++)
		pool_share_end(&w[i], NS_PER_MS, true);
	pool_share_end(&w[0], NS_PER_MS, true);
	is_i64(pool_idle_count(pool), 2, "and then all are idle");
	finish();
}

static void
test_share_slow(void)
{
	PoolWaiter slow;
	PoolWaiter w[4];
	LoopTimer timer;

	start_shared(2, 10);
	pool_open(pool, 2, on_opened, NULL);
	teach(1, NS_PER_MS / 10);
	teach(2, NS_PER_S);
	acquire_turn(&slow, 1, 2);
	pool_share_begun(slow.member, loop_now_ns(loop));
	for (int i = 0; i < 4; i++)
	{
		ok(acquire_turn(&w[i], 2 + i, 1), "a quick one has a place");
		ok(w[i].member != slow.member, "not behind the slow one");
	}
	for (int i = 0; i < 4; i++)
		pool_share_end(&w[i], NS_PER_MS / 10, true);
	pool_share_end(&slow, NS_PER_S, true);

	/* known as quick, but slow right now */
	acquire_turn(&w[0], 1, 1);
	acquire_turn(&w[1], 2, 1);
	acquire_turn(&w[2], 3, 1);
	for (int i = 0; i < 2; i++)
		pool_share_begun(w[i].member, loop_now_ns(loop));
	loop_timer_init(&timer, (void (*)(void *)) loop_stop, loop);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + NS_PER_S / 10);
	loop_run(loop);
	pool_share_begun(w[1].member, loop_now_ns(loop));
	ok(acquire_turn(&w[3], 4, 1), "one that has just begun");
	ok(w[3].member == w[1].member, "is preferred to one that takes long");
	for (int i = 0; i < 4; i++)
		pool_share_end(&w[i], NS_PER_MS / 10, true);
	finish();
}

static void
test_share_alone(void)
{
	PoolWaiter alone;
	PoolWaiter w[5];

	start_shared(1, 3);
	pool_open(pool, 1, on_opened, NULL);
	teach(1, NS_PER_MS);
	acquire_turn(&w[0], 1, 1);
	acquire_turn(&w[1], 2, 1);
	ok(!acquire(&alone, 3), "one that does not share waits");
	ok(!acquire_turn(&w[2], 4, 1), "whoever comes later does not pass it");
	pool_share_end(&w[0], NS_PER_MS, true);
	is_str(granted, "", "still one on it");
	pool_share_end(&w[1], NS_PER_MS, true);
	is_str(granted, "3 ", "then it has the member to itself");
	ok(!acquire_turn(&w[3], 5, 1), "nobody shares that");
	pool_give(pool, alone.member);
	is_str(granted, "3 4 5 ", "and afterwards they share again");
	ok(!acquire(&alone, 6), "it waits again");
	pool_forget_waiter(pool, &alone);
	ok(acquire_turn(&w[4], 7, 1), "when it has gone nothing is kept for it");
	pool_share_end(&w[2], NS_PER_MS, true);
	pool_share_end(&w[3], NS_PER_MS, false);
	ok(!acquire_turn(&w[0], 8, 1), "a broken one takes nobody more");
	pool_share_end(&w[4], -1, false);
	is_str(granted, "3 4 5 8 ", "a new one is opened for who waits");
	is_i64(fake.nopens, 2, "it is another connection");
	pool_share_end(&w[0], NS_PER_MS, true);
	finish();
}

static void
test_size(void)
{
	PoolWaiter w[4];

	start(4);
	pool_set_size(pool, 1);
	acquire(&w[0], 1);
	ok(!acquire(&w[1], 2), "one at first");
	ok(!acquire(&w[2], 3), "two wait");
	pool_set_size(pool, 3);
	is_str(granted, "2 3 ", "a larger pool opens for them");
	pool_set_size(pool, 1);
	is_i64(fake.ncloses, 0, "a smaller one closes none that is in use");
	for (int i = 0; i < 3; i++)
		pool_give(pool, w[i].member);
	is_i64(fake.ncloses, 2, "but when they are given back");
	is_i64(pool_ended_count(pool), 3, "three leases have ended");
	finish();
}

int
main(void)
{
	test_lend_and_give();
	test_fifo();
	test_idle_longest();
	test_reset_before_lending();
	test_lost();
	test_no_room();
	test_open_fails();
	test_slow_open();
	test_open_all();
	test_open_all_no_room();
	test_reentry();
	test_share();
	test_share_slow();
	test_share_alone();
	test_size();
	return done_testing();
}
