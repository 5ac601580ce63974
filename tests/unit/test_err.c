/*
 * test_err.c
 *	  Errors as values, and the buffer and memory helpers below them.
 */
#include "err.h"

#include <stdlib.h>

#include "buf.h"
#include "mem.h"
#include "tap.h"
#include "utf8.h"

/* What err_print writes; the caller frees it. */
static char *
printed(const char *level, const Err *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	err_print(out, level, err);
	fclose(out);
	return text;
}

static void
is_printed(const Err *err, const char *want, const char *name)
{
	char *got = printed("error", err);

	is_str(got, want, "%s", name);
	free(got);
}

static void
test_set(void)
{
	Err err = {.line = 7, .hint = "old"};

	ok(!err_set(&err, ERR_SQL, "value \"%d\"", 5), "err_set returns false");
	is_i64(err.kind, ERR_SQL, "the kind is set");
	is_str(err.message, "value \"5\"", "the message is formatted");
	ok(err.line == 0 && err.hint[0] == '\0', "everything else is forgotten");
	err_hint(&err, "try %s", "this");
	is_str(err.hint, "try this", "a hint is added");
	err_prefix(&err, "task %s: ", "t1");
	is_str(err.message, "task t1: value \"5\"", "a prefix goes in front");
	err_set(&err, ERR_HTTP, "%s again", err.message);
	is_str(err.message, "task t1: value \"5\" again",
		   "a message may be made from itself");
	err_clear(&err);
	ok(err.kind == ERR_NONE && err.message[0] == '\0', "err_clear forgets");
	ok(!err_set(NULL, ERR_IO, "x"), "a null err is allowed");
	err_hint(NULL, "x");
	err_prefix(NULL, "x");
	err_clear(NULL);
}

