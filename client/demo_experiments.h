/*
 * demo_experiments.h
 *	  The table of experiments: what each needs and how long it should take.
 *
 * Constant data; the plans themselves are in experiments/ (embedded.h).
 */
#ifndef DEMO_EXPERIMENTS_H
#define DEMO_EXPERIMENTS_H

#include <stdbool.h>
#include <stddef.h>

/* What an experiment cannot do without, beyond a connection. */
#define NEEDS_ROLE 1	  /* may create the role asyncdemo_demo */
#define NEEDS_TABLE 2	  /* may create a table */
#define NEEDS_EXTENSION 4 /* pg_sleep cannot stand in */
#define NEEDS_LOCAL 8	  /* the server computes on this machine */
#define NEEDS_HTTP 16	  /* the server may fetch from the delay server */

typedef struct Experiment
{
	const char *id;	  /* "12a" */
	const char *file; /* name in embedded_experiments */
	const char *title;
	int units;		 /* expected; see also the next two */
	int connections; /* with fewer it is skipped; 0: none needed */
	bool shares;	 /* 1 + ceil(100 / connections), not units */
	bool unjudged;	 /* reported only; tasks: twice the cores */
	unsigned needs;
} Experiment;

#define EXPERIMENTS 26

extern const Experiment experiments[EXPERIMENTS];

/* The experiment's plan as it is in the source; never NULL. */
extern const char *experiment_text(const Experiment *experiment);

/*
 * Is it named in a list such as "3,12a"?  "12" names 12a and 12b.  A NULL
 * list names all.
 */
extern bool experiment_is_in(const Experiment *experiment, const char *list);

/*
 * The first word of a list that names no experiment, with its length; NULL
 * when there is none.  An empty word counts as one.
 */
extern const char *experiment_unknown(const char *list, size_t *len);

#endif /* DEMO_EXPERIMENTS_H */
