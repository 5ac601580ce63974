/*
 * run.c
 *	  One run of a plan, from the first connection to the last result.
 *
 * The order: control connection, set-up, connections with their hooks, clock,
 * tasks, clock again, teardown.  Each part is one turn of the first shard's
 * loop_run that ends by loop_stop, so that run_plan reads as the story it is.
 * A Run owns all it makes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "conn_ledger.h"
#include "leave.h"
#include "live.h"
#include "loop_signal.h"
#include "mem.h"
#include "run_private.h"

#define OTHER_DESCRIPTORS 64
/* So long the last Ctrl-C waits for rows that are on their way. */
#define DRAIN_LOOK_NS (50 * NS_PER_MS)
#define LAST_FLUSH_NS (200 * NS_PER_MS)
#define DEFAULT_WORKERS 64

/* -------- variables -------- */

static void
run_set_base(Run *run, const char *name, const char *text)
{
	int symbol = symbols_find(&run->plan->symbols, name, strlen(name));

	if (symbol >= 0)
		value_set_text(vars_set(&run->base, symbol), text, strlen(text));
}

static void
run_set_base_int(Run *run, const char *name, int64_t number)
{
	int symbol = symbols_find(&run->plan->symbols, name, strlen(name));

	if (symbol >= 0)
		value_set_int(vars_set(&run->base, symbol), number);
}

/* The delay server's URL without its last slash: plans write :http/?delay=1 */
static void
run_set_http(Run *run)
{
	char url[512];
	size_t len;

	if (run->options->http_url == NULL)
		return;
	snprintf(url, sizeof(url), "%s", run->options->http_url);
	len = strlen(url);
	if (len > 0 && url[len - 1] == '/')
		url[len - 1] = '\0';
	run_set_base(run, "http", url);
}

static void
run_set_variables(Run *run)
{
	const RunOptions *options = run->options;

	vars_init(&run->base, &run->plan->symbols, NULL);
	run_set_base(run, "run_id", run->run_id);
	run_set_base_int(run, "scale", options->scale);
	run_set_base_int(run, "random_seed", (int64_t) run->seed);
	run_set_base_int(run, "default_seed", (int64_t) (run->seed >> 1));
	run_set_http(run);
	for (int i = 0; i < options->nvariables; i++)
		run_set_base(run, options->variables[i].name,
					 options->variables[i].value);
}

/* -------- what the plan asks for -------- */

Protocol
run_protocol(const Run *run)
{
	if (run->options->has_protocol)
		return run->options->protocol;
	return run->plan->is_pgbench && run_pipeline(run) == 1 ? PROTOCOL_SIMPLE
														   : PROTOCOL_PREPARED;
}

int
run_pipeline(const Run *run)
{
	return run->options->pipeline > 1 ? run->options->pipeline : 1;
}

int
run_connections(const Run *run)
{
	return run->options->connections > 0
			   ? run->options->connections
			   : admission_concurrency(run->admission);
}

bool
run_is_given_up(const Run *run)
{
	return atomic_load(&run->is_given_up);
}

/* What cannot be together with connections that tasks share. */
static bool
run_may_share(const Run *run, Err *err)
{
	if (run->options->ledger != NULL && tasks_use(run->plan, STEP_PIPELINE))
	{
		err_set(err, ERR_USAGE,
				"--ledger does not go together with \\startpipeline");
		err_hint(err, "send the statements one after the other");
		return false;
	}
	if (run_pipeline(run) == 1)
		return true;
	if (run_protocol(run) == PROTOCOL_SIMPLE)
	{
		err_set(err, ERR_USAGE,
				"--pipeline does not go together with -M simple, which sends "
				"one statement at a time");
		err_hint(err, "use -M prepared or -M extended");
		return false;
	}
	if (run->hooks[HOOK_ACQUIRE] == NULL && run->hooks[HOOK_RELEASE] == NULL)
		return true;
	err_set(err, ERR_USAGE,
			"--pipeline does not go together with a hook at the begin or end "
			"of a lease: tasks share connections");
	err_hint(err, "do it once for each connection (--on-connect), or leave "
				  "--pipeline out");
	return false;
}

