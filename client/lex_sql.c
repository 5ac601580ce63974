/*
 * lex_sql.c
 *	  Where an SQL statement ends and which variables it mentions.
 *
 * Text goes into the template in slices as long as possible: "flushed" is how
 * far it has got, "last_end" the end of the last token, so that comments
 * around a statement are left out and those inside it stay.
 */
#include "lex_sql.h"

#include <string.h>

#include "mem.h"
#include "sql_words.h"

typedef struct Statement
{
	SqlScan *scan;
	Lexer *lex;
	SqlWords words;
	size_t flushed;
	size_t last_end;
	int parens;
	size_t paren_pos; /* of the outermost that is open */
	int brackets;
	int begins;			/* BEGIN ATOMIC ... END, CASE ... END in it */
	bool after_operand; /* the last token can be an operand's end */
	size_t dollar_pos;	/* of a $1 in the text itself */
	bool has_dollar;
} Statement;

static bool
fail_at(Statement *st, size_t pos, const char *problem, const char *remedy)
{
	lex_error(st->lex, pos, st->scan->err, "%s", problem);
	err_hint(st->scan->err, "%s", remedy);
	return false;
}

static void
flush_to(Statement *st, size_t pos)
{
	if (pos > st->flushed)
		template_add_text(st->scan->builder, st->lex->text + st->flushed,
						  pos - st->flushed);
	st->flushed = pos;
}

/* A token from its first byte to lex->pos. */
static void
end_token(Statement *st, bool is_operand)
{
	st->last_end = st->lex->pos;
	st->after_operand = is_operand;
}

/* Note every :name and :{name} inside a literal, for the lint. */
static void
note_mentions(Statement *st, size_t from, size_t to)
{
	const char *text = st->lex->text;
	SqlScan *scan = st->scan;

	while (from < to && scan->nmentions < SQL_MAX_MENTIONS)
	{
		const char *colon = memchr(text + from, ':', to - from);
		size_t at;
		size_t end;

		if (colon == NULL)
			return;
		at = (size_t) (colon - text) + 1;
		from = at;
		if (at < to && text[at] == ':')
		{
			from++; /* a cast */
			continue;
		}
		if (at < to && text[at] == '{')
			at++;
		if (at >= to || !lex_is_name_start(text[at]))
			continue;
		for (end = at; end < to && lex_is_name_char(text[end]); end++)
			;
		scan->mentions[scan->nmentions++] =
			(SqlMention){.name = {text + at, end - at},
						 .place = lex_place(st->lex, (size_t) (colon - text))};
		from = end;
	}
}

/*
 * A literal goes on after blanks with a line end in them: 'a'
 * 'b' is one string, and for E'' the second half has escapes as well.
 */
static bool
goes_on(const Lexer *lex, size_t pos, size_t *next)
{
	bool saw_line_end = false;

	for (; pos < lex->len; pos++)
	{
		char c = lex->text[pos];

		if (c == '\n')
			saw_line_end = true;
		else if (saw_line_end && c == '-' && pos + 1 < lex->len &&
				 lex->text[pos + 1] == '-')
		{
			while (pos + 1 < lex->len && lex->text[pos + 1] != '\n')
				pos++;
		}
		else if (c == '\'' && saw_line_end)
		{
			*next = pos + 1;
			return true;
		}
		else if (strchr(" \t\r\f\v", c) == NULL)
			break;
	}
	return false;
}

/* The closing quote, where doubled ones and (with E'') escaped ones are text.
 */
