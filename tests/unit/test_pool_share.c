/*
 * test_pool_share.c
 *	  Connections that several statements share.
 */
#include "pool_fake.h"

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

int
main(void)
{
	test_share();
	test_share_slow();
	test_share_alone();
	return done_testing();
}
