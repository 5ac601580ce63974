/*
 * live_screen.h
 *	  A full screen that is drawn ten times a second, by a thread of its own:
 *	  a terminal that is slow, or stopped by Ctrl-S, delays nobody else, and a
 *	  loop that is held is seen to be.
 *
 * There is one a process.  Functions are for the program's own thread.
 */
#ifndef LIVE_SCREEN_H
#define LIVE_SCREEN_H

#include "err.h"
#include "report.h"

/*
 * Called on that thread: write so many lines at most, of style->columns at
 * most, with a newline between them.  messages are the newest lines of what
 * others have written to the terminal meanwhile.
 */
typedef void (*LiveDrawFn)(void *arg, FILE *out, int lines,
						   const ReportStyle *style,
						   const char *const *messages, int nmessages);

/* Any time before: is there a terminal for it? */
extern bool live_screen_check(Err *err);

/*
 * color: as --color; draw NULL: what was drawn before stays.  On false nothing
 * has changed.  May be opened again while it is open, by whoever draws next.
 */
extern bool live_screen_open(const char *color, LiveDrawFn draw, void *arg,
							 Err *err);

/* For the last time: the terminal is as it was, and what others have written
 * is printed. */
extern void live_screen_close(void);

#endif /* LIVE_SCREEN_H */