/* -------- wiring -------- */

static void
on_more(void *arg)
{
	run_ask_all(arg, ASK_MORE);
}

/* As many as asked for, but each has a slot and a connection at least. */
static int
count_shards(const Run *run)
{
	int n = run->options->jobs;

	if (n > admission_concurrency(run->admission))
		n = admission_concurrency(run->admission);
	if (run->tasks_use_sql && n > run_connections(run))
		n = run_connections(run);
	/* each has its part of --per-host, which must not be nothing */
	if (run->options->per_host > 0 && n > run->options->per_host)
		n = run->options->per_host;
	return n > 0 ? n : 1;
}

static void
run_find_columns(Run *run)
{
	const RowColumns *columns = input_columns(run->options->input);

	run->column_symbols =
		mem_alloc((size_t) (columns->count + 1) * sizeof(int));
	for (int i = 0; i < columns->count; i++)
		run->column_symbols[i] = symbols_find(
			&run->plan->symbols, columns->names[i], strlen(columns->names[i]));
}

static void
run_make_id(Run *run)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	run->seed = run->options->seed;
	if (run->seed == 0)
		run->seed = (uint64_t) now.tv_nsec * 2654435761u ^
					(uint64_t) now.tv_sec << 20 ^ (uint64_t) getpid();
	snprintf(run->run_id, sizeof(run->run_id), "%08llx%05x",
			 (unsigned long long) now.tv_sec,
			 (unsigned) (run->seed & 0xfffff));
}

static void
run_read_plan(Run *run)
{
	const Plan *plan = run->plan;

	run->uses_http =
		tasks_use(plan, STEP_HTTP) || outside_uses(plan, STEP_HTTP);
	run->tasks_use_sql = tasks_use(plan, STEP_SQL);
	run->uses_sql = run->tasks_use_sql || outside_uses(plan, STEP_SQL);
	for (int kind = 0; kind < HOOK_KINDS; kind++)
		run->hooks[kind] = run->options->hooks[kind] != NULL
							   ? run->options->hooks[kind]
							   : plan->hooks[kind];
}

/*
 * One a connection, two a transfer (its own, and one while its name is looked
 * up), and what the loops, the report and libraries hold.
 */
static bool
run_has_descriptors(const Run *run, Err *err)
{
	struct rlimit limit;
	rlim_t needed = OTHER_DESCRIPTORS * (rlim_t) run->nshards;

	if (run->uses_sql)
		needed += (rlim_t) run_connections(run);
	if (run->uses_http)
		needed += 2 * (rlim_t) admission_concurrency(run->admission);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
		return true;
	err_set(err, ERR_USAGE,
			"the run may need %llu file descriptors, and %llu are allowed",
			(unsigned long long) needed, (unsigned long long) limit.rlim_cur);
	err_hint(err, "raise the limit with ulimit -n, or lower --concurrency or "
				  "--connections");
	return false;
}

static bool
run_make_shards(Run *run, Err *err)
{
	run->shards = mem_alloc((size_t) run->nshards * sizeof(Shard));
	while (run->nmade < run->nshards)
	{
		Shard *shard = &run->shards[run->nmade];
		bool is_made = shard_make(shard, run, run->nmade, err);

		if (shard->loop != NULL)
			run->nmade++;
		if (!is_made)
			return false;
		shard->engine.globals = &run->base;
		shard->engine.ledger = job_ledger(run->job);
	}
	run_make_sampler(run);
	if (run->shards[0].target != NULL)
		run->result.server = conn_target_text(run->shards[0].target);
	return true;
}

/* Admission, and what feeds it and what it feeds. */
static void
run_start_feeds(Run *run)
{
	const RunOptions *options = run->options;
	AdmissionHooks hooks = {.on_more = on_more,
							.on_bad_row = run_on_bad_row,
							.on_input_lost = run_on_input_lost,
							.arg = run};

	if (options->input != NULL)
		run_find_columns(run);
	run->admission =
		admission_new(run->plan, options, run->seed, run->job, &hooks);
	if (options->output != NULL)
		output_start(options->output, on_more, run_on_output_failed, run);
}

