/*
 * run_sampler.c
 *	  The sampler of a run: connected before the clock starts, asked to look
 *	  on while it runs.
 *
 * It opens its connection when the pool has all that it wanted, so that it
 * takes none away; without one the run goes on.
 */
#include "run_private.h"

#include <stdlib.h>

#include "conn_activity.h"
#include "mem.h"

static void
on_ready(void *arg)
{
	Run *run = arg;

	shard_ask(&run->shards[0], ASK_NEWS);
}

static void
on_problem(void *arg, const char *text)
{
	Run *run = arg;

	if (run->options->quiet)
		return;
	fprintf(run_begin_message(run),
			"asyncdemo: warning: the server is not sampled: %s\n", text);
	run_end_message(run);
}

/* Before the loops' threads start: their spans write on the board. */
void
run_make_sampler(Run *run)
{
	if (run->options->sample_ns == 0)
		return;
	if (!run->tasks_use_sql)
	{
		on_problem(run, "no task of the plan has SQL");
		return;
	}
	run->board = activity_board_new(run_connections(run));
	activity_init(&run->activity, run->plan->nsteps);
	run->result.activity = &run->activity;
	for (int i = 0; i < run->nshards; i++)
		spans_show(run->shards[i].spans, run->board);
}

bool
run_sampler_is_ready(const Run *run)
{
	return run->sampler == NULL || conn_activity_is_ready(run->sampler);
}

void
run_open_sampler(Run *run)
{
	ConnActivityOptions options = {.settings = &run->options->conn,
								   .interval_ns = run->options->sample_ns,
								   .ntargets = run->nshards,
								   .board = run->board,
								   .on_ready = on_ready,
								   .on_problem = on_problem,
								   .on_look = run->options->on_look,
								   .look_arg = run->options->on_look_arg,
								   .arg = run};
	Err err;

	if (run->board == NULL)
		return;
	run->sampled = mem_alloc((size_t) run->nshards * sizeof(ConnTarget *));
	for (int i = 0; i < run->nshards; i++)
		run->sampled[i] = run->shards[i].target;
	options.targets = run->sampled;
	run->sampler = conn_activity_start(&options, &run->activity, &err);
	if (run->sampler == NULL)
	{
		on_problem(run, err.message);
		return;
	}
	run->awaits_sampler = true;
	if (!run_is_given_up(run) && !run_sampler_is_ready(run))
		loop_run(run->shards[0].loop);
	run->awaits_sampler = false;
}

void
run_begin_sampler(Run *run)
{
	if (run->sampler != NULL)
		conn_activity_go(run->sampler);
}

void
run_end_sampler(Run *run)
{
	conn_activity_end(run->sampler);
	run->sampler = NULL;
}

void
run_free_sampler(Run *run)
{
	if (run->board != NULL)
		activity_clear(&run->activity);
	activity_board_free(run->board);
	free(run->sampled);
}
