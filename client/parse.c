/*
 * parse.c
 *	  The text of plan files, read from beginning to end.
 *
 * A file is a sequence of SQL statements and backslash commands.  What they
 * mean is in the other parse_*.c files; which text is read is decided here.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "mem.h"
#include "parser.h"
#include "utf8.h"

static bool
fail_with(Parser *p, Place place, const char *hint, const char *fmt,
		  va_list args)
{
	char message[512];

	vsnprintf(message, sizeof(message), fmt, args);
	err_set(p->err, ERR_PLAN, "%s", message);
	if (hint != NULL)
		err_hint(p->err, "%s", hint);
	plan_place(p->plan, place, p->err);
	return false;
}

bool
parse_fail(Parser *p, size_t pos, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(p, lex_place(p->lex, pos), hint, fmt, args);
	va_end(args);
	return false;
}

bool
parse_fail_at(Parser *p, Place place, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(p, place, hint, fmt, args);
	va_end(args);
	return false;
}

/*
 * One statement or command after another.  The SQL scanner eats blanks and
 * comments, and stops at the backslash of a command.
 */
static bool
parse_statements(Parser *p)
{
	Lexer *lex = p->lex;

	for (;;)
	{
		if (!parse_sql(p))
			return false;
		if (lex->pos >= lex->len)
			return true;
		if (!p->sql.ended_by_semicolon && !parse_command(p))
			return false;
	}
}

/* Blocks and marks must not cross the end of a file. */
bool
parse_text(Parser *p)
{
	return parse_statements(p) && parse_no_marks(p) && parse_all_closed(p);
}

/* The path without links and dots, or as it is when there is no such file. */
const char *
parse_real_path(Parser *p, const char *path)
{
	char *real = realpath(path, NULL);

	if (real == NULL)
		return path;
	arena_adopt(p->plan->arena, real);
	return real;
}

/* UTF-8 without NUL bytes, or an error that shows where it is not. */
static bool
check_text(Parser *p, int file)
{
	const PlanSource *source = &p->plan->sources[file];
	Lexer lex;

	lex_init(&lex, p->plan, file);
	for (size_t i = 0; i < source->len;)
	{
		unsigned char c = (unsigned char) source->text[i];
		uint32_t code;
		int n = c < 0x80
					? (c > 0)
					: utf8_decode(source->text + i, source->len - i, &code);

		if (n == 0 && c == 0)
		{
			lex_error(&lex, i, p->err,
					  "there is a NUL byte, so this is no text");
			err_hint(
				p->err,
				"a plan is UTF-8 text; a file in UTF-16 must be converted first");
			return false;
		}
		if (n == 0)
		{
			lex_error(&lex, i, p->err, "byte 0x%02X is not valid UTF-8", c);
			err_hint(p->err,
					 "save the file as UTF-8 (with iconv, for example)");
			return false;
		}
		i += (size_t) n;
	}
	return true;
}

bool
parse_new_source(Parser *p, const PlanSource *source, bool adopt, int *file)
{
	Plan *plan = p->plan;
	PlanSource *copy;

	p->total_bytes += source->len;
	plan->sources = mem_realloc(plan->sources, (size_t) (plan->nsources + 1) *
												   sizeof(PlanSource));
	*file = plan->nsources++;
	copy = &plan->sources[*file];
	copy->name = arena_text(plan->arena, source->name, strlen(source->name));
	copy->len = source->len;
	copy->has_weight = source->has_weight;
	copy->weight = source->weight;
	copy->is_ours = source->is_ours;
	if (adopt)
	{
		arena_adopt(plan->arena, (void *) (uintptr_t) source->text);
		copy->text = source->text;
	}
	else
		copy->text = arena_text(plan->arena, source->text, source->len);
	return check_text(p, *file);
}

/* -------- the whole -------- */

static bool
parse_source(Parser *p, const PlanSource *source)
{
	Lexer lex;
	int file;

	if (source->len > PARSE_MAX_BYTES - p->total_bytes)
	{
		err_set(p->err, ERR_PLAN,
				"the plan with all its files is larger than 64 MB");
		err_hint(p->err, "give the rows to work on with --input");
		return false;
	}
	if (!parse_new_source(p, source, false, &file))
		return false;
	lex_init(&lex, p->plan, file);
	p->lex = p->sql.lex = p->reader.lex = &lex;
	p->include_paths[0] = parse_real_path(p, p->plan->sources[file].name);
	p->nincludes = 1;
	return parse_begin_file(p) && parse_text(p) && parse_end_file(p, file);
}

static bool
is_mentioned_variable(const Parser *p, Slice name)
{
	const PlanContext *context = p->context;

	if (symbols_find(&p->plan->symbols, name.text, name.len) >= 0)
		return true;
	for (int i = 0; i < context->nknown; i++)
	{
		if (strlen(context->known_names[i]) == name.len &&
			memcmp(context->known_names[i], name.text, name.len) == 0)
			return true;
	}
	return false;
}

/* Which of the names inside literals are variables is known only now. */
static void
keep_mentions(Parser *p)
{
	Plan *plan = p->plan;

	plan->mentions = arena_alloc(plan->arena, (size_t) p->sql.nmentions *
												  sizeof(PlanMention));
	for (int i = 0; i < p->sql.nmentions; i++)
	{
		const SqlMention *mention = &p->sql.mentions[i];

		if (!is_mentioned_variable(p, mention->name))
			continue;
		plan->mentions[plan->nmentions++] =
			(PlanMention){.name = arena_text(plan->arena, mention->name.text,
											 mention->name.len),
						  .place = mention->place};
	}
}

static void
parse_init(Parser *p, Plan *plan, const PlanContext *context, Err *err)
{
	memset(p, 0, sizeof(*p));
	p->plan = plan;
	p->context = context;
	p->err = err;
	p->sql.plan = plan;
	p->sql.builder = &p->builder;
	p->sql.err = err;
	p->reader.plan = plan;
	p->reader.builder = &p->builder;
	p->reader.err = err;
	p->sql_step = -1;
}

static void
keep_hooks(Parser *p)
{
	for (int i = 0; i < HOOK_KINDS; i++)
	{
		const Buf *sql = &p->hooks[i];

		if (sql->len > 0)
			p->plan->hooks[i] =
				arena_text(p->plan->arena, sql->data, sql->len);
	}
}

static void
parse_clear(Parser *p)
{
	for (int i = 0; i < HOOK_KINDS; i++)
		buf_free(&p->hooks[i]);
	template_builder_free(&p->builder);
	symbols_free(&p->statements);
	parse_free_drafts(p);
	free(p->sql.mentions);
}

Plan *
plan_parse(const PlanSource *sources, int nsources, const PlanContext *context,
		   Err *err)
{
	static const PlanContext nothing = {0};
	Plan *plan = mem_alloc(sizeof(Plan));
	Parser p;
	bool fine = true;

	plan->arena = arena_new();
	plan->is_pgbench = true;
	plan->expect_within_s = -1;
	parse_init(&p, plan, context != NULL ? context : &nothing, err);
	for (int i = 0; fine && i < nsources; i++)
		fine = parse_source(&p, &sources[i]);
	if (fine)
	{
		keep_hooks(&p);
		keep_mentions(&p);
	}
	fine = fine && parse_make_bodies(&p) && plan_check(plan, p.context, err);
	parse_clear(&p);
	if (fine)
		return plan;
	plan_free(plan);
	return NULL;
}
