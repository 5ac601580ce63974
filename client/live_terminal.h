/*
 * live_terminal.h
 *	  The terminal that --live draws on: taken for a full screen, and given
 *	  back as it was, however the program ends.
 *
 * There is one a process, since signal handlers have no argument.  Functions
 * are for the thread that draws, between open and close, unless they say
 * otherwise.
 */
#ifndef LIVE_TERMINAL_H
#define LIVE_TERMINAL_H

#include <stdio.h>

#include "err.h"

/* Any thread, before: is there one that can show a full screen? */
extern bool live_terminal_check(Err *err);

/*
 * The program's thread: find it and listen to the signals that matter.  It
 * draws nothing.  On false nothing is left open.
 */
extern bool live_terminal_open(Err *err);
extern void live_terminal_close(void);

/* For report_style; the terminal's own. */
extern FILE *live_terminal_stream(void);
extern void live_terminal_size(int *columns, int *lines);

/*
 * Have the screen: true when it is ours.  False: a shell has put us into the
 * background, so that it is not.  *is_fresh: nothing is drawn on it now.
 */
extern bool live_terminal_take(bool *is_fresh);

/* All of it, in one go, so that nothing comes between. */
extern void live_terminal_write(const char *text, size_t len);

/* What signals have asked for; once. */
typedef enum LiveTerminalNews
{
	LIVE_TERMINAL_STOP = 1,		/* Ctrl-Z: live_terminal_stop is to follow */
	LIVE_TERMINAL_CONTINUED = 2 /* others have drawn meanwhile */
} LiveTerminalNews;

extern unsigned live_terminal_news(void);

/* Others may have drawn: if it is ours, have it again. */
extern void live_terminal_again(void);

/* Give it back and stop, as Ctrl-Z wants; returns when going on. */
extern void live_terminal_stop(void);

/*
 * Around all that the thread which draws does with the terminal and with what
 * was captured, so that nobody gives it back in the midst of that.
 */
extern void live_terminal_lock(void);
extern void live_terminal_unlock(void);

/* Any thread: wake whoever waits for the descriptor to be readable. */
extern void live_terminal_wake(void);
extern int live_terminal_wake_fd(void);
extern void live_terminal_woken(void);

#endif /* LIVE_TERMINAL_H */
