/*
 * parse_step.c
 *	  New steps of the body under way; SQL statements among them.
 */
#include <string.h>

#include "arena.h"
#include "mem.h"
#include "parse_commands.h"

PlanStep *
parse_add_step(Parser *p, StepKind kind, size_t pos)
{
	Draft *draft = p->draft;
	PlanStep *step;

	if (p->plan->nsteps >= PARSE_MAX_STEPS)
	{
		parse_fail(
			p, pos,
			"give the rows to work on with --input, and say once what to do for each",
			"a plan has %d steps at most", PARSE_MAX_STEPS);
		return NULL;
	}
	p->plan->nsteps++;
	if (draft->nsteps == draft->cap)
	{
		draft->cap = draft->cap > 0 ? draft->cap * 2 : 1;
		draft->steps =
			mem_realloc(draft->steps, (size_t) draft->cap * sizeof(PlanStep));
	}
	step = &draft->steps[draft->nsteps++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->place = lex_place(p->lex, pos);
	step->label = step_kind_name(kind);
	step->timeout_ns = -1;
	if (kind == STEP_SQL || kind == STEP_HTTP || kind == STEP_SLEEP)
		parse_apply_marks(p, step);
	return step;
}

static void
collect_binds(Parser *p, PlanSql *sql, int nbinds)
{
	sql->nbinds = nbinds;
	sql->bind_symbols =
		arena_alloc(p->plan->arena, (size_t) nbinds * sizeof(int));
	for (int i = 0; i < sql->text.nparts; i++)
	{
		const Part *part = &sql->text.parts[i];

		if (part->form == PART_BIND)
			sql->bind_symbols[part->bind - 1] = part->symbol;
	}
}

/* Nothing but the joints of \; and blanks between them? */
static bool
has_only_joints(const Template *text)
{
	for (int i = 0; i < text->nparts; i++)
	{
		const Part *part = &text->parts[i];

		if (part->form != PART_TEXT)
			return false;
		for (size_t k = 0; k < part->len; k++)
		{
			if (strchr("; \t\r\n\f\v", part->text[k]) == NULL)
				return false;
		}
	}
	return true;
}

/*
 * Statements with the same text share a number, so that a connection
 * prepares them once.  Where the text varies, each has one of its own.
 */
static int
statement_id(Parser *p, const Template *text)
{
	char unique[32];
	const char *key = unique;

	if (text->is_fixed)
		key = text->fixed_text;
	else
		snprintf(unique, sizeof(unique), "\001%d", p->statements.count);
	return symbols_intern(&p->statements, key, strlen(key));
}

bool
parse_sql(Parser *p)
{
	SqlScan *scan = &p->sql;
	int nbinds;
	PlanStep *step;
	PlanSql *sql;

	if (!lex_sql(scan))
		return false;
	if (!scan->found)
		return true;
	nbinds = p->builder.nbinds;
	step = parse_add_step(p, STEP_SQL, scan->start);
	if (step == NULL)
		return false;
	sql = &step->sql;
	template_finish(&p->builder, p->plan->arena, &sql->text);
	collect_binds(p, sql, nbinds);
	sql->id = statement_id(p, &sql->text);
	p->plan->nstatements = p->statements.count;
	sql->verb = arena_text(p->plan->arena, scan->verb, strlen(scan->verb));
	sql->is_empty = has_only_joints(&sql->text);
	sql->transaction = scan->transaction;
	sql->is_compound = scan->is_compound;
	sql->takes_no_binds = scan->takes_no_binds;
	sql->bind_place = scan->bind_place;
	if (scan->has_psql_forms)
		p->plan->is_pgbench = false;
	p->sql_step = p->draft->nsteps - 1;
	return true;
}

/* \gset [prefix], \aset [prefix]: about the statement right before. */
static PlanSql *
results_wanted(Parser *p)
{
	PlanSql *sql;
	Slice prefix;

	if (p->sql_step < 0)
	{
		parse_fail(p, p->command_pos,
				   "end an SQL statement with it instead of a semicolon",
				   "\\%s must follow an SQL statement", p->command);
		return NULL;
	}
	sql = &p->draft->steps[p->sql_step].sql;
	if (sql->has_gset || sql->has_aset)
	{
		parse_fail(p, p->command_pos, "keep one of the two",
				   "the results of this statement are taken already");
		return NULL;
	}
	if (lex_at_end(p->lex))
	{
		sql->gset_prefix = "";
		return sql;
	}
	prefix = lex_word(p->lex);
	if (!lex_is_name(prefix.text, prefix.len))
	{
		parse_fail(p, (size_t) (prefix.text - p->lex->text),
				   "a prefix has letters, digits and _, and no digit first",
				   "\"%.*s\" cannot begin a variable's name",
				   prefix.len > 60 ? 60 : (int) prefix.len, prefix.text);
		return NULL;
	}
	sql->gset_prefix = arena_text(p->plan->arena, prefix.text, prefix.len);
	return parse_end(p) ? sql : NULL;
}

bool
command_gset(Parser *p)
{
	PlanSql *sql = results_wanted(p);

	if (sql == NULL)
		return false;
	sql->has_gset = true;
	return true;
}

bool
command_aset(Parser *p)
{
	PlanSql *sql = results_wanted(p);

	if (sql == NULL)
		return false;
	sql->has_aset = true;
	return true;
}
