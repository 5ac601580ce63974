/*
 * loop_post.c
 *	  Words from other threads: each post is a callback that the loop owes.
 *
 * is_queued, next and the list belong to the loop's done_lock; the rest of a
 * post never changes while it is open.
 */
#include "loop_impl.h"

void
loop_post_open(Loop *base, LoopPost *post, void (*fn)(void *), void *arg)
{
	RealLoop *loop = real_loop(base, "loop_post_open");

	post->fn = fn;
	post->arg = arg;
	post->loop = base;
	post->is_queued = false;
	loop->nworks++;
}

void
loop_post(LoopPost *post)
{
	RealLoop *loop = (RealLoop *) post->loop;
	bool is_first;

	pthread_mutex_lock(&loop->done_lock);
	is_first = !post->is_queued;
	if (is_first)
	{
		post->is_queued = true;
		post->next = loop->posts;
		loop->posts = post;
	}
	pthread_mutex_unlock(&loop->done_lock);
	if (is_first)
		loop_wake(loop);
}

static LoopPost *
post_take(RealLoop *loop)
{
	LoopPost *post;

	pthread_mutex_lock(&loop->done_lock);
	post = loop->posts;
	if (post != NULL)
	{
		loop->posts = post->next;
		post->is_queued = false;
	}
	pthread_mutex_unlock(&loop->done_lock);
	return post;
}

void
post_deliver(RealLoop *loop)
{
	LoopPost *post;

	while ((post = post_take(loop)) != NULL)
		post->fn(post->arg); /* may close it */
}

void
loop_post_close(LoopPost *post)
{
	RealLoop *loop = (RealLoop *) post->loop;

	pthread_mutex_lock(&loop->done_lock);
	for (LoopPost **at = &loop->posts; *at != NULL; at = &(*at)->next)
		if (*at == post)
		{
			*at = post->next;
			break;
		}
	pthread_mutex_unlock(&loop->done_lock);
	post->loop = NULL;
	loop->nworks--;
}
