/*
 * lex.c
 *	  The text of one file and a position in it.
 */
#include "lex.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "arena.h"

void
lex_init(Lexer *lex, const Plan *plan, int file)
{
	memset(lex, 0, sizeof(*lex));
	lex->plan = plan;
	lex->file = file;
	lex->text = plan->sources[file].text;
	lex->len = plan->sources[file].len;
	/* an editor's byte order mark is no part of the text */
	if (lex->len >= 3 && memcmp(lex->text, "\xEF\xBB\xBF", 3) == 0)
		lex->pos = lex->seen_pos = 3;
	lex->seen_line = 1;
	lex->seen_column = 1;
}

static bool
starts_character(char c)
{
	return ((unsigned char) c & 0xC0) != 0x80;
}

static int
column_of(const Lexer *lex, size_t pos)
{
	int column = 1;

	while (pos > 0 && lex->text[pos - 1] != '\n')
		column += starts_character(lex->text[--pos]);
	return column;
}

/*
 * Lines and columns are counted from the place asked for last, in either
 * direction, so that many questions about one long line stay cheap.
 */
Place
lex_place(Lexer *lex, size_t pos)
{
	bool crossed = false;

	for (; lex->seen_pos < pos; lex->seen_pos++)
	{
		char c = lex->text[lex->seen_pos];

		if (c == '\n')
		{
			lex->seen_line++;
			lex->seen_column = 1;
		}
		else
			lex->seen_column += starts_character(c);
	}
	while (lex->seen_pos > pos)
	{
		char c = lex->text[--lex->seen_pos];

		crossed = crossed || c == '\n';
		lex->seen_line -= c == '\n';
		lex->seen_column -= starts_character(c);
	}
	if (crossed)
		lex->seen_column = column_of(lex, pos);
	return (Place){
		.file = lex->file, .line = lex->seen_line, .column = lex->seen_column};
}

bool
lex_error(Lexer *lex, size_t pos, Err *err, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	err_set(err, ERR_PLAN, "%s", message);
	plan_place(lex->plan, lex_place(lex, pos), err);
	return false;
}

bool
lex_is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		   (unsigned char) c >= 0x80;
}

bool
lex_is_name_char(char c)
{
	return lex_is_name_start(c) || (c >= '0' && c <= '9');
}

bool
lex_is_name(const char *text, size_t len)
{
	if (len == 0 || !lex_is_name_start(text[0]))
		return false;
	for (size_t i = 1; i < len; i++)
	{
		if (!lex_is_name_char(text[i]))
			return false;
	}
	return true;
}

char
lex_peek(const Lexer *lex, size_t ahead)
{
	return ahead < lex->len - lex->pos ? lex->text[lex->pos + ahead] : '\0';
}

size_t
lex_continuation(const Lexer *lex, size_t pos)
{
	size_t left = lex->len - pos;
	const char *at = lex->text + pos;

	if (left >= 2 && at[0] == '\\' && at[1] == '\n')
		return 2;
	if (left >= 3 && at[0] == '\\' && at[1] == '\r' && at[2] == '\n')
		return 3;
	return 0;
}

