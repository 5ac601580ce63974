/*
 * activity_look.h
 *	  One look at the server: which backends there are, what each was at when
 *	  it was asked about, and what the answer makes of that.
 *
 * begin, note for each backend, pids; then row for each line of the answer,
 * and end.  Not answered: begin again.
 */
#ifndef ACTIVITY_LOOK_H
#define ACTIVITY_LOOK_H

#include "activity.h"
#include "activity_board.h"
#include "buf.h"

typedef struct ActivityLook ActivityLook;

/* A line of the answer; texts "" where there is none, but for the states. */
typedef struct LookRow
{
	int pid;
	const char *state; /* NULL: we may not see it */
	const char *wait_type;
	const char *wait_event;
	int64_t state_ns; /* for so long */
	bool is_blocked;  /* by: */
	int blocker_pid;  /* 0: a prepared transaction */
	const char *blocker_application;
	const char *blocker_state; /* NULL: we may not see it */
	int64_t blocker_ns;		   /* since its transaction began */
} LookRow;

/* Both must outlive it. */
extern ActivityLook *activity_look_new(Activity *activity,
									   const ActivityBoard *board);
extern void activity_look_free(ActivityLook *look);

extern void activity_look_begin(ActivityLook *look);
extern void activity_look_note(ActivityLook *look, int pid, int conn);

/* "{1,2}": whom to ask about; false: nobody. */
extern bool activity_look_pids(ActivityLook *look, Buf *pids);
extern void activity_look_row(ActivityLook *look, const LookRow *row);

/* How many of the backends that were seen did what, at that moment. */
extern void activity_look_count(const ActivityLook *look,
								int counts[ACTIVITY_KINDS]);

/* Add it all to the activity, as standing for so much time. */
extern void activity_look_end(ActivityLook *look, int64_t ns);

#endif /* ACTIVITY_LOOK_H */
