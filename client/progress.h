/*
 * progress.h
 *	  How far a run has come: a status line on a terminal, or lines as
 *	  pgbench prints them.
 *
 * It sees counts, never the engine.  Functions are for the thread that ticks
 * but progress_hide, which any may call; the stream's own lock keeps their
 * output apart.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdio.h>

#include "tally.h"

typedef enum ProgressStyle
{
	PROGRESS_NONE,
	PROGRESS_LINES, /* one at every tick */
	PROGRESS_STATUS /* one, drawn anew at every tick */
} ProgressStyle;

typedef struct Progress
{
	/* To be filled before progress_begin; zero bytes are PROGRESS_NONE. */
	ProgressStyle style;
	FILE *out;
	int columns;		 /* 0: as wide as the terminal is now */
	int64_t total;		 /* tasks; 0: not known */
	int64_t duration_ns; /* -T; 0: none */
	bool has_rate;		 /* tell how late tasks begin, */
	bool has_limit;		 /* and how many were too late */

	/* Its own. */
	bool is_shown;
	int64_t begun_ns;
	int64_t since_ns; /* what the rate counts from, */
	Counts since;	  /* and what there was then */
} Progress;

extern void progress_begin(Progress *progress, int64_t now_ns);
extern void progress_tick(Progress *progress, const Counts *now,
						  int64_t now_ns);

/*
 * Seconds still to go, of a run of that many tasks, or that lasts so long (0:
 * not known), after so many and so long; below 0: nobody knows.
 */
extern double progress_time_left(int64_t total, int64_t duration_ns,
								 int64_t ended, int64_t passed_ns);

/* Take the status line away, to print something else; lock the stream first.
 */
extern void progress_hide(Progress *progress);

#endif /* PROGRESS_H */
