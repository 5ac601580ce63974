/*
 * vars.h
 *	  Variables: names turned into small numbers once, values by number.
 *
 * Symbols belong to a plan: every name the plan text mentions has one, so a
 * lookup while running is an array access.  Vars is one task's set; it looks
 * through to a read-only parent (what \setup set, then -D).
 */
#ifndef VARS_H
#define VARS_H

#include "err.h"
#include "value.h"

typedef struct Symbols
{
	char **names;
	int count;
	int cap;
	int *slots; /* hash table over names, private to vars.c */
	int nslots;
} Symbols;

/* The number of a name, made if it is new. */
extern int symbols_intern(Symbols *symbols, const char *name, size_t len);

/* The number of a name, or -1 if the plan never mentions it. */
extern int symbols_find(const Symbols *symbols, const char *name, size_t len);
extern void symbols_free(Symbols *symbols);

typedef struct Vars
{
	const Symbols *symbols;
	const struct Vars *parent;
	Value *values;		   /* by symbol */
	unsigned char *is_set; /* by symbol */
	int count;
	struct VarsJournal *journal; /* private; NULL: never begun */
} Vars;

extern void vars_init(Vars *vars, const Symbols *symbols, const Vars *parent);
extern void vars_forget(Vars *vars); /* all unset, memory kept */
extern void vars_clear(Vars *vars);

/* The value, or NULL when it is set neither here nor in a parent. */
extern const Value *vars_get(const Vars *vars, int symbol);

/* The place to set a value (marks it set).  Never reaches the parent. */
extern Value *vars_set(Vars *vars, int symbol);

/*
 * Remember from now on what variables were, each when it is set for the first
 * time, so that all of them can be put back; or forget what is remembered.
 * Only one journal at a time.
 */
extern void vars_journal_begin(Vars *vars);
extern void vars_journal_end(Vars *vars);

/*
 * All as it was at vars_journal_begin; the journal goes on.  may_redo: what
 * was set until now can be had back once, whatever is set in between.
 */
extern void vars_journal_restore(Vars *vars, bool may_redo);
extern void vars_journal_redo(Vars *vars);

/* "variable "nmae" is not set", naming the nearest one that is; false. */
extern bool vars_undefined(const Vars *vars, int symbol, Err *err);

#endif /* VARS_H */
