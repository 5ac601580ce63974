/*
 * live_capture.h
 *	  What is written to the terminal while --live has it: messages, and
 *	  whatever libraries and child processes print.  It is kept, shown, and
 *	  printed when the terminal is free again.
 *
 * Standard output and error are led into a pipe as far as they are terminals;
 * files and pipes get what they are sent as ever.  Functions are for the
 * thread that draws, unless they say otherwise.
 */
#ifndef LIVE_CAPTURE_H
#define LIVE_CAPTURE_H

#include "err.h"

/* The program's thread, before and after the one that draws. */
extern bool live_capture_begin(Err *err);
extern void live_capture_end(void); /* prints what was kept */

/* To wait for; then read.  -1: nothing is captured. */
extern int live_capture_fd(void);
extern void live_capture_read(void);

/*
 * The newest lines, the newest last; answers how many.  They are good until
 * the next read or call.
 */
extern int live_capture_lines(const char **lines, int most);

/* leave.h: any thread, or a signal handler; prints what was kept. */
extern void live_capture_leave(void);

#endif /* LIVE_CAPTURE_H */
