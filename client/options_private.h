/*
 * options_private.h
 *	  The table of options and how one of them is set: for options*.c only.
 */
#ifndef OPTIONS_PRIVATE_H
#define OPTIONS_PRIVATE_H

#include "options.h"

typedef enum OptionId
{
	OPT_DBNAME = 256,
	OPT_HOST,
	OPT_PORT,
	OPT_USERNAME,
	OPT_NO_PASSWORD,
	OPT_PASSWORD,
	OPT_EXECUTE,
	OPT_FILE,
	OPT_BUILTIN,
	OPT_SELECT_ONLY,
	OPT_SIMPLE_UPDATE,
	OPT_SCALE,
	OPT_RATE,
	OPT_SCHEDULE,
	OPT_LATENCY_LIMIT,
	OPT_PROGRESS,
	OPT_NO_PROGRESS,
	OPT_SAMPLE_SERVER,
	OPT_SAMPLE_INTERVAL,
	OPT_LIVE,
	OPT_LOG,
	OPT_LOG_PREFIX,
	OPT_SAMPLING,
	OPT_RECONNECT,
	OPT_HTTP_RATE,
	OPT_PER_HOST,
	OPT_LATENCIES,
	OPT_CONCURRENCY,
	OPT_CONNECTIONS,
	OPT_PIPELINE,
	OPT_TASKS,
	OPT_TRANSACTIONS,
	OPT_TIME,
	OPT_MODE,
	OPT_PROTOCOL,
	OPT_HOLD,
	OPT_ON_CONNECT,
	OPT_ON_ACQUIRE,
	OPT_ON_RELEASE,
	OPT_POOLER,
	OPT_NO_WARM,
	OPT_TIMEOUT,
	OPT_CONNECT_TIMEOUT,
	OPT_STATEMENT_TIMEOUT,
	OPT_RUN_TIMEOUT,
	OPT_RETRIES,
	OPT_RETRY_BUDGET,
	OPT_ON_ERROR,
	OPT_MAX_ERRORS,
	OPT_JOBS,
	OPT_THREADS,
	OPT_DEFINE,
	OPT_SEED,
	OPT_COMPARE,
	OPT_ROUNDS,
	OPT_FAIL_IF_SLOWER,
	OPT_OVER,
	OPT_FROM,
	OPT_TO,
	OPT_POINT_TIME,
	OPT_SLO,
	OPT_INPUT, /* from here to OPT_KEEP_ORDER: options_feed.c */
	OPT_INPUT_SQL,
	OPT_INPUT_FORMAT,
	OPT_INPUT_HEADER,
	OPT_INPUT_COLUMNS,
	OPT_INPUT_DELIMITER,
	OPT_INPUT_MAX_ROW,
	OPT_ON_BAD_ROW,
	OPT_OUTPUT,
	OPT_OUTPUT_FORMAT,
	OPT_OUTPUT_HEADER,
	OPT_KEEP_ORDER,
	OPT_JOBLOG,
	OPT_RESUME,
	OPT_RETRY_FAILED,
	OPT_LEDGER,
	OPT_FORMAT,
	OPT_SVG, /* in the order of ReportFile */
	OPT_HTML,
	OPT_TRACE,
	OPT_HGRM,
	OPT_METRICS,
	OPT_COLOR,
	OPT_QUIET,
	OPT_NO_VACUUM,
	OPT_DRY_RUN,
	OPT_DUMP,
	OPT_UNIT,
	OPT_ONLY,
	OPT_SHOW,
	OPT_HELP,
	OPT_END
} OptionId;

typedef struct OptionRow
{
	OptionId id;
	char letter; /* 0: none */
	const char *name;
	const char *value; /* NULL: takes none */
	const char *help;  /* NULL: another name of one that has */
	bool in_plan;	   /* \option may say it */
} OptionRow;

extern const OptionRow option_rows[];
extern const int option_nrows;

/* More than option_nrows, for arrays. */
#define OPTION_ROWS_MAX (OPT_END - OPT_DBNAME + 8)

/* One option's value into *options; text is NULL for a flag. */
extern bool option_set(Options *options, const OptionRow *row,
					   const char *text, Err *err);

/* Do the options go together? */
extern bool options_check(const Options *options, Err *err);
/* A part of it: where rows come from and go (options_feed.c). */
extern bool option_set_feed(Options *options, const OptionRow *row,
							const char *text, Err *err);
extern bool options_check_feed(const Options *options, Err *err);

/* "--x cannot be "y", it takes wanted"; false. */
extern bool option_bad_value(const OptionRow *row, const char *text,
							 const char *wanted, Err *err);

/* One of several words; its place among them. */
extern bool option_read_word(const OptionRow *row, const char *text,
							 const char *const *words, int nwords, int *place,
							 Err *err);

/* FILE[@WEIGHT] and NAME[@WEIGHT] (options_script.c). */
extern bool options_add_file(Options *options, const char *text, Err *err);
extern bool options_add_builtin(Options *options, const char *text, Err *err);
extern void options_free_scripts(Options *options);

/* One more at the end of a list of texts; the text stays the caller's. */
extern void options_add_text(const char ***list, int *count, const char *text);

#endif /* OPTIONS_PRIVATE_H */
