/*
 * loop_post.h
 *	  Words from other threads to a loop.
 */
#ifndef LOOP_POST_H
#define LOOP_POST_H

#include "loop.h"

/*
 * The one function that any thread may call: fn runs on the loop soon, once
 * for all posts that were made until then.  A post belongs to its loop from
 * loop_post_open to loop_post_close, both on the loop's thread or while no
 * loop_run is under way, and keeps the loop going for so long.
 */
typedef struct LoopPost
{
	void (*fn)(void *arg);
	void *arg;
	Loop *loop;
	bool is_queued; /* the loop's own, as the next */
	struct LoopPost *next;
} LoopPost;

extern void loop_post_open(Loop *loop, LoopPost *post, void (*fn)(void *),
						   void *arg);
extern void loop_post(LoopPost *post);
extern void loop_post_close(LoopPost *post);

#endif /* LOOP_POST_H */
