/*
 * test_json_pointer.c
 *		JSON pointers: RFC 6901's own examples, numbers of any size, errors.
 */
#include <stdlib.h>
#include <string.h>

#include "json_pointer.h"

#include "tap.h"

/* "kind text", "null", or the error. */
static const char *
find(const char *text, const char *pointer)
{
	static char result[1024];
	char scratch[VALUE_SCRATCH];
	char *copy = malloc(strlen(text) + 1);
	Value value = {0};
	Err err = {0};
	size_t len = strlen(text);

	/* without the NUL, so that the sanitizer sees a read too far */
	memcpy(copy, text, len);
	copy = realloc(copy, len > 0 ? len : 1);
	if (!json_to_value(copy, len, pointer, &value, &err))
		snprintf(result, sizeof(result), "error: %s", err.message);
	else
	{
		const char *shown = value_text(&value, scratch, &len);

		snprintf(result, sizeof(result), "%s%s%s", value_kind_name(value.kind),
				 shown != NULL ? " " : "", shown != NULL ? shown : "");
	}
	value_clear(&value);
	free(copy);
	return result;
}

typedef struct Case
{
	const char *text;
	const char *pointer;
	const char *want;
} Case;

/* RFC 6901, section 5 */
static const char rfc[] =
	"{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2,"
	" \"e^f\": 3, \"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8}";

static const Case cases[] = {
	{rfc, "/foo", "text [\"bar\",\"baz\"]"},
	{rfc, "/foo/0", "text bar"},
	{rfc, "/", "integer 0"},
	{rfc, "/a~1b", "integer 1"},
	{rfc, "/c%d", "integer 2"},
	{rfc, "/e^f", "integer 3"},
	{rfc, "/g|h", "integer 4"},
	{rfc, "/i\\j", "integer 5"},
	{rfc, "/k\"l", "integer 6"},
	{rfc, "/ ", "integer 7"},
	{rfc, "/m~0n", "integer 8"},
	{rfc, "/nothing", "null"},
	{rfc, "/foo/2", "null"},
	{rfc, "/foo/-", "null"},
	{rfc, "/foo/00", "null"},
	{rfc, "/foo/bar", "null"},
	{rfc, "/foo/0/x", "null"},
	{rfc, "foo",
	 "error: \"foo\" is not a JSON pointer: it does not begin with a slash"},
	{rfc, "/a~2b",
	 "error: \"/a~2b\" is not a JSON pointer: a tilde must be followed by 0 or 1"},
	{"5", "", "integer 5"},
	{" \"x\" ", "", "text x"},
	{"true", "", "boolean true"},
	{"false", "", "boolean false"},
	{"null", "", "null"},
	{"{\"a\": null}", "/a", "null"},
	{" [ 1 , { \"a\" : [ ] , \"b c\" : \" x \" } ] ", "",
	 "text [1,{\"a\":[],\"b c\":\" x \"}]"},
	{"[1.50]", "/0", "double 1.50"},
	{"[1.0]", "/0", "double 1.0"},
	{"[-0]", "/0", "integer -0"},
	{"[1e3, 2]", "/0", "double 1e3"},
	{"[1e400]", "/0", "text 1e400"},
	{"[12345678901234567890123]", "/0", "double 12345678901234567890123"},
	{"[9223372036854775807]", "/0", "integer 9223372036854775807"},
	{"[9223372036854775808]", "/0", "double 9223372036854775808"},
	{"[0.1000000000000000055511151231257827]", "/0",
	 "double 0.1000000000000000055511151231257827"},
	{"{\"big\": 123456789012345678901, \"a\": [1, 2.50, {\"x\": 1E+2}]}", "/a",
	 "text [1,2.50,{\"x\":1E+2}]"},
	{"{\"big\": 123456789012345678901, \"s\": \"123456789012345678901\"}",
	 "/s", "text 123456789012345678901"},
	{"{\"a\": 1, \"a\": 2.0}", "/a", "double 2.0"},
	{"{\"\\u0061\": 2.0, \"b\": {\"]\": [1.0]}}", "/a", "double 2.0"},
	{"{\"\\u0061\": 2.0, \"b\": {\"]\": [\"}\", 1.0]}}", "/b/]/1",
	 "double 1.0"},
	{"[[[1.0], [2.0, 3.0]], [4.0]]", "/0/1/1", "double 3.0"},
	{"[[[1.0], [2.0, 3.0]], [4.0]]", "/1/0", "double 4.0"},
	{"[{}, [], \"\", 5.0]", "/3", "double 5.0"},
	{"\"a\\u0000b\"", "", "text a"},
	{"[\"\\ud83d\\ude00\"]", "/0", "text \xf0\x9f\x98\x80"},
	{"", "", "error: the text is empty, not JSON"},
	{"<html>", "",
	 "error: the text is not JSON: invalid token near '<' (line 1, byte 1)"},
	{"{\"a\":\n 01}", "/a",
	 "error: the text is not JSON: invalid token near '0' (line 2, byte 8)"},
	{"[1, 123456789012345678901234567890,\n }", "",
	 "error: the text is not JSON: unexpected token near '}' (line 2, byte 38)"},
	{"[1] x", "",
	 "error: the text is not JSON: end of file expected near 'x' (line 1, byte 5)"},
	{"[\"\xff\"]", "",
	 "error: the text is not JSON: unable to decode byte 0xff near '\"' (line 1, byte 2)"},
	{"[1", "",
	 "error: the text is not JSON: ']' expected near end of file (line 1, byte 2)"},
	{"[1e999999999999999999999, -]", "",
	 "error: the text is not JSON: invalid token near '-' (line 1, byte 27)"}};

static void
test_get(void)
{
	json_t *root = json_loads(rfc, 0, NULL);
	json_t *found = NULL;
	Err err = {0};

	ok(json_pointer_get(root, "/foo/1", &found, &err),
	   "a pointer is followed");
	is_str(json_string_value(found), "baz", "to what it points to");
	ok(json_pointer_get(root, "/foo/9", &found, &err) && found == NULL,
	   "nothing there is no error");
	ok(json_pointer_get(root, "", &found, &err) && found == root,
	   "the empty pointer is the whole");
	ok(!json_pointer_get(root, "$.foo", &found, &err) && found == NULL,
	   "a JSONPath is none");
	ok(strstr(err.hint, "JSONPath") != NULL, "and the hint says so");
	json_decref(root);
}

/* A NUL byte is nowhere right in JSON, though jansson lets some pass. */
static void
test_nul(void)
{
	Value value = {0};
	Err err = {0};

	ok(!json_to_value("[1\0, 2]", 7, "/1", &value, &err),
	   "a NUL byte behind a number is refused");
	is_str(err.message, "the text is not JSON: NUL at byte 3",
		   "with its place");
	value_clear(&value);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(find(cases[i].text, cases[i].pointer), cases[i].want,
			   "\"%s\" of %.40s", cases[i].pointer,
			   strchr(cases[i].text, '\n') ? "several lines" : cases[i].text);
	test_get();
	test_nul();
	return done_testing();
}
