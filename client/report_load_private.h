/*
 * report_load_private.h
 *	  For report_load*.c only: the saved run that is being read.
 */
#ifndef REPORT_LOAD_PRIVATE_H
#define REPORT_LOAD_PRIVATE_H

#include "activity.h"
#include "json_in.h"
#include "report_load.h"
#include "report_verdict.h"

#define MAX_STEPS 1000000

struct SavedRun
{
	json_t *root;
	Plan plan;
	Spans spans;
	RunResult result;
	Verdict verdict;
	Activity activity;
	Err first_error;
};

/* report_load.c */
extern void load_classes(JsonIn *in, json_t *from, int64_t *class_ns);
extern void load_phases(JsonIn *in, json_t *from, const char *key,
						int64_t *phase_ns);
extern const char *load_call_word(int call);

/* A step that ran, by its number; NULL is a mistake. */
extern const PlanStep *load_step_number(JsonIn *in, const SavedRun *saved,
										json_t *from, const char *key);

/* report_load_tasks.c: after the steps */
extern void load_tasks(JsonIn *in, SavedRun *saved);
extern void load_holds(JsonIn *in, SavedRun *saved);
extern void load_slowest(JsonIn *in, SavedRun *saved);
extern void load_failures(JsonIn *in, SavedRun *saved);

/* report_load_activity.c: likewise */
extern void load_activity(JsonIn *in, SavedRun *saved);

#endif /* REPORT_LOAD_PRIVATE_H */
