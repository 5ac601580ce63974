/*
 * run_options.h
 *	  What a run is asked to do.
 */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include "activity.h"
#include "conn_target.h"
#include "input.h"
#include "output.h"
#include "row.h"
#include "schedule.h"
#include "task.h"

typedef enum RunMode
{
	MODE_PLAN, /* as marked */
	MODE_ASYNC,
	MODE_BLOCKING,
	MODE_THREADS,
	MODE_SEQUENTIAL /* as marked, one task at a time */
} RunMode;

typedef enum OnError
{
	ON_ERROR_CONTINUE,
	ON_ERROR_DRAIN, /* admit nothing more */
	ON_ERROR_CANCEL /* cancel the others too */
} OnError;

/* A variable set from outside; text. */
typedef struct RunVariable
{
	const char *name;
	const char *value;
} RunVariable;

typedef struct RunOptions
{
	ConnSettings conn;
	RunMode mode;
	int64_t tasks;		 /* --tasks; 0: the plan's own */
	int64_t per_slot;	 /* -t: tasks a slot; 0: not given */
	int64_t duration_ns; /* -T; 0: not given */
	double rate;		 /* -R: tasks a second; 0: not given */
	ScheduleKind schedule;
	int64_t latency_limit_ns; /* -L; 0: not given */
	int concurrency;		  /* 0: the plan's own tasks, else 10 */
	int connections;		  /* 0: as concurrency */
	bool tune_connections;	  /* find out how many: auto */
	int pipeline;			  /* statements in flight on one; 0: one */
	int jobs;				  /* -j: loops, each on a thread */
	int workers;			  /* --threads; 0: tasks in flight, at most 64 */
	bool has_protocol;
	Protocol protocol;
	Hold hold;
	bool pooler;
	bool no_warm; /* connections open when first needed */
	OnError on_error;
	int64_t max_errors; /* -1: no limit */
	bool max_errors_is_percent;
	int64_t step_timeout_ns;	   /* -1: none */
	int64_t statement_timeout_ns;  /* 0: none; also in conn, for the server */
	int64_t run_timeout_ns;		   /* 0: none */
	int retries;				   /* where no \retry says more */
	int retry_percent;			   /* of the steps: the budget */
	const char *hooks[HOOK_KINDS]; /* NULL: the plan's */
	const RunVariable *variables;  /* -D and the like */
	int nvariables;
	const char *http_url; /* :http; NULL: none */
	uint64_t seed;		  /* for random functions */
	int scale;			  /* -s */

	/* job.h */
	const char *joblog; /* a file; NULL: none */
	bool resume;
	bool retry_failed;
	const char *ledger;	 /* a table; NULL: none */
	RowHash fingerprint; /* what the log and the ledger belong to */
	bool quiet;			 /* no notices */
	bool is_silent;		 /* and no failures either: somebody else tells them */
	int64_t progress_ns; /* -P; 0: not given */
	int64_t sample_ns;	 /* --sample-server: how often; 0: not at all */
	bool no_progress;
	const char *live_title; /* NULL: the plan's name */
	bool live;				/* a full screen instead */
	const char *color;		/* of that: as --color */
	bool has_log;			/* -l */
	const char *log_prefix;
	double log_sampling; /* part of the tasks that it tells */
	double http_rate;	 /* requests a second; 0: no limit */
	int per_host;		 /* requests at a time; 0: no limit */
	bool reconnects;	 /* -C: a new connection for each lease */

	/* The caller's, opened, and freed after the run. */
	Input *input;		  /* a task a row; NULL: none */
	Output *output;		  /* of \emit; NULL: the plan has none */
	bool stop_on_bad_row; /* else it is passed over */

	FILE *messages; /* of \echo, notices and errors */

	/*
	 * Called once for each loop before it begins, to add sinks to its trace,
	 * which are then called on the loop's thread; NULL: none to add.
	 */
	void (*add_sinks)(void *arg, Trace *trace, int loop);
	void *add_sinks_arg;

	/* With sample_ns: called on the sampler's thread; NULL: nobody looks. */
	ActivityLookFn on_look;
	void *on_look_arg;
	bool keep_signals; /* do not handle SIGINT here */
} RunOptions;

/* Everything at its default. */
extern void run_options_init(RunOptions *options);
extern const char *run_mode_name(RunMode mode);

#endif /* RUN_OPTIONS_H */
