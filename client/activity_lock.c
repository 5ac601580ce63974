/*
 * activity_lock.c
 *	  Waits for locks: which are the same, and their words.
 */
#include "activity_lock.h"

/* Tasks of our own are one blocker for each statement that they stand at. */
bool
activity_lock_is_same(const ActivityLock *a, const ActivityLock *b)
{
	if (a->step != b->step || a->blocker != b->blocker)
		return false;
	return a->blocker == BLOCKER_OWN
			   ? a->blocker_step == b->blocker_step &&
					 a->blocker_is_idle == b->blocker_is_idle
			   : a->blocker_pid == b->blocker_pid;
}

const char *
blocker_name(BlockerKind kind)
{
	static const char *const names[] = {"own", "other", "hidden", "prepared"};

	return names[kind];
}
