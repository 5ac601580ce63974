/*
 * run_options.c
 *	  What a run is asked to do, unless somebody says otherwise.
 */
#include "run_options.h"

#include <string.h>

/* Retries may be so many of the steps (and some more, see shard.c). */
#define RETRY_PERCENT 20

void
run_options_init(RunOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->conn.connect_timeout_ns = 0;
	options->max_errors = -1;
	options->scale = 1;
	options->log_sampling = 1;
	options->step_timeout_ns = -1;
	options->retry_percent = RETRY_PERCENT;
	options->jobs = 1;
	options->messages = stderr;
}

const char *
run_mode_name(RunMode mode)
{
	static const char *const names[] = {"plan", "async", "blocking", "threads",
										"sequential"};

	return names[mode];
}
