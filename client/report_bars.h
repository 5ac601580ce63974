/*
 * report_bars.h
 *	  A task as bars on a line: what every picture of a run is made of.
 */
#ifndef REPORT_BARS_H
#define REPORT_BARS_H

#include "report.h"

typedef enum BarKind
{
	BAR_BLOCKING,
	BAR_ASYNC,
	BAR_THREAD,
	BAR_HELD, /* ready, but the loop was held */
	BAR_POOL, /* waiting for a connection */
	BAR_KINDS
} BarKind;

typedef struct Bar
{
	BarKind kind;
	int64_t from_ns;
	int64_t to_ns;
	const Span *span; /* NULL: BAR_HELD */
	int lane;		  /* in a gather bars share the height: which part, */
	int lanes;		  /* of how many; 0: all of it */
} Bar;

/* "blocking", …; what a legend says, and in few letters. */
extern const char *bar_meaning(BarKind kind);
extern const char *bar_short_meaning(BarKind kind);

/*
 * The bars of a kept task, the caller's to free().  Later ones lie on top:
 * waits come first, since waiting counts only where nothing of the task was
 * under way.
 */
extern Bar *report_bars(const RunResult *result, const TaskSpans *task,
						int *nbars);

/* The bars of the loop: who held it. */
extern Bar *report_loop_bars(const RunResult *result, int *nbars);

/* The name of a kept task; NULL: it was not kept. */
extern const char *report_task_name(const Spans *spans, uint64_t number);

#endif /* REPORT_BARS_H */
