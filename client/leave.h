/*
 * leave.h
 *	  Leaving the program at once, but not with the terminal in disorder.
 *
 * One function may be told what there is to be put in order.  It is called on
 * any thread, also in a signal handler, and must be safe there.
 */
#ifndef LEAVE_H
#define LEAVE_H

extern void leave_set(void (*fn)(void)); /* NULL: nothing any more */

/* Call it, once: the program is about to end by a signal. */
extern void leave_prepare(void);

/* The same, and _exit. */
extern void leave_now(int exit_code) __attribute__((noreturn));

#endif /* LEAVE_H */
