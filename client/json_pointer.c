/*
 * json_pointer.c
 *	  One value out of a JSON text, found by a JSON Pointer (RFC 6901).
 *
 * jansson reads the text and so decides what is JSON.  It would round or
 * refuse numbers that do not fit into 64 bits, so these are shown to it as 0,
 * padded to the same length; a number's text and that of a container are then
 * taken from where they stand in the original, found by a second walk.
 */
#include "json_pointer.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "json_text.h"
#include "mem.h"

#define SAFE_NUMBER_BYTES 18 /* any integer so long fits into 64 bits */

/* -------- pointers -------- */

static bool
bad_pointer(const char *pointer, const char *why, const char *hint, Err *err)
{
	err_set(err, ERR_PLAN, "\"%.100s\" is not a JSON pointer: %s", pointer,
			why);
	err_hint(err, "%s", hint);
	return false;
}

bool
json_pointer_check(const char *pointer, Err *err)
{
	if (pointer[0] != '\0' && pointer[0] != '/')
		return bad_pointer(
			pointer, "it does not begin with a slash",
			pointer[0] == '$' || pointer[0] == '.'
				? "this is no JSONPath: write /name/0, for example"
				: "write /name for a member, /name/0 for the first item of a list in it",
			err);
	for (const char *at = pointer; *at != '\0'; at++)
	{
		if (*at == '~' && at[1] != '0' && at[1] != '1')
			return bad_pointer(
				pointer, "a tilde must be followed by 0 or 1",
				"write ~0 for a tilde and ~1 for a slash in a name", err);
	}
	return true;
}

/* The next name of the pointer, unescaped; moves *at behind it. */
static void
next_name(const char **at, Buf *name)
{
	buf_reset(name);
	for ((*at)++; **at != '\0' && **at != '/'; (*at)++)
	{
		char c = **at;

		if (c == '~')
			c = *++(*at) == '1' ? '/' : '~';
		buf_putc(name, c);
	}
	/* an empty name is a name as well */
	if (name->data == NULL)
		buf_append(name, "", 0);
}

/* An array's index: digits without leading zeros, or no index at all. */
static bool
read_index(const Buf *name, size_t *index)
{
	*index = 0;
	if (name->len == 0 || name->len > 9 ||
		(name->data[0] == '0' && name->len > 1))
		return false;
	for (size_t i = 0; i < name->len; i++)
	{
		if (name->data[i] < '0' || name->data[i] > '9')
			return false;
		*index = *index * 10 + (size_t) (name->data[i] - '0');
	}
	return true;
}

bool
json_pointer_get(json_t *root, const char *pointer, json_t **out, Err *err)
{
	Buf name = {0};
	const char *at = pointer;
	size_t index;

	*out = NULL;
	if (!json_pointer_check(pointer, err))
		return false;
	while (root != NULL && *at != '\0')
	{
		next_name(&at, &name);
		if (json_is_object(root))
			root = json_object_get(root, name.data);
		else if (json_is_array(root) && read_index(&name, &index))
			root = json_array_get(root, index);
		else
			root = NULL;
	}
	buf_free(&name);
	*out = root;
	return true;
}

/* -------- reading -------- */

static bool
begins_number(char c)
{
	return c == '-' || (c >= '0' && c <= '9');
}

/* Does every number fit into what jansson keeps numbers in? */
static bool
has_safe_numbers(const char *text, size_t len)
{
	for (size_t i = 0; i < len;)
	{
		size_t n = 1;

		if (text[i] == '"')
			n = json_string_len(text + i, len - i);
		else if (begins_number(text[i]))
		{
			n = json_number_len(text + i, len - i);
			if (n > SAFE_NUMBER_BYTES || memchr(text + i, 'e', n) != NULL ||
				memchr(text + i, 'E', n) != NULL)
				return false;
		}
		if (n == 0)
			return true; /* no JSON, which jansson says better */
		i += n;
	}
	return true;
}

/* A copy of the same length, not NUL-terminated, with 0 for every number. */
static char *
without_numbers(const char *text, size_t len)
{
	char *copy = mem_dup(text, len);

	for (size_t i = 0; i < len;)
	{
		size_t n = 1;

		if (text[i] == '"')
			n = json_string_len(text + i, len - i);
		else if (begins_number(text[i]))
		{
			n = json_number_len(text + i, len - i);
			if (n > 0)
			{
				memset(copy + i, ' ', n);
				copy[i] = '0';
			}
		}
		if (n == 0)
			break;
		i += n;
	}
	return copy;
}

static bool
not_json(const json_error_t *problem, size_t len, Err *err)
{
	if (len == 0)
	{
		err_set(err, ERR_DATA, "the text is empty, not JSON");
		err_hint(
			err,
			"was there a response with a body? look at NAME_status and NAME_type");
		return false;
	}
	err_set(err, ERR_DATA, "the text is not JSON: %s (line %d, byte %d)",
			problem->text, problem->line, problem->position);
	err_hint(err, "show the text with \\echo to see what it is");
	return false;
}

