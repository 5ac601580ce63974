/*
 * test_loop_post.c
 *	  The real loop: what other threads post to it.
 */
#include "loop_helper.h"
#include "loop_post.h"

typedef struct PostTest
{
	LoopPost post;
	LoopPost other;
	atomic_int said; /* by the other thread, before each post */
	int heard;
	int calls;
} PostTest;

#define POSTS 1000

static void *
post_often(void *arg)
{
	PostTest *test = arg;

	for (int i = 0; i < POSTS; i++)
	{
		atomic_fetch_add(&test->said, 1);
		loop_post(&test->post);
	}
	return NULL;
}

static void
on_post(void *arg)
{
	PostTest *test = arg;

	test->calls++;
	test->heard = atomic_load(&test->said);
	if (test->heard == POSTS)
		loop_stop(loop);
}

static void
on_no_post(void *arg)
{
	(void) arg;
	ok(false, "a post that was closed is not delivered");
}

/* A loop with nothing else to do waits for what other threads say. */
static void
test_post(void)
{
	PostTest test = {.heard = 0};
	pthread_t thread;

	start();
	loop_post_open(loop, &test.post, on_post, &test);
	loop_post_open(loop, &test.other, on_no_post, &test);
	loop_post(&test.other);
	loop_post_close(&test.other);
	pthread_create(&thread, NULL, post_often, &test);
	loop_run(loop);
	pthread_join(thread, NULL);
	is_i64(test.heard, POSTS, "post: the last word is heard");
	ok(test.calls >= 1 && test.calls <= POSTS,
	   "post: no more calls than posts (%d)", test.calls);
	loop_post_close(&test.post);
	loop_run(loop);
	ok(true, "post: a loop whose posts are closed ends by itself");
	loop_free(loop);
}

int
main(void)
{
	alarm(120); /* a loop that never ends fails as well */
	test_post();
	return done_testing();
}
