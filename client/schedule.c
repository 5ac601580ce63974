/*
 * schedule.c
 *	  When tasks shall begin, so many a second, whatever happens to them.
 *
 * A Poisson process of a known count is that many times chosen evenly and
 * independently (Ross, "Stochastic Processes", 2.3).  Time is cut into blocks
 * that get exactly their share: bursts and gaps are a Poisson process's, but
 * the rate is kept, where a plain one of 200 a second is off by more than 1 %
 * in every fourth minute.
 */
#include "schedule.h"

#include <math.h>

#define BLOCK_LEAST 10.0 /* times, on average */

const char *
schedule_name(ScheduleKind kind)
{
	return kind == SCHEDULE_UNIFORM ? "uniform" : "poisson";
}

void
schedule_init(Schedule *schedule, ScheduleKind kind, double rate,
			  uint64_t seed)
{
	*schedule = (Schedule){.kind = kind, .rate = rate, .block = -1};
	random_seed(&schedule->random, seed);
}

void
schedule_begin(Schedule *schedule, int64_t now_ns)
{
	schedule->begun_ns = now_ns;
}

static double
block_seconds(const Schedule *schedule)
{
	double seconds = BLOCK_LEAST / schedule->rate;

	return seconds > 1 ? seconds : 1;
}

static int64_t
times_until(const Schedule *schedule, int64_t block)
{
	return (int64_t) floor(schedule->rate * block_seconds(schedule) *
						   (double) block);
}

static void
next_block(Schedule *schedule)
{
	schedule->block++;
	schedule->block_count = times_until(schedule, schedule->block + 1) -
							times_until(schedule, schedule->block);
	schedule->block_at = 0;
}

/* The least of as many as are left, all even in what is left of the block. */
static double
poisson_seconds(Schedule *schedule)
{
	double chance;

	while (schedule->block_count == 0)
		next_block(schedule);
	chance = 1.0 - random_unit(&schedule->random);
	schedule->block_at +=
		(1.0 - schedule->block_at) *
		(1.0 - pow(chance, 1.0 / (double) schedule->block_count--));
	return ((double) schedule->block + schedule->block_at) *
		   block_seconds(schedule);
}

int64_t
schedule_next(Schedule *schedule)
{
	double seconds = schedule->kind == SCHEDULE_UNIFORM
						 ? (double) schedule->given / schedule->rate
						 : poisson_seconds(schedule);

	schedule->given++;
	return schedule->begun_ns + (int64_t) (seconds * 1e9);
}
