/*
 * parse_option.c
 *	  What is said about the plan as a whole: \option, \expect, \hook.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "duration.h"
#include "mem.h"
#include "parse_commands.h"

/* -------- \option NAME [VALUE] -------- */

bool
command_option(Parser *p)
{
	Plan *plan = p->plan;
	Slice name = lex_word(p->lex);
	size_t pos = (size_t) (name.text - p->lex->text);
	PlanOption *options;
	PlanOption option = {.value = ""};

	if (name.len == 0)
		return parse_fail(p, p->command_pos,
						  "for example \\option concurrency 50",
						  "\\option needs a name");
	if (name.text[0] == '-')
		return parse_fail(p, pos, "write \\option concurrency 50",
						  "an option's name is written without dashes here");
	option.name = arena_text(plan->arena, name.text, name.len);
	option.place = lex_place(p->lex, pos);
	if (!lex_at_end(p->lex))
		option.value = lex_value_text(p->lex, p->err);
	if (option.value == NULL)
		return false;
	if (!lex_at_end(p->lex))
		return parse_fail(p, p->lex->pos, "put a value with blanks in quotes",
						  "an option has one value");
	/* grown by one: there are few of them, and the arena keeps the old ones */
	if ((plan->noptions & (plan->noptions + 1)) == 0)
	{
		options = arena_alloc(plan->arena, (size_t) (plan->noptions * 2 + 2) *
											   sizeof(PlanOption));
		if (plan->noptions > 0)
			memcpy(options, plan->options,
				   (size_t) plan->noptions * sizeof(PlanOption));
		plan->options = options;
	}
	plan->options[plan->noptions++] = option;
	return true;
}

/* -------- \expect SECONDS [within SECONDS|N%] -------- */

/* The default window: a run is rarely too fast, and often a little slow. */
#define EXPECT_LO 0.95
#define EXPECT_HI 1.25

#define MAX_EXPECT_NS (INT64_C(30) * 24 * 3600 * 1000000000)

static bool
parse_within(Parser *p, double expected_s, double *within_s)
{
	Slice word = lex_word(p->lex);
	size_t pos = (size_t) (word.text - p->lex->text);
	int64_t ns;
	bool is_percent = word.len > 1 && word.text[word.len - 1] == '%';

	if (!duration_parse(word.text, word.len - (is_percent ? 1 : 0), &ns))
		return parse_fail(
			p, pos, "for example \\expect 0.6 within 10%, or within 50ms",
			"\"%.*s\" is neither a span of time nor a percentage",
			word.len > 60 ? 60 : (int) word.len, word.text);
	*within_s = (double) ns / 1e9;
	if (is_percent)
		*within_s *= expected_s / 100.0;
	if (*within_s > expected_s * 1000)
		return parse_fail(p, pos, "leave \\expect out when any time is fine",
						  "\"%.*s\" allows everything",
						  word.len > 60 ? 60 : (int) word.len, word.text);
	return true;
}

bool
command_expect(Parser *p)
{
	Plan *plan = p->plan;
	int64_t ns;

	if (plan->has_expect)
		return parse_fail(p, p->command_pos, "keep one of them",
						  "\\expect is given twice");
	if (!parse_duration(p, "\\expect", &ns))
		return false;
	if (ns == 0 || ns > MAX_EXPECT_NS)
		return parse_fail(
			p, p->command_pos, "write how many seconds the run should take",
			"\\expect needs more than 0 seconds and at most 30 days");
	plan->expect_s = (double) ns / 1e9;
	plan->expect_lo_s = plan->expect_s * EXPECT_LO;
	plan->expect_hi_s = plan->expect_s * EXPECT_HI;
	if (!lex_at_end(p->lex))
	{
		size_t pos = p->lex->pos;

		if (!lex_take_word(p->lex, "within"))
			return parse_fail(
				p, pos,
				"write \\expect SECONDS, or \\expect SECONDS within SECONDS or N%",
				"expected \"within\" here");
		if (!parse_within(p, plan->expect_s, &plan->expect_within_s))
			return false;
		plan->expect_lo_s = plan->expect_s - plan->expect_within_s;
		plan->expect_hi_s = plan->expect_s + plan->expect_within_s;
		if (plan->expect_lo_s < 0)
			plan->expect_lo_s = 0;
	}
	plan->has_expect = true;
	return parse_end(p);
}

/* -------- \hook connect|acquire|release SQL -------- */

