/*
 * sweep_goal.h
 *	  What a sweep changes, and what a good setting must hold.
 */
#ifndef SWEEP_GOAL_H
#define SWEEP_GOAL_H

#include <stdbool.h>
#include <stdint.h>

typedef enum SweepOver
{
	OVER_CONCURRENCY,
	OVER_CONNECTIONS,
	OVER_RATE
} SweepOver;

/* What a good setting must hold: "p99=20ms". */
typedef struct SweepSlo
{
	bool is_set;
	const char *name; /* "p99", "mean", ... */
	double fraction;  /* of tasks; below 0: the mean */
	int64_t limit_ns;
} SweepSlo;

#endif /* SWEEP_GOAL_H */
