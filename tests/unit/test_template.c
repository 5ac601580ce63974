/*
 * test_template.c
 *		Templates: what each form makes of each kind of value.
 */
#include "plan_helper.h"

#include "tap.h"

/* One part of this form, filled with the value; the text or the error. */
static const char *
fill(PartForm form, const Value *value)
{
	static char result[2048];
	Symbols symbols = {0};
	Part part = {.form = form, .bind = 1, .line = 4, .column = 5};
	Template template = {.parts = &part, .nparts = 1};
	Vars vars;
	Buf out = {0};
	Err err = {0};

	part.symbol = symbols_intern(&symbols, "v", 1);
	vars_init(&vars, &symbols, NULL);
	if (value != NULL)
		value_copy(vars_set(&vars, part.symbol), value);
	if (template_expand(&template, &vars, true, &out, &err))
		snprintf(result, sizeof(result), "%s", out.data);
	else
		snprintf(result, sizeof(result), "%d:%d: %s", err.line, err.column,
				 err.message);
	buf_free(&out);
	vars_clear(&vars);
	symbols_free(&symbols);
	return result;
}

static const char *
fill_text(PartForm form, const char *text, size_t len)
{
	Value value = {0};
	const char *result;

	value_set_text(&value, text, len);
	result = fill(form, &value);
	value_clear(&value);
	return result;
}

typedef struct Case
{
	PartForm form;
	const char *text;
	const char *want;
} Case;

