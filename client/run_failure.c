/*
 * run_failure.c
 *	  What the end of a task means for the run: failures, and their limits.
 *
 * Called by every shard's thread; what is counted belongs to the run's lock.
 */
#include "run_private.h"
#include "loop_call.h"

#define TOLD_FAILURES 20 /* one by one */

void
run_ask_all(Run *run, ShardAsk what)
{
	for (int i = 0; i < run->nmade; i++)
		shard_ask(&run->shards[i], what);
}

void
run_cancel_all(Run *run)
{
	for (int i = 0; i < run->nmade; i++)
		loop_cancel_calls(run->shards[i].loop);
	run_ask_all(run, ASK_CANCEL);
}

/* The lock is held. */
static bool
has_too_many_errors(const Run *run)
{
	int64_t limit = run->options->max_errors;
	int64_t begun;

	if (limit < 0)
		return false;
	if (!run->options->max_errors_is_percent)
		return run->failures > limit;
	begun = admission_count(run->admission);
	return begun >= 100 && run->failures * 100 > limit * begun;
}

void
run_count_failure(Run *run, const Err *err)
{
	bool is_told;

	pthread_mutex_lock(&run->lock);
	if (run->failures++ == 0)
		run->first_error = *err;
	if (err->kind == ERR_ASSERT)
		run->assert_failures++;
	if (has_too_many_errors(run))
		run->hit_limit = true;
	is_told = run->failures <= TOLD_FAILURES && !run->options->is_silent;
	pthread_mutex_unlock(&run->lock);
	if (!is_told)
		return;
	err_print(run_begin_message(run), "error", err);
	run_end_message(run);
}

void
run_note_limit(Run *run)
{
	pthread_mutex_lock(&run->lock);
	run->hit_limit = true;
	pthread_mutex_unlock(&run->lock);
}

static bool
has_hit_limit(Run *run)
{
	bool hit_limit;

	pthread_mutex_lock(&run->lock);
	hit_limit = run->hit_limit;
	pthread_mutex_unlock(&run->lock);
	return hit_limit;
}

/* Which task it was and, with an input, where its row stands. */
static void
name_task(const Run *run, Task *task, const Ticket *ticket)
{
	if (ticket->line > 0)
		err_suffix(&task->err, " (task %s, %s line %lld)", task->name,
				   input_name(run->options->input), (long long) ticket->line);
	else if (admission_total(run->admission) > 1)
		err_suffix(&task->err, " (task %s)", task->name);
}

static void
task_failed(Run *run, Task *task, const Ticket *ticket)
{
	OnError on_error = run->options->on_error;

	name_task(run, task, ticket);
	run_count_failure(run, &task->err);
	if (on_error != ON_ERROR_CONTINUE || has_hit_limit(run))
		admission_stop(run->admission);
	if (on_error == ON_ERROR_CANCEL)
		run_cancel_all(run);
}

void
run_task_ended(Run *run, Task *task, const Ticket *ticket)
{
	bool is_well = !task->failed && !task->is_canceled;

	OutputReceipt *receipt;

	if (task->failed)
		task_failed(run, task, ticket);
	receipt = run_log_task(run, task);
	if (run->options->output != NULL)
		output_submit(run->options->output, ticket->number, task->emit.data,
					  is_well ? task->emit.len : 0, receipt);
}

/* -------- input and output -------- */

void
run_on_bad_row(void *arg, const Err *err)
{
	Run *run = arg;
	bool is_told;

	pthread_mutex_lock(&run->lock);
	is_told = ++run->bad_rows <= TOLD_FAILURES && !run->options->quiet;
	if (run->options->stop_on_bad_row)
		run->hit_limit = true;
	pthread_mutex_unlock(&run->lock);
	if (run->options->stop_on_bad_row || is_told)
		err_print(run->options->messages,
				  run->options->stop_on_bad_row ? "error" : "warning", err);
	if (run->options->stop_on_bad_row)
		admission_stop(run->admission);
}

bool
run_is_cut_short(Run *run)
{
	bool is_cut_short;

	pthread_mutex_lock(&run->lock);
	is_cut_short = run->is_cut_short;
	pthread_mutex_unlock(&run->lock);
	return is_cut_short;
}

/* Told once, whatever else is still under way. */
static void
stop_for(Run *run, const Err *err)
{
	pthread_mutex_lock(&run->lock);
	run->is_cut_short = true;
	pthread_mutex_unlock(&run->lock);
	err_print(run->options->messages, "error", err);
	admission_stop(run->admission);
}

void
run_on_input_lost(void *arg, const Err *err)
{
	stop_for(arg, err);
}

void
run_on_output_failed(void *arg, const Err *err)
{
	stop_for(arg, err);
}
