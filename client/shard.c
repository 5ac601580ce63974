/*
 * shard.c
 *	  One loop of a run: slots that take tickets and run their tasks.
 *
 * Everything in a Shard belongs to its thread, except "asked", which anybody
 * may add to.  A slot's state is written by slot_set_state alone, which also
 * keeps the counts by which a shard knows that it is idle.  A slot's whole way
 * stands here, which is why the file is long.
 */
#include "shard.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "conn_locks.h"
#include "conn_pool.h"
#include "http_gate.h"
#include "joblog.h"
#include "loop_call.h"
#include "mem.h"
#include "run_private.h"

/* Spans are kept for this many tasks; sums and histograms for all. */
#define KEPT_TASKS 2000
#define OPEN_AT_ONCE 64
/* Retries beyond their share of the steps: for each slot, but not fewer. */
#define RETRY_RESERVE_A_SLOT 10
#define RETRY_RESERVE_MIN 100
/* A server that has the timeout as well should be the first to say so. */
#define STATEMENT_GRACE_NS NS_PER_S

/* -------- slots -------- */

static void
slot_set_state(Slot *slot, SlotState state)
{
	slot->shard->in_state[slot->state]--;
	slot->state = state;
	slot->shard->in_state[state]++;
	tally_running(&slot->shard->tally, slot->shard->in_state[SLOT_RUNNING]);
}

/* The n-th share, from 0, of what is dealt out to all shards. */
static int
share_of(const Run *run, int all, int n)
{
	return all / run->nshards + (n < all % run->nshards ? 1 : 0);
}

static int
shares_before(const Run *run, int all, int n)
{
	int rest = all % run->nshards;

	return all / run->nshards * n + (n < rest ? n : rest);
}

/* Nothing is left to do here; the first shard stays while others work. */
static void
shard_try_to_end(Shard *shard)
{
	if (!shard->is_running || shard->in_state[SLOT_FREE] < shard->nslots)
		return;
	if (!shard->has_finished)
	{
		shard->has_finished = true;
		loop_timer_clear(shard->loop, &shard->duration);
		loop_timer_clear(shard->loop, &shard->log_timer);
		shard_tune_end(shard);
		shard_live_end(shard);
		run_shard_finished(shard->run, shard);
	}
	if (shard->number > 0 || run_all_finished(shard->run))
		loop_stop(shard->loop);
}

static void
task_set_int(Task *task, int symbol, int64_t number)
{
	if (symbol >= 0)
		value_set_int(vars_set(&task->vars, symbol), number);
}

void
shard_prepare_task(const Shard *shard, Task *task, uint64_t number, int slot,
				   bool is_first)
{
	const Run *run = shard->run;
	bool persists =
		run->options->per_slot > 0 || run->options->duration_ns > 0;

	if (!persists || is_first)
	{
		vars_forget(&task->vars);
		random_seed(&task->random, run->seed + number);
	}
	task->client_id = slot;
	task_set_int(task, shard->number_symbol, (int64_t) number);
	task_set_int(task, shard->client_symbol, slot);
}

/* "body", or "body#copy" where one body makes many tasks. */
static void
slot_name_task(const Slot *slot, char name[64])
{
	const char *own = slot->ticket.body->name;
	bool is_one = slot->ticket.body->count == 1 &&
				  admission_is_own(slot->shard->run->admission);
	size_t len = strnlen(own, is_one ? 60 : 40);

	memcpy(name, own, len);
	if (!is_one)
	{
		name[len++] = '#';
		len += value_int_text(slot->ticket.copy, name + len);
	}
	name[len] = '\0';
}

/* What the input's columns say stands in front of what we would say. */
static void
slot_set_row(Slot *slot)
{
	const Run *run = slot->shard->run;

	if (slot->ticket.row != NULL)
		row_set_vars(slot->ticket.row, run->column_symbols, &slot->task->vars);
	admission_row_used(run->admission, &slot->ticket);
}

