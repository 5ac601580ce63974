/*
 * span_look.h
 *	  What a Spans knows in the midst of a run: sums up to this moment, and
 *	  what the tasks that are live are doing.
 *
 * For the thread of the loop whose events the Spans takes.  A look is a copy,
 * which any thread may read afterwards.
 */
#ifndef SPAN_LOOK_H
#define SPAN_LOOK_H

#include "span.h"

/* A task that is live. */
typedef struct LookTask
{
	uint64_t number;
	char name[64];
	int64_t begun_ns;
	int64_t seen_ns;	  /* all this was so at that time */
	const PlanStep *step; /* NULL: it is between two */
	int64_t since_ns;	  /* what it does, it does since then */
	Class class;		  /* why time passes */
	int attempt;		  /* of the step, from 1 */
	int64_t usual_ns;	  /* how long such steps take once they have started;
						   * 0: not known, or it has not */
} LookTask;

#define LOOK_OLDEST 16

/* Zero bytes are an empty one; spans_look_clear frees. */
typedef struct SpansLook
{
	int64_t time_ns;
	int64_t class_ns[CLASSES]; /* of all tasks, ended and live, until now */
	int64_t retried;
	int nlive;
	int in_class[CLASSES];		  /* of the live ones */
	int64_t rest_ns[CLASSES];	  /* how long these go on, all together, if
								   * steps take as long as they usually do */
	LookTask oldest[LOOK_OLDEST]; /* the one that began first comes first */
	int noldest;
	FailureKind failures[FAILURES_KEPT]; /* texts: those of the Spans */
	int nfailures;
	Histogram latency; /* of those that ended */
} SpansLook;

/*
 * Time that has not been given to a class yet is taken for what the task
 * seems to be doing, so that a later look may say less of a class.
 */
extern void spans_look(const Spans *spans, int64_t now_ns, SpansLook *look);
extern void spans_look_clear(SpansLook *look);

#endif /* SPAN_LOOK_H */
