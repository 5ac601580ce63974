/*
 * test_fingerprint.c
 *		What makes a job another one, and what does not.
 */
#include "tap.h"

#include "fingerprint.h"

static RowHash
of(const char *text, const RunVariable *variables, int nvariables)
{
	PlanSource source = {.name = "p", .text = text, .len = strlen(text)};
	const char *const names[] = {"a", "b"};
	PlanContext context = {.known_names = names, .nknown = 2};
	Err err;
	Plan *plan = plan_parse(&source, 1, &context, &err);
	RowHash hash = {0, 0};

	if (plan != NULL)
		hash = fingerprint(plan, variables, nvariables, false);
	plan_free(plan);
	return hash;
}

static bool
same(RowHash a, RowHash b)
{
	return a.high == b.high && a.low == b.low;
}

int
main(void)
{
	const RunVariable ab[] = {{"a", "1"}, {"b", "2"}};
	const RunVariable ba[] = {{"b", "2"}, {"a", "1"}};
	const RunVariable aab[] = {{"a", "0"}, {"a", "1"}, {"b", "2"}};
	const RunVariable swapped[] = {{"a", "2"}, {"b", "1"}};
	const char *text = "SELECT :a::int;\n";
	RowHash hash = of(text, ab, 2);

	ok(hash.high != 0 && hash.low != 0, "a plan has one");
	ok(same(hash, of("-- a comment\nSELECT :a::int;", ab, 2)),
	   "comments and blanks do not count");
	ok(same(hash,
			of("\\option concurrency 5\n\\expect 2\nSELECT :a::int;", ab, 2)),
	   "nor do options and expectations");
	ok(same(hash, of(text, ba, 2)), "nor does the order of variables");
	ok(same(hash, of(text, aab, 3)), "nor a value that is overridden");
	ok(!same(hash, of("SELECT :b::int;\n", ab, 2)), "the plan counts");
	ok(!same(hash, of(text, swapped, 2)), "values count");
	ok(!same(hash, of(text, ab, 1)), "so does a missing variable");
	return done_testing();
}
