/*
 * activity_board.h
 *	  What each connection of a run is at, for a thread that looks on.
 *
 * Written by the loops' threads as statements begin and end, each for its own
 * connections; read by any.  Numbers of connections are from 1.
 */
#ifndef ACTIVITY_BOARD_H
#define ACTIVITY_BOARD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ActivityBoard ActivityBoard;

/* One connection, at one moment. */
typedef struct ActivityView
{
	uint64_t task; /* that has it, or had it last; 0: none yet */
	int step;	   /* PlanStep.index of its latest statement; -1: none yet */
	bool is_busy;  /* the statement is under way */
	uint64_t turn; /* grows with each that begins or ends */
} ActivityView;

extern ActivityBoard *activity_board_new(int nconns);
extern void activity_board_free(ActivityBoard *board);

extern void activity_board_begin(ActivityBoard *board, int conn, uint64_t task,
								 int step);

/* Of another statement that has begun meanwhile, nothing ends. */
extern void activity_board_end(ActivityBoard *board, int conn, uint64_t task,
							   int step);

/* Any thread.  False: there is no such connection. */
extern bool activity_board_read(const ActivityBoard *board, int conn,
								ActivityView *view);

#endif /* ACTIVITY_BOARD_H */
