/*
 * step_variable.c
 *	  Steps that end at once: variables, output, leases, jumps.
 *
 * None of them waits, so none can be cancelled and none keeps anything
 * between two uses.  Each function returns false with err filled when its
 * step has failed.
 */
#include "task.h"

#include <stdlib.h>

#include "json_pointer.h"
#include "secret.h"

#define SHOWN_BYTES 80 /* of a value in an \assert's message */

/*
 * The new value is made aside: the expression may read the variable that it
 * sets, and a failure must leave it as it was.
 */
static void
assign(Task *task, int symbol, Value *value)
{
	Value *target = vars_set(&task->vars, symbol);
	Value old = *target;

	*target = *value;
	*value = old;
}

static bool
run_set(Task *task, const PlanStep *step, Err *err)
{
	Value value = {0};
	bool ok =
		expr_eval(step->set.expr, &task->vars, &task->random, &value, err);

	if (ok)
		assign(task, step->set.symbol, &value);
	value_clear(&value);
	return ok;
}

/* -------- \json -------- */

static bool
run_json(Task *task, const PlanStep *step, Err *err)
{
	const Symbols *symbols = &task->engine->plan->symbols;
	const char *name = symbols->names[step->json.source_symbol];
	const Value *source = vars_get(&task->vars, step->json.source_symbol);
	char scratch[VALUE_SCRATCH];
	const char *text;
	size_t len = 0;
	Value value = {0};
	bool ok;

	if (source == NULL)
		return vars_undefined(&task->vars, step->json.source_symbol, err);
	text = value_text(source, scratch, &len);
	if (text == NULL)
		return err_set(err, ERR_DATA, "variable \"%s\" is null, not JSON",
					   name);
	ok = json_to_value(text, len, step->json.pointer, &value, err);
	if (ok)
		assign(task, step->json.symbol, &value);
	else
		err_prefix(err, "variable \"%s\": ", name);
	value_clear(&value);
	return ok;
}

/* -------- \assert -------- */

typedef struct Shown
{
	const Task *task;
	Buf text;
	int symbols[16];
	int count;
} Shown;

static void
append_shown_value(const Value *value, Buf *out)
{
	char scratch[VALUE_SCRATCH];
	size_t len = 0;
	const char *text = value_text(value, scratch, &len);
	size_t cut = len < SHOWN_BYTES ? len : SHOWN_BYTES;

	if (text == NULL)
	{
		buf_puts(out, "null");
		return;
	}
	/* not in the middle of a character */
	while (cut < len && cut > 0 && ((unsigned char) text[cut] & 0xC0) == 0x80)
		cut--;
	if (value->kind == VALUE_TEXT)
		buf_json_string(out, text, cut);
	else
		buf_append(out, text, cut);
	if (cut < len)
		buf_puts(out, "…");
}

/* "a is 1"; each variable once. */
static void
show_symbol(void *arg, int symbol)
{
	Shown *shown = arg;
	const Value *value = vars_get(&shown->task->vars, symbol);

	for (int i = 0; i < shown->count; i++)
		if (shown->symbols[i] == symbol)
			return;
	if (shown->count == (int) (sizeof(shown->symbols) / sizeof(int)))
		return;
	shown->symbols[shown->count++] = symbol;
	buf_printf(&shown->text, "%s:%s is ", shown->text.len > 0 ? ", " : "",
			   shown->task->engine->plan->symbols.names[symbol]);
	if (value != NULL)
		append_shown_value(value, &shown->text);
	else
		buf_puts(&shown->text, "not set");
}

static bool
run_assert(Task *task, const PlanStep *step, Err *err)
{
	Shown shown = {.task = task};
	Buf message = {0};
	bool holds;

	if (!expr_eval_bool(step->condition.expr, &task->vars, &task->random,
						&holds, err))
		return false;
	if (holds)
		return true;
	expr_symbols(step->condition.expr, show_symbol, &shown);
	buf_puts(&message, "assertion failed: ");
	buf_puts(&message, step->condition.text);
	if (shown.text.len > 0)
	{
		buf_puts(&message, " (");
		secret_append(&message, shown.text.data, shown.text.len);
		buf_puts(&message, ")");
	}
	err_set(err, ERR_ASSERT, "%s", message.data);
	buf_free(&shown.text);
	buf_free(&message);
	return false;
}

/* -------- output, leases, jumps -------- */

static bool
run_emit(Task *task, const PlanStep *step, Err *err)
{
	for (int i = 0; i < step->emit.count; i++)
		if (vars_get(&task->vars, step->emit.symbols[i]) == NULL)
			return vars_undefined(&task->vars, step->emit.symbols[i], err);
	task->engine->on_emit(task->engine, task, step);
	return true;
}

static bool
run_echo(Task *task, const PlanStep *step, Err *err)
{
	const Template *text = &step->echo.text;
	Buf line = {0};
	bool ok = true;

	if (text->is_fixed)
		task->engine->on_echo(task->engine, text->fixed_text);
	else
	{
		ok = template_expand(text, &task->vars, false, &line, err);
		if (ok)
			task->engine->on_echo(task->engine, line.data ? line.data : "");
		buf_free(&line);
	}
	return ok;
}

static bool
run_release(Task *task, Err *err)
{
	if (task->in_transaction)
	{
		err_set(err, ERR_DATA, "\\release inside a transaction");
		err_hint(err, "end it with COMMIT or ROLLBACK first");
		return false;
	}
	lease_drop(task);
	return true;
}

static bool
run_if(Task *task, const PlanStep *step, Err *err)
{
	bool holds;

	if (!expr_eval_bool(step->condition.expr, &task->vars, &task->random,
						&holds, err))
		return false;
	if (!holds)
		task->pc = step->end;
	return true;
}

static bool
run_step(Task *task, const PlanStep *step, Err *err)
{
	switch (step->kind)
	{
		case STEP_SET:
			return run_set(task, step, err);
		case STEP_JSON:
			return run_json(task, step, err);
		case STEP_EMIT:
			return run_emit(task, step, err);
		case STEP_ASSERT:
			return run_assert(task, step, err);
		case STEP_ECHO:
			return run_echo(task, step, err);
		case STEP_HOLD:
			task->hold = step->hold;
			return true;
		case STEP_RELEASE:
			return run_release(task, err);
		case STEP_IF:
			return run_if(task, step, err);
		case STEP_JUMP:
			task->pc = step->end;
			return true;
		default:
			abort(); /* a kind of another row */
	}
}

static void
variable_start(Step *step)
{
	Err err;

	step_done(step, run_step(step->task, step->plan, &err) ? NULL : &err);
}

const StepOps step_variable_ops = {
	.start = variable_start,
};
