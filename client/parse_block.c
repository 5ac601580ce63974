/*
 * parse_block.c
 *	  What opens and closes: \if, \gather, pipelines.
 *
 * \if becomes steps that jump.  Before every \elif and \else stands a JUMP to
 * the end, which is not known yet: until \endif these JUMPs form a chain, each
 * one's "end" being the one before it.
 */
#include "parse_commands.h"

#include "arena.h"
#include "expr_parse.h"

const char *
block_command(BlockKind kind)
{
	switch (kind)
	{
		case BLOCK_SETUP:
			return "setup";
		case BLOCK_TEARDOWN:
			return "teardown";
		case BLOCK_GATHER:
			return "gather";
		case BLOCK_IF:
			return "if";
		case BLOCK_PIPELINE:
			return "startpipeline";
	}
	return "?";
}

static const char *
block_end_command(BlockKind kind)
{
	return kind == BLOCK_IF			? "endif"
		   : kind == BLOCK_PIPELINE ? "endpipeline"
									: "end";
}

bool
parse_is_inside(const Parser *p, BlockKind kind)
{
	for (int i = 0; i < p->nblocks; i++)
	{
		if (p->blocks[i].kind == kind)
			return true;
	}
	return false;
}

bool
parse_open_block(Parser *p, BlockKind kind, int step)
{
	if (p->nblocks == PARSE_MAX_BLOCKS)
		return parse_fail(
			p, p->command_pos, "take parts out into simpler conditions",
			"commands are nested more than %d deep", PARSE_MAX_BLOCKS);
	p->blocks[p->nblocks++] =
		(Block){.kind = kind,
				.place = lex_place(p->lex, p->command_pos),
				.step = step,
				.jump = -1,
				.else_start = -1,
				.outer = p->draft};
	return true;
}

/* The innermost block that this file opened. */
static Block *
open_block(Parser *p)
{
	return p->nblocks > p->outer_blocks ? &p->blocks[p->nblocks - 1] : NULL;
}

/* At the end of a file: nothing may be open that was opened in it. */
bool
parse_all_closed(Parser *p)
{
	const Block *block = open_block(p);

	if (block == NULL)
		return true;
	parse_fail_at(p, block->place, NULL, "\\%s is not closed",
				  block_command(block->kind));
	err_hint(p->err, "add \\%s where it ends", block_end_command(block->kind));
	return false;
}

/* The same, which must be of this kind. */
static Block *
innermost(Parser *p, BlockKind kind)
{
	Block *block = open_block(p);

	if (block != NULL && block->kind == kind)
		return block;
	if (block == NULL || !parse_is_inside(p, kind))
		parse_fail(p, p->command_pos, NULL, "\\%s without \\%s before it",
				   p->command, block_command(kind));
	else
	{
		parse_fail(p, p->command_pos, NULL,
				   "\\%s, but \\%s of line %d is still open", p->command,
				   block_command(block->kind), block->place.line);
		err_hint(p->err, "close it first, with \\%s",
				 block_end_command(block->kind));
	}
	return NULL;
}

/* -------- \if -------- */

/* The IF step for a condition that is about to be read. */
static bool
add_condition(Parser *p)
{
	size_t start;
	PlanStep *step;
	Expr *expr;

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos, "for example \\if :n > 10",
						  "\\%s needs a condition", p->command);
	start = p->lex->pos;
	expr = expr_parse(p->lex, p->plan, p->err);
	if (expr == NULL)
		return false;
	step = parse_add_step(p, STEP_IF, p->command_pos);
	if (step == NULL)
		return false;
	step->condition.expr = expr;
	step->condition.text =
		arena_text(p->plan->arena, p->lex->text + start, p->lex->pos - start);
	return parse_end(p);
}

bool
command_if(Parser *p)
{
	if (!add_condition(p))
		return false;
	return parse_open_block(p, BLOCK_IF, p->draft->nsteps - 1);
}

/* End the branch under way: jump over the rest, and let IF lead here. */
static bool
end_branch(Parser *p, Block *block)
{
	PlanStep *jump;

	if (block->else_start >= 0)
		return parse_fail(p, p->command_pos,
						  "\\else is the last branch of an \\if",
						  "\\%s behind \\else", p->command);
	jump = parse_add_step(p, STEP_JUMP, p->command_pos);
	if (jump == NULL)
		return false;
	jump->end = block->jump;
	block->jump = p->draft->nsteps - 1;
	p->draft->steps[block->step].end = p->draft->nsteps;
	return true;
}

