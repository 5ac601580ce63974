/*
 * run.c
 *	  One run of a plan, from the first connection to the last result.
 *
 * The order: control connection, set-up, pool with its hooks, clock, tasks,
 * clock again, teardown.  Each part is one turn of loop_run that ends by
 * loop_stop, so that run_plan reads as the story it is.  A Run owns all it
 * makes; everything here runs on the loop's thread.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "conn_locks.h"
#include "conn_pool.h"
#include "mem.h"
#include "run_private.h"

/* Spans are kept for this many tasks; sums and histograms for all. */
#define KEPT_TASKS 2000
/* Above this many tasks a simulation takes longer than it tells. */
#define PREDICTED_TASKS 500
#define OPEN_AT_ONCE 64
#define OTHER_DESCRIPTORS 64

void
run_options_init(RunOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->conn.connect_timeout_ns = 0;
	options->max_errors = -1;
	options->step_timeout_ns = -1;
	options->rows = stdout;
	options->messages = stderr;
}

/* -------- what the engine tells -------- */

static void
on_echo(Engine *engine, const char *text)
{
	const Run *run = engine->owner;

	fprintf(run->options->messages, "%s\n", text);
}

static void
on_notice(Engine *engine, const char *text)
{
	const Run *run = engine->owner;

	if (!run->options->quiet)
		fprintf(run->options->messages, "asyncdemo: notice: %s\n", text);
}

static void
on_conn_notice(void *arg, const char *severity, const char *text)
{
	Run *run = arg;

	run_notice(run, severity, text);
}

/* -------- wiring -------- */

static void
run_fill_ops(Run *run)
{
	for (int kind = 0; kind < STEP_KINDS; kind++)
		run->ops[kind] = step_variable_ops;
	run->ops[STEP_SQL] = step_sql_ops;
	run->ops[STEP_HTTP] = step_http_ops;
	run->ops[STEP_SLEEP] = step_sleep_ops;
	run->ops[STEP_SHELL] = step_shell_ops;
}

static void
run_fill_engine(Run *run)
{
	const RunOptions *options = run->options;
	Engine *engine = &run->engine;

	engine->owner = run;
	engine->loop = run->loop;
	engine->trace = run->trace;
	engine->plan = run->plan;
	engine->http = run->http;
	engine->ops = run->ops;
	engine->hold = options->hold;
	engine->protocol = options->has_protocol   ? options->protocol
					   : run->plan->is_pgbench ? PROTOCOL_SIMPLE
											   : PROTOCOL_PREPARED;
	engine->has_call = options->mode == MODE_ASYNC ||
					   options->mode == MODE_BLOCKING ||
					   options->mode == MODE_THREADS;
	engine->call = options->mode == MODE_BLOCKING  ? CALL_BLOCKING
				   : options->mode == MODE_THREADS ? CALL_THREAD
												   : CALL_ASYNC;
	engine->step_timeout_ns = options->step_timeout_ns;
	engine->connect_timeout_ns = options->conn.connect_timeout_ns;
	engine->lane = run->lane;
	engine->globals = &run->base;
	engine->on_task_done = run_on_task_done;
	engine->on_emit = run_on_emit;
	engine->on_echo = on_echo;
	engine->on_notice = on_notice;
}

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
	run_set_base_int(run, "scale", 1);
	run_set_base_int(run, "random_seed", (int64_t) run->seed);
	run_set_base_int(run, "default_seed", (int64_t) (run->seed >> 1));
	run_set_http(run);
	for (int i = 0; i < options->nvariables; i++)
		run_set_base(run, options->variables[i].name,
					 options->variables[i].value);
}

static bool
body_uses(const Body *body, StepKind kind)
{
	if (body == NULL)
		return false;
	for (int i = 0; i < body->nsteps; i++)
		if (body->steps[i].kind == kind)
			return true;
	return false;
}

static bool
run_uses(const Run *run, StepKind kind)
{
	for (int i = 0; i < run->plan->nbodies; i++)
		if (body_uses(&run->plan->bodies[i], kind))
			return true;
	return false;
}

