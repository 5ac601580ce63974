/*
 * test_expr.c
 *		Expressions: what they give, what they refuse, and where.
 *
 * The vectors of hash and permute are those of pgbench's documentation and of
 * pgbench 15 itself.
 */
#include "hash.h"
#include "plan_helper.h"

#include "tap.h"

#define SEED 1234

/* Evaluate "\set r EXPR" with a few variables set; "kind text" or the error.
 */
static const char *
eval(const char *text)
{
	static char result[1024];
	char plan_text[4096];
	char scratch[VALUE_SCRATCH];
	Value value = {0};
	RandomState random;
	Vars vars;
	Err err;
	Plan *plan;
	size_t len;

	snprintf(plan_text, sizeof(plan_text),
			 "\\set r %s\n\\echo :i :d :t :n :ten :nine :word :yes\n", text);
	plan = plan_from(plan_text, true, &err);
	if (plan == NULL)
	{
		snprintf(result, sizeof(result), "%d: %s", err.column - 7,
				 err.message);
		return result;
	}
	vars_init(&vars, &plan->symbols, NULL);
	value_set_int(vars_set(&vars, symbols_find(&plan->symbols, "i", 1)), 7);
	value_set_double(vars_set(&vars, symbols_find(&plan->symbols, "d", 1)),
					 2.5);
	value_set_null(vars_set(&vars, symbols_find(&plan->symbols, "n", 1)));
	set_text(plan, &vars, "t", "text");
	set_text(plan, &vars, "ten", "10");
	set_text(plan, &vars, "nine", " 9 ");
	set_text(plan, &vars, "word", "abc");
	set_text(plan, &vars, "yes", "yes");
	if (symbols_find(&plan->symbols, "default_seed", 12) >= 0)
		value_set_int(
			vars_set(&vars, symbols_find(&plan->symbols, "default_seed", 12)),
			SEED);
	random_seed(&random, 42);
	if (!expr_eval(plan->bodies[0].steps[0].set.expr, &vars, &random, &value,
				   &err))
		snprintf(result, sizeof(result), "%d: %s", err.column - 7,
				 err.message);
	else
	{
		const char *shown = value_text(&value, scratch, &len);

		snprintf(result, sizeof(result), "%s%s%s", value_kind_name(value.kind),
				 shown != NULL ? " " : "", shown != NULL ? shown : "");
	}
	value_clear(&value);
	vars_clear(&vars);
	plan_free(plan);
	return result;
}

typedef struct Case
{
	const char *text;
	const char *want;
} Case;

static void
run(const Case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		is_str(eval(cases[i].text), cases[i].want, "%s", cases[i].text);
}

#define RUN(cases) run(cases, sizeof(cases) / sizeof(cases[0]))

static void
test_operators(void)
{
	static const Case cases[] = {
		{"1 + 2 * 3", "integer 7"},
		{"(1 + 2) * 3", "integer 9"},
		{"2 - 3 - 4", "integer -5"},
		{"7 / 2", "integer 3"},
		{"-7 / 2", "integer -3"},
		{"7 / 2.0", "double 3.5"},
		{"7 % -2", "integer 1"},
		{"7.5 % 2", "integer 0"},
		{"1 / 0.0", "double Infinity"},
		{"- 2 * 3", "integer -6"},
		{"+5", "integer 5"},
		{"2 - -3 --2", "integer 7"},
		{"1 | 2 << 1", "integer 6"},
		{"1 << 2 | 1", "integer 5"},
		{"6 # 3 & 1", "integer 1"},
		{"1 | 6 # 3", "integer 4"},
		{"~ 1 + 2", "integer -4"},
		{"~ 1 | 2", "integer -2"},
		{"2.5 | 0", "integer 2"},
		{"3.5 | 0", "integer 4"},
		{"1 << 65", "integer 2"},
		{"-1 >> 1", "integer -1"},
		{"1 = 1.0", "boolean true"},
		{"1 <> 2", "boolean true"},
		{"1 != 1", "boolean false"},
		{"2 <= 2", "boolean true"},
		{"2 >= 3", "boolean false"},
		{"true = true", "boolean true"},
		{"false < true", "boolean true"},
		{"not 1 = 2", "boolean true"},
		{"not not true", "boolean true"},
		{"1 = 2 is null", "boolean false"},
		{"1 is null is null", "boolean false"},
		{"null is not null", "boolean false"},
		{"1 isnull", "boolean false"},
		{"1 notnull", "boolean true"},
		{"1 is true", "boolean false"},
		{"true is true", "boolean true"},
		{"null is not true", "boolean true"},
		{"true and false or true", "boolean true"},
		{"false and 1/0 = 1", "boolean false"},
		{"true or 1/0 = 1", "boolean true"},
		{"null and false", "null"},
		{"null or true", "null"},
		{"true and null", "null"},
		{"null + 1", "null"},
		{"1 = null", "null"},
		{"case when false then 1 when true then 2 else 3 end", "integer 2"},
		{"case when 0 then 1 end", "null"},
		{"1 + case when true then 2 end * 3", "integer 7"},
		{"-9223372036854775808", "integer -9223372036854775808"},
		{".5 + 5.", "double 5.5"},
		{"1e3", "double 1000"}};

	RUN(cases);
}