static bool
take_quoted(Statement *st, char quote, bool escapes)
{
	Lexer *lex = st->lex;
	size_t start = lex->pos;
	size_t pos = start + 1;

	for (; pos < lex->len; pos++)
	{
		char c = lex->text[pos];

		if (escapes && c == '\\')
			pos++;
		else if (c == quote)
		{
			if (pos + 1 < lex->len && lex->text[pos + 1] == quote)
				pos++;
			else if (!escapes || !goes_on(lex, pos + 1, &pos))
				break;
			else
				pos--;
		}
	}
	if (pos >= lex->len)
		return fail_at(
			st, start,
			quote == '"'
				? "the quoted identifier that begins here does not end"
				: "the string that begins here does not end",
			"add the closing quote; a quote inside is written twice");
	note_mentions(st, start, pos);
	lex->pos = pos + 1;
	end_token(st, true);
	return true;
}

/* Length of $tag$ at pos, or 0. */
static size_t
dollar_tag_len(const Lexer *lex, size_t pos)
{
	size_t n = 1;

	while (pos + n < lex->len && lex->text[pos + n] != '$')
	{
		char c = lex->text[pos + n];

		if (!(n == 1 ? lex_is_name_start(c) : lex_is_name_char(c)))
			return 0;
		n++;
	}
	return pos + n < lex->len ? n + 1 : 0;
}

static bool
take_dollar(Statement *st)
{
	Lexer *lex = st->lex;
	size_t start = lex->pos;
	size_t tag_len = dollar_tag_len(lex, start);
	const char *end;

	if (tag_len == 0)
	{
		lex->pos++;
		if (lex_peek(lex, 0) >= '0' && lex_peek(lex, 0) <= '9')
		{
			while (lex_peek(lex, 0) >= '0' && lex_peek(lex, 0) <= '9')
				lex->pos++;
			st->has_dollar = true;
			st->dollar_pos = start;
		}
		end_token(st, true);
		return true;
	}
	end = memmem(lex->text + start + tag_len, lex->len - start - tag_len,
				 lex->text + start, tag_len);
	if (end == NULL)
		return fail_at(
			st, start,
			"the dollar-quoted string that begins here does not end",
			"end it with the same tag that it begins with");
	note_mentions(st, start + tag_len, (size_t) (end - lex->text));
	lex->pos = (size_t) (end - lex->text) + tag_len;
	end_token(st, true);
	return true;
}

/* Comments nest, as in the server. */
static bool
skip_comment(Statement *st)
{
	Lexer *lex = st->lex;
	size_t start = lex->pos;
	int depth = 0;

	do
	{
		if (lex->pos >= lex->len)
			return fail_at(
				st, start, "the comment that begins here does not end",
				"add the closing */; comments nest, each /* needs one");
		if (lex_peek(lex, 0) == '/' && lex_peek(lex, 1) == '*')
		{
			depth++;
			lex->pos += 2;
		}
		else if (lex_peek(lex, 0) == '*' && lex_peek(lex, 1) == '/')
		{
			depth--;
			lex->pos += 2;
		}
		else
			lex->pos++;
	} while (depth > 0);
	return true;
}

/* One statement of several joined by \; ends, or the only one. */
static void
end_words(Statement *st)
{
	SqlScan *scan = st->scan;
	SqlTransaction effect = sql_words_transaction(&st->words);

	if (effect != SQL_TX_SAME)
		scan->transaction = effect;
	if (!sql_words_take_binds(&st->words))
		scan->takes_no_binds = true;
	memset(&st->words, 0, sizeof(st->words));
}

static void
note_word(Statement *st, const char *text, size_t len)
{
	Slice word = {text, len};

	if (st->scan->verb[0] == '\0')
	{
		for (size_t i = 0; i < len && i < sizeof(st->scan->verb) - 1; i++)
			st->scan->verb[i] = text[i] >= 'a' && text[i] <= 'z'
									? (char) (text[i] - 'a' + 'A')
									: text[i];
	}
	if (st->parens == 0 && sql_words_make_routine(&st->words))
	{
		if (lex_slice_is(word, "begin") ||
			(lex_slice_is(word, "case") && st->begins > 0))
			st->begins++;
		else if (lex_slice_is(word, "end") && st->begins > 0)
			st->begins--;
	}
	sql_words_add(&st->words, text, len, st->parens > 0);
}

