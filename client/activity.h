/*
 * activity.h
 *	  What the server said that its backends did while statements ran.
 *
 * Every look at the server is a sample: it stands for the time since the one
 * before.  An Activity sums them up in memory that does not grow, for the
 * steps of a plan, for those of the first tasks, and for locks.  Whoever adds
 * to it owns it; all shares are estimates, as good as their number of samples.
 */
#ifndef ACTIVITY_H
#define ACTIVITY_H

#include "activity_lock.h"

typedef enum ActivityKind
{
	ACTIVITY_CPU,	 /* on a CPU, or waiting for one */
	ACTIVITY_LOCK,	 /* for a lock that another transaction has */
	ACTIVITY_LWLOCK, /* for a lock of the server's own, for a moment */
	ACTIVITY_IO,
	ACTIVITY_OTHER, /* for something else: a sleep, other processes */
	ACTIVITY_IDLE,	/* for us: the statement is over or not there yet, or
					 * nobody reads what it sends */
	ACTIVITY_KINDS
} ActivityKind;

/* A look: when it was asked for, and how many backends did what. */
typedef void (*ActivityLookFn)(void *arg, int64_t time_ns,
							   const int counts[ACTIVITY_KINDS]);

/* Of statements that were under way when a sample was taken. */
typedef struct ActivitySums
{
	int64_t samples; /* so many statements were under way */
	int64_t flight_ns;
	int64_t ns[ACTIVITY_IDLE]; /* ACTIVITY_IDLE is the rest: activity_ns */
	char event[32];			   /* what was mostly waited for; \"\": nothing */
	int64_t event_ns;		   /* private: by how much it leads */
} ActivitySums;

/* Of one step of one of the first tasks. */
typedef struct ActivityOfTask
{
	uint64_t task;
	int step; /* PlanStep.index */
	ActivitySums sums;
} ActivityOfTask;

typedef struct Activity
{
	bool is_given; /* the server was to be sampled */
	int64_t interval_ns;
	int64_t looks;		 /* the server was asked and answered */
	int64_t covered_ns;	 /* the time for which they stand */
	int64_t took_ns;	 /* all answers: asked to answered */
	char problem[256];	 /* why there are no more; "": there are all */
	int64_t hidden;		 /* backends that we may not look at */
	int64_t elsewhere;	 /* connections to another server */
	ActivitySums *steps; /* by PlanStep.index; NULL: none */
	int nsteps;
	ActivityOfTask
		*tasks; /* by task and step, once activity_sort was called */
	int ntasks;
	ActivityLock locks[ACTIVITY_LOCKS]; /* costliest first, likewise */
	int nlocks;
	int64_t other_locks_ns; /* for which there was no room */
	ActivityIdle idle;
	int *chains; /* private: finds in tasks */
} Activity;

extern void activity_init(Activity *activity, int nsteps);
extern void activity_clear(Activity *activity);

/* A statement was under way for the time that a sample stands for. */
extern void activity_flight(Activity *activity, uint64_t task, int step,
							int64_t ns);

/* Its backend did this, waiting for the event or ""; not ACTIVITY_IDLE. */
extern void activity_add(Activity *activity, uint64_t task, int step,
						 ActivityKind kind, const char *event, int64_t ns);

/* It waited for a lock: found by step and blocker, which are set. */
extern void activity_lock(Activity *activity, const ActivityLock *wait);
extern void activity_idle(Activity *activity, uint64_t task, int step,
						  int64_t ns, int64_t since_ns);

/* No more are to come. */
extern void activity_sort(Activity *activity);

extern void activity_sums_add(ActivitySums *to, const ActivitySums *from);

/*
 * The server itself has told that it was at work for at least this part of the
 * time: what was seen of it is taken for the parts of so much, if it was less.
 */
extern void activity_sums_told(ActivitySums *sums, double part);

/* All steps together; how much of a sum is of one kind, idle too. */
extern void activity_total(const Activity *activity, ActivitySums *total);
extern int64_t activity_ns(const ActivitySums *sums, ActivityKind kind);
extern int64_t activity_locks_ns(const Activity *activity);

/* NULL: no sample of it. */
extern const ActivitySums *activity_of_task(const Activity *activity,
											uint64_t task, int step);

/* "cpu", "lock", ...: in JSON and tables.  By pg_stat_activity's words; */
extern const char *activity_name(ActivityKind kind);
extern ActivityKind activity_kind(const char *state, const char *wait_type);

#endif /* ACTIVITY_H */
