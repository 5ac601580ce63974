/*
 * test_vars.c
 *		Symbols and variables: numbers for names, values by number, parents.
 */
#include <string.h>

#include "vars.h"

#include "tap.h"

static int
intern(Symbols *symbols, const char *name)
{
	return symbols_intern(symbols, name, strlen(name));
}

static void
test_symbols(void)
{
	Symbols symbols = {0};
	char name[32];
	bool all_found = true;

	is_i64(symbols_find(&symbols, "a", 1), -1, "nothing is in an empty table");
	for (int i = 0; i < 5000; i++)
	{
		snprintf(name, sizeof(name), "name_%d", i);
		if (intern(&symbols, name) != i)
			all_found = false;
	}
	for (int i = 0; i < 5000; i++)
	{
		snprintf(name, sizeof(name), "name_%d", i);
		if (symbols_find(&symbols, name, strlen(name)) != i ||
			intern(&symbols, name) != i || strcmp(symbols.names[i], name) != 0)
			all_found = false;
	}
	ok(all_found, "5000 names get numbers from 0 and keep them");
	is_i64(symbols.count, 5000, "no name is counted twice");
	is_i64(symbols_find(&symbols, "name_12345", 6),
		   symbols_find(&symbols, "name_1", 6),
		   "only len bytes of the name count");
	is_i64(symbols_find(&symbols, "name_", 5), -1,
		   "a beginning is another name");
	symbols_free(&symbols);
	is_i64(symbols.count, 0, "a freed table is empty");
}

static void
test_parents(void)
{
	Symbols symbols = {0};
	int a = intern(&symbols, "alpha");
	int b = intern(&symbols, "beta");
	int late;
	Vars setup;
	Vars task;

	vars_init(&setup, &symbols, NULL);
	vars_init(&task, &symbols, &setup);
	value_set_int(vars_set(&setup, a), 1);
	is_i64(vars_get(&task, a)->integer, 1, "a task sees what its parent has");
	value_set_int(vars_set(&task, a), 2);
	is_i64(vars_get(&task, a)->integer, 2, "its own value hides the parent's");
	is_i64(vars_get(&setup, a)->integer, 1, "the parent keeps its value");
	ok(vars_get(&task, b) == NULL, "what nobody set is not there");
	value_set_null(vars_set(&task, b));
	ok(vars_get(&task, b) != NULL, "a null is set");
	vars_forget(&task);
	ok(vars_get(&task, b) == NULL, "forgotten is not set");
	is_i64(vars_get(&task, a)->integer, 1,
		   "forgetting shows the parent again");
	late = intern(&symbols, "gamma");
	ok(vars_get(&task, late) == NULL, "a name met later is not set");
	value_set_int(vars_set(&task, late), 3);
	is_i64(vars_get(&task, late)->integer, 3, "a name met later can be set");
	ok(vars_get(&task, -1) == NULL, "no symbol, no value");
	vars_clear(&task);
	vars_clear(&setup);
	symbols_free(&symbols);
}

static void
test_undefined(void)
{
	Symbols symbols = {0};
	int price = intern(&symbols, "price");
	int typo = intern(&symbols, "pirce");
	int far = intern(&symbols, "zzz");
	Vars vars;
	Err err = {0};

	vars_init(&vars, &symbols, NULL);
	value_set_int(vars_set(&vars, price), 1);
	ok(!vars_undefined(&vars, typo, &err),
	   "an undefined variable is an error");
	is_str(err.message, "variable \"pirce\" is not set", "its message");
	is_str(err.hint, "did you mean \":price\"?",
		   "it names the nearest that is set");
	vars_undefined(&vars, far, &err);
	ok(strstr(err.hint, "price") == NULL &&
		   strstr(err.hint, "\\set zzz") != NULL,
	   "a far name is not guessed at");
	vars_undefined(&vars, far, NULL);
	vars_clear(&vars);
	symbols_free(&symbols);
}

static int64_t
int_of(const Vars *vars, int symbol)
{
	const Value *value = vars_get(vars, symbol);

	return value != NULL ? value->integer : -1;
}

static void
test_journal(void)
{
	Symbols symbols = {0};
	int a = intern(&symbols, "a");
	int b = intern(&symbols, "b");
	Vars vars;

	vars_init(&vars, &symbols, NULL);
	value_set_int(vars_set(&vars, a), 1);
	vars_journal_begin(&vars);
	for (int attempt = 0; attempt < 3; attempt++)
	{
		value_set_int(vars_set(&vars, a), 2);
		value_set_int(vars_set(&vars, a), 3 + attempt);
		if (attempt < 2)
			value_set_int(vars_set(&vars, b), 7);
		vars_journal_restore(&vars, attempt == 1);
		is_i64(int_of(&vars, a), 1, "a variable is what it was");
		ok(vars_get(&vars, b) == NULL, "one that was not set is not");
	}
	value_set_int(vars_set(&vars, a), 99);
	vars_journal_redo(&vars);
	is_i64(int_of(&vars, a), 4, "what was undone is had back");
	is_i64(int_of(&vars, b), 7, "all of it");
	vars_journal_end(&vars);

	value_set_int(vars_set(&vars, a), 5);
	vars_journal_begin(&vars);
	value_set_text(vars_set(&vars, a), "text", 4);
	vars_journal_restore(&vars, false);
	is_i64(int_of(&vars, a), 5, "a new journal begins where it is begun");
	vars_forget(&vars);
	value_set_int(vars_set(&vars, a), 6);
	is_i64(int_of(&vars, a), 6, "to forget all ends the journal");
	vars_clear(&vars);
	symbols_free(&symbols);
}

int
main(void)
{
	test_symbols();
	test_parents();
	test_undefined();
	test_journal();
	return done_testing();
}