static bool
run_make(Run *run, Err *err)
{
	run_make_id(run);
	run_read_plan(run);
	run_set_variables(run);
	if (!plan_check_protocol(run->plan, run_protocol(run) == PROTOCOL_SIMPLE,
							 err) ||
		!run_may_share(run, err))
		return false;
	if (!run_open_job(run, err))
		return false;
	run_start_feeds(run);
	run->workers = run->options->workers;
	if (run->workers == 0)
		run->workers = admission_concurrency(run->admission) < DEFAULT_WORKERS
						   ? admission_concurrency(run->admission)
						   : DEFAULT_WORKERS;
	run->nshards = count_shards(run);
	if (!run_has_descriptors(run, err) || !run_make_shards(run, err))
		return false;
	run_make_live(run);
	return true;
}

/* -------- signals -------- */

/* Nothing more begins, and what is under way is canceled. */
static void
run_abandon(Run *run)
{
	Shard *first = &run->shards[0];

	run_cancel_all(run);
	if (first->is_running)
		return;
	if (run->is_draining)
		output_abandon(run->options->output);
	run_cancel_bodies(run);
	atomic_store(&run->is_given_up, true);
	if (first->is_opening || run->awaits_opening || run->awaits_sampler)
		loop_stop(first->loop); /* connecting: nothing to wait for */
}

static void
on_signal(void *arg, int count)
{
	Run *run = arg;

	run->interrupts = count;
	admission_stop(run->admission);
	if (count == 1 && run->shards[0].is_running)
	{
		fprintf(run_begin_message(run),
				"asyncdemo: stopping: waiting for what is under way; "
				"Ctrl-C again cancels it\n");
		run_end_message(run);
	}
	else
		run_abandon(run);
}

static void
on_last_signal(void *arg)
{
	Run *run = arg;

	progress_hide(&run->progress);
	if (run->options->output != NULL)
		output_flush(run->options->output, LAST_FLUSH_NS);
	fflush(run->options->messages);
	job_write(run->job);
	leave_now(130);
}

/* -------- the run's own timeout -------- */

static void
on_timeout(void *arg)
{
	Run *run = arg;

	fprintf(run_begin_message(run),
			"asyncdemo: stopping: the run has taken %.3g s, its "
			"--run-timeout; what is under way is canceled\n",
			(double) run->options->run_timeout_ns / 1e9);
	run_end_message(run);
	run_note_limit(run);
	admission_stop(run->admission);
	run_abandon(run);
}

static void
run_arm_timeout(Run *run)
{
	Loop *loop = run->shards[0].loop;
	int64_t deadline_ns;

	loop_timer_init(&run->timeout, on_timeout, run);
	if (run->options->run_timeout_ns == 0)
		return;
	deadline_ns = loop_now_ns(loop) + run->options->run_timeout_ns;
	loop_timer_set(loop, &run->timeout, deadline_ns);
	for (int i = 0; i < run->nshards; i++)
		run->shards[i].engine.run_deadline_ns = deadline_ns;
}

/* What comes after the tasks has its time. */
static void
run_disarm_timeout(Run *run)
{
	loop_timer_clear(run->shards[0].loop, &run->timeout);
	run->shards[0].engine.run_deadline_ns = 0;
}

/* -------- the output -------- */

static void
on_drain_look(void *arg)
{
	Run *run = arg;
	Loop *loop = run->shards[0].loop;

	if (run_is_cut_short(run) || output_flush(run->options->output, 0))
		loop_stop(loop);
	else
		loop_timer_set(loop, &run->drain, loop_now_ns(loop) + DRAIN_LOOK_NS);
}

/*
 * Until the last row is in the file, however slow whoever reads it is; the
 * loop runs meanwhile, so that Ctrl-C can end the wait.
 */
