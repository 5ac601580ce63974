/*
 * run_progress.c
 *	  Progress of a run: what is counted, when it is shown, what it must not
 *	  be mixed with.
 */
#include <unistd.h>

#include "run_private.h"

#define REDRAW_NS (200 * NS_PER_MS)

/* Rows on the same terminal would tear the status line to pieces. */
static ProgressStyle
choose_style(const RunOptions *options)
{
	if (options->no_progress)
		return PROGRESS_NONE;
	if (options->progress_ns > 0)
		return PROGRESS_LINES;
	if (options->live || options->quiet || options->messages != stderr ||
		!isatty(STDERR_FILENO) ||
		(options->output != NULL && output_is_stdout(options->output) &&
		 isatty(STDOUT_FILENO)))
		return PROGRESS_NONE;
	return PROGRESS_STATUS;
}

static void
arm(Run *run)
{
	run->progress_at_ns += run->progress.style == PROGRESS_LINES
							   ? run->options->progress_ns
							   : REDRAW_NS;
	loop_timer_set(run->shards[0].loop, &run->progress_timer,
				   run->progress_at_ns);
}

static void
on_progress(void *arg)
{
	Run *run = arg;
	int64_t now_ns = loop_now_ns(run->shards[0].loop);
	Counts counts = {0};

	for (int i = 0; i < run->nshards; i++)
	{
		tally_read(&run->shards[i].tally, &counts);
		if (run->shards[i].pool != NULL)
			counts.waiting += pool_waiting_count(run->shards[i].pool);
	}
	progress_tick(&run->progress, &counts, now_ns);
	/* ticks that a held loop has missed are not made up for */
	if (run->progress_at_ns < now_ns - REDRAW_NS)
		run->progress_at_ns = now_ns;
	arm(run);
}

void
run_begin_progress(Run *run)
{
	const RunOptions *options = run->options;
	int64_t total = admission_total(run->admission);

	loop_timer_init(&run->progress_timer, on_progress, run);
	run->progress.style = choose_style(options);
	if (run->progress.style == PROGRESS_NONE)
		return;
	run->progress.out = options->messages;
	run->progress.total = total < INT64_MAX ? total : 0;
	run->progress.duration_ns = options->duration_ns;
	run->progress.has_rate = options->rate > 0;
	run->progress.has_limit = options->latency_limit_ns > 0;
	run->progress_at_ns = loop_now_ns(run->shards[0].loop);
	progress_begin(&run->progress, run->progress_at_ns);
	arm(run);
}

void
run_end_progress(Run *run)
{
	loop_timer_clear(run->shards[0].loop, &run->progress_timer);
	if (run->progress.style == PROGRESS_NONE)
		return;
	run_begin_message(run);
	run_end_message(run);
	run->progress.style = PROGRESS_NONE;
}

FILE *
run_begin_message(Run *run)
{
	flockfile(run->options->messages);
	progress_hide(&run->progress);
	return run->options->messages;
}

void
run_end_message(Run *run)
{
	funlockfile(run->options->messages);
}
