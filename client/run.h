/*
 * run.h
 *	  One run of a plan: wiring and admission.
 *
 * A Run owns everything that a run needs (loop, connections, HTTP, trace,
 * tasks), so that a process can hold several one after the other.
 */
#ifndef RUN_H
#define RUN_H

#include "report.h"
#include "run_options.h"

typedef struct Run Run;

/*
 * Run the plan to its end: connect, set-up, pool, tasks, teardown.  Always
 * gives a Run whose result can be reported, also after a failure; *err (kind
 * ERR_NONE if all is well) is what stopped it before any task ran.  The plan
 * and the options must outlive it.
 */
extern Run *run_plan(const Plan *plan, const RunOptions *options, Err *err);
extern const RunResult *run_result(const Run *run);
extern void run_free(Run *run);

#endif /* RUN_H */
