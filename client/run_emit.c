/*
 * run_emit.c
 *	  Rows of \\emit: formatted at once, written when the task has ended.
 */
#include "run_private.h"

void
run_on_emit(Engine *engine, Task *task, const PlanStep *step)
{
	const Shard *shard = engine->owner;
	const Output *output = shard->run->options->output;

	if (output != NULL)
		output_add_row(output, &task->emit, step, &task->vars);
}