static bool
outside_uses(const Run *run, StepKind kind)
{
	return body_uses(run->plan->setup, kind) ||
		   body_uses(run->plan->teardown, kind);
}

/* What is read but not carried out is refused, not skipped. */
static bool
body_is_supported(const Run *run, const Body *body, Err *err)
{
	for (int i = 0; body != NULL && i < body->nsteps; i++)
	{
		const PlanStep *step = &body->steps[i];

		if (step->kind == STEP_PIPELINE)
			err_set(err, ERR_PLAN,
					"\\startpipeline is not carried out by this "
					"version");
		else if (step->retry.max > 0)
			err_set(err, ERR_PLAN,
					"\\retry is not carried out by this version");
		else
			continue;
		err_hint(err, "take it out; asyncdemo check still reads it");
		plan_place(run->plan, step->place, err);
		return false;
	}
	return true;
}

static bool
run_is_supported(const Run *run, Err *err)
{
	for (int i = 0; i < run->plan->nbodies; i++)
		if (!body_is_supported(run, &run->plan->bodies[i], err))
			return false;
	return body_is_supported(run, run->plan->setup, err) &&
		   body_is_supported(run, run->plan->teardown, err);
}

static bool
run_make(Run *run, Err *err)
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
	run->trace = trace_new();
	run->spans = spans_new(run->plan, KEPT_TASKS);
	trace_add_sink(run->trace, spans_event, run->spans);
	run->loop = loop_new(err);
	if (run->loop == NULL)
		return false;
	run->http = http_new(run->loop, 0);
	if (run_uses(run, STEP_HTTP) || outside_uses(run, STEP_HTTP))
		run->lane = http_lane_new(run->http);
	run_fill_ops(run);
	run_set_variables(run);
	run_fill_engine(run);
	return plan_check_protocol(run->plan,
							   run->engine.protocol == PROTOCOL_SIMPLE, err);
}

/* -------- connections -------- */

static void
on_pool_opened(void *arg, const Err *err)
{
	Run *run = arg;

	run->open_failed = err != NULL;
	if (err != NULL)
		run->err = *err;
	run->is_opened = true;
	loop_stop(run->loop);
}

/* Open a pool and wait for it; an interrupt ends the wait. */
static bool
run_open_pool(Run *run, Pool *pool)
{
	run->is_opened = false;
	run->open_failed = false;
	pool_open(pool, OPEN_AT_ONCE, on_pool_opened, run);
	if (!run->is_opened && run->interrupts == 0)
		loop_run(run->loop);
	return run->is_opened && !run->open_failed;
}

static const char *
run_hook(const Run *run, HookKind kind)
{
	return run->options->hooks[kind] != NULL ? run->options->hooks[kind]
											 : run->plan->hooks[kind];
}

static bool
run_open_control(Run *run)
{
	if (!outside_uses(run, STEP_SQL))
		return true;
	run->control_pool = conn_pool_new(run->loop, run->trace, run->target,
									  run->no_hooks, 1, on_conn_notice, run);
	run->has_control = run_open_pool(run, run->control_pool);
	return run->has_control;
}

static int
run_pool_size(const Run *run)
{
	return run->options->connections > 0 ? run->options->connections
										 : run->concurrency;
}

static bool
run_open_connections(Run *run)
{
	int64_t begun_ns = loop_now_ns(run->loop);
	bool is_pooler = false;

	if (!run_uses(run, STEP_SQL))
		return true;
	for (int kind = 0; kind < HOOK_KINDS; kind++)
		run->hooks[kind] = run_hook(run, (HookKind) kind);
	run->pool = conn_pool_new(run->loop, run->trace, run->target, run->hooks,
							  run_pool_size(run), on_conn_notice, run);
	run->engine.pool = run->pool;
	if (!run->options->no_warm && !run_open_pool(run, run->pool))
		return false;
	run->result.connections = pool_size(run->pool);
	run->result.opening_ns = loop_now_ns(run->loop) - begun_ns;
	if (conn_target_options_refused(run->target, &is_pooler) && is_pooler &&
		run->engine.hold == HOLD_TASK)
		run->engine.hold = HOLD_TRANSACTION;
	return true;
}

