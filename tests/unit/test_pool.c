/*
 * test_pool.c
 *	  Lending, waiting and replacing.
 */
#include "pool_fake.h"

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
	test_size();
	return done_testing();
}
