/*
 * parse_sleep.c
 *	  \sleep N [us|ms|s].
 *
 * N may be any expression.  The step's expression is in seconds: the unit is
 * worked in when the plan is read.
 */
#include "expr_parse.h"
#include "parse_commands.h"

#define MAX_SLEEP_S (100.0 * 366 * 24 * 3600)

/* How many of the unit make a second; 0 when it is none. */
static double
read_unit(Parser *p)
{
	Slice unit;

	lex_blanks(p->lex);
	unit = lex_name(p->lex);
	if (unit.len == 0 || lex_slice_is(unit, "s"))
		return 1;
	if (lex_slice_is(unit, "ms"))
		return 1000;
	if (lex_slice_is(unit, "us"))
		return 1000000;
	parse_fail(p, (size_t) (unit.text - p->lex->text),
			   "units are us, ms and s", "\"%.*s\" is not a unit of time",
			   unit.len > 60 ? 60 : (int) unit.len, unit.text);
	return 0;
}

bool
command_sleep(Parser *p)
{
	size_t start;
	Expr *seconds;
	double per_second;
	double constant;
	PlanStep *step;

	if (lex_at_end(p->lex))
		return parse_fail(
			p, p->command_pos,
			"for example \\sleep 0.5, \\sleep 300 ms or \\sleep :unit",
			"\\sleep needs a span of time");
	start = p->lex->pos;
	seconds = expr_parse(p->lex, p->plan, p->err);
	if (seconds == NULL)
		return false;
	per_second = read_unit(p);
	if (per_second == 0 || !parse_end(p))
		return false;
	if (expr_is_constant(seconds, &constant))
	{
		constant /= per_second;
		if (!(constant >= 0 && constant <= MAX_SLEEP_S))
			return parse_fail(p, start, "write 0 or more",
							  constant < 0 ? "time cannot be slept backwards"
										   : "nobody waits that long");
		seconds =
			expr_make_double(p->plan, constant, lex_place(p->lex, start));
	}
	else if (per_second != 1)
		seconds = expr_make_quotient(
			p->plan, seconds,
			expr_make_double(p->plan, per_second, lex_place(p->lex, start)));
	step = parse_add_step(p, STEP_SLEEP, p->command_pos);
	if (step == NULL)
		return false;
	step->sleep.seconds = seconds;
	return true;
}
