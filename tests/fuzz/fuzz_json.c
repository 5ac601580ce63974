/*
 * fuzz_json.c
 *		Any bytes as JSON behind a pointer: the first line is the pointer.
 *
 * What is found must be JSON or text, and finding it again must give the
 * same.
 */
#include <string.h>

#include "fuzz.h"
#include "json_pointer.h"

/* Is what the pointer leads to an object or a list, in jansson's eyes? */
static bool
finds_container(const char *text, size_t len, const char *pointer)
{
	json_t *root = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	json_t *found = NULL;
	bool is_container;

	is_container = root != NULL &&
				   json_pointer_get(root, pointer, &found, NULL) &&
				   (json_is_object(found) || json_is_array(found));
	json_decref(root);
	return is_container;
}

/* The text of a container is JSON, and has no blanks to take out any more. */
static void
check_container(const Value *value)
{
	Value again = {0};
	Err err = {0};

	if (!json_to_value(value->text, value->len, "", &again, &err) ||
		again.len != value->len ||
		memcmp(again.text, value->text, value->len) != 0)
		abort();
	value_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line_end = memchr(data, '\n', size);
	char pointer[64] = "";
	char *text;
	size_t len;
	Value value = {0};
	Err err = {0};

	if (line_end == NULL || (size_t) (line_end - data) >= sizeof(pointer))
		return 0;
	memcpy(pointer, data, (size_t) (line_end - data));
	/* a copy of its own, so that reading past its end is noticed */
	len = size - (size_t) (line_end - data) - 1;
	text = malloc(len > 0 ? len : 1);
	memcpy(text, line_end + 1, len);
	if (json_to_value(text, len, pointer, &value, &err))
	{
		if (finds_container(text, len, pointer))
			check_container(&value);
	}
	else if (err.message[0] == '\0')
		abort();
	value_clear(&value);
	free(text);
	return 0;
}