static void
slot_begin_task(Slot *slot)
{
	Shard *shard = slot->shard;
	const Body *body = slot->ticket.body;
	char name[64];

	slot_name_task(slot, name);
	shard_prepare_task(shard, slot->task, slot->ticket.number, slot->number,
					   slot->taken == 1);
	if (shard->name_symbol >= 0)
		value_set_text(vars_set(&slot->task->vars, shard->name_symbol),
					   body->name, strlen(body->name));
	slot_set_row(slot);
	slot->task->scheduled_ns = slot->ticket.scheduled_ns;
	slot->task->key = slot->ticket.key;
	slot_set_state(slot, SLOT_RUNNING);
	task_begin(slot->task, body, slot->ticket.number, name);
}

static void
on_scheduled(void *arg)
{
	slot_begin_task(arg);
}

/* Each slot may run so many with -t, as pgbench's clients do. */
static bool
slot_has_had_enough(const Slot *slot)
{
	int64_t most = slot->shard->run->options->per_slot;

	return most > 0 && slot->taken >= most;
}

/* The next ticket whose time is not long past. */
static Admit
slot_next(Slot *slot)
{
	Shard *shard = slot->shard;
	Admit admit = ADMIT_LATE;

	while (admit == ADMIT_LATE)
	{
		if (slot_has_had_enough(slot))
			return ADMIT_END;
		admit = admission_next(shard->run->admission,
							   loop_look_ns(shard->loop), &slot->ticket);
		if (admit == ADMIT_LATE || admit == ADMIT_TASK)
			slot->taken++;
		if (admit == ADMIT_LATE)
			slot_count_skip(slot);
	}
	return admit;
}

static void
slot_take(Slot *slot)
{
	Shard *shard = slot->shard;
	Admit admit = slot_next(slot);

	if (admit == ADMIT_END)
		slot_set_state(slot, SLOT_FREE);
	else if (admit == ADMIT_WAIT)
		slot_set_state(slot, SLOT_WANTING);
	else
	{
		if (slot->ticket.scheduled_ns == 0 ||
			slot->ticket.scheduled_ns <= loop_now_ns(shard->loop))
		{
			slot_begin_task(slot);
			return;
		}
		slot_set_state(slot, SLOT_SCHEDULED);
		loop_timer_set(shard->loop, &slot->timer, slot->ticket.scheduled_ns);
	}
}

static void
on_log_timer(void *arg)
{
	Shard *shard = arg;

	shard->log_waits = false;
	run_write_log(shard->run);
}

static void
shard_arm_log(Shard *shard)
{
	if (shard->run->options->joblog == NULL || shard->log_waits)
		return;
	shard->log_waits = true;
	loop_timer_set(shard->loop, &shard->log_timer,
				   loop_now_ns(shard->loop) + JOBLOG_DELAY_NS);
}

static void
on_task_done(Engine *engine, Task *task)
{
	Shard *shard = engine->owner;
	Slot *slot = &shard->slots[task->client_id - shard->first_slot];

	slot_count_task(slot);
	run_task_ended(shard->run, task, &slot->ticket);
	shard_arm_log(shard);
	slot_take(slot);
	shard_try_to_end(shard);
}

/* -------- what others ask -------- */

void
shard_ask(Shard *shard, ShardAsk what)
{
	atomic_fetch_or(&shard->asked, (unsigned) what);
	loop_post(&shard->post);
}

static void
shard_take_more(Shard *shard)
{
	bool is_stopped = admission_is_stopped(shard->run->admission);

	for (int i = 0; i < shard->nslots; i++)
	{
		Slot *slot = &shard->slots[i];

		if (slot->state == SLOT_SCHEDULED && is_stopped)
		{
			loop_timer_clear(shard->loop, &slot->timer);
			admission_return(shard->run->admission, &slot->ticket);
			slot_set_state(slot, SLOT_FREE);
		}
		else if (slot->state == SLOT_WANTING)
		{
			slot_take(slot);
			if (slot->state == SLOT_WANTING)
				return; /* there is none for the others either */
		}
	}
}