static void
test_texts(void)
{
	static const Case cases[] = {
		{"'it''s'", "text it's"},		   {"'a' || 'b' || 1", "text ab1"},
		{"'a' || null", "null"},		   {"'a' < 'b'", "boolean true"},
		{"'a' = 'a '", "boolean false"},   {":t = 'text'", "boolean true"},
		{":t <> 'text'", "boolean false"}, {":ten > :nine", "boolean true"},
		{":ten > '9'", "boolean false"},   {":ten > 9", "boolean true"},
		{":ten + :nine", "integer 19"},	   {":yes", "text yes"},
		{":yes and true", "boolean true"}, {":{t} || '!'", "text text!"},
		{"'10' + 1", "integer 11"}};

	RUN(cases);
}

static void
test_functions(void)
{
	static const Case cases[] = {
		{"abs(-3)", "integer 3"},
		{"abs(-3.5)", "double 3.5"},
		{"int(2.5)", "integer 2"},
		{"int(-3.5)", "integer -4"},
		{"double(3)", "double 3"},
		{"greatest(1, 2.5, 3)", "double 3"},
		{"least(1, 2.5, 3)", "double 1"},
		{"greatest(3, 9, 4)", "integer 9"},
		{"least(5)", "integer 5"},
		{"mod(-7, 3)", "integer -1"},
		{"mod(-9223372036854775808, -1)", "integer 0"},
		{"pow(2, 3)", "double 8"},
		{"power(2, -1)", "double 0.5"},
		{"sqrt(2)", "double 1.4142135623730951"},
		{"ln(exp(1))", "double 1"},
		{"pi()", "double 3.141592653589793"},
		{"SQRT(4)", "double 2"},
		{"hash(10, 5432)", "integer -5817877081768721676"},
		{"hash_murmur2(10, 5432)", "integer -5817877081768721676"},
		{"hash_fnv1a(10, 5432)", "integer -7793829335365542153"},
		{"hash_murmur2(-1, 0)", "integer 4219408603045787357"},
		{"hash_fnv1a(0, 0)", "integer -6284781860667377211"},
		{"hash(1.5, 0)", "integer -4083905729319787502"},
		{"permute(0, 10, 0)", "integer 0"},
		{"permute(1, 10, 0)", "integer 7"},
		{"permute(9, 10, 5432)", "integer 2"},
		{"permute(12345, 1000000, 42)", "integer 100143"},
		{"permute(-3, 1000, -77)", "integer 623"},
		{"permute(1, 2, 99)", "integer 1"},
		{"permute(5, 1, 1)", "integer 0"},
		{"permute(9223372036854775806, 9223372036854775807, 5432)",
		 "integer 6490954910556206994"},
		{"hash(10) = hash(10, 1234)", "boolean true"},
		{"permute(3, 10) = permute(3, 10, 1234)", "boolean true"},
		{"random(3, 3)", "integer 3"},
		{"random_zipfian(4, 4, 1.5)", "integer 4"},
		{"sqrt(null)", "null"}};

	RUN(cases);
}

static void
test_refused(void)
{
	static const Case cases[] = {
		/* when the plan is read: column and message */
		{"1 +", "4: the expression ends too early"},
		{"(1", "3: a closing parenthesis is expected here"},
		{"= 5", "1: a value is expected here, not an equals sign"},
		{"abc", "1: unexpected name \"abc\""},
		{"randon(1, 2)", "1: unknown function \"randon\""},
		{"random(1)", "1: random is called with 1 argument"},
		{"1 < 2 < 3", "7: comparisons cannot be chained"},
		{"1 is 2", "6: NULL, TRUE or FALSE is expected behind IS"},
		{"'abc", "1: the string that begins here does not end on its line"},
		{"\"abc\"", "1: a text is written in single quotes here"},
		{"9223372036854775808", "1: the number does not fit into an integer"},
		{"1e999", "1: the number is too large"},
		{"case 1 end", "6: WHEN is expected here"},
		{"case when 1 end", "13: THEN is expected here"},
		{"1 2", "3: unexpected \"2\" behind the expression"},
		{": x", "1: a variable's name is expected behind the colon"},
		/* when it is evaluated */
		{"9223372036854775807 + 1",
		 "21: integer out of range: 9223372036854775807 + 1"},
		{"-9223372036854775808 / -1",
		 "22: integer out of range: -9223372036854775808 / -1"},
		{"abs(-9223372036854775808)",
		 "1: integer out of range: abs(-9223372036854775808)"},
		{"-(-9223372036854775808)",
		 "1: integer out of range: 0 - -9223372036854775808"},
		{"1 / 0", "3: division by zero"},
		{"5 % 0", "3: division by zero"},
		{"mod(1, 0)", "1: division by zero"},
		{"int(1e30)", "1: 1e+30 does not fit into an integer"},
		{":word + 1", "7: \"abc\" is not a number"},
		{"1 and true", "3: a boolean is needed here, not an integer"},
		{"true + 1", "6: a boolean is not a number"},
		{"random(2, 1)", "1: the range from 2 to 1 is empty"},
		{"random(-9223372036854775808, 0)",
		 "1: the range from -9223372036854775808 to 0 is too large"},
		{"random_gaussian(1, 2, 1.9)",
		 "1: the gaussian parameter must be at least 2, not 1.9"},
		{"random_exponential(1, 2, 0)",
		 "1: the exponential parameter must be more than 0, not 0"},
		{"random_zipfian(1, 2, 1)",
		 "1: the zipfian parameter must be between 1.001 and 1000, not 1"},
		{"permute(1, 0, 1)",
		 "1: the size of permute must be at least 1, not 0"},
		{":missing + 1", "1: variable \"missing\" is not set"}};

	RUN(cases);
}

