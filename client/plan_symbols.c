/*
 * plan_symbols.c
 *	  Which variables a step reads and which it sets.
 */
#include "plan_symbols.h"

#include "expr_node.h"

static void
template_reads(const Template *template, StepReadFn fn, void *arg)
{
	for (int i = 0; i < template->nparts; i++)
	{
		const Part *part = &template->parts[i];

		if (part->form != PART_TEXT)
			fn(arg, part->symbol, part->line, part->column);
	}
}

static void
http_reads(const PlanHttp *http, StepReadFn fn, void *arg)
{
	template_reads(&http->url, fn, arg);
	for (int i = 0; i < http->nheaders; i++)
		template_reads(&http->headers[i], fn, arg);
	template_reads(&http->body, fn, arg);
}

void
step_reads(const PlanStep *step, StepReadFn fn, void *arg)
{
	switch (step->kind)
	{
		case STEP_SQL:
			template_reads(&step->sql.text, fn, arg);
			break;
		case STEP_HTTP:
			http_reads(&step->http, fn, arg);
			break;
		case STEP_SLEEP:
			expr_variables(step->sleep.seconds, fn, arg);
			break;
		case STEP_SHELL:
			template_reads(&step->shell.command, fn, arg);
			break;
		case STEP_SET:
			expr_variables(step->set.expr, fn, arg);
			break;
		case STEP_JSON:
			fn(arg, step->json.source_symbol, step->place.line,
			   step->place.column);
			break;
		case STEP_EMIT:
			for (int i = 0; i < step->emit.count; i++)
				fn(arg, step->emit.symbols[i], step->place.line,
				   step->place.column);
			break;
		case STEP_ASSERT:
		case STEP_IF:
			expr_variables(step->condition.expr, fn, arg);
			break;
		case STEP_ECHO:
			template_reads(&step->echo.text, fn, arg);
			break;
		case STEP_GATHER:
		case STEP_HOLD:
		case STEP_RELEASE:
		case STEP_JUMP:
		case STEP_PIPELINE:
		case STEP_SYNCPIPELINE:
		case STEP_ENDPIPELINE:
		case STEP_KINDS:
			break;
	}
}

void
step_sets(const PlanStep *step, StepSetFn fn, void *arg)
{
	if (step->kind == STEP_SET)
		fn(arg, step->set.symbol);
	else if (step->kind == STEP_JSON)
		fn(arg, step->json.symbol);
	else if (step->kind == STEP_SHELL && step->shell.symbol >= 0)
		fn(arg, step->shell.symbol);
	else if (step->kind == STEP_HTTP)
	{
		fn(arg, step->http.status_symbol);
		fn(arg, step->http.body_symbol);
		fn(arg, step->http.type_symbol);
		fn(arg, step->http.time_symbol);
	}
}
