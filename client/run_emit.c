/*
 * run_emit.c
 *	  Rows of \\emit, as CSV.
 */
#include <string.h>

#include "run_private.h"

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
