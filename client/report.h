/*
 * report.h
 *	  What people and programs read after a run: one output a file.
 *
 * A report reads a RunResult and writes; it never sees the engine.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "predict.h"
#include "schedule.h"
#include "span.h"
#include "tuner.h"
#include "tally.h"

struct Verdict;

/* What the run asked for, where a report tells what to change. */
typedef struct RunAsked
{
	bool reconnects; /* -C */
	bool no_warm;	 /* --no-warm */
	int cores;		 /* of the machine; 0: not known */
} RunAsked;

typedef struct RunResult
{
	const Plan *plan;
	const Spans *spans;
	const char *run_id;
	const char *server; /* "user@host:port/db" or NULL */
	const char *mode;	/* "plan", "async", … */
	int server_version; /* 150020; 0 unknown */
	int concurrency;
	int shards;			   /* loops, each on a thread */
	int connections;	   /* pool size; 0: no SQL */
	Tuning tuning;		   /* --connections auto */
	int pipeline;		   /* statements in flight on one; 1: not shared */
	int64_t began_unix_ns; /* by the calendar; 0 unknown */
	int64_t wall_ns;
	int64_t client_cpu_ns; /* user + system, while the clock ran */
	int64_t loop_idle_ns;  /* the loop had nothing to do; -1 unknown */
	int64_t loop_cpu_ns;   /* of the busiest loop's thread, likewise */
	RunAsked asked;
	int64_t wide_pool_ns; /* predicted with a connection for each task in
						   * flight; 0: not known */
	int64_t peak_memory_bytes;
	int64_t opening_ns; /* connections, before the clock */
	bool has_prediction;
	Prediction prediction;
	const char *no_prediction; /* why there is none; NULL: no reason */
	Counts counts;			   /* of all shards */
	double rate; /* tasks a second that should begin; 0: none said */
	ScheduleKind schedule;
	bool is_limited;		  /* by --rate, --http-rate, --per-host */
	int64_t latency_limit_ns; /* 0: none */
	int64_t retries_refused;  /* wanted, but the budget was used up */
	int64_t skipped;		  /* tasks done before; not among the spans */
	const struct Activity *activity; /* NULL: the server was not sampled */
	const char *input;				 /* NULL: no input */
	int64_t input_rows;				 /* those done before as well */
	int64_t bad_rows;				 /* records passed over */
	const Err *first_error;			 /* NULL: none */
	const struct Verdict *verdict;	 /* as it was saved; NULL: to be found */
	bool expect_failed;
	bool interrupted;
	int exit_code;
} RunResult;

typedef struct ReportStyle
{
	int columns; /* terminal width; >= 20 */
	bool color;
	bool ascii; /* no UTF-8 */
} ReportStyle;

/* Width, colour and character set of a stream, NO_COLOR and TERM honoured. */
extern ReportStyle report_style(FILE *out, const char *color_option);

/* What a terminal shows a class in; NULL: the usual colour. */
extern const char *report_class_color(Class class);

extern void report_text(FILE *out, const RunResult *result,
						const ReportStyle *style);
extern void report_timeline(FILE *out, const RunResult *result,
							const ReportStyle *style);
extern void report_json(FILE *out, const RunResult *result);
extern void report_csv(FILE *out, const RunResult *result);
extern void report_hgrm(FILE *out, const RunResult *result);
extern void report_metrics(FILE *out, const RunResult *result);
extern void report_svg(FILE *out, const RunResult *result);
extern void report_html(FILE *out, const RunResult *result);

/* "0.904 s", "12.3 ms": three significant digits, right unit. */
extern const char *report_duration(int64_t ns, char *buf, int bytes);

/* "0.904000000": exactly, in seconds. */
extern const char *report_seconds(int64_t ns, char *buf, int bytes);

#endif /* REPORT_H */
