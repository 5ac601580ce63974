/*
 * activity_lock.h
 *	  Waits for locks, and transactions that nobody works in: part of what
 *	  activity.h sums up.
 */
#ifndef ACTIVITY_LOCK_H
#define ACTIVITY_LOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef enum BlockerKind
{
	BLOCKER_OWN,	 /* a task of this run */
	BLOCKER_OTHER,	 /* another session */
	BLOCKER_HIDDEN,	 /* the same, of a role that may not be looked at */
	BLOCKER_PREPARED /* a prepared transaction: no session at all */
} BlockerKind;

/* Steps that waited for a lock, and who was at the head of those it had. */
typedef struct ActivityLock
{
	int step;		/* that waits */
	uint64_t task;	/* the one that waited longest */
	char event[32]; /* what that one waited for: transactionid, ... */
	BlockerKind blocker;
	int blocker_pid;
	uint64_t blocker_task; /* own: when task waited longest */
	int blocker_step;	   /* own: its latest statement */
	bool blocker_is_idle;  /* in its transaction, for more than a pause */
	bool blocker_varies;   /* own: other tasks, at other statements, too */
	char application[64];  /* other: its name, as it calls itself */
	char state[32];		   /* other: "idle in transaction" */
	int64_t blocker_ns;	   /* other: since its transaction began */
	int64_t samples;
	int64_t ns;
	int64_t longest_ns; /* that one statement waited, at least */
} ActivityLock;

/* Between two statements of a transaction there is always some time. */
#define ACTIVITY_PAUSE_NS INT64_C(10000000)

#define ACTIVITY_LOCKS 64 /* kinds of waits that are told apart */

/* Our own transactions that were open while we asked for nothing. */
typedef struct ActivityIdle
{
	int64_t samples;
	int64_t ns;
	int64_t longest_ns;
	uint64_t task; /* of the longest */
	int step;	   /* its statement before that; -1: not known */
} ActivityIdle;

/* The same wait, but for who waits and how long? */
extern bool activity_lock_is_same(const ActivityLock *a,
								  const ActivityLock *b);

/* "own", "other", ...: in JSON. */
extern const char *blocker_name(BlockerKind kind);

#endif /* ACTIVITY_LOCK_H */
