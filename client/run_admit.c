/*
 * run_admit.c
 *	  Admission: which tasks begin, when, and what their end means.
 *
 * A run has as many slots as its concurrency.  A slot's task begins anew as
 * soon as it is done, until there is none left, the time is up, or somebody
 * said to stop.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "run_private.h"

#define DEFAULT_CONCURRENCY 10
#define DEFAULT_WORKERS 64

static int64_t
run_total(const Run *run)
{
	const RunOptions *options = run->options;

	if (options->tasks > 0)
		return options->tasks;
	if (options->per_slot > 0)
		return options->per_slot * run->concurrency;
	if (options->duration_ns > 0)
		return INT64_MAX;
	return run->counts_sum;
}

void
run_count_slots(Run *run)
{
	const RunOptions *options = run->options;
	bool is_own = options->tasks == 0 && options->per_slot == 0 &&
				  options->duration_ns == 0;

	for (int i = 0; i < run->plan->nbodies; i++)
		run->counts_sum += run->plan->bodies[i].count;
	run->concurrency = options->concurrency;
	if (options->mode == MODE_SEQUENTIAL)
		run->concurrency = 1;
	if (run->concurrency == 0)
		run->concurrency =
			is_own ? (int) run->counts_sum : DEFAULT_CONCURRENCY;
	run->total = run_total(run);
	if (run->total < run->concurrency)
		run->concurrency = (int) run->total;
	if (run->concurrency < 1)
		run->concurrency = 1;
	run->workers = options->workers > 0					? options->workers
				   : run->concurrency < DEFAULT_WORKERS ? run->concurrency
														: DEFAULT_WORKERS;
	loop_set_workers(run->loop, run->workers);
}

/* In the plan's order, each body "count" times, then from the start again. */
static const Body *
run_next_body(const Run *run, int64_t *copy)
{
	int64_t at = run->admitted % run->counts_sum;
	const Body *body = run->plan->bodies;

	while (at >= body->count)
		at -= (body++)->count;
	*copy = run->admitted / run->counts_sum * body->count + at + 1;
	return body;
}

static void
task_set_int(Task *task, const char *name, int64_t number)
{
	int symbol =
		symbols_find(&task->engine->plan->symbols, name, strlen(name));

	if (symbol >= 0)
		value_set_int(vars_set(&task->vars, symbol), number);
}

/* Variables fresh, but with -t and -T they stay with the slot, as pgbench. */
void
run_prepare_task(Run *run, Task *task, int64_t number, int slot)
{
	bool persists =
		run->options->per_slot > 0 || run->options->duration_ns > 0;

	if (!persists || number <= run->concurrency)
	{
		vars_forget(&task->vars);
		random_seed(&task->random, run->seed + (uint64_t) number);
	}
	task->client_id = slot;
	task_set_int(task, "task_number", number);
	task_set_int(task, "client_id", slot);
}

static void
run_begin_task(Run *run, Task *task, int slot)
{
	int64_t copy;
	const Body *body = run_next_body(run, &copy);
	char name[64];
	int symbol;

	run->admitted++;
	if (body->count == 1 && run->total <= run->counts_sum)
		snprintf(name, sizeof(name), "%.60s", body->name);
	else
		snprintf(name, sizeof(name), "%.40s#%lld", body->name,
				 (long long) copy);
	run_prepare_task(run, task, run->admitted, slot);
	symbol = symbols_find(&run->plan->symbols, "task_name", 9);
	if (symbol >= 0)
		value_set_text(vars_set(&task->vars, symbol), body->name,
					   strlen(body->name));
	run->live++;
	task_begin(task, body, (uint64_t) run->admitted, name);
}

static void
on_duration(void *arg)
{
	Run *run = arg;

	run->stop_admitting = true;
	run_stop_if_idle(run);
}

void
run_admit(Run *run)
{
	run->tasks = mem_alloc((size_t) run->concurrency * sizeof(Task *));
	loop_timer_init(&run->duration, on_duration, run);
	if (run->options->duration_ns > 0)
		loop_timer_set(run->loop, &run->duration,
					   loop_now_ns(run->loop) + run->options->duration_ns);
	for (int i = 0; i < run->concurrency && run->admitted < run->total; i++)
	{
		run->tasks[i] = task_new(&run->engine);
		run_begin_task(run, run->tasks[i], i);
	}
}

void
run_stop_if_idle(Run *run)
{
	if (run->live == 0)
		loop_stop(run->loop);
}

void
run_cancel_all(Run *run)
{
	Task *next;

	loop_cancel_calls(run->loop);
	for (Task *task = run->engine.tasks; task != NULL; task = next)
	{
		next = task->next;
		task_cancel(task);
	}
	for (Task *task = run->outside.tasks; task != NULL; task = next)
	{
		next = task->next;
		task_cancel(task);
	}
}

static bool
run_has_too_many_errors(const Run *run)
{
	int64_t limit = run->options->max_errors;

	if (limit < 0)
		return false;
	if (run->options->max_errors_is_percent)
		return run->admitted >= 100 &&
			   run->failures * 100 > limit * run->admitted;
	return run->failures > limit;
}

void
run_count_failure(Run *run, const Err *err)
{
	if (run->failures++ == 0)
		run->first_error = *err;
	if (err->kind == ERR_ASSERT)
		run->assert_failures++;
	if (run->failures <= 20 && !run->options->quiet)
		err_print(run->options->messages, "error", err);
}

static void
run_task_failed(Run *run, Task *task)
{
	if (run->total > 1)
		err_suffix(&task->err, " (task %s)", task->name);
	run_count_failure(run, &task->err);
	if (run_has_too_many_errors(run))
	{
		run->hit_limit = true;
		run->stop_admitting = true;
	}
	if (run->options->on_error != ON_ERROR_CONTINUE)
		run->stop_admitting = true;
	if (run->options->on_error == ON_ERROR_CANCEL)
		run_cancel_all(run);
}

void
run_on_task_done(Engine *engine, Task *task)
{
	Run *run = engine->owner;

	run->live--;
	if (task->failed)
		run_task_failed(run, task);
	else if (task->emit.len > 0)
		fwrite(task->emit.data, 1, task->emit.len, run->options->rows);
	if (!run->stop_admitting && run->admitted < run->total)
		run_begin_task(run, task, task->client_id);
	else if (run->live == 0)
	{
		loop_timer_clear(run->loop, &run->duration);
		loop_stop(run->loop);
	}
}

/* One field of a row, quoted as RFC 4180 says when it must be. */
static void
emit_field(Buf *row, const Value *value)
{
	char scratch[VALUE_SCRATCH];
	size_t len = 0;
	const char *text = value == NULL ? NULL : value_text(value, scratch, &len);

	if (text == NULL)
		return;
	if (len > 0 && strpbrk(text, ",\"\r\n") == NULL)
	{
		buf_append(row, text, len);
		return;
	}
	buf_putc(row, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '"')
			buf_putc(row, '"');
		buf_putc(row, text[i]);
	}
	buf_putc(row, '"');
}

void
run_on_emit(Engine *engine, Task *task, const PlanStep *step)
{
	(void) engine;
	for (int i = 0; i < step->emit.count; i++)
	{
		if (i > 0)
			buf_putc(&task->emit, ',');
		emit_field(&task->emit, vars_get(&task->vars, step->emit.symbols[i]));
	}
	buf_putc(&task->emit, '\n');
}

void
run_free_tasks(Run *run)
{
	if (run->tasks == NULL)
		return;
	for (int i = 0; i < run->concurrency; i++)
		task_free(run->tasks[i]);
	free(run->tasks);
}