static void
shard_cancel_tasks(Shard *shard)
{
	Task *next;

	for (Task *task = shard->engine.tasks; task != NULL; task = next)
	{
		next = task->next;
		task_cancel(task);
	}
	loop_allow_calls(shard->loop);
}

static void
on_post(void *arg)
{
	Shard *shard = arg;
	unsigned asked = atomic_exchange(&shard->asked, 0);

	if (asked & ASK_NEWS)
		run_on_news(shard->run);
	if ((asked & ASK_ABANDON) && shard->is_opening)
		loop_stop(shard->loop);
	if (asked & ASK_CANCEL)
		shard_cancel_tasks(shard);
	if (!shard->is_running)
		return;
	if (asked & ASK_MORE)
		shard_take_more(shard);
	shard_try_to_end(shard);
}

/* -------- what the engine tells -------- */

static void
on_echo(Engine *engine, const char *text)
{
	const Shard *shard = engine->owner;

	fprintf(run_begin_message(shard->run), "%s\n", text);
	run_end_message(shard->run);
}

static void
on_notice(Engine *engine, const char *text)
{
	const Shard *shard = engine->owner;

	if (shard->run->options->quiet)
		return;
	fprintf(run_begin_message(shard->run), "asyncdemo: notice: %s\n", text);
	run_end_message(shard->run);
}

static void
on_conn_notice(void *arg, const char *severity, const char *text)
{
	const Shard *shard = arg;

	run_notice(shard->run, severity, text);
}

/* -------- wiring -------- */

static void
shard_fill_ops(Shard *shard)
{
	for (int kind = 0; kind < STEP_KINDS; kind++)
		shard->ops[kind] = step_variable_ops;
	shard->ops[STEP_SQL] = step_sql_ops;
	shard->ops[STEP_HTTP] = step_http_ops;
	shard->ops[STEP_SLEEP] = step_sleep_ops;
	shard->ops[STEP_SHELL] = step_shell_ops;
	shard->ops[STEP_SYNCPIPELINE] = step_pipeline_ops;
	shard->ops[STEP_ENDPIPELINE] = step_pipeline_ops;
}

static void
shard_fill_engine(Shard *shard)
{
	const Run *run = shard->run;
	const RunOptions *options = run->options;
	Engine *engine = &shard->engine;

	engine->owner = shard;
	engine->loop = shard->loop;
	engine->trace = shard->trace;
	engine->plan = run->plan;
	engine->http = shard->http;
	engine->ops = shard->ops;
	engine->shares = run_pipeline(run) > 1;
	engine->hold = engine->shares ? HOLD_STATEMENT : options->hold;
	engine->protocol = run_protocol(run);
	engine->has_call = options->mode == MODE_ASYNC ||
					   options->mode == MODE_BLOCKING ||
					   options->mode == MODE_THREADS;
	engine->call = options->mode == MODE_BLOCKING  ? CALL_BLOCKING
				   : options->mode == MODE_THREADS ? CALL_THREAD
												   : CALL_ASYNC;
	engine->step_timeout_ns = options->step_timeout_ns;
	engine->retries = options->retries;
	engine->budget = &shard->budget;
	engine->connect_timeout_ns = options->conn.connect_timeout_ns;
	engine->lane = shard->lane;
	engine->gate = shard->gate;
	engine->span_columns = mem_alloc((size_t) run->plan->nsteps + 1);
	engine->on_task_done = on_task_done;
	engine->on_emit = run_on_emit;
	engine->on_echo = on_echo;
	engine->on_notice = on_notice;
}

static void
on_duration(void *arg)
{
	const Shard *shard = arg;

	admission_stop(shard->run->admission);
}

