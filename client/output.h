/*
 * output.h
 *	  The rows of \emit on their way to a file or to standard output.
 *
 * A thread of its own writes, so that neither a slow disk nor a slow reader
 * of a pipe holds a loop; what waits for it is bounded, and admission asks
 * output_has_room before a task begins.  Rows go out whole, in the order in
 * which tasks end or, with keep_order, in the order of the tasks' numbers.
 * All functions may be called from any thread.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "plan.h"

typedef enum OutputFormat
{
	OUTPUT_AUTO, /* as the file's name ends: .jsonl, else CSV */
	OUTPUT_CSV,
	OUTPUT_JSONL
} OutputFormat;

/* Zero bytes: CSV on standard output, as tasks end. */
typedef struct OutputOptions
{
	const char *file; /* NULL or "-": standard output */
	OutputFormat format;
	bool header; /* CSV: a first line with the names */
	bool keep_order;
	bool append; /* to what the file has; no second header */
} OutputOptions;

typedef struct Output Output;

/*
 * NULL: err (ERR_USAGE) says why, or with ERR_NONE that the plan emits
 * nothing and no file is named.  The options must outlive the output.
 */
extern Output *output_open(const OutputOptions *options, const Plan *plan,
						   Err *err);

/*
 * on_room: there may be room again, after output_has_room said no.
 * on_failed: it could not be written, once; nothing more will be.  Both may
 * run on any thread.  To be called before tasks begin.
 */
extern void output_start(Output *output, void (*on_room)(void *arg),
						 void (*on_failed)(void *arg, const Err *err),
						 void *arg);

extern bool output_is_stdout(const Output *output);

/* One row as text, behind what is in "rows" already. */
extern void output_add_row(const Output *output, Buf *rows,
						   const PlanStep *emit, const Vars *vars);

/* May the task of that number begin?  No: on_room will be called. */
extern bool output_has_room(Output *output, uint64_t number);

/*
 * Told when the rows of a task have left for the file: from then on a flush
 * makes them safe.  Zeroed but for fn; kept by the caller until fn is called.
 */
typedef struct OutputReceipt
{
	void (*fn)(struct OutputReceipt *receipt);
	struct OutputReceipt *next;
} OutputReceipt;

/*
 * A task has ended, and these are its rows, if any: of a task that failed
 * there are none, but with keep_order its place must be given up.  Every
 * number from 1 on comes once.  receipt may be NULL.
 */
extern void output_submit(Output *output, uint64_t number, const char *rows,
						  size_t len, OutputReceipt *receipt);

/*
 * Wait until all that has left is in the file, at most so long.  False: it is
 * not (yet).
 */
extern bool output_flush(Output *output, int64_t wait_ns);

/* Wait no longer for whoever does not read: what is left is lost. */
extern void output_abandon(Output *output);

/* Write the rest, end the writer: nothing is told any more. */
extern void output_stop(Output *output);

/*
 * The same, and close the file.  False: err says what could not be written
 * and on_failed was not told.
 */
extern bool output_close(Output *output, Err *err);

#endif /* OUTPUT_H */