static void
run_drain_output(Run *run)
{
	Loop *loop = run->shards[0].loop;

	if (run->options->output == NULL || run_is_cut_short(run) ||
		output_flush(run->options->output, DRAIN_LOOK_NS))
		return;
	run->is_draining = true;
	loop_timer_init(&run->drain, on_drain_look, run);
	loop_timer_set(loop, &run->drain, loop_now_ns(loop));
	loop_run(loop);
	loop_timer_clear(loop, &run->drain);
	run->is_draining = false;
}

/* -------- the clock -------- */

static void
run_tasks(Run *run)
{
	Shard *first = &run->shards[0];
	int64_t cpu_ns = clock_cpu_ns();
	int64_t begun_ns = loop_now_ns(first->loop);

	run->result.began_unix_ns = clock_unix_ns();
	run_begin_live(run);
	run_release_shards(run, true);
	run_begin_progress(run);
	run_begin_sampler(run);
	shard_run(first);
	run_end_progress(run);
	run_end_live(run);
	run->result.wall_ns = loop_now_ns(first->loop) - begun_ns;
	run->result.client_cpu_ns = clock_cpu_ns() - cpu_ns;
}

static bool
run_open_connections(Run *run)
{
	int64_t begun_ns = loop_now_ns(run->shards[0].loop);

	if (!run_start_shards(run) || !run_open_shards(run))
		return false;
	for (int i = 0; i < run->nshards; i++)
		if (run->shards[i].pool != NULL)
			run->result.connections += pool_size(run->shards[i].pool);
	run->result.opening_ns =
		run->tasks_use_sql ? loop_now_ns(run->shards[0].loop) - begun_ns : 0;
	run_open_sampler(run);
	return !run_is_given_up(run);
}

/* -------- the story -------- */

static bool
run_to_the_end(Run *run, Err *err)
{
	if (!run_make(run, err))
		return false;
	if (!run->options->keep_signals)
		loop_set_signals(run->shards[0].loop, on_signal, on_last_signal, run);
	run_arm_timeout(run);
	if (run_open_control(run) && run_setup(run) && run_open_connections(run) &&
		run_open_ledger(run))
		run_tasks(run);
	else
		run_release_shards(run, false);
	run_join_shards(run);
	run_end_sampler(run);
	run_drain_output(run);
	run_disarm_timeout(run);
	run_teardown(run);
	return true;
}

/* A log that is not complete is a failure of the run. */
static void
run_close_logs(Run *run)
{
	Err err;

	for (int i = 0; i < run->nmade; i++)
	{
		if (!txlog_close(run->shards[i].txlog, &err))
			run_count_failure(run, &err);
		run->shards[i].txlog = NULL;
	}
}

/* Their threads tell the run, which will be gone. */
static void
run_stop_feeds(Run *run)
{
	if (run->options->input != NULL)
		input_stop(run->options->input);
	if (run->options->output != NULL)
		output_stop(run->options->output);
}

Run *
run_plan(const Plan *plan, const RunOptions *options, Err *err)
{
	Run *run = mem_alloc(sizeof(Run));

	err->kind = ERR_NONE;
	run->plan = plan;
	run->options = options;
	pthread_mutex_init(&run->lock, NULL);
	pthread_cond_init(&run->may_go, NULL);
	run_to_the_end(run, err);
	run_stop_feeds(run);
	run_close_job(run);
	run_close_logs(run);
	run_finish(run, err);
	return run;
}

const RunResult *
run_result(const Run *run)
{
	return &run->result;
}

void
run_free(Run *run)
{
	if (run == NULL)
		return;
	run_free_bodies(run);
	live_free(run->live);
	for (int i = 0; i < run->nmade; i++)
		shard_free(&run->shards[i]);
	free(run->shards);
	run_free_sampler(run);
	conn_ledger_free(run->conn_ledger);
	admission_free(run->admission);
	vars_clear(&run->base);
	free(run->column_symbols);
	run_forget_notices(run);
	pthread_mutex_destroy(&run->lock);
	pthread_cond_destroy(&run->may_go);
	free(run);
}
