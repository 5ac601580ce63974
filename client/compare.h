/*
 * compare.h
 *	  Variants of one run held against each other: rounds in turn, and what
 *	  can be said about the difference.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "report.h"
#include "run.h"
#include "sample.h"

typedef struct CompareVariant
{
	const char *name;
	RunOptions options;
	Sample took_s; /* wall time per task, one value a round, in seconds */
	Sample wall_s;
	int64_t tasks; /* of the last round */

	/* Against the first variant */
	double ratio; /* of the mean times; below 1: faster */
	bool has_interval;
	double low; /* 95 % interval of the ratio */
	double high;
	double p; /* that chance alone does that */
	bool is_significant;
} CompareVariant;

typedef struct Compare
{
	const char *plan;
	CompareVariant *variants; /* the first is what the others are held to */
	int nvariants;
	int rounds;		 /* asked for */
	int rounds_done; /* whole ones */
	bool same_tasks; /* every run did as many: wall times compare */
	bool interrupted;
	double fail_if_slower; /* percent; below 0: not asked for */
	int slower;			   /* the variant that is too slow; -1: none */
} Compare;

/*
 * Run each variant once to warm up, then all of them in every round, in an
 * order that changes.  Stops at the first run whose tasks do not all end well:
 * then the exit code is that run's, and err says what failed.  The rest of
 * *compare is filled in, up to the last whole round.  on_round, if not NULL,
 * is told what comes next.
 */
extern int compare_run(Compare *compare, const Plan *plan, uint64_t seed,
					   void (*on_round)(const Compare *compare, int round,
										int variant),
					   Err *err);
extern void compare_clear(Compare *compare);

/* The variant that is slower by more than it may be; from what is measured. */
extern void compare_find_slower(Compare *compare);

/* Wall times where all did as many tasks, else times per task. */
extern const Sample *compare_times(const Compare *compare, int variant);

struct Options;
struct Outputs;

/* The command: variants from the options, rounds, report; the exit code. */
extern int compare_main(const struct Options *options, struct Outputs *outputs,
						const Plan *plan);

/* Many runs ("a sweep") have no place for the rows of \emit. */
extern bool compare_check_rows(const Plan *plan, const char *what, Err *err);

#endif /* COMPARE_H */