/* jansson skips a NUL byte behind a number, where JSON allows none at all. */
static bool
has_no_nul(const char *text, size_t len, Err *err)
{
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;

	if (nul == NULL)
		return true;
	err_set(err, ERR_DATA, "the text is not JSON: NUL at byte %zu",
			(size_t) (nul - text) + 1);
	err_hint(err, "show its type with \\echo :NAME_type to see what it is");
	return false;
}

json_t *
json_read(const char *text, size_t len, Err *err)
{
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_error_t problem;
	json_t *root;

	if (!has_no_nul(text, len, err))
		return NULL;
	if (has_safe_numbers(text, len))
		root = json_loadb(text, len, flags, &problem);
	else
	{
		char *copy = without_numbers(text, len);

		root = json_loadb(copy, len, flags, &problem);
		free(copy);
	}
	if (root == NULL)
		not_json(&problem, len, err);
	return root;
}

/* -------- the text of what was found -------- */

/* The text is JSON: the walk below relies on that. */
typedef struct Scan
{
	const char *text;
	size_t len;
	size_t at;
} Scan;

static void
skip_blanks(Scan *scan)
{
	scan->at += json_blanks_len(scan->text + scan->at, scan->len - scan->at);
}

/* Over a whole value, whatever is inside. */
static void
skip_value(Scan *scan)
{
	skip_blanks(scan);
	scan->at += json_value_len(scan->text + scan->at, scan->len - scan->at);
}

/* Is the key at the scan's place this name?  Moves behind the key. */
static bool
take_key(Scan *scan, const Buf *name)
{
	const char *key = scan->text + scan->at;
	size_t len = json_string_len(key, scan->len - scan->at);
	bool same;

	scan->at += len;
	if (memchr(key, '\\', len) == NULL)
		same = len - 2 == name->len &&
			   memcmp(key + 1, name->data, name->len) == 0;
	else
	{
		json_t *decoded = json_loadb(key, len, JSON_DECODE_ANY, NULL);

		same = decoded != NULL && json_string_length(decoded) == name->len &&
			   memcmp(json_string_value(decoded), name->data, name->len) == 0;
		json_decref(decoded);
	}
	return same;
}

/* To the member's value: the last one of that name, as jansson decides. */
static void
enter_object(Scan *scan, const Buf *name)
{
	size_t found = scan->len;

	scan->at++;
	skip_blanks(scan);
	while (scan->at < scan->len && scan->text[scan->at] != '}')
	{
		bool same = take_key(scan, name);

		skip_blanks(scan);
		scan->at++; /* the colon */
		skip_blanks(scan);
		if (same)
			found = scan->at;
		skip_value(scan);
		skip_blanks(scan);
		if (scan->at < scan->len && scan->text[scan->at] == ',')
			scan->at++;
		skip_blanks(scan);
	}
	scan->at = found;
}

static void
enter_array(Scan *scan, size_t index)
{
	scan->at++;
	for (; index > 0 && scan->at < scan->len; index--)
	{
		skip_value(scan);
		skip_blanks(scan);
		scan->at++; /* the comma */
	}
	skip_blanks(scan);
}

/* The text of what the pointer leads to, which is there. */
static void
find_text(Scan *scan, const char *pointer)
{
	Buf name = {0};
	size_t index;
	size_t begin;

	skip_blanks(scan);
	while (*pointer != '\0' && scan->at < scan->len)
	{
		next_name(&pointer, &name);
		if (scan->text[scan->at] == '{')
			enter_object(scan, &name);
		else if (read_index(&name, &index))
			enter_array(scan, index);
	}
	buf_free(&name);
	begin = scan->at;
	skip_value(scan);
	scan->text += begin;
	scan->len = scan->at - begin;
}

/* The same without the blanks between its tokens. */
static void
set_compact(Value *out, const char *text, size_t len)
{
	Buf compact = {0};

	json_compact(&compact, text, len);
	value_set_text(out, compact.data, compact.len);
	buf_free(&compact);
}

static void
set_from(Value *out, const json_t *json, const char *text, size_t len,
		 const char *pointer)
{
	Scan scan = {.text = text, .len = len};

	switch (json_typeof(json))
	{
		case JSON_STRING:
			value_set_text(out, json_string_value(json),
						   json_string_length(json));
			break;
		case JSON_TRUE:
		case JSON_FALSE:
			value_set_bool(out, json_is_true(json));
			break;
		case JSON_NULL:
			value_set_null(out);
			break;
		case JSON_INTEGER:
		case JSON_REAL:
			find_text(&scan, pointer);
			value_set_number(out, scan.text, scan.len);
			break;
		case JSON_OBJECT:
		case JSON_ARRAY:
			find_text(&scan, pointer);
			set_compact(out, scan.text, scan.len);
			break;
	}
}

bool
json_to_value(const char *text, size_t len, const char *pointer, Value *out,
			  Err *err)
{
	json_t *root = json_read(text, len, err);
	json_t *found = NULL;
	bool fine;

	if (root == NULL)
		return false;
	fine = json_pointer_get(root, pointer, &found, err);
	if (fine && found != NULL)
		set_from(out, found, text, len, pointer);
	else if (fine)
		value_set_null(out);
	json_decref(root);
	return fine;
}
