/*
 * report_mistake.h
 *	  Common mistakes that cost a run time: for report_verdict.c and those
 *	  that say why and what to do.
 *
 * Each is found in what was measured.  What the verdict's sentences say
 * already is not said again.
 */
#ifndef REPORT_MISTAKE_H
#define REPORT_MISTAKE_H

#include "report_cause.h"

/* Into verdict->mistakes, when why and fix are there. */
extern void report_find_mistakes(const RunResult *result, Class cause,
								 Verdict *verdict);

/* -------- what the sentences need as well -------- */

/* The sum of a habit of all steps; *worst: the step that has most of it. */
extern int64_t report_habit(const RunResult *result, size_t offset,
							const StepStats **worst);
#define REPORT_HABIT(result, member, worst) \
	report_habit(result, offsetof(StepHabits, member), worst)

/* Is it enough of the tasks' time to be told? */
extern bool report_matters(const RunResult *result, int64_t ns);

/* Do connections lie idle that others wait for?  *step: during which. */
extern bool report_holds_long(const RunResult *result, const PlanStep **step);

/* "connections lay idle for 3.2 s during step 2 of t1 (page, line 5)" */
extern void report_say_holds_long(char *text, size_t bytes,
								  const RunResult *result);

/* Is a loop all that its core can be?  And in a sentence, with a remedy. */
extern bool report_is_busy(const RunResult *result);
extern void report_say_busy(char *text, size_t bytes, const RunResult *result);

#endif /* REPORT_MISTAKE_H */
