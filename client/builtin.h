/*
 * builtin.h
 *	  pgbench's built-in scripts, for -b NAME.
 *
 * They are constant data: nobody frees them.
 */
#ifndef BUILTIN_H
#define BUILTIN_H

#include <stdio.h>

#include "err.h"

typedef struct Builtin
{
	const char *name;
	const char *title; /* what it is, for -b list */
	const char *text;  /* the plan */
} Builtin;

/*
 * The one whose name begins so, as long as there is only one; NULL with err
 * filled otherwise.
 */
extern const Builtin *builtin_find(const char *name, size_t len, Err *err);
extern void builtin_list(FILE *out);

/* A set-up that reads :scale from pgbench's tables, as pgbench does. */
extern const char builtin_scale[];

#endif /* BUILTIN_H */