bool
command_elif(Parser *p)
{
	Block *block = innermost(p, BLOCK_IF);

	if (block == NULL || !end_branch(p, block) || !add_condition(p))
		return false;
	block->step = p->draft->nsteps - 1;
	return true;
}

bool
command_else(Parser *p)
{
	Block *block = innermost(p, BLOCK_IF);

	if (block == NULL || !end_branch(p, block))
		return false;
	block->else_start = p->draft->nsteps;
	return parse_end(p);
}

bool
command_endif(Parser *p)
{
	Block *block = innermost(p, BLOCK_IF);
	PlanStep *steps;

	if (block == NULL)
		return false;
	steps = p->draft->steps;
	/* an \else with nothing in it: its JUMP would lead to the next step */
	if (block->else_start == p->draft->nsteps)
	{
		p->draft->nsteps--;
		p->plan->nsteps--;
		block->jump = steps[p->draft->nsteps].end;
		block->else_start = -1;
	}
	if (block->else_start < 0)
		steps[block->step].end = p->draft->nsteps;
	while (block->jump >= 0)
	{
		int before = steps[block->jump].end;

		steps[block->jump].end = p->draft->nsteps;
		block->jump = before;
	}
	p->nblocks--;
	return parse_end(p);
}

/* -------- \gather, \end, pipelines -------- */

bool
command_gather(Parser *p)
{
	bool cancel = lex_take_word(p->lex, "cancel");
	PlanStep *step;

	if (!parse_end(p))
		return false;
	step = parse_add_step(p, STEP_GATHER, p->command_pos);
	if (step == NULL)
		return false;
	step->gather_cancel = cancel;
	return parse_open_block(p, BLOCK_GATHER, p->draft->nsteps - 1);
}

static bool
end_gather(Parser *p, const Block *block)
{
	PlanStep *step = &p->draft->steps[block->step];

	step->end = p->draft->nsteps;
	if (step->end > block->step + 1)
		return true;
	return parse_fail_at(
		p, block->place,
		"put the steps that run at the same time between \\gather and \\end",
		"this \\gather has nothing in it");
}

/* \end closes \gather, \setup and \teardown. */
bool
command_end(Parser *p)
{
	Block *block = open_block(p);

	if (block == NULL)
		return parse_fail(
			p, p->command_pos,
			"\\end closes \\setup, \\teardown and \\gather; \\if ends with \\endif",
			"\\end closes nothing here");
	if (block->kind == BLOCK_IF || block->kind == BLOCK_PIPELINE)
	{
		parse_fail(p, p->command_pos, NULL,
				   "\\end, but \\%s of line %d is still open",
				   block_command(block->kind), block->place.line);
		err_hint(p->err, "close it first, with \\%s",
				 block_end_command(block->kind));
		return false;
	}
	if (block->kind == BLOCK_GATHER && !end_gather(p, block))
		return false;
	p->draft = block->outer;
	p->nblocks--;
	return parse_end(p);
}

bool
command_startpipeline(Parser *p)
{
	/* a pipeline needs the extended protocol, which pgbench must be told */
	p->plan->is_pgbench = false;
	return parse_end(p) &&
		   parse_add_step(p, STEP_PIPELINE, p->command_pos) != NULL &&
		   parse_open_block(p, BLOCK_PIPELINE, p->draft->nsteps - 1);
}

bool
command_syncpipeline(Parser *p)
{
	if (!parse_is_inside(p, BLOCK_PIPELINE))
		return parse_fail(p, p->command_pos,
						  "begin the pipeline with \\startpipeline",
						  "\\syncpipeline stands in no pipeline");
	return parse_end(p) &&
		   parse_add_step(p, STEP_SYNCPIPELINE, p->command_pos) != NULL;
}

bool
command_endpipeline(Parser *p)
{
	Block *block = innermost(p, BLOCK_PIPELINE);

	if (block == NULL)
		return false;
	p->draft->steps[block->step].end = p->draft->nsteps;
	p->nblocks--;
	return parse_end(p) &&
		   parse_add_step(p, STEP_ENDPIPELINE, p->command_pos) != NULL;
}
