/*
 * sweep.h
 *	  The same work at one setting after the other: where throughput stops to
 *	  grow, what stands in the way there, and which setting is best.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "report.h"
#include "run.h"
#include "sample.h"
#include "sweep_goal.h"
#include "usl.h"

typedef struct SweepPoint
{
	int value;				  /* of what is swept */
	Sample rate;			  /* tasks ended well a second; one a round */
	Histogram latency;		  /* of all rounds */
	int64_t slo_ns;			  /* what the SLO speaks of */
	double class_ns[CLASSES]; /* of a task, on average */
	double in_flight;		  /* on average */
	double cpu;				  /* cores that the client used, on average */
	double trend;			  /* largest of the rounds; see series_trend */
	int loops;				  /* threads that could use a core each */
	int64_t tasks;
	int64_t failed;
	bool is_steady;
	bool is_client_bound; /* the client, not the work, was the limit */
	bool holds_slo;
} SweepPoint;

typedef struct Sweep
{
	const char *plan;
	SweepOver over;
	int from;
	int to;
	int rounds;
	double point_s;
	SweepSlo slo;
	SweepPoint *points; /* by value, ascending */
	int npoints;
	bool interrupted;

	/* Indexes into points; -1: none */
	int peak; /* most tasks a second */
	int knee; /* most throughput for its latency */
	int best; /* the setting to take */
	bool has_fit;
	Usl fit;
} Sweep;

/* How a run of one point is made: by sweep_main, from the options. */
typedef bool (*SweepOptionsFn)(void *arg, int value, RunOptions *options,
							   Err *err);
typedef void (*SweepProgressFn)(const Sweep *sweep, int value, int number,
								int count);

/*
 * Measure: points in geometric steps, in an order drawn anew each round, then
 * more of them around the knee; then judge.  The exit code; 0: the sweep is
 * whole.  Stops at the first run that cannot be made, or all of whose tasks
 * failed (err says why).
 */
extern int sweep_run(Sweep *sweep, const Plan *plan, uint64_t seed,
					 SweepOptionsFn options_fn, void *arg,
					 SweepProgressFn progress, Err *err);
extern void sweep_clear(Sweep *sweep);

/* "concurrency", ... */
extern const char *sweep_over_name(SweepOver over);

/* sweep_judge.c: from points to peak, knee, best and fit */
extern void sweep_judge(Sweep *sweep);

/* The class that grew most between two points, per task; CLASSES: none. */
extern Class sweep_bottleneck(const Sweep *sweep, double *share);

/* The command: points from the options, runs, report; the exit code. */
struct Options;
struct Outputs;
extern int sweep_main(const struct Options *options, struct Outputs *outputs,
					  const Plan *plan);

#endif /* SWEEP_H */