/* A word, or a string with a letter in front: E'', B'', X'', N'', U&''. */
static bool
take_word(Statement *st)
{
	Lexer *lex = st->lex;
	size_t start = lex->pos;
	char c = (char) (lex->text[start] | 0x20);

	if (lex_peek(lex, 1) == '\'' && strchr("ebxn", c) != NULL)
	{
		lex->pos++;
		return take_quoted(st, '\'', c == 'e');
	}
	if (c == 'u' && lex_peek(lex, 1) == '&' &&
		(lex_peek(lex, 2) == '\'' || lex_peek(lex, 2) == '"'))
	{
		lex->pos += 2;
		return take_quoted(st, lex_peek(lex, 0), false);
	}
	while (lex_is_name_char(lex_peek(lex, 0)) || lex_peek(lex, 0) == '$')
		lex->pos++;
	note_word(st, lex->text + start, lex->pos - start);
	end_token(st, true);
	return true;
}

static bool
add_variable(Statement *st, PartForm form, Slice name, size_t start)
{
	SqlScan *scan = st->scan;
	Place place = lex_place(st->lex, start);
	int symbol = symbols_intern(&scan->plan->symbols, name.text, name.len);
	size_t after = st->lex->pos;

	if (form == PART_BIND && scan->builder->nbinds == SQL_MAX_BINDS)
		return fail_at(st, start,
					   "a statement can have at most 65535 bind parameters",
					   "split the statement, or send the values as one array");
	if (form == PART_BIND && scan->bind_place.line == 0)
		scan->bind_place = place;
	flush_to(st, start);
	template_add_variable(scan->builder, scan->plan->arena, form, symbol,
						  place);
	st->flushed = after;
	end_token(st, true);
	return true;
}

/* :'name' or :"name" at pos; empty when it is something else. */
static Slice
quoted_name(Lexer *lex)
{
	size_t start = lex->pos;
	char quote = lex_peek(lex, 1);
	Slice name;

	lex->pos += 2;
	name = lex_name(lex);
	if (name.len > 0 && lex_peek(lex, 0) == quote)
		lex->pos++;
	else
	{
		name.len = 0;
		lex->pos = start;
	}
	return name;
}

static bool
take_colon(Statement *st)
{
	Lexer *lex = st->lex;
	size_t start = lex->pos;
	char next = lex_peek(lex, 1);
	Slice name = {0};
	PartForm form = PART_BIND;

	if (next == ':' || next == '=')
	{
		lex->pos += 2;
		end_token(st, false);
		return true;
	}
	/* array[1:n] has a colon of its own right behind the lower bound */
	if (st->brackets > 0 && st->after_operand && st->last_end == start)
		next = '\0';
	if (next == '\'' || next == '"')
	{
		form = next == '"' ? PART_IDENTIFIER : PART_LITERAL;
		name = quoted_name(lex);
	}
	else if (next == '{' || lex_is_name_start(next))
		name = lex_variable(lex);
	if (name.len > 0)
	{
		if (next == '\'' || next == '"' || next == '{')
			st->scan->has_psql_forms = true;
		return add_variable(st, form, name, start);
	}
	lex->pos = start + 1;
	end_token(st, false);
	return true;
}

/* \; joins statements, \: is a colon; they stay parts for the dump. */
static void
take_escaped(Statement *st)
{
	Lexer *lex = st->lex;
	bool joins = lex_peek(lex, 1) == ';';

	flush_to(st, lex->pos);
	template_add_mark(st->scan->builder, st->scan->plan->arena,
					  joins ? ";" : ":");
	if (joins)
	{
		end_words(st);
		st->scan->is_compound = true;
	}
	lex->pos += 2;
	st->flushed = lex->pos;
	end_token(st, false);
}

