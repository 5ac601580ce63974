/*
 * parse_lease.c
 *	  Commands about the connection that a task holds: \hold, \release.
 */
#include "parse_commands.h"

bool
command_hold(Parser *p)
{
	static const char *const words[] = {"task", "transaction", "statement"};
	size_t pos;
	Slice word;
	PlanStep *step;

	(void) lex_at_end(p->lex);
	pos = p->lex->pos;
	word = lex_word(p->lex);
	for (int i = 0; i < 3; i++)
	{
		if (!lex_slice_is(word, words[i]))
			continue;
		if (!parse_end(p))
			return false;
		step = parse_add_step(p, STEP_HOLD, p->command_pos);
		if (step == NULL)
			return false;
		step->hold = (Hold) i;
		return true;
	}
	return parse_fail(
		p, word.len > 0 ? pos : p->command_pos,
		"write \\hold task, \\hold transaction or \\hold statement",
		word.len > 0 ? "\"%.*s\" is not a way to hold a connection"
					 : "\\hold needs to know for how long%.*s",
		word.len > 60 ? 60 : (int) word.len, word.text);
}

bool
command_release(Parser *p)
{
	return parse_end(p) &&
		   parse_add_step(p, STEP_RELEASE, p->command_pos) != NULL;
}