#define MAX_HOOK_BYTES ((size_t) 1 << 20)

static bool
read_hook_kind(Parser *p, HookKind *kind)
{
	static const char *const words[] = {"connect", "acquire", "release"};
	Slice word = lex_word(p->lex);
	size_t pos = (size_t) (word.text - p->lex->text);

	for (int i = 0; i < HOOK_KINDS; i++)
	{
		if (lex_slice_is(word, words[i]))
		{
			*kind = (HookKind) i;
			return true;
		}
	}
	return parse_fail(
		p, word.len > 0 ? pos : p->command_pos,
		"write \\hook connect SQL, \\hook acquire SQL or \\hook release SQL",
		word.len > 0 ? "\"%.*s\" is not a moment for a hook"
					 : "\\hook needs a moment and SQL%.*s",
		word.len > 60 ? 60 : (int) word.len, word.text);
}

/* The rest of the line, continued lines joined by blanks. */
static void
take_line(Lexer *lex, Buf *out)
{
	while (!lex_is_line_end(lex, lex->pos))
	{
		size_t skip = lex_continuation(lex, lex->pos);

		buf_putc(out, skip > 0 ? ' ' : lex->text[lex->pos]);
		lex->pos += skip > 0 ? skip : 1;
	}
	lex_skip_line(lex);
}

static bool
hook_fails(Parser *p, const char *hint, const char *problem)
{
	return parse_fail(p, p->command_pos, hint, "%s", problem);
}

/* Escaped characters are parts of their own (see lex_sql.c). */
static bool
has_escapes(const Template *text)
{
	for (int i = 0; i < text->nparts; i++)
	{
		const Part *part = &text->parts[i];

		if (part->form == PART_TEXT && part->len == 1 &&
			(part->text[0] == ';' || part->text[0] == ':'))
			return true;
	}
	return false;
}

/* One statement after another of the hook's text into out, "; " between. */
static bool
scan_hook(Parser *p, SqlScan *scan, Buf *out)
{
	Lexer *lex = scan->lex;

	while (lex->pos < lex->len)
	{
		Template text;

		if (!lex_sql(scan))
		{
			/* its place is one in the joined line; the hook's own serves */
			Err inner = {0};

			if (p->err != NULL)
				inner = *p->err;
			return hook_fails(p, inner.hint, inner.message);
		}
		if (lex->pos < lex->len && !scan->ended_by_semicolon)
			return hook_fails(p, "put the command on a line of its own",
							  "a command cannot stand in a hook's SQL");
		if (!scan->found)
			continue;
		template_finish(&p->builder, p->plan->arena, &text);
		if (has_escapes(&text))
			return hook_fails(
				p,
				"write ; and : without a backslash, the statements all run in any case",
				"\\; and \\: cannot stand in a hook's SQL");
		if (scan->bind_place.line > 0 || !text.is_fixed)
			return hook_fails(
				p,
				"hooks run for the connection, not for a task: write the value itself",
				"a hook's SQL cannot have variables");
		if (out->len > 0)
			buf_puts(out, "; ");
		buf_puts(out, text.fixed_text);
	}
	return true;
}

static bool
read_hook_sql(Parser *p, Buf *out)
{
	Buf line = {0};
	Lexer lex = *p->lex;
	SqlScan scan = p->sql;
	int nmentions = scan.nmentions;
	bool fine;

	take_line(p->lex, &line);
	lex.text = line.data != NULL ? line.data : "";
	lex.len = line.len;
	lex.pos = lex.seen_pos = 0;
	scan.lex = &lex;
	fine = scan_hook(p, &scan, out);
	/* the buffer is shared, what was noted in it is about this line only */
	p->sql.mentions = scan.mentions;
	p->sql.nmentions = nmentions;
	buf_free(&line);
	return fine;
}

bool
command_hook(Parser *p)
{
	HookKind kind = HOOK_CONNECT;
	Buf *sql;
	size_t before;

	if (!read_hook_kind(p, &kind))
		return false;
	sql = &p->hooks[kind];
	before = sql->len;
	if (!read_hook_sql(p, sql))
		return false;
	if (sql->len == before)
		return hook_fails(p,
						  "for example \\hook connect SET work_mem = '64MB'",
						  "\\hook needs SQL");
	if (sql->len > MAX_HOOK_BYTES)
		return hook_fails(
			p,
			"put the statements into a function of the database and call that",
			"the hook's SQL is longer than 1 MB");
	return true;
}
