/*
 * output_row.c
 *	  One row of \emit as text: CSV or a JSON object, a line each.
 *
 * CSV: NULL is an empty field, an empty text a pair of quotes, as COPY and
 * the CSV input read them.  JSON: values by their type; what JSON has no
 * number for (NaN, infinity, a spelling such as +1) is a text.
 */
#include <string.h>

#include "json_text.h"
#include "output_private.h"

/* Quoted as RFC 4180 says, where it must be. */
static void
add_csv_field(Buf *out, const char *text, size_t len)
{
	if (text == NULL)
		return;
	if (len > 0 && strpbrk(text, ",\"\r\n") == NULL)
	{
		buf_append(out, text, len);
		return;
	}
	buf_putc(out, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '"')
			buf_putc(out, '"');
		buf_putc(out, text[i]);
	}
	buf_putc(out, '"');
}

static void
add_json_value(Buf *out, const Value *value, const char *text, size_t len)
{
	if (text == NULL)
		buf_puts(out, "null");
	else if (value->kind == VALUE_BOOL ||
			 (value->kind != VALUE_TEXT && json_number_len(text, len) == len))
		buf_append(out, text, len);
	else
		buf_json_string(out, text, len);
}

void
output_add_row(const Output *output, Buf *rows, const PlanStep *emit,
			   const Vars *vars)
{
	bool is_json = output->format == OUTPUT_JSONL;

	if (is_json)
		buf_putc(rows, '{');
	for (int i = 0; i < emit->emit.count; i++)
	{
		int symbol = emit->emit.symbols[i];
		const Value *value = vars_get(vars, symbol);
		const char *name = output->plan->symbols.names[symbol];
		char scratch[VALUE_SCRATCH];
		size_t len = 0;
		const char *text =
			value == NULL ? NULL : value_text(value, scratch, &len);

		if (i > 0)
			buf_putc(rows, ',');
		if (is_json)
		{
			buf_json_string(rows, name, strlen(name));
			buf_putc(rows, ':');
			add_json_value(rows, value, text, len);
		}
		else
			add_csv_field(rows, text, len);
	}
	buf_puts(rows, is_json ? "}\n" : "\n");
}

/* -------- the header -------- */

static const PlanStep *
next_emit(const Plan *plan, int *body, int *at)
{
	for (; *body < plan->nbodies; (*body)++, *at = 0)
		for (; *at < plan->bodies[*body].nsteps; (*at)++)
			if (plan->bodies[*body].steps[*at].kind == STEP_EMIT)
				return &plan->bodies[*body].steps[(*at)++];
	return NULL;
}

const PlanStep *
output_first_emit(const Plan *plan)
{
	int body = 0;
	int at = 0;

	return next_emit(plan, &body, &at);
}

/* One header stands for all rows: they must have the same columns. */
bool
output_check_header(const Plan *plan, Err *err)
{
	int body = 0;
	int at = 0;
	const PlanStep *first = next_emit(plan, &body, &at);
	const PlanStep *other;

	while (first != NULL && (other = next_emit(plan, &body, &at)) != NULL)
	{
		if (other->emit.count == first->emit.count &&
			memcmp(other->emit.symbols, first->emit.symbols,
				   (size_t) first->emit.count * sizeof(int)) == 0)
			continue;
		err_set(err, ERR_PLAN,
				"--output-header needs rows with the same columns, and this "
				"\\emit has others than the first");
		err_hint(err, "emit the same variables everywhere, or write JSON with "
					  "--output-format jsonl");
		plan_place(plan, other->place, err);
		return false;
	}
	return true;
}

void
output_header(const Plan *plan, Buf *out)
{
	const PlanStep *first = output_first_emit(plan);

	for (int i = 0; first != NULL && i < first->emit.count; i++)
	{
		const char *name = plan->symbols.names[first->emit.symbols[i]];

		if (i > 0)
			buf_putc(out, ',');
		add_csv_field(out, name, strlen(name));
	}
	if (first != NULL)
		buf_putc(out, '\n');
}
