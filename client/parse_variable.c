/*
 * parse_variable.c
 *	  Commands of one line that set, test or show variables.
 */
#include <string.h>

#include "arena.h"
#include "expr_parse.h"
#include "json_pointer.h"
#include "parse_commands.h"

/* An expression up to the end of the line. */
static Expr *
whole_expression(Parser *p, size_t *start)
{
	Expr *expr;
	Slice word;
	size_t pos;

	lex_blanks(p->lex);
	*start = p->lex->pos;
	expr = expr_parse(p->lex, p->plan, p->err);
	if (expr == NULL)
		return NULL;
	lex_blanks(p->lex);
	if (lex_is_line_end(p->lex, p->lex->pos))
		return expr;
	pos = p->lex->pos;
	word = lex_word(p->lex);
	parse_fail(p, pos, "an operator is missing, or this does not belong here",
			   "unexpected \"%.*s\" behind the expression",
			   word.len > 60 ? 60 : (int) word.len, word.text);
	return NULL;
}

bool
command_set(Parser *p)
{
	int symbol;
	size_t start;
	Expr *expr;
	PlanStep *step;

	if (!parse_set_name(p, &symbol))
		return false;
	expr = whole_expression(p, &start);
	if (expr == NULL)
		return false;
	step = parse_add_step(p, STEP_SET, p->command_pos);
	if (step == NULL)
		return false;
	step->set.symbol = symbol;
	step->set.expr = expr;
	return true;
}

bool
command_assert(Parser *p)
{
	size_t start;
	Expr *expr;
	PlanStep *step;

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos, "for example \\assert :n = 600",
						  "\\assert needs a condition");
	expr = whole_expression(p, &start);
	if (expr == NULL)
		return false;
	step = parse_add_step(p, STEP_ASSERT, p->command_pos);
	if (step == NULL)
		return false;
	step->condition.expr = expr;
	while (p->lex->pos > start &&
		   strchr(" \t\r", p->lex->text[p->lex->pos - 1]) != NULL)
		p->lex->pos--;
	step->condition.text =
		arena_text(p->plan->arena, p->lex->text + start, p->lex->pos - start);
	lex_skip_line(p->lex);
	return true;
}

/* A variable that is read: name or :name. */
static bool
read_variable(Parser *p, const char *what, int *symbol)
{
	size_t pos;
	Slice name;

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos, NULL, "\\%s needs %s", p->command,
						  what);
	pos = p->lex->pos;
	name = lex_variable(p->lex);
	if (name.len > 0 && (lex_is_line_end(p->lex, p->lex->pos) ||
						 strchr(" \t\r\f\v\\", lex_peek(p->lex, 0)) != NULL))
	{
		*symbol = parse_symbol(p, name);
		return true;
	}
	p->lex->pos = pos;
	name = lex_word(p->lex);
	return parse_fail(p, pos, "write :name, with letters, digits and _",
					  "\"%.*s\" is not a variable",
					  name.len > 60 ? 60 : (int) name.len, name.text);
}

/* \json VAR SOURCE POINTER */
bool
command_json(Parser *p)
{
	static const char usage[] =
		"write \\json VAR SOURCE POINTER, for example \\json price q_body /price";
	int symbol;
	int source;
	size_t pos;
	const char *pointer;
	PlanStep *step;

	if (!parse_set_name(p, &symbol))
		return false;
	if (!read_variable(p, "the variable that holds JSON", &source))
		return false;
	if (lex_at_end(p->lex))
		return parse_fail(
			p, p->command_pos, usage,
			"\\json needs a pointer; '' points to the whole text");
	pos = p->lex->pos;
	pointer = lex_value_text(p->lex, p->err);
	if (pointer == NULL)
		return false;
	if (!json_pointer_check(pointer, p->err))
	{
		plan_place(p->plan, lex_place(p->lex, pos), p->err);
		return false;
	}
	if (!parse_end(p))
		return false;
	step = parse_add_step(p, STEP_JSON, p->command_pos);
	if (step == NULL)
		return false;
	step->json.symbol = symbol;
	step->json.source_symbol = source;
	step->json.pointer = pointer;
	return true;
}

/* \emit :a :b */
bool
command_emit(Parser *p)
{
	Buf symbols = {0};
	int symbol;
	PlanStep *step;
	bool fine;

	do
	{
		fine = read_variable(p, "one variable or more, such as :id :price",
							 &symbol);
		buf_append(&symbols, (const char *) &symbol, sizeof(symbol));
	} while (fine && !lex_at_end(p->lex));
	step = fine ? parse_add_step(p, STEP_EMIT, p->command_pos) : NULL;
	if (step != NULL)
	{
		step->emit.symbols =
			arena_dup(p->plan->arena, symbols.data, symbols.len);
		step->emit.count = (int) (symbols.len / sizeof(int));
	}
	buf_free(&symbols);
	return step != NULL;
}

bool
command_echo(Parser *p)
{
	Template text;
	PlanStep *step;

	if (!template_read_line(&p->reader, &text))
		return false;
	step = parse_add_step(p, STEP_ECHO, p->command_pos);
	if (step == NULL)
		return false;
	step->echo.text = text;
	return true;
}

static bool
add_shell(Parser *p, int symbol)
{
	Template command;
	PlanStep *step;

	if (!template_read_shell(&p->reader, &command))
		return false;
	if (command.nparts == 0)
		return parse_fail(p, p->command_pos,
						  symbol < 0 ? "for example \\shell date"
									 : "for example \\setshell n echo 1",
						  "\\%s needs a command for the shell", p->command);
	step = parse_add_step(p, STEP_SHELL, p->command_pos);
	if (step == NULL)
		return false;
	step->call = CALL_BLOCKING;
	step->shell.command = command;
	step->shell.symbol = symbol;
	return true;
}

bool
command_shell(Parser *p)
{
	return add_shell(p, -1);
}

bool
command_setshell(Parser *p)
{
	int symbol;

	return parse_set_name(p, &symbol) && add_shell(p, symbol);
}