static void
shard_make_slots(Shard *shard)
{
	int concurrency = admission_concurrency(shard->run->admission);

	shard->nslots = share_of(shard->run, concurrency, shard->number);
	shard->first_slot = shares_before(shard->run, concurrency, shard->number);
	shard->slots = mem_alloc((size_t) shard->nslots * sizeof(Slot));
	shard->in_state[SLOT_FREE] = shard->nslots;
	for (int i = 0; i < shard->nslots; i++)
	{
		shard->slots[i].shard = shard;
		shard->slots[i].number = shard->first_slot + i;
		loop_timer_init(&shard->slots[i].timer, on_scheduled,
						&shard->slots[i]);
	}
	loop_timer_init(&shard->duration, on_duration, shard);
	loop_timer_init(&shard->log_timer, on_log_timer, shard);
}

static void
shard_make_budget(Shard *shard)
{
	const Run *run = shard->run;
	int all = admission_concurrency(run->admission) * RETRY_RESERVE_A_SLOT;

	if (all < RETRY_RESERVE_MIN)
		all = RETRY_RESERVE_MIN;
	shard->budget.percent = run->options->retry_percent;
	shard->budget.reserve = share_of(run, all, shard->number);
}

static bool
shard_make_target(Shard *shard, Err *err)
{
	const Run *run = shard->run;

	if (!run->uses_sql)
		return true;
	shard->target = conn_target_new(&run->options->conn, err);
	if (shard->target == NULL)
		return false;
	shard->locks = conn_locks_new(shard->loop, shard->target);
	shard->pool_size = share_of(run, run_connections(run), shard->number);
	return true;
}

static void
shard_find_symbols(Shard *shard)
{
	const Symbols *symbols = &shard->run->plan->symbols;

	shard->number_symbol = symbols_find(symbols, "task_number", 11);
	shard->name_symbol = symbols_find(symbols, "task_name", 9);
	shard->client_symbol = symbols_find(symbols, "client_id", 9);
}

/* The limits are the run's: each shard has its part of them. */
static void
shard_make_gate(Shard *shard)
{
	const Run *run = shard->run;
	double rate = run->options->http_rate / run->nshards;
	int per_host = share_of(run, run->options->per_host, shard->number);

	if (run->uses_http && (rate > 0 || per_host > 0))
		shard->gate = http_gate_new(shard->loop, rate, per_host);
}

static int
at_least_one(int n)
{
	return n > 0 ? n : 1;
}

bool
shard_make(Shard *shard, Run *run, int number, Err *err)
{
	shard->run = run;
	shard->number = number;
	shard->err.kind = ERR_NONE;
	shard->trace = trace_new();
	shard->spans = spans_new(run->plan, KEPT_TASKS);
	trace_add_sink(shard->trace, spans_event, shard->spans);
	if (run->options->add_sinks != NULL)
		run->options->add_sinks(run->options->add_sinks_arg, shard->trace,
								number);
	shard->loop = loop_new(err);
	if (shard->loop == NULL)
		return false;
	loop_post_open(shard->loop, &shard->post, on_post, shard);
	loop_set_workers(shard->loop,
					 at_least_one(share_of(run, run->workers, number)));
	shard->http = http_new(shard->loop, 0);
	if (run->uses_http)
		shard->lane = http_lane_new(shard->http);
	shard_find_symbols(shard);
	shard_make_gate(shard);
	shard_fill_ops(shard);
	shard_fill_engine(shard);
	shard_make_slots(shard);
	shard_make_budget(shard);
	return shard_make_target(shard, err) && shard_open_log(shard, err);
}

static void
shard_free_slots(Shard *shard)
{
	for (int i = 0; i < shard->nslots; i++)
		task_free(shard->slots[i].task);
	free(shard->slots);
}