static void
test_long(void)
{
	Err err;
	char text[2000];
	size_t len;
	uint32_t code;

	/* two bytes a character, from an odd place: the limit falls inside one */
	for (int odd = 0; odd < 2; odd++)
	{
		memset(text, 0, sizeof(text));
		for (int i = odd; i < 1900; i += 2)
			memcpy(text + i, "\xC3\xA4", 2);
		if (odd)
			text[0] = 'x';
		err_set(&err, ERR_IO, "%s", text);
		len = strlen(err.message);
		ok(len > 700 && utf8_decode(err.message + len - 2, 2, &code) == 2,
		   "a long message ends with a whole character (%d)", odd);
	}
	err_set(&err, ERR_IO, "m");
	memset(text, 'p', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_prefix(&err, "%s", text);
	is_i64((int64_t) strlen(err.message), sizeof(err.message) - 1,
		   "a long prefix fills the message and no more");
}

static void
test_print(void)
{
	Err err = {.kind = ERR_PLAN};

	err_set(&err, ERR_PLAN, "unknown command \"\\sqll\"");
	is_printed(&err, "asyncdemo: error: unknown command \"\\sqll\"\n",
			   "a message alone");
	strcpy(err.file, "plan.sql");
	is_printed(&err,
			   "asyncdemo: error: plan.sql: unknown command \"\\sqll\"\n",
			   "a file without a line");
	err.line = 12;
	err.column = 3;
	strcpy(err.excerpt, "  \\sqll x");
	err.caret = 2;
	err_hint(&err, "did you mean \"\\sql\"?");
	is_printed(&err,
			   "asyncdemo: error: plan.sql:12:3: unknown command \"\\sqll\"\n"
			   "    \\sqll x\n"
			   "    ^\n"
			   "  hint: did you mean \"\\sql\"?\n",
			   "a place, its line with a caret, and the hint");
	strcpy(err.excerpt, "\xC3\xA4\xC3\xA4 x\x1b");
	err.caret = 5;
	err.hint[0] = '\0';
	is_printed(&err,
			   "asyncdemo: error: plan.sql:12:3: unknown command \"\\sqll\"\n"
			   "  \xC3\xA4\xC3\xA4 x?\n"
			   "     ^\n",
			   "the caret counts characters, the excerpt hides controls");
}

static void
test_print_safe(void)
{
	Err err;

	err_set(&err, ERR_SQL, "a\n\tb\x1b[31m \xC2\x9B \xFF \x7F\n");
	is_printed(&err, "asyncdemo: error: a b\\x1B[31m \\xC2\\x9B \\xFF \\x7F\n",
			   "line ends become blanks, control characters are escaped");
	err_set(&err, ERR_SQL, "%s", "");
	is_printed(&err, "asyncdemo: error: \n", "an empty message");
}

static void
test_kind_names(void)
{
	is_str(err_kind_name(ERR_TIMEOUT), "timeout", "kinds have words");
	for (int i = ERR_NONE; i <= ERR_IO; i++)
		for (int k = ERR_NONE; k < i; k++)
			if (strcmp(err_kind_name((ErrKind) i),
					   err_kind_name((ErrKind) k)) == 0)
				ok(false, "kinds %d and %d have the same word", i, k);
}

static void
test_nearest(void)
{
	static const char *const names[] = {"http",	   "sleep", "gather",
										"timeout", "set",	"json"};
	const int n = 6;
	char word[200];

	is_str(err_nearest("htttp", names, n), "http", "one letter too many");
	is_str(err_nearest("slep", names, n), "sleep", "one letter missing");
	is_str(err_nearest("gahter", names, n), "gather", "two letters swapped");
	is_str(err_nearest("timoeut", names, n), "timeout", "swapped again");
	is_str(err_nearest("http", names, n), "http", "the word itself");
	is_str(err_nearest("josn", names, n), "json",
		   "a swap counts once, so four letters are enough");
	is_str(err_nearest("xx", names, n), NULL, "nothing near two letters");
	is_str(err_nearest("banana", names, n), NULL, "nothing near");
	is_str(err_nearest("", names, n), NULL, "nothing near an empty word");
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	is_str(err_nearest(word, names, n), NULL, "a very long word is no guess");
}

static void
test_buf(void)
{
	Buf buf;
	Buf zero = {0};
	char text[1000];

	buf_init(&buf, 10);
	buf_puts(&buf, "12345");
	buf_printf(&buf, "%s", "678");
	is_str(buf.data, "12345678", "appending");
	ok(!buf.overflow, "within the limit");
	buf_puts(&buf, "9abc");
	is_str(buf.data,
		   "12345678"
		   "9a",
		   "what fits is kept");
	ok(buf.overflow, "going over the limit is noted");
	buf_putc(&buf, 'x');
	is_i64((int64_t) buf.len, 10, "and nothing more is taken");
	buf_reset(&buf);
	ok(buf.len == 0 && !buf.overflow && buf.data[0] == '\0', "reset");
	buf_puts(&buf, "1234567890");
	ok(!buf.overflow, "exactly the limit is no overflow");
	buf_free(&buf);
	ok(buf.data == NULL && buf.max_bytes == 10, "freed, the limit stays");

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_printf(&zero, "%s!", text);
	ok(zero.len == sizeof(text) && zero.data[zero.len - 1] == '!',
	   "a zeroed buffer has no limit, long formats fit");
	buf_free(&zero);
}

static void
is_json(const char *text, size_t len, const char *want, const char *name)
{
	Buf buf = {0};

	buf_json_string(&buf, text, len);
	is_str(buf.data, want, "%s", name);
	buf_free(&buf);
}

static void
test_json(void)
{
	is_json("a\"b\\c/\n\t\x01\x7f", 10, "\"a\\\"b\\\\c/\\n\\t\\u0001\\u007f\"",
			"JSON escapes");
	is_json("", 0, "\"\"", "an empty JSON string");
	is_json("a\0b", 3, "\"a\\u0000b\"", "a NUL byte");
	is_json("\xC3\xA4\xF0\x9F\x98\x80", 6, "\"\xC3\xA4\xF0\x9F\x98\x80\"",
			"good UTF-8 stays");
	is_json("\xC3", 1, "\"\xEF\xBF\xBD\"", "a character cut off");
	is_json("\xC0\x80", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"", "overlong form");
	is_json("\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"",
			"a surrogate");
	is_json("\xF4\x90\x80\x80x", 5,
			"\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\"",
			"over the last code point");
}

static void
test_mem(void)
{
	char *zeroed = mem_alloc(100);
	char *copy = mem_strdup("copy");
	char *part = mem_strndup("abcdef", 3);
	char *dup = mem_dup("x\0y", 3);
	char *none = mem_alloc(0);
	int sum = 0;

	for (int i = 0; i < 100; i++)
		sum |= zeroed[i];
	is_i64(sum, 0, "new memory is zeroed");
	is_str(copy, "copy", "mem_strdup");
	is_str(part, "abc", "mem_strndup");
	ok(memcmp(dup, "x\0y", 3) == 0, "mem_dup");
	ok(none != NULL, "zero bytes are something");
	zeroed = mem_realloc(zeroed, 100000);
	zeroed[99999] = 'x';
	free(zeroed);
	free(copy);
	free(part);
	free(dup);
	free(none);
}

int
main(void)
{
	test_set();
	test_long();
	test_print();
	test_print_safe();
	test_kind_names();
	test_nearest();
	test_buf();
	test_json();
	test_mem();
	return done_testing();
}
