/*
 * report_cause.h
 *	  Private to report_verdict.c: why it took so long, what to do about it.
 */
#ifndef REPORT_CAUSE_H
#define REPORT_CAUSE_H

#include "report_verdict.h"

/*
 * A cause is the class on which tasks lost their time; CLASSES stands for the
 * steps' own time, when nothing else was in the way.
 */

/* All that tasks lost to a class. */
extern int64_t report_lost_ns(const RunResult *result, Class class);

/* Is there a predicted remedy, and does it gain enough to be told? */
extern bool report_has_gain(const RunResult *result);

/* Fill verdict->why, given its word; verdict->fix. */
extern void report_fill_why(const RunResult *result, Verdict *verdict,
							Class cause);
extern void report_fill_fix(const RunResult *result, Verdict *verdict,
							Class cause);

/* -------- sentences -------- */

/* Append to a text in an array of so many bytes, as far as there is room. */
extern void report_say(char *text, size_t bytes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * "step 1 of t1 (http, line 4, blocking)".  task NULL: the body's name; call
 * NULL: not told.
 */
extern void report_say_step(char *text, size_t bytes, const RunResult *result,
							const PlanStep *step, const char *task,
							const char *call);

/* The name of a task, "task 7" where it is not known: in buf if need be. */
extern const char *report_say_task(const RunResult *result, uint64_t number,
								   char *buf, size_t bytes);

/* A step by its number; NULL: it is none of this run. */
extern const PlanStep *report_step(const RunResult *result, int index);

/* Is this a kind of step that takes time? */
extern bool report_may_wait(const PlanStep *step);

#endif /* REPORT_CAUSE_H */
