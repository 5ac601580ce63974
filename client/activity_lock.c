/*
 * activity_lock.c
 *	  Waits for locks: which are the same, and their words.
 */
#include "activity_lock.h"

/*
 * Tasks of our own that work are one blocker: whoever it was, it had something
 * to do.  Where they sat idle is a blocker each.
 */
bool
activity_lock_is_same(const ActivityLock *a, const ActivityLock *b)
{
	if (a->step != b->step || a->blocker != b->blocker)
		return false;
	if (a->blocker != BLOCKER_OWN)
		return a->blocker_pid == b->blocker_pid;
	return a->blocker_is_idle == b->blocker_is_idle &&
		   (!a->blocker_is_idle || a->blocker_step == b->blocker_step);
}

const char *
blocker_name(BlockerKind kind)
{
	static const char *const names[] = {"own", "other", "hidden", "prepared"};

	return names[kind];
}
