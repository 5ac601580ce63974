/*
 * demo_private.h
 *	  A demo under way: for demo*.c only.
 */
#ifndef DEMO_PRIVATE_H
#define DEMO_PRIVATE_H

#include "demo_experiments.h"
#include "options.h"
#include "run.h"
#include "serve.h"

typedef enum Status
{
	PASSED,
	FAILED,
	SKIPPED,
	UNJUDGED
} Status;

typedef struct Outcome
{
	const Experiment *experiment;
	Status status;
	bool has_run;
	int64_t expected_ns;
	int64_t measured_ns;
	int64_t predicted_ns; /* -1: unknown */
	char overlap[16];	  /* the verdict's word, in lower case */
	char cause[1024];	  /* why it failed, was skipped, or does not overlap */
} Outcome;

/* What the server has for us. */
typedef struct Offer
{
	int has_extension;
	int may_create_role;
	int has_role; /* somebody's asyncdemo_demo */
	int may_create_table;
	int is_local;
	int version; /* 150020 */
} Offer;

typedef struct Demo
{
	Options options;
	int64_t unit_ns;
	char unit[32]; /* in seconds, as :unit */
	RunVariable *variables;
	const char **names; /* of the variables, and "http" */
	ServeChild server;
	Offer offer;
	Outcome outcomes[EXPERIMENTS];
	int noutcomes;
	char *timeline; /* of the mixed case; NULL: it did not run */
	bool interrupted;
	bool http_is_asked;
	char http_reason[900]; /* why the server may not fetch; "": it may */
} Demo;

/* A plan that may use our variables; NULL: err says why. */
extern Plan *demo_read_plan(const Demo *demo, const char *name,
							const char *text, Err *err);

/* demo_offer.c: what the server has, by a plan that asks it; printed, too */
extern bool demo_ask_offer(Demo *demo, Err *err);
/* Why an experiment cannot be run here; NULL: it can. */
extern const char *demo_missing(const Experiment *experiment,
								const Offer *offer);
extern const char *demo_http_refusal(Demo *demo);

/* demo_judge.c: from a run to its outcome */
extern void demo_judge(Outcome *outcome, const Demo *demo,
					   const RunResult *result);
extern void demo_fail(Outcome *outcome, const Err *error);

/* demo_print.c */
extern void demo_print(const Demo *demo);
extern int demo_count(const Demo *demo, Status status);

#endif /* DEMO_PRIVATE_H */