static void
test_texts(void)
{
	static const Case cases[] = {
		{PART_BIND, "O'Brien", "O'Brien"},
		{PART_LITERAL, "O'Brien", "'O''Brien'"},
		{PART_LITERAL, "a\\'b", " E'a\\\\''b'"},
		{PART_LITERAL, "", "''"},
		{PART_LITERAL, "\xff", "4:5: variable \"v\" is not valid UTF-8"},
		{PART_IDENTIFIER, "a\"b", "\"a\"\"b\""},
		{PART_IDENTIFIER, "",
		 "4:5: variable \"v\" is empty, which is no identifier"},
		{PART_PASTE, "a b", "a b"},
		{PART_URL, "a b/c?d=é&~", "a%20b%2Fc%3Fd%3D%C3%A9%26~"},
		{PART_URL, "", ""},
		{PART_URL_START, "http://h:1/x?y", "http://h:1/x?y"},
		{PART_URL_START, "http://h x",
		 "4:5: variable \"v\" has a blank or a control character, which cannot stand in a URL"},
		{PART_URL_START, "",
		 "4:5: variable \"v\" is empty or null, but the URL begins with it"},
		{PART_HEADER, "a\tb", "a\tb"},
		{PART_HEADER, "a\r\nX-Evil: 1",
		 "4:5: variable \"v\" has a line end or NUL byte, which cannot stand in a header"},
		{PART_HEADER, "a\nb",
		 "4:5: variable \"v\" has a line end or NUL byte, which cannot stand in a header"},
		{PART_JSON, "a\"\\\n\x01é", "\"a\\\"\\\\\\n\\u0001é\""},
		{PART_JSON, "5", "\"5\""},
		{PART_JSON, "\xc3", "4:5: variable \"v\" is not valid UTF-8"},
		{PART_JSON_TEXT, "a\"b", "a\\\"b"},
		{PART_JSON_TEXT, "", ""},
		{PART_SHELL, "plain-1.5_x/y", "plain-1.5_x/y"},
		{PART_SHELL, "", "''"},
		{PART_SHELL, "a b", "'a b'"},
		{PART_SHELL, "$(rm -rf x)", "'$(rm -rf x)'"},
		{PART_SHELL, "it's", "'it'\\''s'"},
		{PART_SHELL, "a\nb", "'a\nb'"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(fill_text(cases[i].form, cases[i].text, strlen(cases[i].text)),
			   cases[i].want, "form %d of \"%s\"", cases[i].form,
			   cases[i].text);
	is_str(fill_text(PART_LITERAL, "a\0b", 3),
		   "4:5: variable \"v\" has a NUL byte, which cannot be sent as text",
		   "a NUL byte is refused in a literal");
	is_str(fill_text(PART_BIND, "a\0b", 3),
		   "4:5: variable \"v\" has a NUL byte, which cannot be sent as text",
		   "and in pasted SQL");
	is_str(fill_text(PART_URL, "a\0b", 3), "a%00b", "a URL can say it");
	is_str(fill_text(PART_JSON, "a\0b", 3), "\"a\\u0000b\"",
		   "JSON can say it");
}

static void
test_nulls(void)
{
	static const Case cases[] = {
		{PART_BIND, NULL, "NULL"},
		{PART_LITERAL, NULL, "NULL"},
		{PART_IDENTIFIER, NULL,
		 "4:5: variable \"v\" is null, which is no identifier"},
		{PART_PASTE, NULL, ""},
		{PART_URL, NULL,
		 "4:5: variable \"v\" is null, which cannot stand in a URL"},
		{PART_URL_START, NULL,
		 "4:5: variable \"v\" is empty or null, but the URL begins with it"},
		{PART_HEADER, NULL,
		 "4:5: variable \"v\" is null, which cannot stand in a header"},
		{PART_JSON, NULL, "null"},
		{PART_JSON_TEXT, NULL,
		 "4:5: variable \"v\" is null, which cannot stand inside a JSON string"},
		{PART_SHELL, NULL, "''"}};
	Value null = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(fill(cases[i].form, &null), cases[i].want, "form %d of null",
			   cases[i].form);
	is_str(fill(PART_LITERAL, NULL), "4:5: variable \"v\" is not set",
		   "a variable that is not set");
}

static void
test_json_kinds(void)
{
	Value value = {0};

	value_set_bool(&value, false);
	is_str(fill(PART_JSON, &value), "false", "a boolean in JSON");
	value_set_int(&value, -5);
	is_str(fill(PART_JSON, &value), "-5", "an integer in JSON");
	value_set_double(&value, 0.1);
	is_str(fill(PART_JSON, &value), "0.1", "a double in JSON");
	value_set_double(&value, INFINITY);
	is_str(fill(PART_JSON, &value),
		   "4:5: variable \"v\" is not a finite number, which JSON cannot say",
		   "no infinity in JSON");
	value_set_number(&value, "1.50", 4);
	is_str(fill(PART_JSON, &value), "1.50", "a number keeps its spelling");
	value_set_number(&value, "123456789012345678901234567890", 30);
	is_str(fill(PART_JSON, &value), "123456789012345678901234567890",
		   "and all its digits");
	value_set_number(&value, "+007", 4);
	is_str(fill(PART_JSON, &value), "7", "but not a spelling that JSON lacks");
	value_set_number(&value, ".5", 2);
	is_str(fill(PART_JSON, &value), "0.5", "nor this one");
	value_clear(&value);
}

/* One SQL statement of a plan, expanded with a = "x", n = -1, u unset. */
static const char *
expand_sql(const char *sql, bool paste, size_t max_bytes)
{
	static char result[2048];
	Err err;
	Plan *plan = plan_from(sql, true, &err);
	Vars vars;
	Buf out;

	if (plan == NULL)
	{
		snprintf(result, sizeof(result), "%s", err.message);
		return result;
	}
	vars_init(&vars, &plan->symbols, NULL);
	set_text(plan, &vars, "a", "x");
	set_text(plan, &vars, "n", "-1");
	buf_init(&out, max_bytes);
	if (template_expand(&plan->bodies[0].steps[0].sql.text, &vars, paste, &out,
						&err))
		snprintf(result, sizeof(result), "%s", out.data);
	else
		snprintf(result, sizeof(result), "%s", err.message);
	buf_free(&out);
	vars_clear(&vars);
	plan_free(plan);
	return result;
}

static void
test_sql(void)
{
	is_str(expand_sql("SELECT :a, :n + :a", false, 0), "SELECT $1, $2 + $3",
		   "every mention is a parameter of its own");
	is_str(expand_sql("SELECT :a, :n", true, 0), "SELECT x, -1",
		   "pasted as text");
	is_str(expand_sql("SELECT 5-:n", true, 0), "SELECT 5- -1",
		   "a pasted minus never begins a comment");
	is_str(expand_sql("SELECT :'a', :\"a\", :u", false, 0),
		   "SELECT 'x', \"x\", $1",
		   "an unset parameter is not looked at here");
	is_str(expand_sql("SELECT :u", true, 0), "variable \"u\" is not set",
		   "but it is when pasted");
	is_str(expand_sql("SELECT :'a'", false, 8),
		   "the text with its variables is longer than 8 bytes",
		   "a limit is kept");
}

static void
test_fixed(void)
{
	Err err;
	Plan *plan = plan_from(
		"SELECT :a, 1;\nSELECT :'a';\nSELECT 1;\nSELECT :b, 1;", true, &err);
	const PlanStep *steps = plan->bodies[0].steps;

	ok(steps[0].sql.text.is_fixed, "binds leave the text fixed");
	is_str(steps[0].sql.text.fixed_text, "SELECT $1, 1", "and this is it");
	ok(!steps[1].sql.text.is_fixed, "a pasted literal does not");
	is_str(steps[2].sql.text.fixed_text, "SELECT 1", "a plain text is fixed");
	is_i64(steps[3].sql.id, steps[0].sql.id,
		   "the same text has the same number");
	ok(steps[1].sql.id != steps[0].sql.id &&
		   steps[2].sql.id != steps[0].sql.id &&
		   steps[1].sql.id != steps[2].sql.id,
	   "other texts have others");
	is_i64(plan->nstatements, 3, "three statements are numbered");
	is_i64(steps[3].sql.bind_symbols[0], symbols_find(&plan->symbols, "b", 1),
		   "with the same text, each step has its own variables");
	plan_free(plan);
}

/* One template of the plan's first step, with a = q" x and http = http://h */
static const char *
expand_http(const char *text, bool url)
{
	static char result[2048];
	Err err;
	Plan *plan = plan_from(text, true, &err);
	const PlanHttp *http;
	Vars vars;
	Buf out = {0};

	if (plan == NULL)
	{
		snprintf(result, sizeof(result), "%s", err.message);
		return result;
	}
	http = &plan->bodies[0].steps[0].http;
	vars_init(&vars, &plan->symbols, NULL);
	set_text(plan, &vars, "a", "q\" x");
	set_text(plan, &vars, "http", "http://h");
	if (template_expand(url ? &http->url : &http->body, &vars, true, &out,
						&err))
		snprintf(result, sizeof(result), "%s", out.data);
	else
		snprintf(result, sizeof(result), "%s", err.message);
	buf_free(&out);
	vars_clear(&vars);
	plan_free(plan);
	return result;
}

static void
test_http(void)
{
	is_str(expand_http("\\http q GET :http/:a?x=:{a}y", true),
		   "http://h/q%22%20x?x=q%22%20xy",
		   "a URL begins with one variable and has others in it");
	is_str(expand_http("\\http q GET http://h/a\\:a::a", true),
		   "http://h/a:a::a", "colons that begin no variable");
	is_str(
		expand_http(
			"\\http q POST http://h/ json={\"a\": :a, \"b\":\"x :{a} :a\", \"c\":true}",
			false),
		"{\"a\": \"q\\\" x\", \"b\":\"x q\\\" x :a\", \"c\":true}",
		"a JSON body, values and parts of strings");
	is_str(expand_http("\\http q POST http://h/ body=\"a=:a\\n::{a}\"", false),
		   "a=q\" x\n:q\" x", "a body of text");
}

int
main(void)
{
	test_http();
	test_texts();
	test_nulls();
	test_json_kinds();
	test_sql();
	test_fixed();
	return done_testing();
}
