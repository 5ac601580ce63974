/*
 * template_json.c
 *	  Reading a JSON template: json=... of \http.
 *
 * A colon behind an object's key is JSON's own, a colon where a value may
 * stand begins a variable: so the text is read by JSON's grammar, with a
 * stack of the arrays and objects that are open.
 */
#include <string.h>

#include "json_text.h"
#include "template_read.h"

#define JSON_MAX_DEPTH 200

typedef enum Expect
{
	EXPECT_VALUE,
	EXPECT_FIRST_ITEM, /* a value or ] */
	EXPECT_FIRST_KEY,  /* a key or } */
	EXPECT_KEY,
	EXPECT_COLON,
	EXPECT_MORE,   /* a comma or the end of what is open */
	EXPECT_NOTHING /* the value is complete */
} Expect;

typedef struct Json
{
	const TemplateReader *reader;
	Lexer *lex;
	size_t start;
	size_t end; /* of the text, or the closing quote's place */
	Expect expect;
	bool in_quotes;
	char open[JSON_MAX_DEPTH]; /* '{' or '[' */
	int depth;
} Json;

static bool
fail(Json *json, size_t pos, const char *problem, const char *remedy)
{
	lex_error(json->lex, pos, json->reader->err, "%s", problem);
	err_hint(json->reader->err, "%s", remedy);
	return false;
}

static void
take_text(Json *json, size_t len)
{
	template_add_text(json->reader->builder, json->lex->text + json->lex->pos,
					  len);
	json->lex->pos += len;
}

static void
value_done(Json *json)
{
	json->expect = json->depth > 0 ? EXPECT_MORE : EXPECT_NOTHING;
}

static void
add_variable(Json *json, PartForm form, Slice name, size_t start)
{
	const TemplateReader *reader = json->reader;

	template_add_variable(
		reader->builder, reader->plan->arena, form,
		symbols_intern(&reader->plan->symbols, name.text, name.len),
		lex_place(json->lex, start));
}

static bool
take_escape(Json *json)
{
	Lexer *lex = json->lex;
	char c = lex_peek(lex, 1);
	size_t len = 2;

	if (c == 'u')
	{
		for (; len < 6; len++)
		{
			if (strchr("0123456789abcdefABCDEF", lex_peek(lex, len)) == NULL ||
				lex_peek(lex, len) == '\0')
				return fail(
					json, lex->pos,
					"\\u needs four hexadecimal digits in a JSON string",
					"write it as \\u00e9, for example");
		}
	}
	else if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
		return fail(json, lex->pos, "unknown escape in a JSON string",
					"known are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX");
	take_text(json, len);
	return true;
}

static bool
take_string(Json *json)
{
	Lexer *lex = json->lex;
	size_t start = lex->pos;

	take_text(json, 1);
	while (lex->pos < json->end && lex_peek(lex, 0) != '"')
	{
		char c = lex_peek(lex, 0);
		size_t at = lex->pos;
		Slice name = {0};

		if ((unsigned char) c < ' ')
			break;
		if (c == ':' && lex_peek(lex, 1) == '{')
			name = lex_variable(lex);
		if (name.len > 0)
			add_variable(json, PART_JSON_TEXT, name, at);
		else if (c != '\\')
			take_text(json, 1);
		else if (!take_escape(json))
			return false;
	}
	if (lex->pos >= json->end || lex_peek(lex, 0) != '"')
		return fail(
			json, start,
			"the JSON string that begins here does not end on its line",
			"add the closing double quote; a line end inside is written \\n");
	take_text(json, 1);
	return true;
}

static bool
take_key(Json *json)
{
	Lexer *lex = json->lex;

	if (lex_peek(lex, 0) != '"')
		return fail(json, lex->pos, "a key is expected here, in double quotes",
					"an object looks like {\"name\": :value}");
	json->expect = EXPECT_COLON;
	return take_string(json);
}

static bool
take_word(Json *json)
{
	static const char *const words[] = {"true", "false", "null"};
	Lexer *lex = json->lex;
	size_t left = json->end - lex->pos;
	size_t len = json_number_len(lex->text + lex->pos, left);

	for (int i = 0; i < 3 && len == 0; i++)
	{
		size_t word_len = strlen(words[i]);

		if (left >= word_len &&
			memcmp(lex->text + lex->pos, words[i], word_len) == 0)
			len = word_len;
	}
	if (len > 0 && len < left && lex_is_name_char(lex_peek(lex, len)))
		len = 0;
	if (len == 0)
		return fail(
			json, lex->pos, "a JSON value is expected here",
			"write \"text\", a number, true, false, null, [...], {...} or :name; behind a key's colon that is {\"key\": :name}");
	take_text(json, len);
	value_done(json);
	return true;
}

static bool
take_value(Json *json)
{
	Lexer *lex = json->lex;
	size_t start = lex->pos;
	char c = lex_peek(lex, 0);
	Slice name;

	if (c == '{' || c == '[')
	{
		if (json->depth == JSON_MAX_DEPTH)
			return fail(
				json, start, "the JSON value is nested too deeply",
				"at most 200 objects and arrays may be inside each other");
		json->open[json->depth++] = c;
		json->expect = c == '{' ? EXPECT_FIRST_KEY : EXPECT_FIRST_ITEM;
		take_text(json, 1);
		return true;
	}
	if (c == '"')
	{
		if (!take_string(json))
			return false;
		value_done(json);
		return true;
	}
	if (c != ':')
		return take_word(json);
	name = lex_variable(lex);
	if (name.len == 0)
		return fail(json, start,
					"a variable's name is expected behind this colon",
					"write :name or :{name}");
	add_variable(json, PART_JSON, name, start);
	value_done(json);
	return true;
}

