/*
 * template_read.c
 *	  Reading the templates of meta-commands out of a plan's text.
 */
#include "template_read.h"

#include <string.h>

static void
add_variable(const TemplateReader *reader, PartForm form, Slice name,
			 size_t start)
{
	Plan *plan = reader->plan;
	int symbol = symbols_intern(&plan->symbols, name.text, name.len);

	template_add_variable(reader->builder, plan->arena, form, symbol,
						  lex_place(reader->lex, start));
}

static void
add_char(const TemplateReader *reader, char c)
{
	template_add_text(reader->builder, &c, 1);
}

/* At a colon that nothing protects: a variable, or just a colon. */
static void
take_colon(const TemplateReader *reader, PartForm form)
{
	Lexer *lex = reader->lex;
	size_t start = lex->pos;
	Slice name;

	if (lex_peek(lex, 1) == ':' && lex_peek(lex, 2) != '{')
	{
		template_add_text(reader->builder, "::", 2);
		lex->pos += 2;
		return;
	}
	name = lex_variable(lex);
	if (name.len > 0)
		add_variable(reader, form, name, start);
	else
	{
		add_char(reader, ':');
		lex->pos++;
	}
}

bool
template_read_value(const TemplateReader *reader, PartForm form, Template *out)
{
	ValueLexer value = lex_value_begin(reader->lex);
	int c;

	template_abandon(reader->builder);
	while ((c = lex_value_next(&value, reader->err)) != LEX_END)
	{
		if (c == LEX_FAILED)
			return false;
		if (c == LEX_COLON)
			take_colon(reader, form);
		else
			add_char(reader, (char) c);
	}
	template_finish(reader->builder, reader->plan->arena, out);
	return true;
}

/* Two backslashes are one that hides nothing: no continued line. */
static bool
is_backslash_pair(const Lexer *lex, size_t at)
{
	return at + 1 < lex->len && lex->text[at] == '\\' &&
		   lex->text[at + 1] == '\\';
}

/* Where the line's text ends: blanks and a last backslash do not count. */
static size_t
line_text_end(const Lexer *lex)
{
	size_t end = lex->pos;
	size_t skip;

	for (size_t at = lex->pos; !lex_is_line_end(lex, at);)
	{
		skip = lex_continuation(lex, at);
		if (skip > 0)
		{
			at += skip;
			continue;
		}
		if (is_backslash_pair(lex, at))
			end = at += 2;
		else if (strchr(" \t\r\f\v\\", lex->text[at++]) == NULL)
			end = at;
	}
	return end;
}

bool
template_read_line(const TemplateReader *reader, Template *out)
{
	Lexer *lex = reader->lex;
	size_t end;

	template_abandon(reader->builder);
	lex_blanks(lex);
	end = line_text_end(lex);
	while (lex->pos < end)
	{
		char c = lex_peek(lex, 0);
		char next = lex_peek(lex, 1);
		size_t skip = lex_continuation(lex, lex->pos);

		if (skip > 0)
		{
			add_char(reader, ' ');
			lex->pos += skip;
		}
		else if (c == '\\' && (next == '\\' || next == ':'))
		{
			add_char(reader, next);
			lex->pos += 2;
		}
		else if (c == ':')
			take_colon(reader, PART_PASTE);
		else
		{
			add_char(reader, c);
			lex->pos++;
		}
	}
	lex_skip_line(lex);
	template_finish(reader->builder, reader->plan->arena, out);
	return true;
}

static bool
misplaced(const TemplateReader *reader, size_t start, const char *problem)
{
	lex_error(reader->lex, start, reader->err, "%s", problem);
	err_hint(
		reader->err,
		"give the variable as a word of its own, outside quotes, such as: \\shell echo :name");
	return false;
}

static bool
is_word_end(const Lexer *lex)
{
	return lex->pos >= lex->len ||
		   strchr(" \t\r\f\v\n", lex->text[lex->pos]) != NULL ||
		   lex_continuation(lex, lex->pos) > 0;
}

/* A word that begins with a colon. */
static bool
take_shell_colon(const TemplateReader *reader, char quote)
{
	Lexer *lex = reader->lex;
	size_t start = lex->pos;
	Slice name;

	if (lex_peek(lex, 1) == ':')
	{
		add_char(reader, ':');
		lex->pos += 2;
		return true;
	}
	name = lex_variable(lex);
	if (name.len == 0)
	{
		add_char(reader, ':');
		lex->pos++;
		return true;
	}
	if (quote != '\0')
		return misplaced(reader, start,
						 "a variable cannot stand inside the shell's quotes");
	if (!is_word_end(lex))
		return misplaced(
			reader, start,
			"a variable must be a whole word of the shell command");
	add_variable(reader, PART_SHELL, name, start);
	return true;
}

bool
template_read_shell(const TemplateReader *reader, Template *out)
{
	Lexer *lex = reader->lex;
	size_t end;
	char quote = '\0';
	bool word_begins = true;

	template_abandon(reader->builder);
	lex_blanks(lex);
	end = line_text_end(lex);
	while (lex->pos < end)
	{
		char c = lex_peek(lex, 0);
		size_t skip = lex_continuation(lex, lex->pos);

		if (skip > 0)
		{
			c = ' ';
			add_char(reader, c);
			lex->pos += skip;
		}
		else if (c == ':' && word_begins)
		{
			if (!take_shell_colon(reader, quote))
				return false;
		}
		else if (c == ':' && lex_peek(lex, 1) == '{')
			return misplaced(
				reader, lex->pos,
				"a variable must be a whole word of the shell command");
		else
		{
			if (c == quote)
				quote = '\0';
			else if (quote == '\0' && (c == '\'' || c == '"' || c == '`'))
				quote = c;
			/* what a backslash hides neither opens nor closes a quote */
			if (is_backslash_pair(lex, lex->pos) ||
				(c == '\\' && quote != '\'' && lex->pos + 1 < end))
			{
				add_char(reader, c);
				lex->pos++;
			}
			c = lex_peek(lex, 0);
			add_char(reader, c);
			lex->pos++;
		}
		word_begins = c == ' ' || c == '\t';
	}
	lex_skip_line(lex);
	template_finish(reader->builder, reader->plan->arena, out);
	return true;
}
