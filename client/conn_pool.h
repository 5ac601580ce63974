/*
 * conn_pool.h
 *	  A pool of PostgreSQL connections: Conn behind PoolOps.
 *
 * Hooks are SQL, one or several statements: connect runs once on each new
 * connection before it is lent, release at the end of every lease; a
 * transaction left open is rolled back before.  The acquire hook is sent by
 * step_sql.c in front of the first statement of a lease.
 */
#ifndef CONN_POOL_H
#define CONN_POOL_H

#include "conn.h"
#include "plan.h"
#include "pool.h"

/* Hooks and target must outlive the pool; pool_free frees it all. */
extern Pool *conn_pool_new(Loop *loop, Trace *trace, ConnTarget *target,
						   const char *const hooks[HOOK_KINDS], int size,
						   ConnNoticeFn on_notice, void *notice_arg);

extern Conn *conn_pool_conn(const PoolMember *member);

/* NULL: none. */
extern const char *conn_pool_acquire_hook(const PoolMember *member);

#endif /* CONN_POOL_H */
