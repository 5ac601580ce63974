/*
 * tuner.h
 *	  How many connections are enough: --connections auto.
 *
 * A Tuner only decides; whoever owns the pool looks at it every now and then,
 * tells it what it saw, and sets the size.  More connections are kept when
 * they get more done, fewer when they get as much done.
 */
#ifndef TUNER_H
#define TUNER_H

#include <stdbool.h>
#include <stdint.h>

#define TUNER_LOOK_NS (INT64_C(50) * 1000000) /* between two looks */
#define TUNER_FIRST 4						  /* the size at the begin */

typedef enum TunerEnd
{
	TUNER_NO_DEMAND,	/* nobody waited: more would be idle */
	TUNER_NO_GAIN,		/* more did not get more done */
	TUNER_LIMIT,		/* as many as there are tasks, or may be */
	TUNER_SERVER_LIMIT, /* the server has no room for more */
	TUNER_UNDECIDED,	/* the run was too short to tell */
	TUNER_ENDS
} TunerEnd;

typedef struct Tuner
{
	int size;  /* the one in use */
	int first; /* the one at the begin */
	int most;  /* never more */
	TunerEnd end;
	int peak;		   /* the most that was tried */
	double best_rate;  /* done in a second, at the size that was kept */
	double other_rate; /* at the last one that was not kept; 0 none */
	int other_size;

	/* The measurement under way */
	int64_t begun_ns;
	int64_t begun_count;
	int looks;
	int waits; /* looks at which somebody waited */
	bool settles;

	/* The trial under way: "size" is on trial against "before" */
	bool is_trial;
	int before;
	double before_rate;
	int rest;		 /* measurements until the next trial */
	int resting;	 /* how many the last rest had */
	bool tries_less; /* the next trial goes down */
} Tuner;

/* For reports: what one or several have come to. */
typedef struct Tuning
{
	bool is_given;
	TunerEnd end;
	int first;
	int peak;
	int last;
	double rate; /* leases ended in a second */
	int other;	 /* size that was tried last and not kept; 0 none */
	double other_rate;
} Tuning;

extern void tuner_init(Tuner *tuner, int most);

/* The clock starts; so many leases have ended. */
extern void tuner_begin(Tuner *tuner, int64_t now_ns, int64_t ended);

/*
 * A look: leases that have ended so far, those that wait now, and the size
 * that the pool really has (the server may have refused more).  True: set the
 * pool to tuner->size.
 */
extern bool tuner_look(Tuner *tuner, int64_t now_ns, int64_t ended,
					   int waiting, int pool_size);

#endif /* TUNER_H */
