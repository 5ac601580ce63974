/*
 * test_value.c
 *		Values: kinds, spellings of numbers, and what they print as.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

#include "tap.h"

/* The value's text, in a buffer of this function's own. */
static const char *
shown(const Value *value)
{
	static char text[256];
	char scratch[VALUE_SCRATCH];
	size_t len;
	const char *got = value_text(value, scratch, &len);

	if (got == NULL)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int) len, got);
	return text;
}

static void
test_numbers(void)
{
	static const struct
	{
		const char *text;
		ValueKind kind;
		bool keeps; /* its spelling */
	} cases[] = {{"0", VALUE_INT, false},
				 {"-7", VALUE_INT, false},
				 {"9223372036854775807", VALUE_INT, false},
				 {"-9223372036854775808", VALUE_INT, false},
				 {"9223372036854775808", VALUE_DOUBLE, true},
				 {"-9223372036854775809", VALUE_DOUBLE, true},
				 {"007", VALUE_INT, true},
				 {"+1", VALUE_INT, true},
				 {"-0", VALUE_INT, true},
				 {"1.50", VALUE_DOUBLE, true},
				 {".5", VALUE_DOUBLE, true},
				 {"5.", VALUE_DOUBLE, true},
				 {"1e400", VALUE_TEXT, true},
				 {"1e3", VALUE_DOUBLE, true},
				 {"NaN", VALUE_DOUBLE, true},
				 {"-Infinity", VALUE_DOUBLE, true},
				 {"nan", VALUE_TEXT, true},
				 {"0x10", VALUE_TEXT, true},
				 {"1 ", VALUE_TEXT, true},
				 {"", VALUE_TEXT, false},
				 {"-", VALUE_TEXT, true},
				 {".", VALUE_TEXT, true},
				 {"1e", VALUE_TEXT, true},
				 {"abc", VALUE_TEXT, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Value value = {0};

		value_set_number(&value, cases[i].text, strlen(cases[i].text));
		is_str(value_kind_name(value.kind), value_kind_name(cases[i].kind),
			   "\"%s\" is a %s", cases[i].text,
			   value_kind_name(cases[i].kind));
		is_i64(value.len > 0, cases[i].keeps, "\"%s\": spelling %s",
			   cases[i].text, cases[i].keeps ? "kept" : "not kept");
		is_str(shown(&value), cases[i].text, "\"%s\" prints as it was",
			   cases[i].text);
		value_clear(&value);
	}
}

static void
test_doubles(void)
{
	static const struct
	{
		double number;
		const char *text;
	} cases[] = {{0.1, "0.1"},
				 {0.1 + 0.2, "0.30000000000000004"},
				 {3, "3"},
				 {-0.0, "-0"},
				 {1e21, "1e+21"},
				 {1.0 / 3, "0.3333333333333333"},
				 {INFINITY, "Infinity"},
				 {-INFINITY, "-Infinity"},
				 {NAN, "NaN"},
				 {5e-324, "4.94065645841247e-324"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Value value = {0};

		value_set_double(&value, cases[i].number);
		is_str(shown(&value), cases[i].text, "the double %s", cases[i].text);
		if (!isnan(cases[i].number))
			is_dbl(strtod(shown(&value), NULL), cases[i].number, 0,
				   "%s reads back the same", cases[i].text);
		value_clear(&value);
	}
}

static void
test_setting(void)
{
	Value value = {0};
	Value other = {0};
	char *memory;

	is_str(shown(&value), NULL, "zero bytes are a null");
	value_set_text(&value, "a longer text than before", 25);
	memory = value.text;
	value_set_text(&value, "short", 5);
	ok(value.text == memory, "setting again uses the same memory");
	value_set_bool(&value, true);
	is_str(shown(&value), "true", "a boolean prints as a word");
	value_set_int(&value, INT64_MIN);
	is_str(shown(&value), "-9223372036854775808", "the least integer prints");

	value_set_number(&value, "1.50", 4);
	value_copy(&other, &value);
	is_str(shown(&other), "1.50", "a copy keeps the spelling");
	ok(other.text != value.text, "a copy has memory of its own");
	value_set_double(&value, 1.5);
	is_str(shown(&value), "1.5", "a new double forgets the old spelling");
	value_set_null(&value);
	value_copy(&other, &value);
	is_str(shown(&other), NULL, "a copied null is null");

	value_set_text(&value, "a\0b", 3);
	is_i64((int64_t) value.len, 3, "a text may hold a NUL byte");
	value_set_text(&value, value.text + 2, 1);
	is_str(shown(&value), "b", "a value may be set from its own text");
	value_copy(&value, &value);
	is_str(shown(&value), "b", "a value may be copied onto itself");
	value_clear(&value);
	value_clear(&other);
	is_str(shown(&value), NULL, "a cleared value is null");
}

int
main(void)
{
	test_numbers();
	test_doubles();
	test_setting();
	return done_testing();
}
