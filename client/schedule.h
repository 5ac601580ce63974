/*
 * schedule.h
 *	  When tasks shall begin, so many a second, whatever happens to them.
 *
 * An open loop: what is late does not put off what comes after it.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>

#include "random.h"

typedef enum ScheduleKind
{
	SCHEDULE_POISSON, /* by chance, as calls come in */
	SCHEDULE_UNIFORM  /* at equal distances */
} ScheduleKind;

typedef struct Schedule
{
	ScheduleKind kind;
	double rate; /* a second */
	RandomState random;
	int64_t begun_ns;
	int64_t given;		 /* times, so far */
	int64_t block;		 /* POISSON: which block, from 0, */
	int64_t block_count; /* how many times it still has, */
	double block_at;	 /* and how far in it we are, 0 to 1 */
} Schedule;

extern const char *schedule_name(ScheduleKind kind);
extern void schedule_init(Schedule *schedule, ScheduleKind kind, double rate,
						  uint64_t seed);

/* The clock starts. */
extern void schedule_begin(Schedule *schedule, int64_t now_ns);

/* The next time; never before the last one. */
extern int64_t schedule_next(Schedule *schedule);

#endif /* SCHEDULE_H */