static bool
run_make_target(Run *run, Err *err)
{
	if (!run_uses(run, STEP_SQL) && !outside_uses(run, STEP_SQL))
		return true;
	run->target = conn_target_new(&run->options->conn, err);
	if (run->target == NULL)
		return false;
	run->result.server = conn_target_text(run->target);
	run->locks = conn_locks_new(run->loop, run->target);
	return true;
}

/* -------- set-up and teardown -------- */

static void
on_body_done(Engine *engine, Task *task)
{
	Run *run = engine->owner;

	if (task->failed || task->is_canceled)
		run->body_failed = true;
	loop_stop(run->loop);
}

static bool
run_body(Run *run, Task **task, const Body *body, uint64_t number,
		 const char *name)
{
	run->outside = run->engine;
	run->outside.pool = run->control_pool;
	run->outside.hold = HOLD_TASK;
	run->outside.has_call = false;
	run->outside.on_task_done = on_body_done;
	run->outside.tasks = NULL;
	*task = task_new(&run->outside);
	run_prepare_task(run, *task, 0, 0);
	run->body_failed = false;
	task_begin(*task, body, number, name);
	loop_run(run->loop);
	return !run->body_failed;
}

static bool
run_setup(Run *run)
{
	if (run->plan->setup == NULL)
		return true;
	if (!run_body(run, &run->setup_task, run->plan->setup, TRACE_SETUP,
				  "setup"))
	{
		if (run->setup_task->failed)
		{
			run->err = run->setup_task->err;
			err_prefix(&run->err, "\\setup failed: ");
		}
		run->setup_failed = true;
		return false;
	}
	run->engine.globals = &run->setup_task->vars;
	return true;
}

static void
run_teardown(Run *run)
{
	if (run->plan->teardown == NULL)
		return;
	if (outside_uses(run, STEP_SQL) && !run->has_control)
		return; /* nothing was set up either */
	if (!run_body(run, &run->teardown_task, run->plan->teardown,
				  TRACE_TEARDOWN, "teardown") &&
		run->teardown_task->failed)
		run_count_failure(run, &run->teardown_task->err);
}

/* -------- signals -------- */

static void
on_signal(void *arg, int count)
{
	Run *run = arg;

	run->interrupts = count;
	run->stop_admitting = true;
	if (count == 1 && run->is_clock_running)
	{
		fprintf(run->options->messages,
				"asyncdemo: stopping: waiting for what is under way; "
				"Ctrl-C again cancels it\n");
		run_stop_if_idle(run);
		return;
	}
	run_cancel_all(run);
	if (!run->is_clock_running && !run->is_opened)
		loop_stop(run->loop); /* connecting: nothing to wait for */
}

static void
on_last_signal(void *arg)
{
	Run *run = arg;

	fflush(run->options->rows);
	fflush(run->options->messages);
	_exit(130);
}

/* -------- the clock -------- */

