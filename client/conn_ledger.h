/*
 * conn_ledger.h
 *	  The ledger's table before the tasks begin: there, fit, and read.
 *
 * On one connection of the tasks' own pool, so that it is the same role and
 * the same search_path that will make the marks.
 */
#ifndef CONN_LEDGER_H
#define CONN_LEDGER_H

#include "ledger.h"

typedef struct ConnLedger ConnLedger;

/*
 * Begin; on_done is called once, from the loop.  on_mark is called before,
 * for each mark of this plan.  The result is to be freed after the pool is.
 */
extern ConnLedger *conn_ledger_open(
	Loop *loop, Pool *pool, const Ledger *ledger,
	void (*on_mark)(void *arg, const RowKey *key),
	void (*on_done)(void *arg, const Err *err), void *arg);
extern void conn_ledger_free(ConnLedger *self);

#endif /* CONN_LEDGER_H */