static void
take_punctuation(Statement *st)
{
	char c = lex_peek(st->lex, 0);

	if (c == '(')
	{
		if (st->parens++ == 0)
			st->paren_pos = st->lex->pos;
	}
	else if (c == ')' && st->parens > 0)
		st->parens--;
	else if (c == '[')
		st->brackets++;
	else if (c == ']' && st->brackets > 0)
		st->brackets--;
	st->lex->pos++;
	end_token(st, c == ')' || c == ']');
}

static bool
take_token(Statement *st)
{
	Lexer *lex = st->lex;
	char c = lex_peek(lex, 0);

	if (c == '\'' || c == '"')
		return take_quoted(st, c, false);
	if (c == '$')
		return take_dollar(st);
	if (c == ':')
		return take_colon(st);
	if (lex_is_name_start(c))
		return take_word(st);
	if (c == '\\')
		take_escaped(st);
	else if (c >= '0' && c <= '9')
	{
		while (lex_is_name_char(lex_peek(lex, 0)) || lex_peek(lex, 0) == '.')
			lex->pos++;
		end_token(st, true);
	}
	else
		take_punctuation(st);
	return true;
}

/* Blanks and comments; a hint comment before the first word is kept. */
static bool
skip_space(Statement *st)
{
	Lexer *lex = st->lex;

	while (lex->pos < lex->len)
	{
		char c = lex->text[lex->pos];

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
			c == '\v')
			lex->pos++;
		else if (c == '-' && lex_peek(lex, 1) == '-')
			lex_skip_line(lex);
		else if (c == '/' && lex_peek(lex, 1) == '*')
		{
			if (!st->scan->found && lex_peek(lex, 2) == '+')
				st->scan->body_start = lex->pos;
			if (!skip_comment(st))
				return false;
		}
		else
			break;
	}
	return true;
}

static bool
begins_command(const Lexer *lex)
{
	return lex_peek(lex, 0) == '\\' && lex_peek(lex, 1) != ';' &&
		   lex_peek(lex, 1) != ':';
}

static bool
end_statement(Statement *st)
{
	SqlScan *scan = st->scan;

	if (!scan->found)
		return true;
	if (st->parens > 0)
		return fail_at(
			st, st->paren_pos,
			"this parenthesis is not closed before the statement ends",
			"add the closing parenthesis; a semicolon inside does not end the statement");
	if (st->has_dollar && scan->bind_place.line > 0)
		return fail_at(
			st, st->dollar_pos,
			"a statement with variables cannot have numbered parameters of its own",
			"write :name for every value, without $1");
	flush_to(st, st->last_end);
	end_words(st);
	return true;
}

static void
begin_statement(SqlScan *scan)
{
	template_abandon(scan->builder);
	scan->found = false;
	scan->start = 0;
	scan->body_start = SIZE_MAX;
	memset(scan->verb, 0, sizeof(scan->verb));
	scan->transaction = SQL_TX_SAME;
	scan->is_compound = false;
	scan->takes_no_binds = false;
	memset(&scan->bind_place, 0, sizeof(scan->bind_place));
	scan->has_psql_forms = false;
	scan->ended_by_semicolon = false;
}

bool
lex_sql(SqlScan *scan)
{
	Statement st = {.scan = scan, .lex = scan->lex};
	Lexer *lex = scan->lex;

	begin_statement(scan);
	if (scan->mentions == NULL)
		scan->mentions = mem_alloc(SQL_MAX_MENTIONS * sizeof(SqlMention));
	for (;;)
	{
		if (!skip_space(&st))
			return false;
		if (lex->pos >= lex->len || begins_command(lex))
			break;
		if (lex_peek(lex, 0) == ';' && st.parens == 0 && st.begins == 0)
		{
			lex->pos++;
			scan->ended_by_semicolon = true;
			break;
		}
		if (!scan->found)
		{
			scan->found = true;
			scan->start = lex->pos;
			if (scan->body_start > lex->pos)
				scan->body_start = lex->pos;
			st.flushed = scan->body_start;
		}
		if (!take_token(&st))
			return false;
	}
	return end_statement(&st);
}