static int64_t
cpu_now_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return ((int64_t) usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
			   NS_PER_S +
		   ((int64_t) usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void
run_clock_event(Run *run, EventKind kind)
{
	Event event = {.kind = kind};

	event.time_ns = loop_now_ns(run->loop);
	trace_emit(run->trace, &event);
}

static void
run_tasks(Run *run)
{
	int64_t cpu_ns = cpu_now_ns();
	int64_t begun_ns;

	run_clock_event(run, EVENT_RUN_BEGIN);
	begun_ns = loop_now_ns(run->loop);
	run->is_clock_running = true;
	run_admit(run);
	if (run->live > 0)
		loop_run(run->loop);
	run->is_clock_running = false;
	run->result.wall_ns = loop_now_ns(run->loop) - begun_ns;
	run_clock_event(run, EVENT_RUN_END);
	run->result.client_cpu_ns = cpu_now_ns() - cpu_ns;
}

/* -------- the result -------- */

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
	if (run->failures > run->assert_failures)
		return 2;
	return run->assert_failures > 0 || run->result.expect_failed ? 3 : 0;
}

static const char *
mode_name(RunMode mode)
{
	static const char *const names[] = {"plan", "async", "blocking", "threads",
										"sequential"};

	return names[mode];
}

static void
run_predict(Run *run)
{
	PredictInput input;

	if (run->spans->ntasks == 0 || run->spans->ntasks > PREDICTED_TASKS ||
		run->admitted > run->spans->ntasks)
		return;
	predict_input_from_spans(run->spans, &input);
	input.concurrency = run->concurrency;
	input.connections = run->result.connections;
	input.workers = run->workers;
	input.hold = run->engine.hold;
	predict(&input, &run->result.prediction);
	predict_input_clear(&input);
	run->result.has_prediction = true;
}

static void
run_finish(Run *run, Err *err)
{
	RunResult *result = &run->result;
	struct rusage usage;

	if (err->kind == ERR_NONE)
		*err = run->err;
	getrusage(RUSAGE_SELF, &usage);
	result->plan = run->plan;
	result->spans = run->spans;
	result->run_id = run->run_id;
	if (run->target != NULL)
		result->server_version = conn_target_server_version(run->target);
	result->mode = mode_name(run->options->mode);
	result->concurrency = run->concurrency;
	result->loop_idle_ns = -1;
	result->peak_memory_bytes = (int64_t) usage.ru_maxrss * 1024;
	result->first_error = run->failures > 0 ? &run->first_error : NULL;
	result->expect_failed = err->kind == ERR_NONE && run_expect_failed(run);
	result->interrupted = run->interrupts > 0;
	result->exit_code = run_exit_code(run, err);
	run_tell_notices(run);
	run_predict(run);
}

/* -------- the story -------- */

/*
 * One a connection, two a transfer (its own, and one while its name is looked
 * up), and what the loop, the report and libraries hold.
 */
static bool
run_has_descriptors(const Run *run, Err *err)
{
	struct rlimit limit;
	rlim_t needed = OTHER_DESCRIPTORS;

	if (run->target != NULL)
		needed += (rlim_t) run_pool_size(run);
	if (run->lane != NULL)
		needed += 2 * (rlim_t) run->concurrency;
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
run_to_the_end(Run *run, Err *err)
{
	if (!run_make(run, err) || !run_is_supported(run, err) ||
		!run_make_target(run, err))
		return false;
	run_count_slots(run);
	if (!run_has_descriptors(run, err))
		return false;
	if (!run->options->keep_signals)
		loop_set_signals(run->loop, on_signal, on_last_signal, run);
	if (run_open_control(run) && run_setup(run) && run_open_connections(run) &&
		run->interrupts == 0)
		run_tasks(run);
	run_teardown(run);
	return true;
}

Run *
run_plan(const Plan *plan, const RunOptions *options, Err *err)
{
	Run *run = mem_alloc(sizeof(Run));

	err->kind = ERR_NONE;
	run->plan = plan;
	run->options = options;
	run_to_the_end(run, err);
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
	run_free_tasks(run);
	task_free(run->teardown_task);
	task_free(run->setup_task);
	if (run->loop != NULL)
	{
		if (run->pool != NULL)
			pool_free(run->pool);
		if (run->control_pool != NULL)
			pool_free(run->control_pool);
		if (run->lane != NULL)
			http_lane_free(run->lane);
		if (run->http != NULL)
			http_free(run->http);
		loop_free(run->loop);
	}
	conn_locks_free(run->locks); /* its watchdog ended with the loop */
	conn_target_free(run->target);
	vars_clear(&run->base);
	spans_free(run->spans);
	trace_free(run->trace);
	run_forget_notices(run);
	free(run);
}
