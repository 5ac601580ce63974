/*
 * run_result.c
 *	  What a run has come to: the shards' numbers together, the exit code, and
 *	  what had been predicted.
 *
 * The program's own thread, when no other is at work any more.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "run_private.h"

/* Above this many tasks a simulation takes longer than it tells. */
#define PREDICTED_TASKS 500

static bool
run_expect_failed(const Run *run)
{
	double seconds = (double) run->result.wall_ns / 1e9;

	return run->plan->has_expect && run->interrupts == 0 &&
		   (seconds < run->plan->expect_lo_s ||
			seconds > run->plan->expect_hi_s);
}

static int
run_exit_code(const Run *run, const Err *err)
{
	if (run->interrupts > 0)
		return 130;
	if (err->kind != ERR_NONE)
		return err->kind == ERR_USAGE || err->kind == ERR_PLAN ? 1
			   : run->setup_failed							   ? 2
			   : err->kind == ERR_CONNECT					   ? 4
															   : 2;
	if (run->hit_limit)
		return 5;
	if (run->failures > run->assert_failures || run->job_failed ||
		run->is_cut_short || run->bad_rows > 0)
		return 2;
	return run->assert_failures > 0 || run->result.expect_failed ? 3 : 0;
}

/* Tasks wait for what the scheduler that predicts knows nothing of. */
static bool
run_is_limited(const RunOptions *options)
{
	return options->rate > 0 || options->http_rate > 0 ||
		   options->per_host > 0;
}

/* What the model does not have; NULL: nothing. */
static const char *
run_beyond_prediction(const Run *run)
{
	const RunOptions *options = run->options;

	if (run->shards[0].spans->ntasks > PREDICTED_TASKS ||
		admission_count(run->admission) > run->shards[0].spans->ntasks)
		return "it is made for up to 500 tasks";
	if (run->nshards > 1)
		return "it knows of one loop (-j)";
	if (options->rate > 0)
		return "it does not know when tasks begin by the clock (--rate)";
	if (run_pipeline(run) > 1)
		return "it has one statement at a time on a connection (--pipeline)";
	if (tasks_use(run->plan, STEP_PIPELINE))
		return "it has one statement at a time on a connection "
			   "(\\startpipeline)";
	if (run->result.tuning.is_given)
		return "it has as many connections all the time (--connections auto)";
	if (options->reconnects)
		return "it does not open connections while the clock runs (--connect)";
	return NULL;
}

static void
run_predict(Run *run)
{
	const Spans *spans = run->shards[0].spans;
	PredictInput input;

	if (spans->ntasks == 0)
		return;
	run->result.no_prediction = run_beyond_prediction(run);
	if (run->result.no_prediction != NULL)
		return;
	predict_input_from_spans(spans, &input);
	input.per_host = run->options->per_host;
	input.http_rate = run->options->http_rate;
	input.concurrency = admission_concurrency(run->admission);
	input.connections = run->result.connections;
	input.workers = run->workers;
	input.hold = run->shards[0].engine.hold;
	predict(&input, &run->result.prediction);
	if (input.connections < input.concurrency)
	{
		input.connections = input.concurrency;
		run->result.wide_pool_ns = predict_total_ns(&input);
	}
	predict_input_clear(&input);
	run->result.has_prediction = true;
}

static void
run_merge_shards(Run *run)
{
	for (int i = 1; i < run->nmade; i++)
		spans_merge(run->shards[0].spans, run->shards[i].spans);
	for (int i = 0; i < run->nmade; i++)
	{
		run->result.retries_refused += run->shards[i].budget.denied;
		if (run->shards[i].cpu_ns > run->result.loop_cpu_ns)
			run->result.loop_cpu_ns = run->shards[i].cpu_ns;
		tally_read(&run->shards[i].tally, &run->result.counts);
	}
	run->result.spans = run->shards[0].spans;
	if (run->shards[0].target != NULL)
		run->result.server_version =
			conn_target_server_version(run->shards[0].target);
	run_predict(run);
}

void
run_finish(Run *run, Err *err)
{
	RunResult *result = &run->result;
	struct rusage usage;

	if (err->kind == ERR_NONE)
		*err = run->err;
	getrusage(RUSAGE_SELF, &usage);
	result->plan = run->plan;
	result->run_id = run->run_id;
	result->mode = run_mode_name(run->options->mode);
	result->loop_idle_ns = -1;
	result->peak_memory_bytes = (int64_t) usage.ru_maxrss * 1024;
	result->first_error = run->failures > 0 ? &run->first_error : NULL;
	result->expect_failed = err->kind == ERR_NONE && run_expect_failed(run);
	result->interrupted = run->interrupts > 0;
	result->exit_code = run_exit_code(run, err);
	result->shards = run->nshards;
	result->is_limited = run_is_limited(run->options);
	result->rate = run->options->rate;
	result->schedule = run->options->schedule;
	result->latency_limit_ns = run->options->latency_limit_ns;
	result->bad_rows = run->bad_rows;
	if (run->options->input != NULL)
		result->input = input_name(run->options->input);
	result->pipeline = run_pipeline(run);
	result->asked.reconnects = run->options->reconnects;
	result->asked.no_warm = run->options->no_warm;
	result->asked.cores = (int) sysconf(_SC_NPROCESSORS_ONLN);
	run_sum_tuning(run, &result->tuning);
	if (run->admission != NULL)
	{
		result->concurrency = admission_concurrency(run->admission);
		result->input_rows =
			admission_count(run->admission) + run->result.skipped;
	}
	if (run->nmade > 0)
		run_merge_shards(run);
	run_tell_notices(run);
}
