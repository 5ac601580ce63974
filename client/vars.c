/*
 * vars.c
 *	  Variables: names turned into small numbers once, values by number.
 *
 * The hash table holds symbol + 1, so that zeroed memory is an empty table;
 * it is never more than half full, and collisions go to the next slot.
 */
#include "vars.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define FIRST_SLOTS 64

/* In is_set: the value's bits. */
#define IS_SET 1
#define IS_SAVED 2 /* the journal has what it was */

typedef struct SavedVar
{
	int symbol;
	bool was_set;
	Value value;
} SavedVar;

/* Memory is kept from one use to the next, that of the values as well. */
typedef struct SavedVars
{
	SavedVar *saved;
	int count;
	int cap;
} SavedVars;

typedef struct VarsJournal
{
	bool is_open;
	SavedVars before; /* what variables were at the begin */
	SavedVars undone; /* what they were before it was undone */
} VarsJournal;

static uint64_t
hash_name(const char *name, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) name[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

/* The slot that holds the name, or the empty one where it belongs. */
static int *
find_slot(const Symbols *symbols, const char *name, size_t len)
{
	size_t mask = (size_t) symbols->nslots - 1;
	size_t at = hash_name(name, len) & mask;

	while (symbols->slots[at] != 0)
	{
		const char *other = symbols->names[symbols->slots[at] - 1];

		if (strncmp(other, name, len) == 0 && other[len] == '\0')
			break;
		at = (at + 1) & mask;
	}
	return &symbols->slots[at];
}

static void
grow_slots(Symbols *symbols)
{
	symbols->nslots = symbols->nslots > 0 ? symbols->nslots * 2 : FIRST_SLOTS;
	free(symbols->slots);
	symbols->slots = mem_alloc((size_t) symbols->nslots * sizeof(int));
	for (int i = 0; i < symbols->count; i++)
	{
		const char *name = symbols->names[i];

		*find_slot(symbols, name, strlen(name)) = i + 1;
	}
}

int
symbols_intern(Symbols *symbols, const char *name, size_t len)
{
	int *slot;

	if (symbols->count >= symbols->nslots / 2)
		grow_slots(symbols);
	slot = find_slot(symbols, name, len);
	if (*slot != 0)
		return *slot - 1;
	if (symbols->count == symbols->cap)
	{
		symbols->cap = symbols->cap > 0 ? symbols->cap * 2 : FIRST_SLOTS;
		symbols->names = mem_realloc(symbols->names,
									 (size_t) symbols->cap * sizeof(char *));
	}
	symbols->names[symbols->count++] = mem_strndup(name, len);
	*slot = symbols->count;
	return symbols->count - 1;
}

int
symbols_find(const Symbols *symbols, const char *name, size_t len)
{
	if (symbols->nslots == 0)
		return -1;
	return *find_slot(symbols, name, len) - 1;
}

void
symbols_free(Symbols *symbols)
{
	for (int i = 0; i < symbols->count; i++)
		free(symbols->names[i]);
	free(symbols->names);
	free(symbols->slots);
	memset(symbols, 0, sizeof(*symbols));
}

static void
vars_grow(Vars *vars, int count)
{
	size_t more = (size_t) (count - vars->count);
	size_t all = (size_t) count;

	vars->values = mem_realloc(vars->values, all * sizeof(Value));
	vars->is_set = mem_realloc(vars->is_set, all);
	memset(&vars->values[vars->count], 0, more * sizeof(Value));
	memset(&vars->is_set[vars->count], 0, more);
	vars->count = count;
}

void
vars_init(Vars *vars, const Symbols *symbols, const Vars *parent)
{
	memset(vars, 0, sizeof(*vars));
	vars->symbols = symbols;
	vars->parent = parent;
	if (symbols->count > 0)
		vars_grow(vars, symbols->count);
}

void
vars_forget(Vars *vars)
{
	vars_journal_end(vars);
	if (vars->count > 0)
		memset(vars->is_set, 0, (size_t) vars->count);
}

static void
saved_clear(SavedVars *list)
{
	for (int i = 0; i < list->cap; i++)
		value_clear(&list->saved[i].value);
	free(list->saved);
}

void
vars_clear(Vars *vars)
{
	for (int i = 0; i < vars->count; i++)
		value_clear(&vars->values[i]);
	free(vars->values);
	free(vars->is_set);
	if (vars->journal != NULL)
	{
		saved_clear(&vars->journal->before);
		saved_clear(&vars->journal->undone);
		free(vars->journal);
	}
	memset(vars, 0, sizeof(*vars));
}

/* -------- the journal -------- */

void
vars_journal_begin(Vars *vars)
{
	if (vars->journal == NULL)
		vars->journal = mem_alloc(sizeof(VarsJournal));
	assert(!vars->journal->is_open);
	vars->journal->is_open = true;
}

static void
journal_forget(Vars *vars)
{
	SavedVars *before = &vars->journal->before;

	for (int i = 0; i < before->count; i++)
		vars->is_set[before->saved[i].symbol] &= IS_SET;
	before->count = 0;
}

void
vars_journal_end(Vars *vars)
{
	if (vars->journal == NULL || !vars->journal->is_open)
		return;
	journal_forget(vars);
	vars->journal->undone.count = 0;
	vars->journal->is_open = false;
}

/* Each saved value and the variable's own change places. */
static void
exchange(Vars *vars, SavedVars *list)
{
	for (int i = 0; i < list->count; i++)
	{
		SavedVar *saved = &list->saved[i];
		Value *value = &vars->values[saved->symbol];
		Value other = *value;
		bool was_set = (vars->is_set[saved->symbol] & IS_SET) != 0;

		*value = saved->value;
		saved->value = other;
		vars->is_set[saved->symbol] = saved->was_set ? IS_SET : 0;
		saved->was_set = was_set;
	}
}

void
vars_journal_restore(Vars *vars, bool may_redo)
{
	VarsJournal *journal = vars->journal;
	SavedVars other = journal->undone;

	exchange(vars, &journal->before);
	if (may_redo)
	{
		journal->undone = journal->before;
		journal->before = other;
	}
	journal->before.count = 0;
}

void
vars_journal_redo(Vars *vars)
{
	VarsJournal *journal = vars->journal;

	vars_journal_restore(vars, false);
	exchange(vars, &journal->undone);
	journal->undone.count = 0;
}

/* The value is about to be set for the first time since the journal began. */
static void
journal_save(Vars *vars, int symbol)
{
	SavedVars *before = &vars->journal->before;
	SavedVar *saved;

	if (before->count == before->cap)
	{
		int cap = before->cap > 0 ? before->cap * 2 : 8;

		before->saved =
			mem_realloc(before->saved, (size_t) cap * sizeof(SavedVar));
		memset(before->saved + before->cap, 0,
			   (size_t) (cap - before->cap) * sizeof(SavedVar));
		before->cap = cap;
	}
	saved = &before->saved[before->count++];
	saved->symbol = symbol;
	saved->was_set = (vars->is_set[symbol] & IS_SET) != 0;
	if (saved->was_set)
		value_copy(&saved->value, &vars->values[symbol]);
	vars->is_set[symbol] |= IS_SAVED;
}

const Value *
vars_get(const Vars *vars, int symbol)
{
	for (; vars != NULL; vars = vars->parent)
	{
		if (symbol >= 0 && symbol < vars->count &&
			(vars->is_set[symbol] & IS_SET))
			return &vars->values[symbol];
	}
	return NULL;
}

Value *
vars_set(Vars *vars, int symbol)
{
	/* names met after vars_init, such as those of a later input file */
	if (symbol >= vars->count)
		vars_grow(vars, symbol + 1);
	if (vars->journal != NULL && vars->journal->is_open &&
		!(vars->is_set[symbol] & IS_SAVED))
		journal_save(vars, symbol);
	vars->is_set[symbol] |= IS_SET;
	return &vars->values[symbol];
}

bool
vars_undefined(const Vars *vars, int symbol, Err *err)
{
	const Symbols *symbols = vars->symbols;
	const char *name = symbols->names[symbol];
	const char **set = mem_alloc((size_t) symbols->count * sizeof(char *));
	const char *nearest;
	int nset = 0;

	for (int i = 0; i < symbols->count; i++)
	{
		if (vars_get(vars, i) != NULL)
			set[nset++] = symbols->names[i];
	}
	nearest = err_nearest(name, set, nset);
	free(set);
	err_set(err, ERR_DATA, "variable \"%s\" is not set", name);
	if (nearest != NULL)
		err_hint(err, "did you mean \":%s\"?", nearest);
	else
		err_hint(
			err,
			"set it before this step, for example with \"\\set %s 1\" or -D %s=1",
			name, name);
	return false;
}