static void
close_one(Json *json)
{
	json->depth--;
	take_text(json, 1);
	value_done(json);
}

static bool
take_more(Json *json)
{
	Lexer *lex = json->lex;
	bool in_object = json->open[json->depth - 1] == '{';
	char c = lex_peek(lex, 0);

	if (c == (in_object ? '}' : ']'))
		close_one(json);
	else if (c == ',')
	{
		json->expect = in_object ? EXPECT_KEY : EXPECT_VALUE;
		take_text(json, 1);
	}
	else
		return fail(
			json, lex->pos,
			in_object ? "a comma or } is expected here"
					  : "a comma or ] is expected here",
			"check the quotes and brackets of the JSON value before this place");
	return true;
}

static bool
take_token(Json *json)
{
	char c = lex_peek(json->lex, 0);

	switch (json->expect)
	{
		case EXPECT_FIRST_KEY:
			if (c != '}')
				return take_key(json);
			close_one(json);
			return true;
		case EXPECT_FIRST_ITEM:
			if (c != ']')
				return take_value(json);
			close_one(json);
			return true;
		case EXPECT_KEY:
			return take_key(json);
		case EXPECT_COLON:
			if (c != ':')
				return fail(json, json->lex->pos,
							"a colon is expected behind the key",
							"an object looks like {\"name\": :value}");
			take_text(json, 1);
			json->expect = EXPECT_VALUE;
			return true;
		case EXPECT_MORE:
			return take_more(json);
		case EXPECT_VALUE:
		case EXPECT_NOTHING:
			break;
	}
	return take_value(json);
}

/* Line ends are blanks here; a backslash before one is not needed. */
static void
take_blanks(Json *json)
{
	Lexer *lex = json->lex;
	size_t skip;

	while (lex->pos < json->end)
	{
		skip = lex_continuation(lex, lex->pos);
		if (skip > 0)
		{
			lex->pos += skip;
			continue;
		}
		skip = json_blanks_len(lex->text + lex->pos, json->end - lex->pos);
		if (skip == 0)
			break;
		if (json->depth > 0)
			take_text(json, skip);
		else
			lex->pos += skip;
	}
}

/* json='...': JSON has no use for single quotes but inside strings. */
static bool
find_closing_quote(Json *json)
{
	Lexer *lex = json->lex;
	bool in_string = false;
	size_t at;

	for (at = lex->pos; at < lex->len; at++)
	{
		char c = lex->text[at];

		if (in_string && c == '\\')
			at++;
		else if (c == '"')
			in_string = !in_string;
		else if (c == '\'' && !in_string)
			break;
	}
	if (at >= lex->len)
		return fail(
			json, json->start,
			"the quoted JSON value that begins here does not end",
			"add the closing quote, or leave both out: JSON ends by itself");
	json->end = at;
	return true;
}

static bool
read_tokens(Json *json)
{
	while (json->expect != EXPECT_NOTHING)
	{
		take_blanks(json);
		if (json->lex->pos >= json->end)
		{
			if (json->depth > 0)
				return fail(json, json->start,
							"the JSON value that begins here does not end",
							json->open[json->depth - 1] == '{'
								? "a closing } is missing"
								: "a closing ] is missing");
			return fail(json, json->start, "a JSON value is missing here",
						"write json={\"name\": :value}, for example");
		}
		if (!take_token(json))
			return false;
	}
	return true;
}

bool
template_read_json(const TemplateReader *reader, Template *out)
{
	Lexer *lex = reader->lex;
	Json json = {.reader = reader, .lex = lex, .expect = EXPECT_VALUE};

	template_abandon(reader->builder);
	json.start = lex->pos;
	json.end = lex->len;
	json.in_quotes = lex_peek(lex, 0) == '\'';
	if (json.in_quotes)
	{
		lex->pos++;
		if (!find_closing_quote(&json))
			return false;
	}
	if (!json.in_quotes &&
		(lex_is_line_end(lex, lex->pos) || lex_peek(lex, 0) == ' '))
		return fail(&json, lex->pos, "a JSON value is missing behind json=",
					"write it without a blank: json={\"name\": :value}");
	if (!read_tokens(&json))
		return false;
	if (json.in_quotes)
	{
		take_blanks(&json);
		if (lex->pos < json.end)
			return fail(&json, lex->pos, "the JSON value ends before this",
						"only one value can be sent");
		lex->pos++;
	}
	if (!lex_is_line_end(lex, lex->pos) &&
		strchr(" \t\r\f\v", lex_peek(lex, 0)) == NULL &&
		lex_continuation(lex, lex->pos) == 0)
		return fail(&json, lex->pos, "the JSON value ends before this",
					"put a blank before the next option");
	template_finish(reader->builder, reader->plan->arena, out);
	return true;
}
