/*
 * conn_locks.h
 *	  The lock watchdog: blocking steps that could never end are stopped.
 *
 * A blocking step that waits for a lock held by an idle transaction of the
 * same run waits for ever, since that transaction needs the loop to go on.
 * While a call has been under way for longer than CONN_LOCKS_AFTER_MS the
 * control thread asks the server, over a connection of its own, who waits for
 * whom, cancels such a step, and lets its error name both.
 */
#ifndef CONN_LOCKS_H
#define CONN_LOCKS_H

#include "conn_target.h"
#include "loop.h"

#define CONN_LOCKS_AFTER_MS 200

typedef struct ConnLocks ConnLocks;

/*
 * Before the first call begins.  Nothing is connected until it is needed.
 * Free it when no call is under way any more, after loop_free or with the
 * loop at rest, and before the target.
 */
extern ConnLocks *conn_locks_new(Loop *loop, ConnTarget *target);
extern void conn_locks_free(ConnLocks *locks);

#endif /* CONN_LOCKS_H */
