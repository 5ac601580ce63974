/*
 * json_in.c
 *	  Values taken out of a JSON document, checked.
 */
#include "json_in.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define MAX_SECONDS 9e9 /* as nanoseconds they still are an int64_t */

json_t *
json_in_file(const char *path, Err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "r");
	json_error_t error;
	json_t *root;

	if (file == NULL)
	{
		err_set(err, ERR_USAGE, "cannot read \"%.300s\": %s", path,
				strerror(errno));
		return NULL;
	}
	errno = 0;
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL && ferror(file))
		err_set(err, ERR_USAGE, "cannot read \"%.300s\": %s", path,
				errno != 0 ? strerror(errno) : "input/output error");
	else if (root == NULL)
	{
		/* the library's last words are what it stood before: "near '}'" */
		err_set(err, ERR_USAGE, "this is no whole JSON document: %s",
				error.text);
		err_hint(err, "was it cut, or is it something else?");
		snprintf(err->file, sizeof(err->file), "%s",
				 is_stdin ? "<stdin>" : path);
		err->line = error.line > 0 ? error.line : 1;
		err->column = error.column > 0 ? error.column : 1;
	}
	if (!is_stdin)
		fclose(file);
	return root;
}

void
json_in_wrong(JsonIn *in, const char *key, const char *what)
{
	if (in->failed)
		return;
	in->failed = true;
	err_set(in->err, ERR_USAGE, "%.300s: %s%s%s %s", in->name, in->place,
			in->place[0] != '\0' && key[0] != '\0' ? "." : "", key, what);
	err_hint(in->err, "it was damaged or changed since it was saved");
}

static json_t *
get(JsonIn *in, json_t *from, const char *key, bool is_needed)
{
	json_t *value = json_object_get(from, key);

	if (value != NULL && !json_is_null(value))
		return value;
	if (is_needed)
		json_in_wrong(in, key, "is missing");
	return NULL;
}

static json_t *
get_object(JsonIn *in, json_t *from, const char *key, bool is_needed)
{
	json_t *value = get(in, from, key, is_needed);

	if (value == NULL || json_is_object(value))
		return value;
	json_in_wrong(in, key, "is no object");
	return NULL;
}

static json_t *
get_array(JsonIn *in, json_t *from, const char *key, bool is_needed)
{
	json_t *value = get(in, from, key, is_needed);

	if (value == NULL || json_is_array(value))
		return value;
	json_in_wrong(in, key, "is no array");
	return NULL;
}

static const char *
get_string(JsonIn *in, json_t *from, const char *key, bool is_needed)
{
	json_t *value = get(in, from, key, is_needed);

	if (value == NULL || json_is_string(value))
		return json_string_value(value);
	json_in_wrong(in, key, "is no text");
	return NULL;
}

json_t *
json_in_object(JsonIn *in, json_t *from, const char *key)
{
	return get_object(in, from, key, true);
}

json_t *
json_in_array(JsonIn *in, json_t *from, const char *key)
{
	return get_array(in, from, key, true);
}

json_t *
json_in_object_or_none(JsonIn *in, json_t *from, const char *key)
{
	return get_object(in, from, key, false);
}

json_t *
json_in_array_or_none(JsonIn *in, json_t *from, const char *key)
{
	return get_array(in, from, key, false);
}

const char *
json_in_string(JsonIn *in, json_t *from, const char *key)
{
	const char *text = get_string(in, from, key, true);

	return text != NULL ? text : "";
}

const char *
json_in_string_or_none(JsonIn *in, json_t *from, const char *key)
{
	return get_string(in, from, key, false);
}

static int64_t
to_count(JsonIn *in, json_t *value, const char *key, int64_t most)
{
	int64_t number = json_integer_value(value);

	if (json_is_integer(value) && number >= 0 && number <= most)
		return number;
	json_in_wrong(in, key,
				  json_is_integer(value) ? "is out of range"
										 : "is no whole number");
	return 0;
}

int64_t
json_in_count(JsonIn *in, json_t *from, const char *key, int64_t most)
{
	json_t *value = get(in, from, key, true);

	return value != NULL ? to_count(in, value, key, most) : 0;
}

int64_t
json_in_count_or(JsonIn *in, json_t *from, const char *key, int64_t most,
				 int64_t otherwise)
{
	json_t *value = get(in, from, key, false);

	return value != NULL ? to_count(in, value, key, most) : otherwise;
}

int64_t
json_in_seconds(JsonIn *in, json_t *value, const char *key)
{
	double seconds = json_number_value(value);

	if (json_is_number(value) && fabs(seconds) < MAX_SECONDS)
		return llround(seconds * 1e9);
	json_in_wrong(in, key,
				  json_is_number(value) ? "is out of range" : "is no number");
	return 0;
}

int64_t
json_in_ns(JsonIn *in, json_t *from, const char *key)
{
	json_t *value = get(in, from, key, true);

	return value != NULL ? json_in_seconds(in, value, key) : 0;
}

int64_t
json_in_ns_or(JsonIn *in, json_t *from, const char *key, int64_t otherwise)
{
	json_t *value = get(in, from, key, false);

	return value != NULL ? json_in_seconds(in, value, key) : otherwise;
}

double
json_in_real(JsonIn *in, json_t *from, const char *key)
{
	json_t *value = get(in, from, key, true);
	double number = json_number_value(value);

	if (value == NULL ||
		(json_is_number(value) && number >= 0 && number <= JSON_IN_MOST))
		return number;
	json_in_wrong(in, key,
				  json_is_number(value) ? "is out of range" : "is no number");
	return 0;
}

bool
json_in_bool_or(JsonIn *in, json_t *from, const char *key, bool otherwise)
{
	json_t *value = get(in, from, key, false);

	if (value == NULL)
		return otherwise;
	if (!json_is_boolean(value))
		json_in_wrong(in, key, "is neither true nor false");
	return json_is_true(value);
}

int
json_in_word(JsonIn *in, json_t *from, const char *key,
			 const char *(*word)(int), int nwords)
{
	const char *text = json_in_string(in, from, key);

	for (int i = 0; i < nwords; i++)
		if (strcmp(word(i), text) == 0)
			return i;
	json_in_wrong(in, key, "is none of the words that this version knows");
	return nwords;
}
