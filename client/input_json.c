/*
 * input_json.c
 *	  Records of JSON lines: one object a line.
 *
 * jansson decides what is JSON; numbers keep their own spelling, objects and
 * lists are handed on as JSON text.  A key that is missing is NULL; a value
 * whose key is no column counts in the row's hash all the same.
 */
#include <string.h>

#include "input_text.h"
#include "json_pointer.h"
#include "json_text.h"

#define MOST_COLUMNS 4096

/* A member of the object: the key decoded, the value as it stands. */
typedef struct Member
{
	Buf key;
	const char *value;
	size_t len;
} Member;

/* The text of a JSON string; false: it holds a NUL. */
static bool
decode_string(Buf *out, const char *string, size_t len)
{
	json_t *decoded;

	if (memchr(string, '\\', len) == NULL)
	{
		buf_append(out, string + 1, len - 2);
		return true;
	}
	decoded = json_loadb(string, len, JSON_DECODE_ANY, NULL);
	if (decoded == NULL)
		return false;
	buf_append(out, json_string_value(decoded), json_string_length(decoded));
	json_decref(decoded);
	return true;
}

/* The text is an object; *at is behind its brace or behind a member. */
static bool
next_member(const InputText *text, size_t *at, Member *member, bool *has_nul)
{
	const char *json = text->buf.data;
	size_t len = text->buf.len;
	size_t key;

	*at += json_blanks_len(json + *at, len - *at);
	if (*at < len && json[*at] == ',')
		(*at)++;
	*at += json_blanks_len(json + *at, len - *at);
	if (*at >= len || json[*at] != '"')
		return false;
	key = json_string_len(json + *at, len - *at);
	buf_reset(&member->key);
	*has_nul = !decode_string(&member->key, json + *at, key);
	*at += key;
	*at += json_blanks_len(json + *at, len - *at);
	(*at)++; /* the colon */
	*at += json_blanks_len(json + *at, len - *at);
	member->value = json + *at;
	member->len = json_value_len(json + *at, len - *at);
	*at += member->len;
	return true;
}

static RowKind
value_kind(char first)
{
	switch (first)
	{
		case '"':
			return ROW_TEXT;
		case '{':
		case '[':
			return ROW_JSON;
		case 't':
		case 'f':
			return ROW_BOOL;
		case 'n':
			return ROW_NULL;
	}
	return ROW_NUMBER;
}

static bool
decode_value(Buf *out, RowKind kind, const Member *member)
{
	buf_reset(out);
	if (kind == ROW_TEXT)
		return decode_string(out, member->value, member->len);
	if (kind == ROW_JSON)
		json_compact(out, member->value, member->len);
	else if (kind != ROW_NULL)
		buf_append(out, member->value, member->len);
	return true;
}

/*
 * Values of columns into the row, or the others into its hash: the hash is
 * begun when all columns are there.
 */
static bool
take_members(InputText *text, Row *row, bool columns)
{
	Member member = {0};
	Buf value = {0};
	size_t at = json_blanks_len(text->buf.data, text->buf.len) + 1;
	bool has_nul = false;

	while (!has_nul && next_member(text, &at, &member, &has_nul))
	{
		RowKind kind = value_kind(member.value[0]);
		int column =
			row_columns_find(text->columns, member.key.data, member.key.len);
		size_t from = row->len;

		if (has_nul || columns != (column >= 0))
			continue;
		has_nul = !decode_value(&value, kind, &member);
		if (columns)
		{
			row_append(row, value.data, value.len);
			row_set(row, column, kind, from);
		}
		else
			row_hash_other(row, member.key.data, member.key.len, kind,
						   value.data, value.len);
	}
	buf_free(&member.key);
	buf_free(&value);
	return !has_nul;
}

/* The first record's keys are the columns. */
static void
learn_columns(InputText *text)
{
	Member member = {0};
	size_t at = json_blanks_len(text->buf.data, text->buf.len) + 1;
	bool has_nul;

	while (next_member(text, &at, &member, &has_nul))
		if (!has_nul && member.key.len > 0 &&
			text->columns->count < MOST_COLUMNS &&
			row_columns_find(text->columns, member.key.data, member.key.len) <
				0)
			row_columns_add(text->columns, member.key.data, member.key.len);
	buf_free(&member.key);
}

static InputRecord
not_an_object(InputText *text, const json_t *json)
{
	input_text_bad(text, "the line is not a JSON object but %s",
				   json_is_array(json)	  ? "a list"
				   : json_is_string(json) ? "a text"
				   : json_is_number(json) ? "a number"
										  : "a word");
	err_hint(&text->err,
			 json_is_array(json)
				 ? "JSON lines hold one object a line; jq -c '.[]' makes "
				   "them of a list"
				 : "JSON lines hold one object a line");
	return RECORD_BAD;
}

/* jansson's words, with the record's place. */
static InputRecord
not_json(InputText *text)
{
	Err err;

	json_decref(json_read(text->buf.data, text->buf.len, &err));
	input_text_bad(text, "%s", err.message);
	err_hint(&text->err,
			 "JSON lines hold one whole object a line; jq -c . makes "
			 "them of other JSON");
	return RECORD_BAD;
}

static InputRecord
json_record(InputText *text, Row *row)
{
	Err err;
	json_t *json = json_read(text->buf.data, text->buf.len, &err);
	InputRecord found = RECORD_ROW;

	if (json == NULL)
		return not_json(text);
	if (!json_is_object(json))
		found = not_an_object(text, json);
	json_decref(json);
	if (found != RECORD_ROW)
		return found;
	if (text->learns)
		learn_columns(text);
	row_reset(row, text->columns->count);
	if (take_members(text, row, true))
	{
		row_hash(row, text->columns);
		if (take_members(text, row, false))
			return RECORD_ROW;
	}
	input_text_bad(text, "a text holds \\u0000");
	err_hint(&text->err, "a text of PostgreSQL cannot hold a NUL");
	return RECORD_BAD;
}

InputRecord
input_json_read(InputText *text, Row *row)
{
	for (;;)
	{
		InputRecord found = input_text_line(text, '\n');

		if (found != RECORD_ROW)
			return found;
		if (json_blanks_len(text->buf.data, text->buf.len) < text->buf.len)
			return json_record(text, row);
	}
}