void
shard_free(Shard *shard)
{
	if (shard->loop != NULL)
	{
		shard_free_slots(shard);
		if (shard->pool != NULL)
			pool_free(shard->pool);
		if (shard->lane != NULL)
			http_lane_free(shard->lane);
		http_gate_free(shard->gate);
		if (shard->http != NULL)
			http_free(shard->http);
		loop_post_close(&shard->post);
		loop_free(shard->loop);
		free(shard->engine.span_columns);
	}
	conn_locks_free(shard->locks); /* its watchdog ended with the loop */
	conn_target_free(shard->target);
	spans_free(shard->spans);
	trace_free(shard->trace);
}

/* -------- opening -------- */

static void
on_pool_opened(void *arg, const Err *err)
{
	Shard *shard = arg;

	shard->open_failed = err != NULL;
	if (err != NULL)
		shard->err = *err;
	shard->is_opened = true;
	loop_stop(shard->loop);
}

bool
shard_open_pool(Shard *shard, Pool *pool)
{
	shard->is_opened = false;
	shard->open_failed = false;
	shard->is_opening = true;
	pool_open(pool, OPEN_AT_ONCE, on_pool_opened, shard);
	if (!shard->is_opened && !run_is_given_up(shard->run))
		loop_run(shard->loop);
	shard->is_opening = false;
	return shard->is_opened && !shard->open_failed;
}

/* With a pooler, or a server that refused it, the client is the only one. */
static void
shard_set_statement_timeout(Shard *shard)
{
	const RunOptions *options = shard->run->options;
	bool is_pooler;

	shard->engine.statement_timeout_ns = options->statement_timeout_ns;
	if (options->statement_timeout_ns > 0 && !options->conn.pooler &&
		!conn_target_options_refused(shard->target, &is_pooler))
		shard->engine.statement_timeout_ns += STATEMENT_GRACE_NS;
}

bool
shard_open(Shard *shard)
{
	const Run *run = shard->run;
	bool is_pooler = false;

	if (!run->tasks_use_sql)
		return true;
	shard->pool =
		conn_pool_new(shard->loop, shard->trace, shard->target, run->hooks,
					  shard->pool_size, on_conn_notice, shard);
	pool_number_from(shard->pool, 1 + shares_before(run, run_connections(run),
													shard->number));
	pool_set_depth(shard->pool, run_pipeline(run));
	shard_tune_init(shard);
	shard->engine.pool = shard->pool;
	if (run->options->reconnects)
		pool_use_once(shard->pool);
	if (!run->options->no_warm && !shard_open_pool(shard, shard->pool))
		return false;
	if (conn_target_options_refused(shard->target, &is_pooler) && is_pooler &&
		shard->engine.hold == HOLD_TASK)
		shard->engine.hold = HOLD_TRANSACTION;
	shard_set_statement_timeout(shard);
	return true;
}

/* -------- running -------- */

static void
shard_clock_event(Shard *shard, EventKind kind)
{
	Event event = {.kind = kind};

	event.time_ns = loop_now_ns(shard->loop);
	trace_emit(shard->trace, &event);
}

static void
shard_admit(Shard *shard)
{
	int64_t duration_ns = shard->run->options->duration_ns;

	if (duration_ns > 0)
		loop_timer_set(shard->loop, &shard->duration,
					   loop_now_ns(shard->loop) + duration_ns);
	for (int i = 0; i < shard->nslots; i++)
	{
		shard->slots[i].task = task_new(&shard->engine);
		slot_take(&shard->slots[i]);
	}
	shard_try_to_end(shard);
}

void
shard_run(Shard *shard)
{
	int64_t cpu_ns = clock_thread_cpu_ns();

	shard_clock_event(shard, EVENT_RUN_BEGIN);
	shard->is_running = true;
	shard_tune_begin(shard);
	shard_admit(shard);
	shard_live_begin(shard);
	if (!shard->has_finished ||
		(shard->number == 0 && !run_all_finished(shard->run)))
		loop_run(shard->loop);
	shard->is_running = false;
	shard->cpu_ns = clock_thread_cpu_ns() - cpu_ns;
	shard_clock_event(shard, EVENT_RUN_END);
}