bool
lex_is_line_end(const Lexer *lex, size_t pos)
{
	if (pos >= lex->len || lex->text[pos] == '\n')
		return true;
	return lex->text[pos] == '\r' && pos + 1 < lex->len &&
		   lex->text[pos + 1] == '\n';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

void
lex_blanks(Lexer *lex)
{
	while (lex->pos < lex->len)
	{
		size_t skip = lex_continuation(lex, lex->pos);

		if (skip > 0)
			lex->pos += skip;
		else if (is_blank(lex->text[lex->pos]))
			lex->pos++;
		else
			break;
	}
}

void
lex_skip_line(Lexer *lex)
{
	const char *end = memchr(lex->text + lex->pos, '\n', lex->len - lex->pos);

	lex->pos = end != NULL ? (size_t) (end - lex->text) : lex->len;
}

bool
lex_at_end(Lexer *lex)
{
	lex_blanks(lex);
	if (lex_peek(lex, 0) == '-' && lex_peek(lex, 1) == '-')
		lex_skip_line(lex);
	return lex->pos >= lex->len || lex->text[lex->pos] == '\n';
}

bool
lex_expect_end(Lexer *lex, const char *command, Err *err)
{
	size_t from;
	Slice word;

	if (lex_at_end(lex))
		return true;
	from = lex->pos;
	word = lex_word(lex);
	lex_error(lex, from, err, "unexpected \"%.*s\" after \\%s",
			  word.len > 60 ? 60 : (int) word.len, word.text, command);
	err_hint(
		err,
		"the command ends with its line; put what follows on a line of its own");
	return false;
}

Slice
lex_word(Lexer *lex)
{
	Slice word;

	lex_blanks(lex);
	word.text = lex->text + lex->pos;
	while (lex->pos < lex->len && lex->text[lex->pos] != '\n' &&
		   !is_blank(lex->text[lex->pos]) &&
		   lex_continuation(lex, lex->pos) == 0)
		lex->pos++;
	word.len = (size_t) (lex->text + lex->pos - word.text);
	return word;
}

bool
lex_slice_is(Slice slice, const char *word)
{
	return slice.len == strlen(word) &&
		   strncasecmp(slice.text, word, slice.len) == 0;
}

bool
lex_take_word(Lexer *lex, const char *word)
{
	size_t from;

	lex_blanks(lex);
	from = lex->pos;
	if (lex_slice_is(lex_word(lex), word))
		return true;
	lex->pos = from;
	return false;
}

Slice
lex_name(Lexer *lex)
{
	Slice name = {.text = lex->text + lex->pos};

	if (lex_is_name_start(lex_peek(lex, 0)))
	{
		while (lex_is_name_char(lex_peek(lex, name.len)))
			name.len++;
	}
	lex->pos += name.len;
	return name;
}

Slice
lex_variable(Lexer *lex)
{
	size_t from = lex->pos;
	bool in_braces;
	Slice name;

	if (lex_peek(lex, 0) == ':')
		lex->pos++;
	in_braces = lex->pos > from && lex_peek(lex, 0) == '{';
	if (in_braces)
		lex->pos++;
	name = lex_name(lex);
	if (in_braces && lex_peek(lex, 0) != '}')
		name.len = 0;
	if (name.len == 0)
		lex->pos = from;
	else if (in_braces)
		lex->pos++;
	return name;
}

ValueLexer
lex_value_begin(Lexer *lex)
{
	ValueLexer value = {.lex = lex};
	char c;

	value.start = lex->pos;
	c = lex_peek(lex, 0);
	if (c == '"' || c == '\'')
	{
		value.quote = c;
		value.is_open = true;
		lex->pos++;
	}
	return value;
}

static int
unterminated(ValueLexer *value, Err *err)
{
	lex_error(value->lex, value->start, err,
			  "the quoted value that begins here does not end on its line");
	err_hint(
		err,
		"add the closing %s, or end the line with a backslash to go on with the next",
		value->quote == '"' ? "double quote" : "quote");
	return LEX_FAILED;
}

/* The character behind a backslash inside double quotes. */
static int
escaped(ValueLexer *value, Err *err)
{
	Lexer *lex = value->lex;

	switch (lex_peek(lex, 1))
	{
		case '"':
		case '\\':
		case ':':
			lex->pos += 2;
			return lex->text[lex->pos - 1];
		case 'n':
			lex->pos += 2;
			return '\n';
		case 'r':
			lex->pos += 2;
			return '\r';
		case 't':
			lex->pos += 2;
			return '\t';
		default:
			lex_error(lex, lex->pos, err, "unknown escape in a quoted value");
			err_hint(
				err,
				"inside double quotes write \\\\ for a backslash; known are \\\" \\\\ \\: \\n \\r \\t");
			return LEX_FAILED;
	}
}

/* Between quotes; the closing one ends the value and must end the word. */
static int
quoted_next(ValueLexer *value, Err *err)
{
	Lexer *lex = value->lex;
	char c;
	size_t skip;

	while ((skip = lex_continuation(lex, lex->pos)) > 0)
		lex->pos += skip;
	if (lex_is_line_end(lex, lex->pos))
		return unterminated(value, err);
	c = lex->text[lex->pos];
	if (c == '\\' && value->quote == '"')
		return escaped(value, err);
	if (c == '\\' && lex_peek(lex, 1) == ':')
	{
		lex->pos += 2;
		return ':';
	}
	if (c != value->quote)
	{
		if (c == ':')
			return LEX_COLON;
		lex->pos++;
		return (unsigned char) c;
	}
	lex->pos++;
	if (c == '\'' && lex_peek(lex, 0) == '\'')
	{
		lex->pos++;
		return c;
	}
	value->is_open = false;
	return LEX_END;
}

static int
bare_next(ValueLexer *value)
{
	Lexer *lex = value->lex;
	char c = lex_peek(lex, 0);

	if (lex->pos >= lex->len || c == '\n' || is_blank(c) ||
		lex_continuation(lex, lex->pos) > 0)
		return LEX_END;
	if (c == '\\' && lex_peek(lex, 1) == ':')
	{
		lex->pos += 2;
		return ':';
	}
	if (c == ':')
		return LEX_COLON;
	lex->pos++;
	return (unsigned char) c;
}

int
lex_value_next(ValueLexer *value, Err *err)
{
	Lexer *lex = value->lex;
	int c;

	if (value->quote == '\0')
		return bare_next(value);
	if (!value->is_open)
		return LEX_END;
	c = quoted_next(value, err);
	if (c == LEX_END && !lex_is_line_end(lex, lex->pos) &&
		!is_blank(lex->text[lex->pos]) && lex_continuation(lex, lex->pos) == 0)
	{
		lex_error(lex, lex->pos, err,
				  "a blank is missing after the quoted value");
		err_hint(err, value->quote == '"'
						  ? "a quote inside the value is written \\\""
						  : "a quote inside the value is written twice: ''");
		return LEX_FAILED;
	}
	return c;
}

const char *
lex_value_text(Lexer *lex, Err *err)
{
	ValueLexer value;
	Buf buf = {0};
	const char *text = NULL;
	int c;

	lex_blanks(lex);
	value = lex_value_begin(lex);
	while ((c = lex_value_next(&value, err)) != LEX_END && c != LEX_FAILED)
	{
		if (c == LEX_COLON)
			lex->pos++;
		buf_putc(&buf, c == LEX_COLON ? ':' : (char) c);
	}
	if (c == LEX_END)
		text = arena_text(lex->plan->arena, buf.data, buf.len);
	buf_free(&buf);
	return text;
}