/* Deep trees are refused when they are read, not when the stack is gone. */
static void
test_depth(void)
{
	static char text[4000];

	strcpy(text, "1");
	for (int i = 0; i < 200; i++)
		strcat(text, "+1");
	is_str(eval(text), "integer 201", "200 operators in a row");
	for (int i = 0; i < 100; i++)
		strcat(text, "+1");
	ok(strstr(eval(text), "the expression is too long") != NULL,
	   "300 are too many");
	strcpy(text, "1");
	for (int i = 0; i < 250; i++)
	{
		memmove(text + 3, text, strlen(text) + 1);
		memcpy(text, "(~ ", 3);
		strcat(text, ")");
	}
	ok(strncmp(eval(text), "integer", 7) == 0,
	   "what a dump of 250 levels looks like is read");
	memset(text, '(', 3000);
	text[3000] = '\0';
	ok(strstr(eval(text), "nested too deeply") != NULL,
	   "so are 3000 parentheses");
}

static void
test_random(void)
{
	RandomState a;
	RandomState b;
	bool inside = true;
	bool same = true;
	double sum[4] = {0};
	int n = 20000;
	int first = 0;

	random_seed(&a, 1);
	random_seed(&b, 1);
	for (int i = 0; i < n; i++)
	{
		int64_t x[4] = {
			random_uniform(&a, 1, 1000), random_exponential(&a, 1, 1000, 5),
			random_gaussian(&a, 1, 1000, 3), random_zipfian(&a, 1, 1000, 1.2)};
		int64_t y[4] = {
			random_uniform(&b, 1, 1000), random_exponential(&b, 1, 1000, 5),
			random_gaussian(&b, 1, 1000, 3), random_zipfian(&b, 1, 1000, 1.2)};

		for (int k = 0; k < 4; k++)
		{
			inside = inside && x[k] >= 1 && x[k] <= 1000;
			same = same && x[k] == y[k];
			sum[k] += (double) x[k] / n;
		}
		first += x[3] == 1;
	}
	ok(inside, "all random numbers are within their bounds");
	ok(same, "the same seed gives the same numbers");
	is_dbl(sum[0], 500.5, 10, "the mean of uniform numbers");
	/* 1/5 - 1 / (e^5 - 1) of the range, from the truncated distribution */
	is_dbl(sum[1], 194, 8, "the mean of exponential numbers");
	is_dbl(sum[2], 500.5, 8, "the mean of gaussian numbers");
	/* 1 / sum of k^-1.2 for k from 1 to 1000 */
	is_dbl((double) first / n, 0.2309, 0.02,
		   "how often zipfian gives the first");
	random_seed(&b, 2);
	random_seed(&a, 1);
	ok(random_bits(&a) != random_bits(&b), "another seed gives other numbers");
	ok(random_uniform(&a, INT64_MIN, -1) < 0,
	   "half of all integers is a range");
}

/* A permutation hits every number once. */
static void
test_permute(void)
{
	bool all = true;

	for (int size = 1; size <= 257; size++)
	{
		bool hit[257] = {false};

		for (int i = 0; i < size; i++)
		{
			int64_t to = hash_permute(i, size, 99);

			if (to < 0 || to >= size || hit[to])
				all = false;
			else
				hit[to] = true;
		}
	}
	ok(all, "permute is one to one for every size up to 257");
}

int
main(void)
{
	test_operators();
	test_texts();
	test_functions();
	test_refused();
	test_depth();
	test_random();
	test_permute();
	return done_testing();
}
