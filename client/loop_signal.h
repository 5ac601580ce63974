/*
 * loop_signal.h
 *	  SIGINT and SIGTERM, told by a loop.
 */
#ifndef LOOP_SIGNAL_H
#define LOOP_SIGNAL_H

#include "loop.h"

/*
 * SIGINT and SIGTERM, for one loop of a process.  on_loop runs on the loop
 * once for each of the first two, with the count.  While a call holds the
 * loop, the second signal interrupts all calls, and the third runs on_last
 * (on the control thread if the loop is held), which must only flush and
 * _exit.  A fourth one kills as if nobody handled it.
 */
extern void loop_set_signals(Loop *loop, void (*on_loop)(void *arg, int count),
							 void (*on_last)(void *arg), void *arg);

/* Signals so far, those not told yet as well.  Any thread. */
extern int loop_signal_count(const Loop *loop);

#endif /* LOOP_SIGNAL_H */
